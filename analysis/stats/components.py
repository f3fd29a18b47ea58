"""Variance between groups, apart from that within them."""

from __future__ import annotations

from math import nan, sqrt

import numpy as np
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import UNKNOWN, Floats, Interval


def between_groups(values: Floats, level: float = 0.95) -> Interval:
    """The variance component between groups in a one-way random effects model.

    ``values`` is groups by repetitions (at least two of each). The estimate is (MSB - MSW) / k. It
    can be below zero, and so can the limits. Each limit is the wider of two: Student's from a
    jackknife over groups (Arvesen 1969), which is too narrow for a few dozen groups, and the
    modified large-sample limit (Graybill and Wang 1980; Burdick and Graybill 1992, section 3.3),
    which is right for few groups with normal means but too narrow if a few groups are far from the
    rest.

    >>> far = np.arange(12.0)[:, None] + np.array([[0.0, 0.1, 0.2]])
    >>> bool(between_groups(far).low > 0)
    True
    """
    groups, repetitions = values.shape
    if groups < 2 or repetitions < 2:
        return UNKNOWN

    def component(some: Floats) -> float:
        means = some.mean(axis=1)
        within = float(some.var(axis=1, ddof=1).mean())
        return float(means.var(ddof=1) - within / repetitions)

    estimate = component(values)
    if groups == 2:
        return Interval(estimate, nan, nan)
    left_out = np.array([component(np.delete(values, place, axis=0)) for place in range(groups)])
    pseudo = groups * estimate - (groups - 1) * left_out
    half = float(special.stdtrit(groups - 1, (1 + level) / 2)) * float(pseudo.std(ddof=1))
    half /= sqrt(groups)
    within = float(values.var(axis=1, ddof=1).mean())
    between = repetitions * estimate + within
    low, high = _component_limits(between, within, groups, repetitions, level)
    return Interval(estimate, min(estimate - half, low), max(estimate + half, high))


def _component_limits(
    between: float, within: float, groups: int, repetitions: int, level: float
) -> tuple[float, float]:
    """The modified large-sample limits of a variance between groups, from two mean squares.

    Exact where one of the two variances is zero, and for many groups.
    """
    tail, first, second = (1 - level) / 2, groups - 1, groups * (repetitions - 1)
    above, below = (float(special.fdtri(first, second, p)) for p in (1 - tail, tail))
    g1, g2 = (1 - n / float(special.chdtri(n, tail)) for n in (first, second))
    h1, h2 = (n / float(special.chdtri(n, 1 - tail)) - 1 for n in (first, second))
    g12 = ((above - 1) ** 2 - (g1 * above) ** 2 - h2**2) / above
    h12 = ((1 - below) ** 2 - (h1 * below) ** 2 - g2**2) / below
    low = (g1 * between) ** 2 + (h2 * within) ** 2 + g12 * between * within
    high = (h1 * between) ** 2 + (g2 * within) ** 2 + h12 * between * within
    apart = between - within
    return (
        (apart - sqrt(max(low, 0.0))) / repetitions,
        (apart + sqrt(max(high, 0.0))) / repetitions,
    )
