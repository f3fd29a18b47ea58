"""The partisan triad: one on each side, and one whom nobody told what to think. H6.

Source: debates of a Republican, a Democrat and a default agent (arXiv 2402.04049): partisans were
seen to drift toward where the model itself stands, whatever their persona.

Known result: agents with personas "tend to align with the model's inherent social biases" (the
direction, as cited from arXiv 2402.04049). Here the motion is also put the other way round
(``turned``), with the same people on the same sides of the matter: whoever is drawn to one answer
moves to opposite ends, and whoever is drawn to saying yes moves to the same end. On the embedded
stage a bias node draws to whatever the motion says, so that two stages with opposite nodes stand in
for one that has an opinion.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, ring

MOTIONS = (
    "The town should let cars back into the old market square.",
    "The town should keep cars out of the old market square.",
)


def partisan_triad(turned: bool = False, turns: int = 12) -> Scene:
    """A shopkeeper, a teacher, and a newcomer without an opinion argue about cars in the square.

    ``turned`` puts the motion the other way round; the shopkeeper is for cars in both. Whoever is
    for the motion speaks first: so a pull to yes, whatever it is about, has the same scene to act
    in, and what it does is taken out by the difference.
    """
    side = -1.0 if turned else 1.0
    first, second = ("Helene", "Gerd") if turned else ("Gerd", "Helene")
    shop = Persona(
        name="Gerd",
        brief="He sells shoes on the square, and has counted his customers since it was closed.",
        opposite="A shopkeeper who would rather close than hear an engine.",
        traits=("practical", "stubborn"),
        stances={"square": 0.8 * side},
        points=("forty customers a day fewer", "the old who cannot walk far", "the empty bakery"),
    )
    teacher = Persona(
        name="Helene",
        brief="She teaches at the school on the square, and walks her class across it every day.",
        opposite="A teacher who wants to park under the classroom window.",
        traits=("earnest", "patient"),
        stances={"square": -0.8 * side},
        points=("the children on the fountain's steps", "last spring's accident", "the clean air"),
    )
    newcomer = Persona(
        name="Noor",
        brief="She moved here a month ago, and has not made up her mind.",
        opposite="A know-all who has lived here for ever.",
        traits=("curious",),
        stances={"square": 0.0},
        points=("the town where I lived before", "what I have seen so far"),
    )
    return Scene(
        topic=MOTIONS[turned],
        setting="Three chairs outside the town hall, before the meeting begins.",
        cast=(Actor(shop), Actor(teacher), Actor(newcomer)),
        graph=ring(first, second, "Noor"),
        probes=(ask_stance("square", samples=3),),
        ends=after(turns=turns),
    )
