"""A hidden Markov model with two states: an actor plays its own character, or another.

At an actor's turn k the state is own (0) or other (1). Between turns it switches from own to other
with probability q01, and back with probability q10. The evidence of a turn is e = log p(text |
other, showing) - log p(text | own). An actor in the other state can conceal it and speak as own,
with probability kappa at each turn, so the likelihood ratio of a turn is kappa + (1 - kappa)
exp(e): an unremarkable turn is only weak evidence of a return.

q10 is a free parameter. A model without returns (a static mixture of characters) stays certain of
the other state after one strong sign, so it would find every change irreversible by assumption;
here irreversibility has to follow from the data.

Likelihoods are computed by the forward recursion, posteriors of states by forward filtering and
backward smoothing.

*References.* Baum et al., Annals of Mathematical Statistics 41, 1970; Rabiner, Proceedings of the
IEEE 77, 1989; Zucchini, MacDonald and Langrock, Hidden Markov Models for Time Series, 2016,
chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, pi

import numpy as np

from analysis.stats.interval import Floats, Interval

START = 0.01
"""Probability of the other state before the first turn, in models with switching. It is fixed, so
that a character that was there from the start (M1) can be told from one that came later (M2)."""

MOST_CONCEALED = 0.95
"""The largest kappa. At 1 the states could not be distinguished."""

WEAK = 12
"""b of the Beta(1, b) prior on q01 where rates are estimated."""

WARY = 30
"""b of that prior where flips are detected: it expects one flip in thirty turns. With ``WEAK`` 13%
of the actors in single trials of ``cross_purposes`` on the exact stage had a false alarm, with this
prior 4%; in pools of twenty trials the two do not differ."""

_COARSE = (21, 7)
_FINE = (23, 9)
_CELLS = 250_000
Box = tuple[tuple[float, float], ...]
# Weak Beta(1, b) priors: the density falls with (1 - q)^(b - 1). They matter with few trials: a
# flat prior on q01 expects a flip every other turn, so one trial would show flips that are none. An
# arm without signs of the other state leaves q10 at its wide prior and so is never "absorbing".
_PRIOR_Q10, _PRIOR_KAPPA = 2, 2


@dataclass(frozen=True, slots=True)
class Rates:
    """Both rates and the concealment of one arm: posterior means, and 95% intervals of the rates.

    The intervals are highest-density intervals of the posterior under weak priors. They reach zero
    if zero cannot be excluded.
    """

    q01: Interval
    q10: Interval
    concealment: float
    series: int
    steps: int


def log_likelihood(
    series: Sequence[Floats], q01: Floats, q10: Floats, concealment: Floats, start: Floats
) -> Floats:
    """Log-likelihood of all series at each point of a grid (arrays of one length), by the forward
    recursion, relative to a model in which every turn is own."""
    padded, lengths = padded_rows(series)
    total = np.zeros(len(q01))
    if not len(lengths):
        return total
    size = max(1, _CELLS // (len(q01) * max(1, padded.shape[1])))
    for place in range(0, len(padded), size):
        total += _forward(padded[place : place + size], q01, q10, concealment, start)
    return total


def padded_rows(series: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Series as rows, padded with NaN. NaN within a series is a turn without evidence."""
    lengths = np.array([len(part) for part in series], dtype=float)
    padded = np.full((len(series), int(lengths.max(initial=0))), np.nan)
    for row, part in enumerate(series):
        padded[row, : len(part)] = part
    return padded, lengths


def _forward(rows: Floats, q01: Floats, q10: Floats, concealment: Floats, start: Floats) -> Floats:
    # Evidence is bounded (see evidence.text), so likelihood ratios need no logarithms; a missing
    # turn has ratio 1. The filtered probability is normalised at each step (Rabiner's scaling).
    ratio = np.exp(np.where(np.isnan(rows), 0.0, rows))
    count = len(rows)
    other = np.broadcast_to(start, (count, len(q01))).astype(float, order="C")
    total = np.zeros((count, len(q01)))
    keeps, shows = 1 - q10 - q01, 1 - concealment
    weight, scale = np.empty_like(other), np.empty_like(other)
    # In place: new arrays for every step took more time than the arithmetic.
    for turn in range(rows.shape[1]):
        # There is a switch before the first turn, too: an actor can open in the other state.
        other *= keeps
        other += q01
        np.multiply(shows, ratio[:, turn, None], out=weight)
        weight += concealment
        weight[np.isnan(rows[:, turn])] = 1.0
        weight *= other
        np.subtract(1, other, out=scale)
        scale += weight
        np.divide(weight, scale, out=other)
        total += np.log(scale, out=scale)
    return np.asarray(total.sum(axis=0))


def smooth(evidence: Floats, q01: float, q10: float, concealment: float) -> Floats:
    """P(other at each turn | the whole series), by forward filtering and backward smoothing.

    >>> posterior = smooth(np.array([-1.0, -1.0, 3.0, 3.0]), 0.1, 0.05, 0.0)
    >>> [bool(value > 0.5) for value in posterior]
    [False, False, True, True]
    """
    count = len(evidence)
    seen = np.exp(np.where(np.isnan(evidence), 0.0, evidence))
    ratio = np.where(np.isnan(evidence), 1.0, concealment + (1 - concealment) * seen)
    forward = np.empty(count)
    other = START
    for turn in range(count):
        other = other * (1 - q10 - q01) + q01
        other = other * ratio[turn] / (1 - other + other * ratio[turn])
        forward[turn] = other
    smoothed = forward.copy()
    for turn in range(count - 2, -1, -1):
        ahead = forward[turn] * (1 - q10 - q01) + q01
        to_other = smoothed[turn + 1] / ahead if ahead > 0 else 0.0
        to_own = (1 - smoothed[turn + 1]) / (1 - ahead) if ahead < 1 else 0.0
        smoothed[turn] = forward[turn] * ((1 - q10) * to_other + q10 * to_own)
    return smoothed


