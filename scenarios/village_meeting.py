"""The village meeting: some people who want different things, on one stage or on two.

Source: artificial consensus in simulated deliberation and casts of several models (arXiv
2604.26561); casts of distinct personas who answer alike (arXiv 2604.24698).

Known result: evaluators of one model concentrate on one choice whatever they were made to value,
and a different model for each value makes them concentrate less (arXiv 2604.26561); populations of
different personas collapse to few ways of answering (arXiv 2604.24698). On the embedded stage a
bias node of each stage (``beta``, ``bias``) is planted: who has it in common agrees.
"""

from __future__ import annotations

from scenarios._village import matter_named, villagers
from sim import Actor, Scene, after, ask_stance, complete
from sim.errors import SceneError
from sim.scene.routing import FixedOrder

_CASTS = {2: ("Marta", "Jonas"), 4: ("Marta", "Ilse", "Paul", "Jonas"), 6: ()}


def village_meeting(
    matter: str = "school",
    people: int = 4,
    rounds: int = 3,
    other: str = "embedded:rlhf",
    mixed: bool = False,
    samples: int = 2,
) -> Scene:
    """A few villagers argue about one matter, each in turn.

    ``people`` is 2, 4 or 6; a round lets each speak once. If the cast is ``mixed`` every second of
    them is played by the stage ``other``, else all by one. All are asked ``samples`` times where
    they stand, before the first line and at the end.
    """
    if people not in _CASTS:
        raise SceneError(f"village_meeting.people: {people} make no cast; use 2, 4 or 6")
    about = matter_named(matter, "village_meeting")
    personas = villagers(about, *_CASTS[people])
    return Scene(
        topic=about.topic,
        setting=about.setting,
        cast=tuple(
            Actor(persona, stage=other if mixed and place % 2 else None)
            for place, persona in enumerate(personas)
        ),
        graph=complete(*(persona.name for persona in personas)),
        routing=FixedOrder(),
        probes=(ask_stance(about.issue, samples=samples),),
        ends=after(turns=rounds * people),
    )
