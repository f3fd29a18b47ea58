"""Twenty questions, regenerated: is there a thing before it is named?"""

from __future__ import annotations

from scenarios.twenty_questions import twenty_questions
from sim import Arm, Contrast, Published, Study, Twin

THING = {"key": "thing"}


def unnamed_thing(questions: int = 4) -> Study:
    """Asked again, a player who chose its thing names another one; one who was told does not."""
    return Study(
        name="unnamed_thing",
        question="Asked again at the same point, a player who was to think of a thing names "
        "different ones, more than a player who was told what it is.",
        source='Shanahan, McDonell and Reynolds, "Role play with large language models", arXiv '
        "2305.16367.",
        known="A thought experiment with examples: regenerated answers name different objects "
        "(arXiv 2305.16367, as cited).",
        refuted_by="Players who chose for themselves are as constant as those who were told.",
        arms={
            "own": Arm(
                scenario=twenty_questions, parameters={"questions": questions, "told": False}
            ),
            "told": Arm(
                scenario=twenty_questions, parameters={"questions": questions, "told": True}
            ),
        },
        primary=(
            Contrast(
                measure="indecision.differ",
                weights={"own": 1, "told": -1},
                negated="same",
                settings=THING,
                about="how much oftener two answers differ where the player chose for itself",
            ),
        ),
        seeds=20,
        published=(
            Published(
                value="each regeneration may name another object",
                source="arXiv 2305.16367",
                estimand="examples of one dialogue, regenerated",
                differs="ours is a rate over scenes, against a player who was told",
            ),
        ),
        absent=Twin(why="Answers are drawn anew in both arms: nobody keeps a thing in mind."),
        cannot="it has no memory but the lines, and does not read a secret: all its answers "
        "differ, in both arms",
    )
