"""Cumulative incidence against statsmodels, by its laws, and how often its limits hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backstage.effort import effort
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from analysis.stats import Floats
from analysis.stats.incidence import aalen_johansen, incidence

UNITS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=25
)


def parts(units: list[tuple[int, int, int]]) -> tuple[Any, Any, Any]:
    times, causes, clusters = zip(*units, strict=True)
    return times, causes, clusters


@given(UNITS)
def test_incidences_rise_and_sum_with_survival_to_one(units: list[Any]) -> None:
    found = incidence(*parts(units), kinds=3)
    assert found.value.sum(axis=0) == pytest.approx(1)
    assert (np.diff(found.value[1:], axis=1) >= -1e-12).all()
    assert (np.diff(found.value[0]) <= 1e-12).all()
    assert ((found.value >= 0) & (found.value <= 1)).all()
    known = ~np.isnan(found.low)
    assert known.all() or found.clusters == 1
    assert (found.low[known] <= found.value[known] + 1e-12).all()
    assert (found.high[known] >= found.value[known] - 1e-12).all()
    assert ((found.low[known] >= 0) & (found.high[known] <= 1)).all()
    assert found.at_risk.tolist() == [sum(t >= u for t, *_ in units)
                                      for u in range(1, max(t for t, *_ in units) + 1)]  # fmt: skip


@given(UNITS, st.randoms(use_true_random=False))
def test_neither_order_nor_names_matter(units: list[Any], dice: Any) -> None:
    before = incidence(*parts(units), kinds=3)
    other = [(time, cause, 90 - cluster) for time, cause, cluster in units]
    dice.shuffle(other)
    after = incidence(*parts(other), kinds=3)
    for name in ("value", "low", "high"):
        np.testing.assert_allclose(getattr(before, name), getattr(after, name), atol=1e-12)


@given(UNITS)
def test_both_estimates_are_one(units: list[Any]) -> None:
    """That of statsmodels, which is reported, and that from counts, by which limits are found."""
    times, causes, _ = map(np.array, parts(units))
    places = np.arange(1, times.max() + 1)
    at_risk = (times[:, None] >= places).sum(axis=0).astype(float)
    events = np.array(
        [((times[:, None] == places) & (causes[:, None] == kind)).sum(axis=0) for kind in (1, 2, 3)]
    )
    counted = aalen_johansen(at_risk, events.astype(float))
    np.testing.assert_allclose(counted, incidence(*parts(units), kinds=3).value, atol=1e-12)


def test_it_is_what_statsmodels_says() -> None:
    generator = np.random.default_rng(2)
    times, causes = generator.integers(1, 30, 200), generator.integers(0, 3, 200)
    theirs = CumIncidenceRight(times, causes, freq_weights=np.ones(200))
    ours = incidence(times.tolist(), causes.tolist(), range(200), kinds=2)
    for cause in (1, 2):
        np.testing.assert_allclose(ours.value[cause, theirs.times - 1], theirs.cinc[cause - 1])
    alive = SurvfuncRight(times, (causes > 0).astype(int))
    np.testing.assert_allclose(ours.value[0, alive.surv_times - 1], alive.surv_prob)


def test_without_censoring_it_is_a_share() -> None:
    found = incidence([2, 2, 5, 5], [1, 2, 1, 0], "aabb", kinds=2)
    assert found.value[:, -1].tolist() == [0.25, 0.5, 0.25]
    assert found.value[:, 0].tolist() == [1, 0, 0]


def test_limits_where_nothing_happened_are_exact_and_over_clusters() -> None:
    found = incidence([9] * 20, [0] * 20, [unit // 2 for unit in range(20)], kinds=1)
    assert found.clusters == 10
    assert found.high[1, -1] == pytest.approx(1 - 0.025 ** (1 / 10))
    assert found.low[0, -1] == pytest.approx(0.025 ** (1 / 10))
    assert np.isnan(incidence([9], [1], "a", kinds=1).low).all()


@pytest.mark.parametrize(
    ("times", "causes", "told"),
    [
        ([], [], "must be one"),
        ([0], [0], "count from 1"),
        ([1], [3], "0 .none. to 2"),
        ([1], [-1], "0 .none. to 2"),
    ],
)
def test_what_cannot_be_is_refused(times: list[int], causes: list[int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        incidence(times, causes, range(len(times)), kinds=2)


HAZARDS = np.array([0.005, 0.03])
LAST = 20


def scenes(generator: np.random.Generator, count: int, alike: bool) -> tuple[Any, Any, Any]:
    """Times, causes and scenes of three actors a scene. ``alike``: what happens to one happens to
    all; else the hazards of a scene vary by a gamma variate of mean 1 and variance 1/2."""
    shape = (count, 1) if alike else (count, 3)
    faster = np.ones((count, 1)) if alike else generator.gamma(2, 0.5, (count, 1))
    hazard = np.minimum(HAZARDS.sum() * faster, 0.95) * np.ones(shape)
    time = generator.geometric(hazard)
    cause = 1 + (generator.random(shape) > HAZARDS[0] / HAZARDS.sum())
    end = generator.integers(LAST // 2, LAST + 1, (count, 1))
    time, cause = (part * np.ones((count, 3), dtype=int) for part in (time, cause))
    seen = np.where(time <= end, cause, 0)
    owner = np.repeat(np.arange(count), 3)
    return np.minimum(time, end).ravel(), seen.ravel(), owner


def true_incidence(alike: bool) -> Floats:
    faster = np.ones(1) if alike else np.random.default_rng(9).gamma(2, 0.5, 200_000)
    hazard = np.minimum(HAZARDS.sum() * faster, 0.95)
    ever = (1 - (1 - hazard) ** LAST).mean()
    return np.asarray(HAZARDS / HAZARDS.sum() * ever)


@pytest.mark.parametrize("alike", [False, True])
def test_limits_cover_scenes_whose_actors_are_not_independent(alike: bool) -> None:
    """A 95% interval may fail this test by chance one time in 1,000 and cause."""
    generator, truth = np.random.default_rng(4), true_incidence(alike)
    studies = effort(250, 1000)
    held, naive = np.zeros(2), np.zeros(2)
    for _ in range(studies):
        times, causes, owner = scenes(generator, 40, alike)
        for tally, clusters in ((held, owner), (naive, range(len(times)))):
            found = incidence(times, causes, clusters, kinds=2)
            tally += (found.low[1:, -1] <= truth) & (truth <= found.high[1:, -1])
    for covered in held:
        assert binomtest(int(covered), studies, 0.95, alternative="less").pvalue > 0.001
    if alike:
        # Whoever takes three actors who share their fate for three scenes is wrong.
        assert naive[1] / studies < 0.85