def estimate(series: Sequence[Floats], level: float = 0.95, prior: int = WEAK) -> Rates:
    """Both rates from the series of one arm, by summing the posterior over a grid.

    The grid is even in arcsin(sqrt(q)), the variance-stabilising transformation of a proportion. A
    second, finer grid covers the part of the first that has posterior mass.
    """
    box: Box = ((0.0, pi / 2), (0.0, pi / 2), (0.0, MOST_CONCEALED))
    for size in (_COARSE, _FINE):
        axes = tuple(
            _middles(*side, many) for side, many in zip(box, (size[0], *size), strict=True)
        )
        posterior = _posterior(series, axes, prior)
        margins = [posterior.sum(axis=others) for others in ((1, 2), (0, 2), (0, 1))]
        box = tuple(
            _support(axis, mass, side[1])
            for axis, mass, side in zip(axes, margins, box, strict=True)
        )
    return Rates(
        _summary(axes[0], margins[0], level),
        _summary(axes[1], margins[1], level),
        float(margins[2] @ axes[2]),
        len(series),
        sum(len(part) for part in series),
    )


def _posterior(series: Sequence[Floats], axes: tuple[Floats, ...], prior: int) -> Floats:
    first, second, kappa = (points.ravel() for points in np.meshgrid(*axes, indexing="ij"))
    q01, q10 = np.sin(first) ** 2, np.sin(second) ** 2
    value = log_likelihood(series, q01, q10, kappa, np.full(len(q01), START))
    # A flat density of q is sin(2 theta) on theta.
    weight = np.exp(value - value.max()) * np.sin(2 * first) * np.sin(2 * second)
    weight *= (1 - q01) ** (prior - 1) * (1 - q10) ** (_PRIOR_Q10 - 1)
    weight *= (1 - kappa) ** (_PRIOR_KAPPA - 1)
    return np.asarray((weight / weight.sum()).reshape([len(axis) for axis in axes]))


def _middles(low: float, high: float, size: int) -> Floats:
    edges = np.linspace(low, high, size + 1)
    return np.asarray((edges[1:] + edges[:-1]) / 2)


def _support(points: Floats, mass: Floats, most: float) -> tuple[float, float]:
    """The part of an axis that holds all but a negligible part of the posterior."""
    step = float(points[1] - points[0])
    held = np.flatnonzero(mass > 1e-6 * mass.max())
    return (
        max(0.0, float(points[held[0]]) - 1.5 * step),
        min(most, float(points[held[-1]]) + 1.5 * step),
    )


def _summary(angles: Floats, mass: Floats, level: float) -> Interval:
    """Posterior mean and highest-density interval of q = sin(theta)^2."""
    step = float(angles[1] - angles[0])
    edges = np.clip(np.append(angles - step / 2, angles[-1] + step / 2), 0, pi / 2)
    rates = np.sin(edges) ** 2
    mean = float(np.sum(mass * np.sin(angles) ** 2) / mass.sum())
    cumulated = np.concatenate([[0.0], np.cumsum(mass) / mass.sum()])
    # The shortest interval with mass `level`; its lower end is searched on a fine grid.
    lower = np.linspace(0, 1 - level, 201)
    lows = np.interp(lower, cumulated, rates)
    highs = np.interp(lower + level, cumulated, rates)
    best = int(np.argmin(highs - lows))
    return Interval(mean, float(lows[best]), float(highs[best]))


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A model of how the other character arises, fitted to one arm."""

    name: str
    log_likelihood: float
    bic: float
    rate: float
    concealment: float


def mechanisms(series: Sequence[Floats]) -> list[Mechanism]:
    """Three models, the best by BIC first: M0 (switching, with equal rates in both directions), M1
    (other from the start or never), M2 (switching without return).

    Each has two free parameters, a rate (in M1 a share of actors) and a concealment, so BIC
    compares likelihoods; the number of observations is the number of series, the unit of the
    design.
    """
    return ranked([log_likelihood(series, *points) for points in mechanism_points()], len(series))


def mechanism_points() -> list[tuple[Floats, Floats, Floats, Floats]]:
    """q01, q10, concealment and start at the points that are tried of M0, M1 and M2."""
    rates = np.sin(_middles(0.0, pi / 2, 120)) ** 2
    kappa = np.linspace(0.0, MOST_CONCEALED, 39)
    rate, hidden = np.array(np.meshgrid(rates, kappa, indexing="ij")).reshape(2, -1)
    none, fixed = np.zeros(len(rate)), np.full(len(rate), START)
    return [(rate, rate, hidden, fixed), (none, none, hidden, rate), (rate, none, hidden, fixed)]


def ranked(values: Sequence[Floats], count: int) -> list[Mechanism]:
    """M0, M1 and M2 by BIC, from log-likelihoods at ``mechanism_points`` of so many series."""
    penalty = 2 * log(count) if count else inf
    fitted = []
    for name, value, (q01, _, hidden, start) in zip(
        ("M0", "M1", "M2"), values, mechanism_points(), strict=True
    ):
        best, rate = int(value.argmax()), start if name == "M1" else q01
        highest = float(value[best])
        fitted.append(
            Mechanism(name, highest, penalty - 2 * highest, float(rate[best]), float(hidden[best]))
        )
    return sorted(fitted, key=lambda mechanism: mechanism.bic)
