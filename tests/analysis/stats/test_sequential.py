"""Bounds that hold at every look: their laws, and what is known of them from elsewhere."""

from __future__ import annotations

from math import exp, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.stats.sequential import (
    bets,
    betting_interval,
    crossed,
    crossing,
    log_capital,
    looks_of,
    repeated_limits,
    spending_bounds,
    spent,
)
from sim.errors import BadRequest

UNIT = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10), st.floats(0.05, 0.95), st.booleans())
def test_the_capital_is_fair(length: int, mean: float, larger: bool) -> None:
    """Over all sequences of 0 and 1 with chance ``mean`` the mean of the capital is 1: exactly."""
    length = min(length, 8) + 1
    every = (np.arange(2**length)[:, None] >> np.arange(length)) & 1
    chances = (mean**every * (1 - mean) ** (1 - every)).prod(axis=1)
    capital = np.exp(log_capital(every.astype(float), mean, bets(50), larger=larger)[:, -1])
    assert float(chances @ capital) == pytest.approx(1, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(UNIT)
def test_the_capital_falls_as_the_mean_that_is_doubted_grows(values: np.ndarray) -> None:
    at = [float(log_capital(values, m, bets(30), larger=True)[-1]) for m in (0.2, 0.5, 0.8)]
    assert at[0] >= at[1] >= at[2]


@settings(max_examples=40, deadline=None)
@given(UNIT, st.floats(0.02, 0.98))
def test_the_interval_and_the_crossings_agree(values: np.ndarray, mean: float) -> None:
    above, below = crossed(values, mean, (0.0, 1.0), 30)
    found = betting_interval(values, (0.0, 1.0), 30)
    assert not (above[-1] and found.low < mean - 1e-6)
    assert not (below[-1] and found.high > mean + 1e-6)
    assert bool(above[-1]) == (found.low > mean) or abs(found.low - mean) < 1e-6 or below[-1]


@settings(max_examples=30, deadline=None)
@given(UNIT, st.floats(-5, 5), st.floats(0.1, 9))
def test_the_interval_moves_with_the_scale(values: np.ndarray, shift: float, scale: float) -> None:
    unit = betting_interval(values, (0.0, 1.0), 30)
    moved = betting_interval(shift + scale * values, (shift, shift + scale), 30)
    assert moved.low == pytest.approx(shift + scale * unit.low, abs=1e-5)
    assert moved.high == pytest.approx(shift + scale * unit.high, abs=1e-5)


def test_a_look_that_is_left_out_sees_nothing() -> None:
    values = np.concatenate([np.ones(8), np.tile([0.0, 1.0], 10)])
    never = np.zeros(len(values), dtype=bool)
    assert betting_interval(values, (0.0, 1.0), 28, looked=never).low == 0.0
    assert betting_interval(values, (0.0, 1.0), 28).low > 0.5


def test_the_sequence_covers_at_all_looks_together() -> None:
    """300 studies; at 5% of wrong sequences, more than 28 come once in a thousand times."""
    generator = np.random.default_rng(2)
    values = (generator.random((300, 60)) < 0.1).astype(float)
    above, below = crossed(values, 0.1, (0.0, 1.0), 60)
    wrong = int((above.any(axis=1) | below.any(axis=1)).sum())
    assert binomtest(wrong, 300, 0.05, alternative="greater").pvalue > 0.001
    assert wrong > 0, "a sequence that is never wrong is too wide"


def test_bounds_are_those_of_the_literature() -> None:
    """Five equal looks, 5% two-sided: Lan and DeMets 1983, as ldbounds and Jennison and Turnbull
    2000 have them."""
    looks = (1, 2, 3, 4, 5)
    fleming = spending_bounds(looks, 5).bounds
    assert fleming == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.002)
    pocock = spending_bounds(looks, 5, spending="pocock").bounds
    assert pocock == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=0.002)
    assert spending_bounds((7,), 7).bounds[0] == pytest.approx(1.95996, abs=1e-4)


def test_what_is_spent_is_what_the_function_allows() -> None:
    bounds = spending_bounds(looks_of(40), 40)
    late = [place for place, bound in enumerate(bounds.bounds) if np.isfinite(bound)]
    for place in late[::8]:
        allowed = spent(bounds.looks[place] / 40, 0.05, "obrien-fleming")
        assert bounds.by[place] == pytest.approx(allowed, abs=1e-6)
    assert crossing(bounds, 40, 0.0).by[-1] == pytest.approx(0.05, abs=1e-6)


def test_crossing_agrees_with_simulated_walks() -> None:
    """4,000 walks with a drift; their share differs from the integral by more than 0.026 once in a
    thousand times."""
    bounds = spending_bounds(looks_of(30), 30)
    steps = np.random.default_rng(4).normal(3.0 / np.sqrt(30), 1, (4000, 30))
    z = np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, 31))
    share = float((np.abs(z) > bounds.bounds).any(axis=1).mean())
    assert share == pytest.approx(crossing(bounds, 30, 3.0).by[-1], abs=0.026)


@pytest.mark.parametrize("looks", [(), (2, 1), (0, 3), (3, 9)])
def test_looks_that_make_no_sense_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(BadRequest, match="do not rise"):
        spending_bounds(looks, 5)


def test_repeated_limits_are_those_of_mcnemar() -> None:
    """For -1, 0 and 1 the test is (gained - lost) / sqrt(gained + lost)."""
    values = np.array([1.0] * 9 + [-1.0] + [0.0] * 20)
    z = 8 / np.sqrt(10)
    wide, narrow = (repeated_limits(values, bound)[-1] for bound in (z * 1.001, z * 0.999))
    assert wide > values.mean() > narrow


def test_values_that_are_all_alike_have_no_limits() -> None:
    assert repeated_limits(np.full(20, 0.05), 2.0)[-1] == inf
    assert repeated_limits(np.zeros(20), 2.0, 1.0)[-1] < inf


def test_a_hundred_ones_are_no_surprise_at_one() -> None:
    assert exp(float(log_capital(np.ones(100), 1.0, bets(100), larger=True)[-1])) <= 1 + 1e-9
    assert betting_interval(np.ones(100), (0.0, 1.0), 100).high == pytest.approx(1)
