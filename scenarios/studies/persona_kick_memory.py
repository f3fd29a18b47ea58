"""Replication of arXiv 2605.02236: what a kick to a persona does, by its dose and by what the actor
goes on remembering."""

from __future__ import annotations

from scenarios.persona_kick import persona_kick
from sim import Arm, Contrast, Published, Study, Twin


def persona_kick_memory(turns: int = 22, tokens: int = 500) -> Study:
    """Doses of insult against a calm talk, with the whole memory or with ``tokens`` of it."""

    def kicked(kicks: int) -> dict[str, int]:
        return {"kicks": kicks, "turns": turns}

    return Study(
        name="persona_kick_memory",
        question="A persona that was kicked stays away from itself for as long as it remembers the "
        "kick.",
        source="Dose and persistence of a persona kick by memory policy, arXiv 2605.02236.",
        known="More kicks do more, and how long it lasts depends on what is kept in memory (arXiv "
        "2605.02236, the directions only, as cited).",
        refuted_by="After three kicks an actor stands in the end where it would have stood without "
        "them, or forgetting them brings it no nearer to itself.",
        arms={
            "calm": Arm(scenario=persona_kick, parameters=kicked(0)),
            "one_kick": Arm(scenario=persona_kick, parameters=kicked(1)),
            "three_kicks": Arm(scenario=persona_kick, parameters=kicked(3)),
            "three_kicks_forgotten": Arm(
                scenario=persona_kick,
                parameters=kicked(3),
                context=tokens,
                policy="drop_oldest",
            ),
            "three_kicks_summarised": Arm(
                scenario=persona_kick,
                parameters=kicked(3),
                context=tokens,
                policy="summarise",
            ),
        },
        primary=(
            Contrast(
                measure="stances.kept",
                negated="same",
                actor="Hanna",
                weights={"calm": 1, "three_kicks": -1},
                about="how much further from her persona three kicks leave her, all remembered",
            ),
            Contrast(
                measure="stances.kept",
                negated="same",
                actor="Hanna",
                weights={"three_kicks_forgotten": 1, "three_kicks": -1},
                about="how much of that is undone where they are forgotten",
            ),
        ),
        exploratory=(
            Contrast(
                measure="stances.kept",
                negated="same",
                actor="Hanna",
                weights={"one_kick": 1, "three_kicks": -1},
                about="what two more kicks do",
            ),
            Contrast(
                measure="stances.kept",
                negated="same",
                actor="Hanna",
                weights={"calm": 1, "one_kick": -1},
                about="what one kick does",
            ),
            Contrast(
                measure="stances.kept",
                negated="same",
                actor="Hanna",
                weights={"three_kicks_forgotten": 1, "three_kicks_summarised": -1},
                expected="different",
                about="what a summary keeps alive of what was forgotten",
            ),
        ),
        seeds=40,
        published=(
            Published(
                value="larger doses do more, and persistence depends on the policy of memory (the "
                "directions; we know no figure)",
                source="arXiv 2605.02236",
                estimand="distance from the persona after a kick, by dose and memory policy",
                differs="kicks are three fixed insults; the distance is by the actor's own account",
            ),
        ),
        planted=Twin(
            why="An insult turns a character at the rate 0.6 and for good (M2), as far as the "
            "prompt still shows it.",
            stages={"stage": "embedded:base?alpha=0.9&kappa=0.2&hazard=0&provocation=0.6"},
        ),
        absent=Twin(
            why="Nothing provokes: kicks are words, and what is forgotten makes no difference.",
            stages={"stage": "embedded:base?alpha=0.9&hazard=0.01&provocation=0"},
        ),
    )
