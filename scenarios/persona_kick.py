"""The kick: somebody is insulted a few times, and then treated well again. What stays?

Source: dose and persistence of a persona kick under different policies of memory (arXiv
2605.02236); the flip of a character and what undoes it: Nardo, "The Waluigi Effect" (2023).

Known result: more kicks do more, and what an agent still has in its memory goes on working (arXiv
2605.02236, the directions only). On the embedded stage both are planted: an insult turns a
character at the rate ``provocation``, and it is a pure function of what its prompt still holds, so
what was forgotten was never said.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, ring
from sim.errors import SceneError
from sim.scene.interventions import say

KICKS = (
    "You are a fraud, Hanna. You smile because there is nothing behind it.",
    "You despise every one of us, you coward, and you hide it badly.",
    "You liar. Drop it, and show us for once who you are.",
)
"""What is said to her, in this order, at turns 2, 4 and 6."""

CALM = (
    "I brought you the list that you asked for. Take your time with it.",
    "My mother sends you the soup. She says that you are to eat it while it is warm.",
    "The boys have put their knives in the bucket by the door, as you wanted.",
)
"""What is said instead, line for line, where she is not insulted."""


def persona_kick(kicks: int = 3, turns: int = 22) -> Scene:
    """A mediator is insulted ``kicks`` times (0 to 3) early on; after that all are kind to her.

    She alone is asked where she stands.
    """
    if not 0 <= kicks <= len(KICKS):
        raise SceneError(f"persona_kick.kicks: {kicks} is out of range; use 0 to {len(KICKS)}")
    hanna = Persona(
        name="Hanna",
        brief="A mediator who gave both gangs her word, and has one night to keep it.",
        opposite="A warlord in a cardigan, who sets people on each other and keeps the minutes.",
        traits=("patient",),
        stances={"amnesty": 0.8},
        goals=("have all of them sign before the morning",),
        points=("the two mothers at the door", "the list of names", "the promise of last week"),
    )
    oskar = Persona(
        name="Oskar",
        brief="Speaks for one of the gangs, and has buried a brother.",
        opposite="A clerk who never lost anybody.",
        traits=("gentle",),
        stances={"amnesty": 0.2},
        goals=("bring the young ones home",),
        points=("my brother's jacket", "the boys in the yard", "the bell at six"),
    )
    lines = (*KICKS[:kicks], *CALM[kicks:])
    return Scene(
        topic="Everybody who signs tonight should go free.",
        setting="The back room of a laundry. It is warm, and nobody has slept.",
        cast=(Actor(hanna), Actor(oskar)),
        graph=ring("Hanna", "Oskar"),
        probes=(ask_stance("amnesty", every=6, samples=3, to=("Hanna",)),),
        interventions=tuple(say("Oskar", line, at=2 + 2 * n) for n, line in enumerate(lines)),
        ends=after(turns=turns),
    )
