"""How well scores tell two groups apart, and intervals over clusters for any statistic."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.stats import Floats, Interval, clopper_pearson, share_of


def area_under_curve(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """P(a true one scores higher than a false one), ties counted half: the area under the ROC
    curve (Mann and Whitney 1947; Hanley and McNeil 1982). NaN scores are left out; NaN if one of
    the groups is empty.

    >>> area_under_curve(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    known = ~np.isnan(scores)
    true, false = scores[known & truth], np.sort(scores[known & ~truth])
    if not len(true) or not len(false):
        return nan
    below = np.searchsorted(false, true, side="left")
    ties = np.searchsorted(false, true, side="right") - below
    return float((below + ties / 2).mean() / len(false))


def over_clusters(
    statistic: Callable[[NDArray[np.bool_]], float],
    clusters: Sequence[Hashable],
    low: float = -np.inf,
    high: float = np.inf,
) -> Interval:
    """A statistic with 95% limits from leaving out one cluster at a time, within what is possible.

    ``statistic`` is given which of the observations count, of shape (n), as ``clusters``. Variance
    by the jackknife (Tukey 1958; Efron and Tibshirani 1993, chapter 11), limits by Student's t with
    one degree of freedom less than clusters. Where every part gives the same there is no variance:
    at an end of what is possible the limits are then Clopper and Pearson's over clusters, and else
    there are none. Fewer than two clusters have no limits.

    >>> values = np.array([1.0, 2.0, 3.0])
    >>> found = over_clusters(lambda kept: float(values[kept].mean()), "abc")
    >>> found.estimate, round(found.high, 2)
    (2.0, 4.48)
    """
    names = list(dict.fromkeys(clusters))
    owner = np.array([names.index(each) for each in clusters])
    estimate = statistic(np.ones(len(owner), dtype=bool))
    count = len(names)
    if np.isnan(estimate) or count < 2:
        return Interval(estimate, nan, nan)
    left_out = np.array([statistic(owner != place) for place in range(count)])
    left_out = left_out[~np.isnan(left_out)]
    if len(left_out) < 2:
        return Interval(estimate, nan, nan)
    if np.ptp(left_out) <= 1e-12:
        return _without_variance(estimate, count, low, high)
    # What one cluster alone decides has no value without it: the rest speak for themselves.
    used = len(left_out)
    spread = sqrt((used - 1) / used * float(np.sum((left_out - left_out.mean()) ** 2)))
    half = float(special.stdtrit(used - 1, 0.975)) * spread
    return Interval(estimate, max(low, estimate - half), min(high, estimate + half))


def _without_variance(estimate: float, count: int, low: float, high: float) -> Interval:
    if not np.isfinite(high - low):
        return Interval(estimate, nan, nan)
    if estimate == high:
        return Interval(estimate, low + (high - low) * clopper_pearson(count, count).low, high)
    if estimate == low:
        return Interval(estimate, low, low + (high - low) * clopper_pearson(0, count).high)
    return Interval(estimate, nan, nan)


def share_over_clusters(happened: Sequence[bool], clusters: Sequence[Hashable]) -> Interval:
    """The share of what happened, with 95% limits: exact (Clopper and Pearson) where every
    observation is a cluster of its own, else the wider of these and those from leaving out clusters
    (``analysis.stats.share_of``), which alone hold too seldom near 0 and 1.

    >>> share_over_clusters([True, False], [1, 2]).estimate
    0.5
    """
    names = list(dict.fromkeys(clusters))
    exact = clopper_pearson(sum(happened), len(happened))
    if len(names) == len(happened):
        return exact
    part, whole = np.zeros(len(names)), np.zeros(len(names))
    for each, cluster in zip(happened, clusters, strict=True):
        part[names.index(cluster)] += each
        whole[names.index(cluster)] += 1
    apart = share_of(part, whole)
    if isnan(apart.low):
        return exact if len(names) > 1 else apart
    return Interval(exact.estimate, min(exact.low, apart.low), max(exact.high, apart.high))


def rate_of(events: int, exposure: float) -> Interval:
    """Events for each unit of exposure with the exact 95% interval of a Poisson count (Garwood
    1936). NaN without exposure.

    >>> rate_of(0, 1000.0).estimate, round(1000 * rate_of(0, 1000.0).high, 2)
    (0.0, 3.69)
    """
    if exposure <= 0:
        return Interval(nan, nan, nan)
    low = float(special.gammaincinv(events, 0.025)) if events else 0.0
    high = float(special.gammaincinv(events + 1, 0.975))
    return Interval(events / exposure, low / exposure, high / exposure)
