"""Linear contrasts of arms: laws, errors of the test, coverage of the limits."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.linear_contrasts import Contrasted, contrast
from analysis.stats import mean_interval

COLUMNS = ["arm", "topic", "seed", "value"]
LESS = {"a": 1.0, "b": -1.0}


def rows(a: list[float], b: list[float], topics: int = 1) -> pd.DataFrame:
    """Two arms with shared seeds, dealt to topics in turn."""
    return pd.DataFrame(
        [
            (arm, f"topic {place % topics}", place, value)
            for arm, values in (("a", a), ("b", b))
            for place, value in enumerate(values)
        ],
        columns=COLUMNS,
    )


finite = st.floats(-100, 100, allow_nan=False)


@given(st.lists(st.tuples(finite, finite), min_size=3, max_size=12))
def test_exchanging_the_arms_turns_the_sign(pairs: list[tuple[float, float]]) -> None:
    one, two = ([pair[side] for pair in pairs] for side in (0, 1))
    up, down = contrast(rows(one, two), LESS), contrast(rows(two, one), LESS)
    assert up.interval.estimate == pytest.approx(-down.interval.estimate)
    assert up.p == pytest.approx(down.p)
    if not isnan(up.interval.low):
        assert up.interval.low == pytest.approx(-down.interval.high, abs=1e-9)


@given(st.lists(st.tuples(finite, finite), min_size=3, max_size=12), st.floats(-5, 5))
def test_a_null_shifts_with_the_values(pairs: list[tuple[float, float]], shift: float) -> None:
    one, two = ([pair[side] for pair in pairs] for side in (0, 1))
    at_zero = contrast(rows(one, two), LESS)
    moved = contrast(rows([value + shift for value in one], two), LESS, null=shift)
    assert moved.p == pytest.approx(at_zero.p, abs=0.05)
    assert moved.interval.estimate == pytest.approx(at_zero.interval.estimate + shift, abs=1e-6)


def test_one_topic_is_students_interval_over_blocks() -> None:
    one, two = np.array([1.0, 4.0, 2.0, 5.0, 3.5]), np.array([0.0, 1.0, 2.0, 1.5, 1.0])
    found = contrast(rows(list(one), list(two)), LESS)
    assert found.interval == mean_interval(one - two)
    assert (found.units, found.unit, found.topics) == (5, "block", 1)


def test_six_topics_are_the_units_and_five_are_not() -> None:
    values = [float(value) for value in range(30)]
    zeros = [0.0] * 30
    few, many = (contrast(rows(values, zeros, topics), LESS) for topics in (5, 6))
    assert (few.unit, few.units, few.fixed_topics) == ("block", 30, True)
    assert (many.unit, many.units, many.fixed_topics) == ("topic", 6, False)


def test_topics_that_differ_widen_what_is_said_of_other_topics() -> None:
    """Twenty seeds of each topic say nothing of the spread between topics."""
    generator = np.random.default_rng(3)
    effects = generator.normal(0, 2, 6)
    values = [float(effects[place % 6] + generator.normal(0, 0.1)) for place in range(120)]
    found = contrast(rows(values, [0.0] * 120, 6), LESS)
    assert found.interval.high - found.interval.low > 1.0


def test_a_missing_number_leaves_its_block_out_and_is_counted() -> None:
    found = contrast(rows([1.0, nan, 3.0, 4.0], [0.0, 0.0, 0.0, nan]), LESS)
    assert found.units == 2
    assert found.missing == {"a": 1, "b": 1}
    assert found.played == {"a": 4, "b": 4}
    assert found.means["a"] == pytest.approx((1 + 3 + 4) / 3)


def test_nothing_known_is_no_number() -> None:
    found = contrast(rows([nan, nan], [nan, nan]), LESS)
    assert isnan(found.interval.estimate)
    assert isnan(found.p)


def test_arms_without_shared_seeds_are_independent() -> None:
    table = pd.concat([rows([1.0, 2.0, 3.0], []), rows([], [0.0, 0.5, 0.1, 0.2])])
    table.loc[table["arm"] == "b", "seed"] += 100
    found = contrast(table, LESS)
    assert (found.unit, found.units) == ("trial", 7)
    assert found.interval.estimate == pytest.approx(2.0 - 0.2)


def _played(times: int, gain: float, topics: int, size: int = 12) -> list[Contrasted]:
    generator = np.random.default_rng(11)
    found = []
    for _ in range(times):
        shared = generator.normal(0, 1, size)
        one = shared + generator.normal(gain, 1, size)
        two = shared + generator.normal(0, 1, size)
        found.append(contrast(rows(list(one), list(two), topics), LESS))
    return found


@pytest.mark.parametrize("topics", [1, 3, 6])
def test_limits_cover_and_the_test_errs_as_often_as_it_says(topics: int) -> None:
    """400 replications with a fixed seed; 95% limits and a test at 5%, each within four standard
    errors (0.04): a wrong formula fails, a right one would in 1 of 10,000 seeds."""
    found = _played(400, 0.0, topics)
    covered = np.mean([each.interval.low <= 0 <= each.interval.high for each in found])
    alarms = np.mean([each.p <= 0.05 for each in found])
    assert 0.906 <= covered <= 0.994
    assert alarms <= 0.094
