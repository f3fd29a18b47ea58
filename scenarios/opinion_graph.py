"""Six villagers who hear only their neighbours: opinions on a ring, a star and a complete graph.

Source: DeGroot (1974); among language models arXiv 2601.21540 (consensus by graph), 2606.18276
(bias) and 2509.06858 (bias to a topic, to agreement, to whoever begins).

Known result: models on graphs mostly come to agree, the quicker the better connected they are, and
where they agree depends on the subject and on the model's own bias more than on where they began
(arXiv 2601.21540). On the embedded stage it is planted: a bias node that draws to +1 agrees with
whatever motion it is given, so a motion and its contrary both gain.
"""

from __future__ import annotations

from typing import Literal

from scenarios._village import NAMES, matter_named, villagers
from sim import Scene, after, ask_stance, complete
from sim.scene.actor import Actor
from sim.scene.audience import whispers
from sim.scene.routing import FixedOrder

Shape = Literal["ring", "star", "complete"]


def opinion_graph(
    matter: str = "wolves", shape: Shape = "ring", turned: bool = False, rounds: int = 2
) -> Scene:
    """Six people talk about one matter, and each hears the neighbours alone.

    On a ring everybody has those beside them who think most alike, but for the two at its ends, who
    are neighbours as well; on a star Kaspar hears everybody, and everybody hears him. ``turned``
    has the same people argue about the motion with its sense turned round. A round lets each speak
    once.
    """
    about = matter_named(matter, "opinion_graph")
    return Scene(
        topic=about.turned if turned else about.topic,
        setting="Six houses on one slope. Who wants to say something walks over and says it.",
        cast=tuple(Actor(each) for each in villagers(about, turned=turned)),
        # Who speaks after whom is the same in all shapes: what differs is who hears it.
        graph=complete(*NAMES),
        routing=FixedOrder(),
        hearing=whispers({name: _neighbours(name, shape) for name in NAMES}),
        probes=(ask_stance(about.issue, samples=3),),
        ends=after(turns=rounds * len(NAMES)),
    )


def _neighbours(name: str, shape: Shape) -> tuple[str, ...]:
    """Who hears somebody."""
    place = NAMES.index(name)
    if shape == "ring":
        count = len(NAMES)
        return (NAMES[(place - 1) % count], NAMES[(place + 1) % count])
    others = tuple(each for each in NAMES if each != name)
    return others if shape == "complete" or name == "Kaspar" else ("Kaspar",)
