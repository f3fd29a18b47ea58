"""The switching model with triggers: exact on short series, and it finds what was planted."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stats import Floats
from analysis.stats.triggered import FIRST, Rates, estimate, found_turns, paths

PLANTED = Rates(base=0.03, slope=0.4, back=0.05, start=0.15, concealment=0.3)
SEPARATION = 1.5
"""Lines are normal around minus and plus this, with a variance of 1: e = 2 * SEPARATION * x."""


def played(rates: Rates, count: int, turns: int, seed: int) -> tuple[list[Floats], ...]:
    """Evidence, triggers and states of series that the model plays."""
    generator = np.random.default_rng(seed)
    triggers = generator.choice([0.0, 0.5, 1.0], size=(count, turns), p=[0.7, 0.2, 0.1])
    states = np.zeros((count, turns))
    state = generator.random(count) < rates.start
    for turn in range(turns):
        if turn:
            turning = generator.random(count) < rates.base + rates.slope * triggers[:, turn]
            returning = generator.random(count) < rates.back
            state = np.where(state, ~returning, turning)
        states[:, turn] = state
    showing = (states > 0) & (generator.random((count, turns)) >= rates.concealment)
    shown = generator.normal(np.where(showing, SEPARATION, -SEPARATION))
    return list(2 * SEPARATION * shown), list(triggers), list(states)


def test_numbers_are_found_that_were_planted() -> None:
    # Of the spread over 40 seeds three standard deviations are below these.
    evidence, triggers, _ = played(PLANTED, 2000, 12, seed=1)
    found = estimate(evidence, triggers)
    within = Rates(base=0.008, slope=0.05, back=0.015, start=0.03, concealment=0.04)
    for name in Rates.__slots__:
        assert abs(getattr(found, name) - getattr(PLANTED, name)) < getattr(within, name), name


def test_a_trigger_that_does_nothing_is_not_credited() -> None:
    planted = Rates(base=0.08, slope=0.0, back=0.05, start=0.05, concealment=0.3)
    evidence, triggers, _ = played(planted, 2000, 12, seed=2)
    assert estimate(evidence, triggers).slope < 0.03


def test_the_same_numbers_for_any_order_of_series() -> None:
    evidence, triggers, _ = played(PLANTED, 50, 8, seed=3)
    there, back = estimate(evidence, triggers), estimate(evidence[::-1], triggers[::-1])
    assert there.base == pytest.approx(back.base)
    assert there.concealment == pytest.approx(back.concealment)


def test_chances_are_calibrated() -> None:
    # Turns marked with p are turns of switching in a share p: 5 bins, 4 standard deviations each,
    # so that one in 3,000 seeds fails.
    evidence, triggers, states = played(PLANTED, 3000, 10, seed=4)
    turned = np.array([path.turned for path in paths(evidence, triggers, PLANTED)])
    truth = np.array(states)
    began = truth * (1 - np.hstack([np.zeros((len(truth), 1)), truth[:, :-1]]))
    for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)):
        marked = (turned >= low) & (turned < high)
        chances = turned[marked]
        spread = np.sqrt((chances * (1 - chances)).sum())
        assert abs(began[marked].sum() - chances.sum()) < 4 * spread, (low, high)


numbers = st.floats(0.01, 0.8)
series = st.lists(
    st.tuples(st.one_of(st.just(np.nan), st.floats(-4, 4)), st.floats(0, 1)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.builds(Rates, numbers, numbers, numbers, numbers, numbers), series, series)
def test_paths_are_those_of_all_paths_summed(
    rates: Rates, first: list[tuple[float, float]], second: list[tuple[float, float]]
) -> None:
    evidence = [np.array([e for e, _ in one]) for one in (first, second)]
    triggers = [np.array([x for _, x in one]) for one in (first, second)]
    for path, told, heard in zip(paths(evidence, triggers, rates), evidence, triggers, strict=True):
        total, opposite, turned = 0.0, np.zeros(len(told)), np.zeros(len(told))
        for states in product((0, 1), repeat=len(told)):
            weight = rates.start if states[0] else 1 - rates.start
            began = [states[0]]
            for turn, state in enumerate(states):
                if turn:
                    hazard = min(0.9, rates.base + rates.slope * heard[turn])
                    leave = rates.back if states[turn - 1] else hazard
                    weight *= leave if state != states[turn - 1] else 1 - leave
                    began.append(int(state > states[turn - 1]))
                if state and not np.isnan(told[turn]):
                    weight *= rates.concealment + (1 - rates.concealment) * np.exp(told[turn])
            total += weight
            opposite += weight * np.array(states)
            turned += weight * np.array(began)
        assert np.allclose(path.opposite, opposite / total, atol=1e-9)
        assert np.allclose(path.turned, turned / total, atol=1e-9)


def test_turns_share_no_probability() -> None:
    found = found_turns(np.array([0.5, 0.4, 0.0, 0.0, 0.0, 0.1, 0.85]), 0.8)
    assert sorted(one.place for one in found) == [0, 6]
    assert found_turns(np.zeros(4), 0.0)[0].chance == 0.0
    assert found_turns(np.zeros(0), 0.5) == []


def test_nothing_and_what_does_not_fit() -> None:
    assert estimate([], []) == FIRST
    assert paths([np.zeros(0)], [np.zeros(0)], FIRST)[0].opposite.shape == (0,)
    with pytest.raises(ValueError, match="a trigger for each turn"):
        estimate([np.zeros(3)], [np.zeros(2)])
