"""What an instrument's numbers are worth: laws, planted instruments, and a fitted threshold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special

from analysis.calibration.instruments.base import Scored, rises
from analysis.calibration.reliability import Twice
from analysis.calibration.scoring import Calibration, Trialled, calibrated
from analysis.calibration.talks import Planted, Shown
from analysis.calibration.thresholds import FITTED, OWN, TOO_FEW, fit_half, fitted_threshold
from analysis.stats.discrimination import area_under_curve, over_clusters, rate_of

TURNS = 8
PLANTS = ("sham", "contagion", "swap", "hostility")


@dataclass(frozen=True)
class Told:
    """An instrument whose readings are made up."""

    detects: str = "flip"
    threshold: float | None = None
    name: str = "told"
    version: str = "1"
    samples: bool = False

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        raise NotImplementedError


def world(scenes: int) -> list[Planted]:
    return [
        Planted(number, number, plant, 3 + number % 3, f"{number}{plant}")
        for number in range(scenes)
        for plant in PLANTS
    ]


def judged(
    planted: list[Planted],
    score: Callable[[Planted, int], float],
    alarms: Callable[[Planted], tuple[int, ...]] | None = None,
    instrument: Told | None = None,
) -> Calibration:
    scored = [
        Scored(
            np.array([score(each, turn) for turn in range(TURNS)], dtype=float),
            None if alarms is None else alarms(each),
        )
        for each in planted
    ]
    tried = Trialled("m", "stage", {}, planted, [Scored(np.ones(TURNS)) for _ in planted])
    odd, even = ([Scored(each.scores[start::2]) for each in scored] for start in (0, 1))
    return calibrated(instrument or Told(), tried, scored, Twice(odd, even, halves=True))


# --- Statistics -------------------------------------------------------------------------------


@given(
    arrays(float, st.integers(0, 12), elements=st.sampled_from([0.0, 0.5, 1.0, nan])),
    st.data(),
)
def test_the_area_is_the_share_of_pairs_that_are_in_order(
    scores: np.ndarray, data: st.DataObject
) -> None:
    truth = data.draw(arrays(bool, len(scores)))
    pairs = [
        (a > b) + (a == b) / 2
        for a in scores[truth]
        for b in scores[~truth]
        if not isnan(a) and not isnan(b)
    ]
    found = area_under_curve(scores, truth)
    assert isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


@given(arrays(float, st.integers(2, 12), elements=st.floats(-5, 5)))
def test_over_clusters_of_one_a_mean_has_student_s_interval(values: np.ndarray) -> None:
    found = over_clusters(lambda kept: float(values[kept].mean()), range(len(values)))
    if np.ptp(values) < 1e-6:
        return
    half = special.stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values))
    assert found.high - found.estimate == pytest.approx(half, rel=1e-6)


def test_all_alike_at_an_end_has_an_exact_limit_and_no_zero_width() -> None:
    found = over_clusters(lambda kept: 1.0, range(10), 0.0, 1.0)
    assert found.low == pytest.approx(0.025**0.1)
    assert isnan(over_clusters(lambda kept: 0.5, range(10), 0.0, 1.0).low)


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.689), (3, 0.619, 8.767)])
def test_a_rate_has_garwood_s_limits(events: int, low: float, high: float) -> None:
    """Garwood 1936, table."""
    found = rate_of(events, 1.0)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


@given(arrays(float, st.integers(0, 15), elements=st.sampled_from([0.0, 1.0, nan])))
def test_an_alarm_rises_from_below_and_missing_turns_change_nothing(scores: np.ndarray) -> None:
    known = np.flatnonzero(~np.isnan(scores))
    dense = rises(scores[known], 0.5)
    assert rises(scores, 0.5) == tuple(int(known[place]) for place in dense)
    for place in dense:
        assert scores[known][place] >= 0.5
        assert place == 0 or scores[known][place - 1] < 0.5


# --- Instruments of known worth ---------------------------------------------------------------


def is_there(each: Planted, turn: int) -> bool:
    return each.plant == "swap" and turn >= each.place


def test_a_perfect_instrument() -> None:
    found = judged(world(24), lambda each, turn: float(is_there(each, turn)),
                   instrument=Told(threshold=0.5))  # fmt: skip
    assert found.area.estimate == found.f1.estimate == found.sensitivity.estimate == 1.0
    assert found.area.low > 0.8
    assert found.delay.estimate == found.sham_alarms.estimate == found.false_alarms.estimate == 0.0
    assert found.false_alarms.high == pytest.approx(1000 * rate_of(0, 48 * TURNS).high)
    assert (found.scenes, found.shams, found.others["hostility"].estimate) == (24, 48, 0.0)


def test_what_only_grows_with_time_is_worth_nothing() -> None:
    """The turn's number knows that plants come late, not in which talks they are."""
    found = judged(world(24), lambda each, turn: float(turn))
    assert found.area.estimate == 0.5
    assert found.sensitivity.estimate == found.sham_alarms.estimate


