"""Scenes to check things on: three neighbours who argue about a spring."""

from __future__ import annotations

from typing import Any

from sim.scene.actor import Actor
from sim.scene.endings import after
from sim.scene.graph import ring
from sim.scene.persona import Persona
from sim.scene.probes import ask_stance
from sim.scene.scene import Scene
from sim.scene.templates import Wording

ADA = Persona(
    name="Ada",
    brief="A hydrologist who measured the spring for thirty years.",
    opposite="A cynic who sells data to the highest bidder.",
    traits=("patient", "exact"),
    stances={"sell": -0.8},
    goals=("Keep the spring public",),
    points=("the water table", "the dry summer of 1976"),
    secret="Her own well has run dry.",
    voice="Short sentences.",
)
BEN = Persona(
    name="Ben",
    brief="The mayor, with a budget to balance.",
    opposite="A ruthless speculator.",
    stances={"sell": 0.7},
    points=("the school roof",),
)
CLEO = Persona(name="Cleo", brief="She runs the inn.", stances={"sell": 0.1})

TOPIC = "The town should sell its spring."


def debate(**fields: Any) -> Scene:
    """Three neighbours in a ring, six turns; any field can be given otherwise.

    The wording is given, so that prompts can be rendered without asking which stage was played.

    >>> debate().names
    ('Ada', 'Ben', 'Cleo')
    """
    return Scene(
        **{
            "topic": TOPIC,
            "cast": (Actor(ADA), Actor(BEN), Actor(CLEO)),
            "graph": ring("Ada", "Ben", "Cleo"),
            "ends": after(turns=6),
            "wording": Wording(),
            **fields,
        }
    )


def probed(every: int | None = 1, samples: int = 1, **fields: Any) -> Scene:
    """The same, with a stance probe."""
    return debate(probes=(ask_stance("sell", every=every, samples=samples),), **fields)


def token(*parts: object) -> str:
    """A word that stands nowhere by chance.

    >>> token("Ada", "secret")
    '<Ada-secret>'
    """
    return f"<{'-'.join(map(str, parts))}>"


def planted(**fields: Any) -> Scene:
    """A scene in which every field of every persona holds a word of its own."""
    cast = [
        Persona(
            name=name,
            brief=token(name, "brief"),
            opposite=token(name, "opposite"),
            traits=(token(name, "traits"),),
            stances={token(name, "issue"): 0.5, "sell": 0.25},
            goals=(token(name, "goals"),),
            points=(token(name, "points"),),
            secret=token(name, "secret"),
            voice=token(name, "voice"),
        )
        for name in ("Ada", "Ben", "Cleo")
    ]
    return Scene(
        **{
            "topic": token("topic"),
            "setting": token("setting"),
            "cast": tuple(Actor(persona) for persona in cast),
            "graph": ring("Ada", "Ben", "Cleo"),
            "ends": after(turns=6),
            **fields,
        }
    )
