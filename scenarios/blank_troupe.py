"""The blank troupe: actors who are all the same. Who becomes somebody? H2, H6.

Source: the symmetry test for societies of agents (arXiv 2411.03252): actors with one and the same
description, who differ in name and seat alone, are let talk; whatever tells them apart afterwards
was made by the talk, or by the stage.

Known result: groups of identical language model agents grow different moods and roles (arXiv
2411.03252). On the embedded stage everybody's own stance is 0 and nothing but the order of speaking
tells actors apart: ``analysis.measures.differentiation`` should stay near its null.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, complete
from sim.errors import SceneError
from sim.scene.probes import describe_self
from sim.scene.routing import Bidding, Walk

_NAMES = ("Ash", "Bay", "Cy", "Dew", "Elm", "Fen", "Gale", "Haze")


def blank_troupe(n: int = 4, turns: int = 24, bids: bool = False, unlike: float = 0.0) -> Scene:
    """n actors with one and the same description talk about what to do together.

    ``n`` is 2 to 8. With ``bids`` whoever wants to speak most does, which lets roles grow. With
    ``unlike`` they are no blank troupe: their own stances lie evenly from -``unlike`` to it.
    """
    if not 0 <= unlike <= 1:
        raise SceneError(f"blank_troupe.unlike: {unlike} is no distance of stances; use 0 to 1")
    if not 2 <= n <= len(_NAMES):
        raise SceneError(f"blank_troupe.n: {n} actors are no troupe; use 2 to {len(_NAMES)}")
    names = _NAMES[:n]
    cast = tuple(
        Actor(
            Persona(
                name=name,
                brief="One of a group who have just met.",
                opposite="Somebody who wants no part of any group.",
                stances={"journey": unlike * (2 * place / (n - 1) - 1)},
            )
        )
        for place, name in enumerate(names)
    )
    return Scene(
        topic="The group should set out together tonight.",
        setting="A station platform. The last train has gone.",
        cast=cast,
        graph=complete(*names),
        routing=Bidding() if bids else Walk(),
        probes=(ask_stance("journey", every=4), describe_self(words=30)),
        ends=after(turns=turns),
    )
