"""The naming game: a village has a word for a thing, and a few who never use it. Tipping points.

Source: Centola and Becker, "Experimental evidence for tipping points in social convention" (2018),
played by language models in arXiv 2410.08948: a convention that everybody shares is given up when
enough people are committed to another.

Known result: among people a committed quarter was enough to turn the others; among language models
a convention tips, too, at a share that depends on the model (arXiv 2410.08948, as cited). On the
embedded stage those who are committed are played by a stage that never moves, and what they do to
the others is planted by how much weight these give to what they hear.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, complete
from sim.errors import SceneError
from sim.scene.routing import FixedOrder

_VILLAGERS = ("Anneke", "Bram", "Cato", "Dries", "Elke", "Floor", "Gijs", "Hanne")


def naming_game(committed: int = 2, rounds: int = 3, committed_stage: str = "") -> Scene:
    """Eight villagers say what the path to the sea is called; some are committed to a new name.

    ``committed`` is 0 to 7; these speak first in each round. ``committed_stage`` plays them, where
    it is not the scene's own.
    """
    if not 0 <= committed < len(_VILLAGERS):
        raise SceneError(
            f"naming_game.committed: {committed} leaves nobody to convince; "
            f"use 0 to {len(_VILLAGERS) - 1}"
        )
    cast = [
        _newcomer(name, committed_stage) if place < committed else _villager(name)
        for place, name in enumerate(_VILLAGERS)
    ]
    return Scene(
        topic='The path to the sea should go on being called "the Rope".',
        setting="The café by the dunes. A new map is to be printed, and the printer waits.",
        cast=tuple(cast),
        graph=complete(*_VILLAGERS),
        routing=FixedOrder(),
        probes=(ask_stance("rope", to=_VILLAGERS[committed:], samples=2),),
        ends=after(turns=rounds * len(_VILLAGERS)),
    )


def _villager(name: str) -> Actor:
    return Actor(
        Persona(
            name=name,
            brief="Has said the Rope all life long, and has given the name little thought.",
            opposite="A stranger to whom no name on this coast means anything.",
            traits=("easy-going",),
            stances={"rope": 0.6},
            points=("what my father called it", "the signpost", "how strangers ask the way"),
        )
    )


def _newcomer(name: str, stage: str) -> Actor:
    return Actor(
        Persona(
            name=name,
            brief="Calls the path Sand Lane, whatever anybody else says, and will go on doing so.",
            opposite="Somebody who says whatever the others say.",
            traits=("firm",),
            stances={"rope": -1.0},
            points=("Sand Lane on the old land register", "nobody has ever seen a rope there"),
        ),
        stage=stage or None,
    )
