"""Intervals of means and of their differences."""

from __future__ import annotations

from math import exp, isfinite, isnan, nan, sqrt

import numpy as np
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import UNKNOWN, Floats, Interval
from analysis.stats.resampling import alike


def paired_difference(
    first: Floats, second: Floats, level: float = 0.95, *, share: bool | None = None
) -> Interval:
    """Interval of the mean of first - second, over pairs. NaN pairs are left out.

    Student's t interval of the differences. For shares it would have no width if no pair differs,
    so shares get the adjusted Wald interval for matched pairs (Agresti and Min, Statistics in
    Medicine 24, 2005), which adds half an observation to each cell of the table of pairs. Its
    limits lie in [-1, 1], and the estimate is the plain difference. ``share`` says whether the
    values are shares; None means that they are if all are 0 or 1.

    >>> interval = paired_difference(np.zeros(50), np.zeros(50))
    >>> interval.estimate, interval.low < 0 < interval.high < 0.1
    (0.0, True)
    """
    kept = ~(np.isnan(first) | np.isnan(second))
    one, two = first[kept], second[kept]
    count = len(one)
    if count == 0:
        return UNKNOWN
    differences = one - two
    estimate = float(differences.mean())
    if _shares(one, two) if share is None else share:
        total = count + 2
        gained = (float(np.sum(differences > 0)) + 0.5) / total
        lost = (float(np.sum(differences < 0)) + 0.5) / total
        spread = sqrt((gained + lost - (gained - lost) ** 2) / total)
        half = float(special.ndtri((1 + level) / 2)) * spread
        centre = gained - lost
        return Interval(estimate, max(-1.0, centre - half), min(1.0, centre + half))
    if alike(differences):
        return Interval(estimate, nan, nan)
    spread = float(differences.std(ddof=1)) / sqrt(count)
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * spread
    return Interval(estimate, estimate - half, estimate + half)


def mean_interval(values: Floats, level: float = 0.95) -> Interval:
    """The mean of independent values with Student's t interval. NaN is left out.

    >>> mean_interval(np.array([1.0, 3.0])).estimate
    2.0
    """
    return paired_difference(values, np.zeros(len(values)), level, share=False)


def bounded_mean_interval(values: Floats, low: float, high: float, level: float = 0.95) -> Interval:
    """The mean of independent values that cannot leave [low, high]; limits stay in it, too.

    Each limit is the wider of two: Student's t, which is too narrow on the long side of skewed
    values (of 10 exponential ones it holds the mean in 90% of samples), and Student's t on the
    logarithm of the distance from a bound (delta method), which is long where values reach far.
    The upper limit is taken from the lower bound and the lower from the upper; a bound may be
    infinite, and then Student's stays. How often it covers: ``benchmarks.validity.coverage``.

    >>> found = bounded_mean_interval(np.array([0.0, 0.1, 0.1, 0.2, 0.5, 0.1]), 0, 1)
    >>> [round(limit, 3) for limit in (found.low, found.estimate, found.high)]
    [0.0, 0.167, 0.502]
    """
    found = mean_interval(values, level)
    if isnan(found.low):
        return found
    half, limits = found.high - found.estimate, []
    for bound, sign in ((low, 1.0), (high, -1.0)):
        distance = sign * (found.estimate - bound)
        plain = distance + half
        if isfinite(bound) and distance > 0:
            plain = max(plain, distance * exp(min(half / distance, 700.0)))
        limits.append(bound + sign * plain if isfinite(bound) else found.estimate + sign * half)
    return Interval(found.estimate, max(float(low), limits[1]), min(float(high), limits[0]))


def few_and_skewed(values: Floats) -> bool:
    """Whether Student's interval of the mean is doubtful: 5 to 20 values, of a skewness beyond 1.

    Fewer values do not show how skewed they are.

    >>> few_and_skewed(np.array([0.0, 0.1, 0.1, 0.2, 0.3, 4.0])), few_and_skewed(np.arange(6.0))
    (True, False)
    """
    if not 5 <= len(values) <= 20 or alike(values):
        return False
    around = values - values.mean()
    return bool(abs(float((around**3).mean())) > float((around**2).mean()) ** 1.5)


def difference(
    first: Floats, second: Floats, level: float = 0.95, *, share: bool | None = None
) -> Interval:
    """Interval of the difference of two means, of independent samples. NaN is left out.

    Welch's t interval (Biometrika 34, 1947). Shares get the adjusted Wald interval that adds a
    success and a failure to each sample (Agresti and Caffo, The American Statistician 54, 2000);
    the estimate is the plain difference. ``share`` says whether the values are shares; None means
    that they are if all are 0 or 1.

    >>> interval = difference(np.array([1.0, 1.0, 0.0, 1.0]), np.zeros(4))
    >>> interval.estimate, interval.low < 0.75 < interval.high
    (0.75, True)
    """
    one, two = first[~np.isnan(first)], second[~np.isnan(second)]
    if not len(one) or not len(two):
        return UNKNOWN
    estimate = float(one.mean() - two.mean())
    if _shares(one, two) if share is None else share:
        p, q = ((float(part.sum()) + 1) / (len(part) + 2) for part in (one, two))
        spread = sqrt(p * (1 - p) / (len(one) + 2) + q * (1 - q) / (len(two) + 2))
        half = float(special.ndtri((1 + level) / 2)) * spread
        return Interval(estimate, max(-1.0, p - q - half), min(1.0, p - q + half))
    if len(one) < 2 or len(two) < 2:
        return Interval(estimate, nan, nan)
    shares = [float(part.var(ddof=1)) / len(part) for part in (one, two)]
    total = sum(shares)
    if total == 0:
        return Interval(estimate, estimate, estimate)
    freedom = total**2 / sum(
        share**2 / (len(part) - 1) for share, part in zip(shares, (one, two), strict=True)
    )
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * sqrt(total)
    return Interval(estimate, estimate - half, estimate + half)


def _shares(one: Floats, two: Floats) -> bool:
    return bool(np.isin(one, (0, 1)).all() and np.isin(two, (0, 1)).all())


def beyond(one: Interval, other: Interval) -> Interval:
    """Interval of the difference of two independent estimates, from the intervals of both.

    The square-and-add limits of Zou and Donner (Statistics in Medicine 27, 2008), which keep the
    skewness of both intervals.

    >>> beyond(Interval(3.0, 0.0, 7.0), Interval(1.0, 0.0, 5.0))
    Interval(estimate=2.0, low=-3.0, high=6.123105625617661)
    """
    estimate = one.estimate - other.estimate
    low = sqrt((one.estimate - one.low) ** 2 + (other.high - other.estimate) ** 2)
    high = sqrt((one.high - one.estimate) ** 2 + (other.estimate - other.low) ** 2)
    return Interval(estimate, estimate - low, estimate + high)
