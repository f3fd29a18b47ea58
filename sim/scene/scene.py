"""The scene: frozen, and validated when it is built."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from pydantic import Field, InstanceOf, field_validator, model_validator

from sim.errors import SceneError
from sim.events import Seat
from sim.html import fragment
from sim.html import scene as drawn
from sim.scene.actor import Actor, LayoutName
from sim.scene.audience import Hearing
from sim.scene.base_model import AuthoredModel
from sim.scene.endings import Ending
from sim.scene.graph import Graph
from sim.scene.interventions import Intervention, Restage
from sim.scene.persona import Persona
from sim.scene.probes import Probe
from sim.scene.routing.base import Router
from sim.scene.routing.walks import Walk
from sim.scene.templates import Occasion, Role, Wording
from sim.scene.validation import check

_LABELS = Wording()


class Scene(AuthoredModel):
    """A scene: topic, cast, graph, routing, hearing, questions, interventions, endings.

    ``topic`` is what the actors talk about, best as a motion ("The town should sell its spring.").
    ``setting`` says where and when. ``graph`` may be a networkx graph (``Graph.from_networkx``).
    ``hearing`` says who hears a turn (None: everybody on stage). ``probes`` are asked beside the
    scene; ``gauges`` are asked on its critical path, so that conditions of edges, phases and
    interventions may read them. ``interventions`` change the scene while it is played. ``words`` is
    the length of a turn that actors are told to keep to. ``wording`` are the templates of all
    prompts (None: prose for language models, labels for the embedded stage; ``sim.scene.prose``).
    ``opening`` is a stage direction that a script begins with (blank: the wording's own).
    ``block`` is how many turns an ``author`` writes at once. Raises ``SceneError``, with the field,
    the value and the fix, if it is invalid.
    """

    added: ClassVar[frozenset[str]] = frozenset({"hearing", "gauges", "interventions", "opening"})

    topic: str
    setting: str = ""
    cast: tuple[Actor, ...]
    graph: Graph
    routing: Any = Field(default_factory=Walk)
    probes: tuple[Probe, ...] = ()
    ends: InstanceOf[Ending]
    layout: LayoutName = "persona_first"
    words: int = Field(default=60, ge=1)
    wording: InstanceOf[Wording] | None = None
    block: int = Field(default=3, ge=1)
    hearing: InstanceOf[Hearing] | None = None
    gauges: tuple[Probe, ...] = ()
    interventions: tuple[InstanceOf[Intervention], ...] = ()
    opening: str = ""

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

    @field_validator("graph", mode="before")
    @classmethod
    def _drawn_with_networkx(cls, graph: Any) -> Any:
        # Whoever holds such a graph has loaded the library; nobody else should pay for it.
        networkx = sys.modules.get("networkx")
        if networkx is not None and isinstance(graph, networkx.Graph):
            return Graph.from_networkx(graph)
        return graph

    @model_validator(mode="after")
    def _sound(self) -> Scene:
        check(self)
        return self

    def __str__(self) -> str:
        """The scene as somebody would tell it: topic, setting, cast, and who opens."""
        lines = [self.topic]
        if self.setting:
            lines.append(self.setting)
        for actor in self.cast:
            facts = [actor.persona.brief.rstrip(".")] if actor.persona.brief else []
            facts += [f"{issue} {stance:+g}" for issue, stance in actor.persona.stances.items()]
            if actor.stage is not None:
                facts.append(f"played by {actor.stage}")
            if not actor.on_stage:
                facts.append("enters later")
            lines.append("  ".join(["", actor.name, "; ".join(facts)]).rstrip())
        edges, plural = len(self.graph.edges), "" if len(self.graph.edges) == 1 else "s"
        lines.append(f"{self.graph.first} opens; {edges} edge{plural} hand the floor on")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The scene with its graph, for a notebook."""
        personas = [{"name": each.name, "brief": each.persona.brief} for each in self.cast]
        edges = [(edge.source, edge.target) for edge in self.graph.edges]
        return fragment(drawn(self.topic, self.setting, personas, edges))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the cast, in its order."""
        return tuple(actor.name for actor in self.cast)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The seats of the cast, in its order."""
        return tuple(map(Seat, range(len(self.cast))))

    def seat(self, name: str) -> Seat:
        """The index of an actor in the cast. Raises ``ValueError`` if it is not in the cast."""
        return Seat(self.names.index(name))

    @property
    def router(self) -> Router:
        """``routing`` with its static type."""
        router: Router = self.routing
        return router

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that actors and interventions name, besides the scene's own."""
        named = [actor.stage for actor in self.cast]
        named += [each.stage for each in self.interventions if isinstance(each, Restage)]
        return tuple(dict.fromkeys(stage for stage in named if stage is not None))

    @property
    def templates(self) -> Wording:
        """The wording in force: the scene's own, or the labels that every stage reads."""
        return _LABELS if self.wording is None else self.wording

    def worded(self, wording: Wording) -> Scene:
        """This scene with a wording, unless it has one of its own."""
        return self.model_copy(update={"wording": wording}) if self.wording is None else self

    def in_canonical_form(self, field: str) -> Any:
        # Scenes of older versions always had a wording, and their trials keep their ids.
        return self.templates if field == "wording" else super().in_canonical_form(field)

    @property
    def occasion(self) -> Occasion:
        """What the scene is about, as its people are told."""
        issues = dict.fromkeys(
            issue for actor in self.cast for issue in actor.persona.stances
        ) | dict.fromkeys(probe.issue for probe in self.probes if probe.issue is not None)
        return Occasion(self.names, self.topic, self.setting, self.opening, tuple(issues))

    def role(self, seat: Seat) -> Role:
        """The actor at ``seat``, as it is told who it is."""
        actor = self.cast[seat]
        return Role(actor.persona, actor.prompt)

    def manner(self, seat: Seat) -> str:
        """The text that tells the actor at ``seat`` how to write a turn, and who will hear it."""
        name, hearing, wording = self.cast[seat].name, self.hearing, self.templates
        told = wording.manner_of(name, self.words)
        if hearing is None:
            return told
        if hearing.by_direction:
            return f"{told} {wording.whispers}"
        audience = hearing.audience(name, "")
        return told if audience is None else f"{told} {wording.hears(audience)}"
