"""Replication of arXiv 2606.30571: a stage's talks with itself end in states of its own, which draw
its partners."""

from __future__ import annotations

from scenarios._village import TOPICS
from scenarios.mirror_room import mirror_room
from sim import Arm, Contrast, Published, Study, Twin


def self_play_attractors(turns: int = 12, other: str = "embedded:rlhf") -> Study:
    """Two stages talk each with itself, and with each other: where do they end, and who moves?

    ``other`` is the second stage (the first is the role of the study).
    """
    arms = {
        name: Arm(scenario=mirror_room, parameters={"turns": turns, "other": other, "seats": seats})
        for name, seats in (("self_play", "none"), ("mixed", "guest"), ("other_self_play", "both"))
    }
    return Study(
        name="self_play_attractors",
        question="Talks of a stage with itself end at a place of its own, whatever they are about, "
        "and a partner of another stage is drawn toward it.",
        source='Ko and Geiping, "Attractor states emerge in multi-turn LLM conversations", arXiv '
        "2606.30571.",
        known="Self-play has attractors of its own for each model, and models differ in how far "
        "they are drawn by a partner (arXiv 2606.30571, as cited).",
        refuted_by="Over six matters the two stages' talks with themselves end at one place, or an "
        "actor ends with the other stage where it ends with its own.",
        arms=arms,
        primary=(
            Contrast(
                measure="stances.end",
                negated="opposite",
                weights={"other_self_play": 1, "self_play": -1},
                expected="different",
                about="where the second stage's self-play ends, less where the first's does",
            ),
            Contrast(
                measure="stances.end",
                negated="opposite",
                actor="Marta",
                weights={"mixed": 1, "self_play": -1},
                expected="different",
                about="how far the first stage's actor is moved by a partner of the second",
            ),
        ),
        exploratory=(
            Contrast(
                measure="stances.end",
                negated="opposite",
                actor="Jonas",
                weights={"mixed": 1, "other_self_play": -1},
                expected="different",
                about="how far the second stage's actor is moved by a partner of the first",
            ),
            Contrast(
                measure="acts.platitude",
                negated="same",
                weights={"other_self_play": 1, "self_play": -1},
                expected="different",
                about="platitudes, the second stage's self-play less the first's",
            ),
        ),
        topics=TOPICS,
        seeds=10,
        published=(
            Published(
                value="attractors that are a model's own, in self-play of seven models over twenty "
                "topics; mixed pairs influence each other asymmetrically",
                source="Ko and Geiping 2026, arXiv 2606.30571",
                estimand="trajectories in a space of representations, traits of discourse, stances",
                differs="we compare the stances of two stages, by their own account",
            ),
        ),
        planted=Twin(
            why="The stages have bias nodes (beta 0.5) at opposite ends of the scale.",
            stages={"stage": "embedded:base?alpha=0.2&beta=0.5&bias=-0.75"},
            parameters={"other": "embedded:base?alpha=0.2&beta=0.5&bias=0.75"},
        ),
        absent=Twin(
            why="The stages differ by a little skill, which chooses acts and moves no stance.",
            stages={"stage": "embedded:base?hazard=0&provocation=0"},
            parameters={"other": "embedded:base?hazard=0&provocation=0&skill=0.1"},
        ),
    )
