"""Fixed slices of ``benchmarks.validity.ratings``, and the formulas behind the intervals.

Each binomial test is exact and refuses at 0.001, so that a false alarm is rare and a real loss of
coverage is seen.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from scipy import linalg, optimize, special
from scipy.stats import binomtest

from analysis.tournaments.ratings.bootstrap import reweighted
from analysis.tournaments.ratings.bradley_terry import cells, outcomes
from analysis.tournaments.ratings.estimation import Estimate, estimate
from analysis.tournaments.ratings.margins import stretch
from analysis.tournaments.ratings.newton import fit as fitted
from analysis.tournaments.ratings.newton import solve
from analysis.tournaments.ratings.sandwich import half_widths, robust, scores
from benchmarks.validity.ratings import World, alarm, draw, many, replicate

ALARM = 0.001


@pytest.mark.parametrize(
    "world",
    [
        World("20 topics"),
        World("strengths differ by topic", affinity=0.5, topics=10),
        World("ties", tie=1.0, spread=0.5),
        World("margins", margins=True),
    ],
    ids=lambda world: world.name,
)
def test_intervals_cover(world: World) -> None:
    count = effort(16, 40)
    replicated = many(partial(replicate, world, 40), count, 1)
    # Entrants of one table depend on one another; the ends and the middle do so little.
    covered = sum(int(one.covered[[0, 6, 11]].sum()) for one in replicated)
    assert binomtest(covered, 3 * count, 0.95).pvalue > ALARM
    assert binomtest(sum(one.side for one in replicated), count, 0.95).pvalue > ALARM
    ranked = sum(int(one.ranked[[0, 6, 11]].sum()) for one in replicated)
    assert binomtest(ranked, 3 * count, 0.95, alternative="less").pvalue > ALARM
    mean = np.mean([one.ratings for one in replicated], axis=0)
    assert np.corrcoef(mean, world.strengths())[0, 1] > 0.97


def test_transitive_results_rarely_alarm_and_cycles_do() -> None:
    # The test is exact at 0.05 with 19 tables drawn anew as it is with 59.
    drawn, count = effort(19, 59), effort(60, 100)
    p = many(partial(alarm, World("", 8, 150), drawn), count, 1)
    assert (
        binomtest(sum(one <= 0.05 for one in p), count, 0.05, alternative="greater").pvalue > ALARM
    )
    p = many(partial(alarm, World("", 3, 60, deviation=0.0, cycle=1.5), drawn), 20, 1)
    assert sum(one <= 0.05 for one in p) >= 19


# -- formulas ----------------------------------------------------------------------------------


def _made(world: World, seed: int = 0, ridge: float = 0.0, davidson: bool = False) -> Estimate:
    return estimate(draw(world, seed), ridge=ridge, ties="davidson" if davidson else "half")


def test_the_variance_is_cr2_with_satterthwaites_degrees_of_freedom() -> None:
    """By the textbook: hat matrices of rows, which the code never forms."""
    made = _made(World("", 5, 90, topics=7))
    assert made.fit.model.spread == 0
    comparisons, fit = made.comparisons, made.fit
    rows, cluster = len(comparisons), comparisons.cluster
    design = np.zeros((rows, fit.model.size))
    design[np.arange(rows), comparisons.first] = 1
    design[np.arange(rows), comparisons.second] = -1
    design[:, 5:] = comparisons.effects
    eta = design @ fit.parameters
    mean = 1 / (1 + np.exp(-eta))
    root = np.sqrt(mean * (1 - mean))
    scaled, rest = design * root[:, None], (comparisons.score - mean) / root
    covariance = fit.covariance
    hat = scaled @ covariance @ scaled.T
    theirs, pieces = np.zeros((7, fit.model.size)), np.zeros((7, fit.model.size, rows))
    for place in range(7):
        own = cluster == place
        left = np.eye(own.sum()) - hat[np.ix_(own, own)]
        adjust = linalg.fractional_matrix_power(left, -0.5).real
        theirs[place] = covariance @ scaled[own].T @ adjust @ rest[own]
        leave = (np.eye(rows) - hat)[own]
        pieces[place] = covariance @ scaled[own].T @ adjust @ leave
    between = robust(fit)
    assert between.influence == pytest.approx(theirs, abs=1e-6)
    for parameter in range(fit.model.size):
        joint = pieces[:, parameter] @ pieces[:, parameter].T
        freedom = np.trace(joint) ** 2 / np.sum(joint**2)
        assert between.freedom[parameter] == pytest.approx(freedom, rel=1e-6)


def test_with_many_clusters_the_adjustment_is_next_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fit = _made(World("", 6, 400, topics=100), 5).fit
    adjusted = np.sqrt((robust(fit).influence ** 2).sum(axis=0))
    monkeypatch.setattr("analysis.tournaments.ratings.sandwich.MANY", 0)
    plain = robust(fit)
    assert np.sqrt((plain.influence**2).sum(axis=0)) == pytest.approx(adjusted, rel=0.03)
    assert plain.freedom[-1] == 99
    assert (plain.freedom < 99).sum() > 0


@pytest.mark.parametrize("davidson", [False, True])
def test_the_fit_is_a_maximum_and_its_information_the_curvature(davidson: bool) -> None:
    made = _made(World("", 5, 120, topics=6, tie=0.8), 1, 0.3, davidson)
    fit = fitted(replace(made.fit.model, spread=0.8))
    model = fit.model

    def loss(values: np.ndarray) -> float:
        parameters, own = values[: model.size], values[model.size :]
        prior = model.ridge * parameters @ parameters + own @ own / model.spread**2
        return float(prior / 2 - model.log_likelihood(parameters, own))

    best, step = np.concatenate([fit.parameters, fit.own]), 1e-3
    moves = step * np.eye(len(best))
    slope = [(loss(best + move) - loss(best - move)) / (2 * step) for move in moves]
    assert slope == pytest.approx([0] * len(best), abs=1e-4)
    bent = np.array(
        [
            [
                loss(best + one + two) - loss(best + one - two)
                - loss(best - one + two) + loss(best - one - two)
                for one in moves
            ]
            for two in moves
        ]
    ) / (4 * step**2)  # fmt: skip
    whole = np.linalg.inv(bent)[: model.size, : model.size]
    assert model.centre @ whole @ model.centre == pytest.approx(fit.covariance, abs=1e-4)


def test_the_three_outcomes_are_probabilities() -> None:
    eta = np.linspace(-800, 800, 41)
    win, tie, loss = outcomes(eta, np.array(0.3))
    assert win + tie + loss == pytest.approx(np.ones(41))
    assert win == pytest.approx(loss[::-1])


def test_replicates_spread_as_the_variance_between_clusters() -> None:
    made = _made(World("", 5, 2000, topics=40, deviation=0.5))
    drawn = reweighted(made, 2000, np.random.default_rng(0))
    between = robust(made.fit).influence
    error = np.sqrt((between**2).sum(axis=0))[:5]
    assert drawn.std(axis=0) == pytest.approx(error, rel=0.06)
    assert drawn.mean(axis=1) == pytest.approx(np.zeros(2000), abs=1e-9)


@pytest.mark.parametrize("davidson", [False, True])
def test_a_topic_that_counts_twice_is_two_topics(davidson: bool) -> None:
    world = World("", 5, 120, topics=6, tie=0.8)
    results = draw(world, 2)
    copy = results[results["topic"] == "topic 00"].assign(topic="topic 00, again")
    both = estimate(pd.concat([results, copy]), ties="davidson" if davidson else "half")
    once = _made(world, 2, davidson=davidson)
    one, two = (fitted(replace(made.fit.model, spread=0.8)) for made in (once, both))
    weights = np.array([[2.0, 1, 1, 1, 1, 1]])
    for like in (None, one.covariance):
        solution = solve(one.model, np.repeat(weights, 3, axis=0), one.solved, like=like)
        assert solution.converged
        assert solution.parameters == pytest.approx(np.tile(two.parameters, (3, 1)), abs=1e-8)
        assert solution.own[0] == pytest.approx(two.own[[0, 2, 3, 4, 5, 6]], abs=1e-8)


def test_the_influence_on_a_stretched_rating_is_that_of_a_little_more_weight() -> None:
    results = draw(World("", 5, 200, topics=10, margins=True), 3)
    made = estimate(results, margins=True, ridge=0.0)
    fit = fitted(replace(made.fit.model, spread=0.0))
    wins = cells(made.comparisons, made.effects, made.comparisons.score)
    stretching = stretch(fit, wins)
    assert stretching is not None

    def stretched(weights: np.ndarray) -> np.ndarray:
        """Kappa times the parameters, by brute force."""
        best = solve(fit.model, weights[None], fit.solved).parameters
        eta = fit.model.eta(best, fit.own[None])[0]
        weight = weights[wins.cluster[wins.kind]]

        def slope(kappa: float) -> float:
            rest = wins.score - wins.count / (1 + np.exp(-kappa * eta))
            return float(weight @ (eta * rest))

        return np.asarray(optimize.brentq(slope, 0.1, 20, xtol=1e-14) * best[0])

    assert stretching.factor * fit.parameters == pytest.approx(stretched(np.ones(10)), abs=1e-8)
    plain = scores(fit) @ fit.covariance
    moved = (stretching.score + plain @ stretching.derivative) / stretching.information
    expected = stretching.factor * plain + moved[:, None] * fit.parameters
    for place in range(10):
        step = 1e-4 * (np.arange(10) == place)
        numeric = (stretched(1 + step) - stretched(1 - step)) / 2e-4
        assert numeric == pytest.approx(expected[place], abs=1e-5)
    between = robust(fit)
    moved = (stretching.score + between.influence @ stretching.derivative) / stretching.information
    influence = stretching.factor * between.influence + moved[:, None] * fit.parameters
    half = special.stdtrit(between.freedom, 0.975) * np.sqrt((influence**2).sum(axis=0))
    assert half_widths(replace(made, fit=fit), stretching) == pytest.approx(half)


def test_no_interval_of_somebody_unbeaten_is_narrower_than_the_models() -> None:
    results = draw(World("", 5, 200, topics=10), 4)
    won = results[results["first"] == "entrant 00"].assign(first="Zoe", score=1.0)
    made = estimate(pd.concat([results, won]))
    assert made.prior_bound.tolist() == [True] + [False] * 5
    own = 1.959964 * np.sqrt(np.diag(made.fit.covariance))
    between = np.sqrt((robust(made.fit).influence ** 2).sum(axis=0))
    assert between[0] < 0.5 * own[0], "between topics it is deceptively sure"
    assert half_widths(made, None)[0] == pytest.approx(own[0])
