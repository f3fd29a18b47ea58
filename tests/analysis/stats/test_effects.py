"""Effect sizes: laws, and how often their intervals cover what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats import Floats
from analysis.stats.effects import cliffs_delta, permuted, ratio_of_means

SAMPLES = st.lists(st.integers(0, 6), min_size=1, max_size=12).map(
    lambda values: np.array(values, dtype=float)
)


@given(first=SAMPLES, second=SAMPLES)
def test_delta_is_antisymmetric_bounded_and_that_of_mann_and_whitney(
    first: Floats, second: Floats
) -> None:
    there, back = cliffs_delta(first, second), cliffs_delta(second, first)
    assert there.estimate == pytest.approx(-back.estimate)
    if not np.isnan(there.low):
        assert -1 <= there.low <= there.estimate <= there.high <= 1
        assert there.low == pytest.approx(-back.high)
    u = stats.mannwhitneyu(first, second).statistic
    assert there.estimate == pytest.approx(2 * u / (len(first) * len(second)) - 1)
    assert cliffs_delta(first * 3 + 1, second * 3 + 1).estimate == pytest.approx(there.estimate)


@given(values=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=9))
def test_the_limits_are_those_of_leaving_each_pair_out(values: list[tuple[int, int]]) -> None:
    one, two = np.array(values, dtype=float).T + 2  # Two is no share.

    def delta(first: Floats, second: Floats) -> float:
        return float(np.sign(first[:, None] - second[None, :]).mean())

    count = len(one)
    places = range(count)
    left = np.array([delta(np.delete(one, place), np.delete(two, place)) for place in places])
    variance = (count - 1) / count * float(((left - left.mean()) ** 2).sum())
    found = cliffs_delta(one, two, paired=True)
    assert found.estimate == delta(one, two)
    if abs(found.estimate) < 1 and not np.isnan(found.low):
        t = float(stats.t.ppf(0.975, count - 1))
        middle = found.estimate - found.estimate**3
        room = (1 - found.estimate**2) ** 2 + t**2 * variance
        low = (middle - t * variance**0.5 * room**0.5) / (1 - found.estimate**2 + t**2 * variance)
        assert found.low == pytest.approx(max(-1.0, low), abs=1e-9)
    assert np.isnan(found.low) == (len(set(one) | set(two)) == 1)


def test_missing_numbers_and_too_few_have_no_limits() -> None:
    assert np.isnan(cliffs_delta(np.array([np.nan]), np.array([1.0])).estimate)
    two = cliffs_delta(np.array([1.0, 2.0]), np.array([3.0, 4.0, np.nan]))
    assert two.estimate == -1
    assert np.isnan(two.low)
    assert np.isnan(cliffs_delta(np.full(9, 2.0), np.full(9, 2.0)).low), "ties show no variance"
    shares = cliffs_delta(np.ones(9), np.ones(9), paired=True)
    assert shares.low < 0 == shares.estimate < shares.high, "of shares it is their difference"
    assert np.isnan(ratio_of_means(np.array([0.0, 0.0]), np.ones(2)).estimate)


@pytest.mark.parametrize("paired", [False, True])
def test_intervals_cover_what_was_planted(paired: bool) -> None:
    # Of 600 samples of 15, the bar is 95% less what chance does once in a thousand times: 92.2%.
    generator = np.random.default_rng(11)
    shift, common = 0.8, 0.6 if paired else 0.0
    # Of independent members, whether or not they share a pair's own level.
    spread = np.sqrt(2 * (1 + common**2))
    delta = 2 * stats.norm.cdf(shift / spread) - 1
    covered = {"delta": 0, "ratio": 0}
    for _ in range(600):
        level = common * generator.normal(size=15)
        one, two = (level + generator.normal(mean, 1, 15) for mean in (shift, 0.0))
        found = cliffs_delta(one, two, paired=paired)
        covered["delta"] += found.low <= delta <= found.high
        times = ratio_of_means(one + 9.2, two + 5.0, paired=paired)
        covered["ratio"] += times.low <= 2.0 <= times.high
    for count in covered.values():
        assert 0.922 <= count / 600 <= 0.985


def test_the_test_by_permutation_keeps_its_level() -> None:
    # At 5%, 400 samples of no difference: more than 34 happen once in a thousand times.
    generator = np.random.default_rng(4)
    found = sum(
        permuted(generator.exponential(size=6), generator.exponential(size=9), draws=199) <= 0.05
        for _ in range(400)
    )
    assert found <= 34
    assert permuted(np.arange(8.0) + 9, np.arange(8.0), draws=999) <= 0.01
