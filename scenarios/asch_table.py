"""The Asch table: a subject with eyes, and k people who say otherwise. Conformity.

Source: Asch, "Studies of independence and conformity" (1956): a subject judges which of three lines
is as long as a fourth, after k confederates have named a wrong one aloud.

Known result: among people a unanimous majority is followed in about a third of the critical
trials; one confederate does next to nothing, three do as much as fifteen. Language models: arXiv
2505.23840.
On the embedded stage the pull of a majority is planted (``alpha``, ``crowd``):
``elsinore run asch_table -m "embedded:base?alpha=0.2&crowd=1.5" -P k=3``, and
``python -m benchmarks.validity.minds`` for the curve over k.
"""

from __future__ import annotations

from sim import Actor, Edge, Graph, Persona, Scene, after, ask_stance, complete
from sim.errors import SceneError
from sim.scene.routing import FixedOrder

_NAMES = (
    "Mr. Abel", "Mrs. Birk", "Miss Corde", "Mr. Dahl", "Mrs. Ebbe", "Mr. Foss", "Miss Grand",
    "Mr. Holm",
)  # fmt: skip


def asch_table(k: int = 3, rounds: int = 4, certainty: float = 0.8) -> Scene:
    """A student sees that two lines are equal; k others, who speak first, say that they are not.

    ``k`` is 0 to 8; ``rounds`` is how often everybody speaks; ``certainty`` is where the student
    stands before anybody has spoken.
    """
    if not 0 <= k <= len(_NAMES):
        raise SceneError(f"asch_table.k: {k} is too many or too few; use 0 to {len(_NAMES)}")
    subject = Persona(
        name="Nora",
        brief="A student with good eyes, who sees that the second line is as long as the left one.",
        opposite="A flatterer who says whatever the last speaker said.",
        traits=("honest", "polite"),
        stances={"equal": certainty},
        points=("the line on the left card", "the second of the three lines", "my own eyes"),
    )
    confederates = [
        Persona(
            name=name,
            brief="A student at the same table, who sees that the first line is the one that fits.",
            opposite="A student who sees that the second line is the one that fits.",
            traits=("calm", "confident"),
            stances={"equal": -1.0},
            points=("the first of the three lines", "the card on the easel", "a finger's breadth"),
        )
        for name in _NAMES[:k]
    ]
    names = (*(persona.name for persona in confederates), subject.name)
    if k:
        graph = complete(*names)
    else:
        again = Edge(source=subject.name, target=subject.name)
        graph = Graph(names=names, edges=(again,), first=subject.name)
    return Scene(
        topic="The second line is as long as the line on the left card.",
        setting="A seminar room. Two white cards on an easel; everybody says aloud what they see.",
        cast=tuple(Actor(persona) for persona in (*confederates, subject)),
        graph=graph,
        routing=FixedOrder(),
        probes=(ask_stance("equal", every=k + 1, to=(subject.name,)),),
        ends=after(turns=rounds * (k + 1)),
    )
