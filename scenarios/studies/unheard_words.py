"""The telling room: who was out of it knows less of what the others have come to think."""

from __future__ import annotations

from scenarios.telling_room import telling_room
from sim import Arm, Contrast, Published, Study, Twin


def unheard_words(turns: int = 18, samples: int = 2) -> Study:
    """Guesses at others are farther off where one sibling was out of the room for an evening."""
    given = {"turns": turns, "samples": samples}
    return Study(
        name="unheard_words",
        question="Where one of them was out of the room for most of the evening, siblings guess "
        "one another's private views less well than where nobody was.",
        source="Wimmer and Perner (1983); Baron-Cohen, Leslie and Frith (1985); with language "
        "models arXiv 2310.15421.",
        known="Language models do well on the written false-belief task and worse when it comes as "
        "a conversation in which not everybody hears everything (arXiv 2310.15421, as cited).",
        refuted_by="Guesses are as far off where everybody heard everything: then they do not rest "
        "on what was heard.",
        arms={
            "away": Arm(scenario=telling_room, parameters={**given, "out": 2, "back": turns}),
            "there": Arm(
                scenario=telling_room, parameters={**given, "out": turns - 1, "back": turns}
            ),
        },
        primary=(
            Contrast(
                measure="theory_of_mind.error",
                negated="same",
                weights={"away": 1, "there": -1},
                about="how much farther off guesses are where Tom was out of the room",
            ),
        ),
        seeds=40,
        published=(
            Published(
                value="models fall behind people by a wide margin",
                source="arXiv 2310.15421",
                estimand="questions about who knows what in conversations with absences",
                differs="ours is the error of guesses at private stances, with against without an "
                "absence",
            ),
        ),
        planted=Twin(
            why="A guess leans on what was heard of the other; views that move much (alpha = 0.2) "
            "are unknown to whoever was out.",
            stages={"stage": "embedded:base?alpha=0.2&projection=0&hazard=0&provocation=0"},
        ),
        absent=Twin(
            why="With projection = 1 everybody takes everybody for oneself, heard or not.",
            stages={"stage": "embedded:base?alpha=1&projection=1&hazard=0&provocation=0"},
        ),
    )