def test_an_alarm_before_the_plant_finds_nothing_and_is_false() -> None:
    found = judged(world(12), lambda each, turn: 0.0, lambda each: (0,))
    assert found.alarms_by == OWN
    assert found.sensitivity.estimate == found.f1.estimate == found.sham_alarms.estimate == 0.0
    assert found.false_alarms.estimate == pytest.approx(1000 / TURNS)
    assert isnan(found.delay.estimate)


def test_f1_wants_the_turn_and_the_delay_says_how_late() -> None:
    late = judged(
        world(12), lambda each, turn: 0.0,
        lambda each: (each.place + 2,) if each.plant == "swap" else (),
    )  # fmt: skip
    assert (late.f1.estimate, late.sensitivity.estimate, late.delay.estimate) == (0.0, 1.0, 2.0)


def test_missing_scores_are_missing_and_not_zero() -> None:
    found = judged(world(12), lambda each, turn: nan if turn % 2 else float(is_there(each, turn)))
    assert found.missing == 0.5
    assert found.area.estimate == 1.0


def test_a_threshold_that_nobody_gave_is_fitted_on_other_scenes_than_it_is_reported_on() -> None:
    generator = np.random.default_rng(1)
    planted = world(24)
    noise = {(each.trial, turn): generator.normal() for each in planted for turn in range(TURNS)}
    found = judged(planted, lambda each, turn: noise[each.trial, turn] + 9 * is_there(each, turn))
    assert found.alarms_by == FITTED
    assert found.scenes == sum(not fit_half(number) for number in range(24)) == 12
    assert found.sensitivity.estimate == 1.0
    few = judged(world(8), lambda each, turn: noise[each.trial, turn])
    assert few.alarms_by == TOO_FEW
    assert isnan(few.sensitivity.estimate)
    assert not isnan(few.area.estimate)


def test_a_new_sham_reaches_a_fitted_threshold_once_in_ten_at_most() -> None:
    """4,000 thresholds from 24 shams each: the rate is 2/25 in expectation, and above 0.1 once in
    a million such tests."""
    generator = np.random.default_rng(2)
    draws = generator.normal(size=(4000, 25))
    reached = [row[-1] >= fitted_threshold(row[:-1]) for row in draws]
    assert 0.06 < np.mean(reached) < 0.1


def test_reliability_is_that_of_what_differs_between_talks() -> None:
    generator = np.random.default_rng(3)
    planted = world(24)
    level = {each.trial: generator.normal() for each in planted}
    noise = {(each.trial, turn): generator.normal() for each in planted for turn in range(TURNS)}
    steady = judged(planted, lambda each, turn: level[each.trial])
    noisy = judged(planted, lambda each, turn: noise[each.trial, turn])
    assert steady.reliability.estimate == pytest.approx(1.0)
    assert noisy.reliability.low < 0 < noisy.reliability.high


def test_what_grew_is_judged_by_the_hidden_characters() -> None:
    planted = [
        replace(each, plant="grown", characters=("self",) * 4 + ("shadow",) * 4)
        for each in world(12)
        if each.plant == "swap"
    ] + world(12)
    found = judged(
        planted, lambda each, turn: float(each.plant == "grown" and turn >= 4),
        instrument=Told(threshold=0.5),
    ).grown  # fmt: skip
    assert found is not None
    assert (found.events, found.talks, found.area.estimate) == (12, 12, 1.0)
    assert found.sensitivity.estimate == 1.0
