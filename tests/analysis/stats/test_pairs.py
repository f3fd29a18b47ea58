"""Differences, variance between groups, entropy: closed forms, properties, and coverage.

Each binomial test is exact and refuses at 0.001, so that a false alarm is rare and a real loss of
coverage is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, log, nan, sqrt

import numpy as np
import pytest
from backstage.effort import effort
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as distributions

from analysis.stats import (
    Floats,
    Interval,
    between_groups,
    difference,
    entropy,
    jackknife,
    mean_interval,
    paired_difference,
    permutation,
)

ALARM = 0.001
TIMES = effort(600, 1500)
Z = 1.959963984540054

PAIRS = st.lists(
    st.tuples(*[st.floats(-10, 10).map(lambda value: round(value, 3) + 0.0001)] * 2),
    min_size=2, max_size=9,
)  # fmt: skip


def three(interval: Interval) -> list[float]:
    return [interval.estimate, interval.low, interval.high]


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def bits(ones: int, count: int) -> Floats:
    return np.array([1.0] * ones + [0.0] * (count - ones))


# -- closed forms ----------------------------------------------------------------------------------


def test_pairs_are_students() -> None:
    one, two = floats(3.0, 5.5, 1.0, 6.0, 2.5), floats(1.0, 4.5, 2.0, 2.0, 2.0)
    low, high = distributions.ttest_rel(one, two).confidence_interval(0.9)
    assert three(paired_difference(one, two, 0.9)) == pytest.approx([1.3, low, high])


def test_independent_samples_are_welch_s() -> None:
    one, two = floats(3.0, 5.5, 1.0, 6.0, 2.5), floats(0.5, 9.0, 12.0)
    theirs = distributions.ttest_ind(one, two, equal_var=False).confidence_interval(0.95)
    mean = 3.6 - 21.5 / 3
    assert three(difference(one, two)) == pytest.approx([mean, theirs.low, theirs.high])


def test_pairs_of_yes_and_no_are_agresti_and_min_s() -> None:
    """By the table of pairs, with half an observation more in each of its four cells."""
    both, gained, lost, neither = 4, 9, 2, 15
    one = floats(*[1] * both, *[1] * gained, *[0] * lost, *[0] * neither)
    two = floats(*[1] * both, *[0] * gained, *[1] * lost, *[0] * neither)
    p, q = 9.5 / 32, 2.5 / 32
    half = Z * sqrt((p + q - (p - q) ** 2) / 32)
    assert three(paired_difference(one, two)) == pytest.approx([7 / 30, p - q - half, p - q + half])


def test_shares_are_agresti_and_caffo_s() -> None:
    p, q = 8 / 12, 3 / 22
    half = Z * sqrt(p * (1 - p) / 12 + q * (1 - q) / 22)
    interval = difference(bits(7, 10), bits(2, 20))
    assert three(interval) == pytest.approx([0.7 - 0.1, p - q - half, p - q + half])


def test_no_difference_between_many_has_a_width_of_its_own() -> None:
    for made in (paired_difference, difference):
        widths = []
        for count in (5, 50, 500):
            interval = made(np.zeros(count), np.zeros(count))
            assert interval.estimate == 0
            assert interval.low < 0 < interval.high
            widths.append(interval.high - interval.low)
        assert widths[0] > 2 * widths[1] > 4 * widths[2]
    # Shares have limits, and so has their difference.
    assert three(difference(np.ones(3), np.zeros(3)))[2] == 1
    assert three(paired_difference(np.zeros(3), np.ones(3)))[1] == -1


def test_variance_between_groups_by_hand() -> None:
    values = np.array([[0.0, 2.0], [4.0, 6.0], [8.0, 10.0]])
    # MSB = 2 var(1, 5, 9) = 32 and MSW = 2; leaving out a group, 7, 31 and 7.
    pseudo = [3 * 15 - 2 * left for left in (7, 31, 7)]
    half = distributions.t.ppf(0.975, 2) * np.std(pseudo, ddof=1) / sqrt(3)
    interval = between_groups(values)
    # The jackknife is wider below; above it is what 32 on two degrees of freedom may come from.
    assert [interval.estimate, interval.low] == pytest.approx([15, 15 - half])
    chi, inner = distributions.chi2.ppf(0.025, 2), distributions.chi2.ppf(0.975, 3)
    ratio = distributions.f.ppf(0.025, 2, 3)
    h1, g2 = 2 / chi - 1, 1 - 3 / inner
    both = ((1 - ratio) ** 2 - (h1 * ratio) ** 2 - g2**2) / ratio
    spread = (h1 * 32) ** 2 + (g2 * 2) ** 2 + both * 32 * 2
    assert interval.high == pytest.approx((32 - 2 + sqrt(spread)) / 2)
    ratio = distributions.f_oneway(*values).statistic
    assert between_groups(values).estimate == pytest.approx((ratio - 1) * 2 / 2)
    # Groups of one mean are further below zero than chance would have it.
    assert between_groups(np.array([[0.0, 2.0], [2.0, 0.0], [0.0, 2.0]])).estimate == -1


@pytest.mark.parametrize(
    ("counts", "kinds", "total", "plain"),
    [
        ([1, 1], 2, 2, 1.0),
        ([2, 1, 1], 3, 4, 1.5),
        ([4, 4, 4, 4], 4, 16, 2.0),
        ([9, 1], 2, 10, -(0.9 * log(0.9, 2) + 0.1 * log(0.1, 2))),
        ([7], 1, 7, 0.0),
    ],
)
def test_entropy_is_miller_and_madow_s(
    counts: list[int], kinds: int, total: int, plain: float
) -> None:
    expected = plain + (kinds - 1) / (2 * total * log(2))
    assert entropy(counts) == pytest.approx(expected)
    assert entropy([0, *reversed(counts), 0]) == pytest.approx(expected)


def test_entropy_has_hardly_a_bias() -> None:
    generator = np.random.default_rng(1)
    drawn = generator.multinomial(20, [0.4, 0.3, 0.2, 0.1], TIMES)
    truth = -sum(p * log(p, 2) for p in (0.4, 0.3, 0.2, 0.1))
    corrected = np.mean([entropy(counts.tolist()) for counts in drawn])
    shares = drawn / 20
    plain = -np.mean(np.sum(shares * np.log2(np.where(shares > 0, shares, 1)), axis=1))
    assert abs(corrected - truth) < 0.02
    assert plain < truth - 0.08


# -- what cannot be said ---------------------------------------------------------------------------


def test_what_cannot_be_said_is_missing() -> None:
    nothing = floats()
    for interval in (
        paired_difference(nothing, nothing), difference(nothing, floats(1.0)),
        paired_difference(floats(nan, 1.0), floats(1.0, nan)), difference(floats(nan), floats(1.0)),
        between_groups(np.ones((1, 5))), between_groups(np.ones((5, 1))),
    ):  # fmt: skip
        assert all(map(isnan, three(interval)))
    for interval in (
        paired_difference(floats(2.0), floats(0.5)), difference(floats(2.0), floats(0.5, 0.5)),
        between_groups(np.array([[0.0, 1.0], [2.0, 5.0]])),
    ):  # fmt: skip
        assert not isnan(interval.estimate)
        assert isnan(interval.low)
        assert isnan(interval.high)
    assert isnan(entropy([]))
    assert isnan(entropy([0, 0]))


@given(PAIRS, st.data())
def test_missing_is_left_out_and_is_no_zero(
    pairs: list[tuple[float, float]], data: st.DataObject
) -> None:
    one, two = (np.array(part) for part in zip(*pairs, strict=True))
    holes = np.array(data.draw(st.lists(st.booleans(), min_size=len(one), max_size=len(one))))
    with_holes = np.where(holes, nan, one)
    expected = paired_difference(one[~holes], two[~holes])
    assert three(paired_difference(with_holes, two)) == pytest.approx(three(expected), nan_ok=True)
    assert three(difference(with_holes, two)) == pytest.approx(
        three(difference(one[~holes], two)), nan_ok=True
    )


@given(PAIRS, st.floats(0.1, 9), st.floats(-5, 5))
def test_sides_scales_and_orders(
    pairs: list[tuple[float, float]], scale: float, shift: float
) -> None:
    one, two = (np.array(part) for part in zip(*pairs, strict=True))
    order = np.random.default_rng(len(pairs)).permutation(len(pairs))
    for made in (paired_difference, difference):
        interval = made(one, two)
        back = made(two, one)
        flipped = [-back.estimate, -back.high, -back.low]
        assert three(interval) == pytest.approx(flipped, abs=1e-9, nan_ok=True)
        reordered = three(made(one[order], two[order]))
        assert reordered == pytest.approx(three(interval), abs=1e-9, nan_ok=True)
        if 0 < np.ptp(one - two) < 1e-6:
            continue  # whether these are alike is decided in the last bits
        moved = made(scale * one + shift, scale * two + shift)
        expected = [scale * each for each in three(interval)]
        assert three(moved) == pytest.approx(expected, abs=1e-6, nan_ok=True)


@given(st.floats(-1, 1), st.integers(1, 40))
def test_numbers_that_are_all_alike_have_no_limits(value: float, count: int) -> None:
    """They show no variance, which does not mean that there is none."""
    same = np.full(count, value)
    for interval in (
        mean_interval(same),
        paired_difference(same, np.zeros(count), share=False),
        jackknife(same[:, None], lambda means: means[..., 0]),
    ):
        assert interval.estimate == pytest.approx(value)
        assert np.isnan(interval.low)
        assert np.isnan(interval.high)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6))
def test_entropy_is_of_the_counts_alone(counts: list[int]) -> None:
    assert entropy(counts) == pytest.approx(entropy(sorted(counts)), nan_ok=True)
    if sum(counts):
        assert entropy(counts) >= 0


# -- coverage --------------------------------------------------------------------------------------

Draw = Callable[[np.random.Generator], Interval]


def covered(draw: Draw, truth: float, times: int = TIMES) -> int:
    generator = np.random.default_rng(7)
    return sum(
        interval.low <= truth <= interval.high
        for interval in (draw(generator) for _ in range(times))
    )


@pytest.mark.parametrize("count", [4, 20])
def test_intervals_of_numbers_cover(count: int) -> None:
    def paired(generator: np.random.Generator) -> Interval:
        shared = generator.normal(0, 3, count)
        return paired_difference(
            shared + generator.normal(1, 1, count), shared + generator.normal(0.5, 1, count)
        )

    def apart(generator: np.random.Generator) -> Interval:
        return difference(generator.normal(1, 1, count), generator.normal(0.5, 3, 2 * count))

    for draw in (paired, apart):
        assert distributions.binomtest(covered(draw, 0.5), TIMES, 0.95).pvalue > ALARM


@pytest.mark.parametrize(
    ("gained", "lost", "both"), [(0.1, 0.1, 0.0), (0.3, 0.1, 0.2), (0.05, 0.02, 0.0)]
)
@pytest.mark.parametrize("count", [10, 20, 50])
def test_intervals_of_yes_and_no_cover(gained: float, lost: float, both: float, count: int) -> None:
    """At least: where hardly anything happens they are wider than they need be."""

    def paired(generator: np.random.Generator) -> Interval:
        drawn = generator.random(count)
        one = drawn < gained + both
        two = (drawn < both) | ((drawn >= gained + both) & (drawn < gained + both + lost))
        return paired_difference(one.astype(float), two.astype(float))

    def apart(generator: np.random.Generator) -> Interval:
        one, two = generator.random(count) < gained + both, generator.random(count) < lost + both
        return difference(one.astype(float), two.astype(float))

    for draw in (paired, apart):
        coverage = covered(draw, gained - lost)
        assert distributions.binomtest(coverage, TIMES, 0.94, alternative="less").pvalue > ALARM


def groups(spread: float, count: int = 20) -> Draw:
    def draw(generator: np.random.Generator) -> Interval:
        centre = generator.normal(0, spread, (count, 1))
        return between_groups(centre + generator.normal(0, 1, (count, 5)))

    return draw


def test_groups_that_are_alike_rarely_alarm_and_others_do() -> None:
    generator, times = np.random.default_rng(3), 1500
    alarms = sum(groups(0.0)(generator).low > 0 for _ in range(times))
    assert distributions.binomtest(alarms, times, 0.025, alternative="greater").pvalue > ALARM
    assert sum(groups(2.0)(generator).low > 0 for _ in range(200)) > 190
    means = np.mean([groups(0.5)(generator).estimate for _ in range(times)])
    assert means == pytest.approx(0.25, abs=0.02), "without a bias"


@pytest.mark.parametrize("count", [8, 20, 40])
def test_the_variance_between_groups_is_covered_as_it_says(count: int) -> None:
    coverage = covered(groups(1.0, count), 1.0)
    assert distributions.binomtest(coverage, TIMES, 0.95, alternative="less").pvalue > ALARM


def test_a_few_groups_far_from_the_rest_are_covered_four_times_in_five() -> None:
    """One group in ten is far away: of twenty, it takes luck to see one in ten."""

    def draw(generator: np.random.Generator) -> Interval:
        centre = (generator.random((20, 1)) < 0.1) / 0.3
        return between_groups(centre + generator.normal(0, 1, (20, 5)))

    coverage = covered(draw, 1.0)
    assert distributions.binomtest(coverage, TIMES, 0.8, alternative="less").pvalue > ALARM


def test_signs_that_are_drawn_by_parts_are_the_same_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(0.3, 1, size=(2, 21))
    drawn = np.random.default_rng(0).choice([-1.0, 1.0], size=(9999, 21))
    signs = np.vstack([np.ones(21), drawn])
    spread = np.abs(signs @ (values[0] - values[1]))
    expected = float(np.mean(spread >= spread[0] - 1e-12))
    assert 0 < expected < 1
    for held in (1, 1000, 1 << 20):
        monkeypatch.setattr(permutation, "_SIGNS", held)
        assert permutation.sign_flip(values[0], values[1]) == expected
