"""The conversation graph: its shapes, its compiled form, and what is refused."""

from __future__ import annotations

from typing import Any

import networkx
import pytest
from backstage.strategies import graphs
from hypothesis import given

from sim import Edge, Graph, Persona, Scene, after, complete, ring, star
from sim.errors import SceneError
from sim.events import Turn
from sim.planning import canonical
from sim.scene.graph import PublicView


def pairs(graph: Graph) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in graph.edges}


def test_a_ring_hands_on() -> None:
    graph = ring("A", "B", "C")
    assert pairs(graph) == {("A", "B"), ("B", "C"), ("C", "A")}
    assert graph.first == "A"


def test_a_complete_graph_has_every_edge_but_loops() -> None:
    graph = complete("A", "B", "C", weights={"C": 5})
    assert pairs(graph) == {(a, b) for a in "ABC" for b in "ABC" if a != b}
    assert {edge.weight for edge in graph.edges if edge.target == "C"} == {5.0}
    assert {edge.weight for edge in graph.edges if edge.target != "C"} == {1.0}


def test_a_star_has_all_edges_at_its_centre() -> None:
    graph = star("M", "A", "B")
    assert pairs(graph) == {("M", "A"), ("M", "B"), ("A", "M"), ("B", "M")}
    assert graph.first == "M"


@given(graphs())
def test_the_compiled_tables_are_the_networkx_graph(graph: Graph) -> None:
    floor, drawn = graph.compiled(), graph.networkx()
    assert isinstance(drawn, networkx.DiGraph)
    compiled = {
        (floor.names[place], floor.names[target], weight)
        for place in range(len(floor.names))
        for target, weight in zip(floor.targets[place], floor.weights[place], strict=True)
    }
    assert compiled == set(drawn.edges.data("weight"))
    assert floor.names[floor.first] == graph.first
    assert [floor.place[name] for name in floor.names] == list(range(len(floor.names)))


def test_a_condition_opens_and_shuts_an_edge() -> None:
    def asked(view: PublicView) -> bool:
        return view.last is not None and "?" in view.last.text

    graph = Graph(
        names=("A", "B", "C"),
        first="A",
        edges=(
            Edge(source="A", target="B", when=asked, weight=2),
            Edge(source="A", target="C", weight=3),
            Edge(source="B", target="A"),
            Edge(source="C", target="A", when=lambda view: False),
        ),
    )
    floor = graph.compiled()
    question, answer = PublicView(Turn(1, "A", "Why?")), PublicView(Turn(1, "A", "No."))
    assert floor.open_edges(0, question) == ((1, 2), (2.0, 3.0))
    assert floor.open_edges(0, answer) == ((2,), (3.0,))
    assert floor.open_edges(1, answer) == ((0,), (1.0,))
    assert floor.open_edges(2, answer) == ((), ())
    assert floor.conditions[1] is None


def edge(source: str, target: str, **fields: Any) -> Edge:
    return Edge(source=source, target=target, **fields)


def graph(*edges: Edge, names: tuple[str, ...] = ("A", "B"), first: str = "A") -> Graph:
    return Graph(names=names, edges=edges, first=first)


LOOP = (edge("A", "B"), edge("B", "A"))


@pytest.mark.parametrize(
    ("build", "parts"),
    [
        (lambda: graph(*LOOP, edge("A", "Z")), ("Graph.edges.2", "'Z'", "use one of A, B")),
        (lambda: graph(*LOOP, edge("Z", "A")), ("Graph.edges.2", "'Z'", "use one of A, B")),
        (lambda: graph(*LOOP, first="Z"), ("Graph.first", "'Z'", "use one of A, B")),
        (lambda: graph(*LOOP, edge("A", "B")), ("Graph.edges.2", "'A' to 'B'", "the sum")),
        (lambda: graph(*LOOP, names=("A", "B", "A")), ("Graph.names", "'A'", "everybody once")),
        # A sink: the floor gets stuck.
        (lambda: graph(edge("A", "B")), ("Graph.edges", "'B'", "add an edge that leaves 'B'")),
        # Somebody who never gets the floor.
        (
            lambda: graph(*LOOP, edge("C", "A"), names=("A", "B", "C")),
            ("Graph.edges", "from 'A' to 'C'", "add an edge that leads to 'C'"),
        ),
        (lambda: edge("A", "B", weight=0), ("Edge.weight", "0", "greater than 0")),
        (lambda: edge("A", "B", weight=float("inf")), ("Edge.weight", "inf", "finite")),
        (lambda: edge("A", "B", when="later"), ("Edge.when", "'later'", "callable")),
        (lambda: ring("A"), ("ring", "1 actors", "at least two names")),
        (lambda: complete("A"), ("complete", "1 actors", "at least two names")),
        (lambda: star("A"), ("star", "1 actors", "at least two names")),
        (lambda: ring("A", "A"), ("Graph.names", "'A'", "everybody once")),
        (lambda: star("A", "B", "A"), ("Graph.names", "'A'", "everybody once")),
        (lambda: complete("A", "B", weights={"Z": 1}), ("complete.weights", "'Z'", "A, B")),
        (lambda: complete("A", "B", weights={"B": -1}), ("Edge.weight", "-1", "greater than 0")),
    ],
)
def test_what_is_refused_and_how(build: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(SceneError) as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message
    assert "validation error" not in message
    for part in parts:
        assert part in message, message


# --- Graphs of networkx ---------------------------------------------------------------------------


@given(graphs())
def test_a_graph_survives_networkx(graph: Graph) -> None:
    again = Graph.from_networkx(graph.networkx(), first=graph.first)
    assert again.names == graph.names
    weights = {(edge.source, edge.target): edge.weight for edge in graph.edges}
    assert {(edge.source, edge.target): edge.weight for edge in again.edges} == weights


def test_a_scene_takes_a_networkx_graph_as_it_takes_ours() -> None:
    drawn = networkx.DiGraph(first="B")
    drawn.add_edge("A", "B", weight=2)
    drawn.add_edge("B", "A", when=lambda view: True)

    def scene(graph: Any) -> Scene:
        return Scene(topic="Tea?", cast=[Persona(name="A"), Persona(name="B")], graph=graph,
                     ends=after(turns=2))  # fmt: skip

    graph = scene(drawn).graph
    assert (graph.first, graph.edges[0].weight, graph.edges[1].when is None) == ("B", 2.0, False)
    undirected = scene(networkx.Graph([("A", "B")]))
    assert canonical(undirected) == canonical(scene(ring("A", "B")))


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (networkx.Graph([(1, 2)]), "the node 1 is no name; name the nodes after the cast"),
        (networkx.Graph(), "no node"),
        (networkx.DiGraph([("A", "B")]), "nobody can take the floor from 'B'"),
        (networkx.MultiGraph([("A", "B"), ("A", "B")]), "is there twice"),
        (networkx.Graph([("A", "B", {"weight": -1})]), "weight"),
        (networkx.Graph([("A", "B")], first="C"), "Graph.first: 'C' is not in the graph"),
    ],
)
def test_a_networkx_graph_that_makes_no_sense_is_refused(drawn: Any, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        Scene(topic="Tea?", cast=[Persona(name="A"), Persona(name="B")], graph=drawn,
              ends=after(turns=2))  # fmt: skip
