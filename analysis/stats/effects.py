"""Sizes of a difference that need no unit: Cliff's delta, and the ratio of two means.

Both have intervals for independent samples and for pairs; a pair is one unit, whatever its members
have in common.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from scipy import special

from analysis.stats.interval import UNKNOWN, Floats, Interval
from analysis.stats.means import difference, paired_difference
from analysis.stats.permutation import permuted as permuted


def cliffs_delta(
    first: Floats, second: Floats, level: float = 0.95, *, paired: bool = False
) -> Interval:
    """P(first > second) - P(first < second), of a member of each sample: in [-1, 1].

    The variance is the jackknife's, over the members of both samples, or over pairs. The limits are
    those of Feng and Cliff (Journal of Modern Applied Statistical Methods 3, 2004), which are not
    symmetric: towards 1 there is less room. Where every member of one sample exceeds every other
    (|delta| = 1) the variance is zero, and the inner limit is (n - t^2) / (n + t^2), n the smaller
    sample. Of shares (0 or 1) delta is the difference of the shares, and so are its limits. NaN
    limits for fewer than three members, or where all are tied. NaN is left out.

    >>> found = cliffs_delta(np.array([3.0, 4.0, 5.0, 6.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    >>> found.estimate, found.low < found.estimate < found.high <= 1
    (0.75, True)
    """
    if paired:
        known = ~(np.isnan(first) | np.isnan(second))
        one, two = first[known], second[known]
    else:
        one, two = first[~np.isnan(first)], second[~np.isnan(second)]
    if not len(one) or not len(two):
        return UNKNOWN
    if np.isin(one, (0, 1)).all() and np.isin(two, (0, 1)).all():
        # Of shares delta is their difference, which has intervals that hold for few pairs, too.
        interval = paired_difference if paired else difference
        return interval(one, two, level, share=True)
    rows, columns = _exceeds(one, two), -_exceeds(two, one)
    total, cells = rows.sum(), len(one) * len(two)
    delta = float(total / cells)
    fewest = min(len(one), len(two))
    if fewest < 3:
        return Interval(delta, np.nan, np.nan)
    count, other = len(one), len(two)
    if paired:
        # Without pair k a row and a column are gone, which share one cell.
        left = (total - rows - columns + np.sign(one - two)) / (count - 1) ** 2
        variance = (count - 1) / count * float(((left - left.mean()) ** 2).sum())
        freedom = count - 1
    else:
        without_row = (total - rows) / ((count - 1) * other)
        without_column = (total - columns) / (count * (other - 1))
        variance = sum(
            (size - 1) / size * float(((left - left.mean()) ** 2).sum())
            for size, left in ((count, without_row), (other, without_column))
        )
        freedom = count + other - 2
    if one.min() == two.max() and one.max() == two.min():
        return Interval(delta, np.nan, np.nan)  # All are tied, which shows no variance.
    t = float(special.stdtrit(freedom, (1 + level) / 2))
    if abs(delta) == 1:
        inner = (fewest - t**2) / (fewest + t**2)
        return Interval(delta, *((inner, 1.0) if delta > 0 else (-1.0, -inner)))
    middle = delta - delta**3
    half = t * sqrt(variance) * sqrt((1 - delta**2) ** 2 + t**2 * variance)
    scale = 1 - delta**2 + t**2 * variance
    return Interval(delta, max(-1.0, (middle - half) / scale), min(1.0, (middle + half) / scale))


def _exceeds(some: Floats, others: Floats) -> Floats:
    """How many of the others each exceeds, less how many exceed it: by their order, since a table
    of every two takes seconds for thousands."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, some, side="left")
    above = len(ordered) - np.searchsorted(ordered, some, side="right")
    return np.asarray(below - above, dtype=float)


def ratio_of_means(
    first: Floats, second: Floats, level: float = 0.95, *, paired: bool = False
) -> Interval:
    """mean(first) / mean(second), of values that are not negative; the limits are Student's on the
    logarithm, with the variance of the delta method. Unknown where a mean is not positive.

    >>> ratio_of_means(np.array([2.0, 2.2, 1.8]), np.array([1.0, 1.1, 0.9])).estimate
    2.0
    """
    if paired:
        known = ~(np.isnan(first) | np.isnan(second))
        one, two = first[known], second[known]
    else:
        one, two = first[~np.isnan(first)], second[~np.isnan(second)]
    if not len(one) or not len(two) or one.mean() <= 0 or two.mean() <= 0:
        return UNKNOWN
    ratio = float(one.mean() / two.mean())
    if min(len(one), len(two)) < 3:
        return Interval(ratio, np.nan, np.nan)
    if paired:
        parts = one / one.mean() - two / two.mean()
        variance = float(parts.var(ddof=1)) / len(parts)
        freedom = len(parts) - 1
    else:
        variance = sum(
            float(part.var(ddof=1)) / part.mean() ** 2 / len(part) for part in (one, two)
        )
        freedom = min(len(one), len(two)) - 1
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * sqrt(variance)
    if half == 0:
        return Interval(ratio, np.nan, np.nan)
    low, high = (float(np.exp(log(ratio) + sign * half)) for sign in (-1, 1))
    return Interval(ratio, low, high)
