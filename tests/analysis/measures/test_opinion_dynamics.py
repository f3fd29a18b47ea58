"""The law of an arm's stances as a result: estimates, notes, what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from backstage.opinions import answers, records

import analysis
from analysis.measures.opinion_dynamics import OpinionDynamics, distance_decay, within
from analysis.opinions.models import KINDS, Coefficients
from analysis.opinions.panel import Panel
from analysis.stats import Floats, Interval
from analysis.tables import tables_from

LAW = Coefficients.of(np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([0.8, 0.6]), 0.1, 0.5)


def drawn(scenes: int, seed: int = 0, waves: int = 6, law: Coefficients = LAW) -> Floats:
    generator = np.random.default_rng(seed)
    return answers(law, generator.uniform(-0.9, 0.9, (scenes, 2)), waves, generator)


@pytest.fixture(scope="module")
def result() -> OpinionDynamics:
    return analysis.opinion_dynamics(tables_from(records(drawn(120))))


def test_the_planted_law_is_in_the_intervals(result: OpinionDynamics) -> None:
    truth = {
        "alpha": 0.7,
        "beta": 0.1,
        "pull": 0.05,
        "second_eigenvalue": LAW.second_eigenvalue,
    }
    for name, value in truth.items():
        estimate = result.estimate(name)
        assert estimate.low < value < estimate.high, name
        assert estimate.low <= estimate.value <= estimate.high
        assert (estimate.n, estimate.note, estimate.evidence) == (120, "", "P")
    weights = result.weights
    assert list(weights["listener"] + weights["speaker"]) == [
        "AdaAda",
        "AdaBen",
        "BenAda",
        "BenBen",
    ]
    planted = LAW.weights.ravel()
    assert ((weights["low"] < planted) & (planted < weights["high"])).all()
    assert weights.groupby("listener")["value"].sum().tolist() == pytest.approx([1, 1])
    own = result.susceptibilities
    assert ((own["low"] < [0.8, 0.6]) & (own["high"] > [0.8, 0.6])).all()


def test_held_out_errors_are_by_trial_and_gains_by_arm(result: OpinionDynamics) -> None:
    assert list(result.by_trial) == ["trial", *(f"error_{kind}" for kind in KINDS)]
    assert len(result.by_trial) == 120
    assert result.estimate("gain_biased").low > 0
    squares = result.by_trial.set_index("trial") ** 2
    gain = 1 - squares["error_biased"].sum() / squares["error_stay"].sum()
    assert result.estimate("gain_biased").value == pytest.approx(gain)


@pytest.mark.parametrize(
    ("scenes", "waves", "why"),
    [(40, 3, "asked at 3 waves"), (9, 6, "9 trials"), (40, 1, "no two actors were asked twice")],
)
def test_what_cannot_be_fitted_is_missing_and_says_why(scenes: int, waves: int, why: str) -> None:
    result = OpinionDynamics(tables_from(records(drawn(scenes, waves=waves))))
    for name in result.arm:
        estimate = result.estimate(name)
        assert not estimate.known
        assert why in estimate.note
        assert estimate.n == 0
    assert result.by_trial.empty
    assert result.weights.empty


def test_few_trials_are_named() -> None:
    result = OpinionDynamics(tables_from(records(drawn(16))))
    assert "too few trials (16)" in result.estimate("alpha").note


def test_a_table_without_answers_has_no_rows() -> None:
    result = OpinionDynamics(tables_from([]))
    assert result.by_arm.empty
    assert result.by_trial.empty
    assert result.weights.empty
    assert list(result.weights)[-1] == "note"


def test_whom_nobody_moves_weighs_with_itself_alone_or_has_no_weights() -> None:
    """Who holds still has alpha = 0, or W_ii = 1: the stances are the same."""
    stubborn = Coefficients.of(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([0.9, 0.0]))
    for seed in range(3):
        result = OpinionDynamics(tables_from(records(drawn(120, seed, law=stubborn))))
        ben = result.weights[result.weights["listener"] == "Ben"].set_index("speaker")
        if ben["value"].isna().all():
            assert ben["note"].str.contains("may be moved by nobody").all()
        else:
            assert ben.loc["Ada", "low"] < 0.05
            assert ben.loc["Ben", "high"] > 0.95
        assert result.weights.set_index("listener").loc["Ada", "value"].notna().all()


def test_where_all_begin_at_one_place_there_are_no_weights() -> None:
    begun = np.broadcast_to(np.array([0.7, -0.6]), (100, 2))
    values = answers(LAW, begun, 6, np.random.default_rng(0))
    result = OpinionDynamics(tables_from(records(values)), steady=False)
    assert result.weights["value"].isna().all()
    assert result.weights["note"].str.contains("begin at one place").all()
    assert "begin at one place" in result.estimate("alpha").note


def test_distances_decay_by_the_second_eigenvalue() -> None:
    law = Coefficients.of(np.array([[0.8, 0.2], [0.2, 0.8]]), 1.0)
    generator = np.random.default_rng(0)
    begun = generator.uniform(-1, 1, (40, 2))
    values = np.array([law.path(each, 8) for each in begun])
    decay = distance_decay(Panel.of(values))
    assert decay.estimate == pytest.approx(law.second_eigenvalue, abs=0.01)


def test_an_estimate_lies_in_its_interval_and_both_in_the_range() -> None:
    assert within(0.0, Interval(-0.3, -0.5, -0.1), 0, 1) == Interval(0.0, 0.0, 0.0)
    assert within(-1e-12, Interval(0.1, -0.1, 0.4), 0, 1) == Interval(0.0, 0.0, 0.4)
    assert within(0.9, Interval(0.5, 0.2, 0.8), 0, 1) == Interval(0.9, 0.2, 0.9)


def test_arms_are_fitted_apart() -> None:
    other = Coefficients.of(np.array([[0.6, 0.4], [0.3, 0.7]]), 0.5)
    tables = tables_from([
        *records(drawn(100), model="a"),
        *records(drawn(100, 1, law=other), model="b"),
    ])  # fmt: skip
    result = OpinionDynamics(tables, susceptibility="common")
    one, two = (result.estimate("alpha", model=model) for model in ("a", "b"))
    assert one.value > two.value
    shown = pd.unique(result.susceptibilities["value"].round(6))
    assert len(shown) == 2
