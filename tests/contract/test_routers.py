"""What every router obeys. A router of ``sim.scene.routing`` is tested by being in ``ROUTERS``."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from backstage.effort import effort
from backstage.strategies import graphs
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sim
from sim import Edge, Graph, complete
from sim.events import Turn
from sim.scene import routing
from sim.scene.answers import Choice, Explained, folded
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
from sim.scene.routing.base import answered, check
from sim.seeds import Stream, derive

Made = tuple[Router, Graph]


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


def a_question(view: PublicView) -> bool:
    return view.last is not None and "?" in view.last.text


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


@dataclass
class Step:
    """What a router was asked with, and whom it cued."""

    state: Any
    view: PublicView
    places: tuple[int, ...]
    together: bool
    asked: int


def value(inquiry: Inquiry, place: int, seed: int) -> Any:
    """An answer that may be any that is allowed, or missing."""
    stream = Stream(derive(seed, inquiry.question.key, place))
    if stream.below(5) == 0:
        return None
    kind = inquiry.question.answer
    if isinstance(kind, Choice):
        return kind.options[stream.below(len(kind.options))]
    if isinstance(kind, Explained):
        return {"answer": kind.options[0], "because": "It is."}
    return stream.below(11) / 10


def steps(
    router: Router, graph: Graph, length: int, seed: int = 1, away: bool = False
) -> Iterator[Step]:
    """The states and cues of a scene, before each cue. ``away``: people come and go."""
    floor, view = graph.compiled(), PublicView()
    state, said = router.start(floor), 0
    while said < length:
        if away and said:
            stream = Stream(derive(seed, "away", said))
            view.absent = frozenset(p for p in range(len(graph.names)) if stream.below(4) == 0)
        now, asked = derive(seed, "route", said), 0
        first = state
        while isinstance(step := router.next(state, view, now), Inquiry):
            asked += 1
            assert asked <= 8, "it goes on asking"
            assert step.places
            assert not set(step.places) & view.absent, "nobody who is away is asked"
            before = state if step.state is None else step.state
            answers = {place: value(step, place, now) for place in step.places}
            state = answered(router, before, step, answers)
        cue = step if isinstance(step, Cue) else Cue(step)
        state = state if cue.state is None else cue.state
        yield Step(first, view, cue.places, cue.together, asked)
        if not cue.places:
            return
        cued = said if cue.together else None
        for place in cue.places:
            said += 1
            names = floor.names
            text = f"Why, {names[(place + said) % len(names)]}?" if now & 1 else "No."
            view.last = Turn(said, names[place], text, cued=cued)
            view.turns = said
            state = router.heard(state, view.last, place)


def opened(floor: Floor, spoke: tuple[int, ...], view: PublicView) -> set[int]:
    return {target for place in spoke for target in floor.open_edges(place, view)[0]}


def obeys(made: Made, length: int, seed: int, away: bool = False) -> list[tuple[int, ...]]:
    """Walk a graph, holding every cue against the law; the cues."""
    router, graph = made
    floor = graph.compiled()
    cues: list[tuple[int, ...]] = []
    for step in steps(router, graph, length, seed, away):
        cues.append(step.places)
        assert len(set(step.places)) == len(step.places)
        assert not set(step.places) & step.view.absent, "nobody who is away is cued"
        if len(cues) == 1:
            assert floor.first in step.places
            round_of_first = {floor.first} | opened(floor, (floor.first,), step.view)
            assert set(step.places) <= (round_of_first if step.together else {floor.first})
            continue
        allowed = opened(floor, cues[-2], step.view)
        assert set(step.places) <= allowed, "only edges that exist, and are open"
        if not step.together:
            assert len(step.places) <= 1
    return cues


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
    cues = obeys(made, 15, seed)
    assert sum(map(len, cues)) >= 15, "somebody can always take the floor"


@ALL
@settings(max_examples=effort(12, 30))
@given(graphs(), st.integers(0, 2**64 - 1))
def test_whoever_is_away_is_neither_cued_nor_asked(name: str, graph: Graph, seed: int) -> None:
    assume(told_apart(graph))
    obeys(ROUTERS[name](graph), 15, seed, away=True)


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
    obeys((router, conditional), 15, seed)


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
    router, graph = ROUTERS[name](graph)
    one = [step.places for step in steps(router, graph, 12, seed)]
    assert one == [step.places for step in steps(copy.deepcopy(router), graph, 12, seed)]


@ALL
def test_asking_and_hearing_change_neither_state_nor_view(name: str) -> None:
    router, graph = ROUTERS[name](complete("A", "B", "C"))
    for step in steps(router, graph, 12):
        before = pickle.dumps((step.state, step.view))
        for seed in range(3):
            router.next(step.state, step.view, seed)
        for place in step.places:
            router.heard(step.state, Turn(step.view.turns + 1, "ABC"[place], "x"), place)
        assert pickle.dumps((step.state, step.view)) == before


@ALL
def test_the_state_does_not_grow_with_the_scene(name: str) -> None:
    router, graph = endless(name)
    sizes = [len(pickle.dumps(step.state)) for step in steps(router, graph, 2000)]
    # A count of turns takes a byte or two more; a list of them would take thousands.
    assert max(sizes[len(sizes) // 2 :]) <= max(sizes[20:100]) + 60


@ALL
def test_a_cue_costs_the_same_late_as_early(name: str) -> None:
    """Counted in executed lines, so that a busy machine changes nothing."""
    router, graph = endless(name)
    costs: list[int] = []
    for step in steps(router, graph, 2000):
        state, view, places = step.state, step.view, step.places
        costs.append(_lines(lambda: router.next(state, view, 7)))  # noqa: B023
        if places:
            turn = Turn(view.turns + 1, "A", "x")
            costs[-1] += _lines(lambda: router.heard(state, turn, places[0]))  # noqa: B023
    assert max(costs[len(costs) // 2 :]) <= max(costs[:200])


def endless(name: str) -> Made:
    """A router that does not run out: a script as long as the scene."""
    graph = complete(*"ABCDE")
    if name == "Scripted":
        return Scripted(*path_of(graph, 2001)), graph
    return ROUTERS[name](graph)


OURS = str(Path(sim.__file__).parent)


def _lines(call: Any) -> int:
    """How many lines of ours a call executes. (The collector of garbage may run others' code.)"""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace if frame.f_code.co_filename.startswith(OURS) else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


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
