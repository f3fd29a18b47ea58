"""Actors: personas cast in a scene."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from sim.scene.base_model import AuthoredModel
from sim.scene.persona import Persona

LayoutName = Literal["persona_first", "transcript_first", "screenplay", "author", "author_script"]

TELLS_ALL: frozenset[LayoutName] = frozenset({"author", "author_script"})
"""The layouts whose prompts say everything about everybody: one mind simulates many."""

HUMAN = "human"
"""The stage of an actor that a person plays."""


class Context(AuthoredModel):
    """The limit of an actor's context, and the policy when it is full.

    ``tokens`` is the limit, estimated at four characters a token. When a prompt is longer, the
    scene ends (``stop``), or the oldest turns are removed until the share ``keep`` of the limit is
    used (``drop_oldest``), and the actor's own summary replaces them (``summarise``). A ``Forgot``
    event records it.
    """

    tokens: int = Field(ge=100)
    policy: Literal["stop", "drop_oldest", "summarise"] = "stop"
    keep: float = Field(default=0.5, gt=0.0, lt=1.0)


class Actor(AuthoredModel):
    """A persona cast in a scene, with its settings.

    ``context`` limits what it can remember (None: no limit). ``stage`` is the stage that plays it,
    if it is not the scene's own: a model string (``embedded:rlhf``), which the caller of ``play()``
    opens, or ``human``. With ``on_stage`` False it is off stage when the scene opens, and needs an
    ``enter``. ``layout`` is the layout of its prompts (None: the scene's), ``prompt`` is further
    text for this actor alone, inserted verbatim after its character.

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
