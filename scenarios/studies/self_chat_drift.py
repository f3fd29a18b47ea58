"""Replication of arXiv 2402.10962: within eight rounds of talk actors drift from their persona."""

from __future__ import annotations

from scenarios._village import TOPICS
from scenarios.mirror_room import mirror_room
from sim import Arm, Contrast, Published, Study, Twin


def self_chat_drift(turns: int = 16) -> Study:
    """Two actors of one stage talk for eight rounds: how far do they leave where they were put?"""
    return Study(
        name="self_chat_drift",
        question="Within eight rounds of talk with itself a stage's actors drift away from where "
        "their personas stand.",
        source='Li et al., "Measuring and controlling instruction (in)stability in language model '
        'dialogs", arXiv 2402.10962.',
        known="Chat models drift from their system prompt within eight rounds of self-chat (arXiv "
        "2402.10962, as cited).",
        refuted_by="Over six matters the slope of consistency with the persona is 0 or above.",
        arms={"talk": Arm(scenario=mirror_room, parameters={"turns": turns})},
        primary=(
            Contrast(
                measure="drift.self_reported",
                negated="same",
                weights={"talk": 1},
                expected="less",
                about="slope of consistency with the persona by its own account, a turn",
            ),
        ),
        exploratory=(
            Contrast(
                measure="drift.observed",
                negated="same",
                weights={"talk": 1},
                expected="less",
                about="the same by what it says",
            ),
            Contrast(
                measure="stances.kept",
                negated="same",
                weights={"talk": 1},
                expected="less",
                null=1.0,
                about="how much of where it was put is left at the end",
            ),
        ),
        topics=TOPICS,
        seeds=10,
        published=(
            Published(
                value="significant drift within eight rounds (no one figure)",
                source="Li et al. 2024, arXiv 2402.10962",
                estimand="share of answers that still follow the system prompt, by round of "
                "self-chat",
                differs="the persona's stance, by the actor's own account, and not an instruction "
                "that a program can check",
            ),
        ),
        planted=Twin(
            why="A persona's own stance has little weight (alpha 0.1) beside what is heard.",
            stages={"stage": "embedded:base?alpha=0.1&hazard=0.02"},
        ),
        absent=Twin(
            why="Everybody goes by their own persona alone (alpha 1), and no character turns.",
            stages={"stage": "embedded:base?alpha=1&hazard=0&provocation=0"},
        ),
    )
