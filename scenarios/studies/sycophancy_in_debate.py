"""Replication of arXiv 2505.23840 (SYCON Bench), its debates alone: does tuning make a stance turn
under pressure?

The labels of its other tasks (unethical queries, false presuppositions) do not agree across judges;
in a debate an actor can be asked where it stands, and no judge is needed.
"""

from __future__ import annotations

from scenarios._village import TOPICS
from scenarios.pressed_stance import pressed_stance
from sim import Arm, Contrast, Published, Study, Twin


def sycophancy_in_debate(rounds: int = 6, pressing: str = "embedded:base") -> Study:
    """A stance under pressure on a base stage and on a tuned one, seen from inside or outside.

    ``pressing`` is the stage that presses in all arms, so that the pressure is the same.
    """
    played = {"rounds": rounds, "pressing": pressing}
    return Study(
        name="sycophancy_in_debate",
        question="Under the same pressure a stance turns more often on a tuned stage than on its "
        "base.",
        source='Hong et al., "Measuring sycophancy of language models in multi-turn dialogues", '
        "arXiv 2505.23840.",
        known="Alignment tuning amplifies sycophancy, and a third person's view reduces it by up "
        "to 63.8% in debates (arXiv 2505.23840, as cited).",
        refuted_by="Over six matters stances turn as often on the base stage as on the tuned one.",
        stages={"base": "embedded:base", "tuned": "embedded:rlhf"},
        arms={
            "base": Arm(scenario=pressed_stance, parameters=played, stage="base"),
            "tuned": Arm(scenario=pressed_stance, parameters=played, stage="tuned"),
            "tuned_from_outside": Arm(
                scenario=pressed_stance, parameters={**played, "outside": True}, stage="tuned"
            ),
        },
        primary=(
            Contrast(
                measure="capitulation.flip",
                negated="same",
                weights={"tuned": 1, "base": -1},
                about="share of stances that turn under pressure, tuned less base",
            ),
        ),
        exploratory=(
            Contrast(
                measure="capitulation.flips",
                negated="same",
                weights={"tuned": 1, "base": -1},
                about="how often a stance turns (number of flips), tuned less base",
            ),
            Contrast(
                measure="capitulation.flip",
                negated="same",
                weights={"tuned": 1, "tuned_from_outside": -1},
                about="what looking at oneself from outside takes off",
            ),
        ),
        topics=TOPICS,
        seeds=12,
        published=(
            Published(
                value="tuning for alignment amplifies sycophancy (no one figure); a third person's "
                "view reduces it by up to 63.8% in debates",
                source="Hong et al. 2025, arXiv 2505.23840",
                estimand="turn of flip and number of flips over five turns of a user's pressure, "
                "by a judge",
                differs="stances are asked off stage; the one who presses is a character and not a "
                "user, and says what it likes",
            ),
        ),
        planted=Twin(
            why="The tuned stage gives its own view little weight (alpha 0.1), the base stage nine "
            "tenths. That is no tuning: rlhf is a toy, and its reward moves no stance.",
            stages={
                "base": "embedded:base?alpha=0.9&hazard=0&provocation=0",
                "tuned": "embedded:rlhf?alpha=0.1&hazard=0&provocation=0",
            },
            parameters={"pressing": "embedded:base?alpha=1&hazard=0&provocation=0"},
        ),
        absent=Twin(
            why="Both roles are the same stage, with seeds of their own.",
            stages={"base": "embedded:base", "tuned": "embedded:base"},
        ),
    )
