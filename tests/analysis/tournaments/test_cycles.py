"""Flows, their three parts, and the test of transitivity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.tournaments.ratings.ratings import hodge, rate, transitivity
from benchmarks.validity.ratings import World, draw, entrant
from sim.errors import BadRequest

Row = tuple[str, str, float | None]


def table(rows: list[Row], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["first", "second", "score"]).assign(**columns)


def incidence(flows: pd.DataFrame) -> np.ndarray:
    names = sorted({*flows["first"], *flows["second"]})
    matrix = np.zeros((len(flows), len(names)))
    for row, (first, second) in enumerate(zip(flows["first"], flows["second"], strict=True)):
        matrix[row, names.index(first)], matrix[row, names.index(second)] = 1, -1
    return matrix


@settings(max_examples=effort(8, 20))
@given(st.integers(0, 10_000), st.integers(4, 7), st.integers(8, 40))
def test_parts_are_orthogonal_and_those_of_least_squares(
    seed: int, entrants: int, matches: int
) -> None:
    results = draw(World("", entrants, matches, deviation=0.5, cycle=0.5), seed)
    decomposition = hodge(results)
    flows, weight = decomposition.flows, decomposition.flows["matches"].to_numpy(float)
    parts = flows[["ranking", "curl", "harmonic"]].to_numpy()
    assert parts.sum(axis=1) == pytest.approx(flows["flow"].to_numpy(), abs=1e-9)
    gram = (parts.T * weight) @ parts
    whole = float(weight @ flows["flow"] ** 2)
    assert gram[~np.eye(3, dtype=bool)] == pytest.approx(np.zeros(6), abs=1e-6 * max(whole, 1))
    design = incidence(flows)
    root = np.sqrt(weight)
    solved = np.linalg.lstsq(design * root[:, None], root * flows["flow"], rcond=None)[0]
    assert parts[:, 0] == pytest.approx(design @ solved, abs=1e-8)
    # What is harmonic has no divergence, and no curl around any triangle.
    assert design.T @ (weight * parts[:, 2]) == pytest.approx(np.zeros(design.shape[1]), abs=1e-6)
    flow = {}
    for first, second, value in zip(flows["first"], flows["second"], parts[:, 2], strict=True):
        flow[first, second], flow[second, first] = value, -value
    for one, two in flow:
        for three in {name for pair in flow for name in pair}:
            if (two, three) in flow and (three, one) in flow:
                around = flow[one, two] + flow[two, three] + flow[three, one]
                assert around == pytest.approx(0, abs=1e-6)
    if not np.isnan(decomposition.cyclic):
        assert decomposition.ranking + decomposition.curl + decomposition.harmonic == pytest.approx(
            1
        )


def test_rock_paper_scissors_is_all_curl() -> None:
    rows: list[Row] = [("R", "S", 1.0), ("S", "P", 1.0), ("P", "R", 1.0)] * 8
    rows += [("R", "S", 0.0), ("S", "P", 0.0), ("P", "R", 0.0)] * 2
    parts = hodge(table(rows))
    assert (parts.ranking, parts.curl, parts.harmonic) == pytest.approx((0, 1, 0), abs=1e-12)
    # One match that ended as expected (here: tied) is added to ten.
    assert parts.flows["flow"].abs().tolist() == pytest.approx([np.log(8.5 / 2.5)] * 3)


def test_a_ring_without_triangles_is_harmonic() -> None:
    ring: list[Row] = [("A", "B", 1.0), ("B", "C", 1.0), ("C", "D", 1.0), ("D", "A", 1.0)] * 3
    parts = hodge(table(ring))
    assert (parts.ranking, parts.curl, parts.harmonic) == pytest.approx((0, 0, 1), abs=1e-12)
    assert len(transitivity(table(ring), replicates=20).cycles) == 0
    assert transitivity(table(ring * 5), replicates=99).p == 0.01


def test_where_no_cycle_could_be_nothing_is_said() -> None:
    tree: list[Row] = [("A", "B", 1.0), ("B", "A", 1.0), ("B", "C", 1.0), ("D", "E", 0.0)]
    parts, tested = hodge(table(tree)), transitivity(table(tree))
    assert np.isnan([parts.ranking, parts.curl, parts.harmonic, parts.cyclic]).all()
    assert np.isnan([tested.p, tested.share, tested.expected, tested.corrected]).all()
    assert list(tested.cycles.columns[:3]) == ["first", "second", "third"]


def test_without_cycles_potentials_are_the_ratings() -> None:
    results = draw(World("", 6, 20_000, topics=10), 1)
    parts = hodge(results)
    ratings = rate(results, replicates=0).table.set_index("entrant")["rating"]
    potentials = parts.potentials.set_index("entrant")["potential"]
    assert potentials.to_numpy() == pytest.approx(ratings[potentials.index].to_numpy(), abs=0.05)
    assert parts.cyclic < 0.01


def test_who_was_named_first_does_not_matter() -> None:
    results = draw(World("", 6, 150, cycle=1.0, tie=0.5), 2)
    flipped = results.rename(columns={"first": "second", "second": "first"})
    flipped = flipped.assign(score=1 - results["score"])
    flipped[["side", "order"]] = -results[["side", "order"]]
    one, other = transitivity(results, replicates=50), transitivity(flipped, replicates=50)
    pd.testing.assert_frame_equal(one.cycles, other.cycles)
    assert (one.p, one.share, one.corrected) == (other.p, other.share, other.corrected)


@pytest.mark.parametrize("around", [(0, 1, 2), (0, 2, 1)])
def test_the_strongest_cycle_is_the_planted_one(around: tuple[int, int, int]) -> None:
    # Entrants 0, 1 and 2 are alike but for the cycle; 3 is weaker than all.
    generator = np.random.default_rng(3)
    rows: list[Row] = []
    one, two, three = around
    for first, second in ((one, two), (two, three), (three, one), (0, 3), (1, 3), (2, 3)):
        won = generator.random(60) < (0.7 if second == 3 else 0.8)
        rows += [(entrant(first), entrant(second), float(score)) for score in won]
    tested = transitivity(table(rows), replicates=199)
    best = tested.cycles.iloc[0]
    assert best[["first", "second", "third"]].tolist() == [entrant(place) for place in around]
    assert best["low"] < 3 * np.log(4) < best["high"]
    assert best["low"] > 0
    assert best["p"] == tested.p == 0.005
    assert best["matches"] == 60


def test_the_share_beyond_chance_is_that_which_was_planted() -> None:
    world = World("", 3, 600, deviation=0.5, cycle=1.0)
    strengths = world.strengths()
    flows = np.array([strengths[0] - strengths[1] + 1, strengths[1] - strengths[2] + 1,
                      strengths[2] - strengths[0] + 1])  # fmt: skip
    truth = 3 * np.mean(flows) ** 2 / np.sum(flows**2)
    tested = [transitivity(draw(world, seed), replicates=99) for seed in range(10)]
    assert np.mean([one.corrected for one in tested]) == pytest.approx(truth, abs=0.08)
    assert all(one.p <= 0.05 for one in tested)
    none = [transitivity(draw(World("", 8, 600), seed), replicates=99) for seed in range(10)]
    assert np.mean([one.corrected for one in none]) < 0.06
    apart = [one.share - one.expected for one in none]
    assert np.mean(apart) == pytest.approx(0, abs=0.03)


def test_shares_are_drawn_as_widely_as_they_are() -> None:
    results = draw(World("", 5, 200), 4)
    generator = np.random.default_rng(4)
    # Means of four: a quarter of the variance.
    score = (results["score"] + generator.random((3, 200)).round().sum(axis=0)) / 4
    tested = transitivity(results.assign(score=score), replicates=99)
    assert 0 <= tested.p <= 1
    assert tested.expected < 1


def test_where_all_was_tied_there_is_nothing_beyond_chance() -> None:
    tested = transitivity(draw(World("", 4, 60), 5).assign(score=0.5), replicates=19)
    assert tested.p == 1
    assert np.isnan(tested.corrected)


def test_refusals() -> None:
    with pytest.raises(BadRequest, match="replicates"):
        transitivity(draw(World(""), 0), replicates=0)
    with pytest.raises(BadRequest, match="level"):
        transitivity(draw(World(""), 0), level=95)
    with pytest.raises(BadRequest, match="unknown column"):
        hodge(draw(World(""), 0).assign(judge="Ada"))
