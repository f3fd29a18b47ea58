"""Actors: personas cast in a scene."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from sim.scene.base_model import AuthoredModel
from sim.scene.persona import Persona

LayoutName = Literal["persona_first", "transcript_first", "screenplay", "author"]

HUMAN = "human"
"""The stage of an actor whom a person plays."""


class Context(AuthoredModel):
    """How much an actor can see, and what becomes of the rest. Whatever happens is recorded.

    ``tokens`` is the limit, estimated at four characters a token. When a prompt is longer, the
    scene is over (``stop``), or the oldest turns are left out until ``keep`` of the limit is used
    (``drop_oldest``), with the actor's own summary in their place (``summarise``).
    """

    tokens: int = Field(ge=100)
    policy: Literal["stop", "drop_oldest", "summarise"] = "stop"
    keep: float = Field(default=0.5, gt=0.0, lt=1.0)


class Actor(AuthoredModel):
    """A persona cast in a scene, and how.

    ``context`` is what it can keep in mind (None: everything). ``stage`` is what plays it, where
    that is not the scene's own: a model string (``embedded:rlhf``), which whoever plays the scene
    opens, or ``human``. ``on_stage`` False: it is not there when the scene opens, and needs an
    ``enter``. ``layout`` is how what it sees becomes a prompt (None: as in the scene), ``prompt``
    is more that it alone is told, after its character and word for word.

    >>> Actor(Persona(name="Ada")).name
    'Ada'
    """

    added: ClassVar[frozenset[str]] = frozenset({"stage", "on_stage", "layout", "prompt"})

    persona: Persona
    context: Context | None = None
    stage: str | None = None
    on_stage: bool = True
    layout: LayoutName | None = None
    prompt: str = ""

    def __init__(self, persona: Persona, **fields: Any) -> None:
        super().__init__(persona=persona, **fields)

    @property
    def name(self) -> str:
        """The persona's name."""
        return self.persona.name
