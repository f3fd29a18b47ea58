"""Shared statistics against known values, scipy and simulation."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as distributions

from analysis import stats


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (50, 1000)])
def test_clopper_pearson_is_that_of_scipy(k: int, n: int) -> None:
    ours = stats.clopper_pearson(k, n)
    theirs = distributions.binomtest(k, n).proportion_ci(method="exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0])
    ours = stats.jackknife(values[:, None], lambda means: means[..., 0])
    low, high = distributions.t.interval(0.95, 3, values.mean(), distributions.sem(values))
    assert (ours.low, ours.high) == pytest.approx((low, high))


def test_one_unit_has_no_interval_and_none_no_estimate() -> None:
    one = stats.jackknife_ratio(np.array([1.0]), np.array([2.0]))
    assert one.estimate == 0.5
    assert isnan(one.low)
    assert isnan(stats.jackknife_ratio(np.array([]), np.array([])).estimate)
    assert isnan(stats.jackknife_ratio(np.array([1.0]), np.array([0.0])).estimate)
    assert isnan(stats.clopper_pearson(0, 0).estimate)


def test_kaplan_meier_agrees_with_scipy() -> None:
    times = np.array([2.0, 3.0, 3.0, 5.0, 8.0, 8.0, 9.0])
    happened = np.array([True, True, False, True, False, True, True])
    data = distributions.CensoredData.right_censored(times, ~happened)
    curve = distributions.ecdf(data).sf
    grid = np.arange(0, 9, 1e-3)
    area = float(np.sum(curve.evaluate(grid)) * 1e-3)
    ours = stats.restricted_mean_time(times, happened, 9.0)
    assert ours.estimate == pytest.approx(area, abs=2e-3)
    assert ours.low < ours.estimate < ours.high


def test_nothing_is_said_beyond_the_last_look() -> None:
    times, happened = np.array([2.0, 5.0]), np.array([True, False])
    assert isnan(stats.restricted_mean_time(times, happened, 8.0).estimate)
    assert stats.restricted_mean_time(times, happened, 5.0).estimate == pytest.approx(3.5)


def test_restricted_mean_covers() -> None:
    generator = np.random.default_rng(0)
    truth = 10 * (1 - np.exp(-1.2))
    covered = 0
    for _ in range(500):
        event = generator.exponential(10, 60)
        censor = generator.uniform(6, 30, 60)
        interval = stats.restricted_mean_time(np.minimum(event, censor), event <= censor, 12.0)
        covered += interval.low <= truth <= interval.high
    assert distributions.binomtest(covered, 500, 0.94, alternative="less").pvalue > 0.001


def test_sign_flip_is_scipys_permutation_test() -> None:
    first, second = np.array([3.0, 5.0, 1.0, 6.0, 2.5]), np.array([1.0, 4.5, 2.0, 2.0, 2.0])
    theirs = distributions.permutation_test(
        [first.tolist(), second.tolist()],
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9999,
    )
    assert stats.sign_flip(first, second) == pytest.approx(theirs.pvalue)
    drawn = stats.sign_flip(first, second, exact_up_to=2, draws=20000)
    assert drawn == pytest.approx(theirs.pvalue, abs=0.02)


def test_adjustments_are_the_published_ones() -> None:
    values = [0.01, 0.04, 0.03, nan, 0.005]
    assert stats.holm(values)[:3] == pytest.approx([0.03, 0.06, 0.06])
    theirs = distributions.false_discovery_control([0.01, 0.04, 0.03, 0.005])
    ours = [value for value in stats.benjamini_hochberg(values) if not isnan(value)]
    assert ours == pytest.approx(list(theirs))
    assert isnan(stats.holm(values)[3])


def test_a_cluster_bootstrap_is_wider_where_clusters_differ() -> None:
    generator = np.random.default_rng(1)
    clusters = np.repeat(np.arange(12), 10)
    values = generator.normal(0, 1, 12)[clusters] + generator.normal(0, 0.1, 120)
    whole = stats.cluster_bootstrap(values, clusters, generator)
    alone = stats.cluster_bootstrap(values, np.arange(120), generator)
    assert whole.high - whole.low > 2 * (alone.high - alone.low)
    assert isnan(stats.cluster_bootstrap(values, np.zeros(120), generator).low)
    assert isnan(stats.cluster_bootstrap(np.array([nan]), np.array([0]), generator).estimate)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_adjusting_never_lowers_p_and_keeps_order(values: list[float]) -> None:
    for adjust in (stats.holm, stats.benjamini_hochberg):
        adjusted = adjust(values)
        assert all(new >= old - 1e-12 for new, old in zip(adjusted, values, strict=True))
        order = np.argsort(values, kind="stable")
        assert all(np.diff(np.array(adjusted)[order]) >= -1e-12)
