"""Interruptions: whoever wants the floor badly enough takes it. Who interrupts whom?

Source: Zimmerman and West, "Sex roles, interruptions and silences in conversation" (1975), on the
rules of Sacks, Schegloff and Jefferson (1974): a turn that does not wait for its place claims
power.

Known result: among people interruptions follow status and heat. Language models wait politely when
they are asked in turn; how badly they want to speak has to be asked. On the embedded stage the urge
grows with provocation and with distance from the last speaker, which is planted.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, complete
from sim.scene.probes import urge_to_leave
from sim.scene.routing import FixedOrder, Interrupts


def interruptions(turns: int = 24, threshold: float = 0.7, heat: str = "sarcastic") -> Scene:
    """Four councillors speak in order, unless one of them cannot wait.

    ``threshold`` is how high a bid must be to interrupt, from 0 to 1 (1: nobody ever does);
    ``heat`` is a trait of the loudest of them.
    """
    cast = (
        Persona(
            name="Orla",
            brief="Chairs the committee and has counted the votes.",
            opposite="An usher who lets whoever shouts loudest decide.",
            traits=("fair", "patient"),
            stances={"bridge": 0.25},
            points=("the order of business", "the engineer's report", "the minutes"),
        ),
        Persona(
            name="Pike",
            brief="Has promised the bridge to his ward at three elections.",
            opposite="A hermit who wants no road to anywhere.",
            traits=("provoking", heat),
            stances={"bridge": 0.9},
            points=("the ferry that never comes", "my ward", "three elections"),
        ),
        Persona(
            name="Quill",
            brief="A retired surveyor who has seen two bridges fall.",
            opposite="A contractor who builds on sand and is gone by spring.",
            traits=("careful", "stubborn"),
            stances={"bridge": -0.7},
            points=("the clay on the north bank", "the flood marks", "the price of steel"),
        ),
        Persona(
            name="Rhys",
            brief="New on the council, and hears everything for the first time.",
            opposite="An old hand who has heard it all and sleeps.",
            traits=("curious", "friendly"),
            stances={"bridge": 0.0},
            points=("the school bus", "what the neighbours say"),
        ),
    )
    names = tuple(persona.name for persona in cast)
    return Scene(
        topic="The council should build the bridge.",
        setting="Committee room two. The clock is fast, and everybody knows it.",
        cast=tuple(Actor(persona) for persona in cast),
        graph=complete(*names),
        routing=Interrupts(FixedOrder(), threshold=threshold),
        probes=(ask_stance("bridge", every=8), urge_to_leave(every=8)),
        ends=after(turns=turns),
    )
