"""The switching filter on series whose course is known.

Evidence is drawn so that its log-likelihood ratio is exact: own turns N(0, 1), shown turns
N(D, 1), e = D x - D^2 / 2. Rates of error are judged by an exact binomial test at p < 0.001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from backstage.effort import effort
from scipy import stats

from analysis.evidence.fit_politeness import auc
from analysis.measures.flips import first_step, step_weight
from analysis.stats import Floats
from analysis.stats.absorbing import absorbing
from analysis.stats.switching import Rates, estimate, log_likelihood, mechanisms, smooth

SEPARATION = 2.5


@dataclass(frozen=True)
class Played:
    evidence: Floats
    other: Floats


def play(
    generator: np.random.Generator,
    *,
    turns: int = 12,
    q01: float = 0.0,
    q10: float = 0.0,
    concealment: float = 0.0,
    share: float = 0.0,
) -> Played:
    """One actor. The path is drawn here step by step and shares nothing with the filter."""
    other = generator.random() < share
    evidence, path = [], []
    for _ in range(turns):
        other = not (generator.random() < q10) if other else bool(generator.random() < q01)
        shown = other and generator.random() >= concealment
        value = generator.normal(SEPARATION if shown else 0.0)
        evidence.append(SEPARATION * value - SEPARATION**2 / 2)
        path.append(float(other))
    return Played(np.clip(np.array(evidence), -6, 6), np.array(path))


def many(seed: int, count: int, **facts: float) -> list[Played]:
    generator = np.random.default_rng(seed)
    return [play(generator, **facts) for _ in range(count)]  # type: ignore[arg-type]


def rates_of(actors: list[Played]) -> Rates:
    return estimate([actor.evidence for actor in actors])


def smoothed(actors: list[Played], rates: Rates) -> list[Floats]:
    point = (rates.q01.estimate, rates.q10.estimate, rates.concealment)
    return [smooth(actor.evidence, *point) for actor in actors]


def not_below(successes: int, trials: int, nominal: float) -> bool:
    test = stats.binomtest(successes, trials, nominal, alternative="less")
    return bool(test.pvalue > 0.001)


def test_the_likelihood_is_that_of_all_paths_summed() -> None:
    evidence = np.array([0.7, -1.2, 2.0])
    q01, q10, kappa, start = 0.3, 0.2, 0.4, 0.1
    total = 0.0
    for path in np.ndindex(2, 2, 2):
        for opening in (0, 1):
            weight, state = (start if opening else 1 - start), opening
            for step, now in enumerate(path):
                switch = q10 if state else q01
                weight *= switch if now != state else 1 - switch
                if now:
                    weight *= kappa + (1 - kappa) * np.exp(evidence[step])
                state = now
            total += weight
    points = [np.array([value]) for value in (q01, q10, kappa, start)]
    assert log_likelihood([evidence], *points)[0] == pytest.approx(np.log(total), rel=1e-12)


def test_the_smoother_is_bayes_over_all_paths() -> None:
    evidence = np.array([0.7, np.nan, 2.0, -1.0])
    q01, q10, kappa, start = 0.3, 0.2, 0.4, 0.01
    mass = np.zeros(4)
    total = 0.0
    for path in np.ndindex(2, 2, 2, 2):
        for opening in (0, 1):
            weight, state = (start if opening else 1 - start), opening
            for step, now in enumerate(path):
                switch = q10 if state else q01
                weight *= switch if now != state else 1 - switch
                if now and not np.isnan(evidence[step]):
                    weight *= kappa + (1 - kappa) * np.exp(evidence[step])
                state = now
            mass += weight * np.array(path)
            total += weight
    assert smooth(evidence, q01, q10, kappa) == pytest.approx(mass / total, rel=1e-12)


def test_posteriors_are_calibrated() -> None:
    actors = many(1, 400, q01=0.08, q10=0.08, concealment=0.3)
    posteriors = np.concatenate(smoothed(actors, rates_of(actors)))
    truth = np.concatenate([actor.other for actor in actors])
    for low in np.arange(0, 1, 0.2):
        inside = (posteriors >= low) & (posteriors < low + 0.2)
        count = int(inside.sum())
        # Turns of one series depend on each other: the unit is larger than the turn.
        error = 2.0 * np.sqrt(0.25 / count)
        assert abs(truth[inside].mean() - posteriors[inside].mean()) < 2.5 * error


def test_who_flipped_is_told_from_who_did_not_and_when() -> None:
    actors = many(2, 300, q01=0.06, q10=0.0, concealment=0.2)
    rates = rates_of(actors)
    posterior = smoothed(actors, rates)
    peak = np.array([part.max() for part in posterior])
    flipped = np.array([float(actor.other.max()) for actor in actors])
    assert auc(peak, flipped) > 0.93
    delays = []
    for actor, part in zip(actors, posterior, strict=True):
        place = first_step(actor.evidence, part)[0]
        if place is not None and actor.other.max() and not actor.other[0]:
            delays.append(place - int(actor.other.argmax()))
    assert abs(float(np.median(delays))) <= 1
    assert np.mean(np.abs(delays) <= 2) > 0.8


def test_false_alarms_are_rare() -> None:
    actors = many(3, 400)
    posterior = smoothed(actors, rates_of(actors))
    alarms = sum(
        first_step(actor.evidence, part)[0] is not None
        for actor, part in zip(actors, posterior, strict=True)
    )
    assert stats.binomtest(alarms, 400, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize(("q01", "q10"), [(0.1, 0.1), (0.05, 0.2), (0.15, 0.0)])
def test_intervals_of_both_rates_cover(q01: float, q10: float) -> None:
    replicates = effort(50, 100)
    covered = np.zeros(2, dtype=int)
    for seed in range(replicates):
        rates = rates_of(many(1000 + seed, 40, q01=q01, q10=q10, concealment=0.3))
        covered += [
            interval.low - 1e-9 <= truth <= interval.high
            for interval, truth in ((rates.q01, q01), (rates.q10, q10))
        ]
    assert not_below(int(covered[0]), replicates, 0.95)
    assert not_below(int(covered[1]), replicates, 0.95)


def test_a_static_filter_would_call_a_return_impossible_and_ours_does_not() -> None:
    """The trap of the design: after two strong signs, a filter without returns never changes its
    mind, however the actor speaks afterwards."""
    evidence = np.array([-1.0] * 4 + [5.0, 5.0] + [-1.0] * 8)
    static = np.cumsum(evidence)
    assert static[6] > 2.5, "the static sum must still be convinced long after the return"
    rates = estimate([evidence] * 6)
    posterior = smooth(evidence, rates.q01.estimate, rates.q10.estimate, rates.concealment)
    step = first_step(evidence, posterior)
    place, returned = step.place, step.returned
    assert place == 4
    assert returned is not None
    assert posterior[-1] < 0.5
    assert absorbing([evidence] * 6, rates).verdict == "not established"


def test_a_hidden_static_shadow_is_not_called_irreversible_switching() -> None:
    actors = many(7, 120, concealment=0.6, share=0.3)
    assert mechanisms([actor.evidence for actor in actors])[0].name == "M1"


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("M0", {"q01": 0.12, "q10": 0.12, "concealment": 0.3}),
        ("M1", {"share": 0.35, "concealment": 0.5}),
        ("M2", {"q01": 0.12, "concealment": 0.3}),
    ],
)
def test_the_mechanism_is_told(name: str, facts: dict[str, float]) -> None:
    right = clear = 0
    for seed in range(12):
        fits = mechanisms([actor.evidence for actor in many(seed, 80, turns=16, **facts)])
        right += fits[0].name == name
        clear += fits[1].bic - fits[0].bic > 6
    assert right >= 11
    assert clear >= 9


def test_two_scenes_do_not_identify_a_mechanism() -> None:
    verdicts = []
    for seed in range(10):
        fits = mechanisms([actor.evidence for actor in many(seed, 2, q01=0.1, q10=0.1)])
        verdicts.append(fits[1].bic - fits[0].bic > 6)
    assert sum(verdicts) <= 1


@pytest.mark.parametrize("turns", [6, 10, 16])
def test_ramps_are_no_flips_and_steps_are(turns: int) -> None:
    generator = np.random.default_rng(turns)
    ramps = steps = 0
    for _ in range(200):
        ramp = np.linspace(-3, 3, turns) + generator.normal(0, 0.5, turns)
        place = int(generator.integers(2, turns - 1))
        step = np.where(np.arange(turns) < place, -2.0, 2.0) + generator.normal(0, 0.7, turns)
        crossing = int(np.argmax(ramp > 0))
        ramps += step_weight(ramp, max(1, crossing)) >= 0.5
        steps += step_weight(step, place) >= 0.5
    assert stats.binomtest(ramps, 200, 0.1, alternative="greater").pvalue > 0.001
    assert not_below(steps, 200, 0.9)


def test_order_of_series_and_swapping_of_names_change_nothing() -> None:
    actors = many(5, 30, q01=0.1, q10=0.1)
    forward, backward = rates_of(actors), rates_of(actors[::-1])
    assert forward.q01.estimate == pytest.approx(backward.q01.estimate, rel=1e-9)
    assert forward.q10.high == pytest.approx(backward.q10.high, rel=1e-9)


def test_without_evidence_nothing_is_known() -> None:
    rates = estimate([np.zeros(10)] * 5)
    assert rates.q10.high > 0.7
    assert absorbing([np.zeros(10)] * 5, rates).verdict == "not established"
    assert absorbing([]).verdict == "not established"
