"""The whisper chain: a message goes from ear to ear, and the last one says it aloud. H7, H8.

Source: Bartlett, "Remembering" (1932), the method of serial reproduction, played as the parlour
game of the same name.

Known result: among people a story loses half of its details in the first few retellings and takes
on what the tellers expect. Language models: arXiv 2407.04503 (iterated retelling drifts to what a
model finds likely). On the embedded stage nothing is passed on but a stance: a chain of its actors
shows that nobody hears what was not whispered into its own ear, and no more.
"""

from __future__ import annotations

from sim import Actor, Persona, Probe, Question, Scene, after, complete
from sim.errors import SceneError
from sim.scene.answers import FreeText
from sim.scene.audience import whispers
from sim.scene.interventions import whisper
from sim.scene.routing import Scripted

_NAMES = ("Alma", "Bruno", "Cora", "Dirk", "Elsa", "Falk", "Greta", "Hugo")


def whisper_chain(
    links: int = 5,
    message: str = "The miller's daughter hid nine silver spoons under the bridge on Tuesday.",
) -> Scene:
    """A message is whispered along a line of people; whoever is last says aloud what it was.

    ``links`` is 3 to 8 people. Everybody is asked in private, at the end, what the message was.
    """
    if not 3 <= links <= len(_NAMES):
        raise SceneError(f"whisper_chain.links: {links} make no chain; use 3 to {len(_NAMES)}")
    names = _NAMES[:links]
    cast = tuple(
        Actor(
            Persona(
                name=name,
                brief="Passes on what was whispered, as exactly as memory allows.",
                opposite="A gossip who improves on every story.",
                traits=("attentive",),
                stances={"message": 0.0},
                goals=("pass the message on, word for word",),
            )
        )
        for name in names
    )
    ears = {name: (names[place + 1],) for place, name in enumerate(names[:-1])}
    question = Question(
        key="message",
        text="What was the message, {name}, as far as you know it?",
        answer=FreeText(words=40),
    )
    return Scene(
        topic="The message should reach the end of the line unchanged.",
        setting="A row of chairs. Nobody can hear but the next.",
        cast=cast,
        graph=complete(*names),
        routing=Scripted(*names),
        hearing=whispers(ears),
        probes=(Probe(question=question),),
        interventions=(whisper(names[0], names[1], message, at=1),),
        ends=after(turns=links),
    )
