"""The scene: the authored whole, frozen and checked when it is built."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, InstanceOf, model_validator

from sim.authored import Authored
from sim.endings import Ending
from sim.errors import SceneError
from sim.graph import Graph
from sim.persona import Persona
from sim.probes import Probe
from sim.routing import Router, Walk
from sim.wording import Wording

LONGEST = 100_000
"""Turns. More is a slip of the keyboard: a scene keeps all its turns in memory."""

LayoutName = Literal["persona_first", "transcript_first", "screenplay", "author"]


class Context(Authored):
    """How much an actor can see, and what becomes of the rest. Whatever happens is recorded.

    ``tokens`` is the limit, estimated at four characters a token. When a prompt is longer, the
    scene is over (``stop``), or the oldest turns are left out until ``keep`` of the limit is used
    (``drop_oldest``), with the actor's own summary in their place (``summarise``).
    """

    tokens: int = Field(ge=100)
    policy: Literal["stop", "drop_oldest", "summarise"] = "stop"
    keep: float = Field(default=0.5, gt=0.0, lt=1.0)


class Actor(Authored):
    """A persona cast in a scene, and what its context can hold (None: everything).

    >>> Actor(Persona(name="Ada")).name
    'Ada'
    """

    persona: Persona
    context: Context | None = None

    def __init__(self, persona: Persona, **fields: Any) -> None:
        super().__init__(persona=persona, **fields)

    @property
    def name(self) -> str:
        """The persona's name."""
        return self.persona.name


class Scene(Authored):
    """A scene: topic, cast, conversation graph, routing, probes and endings.

    ``topic`` is what is talked about, best as a motion ("The town should sell its spring.").
    ``setting`` says where and when. ``words`` bounds the length of a turn in what the actors are
    told, ``wording`` is how they are told it. ``block`` is how many turns an ``author`` writes at
    once. Raises ``SceneError``, with the field, the value and the fix, if it makes no sense.
    """

    topic: str
    setting: str = ""
    cast: tuple[Actor, ...]
    graph: Graph
    routing: Any = Field(default_factory=Walk)
    probes: tuple[Probe, ...] = ()
    ends: InstanceOf[Ending]
    layout: LayoutName = "persona_first"
    words: int = Field(default=60, ge=1)
    wording: Wording = Wording()
    block: int = Field(default=3, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _personas_are_actors(cls, fields: Any) -> Any:
        cast = fields.get("cast")
        if isinstance(cast, list | tuple):
            for number, member in enumerate(cast):
                if not isinstance(member, Persona | Actor | dict):
                    raise SceneError(
                        f"Scene.cast.{number}: {member!r:.80} is neither a persona nor an actor; "
                        "use Actor(persona)"
                    )
            fields = dict(fields)
            fields["cast"] = tuple(
                Actor(member) if isinstance(member, Persona) else member for member in cast
            )
        elif "cast" in fields:
            raise SceneError(f"Scene.cast: {cast!r:.80} is no list of actors; use (ada, ben, ...)")
        return fields

    @model_validator(mode="after")
    def _sound(self) -> Scene:
        names = self.names
        if self.layout == "author" and any(actor.context for actor in self.cast):
            raise SceneError(
                "Scene.cast: with the layout author there is one context for all; "
                "leave Actor.context out"
            )
        if not self.topic.strip():
            raise SceneError("Scene.topic: is blank; say what the scene is about")
        if len(names) < 1:
            raise SceneError("Scene.cast: is empty; cast at least one actor")
        for name in names:
            if names.count(name) > 1:
                raise SceneError(
                    f"Scene.cast: two actors are named {name!r}; give one of them another name"
                )
        for name in self.graph.names:
            if name not in names:
                raise SceneError(
                    f"Scene.graph: {name!r} is not in the cast; use one of {', '.join(names)}"
                )
        for name in names:
            if name not in self.graph.names:
                raise SceneError(
                    f"Scene.cast: {name!r} is not in the graph and would never speak; "
                    "add an edge, or leave the actor out"
                )
        # A class has these methods too, but only an instance can be asked.
        if isinstance(self.routing, type) or not all(
            callable(getattr(self.routing, part, None)) for part in ("start", "heard", "next")
        ):
            raise SceneError(
                f"Scene.routing: {self.routing!r} is no router; "
                "use Walk(), LongestWait() or an object with start, heard and next"
            )
        for number, probe in enumerate(self.probes):
            self._check_question(f"Scene.probes.{number}", probe)
        keys = [probe.question.key for probe in self.probes]
        for key in keys:
            if keys.count(key) > 1:
                raise SceneError(
                    f"Scene.probes: {key!r} is asked by two probes; ask it once, or use other keys"
                )
        gauges = self.ends.gauges()
        keys = [gauge.question.key for gauge in gauges]
        for key in keys:
            if keys.count(key) > 1:
                raise SceneError(
                    f"Scene.ends: two different gauges ask {key!r}; use one gauge, or other keys"
                )
        for gauge in gauges:
            self._check_question("Scene.ends", gauge)
            if gauge.samples > 1:
                raise SceneError(
                    f"Scene.ends: the gauge {gauge.question.key!r} asks for {gauge.samples} "
                    "samples, and an ending reads one answer of each actor; leave samples out"
                )
            if len(gauge.to or names) < 2:
                raise SceneError(
                    "Scene.ends: the gauge asks fewer than two actors, so they cannot agree; "
                    "ask at least two"
                )
        for name in self.ends.names():
            if name not in names:
                raise SceneError(
                    f"Scene.ends: {name!r} is not in the cast; use one of {', '.join(names)}"
                )
        bound = self.ends.bound()
        if bound is None:
            raise SceneError(
                "Scene.ends: nothing makes sure that this scene is ever over; "
                "add `| after(turns=...)`"
            )
        if bound > LONGEST:
            raise SceneError(
                f"Scene.ends: the scene may last {bound:,} turns; let it be over after at most "
                f"{LONGEST:,}"
            )
        for gauge in gauges:
            first = gauge.every or len(names)
            if first > bound:
                raise SceneError(
                    f"Scene.ends: the gauge {gauge.question.key!r} is first asked after turn "
                    f"{first}, but the scene is over after {bound} at the latest; "
                    "ask it more often, or play longer"
                )
        return self

    def _check_question(self, where: str, probe: Probe) -> None:
        for name in probe.to or ():
            if name not in self.names:
                raise SceneError(
                    f"{where}.to: {name!r} is not in the cast; use one of {', '.join(self.names)}"
                )
        issues = sorted({issue for actor in self.cast for issue in actor.persona.stances})
        if probe.issue is not None and issues and probe.issue not in issues:
            raise SceneError(
                f"{where}: nobody in the cast has a stance on {probe.issue!r}; "
                f"use one of {', '.join(issues)}, or add it to a persona's stances"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the cast, in its order."""
        return tuple(actor.name for actor in self.cast)

    @property
    def router(self) -> Router:
        """The router, typed."""
        router: Router = self.routing
        return router
