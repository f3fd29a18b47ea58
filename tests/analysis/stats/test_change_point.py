"""The scan over one change of level, against densities of SciPy and against simulated series."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from analysis.stats import Floats
from analysis.stats.change_point import Shift, scan

SHIFT = Shift(zero=0.3, zero_variance=0.5, step=2.0, step_variance=0.4, noise=0.8)


def drawn(generator: np.random.Generator, place: int | None, count: int = 12) -> Floats:
    """A series of the model; ``place`` is where it changes (None: never)."""
    zero = SHIFT.zero + generator.normal() * SHIFT.zero_variance**0.5
    step = SHIFT.step + generator.normal() * SHIFT.step_variance**0.5
    side = np.where(np.arange(count) >= (count if place is None else place), 0.5, -0.5)
    return zero + step * side + generator.normal(size=count) * SHIFT.noise**0.5


def test_the_evidence_is_the_ratio_of_the_densities_of_the_model() -> None:
    values = np.array([-0.5, 0.1, -1.0, 1.4, 0.9])

    def density(place: int) -> float:
        side = np.where(np.arange(5) >= place, 0.5, -0.5)
        covariance = (
            SHIFT.noise * np.eye(5)
            + SHIFT.zero_variance
            + SHIFT.step_variance * np.outer(side, side)
        )
        return float(multivariate_normal.pdf(values, SHIFT.zero + SHIFT.step * side, covariance))

    ratios = np.array([density(place) / density(5) for place in range(1, 5)])
    found = scan(values, SHIFT)
    assert np.exp(found.evidence) == pytest.approx(ratios.mean())
    assert found.chances == pytest.approx(ratios / ratios.sum())
    assert found.place == ratios.argmax() + 1
    weighted = scan(values, SHIFT, np.log([1.0, 1.0, 1.0, 5.0]))
    assert np.exp(weighted.evidence) == pytest.approx((ratios * [1, 1, 1, 5]).sum() / 8)


@pytest.mark.parametrize("shift", [
    SHIFT,
    Shift(zero=-0.1, zero_variance=0.0, step=1.0, step_variance=0.0, noise=0.5),
    Shift(zero=2.0, zero_variance=9.0, step=-1.0, step_variance=0.3, noise=0.6),
])  # fmt: skip
def test_every_place_has_the_density_of_the_model(shift: Shift) -> None:
    values = np.random.default_rng(3).normal(size=30)
    logs = []
    for place in range(1, 31):
        side = np.where(np.arange(30) >= place, 0.5, -0.5)
        covariance = (
            shift.noise * np.eye(30)
            + shift.zero_variance
            + shift.step_variance * np.outer(side, side)
        )
        logs.append(multivariate_normal.logpdf(values, shift.zero + shift.step * side, covariance))
    found = scan(values, shift)
    ratios = np.array(logs[:-1]) - logs[-1]
    assert np.log(found.chances) + found.evidence + np.log(29) == pytest.approx(ratios, abs=1e-6)


def test_a_long_series_is_scanned_in_little_memory() -> None:
    values = np.where(np.arange(200_000) < 150_000, -1.0, 1.0)
    found = scan(values, SHIFT)
    assert found.place == 150_000
    assert np.isfinite(found.evidence)


def test_an_evidence_of_20_is_rarer_than_one_in_20_without_a_change() -> None:
    # The mean of a Bayes factor is 1 where there is no change (Markov's inequality).
    generator = np.random.default_rng(0)
    never = np.exp([scan(drawn(generator, None), SHIFT).evidence for _ in range(2000)])
    assert (never >= 20).mean() <= 0.05
    # Where half of the series change, chances by Bayes' rule have the mean one half.
    ever = np.exp(
        [scan(drawn(generator, int(generator.integers(1, 12))), SHIFT).evidence for _ in never]
    )
    both = np.concatenate([never, ever])
    assert (both / (1 + both)).mean() == pytest.approx(0.5, abs=0.02)


def test_changes_are_found_where_they_are() -> None:
    generator = np.random.default_rng(1)
    found = [scan(drawn(generator, 6), SHIFT) for _ in range(400)]
    assert np.mean([abs(one.place - 6) <= 1 for one in found]) > 0.75
    assert np.median([one.evidence for one in found]) > 3


def test_a_change_the_other_way_is_none() -> None:
    assert scan(np.array([2.0, 2.1, 1.9, -1.0, -1.2, -0.9]), SHIFT).evidence < 0


def test_series_and_weights_have_to_fit() -> None:
    with pytest.raises(ValueError, match="two values or more"):
        scan(np.array([1.0]), SHIFT)
    with pytest.raises(ValueError, match="3 places, not 4"):
        scan(np.zeros(4), SHIFT, np.zeros(4))
