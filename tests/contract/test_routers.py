"""What every router obeys. A router of ``sim.routing`` is tested by being there."""

from __future__ import annotations

import copy
import inspect
import itertools
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from backstage.strategies import graphs
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim import Edge, Graph, complete, routing
from sim.events import Turn
from sim.graph import PublicView
from sim.routing import Router
from sim.seeds import derive


def routers() -> list[Router]:
    """One of each class in ``sim.routing`` that is a router and can be made without arguments."""
    found = [
        kind
        for _, kind in inspect.getmembers(routing, inspect.isclass)
        if kind is not Router and all(hasattr(kind, part) for part in ("start", "heard", "next"))
    ]
    return [kind() for kind in found]


ALL = pytest.mark.parametrize("router", routers(), ids=lambda router: type(router).__name__)


def steps(router: Router, graph: Graph, length: int, seed: int = 1) -> Any:
    """The states and cues of a scene: (state, view, cues) before each cue."""
    floor, view = graph.compiled(), PublicView()
    state, said = router.start(floor), 0
    while said < length:
        cues = router.next(state, view, derive(seed, "route", said))
        yield state, view, cues
        if not cues:
            return
        for seat in cues:
            said += 1
            text = "Why?" if derive(seed, "text", said) & 1 else "No."
            view.last = Turn(said, floor.names[seat], text)
            view.turns = said
            state = router.heard(state, view.last, seat)


def spoke(router: Router, graph: Graph, length: int, seed: int = 1) -> list[str]:
    return [graph.names[seat] for _, _, cues in steps(router, graph, length, seed) for seat in cues]


def test_there_are_routers() -> None:
    assert {"Walk", "LongestWait"} <= {type(router).__name__ for router in routers()}


@ALL
@settings(max_examples=50)
@given(graphs(), st.integers(0, 2**64 - 1))
def test_only_edges_that_exist_are_walked(router: Router, graph: Graph, seed: int) -> None:
    names = spoke(router, graph, 15, seed)
    edges = {(edge.source, edge.target) for edge in graph.edges}
    assert names[0] == graph.first
    assert set(itertools.pairwise(names)) <= edges
    assert len(names) == 15, "somebody can always take the floor"


@ALL
@settings(max_examples=50)
@given(graphs(), st.integers(0, 2**64 - 1), st.data())
def test_only_open_edges_are_walked(
    router: Router, graph: Graph, seed: int, data: st.DataObject
) -> None:
    """Some edges open after a question only, some never."""
    rules = {"always": None, "asked": _asked, "never": _never}
    edges = tuple(
        Edge(**{**dict(edge), "when": rules[data.draw(st.sampled_from(sorted(rules)))]})
        for edge in graph.edges
    )
    conditional = Graph(names=graph.names, edges=edges, first=graph.first)
    before: int | None = None
    for _, view, cues in steps(router, conditional, 15, seed):
        if before is not None:
            opened = {
                edge.target
                for edge in edges
                if edge.source == graph.names[before] and (edge.when is None or edge.when(view))
            }
            assert {graph.names[seat] for seat in cues} <= opened
            assert bool(cues) == bool(opened), "the floor is empty only if every edge is shut"
        before = cues[-1] if cues else None


def _asked(view: PublicView) -> bool:
    return view.last is not None and "?" in view.last.text


def _never(view: PublicView) -> bool:
    return False


@ALL
@settings(max_examples=30)
@given(graphs(), st.integers(0, 2**64 - 1))
def test_a_seed_gives_a_way(router: Router, graph: Graph, seed: int) -> None:
    assert spoke(router, graph, 12, seed) == spoke(copy.deepcopy(router), graph, 12, seed)


@ALL
def test_asking_and_hearing_change_neither_state_nor_view(router: Router) -> None:
    for state, view, cues in steps(router, complete("A", "B", "C"), 12):
        before = pickle.dumps((state, view))
        for seed in range(3):
            router.next(state, view, seed)
        for seat in cues:
            router.heard(state, Turn(view.turns + 1, "ABC"[seat], "x"), seat)
        assert pickle.dumps((state, view)) == before


@ALL
def test_the_state_does_not_grow_with_the_scene(router: Router) -> None:
    sizes = [len(pickle.dumps(state)) for state, _, _ in steps(router, complete(*"ABCDE"), 2000)]
    # A count of turns takes a byte or two more; a list of them would take thousands.
    assert max(sizes[1000:]) <= max(sizes[20:100]) + 40


@ALL
def test_a_cue_costs_the_same_late_as_early(router: Router) -> None:
    """Counted in executed lines, so that a busy machine changes nothing."""
    costs: list[int] = []
    for state, view, cues in steps(router, complete(*"ABCDE"), 2000):
        costs.append(_lines(lambda: router.next(state, view, 7)))  # noqa: B023
        if cues:
            turn = Turn(view.turns + 1, "A", "x")
            costs[-1] += _lines(lambda: router.heard(state, turn, cues[0]))  # noqa: B023
    assert max(costs[1000:]) <= max(costs[:100])


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
