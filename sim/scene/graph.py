"""The conversation graph: who may hand the floor to whom.

Edges are authored as frozen records. When a scene is built they become one networkx ``DiGraph``,
on which reachability is checked, and then plain tables, which the engine uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.base_model import AuthoredModel

if TYPE_CHECKING:
    import networkx

    # Inside `Graph` the library's name is that of a method.
    AnyNetworkxGraph = networkx.Graph[Any]

Gauges = dict[str, dict[str, Any]]
"""The latest gauge answers: question key, then actor."""


@dataclass(slots=True)
class PublicView:
    """The data that a condition may read: public turns and gauges, but no whispers and no probes.

    ``last`` is the last public turn, ``public`` all of them, and ``turns`` the number of all turns.
    ``absent`` are the places of the actors that are off stage, ``off`` their names; ``phase`` is
    the name of the current phase. The engine updates this object; conditions must not change it.
    """

    last: Turn | None = None
    turns: int = 0
    gauges: Gauges = field(default_factory=dict)
    public: list[Turn] = field(default_factory=list)
    absent: frozenset[Place] = frozenset()
    off: tuple[str, ...] = ()
    phase: str = ""

    def gauge(self, key: str, actor: str) -> Any:
        """The latest answer of an actor to a gauge; None before the first answer, or if missing.

        Raises ``SceneError`` for a question that is no gauge of the scene.

        >>> PublicView(gauges={"stance:sell": {"Ada": 0.5}}).gauge("stance:sell", "Ada")
        0.5
        """
        if key not in self.gauges:
            known = ", ".join(self.gauges) or "none"
            raise SceneError(
                f"PublicView.gauge: {key!r} is no gauge of this scene; add its probe to "
                f"Scene.gauges (there are: {known})"
            )
        return self.gauges[key].get(actor)


Condition = Callable[[PublicView], bool]


def holds(condition: Condition, view: PublicView) -> bool:
    """Whether a condition holds. Raises ``SceneError`` if it cannot be computed.

    >>> holds(lambda view: view.turns > 2, PublicView(turns=3))
    True
    """
    try:
        return bool(condition(view))
    except SceneError:
        raise
    except Exception as error:
        # A user's function may raise anything; the message names it in one line.
        name = getattr(condition, "__qualname__", repr(condition))
        code = getattr(condition, "__code__", None)
        where = "" if code is None else f" ({code.co_filename}:{code.co_firstlineno})"
        raise SceneError(
            f"the condition {name}{where} raised {type(error).__name__}: {error} after turn "
            f"{view.turns}; before the first public turn, view.last is None"
        ) from error


class Edge(AuthoredModel):
    """``source`` may hand the floor to ``target``, with a weight and, if given, a condition."""

    source: str
    target: str
    weight: float = Field(default=1.0, gt=0.0, allow_inf_nan=False)
    when: Condition | None = None


class Graph(AuthoredModel):
    """A directed conversation graph. ``first`` opens the scene.

    Raises ``SceneError`` if an edge has an unknown name, if a name has no outgoing edge, or if a
    name cannot be reached from ``first``.
    """

    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    first: str

    @model_validator(mode="after")
    def _sound(self) -> Graph:
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise SceneError(f"Graph.names: {twice!r} is there twice; name everybody once")
        seen: set[tuple[str, str]] = set()
        for number, edge in enumerate(self.edges):
            for end in (edge.source, edge.target):
                if end not in self.names:
                    raise SceneError(
                        f"Graph.edges.{number}: {end!r} is not in the graph; "
                        f"use one of {', '.join(self.names)}"
                    )
            if (edge.source, edge.target) in seen:
                raise SceneError(
                    f"Graph.edges.{number}: {edge.source!r} to {edge.target!r} is there twice; "
                    "give one edge the sum of the weights"
                )
            seen.add((edge.source, edge.target))
        if self.first not in self.names:
            raise SceneError(
                f"Graph.first: {self.first!r} is not in the graph; "
                f"use one of {', '.join(self.names)}"
            )
        self._check_flow()
        return self

    def _check_flow(self) -> None:
        import networkx

        if len(self.names) == 1:
            return
        graph = self.networkx()
        for name in self.names:
            if graph.out_degree(name) == 0:
                raise SceneError(
                    f"Graph.edges: nobody can take the floor from {name!r}; "
                    f"add an edge that leaves {name!r}"
                )
        unreached = set(self.names) - networkx.descendants(graph, self.first) - {self.first}
        if unreached:
            name = min(unreached)
            raise SceneError(
                f"Graph.edges: the floor never gets from {self.first!r} to {name!r}; "
                f"add an edge that leads to {name!r}, or leave {name!r} out of the cast"
            )

    def networkx(self) -> networkx.DiGraph[Any]:
        """The graph as a networkx ``DiGraph`` with ``weight`` on its edges."""
        import networkx

        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        graph.add_nodes_from(self.names)
        graph.add_weighted_edges_from(
            (edge.source, edge.target, edge.weight) for edge in self.edges
        )
        return graph

    @classmethod
    def from_networkx(cls, graph: AnyNetworkxGraph, first: str | None = None) -> Graph:
        """The conversation graph that a networkx graph draws. ``Scene(graph=...)`` takes either.

        Nodes are names. An edge may have a ``weight`` (1 unless it says so) and a ``when``, a
        condition; an edge of an undirected graph leads both ways. ``first`` opens the scene (None:
        what ``graph.graph["first"]`` says, or else the graph's first node). Raises ``SceneError``
        if a node is no name, if two edges lead from one node to the same other, or as ``Graph``
        does.

        >>> import networkx
        >>> drawn = networkx.Graph([("Ada", "Ben"), ("Ben", "Cleo")], first="Ben")
        >>> graph = Graph.from_networkx(drawn)
        >>> graph.first, sorted((edge.source, edge.target) for edge in graph.edges)[:2]
        ('Ben', [('Ada', 'Ben'), ('Ben', 'Ada')])
        """
        for node in graph.nodes:
            if not isinstance(node, str):
                raise SceneError(
                    f"Graph: the node {node!r:.80} is no name; name the nodes after the cast "
                    "(networkx.relabel_nodes)"
                )
        if not graph.nodes:
            raise SceneError("Graph: the networkx graph has no node; add one for each of the cast")
        edges = [
            Edge(
                source=source,
                target=target,
                weight=attributes.get("weight", 1.0),
                when=attributes.get("when"),
            )
            for source, target, attributes in graph.to_directed(as_view=True).edges(data=True)
        ]
        names = tuple(graph.nodes)
        opens = graph.graph.get("first", names[0]) if first is None else first
        return cls(names=names, edges=tuple(edges), first=opens)

    def compiled(self) -> Floor:
        """The graph as plain tables for the engine."""
        place = {name: Place(index) for index, name in enumerate(self.names)}
        targets: list[list[Place]] = [[] for _ in self.names]
        weights: list[list[float]] = [[] for _ in self.names]
        conditions: list[list[Condition | None]] = [[] for _ in self.names]
        for edge in self.edges:
            source = place[edge.source]
            targets[source].append(place[edge.target])
            weights[source].append(edge.weight)
            conditions[source].append(edge.when)
        return Floor(
            names=self.names,
            place=place,
            first=place[self.first],
            targets=tuple(tuple(row) for row in targets),
            weights=tuple(tuple(row) for row in weights),
            conditions=tuple(
                tuple(row) if any(condition is not None for condition in row) else None
                for row in conditions
            ),
        )


@dataclass(frozen=True, slots=True)
class Floor:
    """A compiled graph: for each place, its outgoing edges with targets, weights and conditions.

    ``conditions[place]`` is None if no edge that leaves the place has a condition.
    """

    names: tuple[str, ...]
    place: dict[str, Place]
    first: Place
    targets: tuple[tuple[Place, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    conditions: tuple[tuple[Condition | None, ...] | None, ...]

    def open_edges(
        self, place: Place, view: PublicView
    ) -> tuple[tuple[Place, ...], tuple[float, ...]]:
        """The places that may take the floor from ``place`` now, and the weights of their edges.

        The condition of the edge has to hold, and the target has to be on stage.
        """
        conditions, absent = self.conditions[place], view.absent
        targets, weights = self.targets[place], self.weights[place]
        if conditions is None and not absent:
            return targets, weights
        kept = [
            index
            for index, target in enumerate(targets)
            if target not in absent and self._holds(conditions, index, view)
        ]
        return tuple(targets[index] for index in kept), tuple(weights[index] for index in kept)

    def _holds(
        self, conditions: tuple[Condition | None, ...] | None, index: int, view: PublicView
    ) -> bool:
        condition = None if conditions is None else conditions[index]
        return condition is None or holds(condition, view)

    def opening(self, view: PublicView) -> tuple[Place, ...]:
        """Who opens the scene: ``first`` or, if it is off stage, the target of its first edge."""
        if self.first not in view.absent:
            return (self.first,)
        return self.open_edges(self.first, view)[0][:1]


def ring(*names: str) -> Graph:
    """A ring: each hands the floor to the next, and the last to the first, who opens the scene.

    >>> [edge.target for edge in ring("Ada", "Ben", "Cleo").edges]
    ['Ben', 'Cleo', 'Ada']
    """
    _at_least_two("ring", names)
    edges = [
        Edge(source=name, target=names[(index + 1) % len(names)])
        for index, name in enumerate(names)
    ]
    return Graph(names=names, edges=tuple(edges), first=names[0])


def complete(*names: str, weights: dict[str, float] | None = None) -> Graph:
    """A complete graph: anybody may follow anybody else.

    ``weights`` are the weights of the edges to each name (1 for a name that is not in it).

    >>> len(complete("Ada", "Ben", "Cleo").edges)
    6
    """
    _at_least_two("complete", names)
    talkative = weights or {}
    for name in talkative:
        if name not in names:
            raise SceneError(
                f"complete.weights: {name!r} is not in the graph; use one of {', '.join(names)}"
            )
    edges = [
        Edge(source=source, target=target, weight=talkative.get(target, 1.0))
        for source in names
        for target in names
        if source != target
    ]
    return Graph(names=names, edges=tuple(edges), first=names[0])


def star(moderator: str, *others: str) -> Graph:
    """A star: the moderator hands the floor to the others, and each of them hands it back.

    >>> sorted((edge.source, edge.target) for edge in star("Moderator", "Ada", "Ben").edges)[0]
    ('Ada', 'Moderator')
    """
    _at_least_two("star", (moderator, *others))
    edges = [Edge(source=moderator, target=name) for name in others]
    edges += [Edge(source=name, target=moderator) for name in others]
    return Graph(names=(moderator, *others), edges=tuple(edges), first=moderator)


def _at_least_two(shape: str, names: tuple[str, ...]) -> None:
    if len(names) < 2:
        raise SceneError(f"{shape}: {len(names)} actors; a conversation needs at least two names")
