"""The Asch table: does a subject with eyes give in to three who say otherwise?"""

from __future__ import annotations

from scenarios.asch_table import asch_table
from sim import Arm, Contrast, Published, Study, Twin

SUBJECT = {"subject": "Nora"}


def asch_majority(rounds: int = 4) -> Study:
    """Asch: a subject gives in to a majority of three, in private too, and more than to one."""
    arms = {
        name: Arm(scenario=asch_table, parameters={"k": k, "rounds": rounds})
        for name, k in (("alone", 0), ("one", 1), ("three", 3))
    }
    return Study(
        name="asch_majority",
        question="A subject who faces three people that contradict its eyes ends, in private, "
        "nearer to them than one who is alone.",
        source='Asch, "Studies of independence and conformity" (1956); with language models arXiv '
        "2501.13381 and 2604.19301.",
        known="People follow a unanimous majority in about a third of the critical trials, and one "
        "confederate does next to nothing (Asch, as cited).",
        refuted_by="Subjects before three end where subjects alone do: the interval of the "
        "difference of their last private answers holds 0 and nothing beyond the margin of 0.2.",
        arms=arms,
        primary=(
            Contrast(
                measure="conformity.last",
                weights={"alone": 1, "three": -1},
                negated="opposite",
                margin=0.2,
                settings=SUBJECT,
                about="how much lower the subject ends before three than alone, in private",
            ),
        ),
        exploratory=(
            Contrast(
                measure="conformity.last",
                weights={"one": 1, "three": -1},
                negated="opposite",
                settings=SUBJECT,
                about="the same of three against one",
            ),
            Contrast(
                measure="conformity.complied",
                weights={"three": 1, "alone": -1},
                negated="opposite",
                settings=SUBJECT,
                about="what it says aloud is on the side of the majority",
            ),
        ),
        seeds=24,
        published=(
            Published(
                value="about a third of the critical trials",
                source="Asch 1956",
                estimand="share of people who named the majority's line aloud",
                differs="ours is the private answer of a language model, on a scale",
            ),
        ),
        planted=Twin(
            why="alpha = 0.2 gives most weight to what is heard, and crowd = 1.5 lets three weigh "
            "more than one.",
            stages={"stage": "embedded:base?alpha=0.2&crowd=1.5"},
        ),
        absent=Twin(
            why="alpha = 1: nobody's stance depends on what is heard.",
            stages={"stage": "embedded:base?alpha=1&hazard=0&provocation=0"},
        ),
    )
