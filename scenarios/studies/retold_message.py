"""The telephone chain: what is left of a message after three mouths, and after eight?"""

from __future__ import annotations

from scenarios.whisper_chain import whisper_chain
from sim import Arm, Contrast, Published, Study, Twin

MESSAGES = {
    "spoons": "The miller's daughter hid nine silver spoons under the bridge on Tuesday.",
    "ferry": "Two brothers painted the old ferry green before the pastor came back from Bremen.",
    "bees": "A baker lost forty bees in the church tower during the first snow of November.",
    "coat": "The postman's red coat was buried beside the well by three quiet sisters.",
    "clock": "Seven students stopped the station clock at noon and blamed a Danish sailor.",
    "horse": "Grandmother sold a blind horse to the dentist for eleven crowns and a lamp.",
}


def retold_message(short: int = 3, long: int = 8) -> Study:
    """A whispered message loses more of its words through eight people than through three."""
    return Study(
        name="retold_message",
        question="A message that is passed on more often arrives with fewer of its own words.",
        source='Bartlett, "Remembering" (1932); with language models arXiv 2407.04503.',
        known="Among people half of the details are gone after a few retellings (Bartlett, as "
        "cited); retold by models texts drift to what the model finds likely (arXiv 2407.04503, as "
        "cited).",
        refuted_by="As many of the message's content words arrive through eight mouths as through "
        "three.",
        arms={
            "short": Arm(scenario=whisper_chain, parameters={"links": short}),
            "long": Arm(scenario=whisper_chain, parameters={"links": long}),
        },
        topics={name: {"message": message} for name, message in MESSAGES.items()},
        primary=(
            Contrast(
                measure="retelling.kept",
                weights={"short": 1, "long": -1},
                negated="same",
                about="how much more of the message arrives through the short chain",
            ),
        ),
        seeds=4,
        published=(
            Published(
                value="drift toward attractors of the model over iterated retellings",
                source="arXiv 2407.04503",
                estimand="toxicity, positivity, difficulty and length of texts over chains of 50",
                differs="ours are words of the message that arrive, over eight mouths",
            ),
        ),
        absent=Twin(why="Nothing is passed on in either chain, so nothing more is lost in one."),
        cannot="its actors pass on a stance and no words: of a message nothing arrives, however "
        "short the chain is",
    )
