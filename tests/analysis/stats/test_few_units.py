"""Few units, few clusters, many quantities: laws, known values, and rates with exact bounds."""

from __future__ import annotations

from itertools import product
from math import inf, isnan, nan

import numpy as np
import pytest
from backstage.effort import effort
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as distributions

from analysis.stats import (
    Floats,
    beta_interval,
    bounded_mean_interval,
    hierarchical_bootstrap,
    holm,
    least_p,
    max_t,
    mean_interval,
    sign_flip,
)

TIMES = effort(300, 1000)


def t_of(values: Floats) -> float:
    return abs(float(distributions.ttest_1samp(values, 0).statistic))


def test_one_quantity_is_its_own_family() -> None:
    values = np.array([0.3, -0.1, 0.8, 0.5, 0.2, 0.9, -0.4])
    assert max_t(values[:, None]) == pytest.approx([sign_flip(values, np.zeros(7))])


def test_step_down_is_that_of_all_flips_written_out() -> None:
    values = np.random.default_rng(4).normal(0.4, 1, (7, 4)) + np.array([0, 0.2, 0.8, 0])
    observed = np.array([t_of(values[:, k]) for k in range(4)])
    order = list(np.argsort(-observed))
    expected, highest = np.zeros(4), 0.0
    for place, quantity in enumerate(order):
        rest, reached = order[place:], 0
        for signs in product((1.0, -1.0), repeat=7):
            flipped = values * np.array(signs)[:, None]
            reached += max(t_of(flipped[:, k]) for k in rest) >= observed[quantity] - 1e-9
        highest = max(highest, reached / 2**7)
        expected[quantity] = highest
    assert max_t(values) == pytest.approx(list(expected))


def test_copies_of_a_quantity_cost_nothing_and_holm_pays_for_them() -> None:
    values = np.random.default_rng(5).normal(1.2, 1, 10)
    alone = sign_flip(values, np.zeros(10))
    assert max_t(np.column_stack([values] * 8)) == pytest.approx([alone] * 8)
    assert holm([alone] * 8) == pytest.approx([min(1, 8 * alone)] * 8)


def test_missing_numbers_and_quantities_are_left_out() -> None:
    values = np.random.default_rng(6).normal(1, 1, (8, 3))
    values[2, 0] = nan
    values[:, 1] = nan
    found = max_t(values)
    assert isnan(found[1])
    assert 0 < found[0] <= 1


def test_the_family_of_correlated_quantities_keeps_its_level() -> None:
    generator, alarms = np.random.default_rng(7), 0
    for _ in range(TIMES):
        common = generator.normal(size=(8, 1))
        alarms += min(max_t(common + generator.normal(size=(8, 6)))) <= 0.05
    assert distributions.binomtest(alarms, TIMES, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("pairs", range(1, 9))
def test_no_sign_flip_goes_below_the_least_p(pairs: int) -> None:
    assert sign_flip(np.arange(pairs) + 1.0, np.zeros(pairs)) == pytest.approx(least_p(pairs))
    assert (least_p(pairs) <= 0.05) is (pairs >= 6)


@given(st.integers(0, 30), st.integers(1, 30))
def test_the_beta_interval_is_scipys_and_holds_the_share(successes: int, more: int) -> None:
    trials = successes + more - 1
    if not trials:
        assert isnan(beta_interval(0, 0).low)
        return
    found = beta_interval(successes, trials)
    assert found.low <= found.estimate <= found.high
    if 0 < successes < trials:
        theirs = distributions.beta(successes + 0.5, trials - successes + 0.5).interval(0.95)
        assert (found.low, found.high) == pytest.approx(theirs)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_a_bounded_mean_stays_within_and_is_never_narrower(given_values: list[float]) -> None:
    values = np.array(given_values)
    plain, bounded = mean_interval(values), bounded_mean_interval(values, 0, 1)
    if isnan(plain.low):
        assert isnan(bounded.low)
        return
    assert 0 <= bounded.low <= max(0.0, plain.low) + 1e-12
    assert min(1.0, plain.high) - 1e-12 <= bounded.high <= 1
    mirrored = bounded_mean_interval(1 - values, 0, 1)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((bounded.low, bounded.high))


def test_without_bounds_it_is_students() -> None:
    values = np.array([0.0, 0.1, 3.0])
    assert bounded_mean_interval(values, -inf, inf) == mean_interval(values)


# --- The hierarchical bootstrap ---------------------------------------------------------------


def test_topics_weigh_alike_and_stages_are_not_drawn() -> None:
    values = np.array([0.0] * 9 + [1.0])
    topics = ["a"] * 9 + ["b"]
    assert hierarchical_bootstrap(values, [topics], np.random.default_rng(0)).estimate == 0.5
    stages = np.repeat([0, 1], 20)
    apart = np.tile(np.repeat(np.arange(5), 4), 2)
    noise = np.random.default_rng(1).normal(0, 0.01, 40)
    found = hierarchical_bootstrap(
        stages * 10.0 + noise, [stages, apart], np.random.default_rng(2), fixed=1
    )
    assert found.high - found.low < 0.1
    assert found.estimate == pytest.approx(5, abs=0.1)


def test_too_few_topics_have_no_limits_and_nothing_drawn_is_refused() -> None:
    generator = np.random.default_rng(3)
    four = hierarchical_bootstrap(np.arange(8.0), [np.repeat(np.arange(4), 2)], generator)
    assert four.estimate == pytest.approx(3.5)
    assert isnan(four.low)
    with pytest.raises(ValueError, match="at least one level"):
        hierarchical_bootstrap(np.arange(8.0), [[0] * 8], generator, fixed=1)


def test_it_covers_where_topics_differ() -> None:
    generator, held = np.random.default_rng(8), 0
    topics = np.repeat(np.arange(8), 4)
    for _ in range(TIMES):
        values = generator.normal(size=8)[topics] + generator.normal(size=32)
        found = hierarchical_bootstrap(values, [topics], generator, replicates=400)
        held += found.low <= 0 <= found.high
    assert distributions.binomtest(held, TIMES, 0.95, alternative="less").pvalue > 0.001
