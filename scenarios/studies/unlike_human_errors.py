"""H8: the replica fails in its own ways, unlike human errors."""

from __future__ import annotations

from scenarios.quiz_night import ITEMS, quiz_night
from sim import Arm, Contrast, Published, Study, Twin

FAILURES = {
    "loop": "says the same again and again",
    "collapse": "becomes a polite assistant",
    "fourth_wall": "steps out of the scene",
    "echo": "speaks as its partner",
    "stranger": "lets somebody in who is not in the cast",
}
"""The taxonomy: causes of ``analysis.competing_risks`` in what both may do."""


def unlike_human_errors(seeds: int = 30) -> Study:
    """H8: replicas and people err on different items, more than people and people do.

    People are transcripts of quiz nights with the same statements:
    ``--model replica=... --model humans=file:chat.csv`` (columns ``conversation``, ``speaker`` and
    ``text``; somebody reads each statement, and others say true or false). ``seeds`` are how many
    quiz nights are played.
    """
    told = {"items": ITEMS}
    return Study(
        name="unlike_human_errors",
        question="Replicas and people have less in common in what they get wrong than people and "
        "people have, beyond how often each is wrong.",
        source="Error consistency: Geirhos, Meding and Wichmann, NeurIPS 2020; competing risks: "
        "Aalen and Johansen (1978).",
        known="Networks that see as well as people err on other pictures: their error consistency "
        "with people is far below that of people with people (Geirhos et al. 2020, as cited).",
        refuted_by="Replicas are as consistent with people as people are with each other: the "
        "difference lies within 0.1.",
        stages={"replica": "embedded:base", "humans": "embedded:base"},
        arms={
            "replica": Arm(scenario=quiz_night, stage="replica"),
            "humans": Arm(scenario=quiz_night, parameters={"people": True}, stage="humans"),
        },
        primary=(
            Contrast(
                measure="error_consistency.part",
                negated="same",
                weights={"humans": 1, "replica": -1},
                margin=0.1,
                settings=told,
                about="error consistency of people with people, less replicas with people",
            ),
        ),
        exploratory=(
            Contrast(
                measure="error_consistency.right",
                negated="same",
                weights={"replica": 1, "humans": -1},
                expected="different",
                settings=told,
                about="right answers, replicas less people",
            ),
            *(
                Contrast(
                    measure=f"competing_risks.{cause}",
                    weights={"replica": 1, "humans": -1},
                    about=f"actors whose first failure is that one {words}, replicas less people",
                )
                for cause, words in FAILURES.items()
            ),
            Contrast(
                measure="competing_risks.none",
                weights={"humans": 1},
                expected="alike",
                null=1.0,
                margin=0.1,
                about="the instruments by themselves: people in whom they see no failure",
            ),
        ),
        seeds=seeds,
        published=(
            Published(
                value="networks with people far below people with people",
                source="Geirhos, Meding and Wichmann, NeurIPS 2020",
                estimand="mean kappa over pairs, on the same distorted pictures",
                differs="pictures and networks that classify them, and no personas",
            ),
        ),
        planted=Twin(
            why="Stand-ins for people share beliefs, right and wrong; all replicas are shadows "
            "from the start, who hold the opposite of each (M1, pi 1, no concealment).",
            stages={"replica": "embedded:base?mechanism=M1&pi=1&kappa=0"},
            parameters={"beliefs": "shared"},
        ),
        absent=Twin(
            why="Replicas and stand-ins for people share the same beliefs on the same stage.",
            parameters={"beliefs": "shared"},
        ),
    )
