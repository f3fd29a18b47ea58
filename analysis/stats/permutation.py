"""Tests by exchanging what could as well have been the other way round.

With few units such a test cannot reach every level: ``least_p`` says how far it can go.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, nan

import numpy as np

from analysis.stats.interval import Floats


def sign_flip(
    first: Floats,
    second: Floats,
    statistic: Callable[[Floats], Floats] | None = None,
    exact_up_to: int = 14,
    draws: int = 9999,
    seed: int = 0,
) -> float:
    """Two-sided p value of a permutation test for paired samples: members of pairs are exchanged.

    ``first`` and ``second`` are pairs, or pairs by variables. ``statistic`` maps means of variables
    to a number; the test statistic is its difference between the two samples. For one variable it
    is the mean, which gives Fisher's sign-flip test (1935). All 2^n exchanges are tried for up to
    ``exact_up_to`` pairs, otherwise ``draws`` random ones, with the observed one counted among them
    (Phipson and Smyth 2010).

    >>> sign_flip(np.array([3.0, 4.0, 5.0]), np.array([1.0, 1.0, 1.0]))
    0.25
    """
    if len(first) == 0:
        return nan
    one = first.reshape(len(first), -1)
    two = second.reshape(len(second), -1)
    count = len(one)
    of = statistic if statistic is not None else (lambda means: means[..., 0])
    if count <= exact_up_to:
        bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
        flipped = (1.0 - 2.0 * bits) @ (one - two)
    else:
        flipped = _flipped(one - two, draws, np.random.default_rng(seed))
    centre = (one + two).sum(axis=0) / (2 * count)
    shift = flipped / (2 * count)
    spread = np.abs(of(centre + shift) - of(centre - shift))
    if isnan(float(spread[0])):
        return nan
    # Equal statistics can differ in their last bits: the order of the sum is not the same.
    return float(np.mean(spread >= spread[0] - 1e-12 * max(1.0, float(spread[0]))))


_SIGNS = 1 << 20
"""So many random signs are held at a time: of thousands of pairs all would take a gigabyte."""


def _flipped(gaps: Floats, draws: int, generator: np.random.Generator) -> Floats:
    """Sums of the rows of ``gaps``, each with a random sign: a row for each draw, and first the sum
    as it is."""
    count = len(gaps)
    sums = [gaps.sum(axis=0, keepdims=True)]
    at_once = max(1, _SIGNS // count)
    for begun in range(0, draws, at_once):
        ends = generator.integers(0, 2, size=(min(at_once, draws - begun), count))
        sums.append((2.0 * ends - 1.0) @ gaps)
    return np.vstack(sums)


def least_p(units: int) -> float:
    """The smallest p value that ``sign_flip`` can give for so many pairs: 2 / 2^n, at most 1.

    Of fewer than six pairs it is above 0.05.

    >>> least_p(5), least_p(6)
    (0.0625, 0.03125)
    """
    return 2.0 ** min(0, 1 - units)


def permuted(first: Floats, second: Floats, draws: int = 9999, seed: int = 0) -> float:
    """Two-sided p value for the difference of means of independent samples, by dealing the values
    to the samples anew (Pitman 1937; the observed deal counts among them). NaN is left out.

    >>> permuted(np.array([3.0, 4.0, 5.0, 6.0]), np.array([1.0, 1.5, 2.0, 0.5])) < 0.05
    True
    """
    one, two = first[~np.isnan(first)], second[~np.isnan(second)]
    if not len(one) or not len(two):
        return float("nan")
    every = np.concatenate([one, two])
    generator = np.random.default_rng(seed)
    observed = abs(one.mean() - two.mean())
    dealt = generator.permuted(np.tile(every, (draws, 1)), axis=1)[:, : len(one)].sum(axis=1)
    spread = np.abs(dealt / len(one) - (every.sum() - dealt) / len(two))
    reached = spread >= observed - 1e-12 * max(1.0, observed)
    return float((1 + reached.sum()) / (1 + draws))


def max_t(
    differences: Floats, exact_up_to: int = 12, draws: int = 4999, seed: int = 0
) -> list[float]:
    """Adjusted p values of many quantities of the same pairs, by sign flips and the largest |t|.

    ``differences`` is pairs by quantities, the first member less the second; NaN where a quantity
    is missing in a pair. The signs of a pair are flipped for all its quantities together, which
    keeps how they hang together, and each quantity is compared with the largest |t| among those
    that are no more striking than itself (step-down, Westfall and Young, Resampling-Based Multiple
    Testing, 1993, algorithm 4.1). Keeps the family-wise error rate where differences are symmetric
    about zero under the null. All 2^n flips are tried for up to ``exact_up_to`` pairs. NaN for a
    quantity with fewer than two pairs.

    >>> strong = np.arange(8.0) + 4
    >>> [round(p, 4) for p in max_t(np.column_stack([strong, strong, strong * ([1, -1] * 4)]))]
    [0.0156, 0.0156, 0.8984]
    """
    pairs, quantities = differences.shape
    known = ~np.isnan(differences)
    counts = known.sum(axis=0)
    values = np.where(known, differences, 0.0)
    if pairs <= exact_up_to:
        signs = 1.0 - 2.0 * ((np.arange(2**pairs)[:, None] >> np.arange(pairs)) & 1)
    else:
        drawn = np.random.default_rng(seed).choice([-1.0, 1.0], size=(draws, pairs))
        signs = np.vstack([np.ones((1, pairs)), drawn])
    size = np.maximum(counts, 2)
    means = signs @ values / size
    # Flips leave the sum of squares as it is, so the variance follows from the mean.
    spread = np.maximum((values**2).sum(axis=0) - size * means**2, 0.0) / (size - 1)
    scale = np.sqrt(spread / size)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(means == 0, 0.0, np.abs(means) / scale)
    tested = [place for place in range(quantities) if counts[place] >= 2]
    order = sorted(tested, key=lambda place: float(t[0, place]))
    adjusted = [nan] * quantities
    largest = np.zeros(len(signs))
    for place in order:
        largest = np.maximum(largest, t[:, place])
        observed = t[0, place]
        reached = largest >= observed * (1 - 1e-9) if observed < inf else largest == inf
        adjusted[place] = float(reached.mean())
    highest = 0.0
    for place in reversed(order):
        highest = max(highest, adjusted[place])
        adjusted[place] = highest
    return adjusted
