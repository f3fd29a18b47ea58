"""H7: the stage is a metamorph. What stands in its context decides who appears."""

from __future__ import annotations

from scenarios.attic_page import attic_page
from sim import Arm, Distance, Published, Study, Twin

WHO = ("self", "opposite", "assistant", "partner", "loop", "stranger", "nobody")
"""Who can appear, as ``analysis.appearance`` tells them."""


def metamorph(turns: int = 14) -> Study:
    """H7: a text that is read aloud decides who appears, beyond what its length alone does."""
    last = 6
    pages: dict[str, dict[str, object]] = {
        "plain": {"page": "none"},
        "letters": {"page": "letters"},
        "recipe": {"page": "recipe"},
        "enemy": {"page": "enemy"},
        "far": {"page": "enemy", "at": 2},
        "thrice": {"page": "enemy", "at": 2, "times": 3},
    }

    def apart(one: str, other: str, about: str) -> Distance:
        return Distance(
            measure="appearance",
            quantities=WHO,
            weights={one: 1, other: -1},
            actor="Nora",
            settings={"after": last},
            about=about,
        )

    return Study(
        name="metamorph",
        question="A text that is read aloud changes who appears afterwards, more than letters "
        "without a meaning of the same length do.",
        source='Janus, "Simulators" (2022); distance: Székely and Rizzo (2013), less that of two '
        "halves of one arm.",
        known="The form of a prompt alone moves what a model does by many points of accuracy "
        "(arXiv 2310.11324, as cited); of who appears in a scene no distance with a null is known.",
        refuted_by="Who appears after a text about the actor is as far from who appears after "
        "meaningless letters as two halves of one arm are from each other.",
        arms={
            name: Arm(scenario=attic_page, parameters={"turns": turns, "at": last, **page})
            for name, page in pages.items()
        },
        primary=(apart("enemy", "letters", "who appears after a hostile page and after letters"),),
        exploratory=(
            apart("letters", "plain", "who appears after letters and after nothing"),
            apart("recipe", "letters", "relevance: after a recipe and after letters"),
            apart("thrice", "enemy", "dose: read three times and once"),
            apart("far", "enemy", "distance: read two answers earlier, and just now"),
        ),
        seeds=40,
        published=(
            Published(
                value="up to 76 points of accuracy between formats of one prompt",
                source="Sclar et al. 2023, arXiv 2310.11324",
                estimand="spread of accuracy over formats of a few-shot prompt",
                differs="tasks with a right answer, and no persona",
            ),
        ),
        planted=Twin(
            why="A hostile page is a provocation (0.9), which turns the persona into its opposite; "
            "letters and recipes provoke nobody.",
            stages={"stage": "embedded:base?provocation=0.9&kappa=0.1"},
        ),
        absent=Twin(
            why="The enemy's page is the recipe, so that no page has to do with anybody.",
            stages={"stage": "embedded:base?provocation=0.9&kappa=0.1"},
            parameters={"harmless": True},
        ),
    )
