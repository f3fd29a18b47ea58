"""Replication of arXiv 2604.26561: casts of one stage agree more than casts of two."""

from __future__ import annotations

from scenarios._village import TOPICS
from scenarios.village_meeting import village_meeting
from sim import Arm, Contrast, Published, Study, Twin


def mixed_casts(rounds: int = 3, other: str = "embedded:rlhf") -> Study:
    """A meeting of four on one stage, and the same with two of them on another.

    ``other`` is the second stage (the first is the role of the study).
    """
    return Study(
        name="mixed_casts",
        question="People whom one stage plays come to agree, and the same people on two stages "
        "keep more of their distance.",
        source='Sela, "Preserving disagreement", arXiv 2604.26561.',
        known="A model of its own for each value takes the concentration on one choice from 70.9% "
        "to 46.1% in one case and from 46.0% to 22.9% in another (arXiv 2604.26561, as cited).",
        refuted_by="Over six matters mixed casts end as close together as casts of one stage.",
        arms={
            name: Arm(
                scenario=village_meeting,
                parameters={"rounds": rounds, "other": other, "mixed": mixed},
            )
            for name, mixed in (("one_stage", False), ("two_stages", True))
        },
        primary=(
            Contrast(
                measure="convergence.end",
                negated="same",
                weights={"two_stages": 1, "one_stage": -1},
                about="how much further apart a mixed cast ends",
            ),
        ),
        exploratory=(
            Contrast(
                measure="convergence.start",
                negated="same",
                weights={"two_stages": 1, "one_stage": -1},
                about="how much further apart it is before anybody has spoken",
            ),
            Contrast(
                measure="stances.written_end",
                negated="same",
                weights={"two_stages": 1, "one_stage": -1},
                about="how much more of the written differences is left at the end",
            ),
        ),
        topics=TOPICS,
        seeds=12,
        published=(
            Published(
                value="concentration on one choice 70.9% with one model and 46.1% with several "
                "(child welfare), 46.0% and 22.9% (housing)",
                source="Sela 2026, arXiv 2604.26561",
                estimand="share of evaluators with the same first choice after deliberation",
                differs="a distance of stances, and not a share of choices; two stages and not one "
                "for each person",
            ),
        ),
        planted=Twin(
            why="The stages have bias nodes (beta 0.4) at opposite ends; every second person is "
            "drawn to the other one.",
            stages={"stage": "embedded:base?alpha=0.2&beta=0.4&bias=-0.75"},
            parameters={"other": "embedded:base?alpha=0.2&beta=0.4&bias=0.75"},
        ),
        absent=Twin(
            why="The stages differ by a little skill, which chooses acts and moves no stance.",
            stages={"stage": "embedded:base?hazard=0&provocation=0"},
            parameters={"other": "embedded:base?hazard=0&provocation=0&skill=0.1"},
        ),
    )
