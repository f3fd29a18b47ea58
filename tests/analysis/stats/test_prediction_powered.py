"""Estimates from few labels and many predictions: what must hold whatever the judge says."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.stats import Interval, clopper_pearson, mean_interval
from analysis.stats.prediction_powered import (
    Powered,
    Sample,
    difference,
    enough,
    from_labels,
    labels_alone,
    narrower,
    repaired,
)


def biased(
    seed: int, *, scenes: int = 20, turns: int = 30, drawn: int = 120, share: float = 0.3
) -> tuple[Sample, float]:
    """Lines in scenes that differ, and a judge who sees too much; the sample, and the mean of all
    lines that are there."""
    generator = np.random.default_rng(seed)
    level = generator.beta(9 * share, 9 * (1 - share), scenes)
    place = np.repeat(np.arange(scenes), turns)
    truth = (generator.random(len(place)) < level[place]).astype(float)
    judge = np.where(generator.random(len(place)) < 0.8, truth, generator.random(len(place)) < 0.7)
    labels = np.full(len(place), nan)
    taken = generator.choice(len(place), drawn, replace=False)
    labels[taken] = truth[taken]
    chance = np.full(len(place), drawn / len(place))
    return Sample(labels, judge.astype(float), chance, list(place)), float(truth.mean())


@given(st.integers(0, 50), st.floats(-5, 5), st.floats(0.1, 10), st.booleans())
def test_the_scale_of_a_judge_is_of_no_account(
    seed: int, level: float, slope: float, turned: bool
) -> None:
    sample, _ = biased(seed)
    other = Sample(sample.above, level + (-slope if turned else slope) * sample.predicted,
                   sample.probabilities, sample.clusters)  # fmt: skip
    one, two = repaired(sample), repaired(other)
    assert one.estimate == pytest.approx(two.estimate, abs=1e-9)
    assert one.variance == pytest.approx(two.variance, rel=1e-6)


def test_a_biased_judge_is_set_right_and_a_blind_one_does_no_harm() -> None:
    errors, raw, blind, alone = [], [], [], []
    for seed in range(60):
        sample, truth = biased(seed)
        errors.append(repaired(sample).estimate - truth)
        raw.append(sample.predicted.mean() - truth)
        noise = np.random.default_rng(seed).random(len(sample.above))
        deaf = Sample(sample.above, noise, sample.probabilities, sample.clusters)
        blind.append(repaired(deaf).variance)
        alone.append(labels_alone(sample).variance)
    assert np.mean(raw) > 0.05
    # The spread of one error is about 0.03: four standard errors of the mean of 60.
    assert abs(float(np.mean(errors))) < 0.016
    assert np.mean(blind) < 1.06 * np.mean(alone)


def test_a_line_that_was_fitted_to_noise_pays_for_it() -> None:
    """Out of fold a useless slope adds to the variance; in the fold it would seem to save some."""
    found, alone = [], []
    for seed in range(150):
        sample, _ = biased(seed, scenes=60, turns=2, drawn=14)
        noise = np.random.default_rng(seed).random(len(sample.above))
        deaf = Sample(sample.above, noise, sample.probabilities, sample.clusters)
        found.append(repaired(deaf).variance)
        alone.append(labels_alone(sample).variance)
    assert np.mean(found) > 1.05 * np.mean(alone)


def test_labels_are_weighed_by_how_seldom_they_are_drawn() -> None:
    labels = np.array([1.0, 1.0, 0.0, 0.0])
    sample = Sample(labels, np.zeros(4), np.array([0.5, 0.5, 0.1, 0.25]), [1, 2, 3, 4])
    assert labels_alone(sample).estimate == pytest.approx(4 / 18)


def test_where_everything_is_labelled_it_is_the_mean_of_scenes() -> None:
    generator = np.random.default_rng(1)
    truth = generator.random((12, 10)).round()
    sample = Sample(truth.ravel(), generator.random(120), np.ones(120),
                    [scene for scene in range(12) for _ in range(10)])  # fmt: skip
    found, plain = repaired(sample).interval(), mean_interval(truth.mean(axis=1))
    assert found.estimate == pytest.approx(plain.estimate)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_intervals_cover_and_are_as_wide_as_theory_says() -> None:
    """600 samples; a share of 95% lies below 92% once in a thousand such tests."""
    covered, width, alone, theory = 0, [], [], []
    for seed in range(600):
        sample, _ = biased(seed, scenes=30, turns=20)
        found = repaired(sample)
        interval = found.interval("logit")
        covered += interval.low <= 0.3 <= interval.high
        if seed < 100:
            width.append(found.variance)
            alone.append(labels_alone(sample).variance)
            full, _ = biased(seed, scenes=30, turns=20, drawn=600)
            r = float(np.corrcoef(full.above, full.predicted)[0, 1])
            within = full.above.reshape(30, -1).mean(axis=1).var(ddof=1) / 30
            added = full.above.var() * (1 / 120 - 1 / 600)
            theory.append((within + added * (1 - r * r)) / (within + added))
    assert binomtest(covered, 600, 0.95, "less").pvalue > 0.001
    assert sqrt(np.mean(width) / np.mean(alone)) == pytest.approx(sqrt(np.mean(theory)), rel=0.1)


def test_theory_without_scenes() -> None:
    assert narrower(0.0, 10, 100) == 1
    assert narrower(1.0, 10, 100) == pytest.approx(sqrt(0.1))
    assert narrower(0.5, 100, 100) == 1, "where all is labelled a judge adds nothing"


def test_a_hazard_of_whole_scenes_is_the_ratio_of_sums() -> None:
    generator = np.random.default_rng(3)
    errors = []
    for _ in range(40):
        hazard = 0.08 * generator.gamma(4, 0.25, 150)
        happens = generator.random((150, 10)) < hazard[:, None]
        seen = happens & (generator.random((150, 10)) < 0.5)  # A judge who misses one in two.
        values = [first(happens), first(seen)]
        taken = np.zeros(150, dtype=bool)
        taken[generator.choice(150, 40, replace=False)] = True
        above, below = (np.where(taken, part, nan) for part in values[0])
        sample = Sample(above, values[1][0], np.full(150, 40 / 150), list(range(150)), below,
                        values[1][1])  # fmt: skip
        whole = values[0][0].sum() / values[0][1].sum()
        errors.append(repaired(sample).estimate - whole)
        assert sample.events == int(above[taken].sum())
    assert abs(float(np.mean(errors))) < 4 * float(np.std(errors)) / sqrt(40)


def first(happens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    ever = happens.any(axis=1)
    return ever.astype(float), np.where(ever, happens.argmax(axis=1) + 1, happens.shape[1]) * 1.0


def test_few_events_are_not_enough() -> None:
    for events, wanted in ((9, False), (10, True), (110, True), (111, False)):
        labels = np.concatenate([np.ones(events), np.zeros(120 - events)])
        sample = Sample(labels, np.zeros(120), np.full(120, 0.1), list(range(120)))
        assert enough(sample) is wanted
    marks = Sample(np.array([0.0] * 30 + [1, 2, 3] * 3), np.zeros(39), np.ones(39), list(range(39)))
    assert marks.events == 9, "of marks all that are not the commonest"
    assert isnan(repaired(Sample(np.array([1.0, nan]), np.zeros(2), np.ones(2), [1, 2])).estimate)


def test_labels_alone_are_clopper_pearson_s_where_nothing_is_lost_to_scenes() -> None:
    labels = np.array([1.0] * 4 + [0.0] * 96)
    sample = Sample(labels, np.zeros(100), np.full(100, 0.5), list(range(100)))
    found, exact = from_labels(sample), clopper_pearson(4, 100)
    assert found.estimate == exact.estimate
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), rel=0.02)
    scenes = Sample(labels, np.zeros(100), np.full(100, 0.5), [place // 4 for place in range(100)])
    assert from_labels(scenes).high > 1.5 * exact.high, "four events of one scene are one"
    few = Sample(labels, np.zeros(100), np.full(100, 0.5), [place % 3 for place in range(100)])
    assert from_labels(few).high > 1.5 * exact.high, "three scenes are few"
    none = Sample(np.zeros(20), np.zeros(20), np.ones(20), [place // 2 for place in range(20)])
    assert from_labels(none) == clopper_pearson(0, 10)
    one = Sample(np.zeros(20), np.zeros(20), np.ones(20), [1] * 20)
    assert isnan(from_labels(one).high)


def test_differences_in_pairs_and_of_independent_arms() -> None:
    one = Powered(0.5, {1: 0.1, 2: -0.1, 3: 0.0}, 2)
    other = Powered(0.3, {1: 0.1, 2: -0.1, 3: 0.0}, 2)
    apart = difference(one, other)
    assert apart.estimate == pytest.approx(0.2)
    assert apart.low < 0 < apart.high
    assert isnan(difference(one, other, paired=True).low), "pairs that never differ show nothing"
    shifted = Powered(0.3, {1: 0.1, 2: -0.05, 3: -0.05}, 2)
    paired = difference(one, shifted, paired=True)
    assert paired.high - paired.low < apart.high - apart.low
    with pytest.raises(ValueError, match="same clusters"):
        difference(one, Powered(0.3, {4: 0.0}, 2), paired=True)


def test_a_seldom_drawn_line_widens_the_interval() -> None:
    labels = np.array([1.0, 0.0] * 30)
    scenes = list(range(60))
    alike = Sample(labels, labels, np.full(60, 0.1), scenes)
    seldom = Sample(labels, labels, np.array([0.19] * 30 + [0.01] * 30), scenes)
    assert repaired(alike).unseen == 0
    assert repaired(seldom).unseen > 0
    assert repaired(seldom).interval() != Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"predicted": np.array([0.0, nan])}, "a prediction is missing"),
        ({"probabilities": np.array([0.0, 0.0])}, "not in"),
        ({"probabilities": np.array([1.0])}, "differ in number"),
        ({"below": np.array([1.0, 1.0])}, "belong together"),
        ({"below": np.array([nan, 1.0]), "predicted_below": np.ones(2)}, "missing where"),
    ],
)
def test_what_makes_no_sample_is_refused(change: dict[str, object], says: str) -> None:
    parts = {"above": np.array([1.0, 0.0]), "predicted": np.zeros(2), "probabilities": np.ones(2),
             "clusters": [1, 2]}  # fmt: skip
    with pytest.raises(ValueError, match=says):
        Sample(**(parts | change))  # type: ignore[arg-type]
