"""The routers that ship, each by what it promises beyond the contract of all."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sim import Edge, Graph, complete, ring, star
from sim.events import Turn
from sim.scene.graph import PublicView
from sim.scene.routing import LongestWait, Router, Walk
from sim.seeds import derive

# A true law is rejected with this probability; the seeds are fixed, so it is decided once.
P = 0.001


def route(router: Router, graph: Graph, length: int, seed: int = 1) -> list[str]:
    """Who speaks, for so many turns, as the engine asks it."""
    floor, view, spoke = graph.compiled(), PublicView(), []
    state = router.start(floor)
    while len(spoke) < length:
        cues = router.next(state, view, derive(seed, "route", len(spoke)))
        if not cues:
            break
        for place in cues:
            turn = Turn(len(spoke) + 1, floor.names[place], "Well?")
            spoke.append(turn.speaker)
            view.last, view.turns = turn, turn.index
            state = router.heard(state, turn, place)
    return spoke


@pytest.mark.parametrize("router", [Walk(), LongestWait()], ids=repr)
@pytest.mark.parametrize("seed", range(5))
def test_a_ring_goes_round(router: Router, seed: int) -> None:
    names = ("A", "B", "C", "D")
    assert route(router, ring(*names), 12, seed) == list(names) * 3


def test_a_walk_on_a_complete_graph_follows_the_weights() -> None:
    weights = {"A": 1.0, "B": 2.0, "C": 4.0, "D": 0.5}
    spoke = route(Walk(), complete(*weights, weights=weights), 20_000)
    followed = Counter(itertools.pairwise(spoke))
    for source in weights:
        others = [name for name in weights if name != source]
        seen = [followed[source, name] for name in others]
        total = sum(weights[name] for name in others)
        expected = [sum(seen) * weights[name] / total for name in others]
        assert chisquare(seen, expected).pvalue > P, source


def test_every_seed_walks_its_own_way() -> None:
    graph = complete("A", "B", "C")
    assert len({tuple(route(Walk(), graph, 12, seed)) for seed in range(20)}) > 15


@pytest.mark.parametrize("router", [Walk(), LongestWait()], ids=repr)
@pytest.mark.parametrize("seed", range(5))
def test_on_a_star_every_other_turn_is_the_moderators(router: Router, seed: int) -> None:
    spoke = route(router, star("M", "A", "B", "C"), 40, seed)
    assert spoke[::2] == ["M"] * 20
    assert "M" not in spoke[1::2]


@given(st.integers(2, 6), st.integers(0, 2**32))
def test_nobody_waits_longer_than_a_round(others: int, seed: int) -> None:
    names = [f"N{index}" for index in range(others)]
    on_star = route(LongestWait(), star("M", *names), 2 * others * 5, seed)[1::2]
    on_complete = route(LongestWait(), complete("M", *names), (others + 1) * 5, seed)
    for spoke, size in ((on_star, others), (on_complete, others + 1)):
        for start in range(0, len(spoke), size):
            assert len(set(spoke[start : start + size])) == size


def test_a_walk_is_not_fair() -> None:
    """Otherwise the law above would say nothing about ``LongestWait``."""
    spoke = route(Walk(), star("M", "A", "B", "C"), 60)[1::2]
    rounds = [set(spoke[start : start + 3]) for start in range(0, 30, 3)]
    assert any(len(one) < 3 for one in rounds)


def test_the_longest_wait_is_tied_only_at_the_start() -> None:
    graph = complete("A", "B", "C", weights={"B": 3.0, "C": 1.0})
    first = Counter(route(LongestWait(), graph, 2, seed)[1] for seed in range(2000))
    assert chisquare([first["B"], first["C"]], [1500, 500]).pvalue > P
    spoke = route(LongestWait(), graph, 30, seed=4)
    assert spoke == spoke[:3] * 10


def test_a_closed_edge_is_not_taken_even_by_whoever_waited_longest() -> None:
    shut = Edge(source="M", target="B", when=lambda view: view.turns > 6)
    open_ = [Edge(source=a, target=b) for a, b in (("M", "A"), ("A", "M"), ("B", "M"))]
    graph = Graph(names=("M", "A", "B"), edges=(*open_, shut), first="M")
    for router in (Walk(), LongestWait()):
        spoke = route(router, graph, 30)
        assert "B" not in spoke[:7]
    assert route(LongestWait(), graph, 9)[7] == "B"


def test_nobody_is_cued_when_no_edge_is_open() -> None:
    graph = Graph(
        names=("A", "B"),
        edges=(Edge(source="A", target="B"), Edge(source="B", target="A", when=lambda view: False)),
        first="A",
    )
    for router in (Walk(), LongestWait()):
        assert route(router, graph, 10) == ["A", "B"]
