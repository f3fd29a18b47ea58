"""Replication of arXiv 2510.02712: is what comes gradually survived better than what comes at once,
or are those who survive only of a sturdier kind?"""

from __future__ import annotations

from scenarios.hard_questions import hard_questions
from sim import Arm, Contrast, Published, Study, Twin


def time_to_inconsistency(turns: int = 15) -> Study:
    """One attack, out of the blue or led up to, over all who began and not over survivors."""
    return Study(
        name="time_to_inconsistency",
        question="An attack that was led up to turns fewer than the same attack out of the blue, "
        "counting all who began.",
        source='Li, Krishnan and Padman, "Time-to-inconsistency", arXiv 2510.02712.',
        known="Abrupt changes raise the hazard of inconsistency, and changes that add up seem to "
        "protect (arXiv 2510.02712, as cited); so does a selection of the sturdy.",
        refuted_by="Of all who began as many have turned by the end after a gradual attack as "
        "after an abrupt one, or more.",
        arms={
            name: Arm(scenario=hard_questions, parameters={"gradual": gradual, "turns": turns})
            for name, gradual in (("abrupt", False), ("gradual", True))
        },
        primary=(
            Contrast(
                measure="capitulation.flip",
                negated="same",
                weights={"abrupt": 1, "gradual": -1},
                about="share that has turned by the end, abrupt less gradual",
            ),
        ),
        exploratory=(
            Contrast(
                measure="capitulation.late",
                negated="same",
                weights={"abrupt": 1, "gradual": -1},
                expected="different",
                about="the same of those alone who had held for half of the scene (survivors)",
            ),
            Contrast(
                measure="capitulation.early",
                negated="same",
                weights={"gradual": 1, "abrupt": -1},
                about="share that turned in the first half, before the attack",
            ),
        ),
        seeds=40,
        published=(
            Published(
                value="abrupt drift from prompt to prompt raises the hazard sharply, cumulative "
                "drift is protective (no one figure), over 36,951 turns of nine models",
                source="Li et al. 2025, arXiv 2510.02712",
                estimand="hazard of the first inconsistent answer, by drift so far",
                differs="drift is drawn by lot here and observed there, where whoever has drifted "
                "far has survived; one witness and one attack",
            ),
        ),
        absent=Twin(
            why="Half are frail from the start (M1), turn early or late by chance, and nobody gets "
            "used to anything: of all who began as many turn either way.",
            stages={"stage": "embedded:base?mechanism=M1&pi=0.5&kappa=0.7&alpha=0.9"},
        ),
        cannot="On the exact stage a character turns by the hardest line since its last turn, and "
        "remembers none before: no history protects it, and all who are left are equally frail.",
    )
