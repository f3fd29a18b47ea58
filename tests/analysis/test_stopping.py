"""Stopping rules: what they decide, and that nothing that comes later changes it."""

from __future__ import annotations

import json
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.stopping import Method, StoppingRule, decide, stops
from sim.errors import BadRequest

METHODS: tuple[Method, ...] = ("betting", "group-sequential")
DIFFERENCES = st.lists(
    st.one_of(st.sampled_from([-1.0, 0.0, 1.0, nan]), st.floats(-1, 1)), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(DIFFERENCES, st.sampled_from(METHODS), st.sampled_from([1, 4]), st.data())
def test_what_comes_later_changes_nothing(
    values: list[float], method: Method, every: int, data: st.DataObject
) -> None:
    """A prefix decides as the whole does, or not yet."""
    rule = StoppingRule(0, 1, 40, 0.4, method, every=every)
    whole = decide(rule, values)
    shorter = values[: data.draw(st.integers(0, len(values)))]
    if whole.decided and len(shorter) >= whole.blocks:
        assert decide(rule, shorter) == whole
    else:
        assert not decide(rule, shorter).decided
    assert (whole.outcome, whole.blocks) == stops(rule, values)


def test_a_number_that_is_no_share_widens_no_earlier_limit() -> None:
    """Differences of shares have wider limits; without them this would end at block 37."""
    shares = np.zeros(39)
    shares[[1, 6, 23, 24, 29]], shares[[3, 35]] = -1.0, 1.0
    rule = StoppingRule(0, 1, 60, 0.3, "group-sequential")
    assert stops(rule, shares) == ("alike", 39)
    assert stops(rule, [*shares, 0.5, 0.25]) == ("alike", 39)


@settings(max_examples=30, deadline=None)
@given(DIFFERENCES, st.sampled_from(METHODS))
def test_the_other_way_around_it_is_the_same(values: list[float], method: Method) -> None:
    rule = StoppingRule(0, 1, 40, 0.4, method)
    one, other = decide(rule, values), decide(rule, [-value for value in values])
    assert (one.outcome, one.blocks, one.known) == (other.outcome, other.blocks, other.known)
    if one.known:
        assert one.difference.low == pytest.approx(-other.difference.high, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_interval_says_what_was_decided(method: Method) -> None:
    generator = np.random.default_rng(3)
    rule = StoppingRule(0, 1, 100, 0.15, method)
    outcomes = set()
    for mean in (0.0, 0.0, 0.0, 0.25, 0.5):
        values = np.clip(generator.normal(mean, 0.2, 100), -1, 1)
        found = decide(rule, values)
        outcomes.add(found.outcome)
        if found.outcome == "differs":
            assert found.difference.excludes_zero
        elif found.outcome == "alike":
            assert -0.15 <= found.difference.low <= found.difference.high <= 0.15
    assert outcomes == {"differs", "alike"}


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_rarely_taken_for_something(method: Method) -> None:
    """300 studies of shares without a difference, with a look after each of 60 blocks; at 5% more
    than 28 come once in a thousand times."""
    generator = np.random.default_rng(8)
    rule = StoppingRule(0, 1, 60, None, method)
    shares = (generator.random((2, 300, 60)) < 0.3).astype(float)
    wrong = sum(stops(rule, values)[0] == "differs" for values in shares[0] - shares[1])
    assert binomtest(wrong, 300, 0.05, alternative="greater").pvalue > 0.001


def test_without_a_margin_nothing_is_never_decided() -> None:
    assert not decide(StoppingRule(0, 1, 500), [0.0] * 500).decided
    assert decide(StoppingRule(0, 1, 500, margin=0.1), [0.0] * 500).outcome == "alike"


def test_missing_blocks_are_left_out_and_counted() -> None:
    rule = StoppingRule(0, 1, 60)
    known = decide(rule, [1.0] * 20)
    found = decide(rule, [nan, *[1.0] * 20, nan])
    assert (found.blocks, found.known) == (known.blocks + 1, known.known)
    assert known.worst == known.difference
    assert found.worst.low < found.difference.low <= found.difference.high <= found.worst.high
    nothing = decide(rule, [nan] * 5)
    assert (nothing.worst.low, nothing.worst.high) == (-1.0, 1.0)
    assert (nothing.outcome, nothing.known) == ("undecided", 0)
    assert np.isnan(nothing.difference.estimate)


def test_a_rule_that_looks_at_whole_rounds_decides_at_their_ends() -> None:
    every = [decide(StoppingRule(0, 1, 60, every=each), [1.0] * 60).blocks for each in (1, 5, 20)]
    assert every[0] < 10
    assert every[1:] == [10, 20]


def test_few_blocks_are_not_looked_at_by_normal_theory() -> None:
    assert decide(StoppingRule(0, 1, 20, None, "group-sequential"), [1.0] * 20).blocks >= 6
    assert not decide(StoppingRule(0, 1, 40, None, "group-sequential"), [1.0] * 5).decided


def test_a_rule_is_stored_as_it_is() -> None:
    rule = StoppingRule(-1, 2.5, 64, 0.2, "group-sequential", every=8)
    assert StoppingRule.from_facts(json.loads(json.dumps(rule.facts()))) == rule
    with pytest.raises(BadRequest, match="no stopping rule"):
        StoppingRule.from_facts({"what": 1})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"low": 1}, "is no range"),
        ({"high": float("inf")}, "is no range"),
        ({"blocks": 0}, "no number of blocks"),
        ({"margin": 0.0}, "is no margin"),
        ({"margin": 1.0}, "is no margin"),
        ({"method": "bayes"}, "use betting or group-sequential"),
        ({"alpha": 0.7}, "no error rate"),
        ({"every": 7}, "multiple of 7"),
        ({"blocks": 19, "method": "group-sequential"}, "too few for normal theory"),
    ],
)
def test_rules_that_make_no_sense_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        StoppingRule(**{"low": 0, "high": 1, "blocks": 20, **changes})


def test_differences_that_cannot_be_are_refused() -> None:
    rule = StoppingRule(0, 1, 20)
    with pytest.raises(BadRequest, match="allows 1 at most"):
        decide(rule, [0.0, 1.5])
    with pytest.raises(BadRequest, match="the rule is for 20"):
        decide(rule, [0.0] * 21)
