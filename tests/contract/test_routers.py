"""What every router obeys. A router of ``sim.scene.routing`` is tested by being in ``ROUTERS``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from backstage.effort import effort
from backstage.strategies import graphs
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sim import Edge, Graph, complete
from sim.events import Place, Turn
from sim.scene import routing
from sim.scene.answers import folded
from sim.scene.graph import Floor, PublicView
from sim.scene.routing import (
    Addressed,
    Bidding,
    ChosenBy,
    CrossExamination,
    Cue,
    FixedOrder,
    Inquiry,
    Interrupts,
    LongestWait,
    Phase,
    Phases,
    Router,
    Scripted,
    Simultaneous,
    Walk,
    moderated,
    phases,
    then,
    until,
)
from sim.scene.routing.base import check
from sim.seeds import derive
from sim.testing.promises import Broken
from sim.testing.routers import (
    Made,
    a_question,
    a_seed_gives_a_way,
    changes_nothing_in_place,
    check_router,
    cue_costs_the_same,
    opened,
    state_does_not_grow,
    steps,
    walks_open_edges,
)


def path_of(graph: Graph, length: int = 15) -> tuple[str, ...]:
    """A way along the graph, for a script."""
    names = [graph.first]
    while len(names) < length:
        onward = sorted(edge.target for edge in graph.edges if edge.source == names[-1])
        if not onward:
            break
        names.append(onward[len(names) % len(onward)])
    return tuple(names)


def other_than(graph: Graph, name: str) -> str:
    return next(other for other in graph.names if other != name)


def told_apart(graph: Graph) -> bool:
    """Names that differ in their case alone are refused by routers that ask for a name."""
    return len({folded(name) for name in graph.names}) == len(graph.names)


def whole(graph: Graph) -> Graph:
    """The same people, each of whom can hand the floor to each: an order needs the edges."""
    return complete(*graph.names).model_copy(update={"first": graph.first})


def debate(graph: Graph) -> Made:
    return phases(
        Phase(FixedOrder(), turns=len(graph.names), name="opening", note="(Opening statements.)"),
        Phase(Interrupts(Bidding(least=0.3)), until=a_question, name="free debate"),
        Phase(LongestWait(), name="closing"),
    ), whole(graph)


ROUTERS: dict[str, Callable[[Graph], Made]] = {
    "Walk": lambda graph: (Walk(), graph),
    "LongestWait": lambda graph: (LongestWait(), graph),
    "FixedOrder": lambda graph: (FixedOrder(), whole(graph)),
    "FixedOrder given": lambda graph: (
        FixedOrder((graph.first, *(name for name in graph.names if name != graph.first))),
        whole(graph),
    ),
    "Scripted": lambda graph: (Scripted(*path_of(graph)), graph),
    "Simultaneous": lambda graph: (Simultaneous(), graph),
    "ChosenBy the last": lambda graph: (ChosenBy(), graph),
    "ChosenBy a moderator": lambda graph: (moderated(graph.names[-1], fallback=Walk()), graph),
    "ChosenBy, bids if it fails": lambda graph: (ChosenBy(None, fallback=Bidding()), graph),
    "Bidding": lambda graph: (Bidding(), graph),
    "Interrupts": lambda graph: (Interrupts(), graph),
    "Interrupts one who asks": lambda graph: (Interrupts(ChosenBy(), threshold=0.5), graph),
    "Addressed": lambda graph: (Addressed(), graph),
    "Addressed, else bids": lambda graph: (Addressed(Bidding()), graph),
    "CrossExamination": lambda graph: (
        CrossExamination(((graph.first, other_than(graph, graph.first)),) * 10),
        whole(graph),
    ),
    "Phases: then": lambda graph: (then(until(Walk(), turns=3), ChosenBy()), graph),
    "Phases: a debate": debate,
    "Phases: rounds": lambda graph: (
        phases(Phase(Simultaneous(), turns=6), Phase(Simultaneous())),
        graph,
    ),
}
ALL = pytest.mark.parametrize("name", ROUTERS)


def test_every_router_is_here() -> None:
    there = {
        name
        for name, kind in inspect.getmembers(routing, inspect.isclass)
        if kind is not Router and all(hasattr(kind, part) for part in ("start", "heard", "next"))
    }
    graph = complete("Ada", "Ben", "Cleo")
    assert there == {type(make(graph)[0]).__name__ for make in ROUTERS.values()}


@ALL
def test_its_own_check_finds_nothing_wrong(name: str) -> None:
    router, graph = ROUTERS[name](complete("Ada", "Ben", "Cleo"))
    check(router, graph)


@ALL
@settings(max_examples=effort(16, 40))
@given(graphs(), st.integers(0, 2**64 - 1))
def test_only_edges_that_exist_are_walked(name: str, graph: Graph, seed: int) -> None:
    assume(told_apart(graph))
    made = ROUTERS[name](graph)
    cues = walks_open_edges(made, seed)
    assert sum(map(len, cues)) >= 15, "somebody can always take the floor"


@ALL
@settings(max_examples=effort(12, 30))
@given(graphs(), st.integers(0, 2**64 - 1))
def test_whoever_is_away_is_neither_cued_nor_asked(name: str, graph: Graph, seed: int) -> None:
    assume(told_apart(graph))
    walks_open_edges(ROUTERS[name](graph), seed, away=True)


@ALL
@settings(max_examples=effort(16, 40))
@given(graphs(), st.integers(0, 2**64 - 1), st.data())
def test_only_open_edges_are_walked(
    name: str, graph: Graph, seed: int, data: st.DataObject
) -> None:
    """Some edges open after a question only, some never."""
    assume(told_apart(graph))
    router, graph = ROUTERS[name](graph)
    rules = {"always": None, "asked": a_question, "never": _never}
    edges = tuple(
        Edge(**{**dict(edge), "when": rules[data.draw(st.sampled_from(sorted(rules)))]})
        for edge in graph.edges
    )
    conditional = Graph(names=graph.names, edges=edges, first=graph.first)
    walks_open_edges((router, conditional), seed)


def _never(view: PublicView) -> bool:
    return False


@pytest.mark.parametrize("router", [Walk(), LongestWait(), FixedOrder(), ChosenBy(), Bidding()])
@settings(max_examples=effort(12, 30))
@given(graphs(), st.integers(0, 2**64 - 1))
def test_the_floor_is_empty_only_if_every_edge_is_shut(
    router: Router, graph: Graph, seed: int
) -> None:
    assume(told_apart(graph))
    if isinstance(router, FixedOrder):
        graph = whole(graph)
    floor, before = graph.compiled(), None
    for step in steps(router, graph, 15, seed, away=True):
        if before is not None:
            assert bool(step.places) == bool(opened(floor, before, step.view))
        before = step.places


@ALL
@settings(max_examples=effort(8, 20))
@given(graphs(), st.integers(0, 2**64 - 1))
def test_a_seed_gives_a_way(name: str, graph: Graph, seed: int) -> None:
    assume(told_apart(graph))
    a_seed_gives_a_way(ROUTERS[name](graph), seed)


@ALL
def test_asking_and_hearing_change_neither_state_nor_view(name: str) -> None:
    changes_nothing_in_place(ROUTERS[name](complete("A", "B", "C")))


@ALL
def test_the_state_does_not_grow_with_the_scene(name: str) -> None:
    state_does_not_grow(endless(name))


@ALL
def test_a_cue_costs_the_same_late_as_early(name: str) -> None:
    cue_costs_the_same(endless(name))


def endless(name: str) -> Made:
    """A router that does not run out: a script as long as the scene."""
    graph = complete(*"ABCDE")
    if name == "Scripted":
        return Scripted(*path_of(graph, 2001)), graph
    return ROUTERS[name](graph)


def test_phases_are_one_after_the_other() -> None:
    """The fold: openings in order, then what comes next, each phase announced once."""
    graph = complete("A", "B", "C")
    router: Phases = phases(
        Phase(FixedOrder(), turns=3, name="opening"),
        Phase(Walk(), turns=4, name="middle"),
        Phase(FixedOrder(), turns=3, name="closing"),
    )
    floor, view, state = graph.compiled(), PublicView(), router.start(graph.compiled())
    names, began = [], {}
    for said in range(11):
        step = router.next(state, view, derive(1, said))
        assert not isinstance(step, Inquiry)
        cue = step if isinstance(step, Cue) else Cue(step)
        state = state if cue.state is None else cue.state
        if cue.phase:
            began[cue.phase] = said
        if not cue.places:
            break
        names.append(floor.names[cue.places[0]])
        view.turns = said + 1
        state = router.heard(state, Turn(said + 1, names[-1], "x"), cue.places[0])
    assert began == {"opening": 0, "middle": 3, "closing": 7}
    assert len(names) == 10
    assert names[:3] == ["A", "B", "C"]
    assert sorted(names[7:]) == ["A", "B", "C"]


class Stuck:
    """A router that does not keep its promises: it lets the first speaker go on for ever."""

    def start(self, floor: Floor) -> tuple[Place, ...]:
        return (floor.first,)

    def heard(self, state: Any, turn: Turn, place: Place) -> Any:
        return state

    def next(self, state: Any, view: PublicView, seed: int) -> Any:
        return state


class Hoarder(Walk):
    """A router that keeps every turn."""

    def start(self, floor: Floor) -> Any:
        return (super().start(floor), ())

    def heard(self, state: Any, turn: Turn, place: Place) -> Any:
        return (super().heard(state[0], turn, place), (*state[1], turn))

    def next(self, state: Any, view: PublicView, seed: int) -> Any:
        return super().next(state[0], view, seed)


@pytest.mark.parametrize(
    ("router", "why"),
    [(Stuck(), "where no edge leads that is open"), (Hoarder(), "its state grows with the scene")],
)
def test_the_check_for_authors_finds_what_is_broken(router: Router, why: str) -> None:
    check_router(lambda graph: LongestWait(), turns=300)
    with pytest.raises(Broken, match=why):
        check_router(lambda graph: router, turns=300)
