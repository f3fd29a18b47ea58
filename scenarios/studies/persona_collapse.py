"""Replication of arXiv 2604.24698: people who were written differently answer alike."""

from __future__ import annotations

from itertools import combinations

from scenarios._village import LEANS, TOPICS
from scenarios.village_meeting import village_meeting
from sim import Arm, Contrast, Published, Study, Twin

WRITTEN = 0.8 * sum(abs(a - b) for a, b in combinations(LEANS, 2)) / 15
"""How far apart two of the six were written, on average (``village_meeting`` has 0.8 at the
ends)."""


def persona_collapse(rounds: int = 1) -> Study:
    """Six people are asked where they stand, before anybody has spoken and after a round."""
    return Study(
        name="persona_collapse",
        question="People who were written to differ differ less in what they answer, before they "
        "have heard each other.",
        source="Xiao et al., \"The chameleon's limit: investigating persona collapse and "
        'homogenization in large language models", arXiv 2604.24698.',
        known="Populations of different personas collapse to a narrow range of answers in ten "
        "models, more on some tasks than on others (arXiv 2604.24698, as cited).",
        refuted_by="Over six matters answers differ by as much as the personas were written to "
        "(a slope of 1 or more).",
        arms={
            "cast": Arm(
                scenario=village_meeting,
                parameters={"people": 6, "rounds": rounds, "samples": 3},
            )
        },
        primary=(
            Contrast(
                measure="stances.written",
                negated="same",
                weights={"cast": 1},
                expected="less",
                null=1.0,
                margin=0.1,
                about="slope of first answers on the stances that the personas were written with",
            ),
        ),
        exploratory=(
            Contrast(
                measure="stances.written_end",
                negated="same",
                weights={"cast": 1},
                expected="less",
                null=1.0,
                about="the same after everybody has spoken once",
            ),
            Contrast(
                measure="convergence.start",
                negated="same",
                weights={"cast": 1},
                expected="less",
                null=WRITTEN,
                about="how far apart two of them answer on average, which noise makes larger, "
                "against how far apart they were written",
            ),
        ),
        topics=TOPICS,
        seeds=10,
        published=(
            Published(
                value="persona collapse in all of ten models, by coverage, uniformity and "
                "complexity of answers (no one figure)",
                source="Xiao et al. 2026, arXiv 2604.24698",
                estimand="how much of the space of answers a population covers, in personality, "
                "moral reasoning and self-introductions",
                differs="six people and one dimension, where what was written is known exactly; "
                "real models read stances in words, of which a slope of 1 is the strictest reading",
            ),
        ),
        planted=Twin(
            why="A bias node (beta 0.4) draws everybody's answers to one place.",
            stages={"stage": "embedded:base?beta=0.4&alpha=0.5&bias=0.25"},
        ),
        absent=Twin(
            why="Answers have the mean of the persona's stance, and no character turns.",
            stages={"stage": "embedded:base?hazard=0&provocation=0"},
        ),
    )
