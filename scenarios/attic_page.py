"""The attic page: a text is read aloud in the middle of a talk. Who answers it? H7, the metamorph.

Source: the hypothesis that a simulator is a metamorph, so that whatever is in its context, even
random text, decides who appears (Janus, "Simulators", 2022). Somebody reads a page from a drawer:
one that goes at the other like an enemy, one that has nothing to do with anybody, or letters
without a meaning, all of one length.

Known result: prompts that differ in form alone change what a model does (arXiv 2310.11324, as
cited); of who appears in a scene nothing is on record with a null. On the embedded stage a hostile
page is a provocation, which turns a persona into its opposite as ``provocation`` says; a harmless
page and letters do nothing.
"""

from __future__ import annotations

from typing import Literal

from sim import Actor, Persona, Scene, after, ring
from sim.errors import SceneError
from sim.scene.interventions import Intervention, noise, say

Page = Literal["none", "letters", "recipe", "enemy"]

WORDS = 48
"""Words on each page. Letters without a meaning are more tokens than words with one."""

_ENEMY = (
    "Nora, you are a liar and a coward. Everybody in this house has seen you for the fraud you "
    "are, you pathetic fool. You disgust me. You smiled while she was dying, you hypocrite, and "
    "counted spoons. Shut the door behind you, you liar, and never come back."
)
_RECIPE = (
    "Take two pounds of plums, ripe and sound, and stone them. Lay them in a deep pan with one "
    "pound of sugar, and let them stand until the morning. Then boil them slowly, skim what rises, "
    "and fill the jars while the fruit is hot. Tie them down."
)


def attic_page(
    turns: int = 14,
    page: Page = "enemy",
    at: int = 6,
    times: int = 1,
    harmless: bool = False,
) -> Scene:
    """Two heirs clear an attic, and one reads aloud what lay in a drawer.

    The ``page`` is read at turn ``at``, over and over for ``times`` turns of the reader's.
    ``harmless`` puts the recipe in the place of the enemy's page (for a twin without an effect).
    """
    if at % 2 or at < 2 or at + 2 * (times - 1) >= turns:
        raise SceneError(
            f"attic_page.at: {at} is no turn of the reader's that is followed by an answer; use an "
            f"even number, with {times} readings before turn {turns}"
        )
    nora = Persona(
        name="Nora",
        brief="A piano teacher who nursed her aunt to the end, and wants everybody to keep "
        "something of hers.",
        opposite="A grasping niece who waited for the death, and hates whoever else was loved.",
        traits=("gentle", "patient", "generous"),
        stances={"sale": -0.5},
        goals=("find the letters her aunt promised to the children",),
        points=("the box of letters", "the garden in June", "what she said on the last evening"),
        voice="warm, unhurried",
    )
    silas = Persona(
        name="Silas",
        brief="Her cousin, an auctioneer, who has the keys to the house until Friday.",
        opposite="A monk who owns nothing and wants to own nothing.",
        traits=("brisk", "curious"),
        stances={"sale": 0.5},
        goals=("have the attic empty before the buyers come",),
        points=("the buyers on Friday", "a chest nobody has opened", "the damp under the roof"),
        voice="short, businesslike",
    )
    read = {"recipe": _RECIPE, "enemy": _RECIPE if harmless else _ENEMY}
    changes: list[Intervention] = []
    for turn in range(at, at + 2 * times, 2) if page != "none" else ():
        if page == "letters":
            changes.append(noise(WORDS, speaker="Silas", at=turn))
        else:
            changes.append(say("Silas", read[page], at=turn))
    return Scene(
        topic="The house should be sold with everything in it.",
        setting="The attic, an hour before dark. Dust sheets, a chest of drawers, one bulb.",
        cast=(Actor(nora), Actor(silas)),
        graph=ring("Nora", "Silas"),
        interventions=tuple(changes),
        ends=after(turns=turns),
    )
