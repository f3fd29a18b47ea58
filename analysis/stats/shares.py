"""Intervals of shares: of successes among trials, and of counts over clusters."""

from __future__ import annotations

from math import isnan

from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import UNKNOWN, Floats, Interval
from analysis.stats.resampling import jackknife_ratio


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Exact interval for a proportion (Clopper and Pearson, Biometrika 26, 1934).

    >>> interval = clopper_pearson(0, 10)
    >>> interval.low, round(interval.high, 4)
    (0.0, 0.3085)
    """
    if trials == 0:
        return UNKNOWN
    tail = (1 - level) / 2
    low, high = 0.0, 1.0
    if successes > 0:
        low = float(special.betaincinv(successes, trials - successes + 1, tail))
    if successes < trials:
        high = float(special.betaincinv(successes + 1, trials - successes, 1 - tail))
    return Interval(successes / trials, low, high)


def beta_interval(
    successes: int, trials: int, level: float = 0.95, prior: tuple[float, float] = (0.5, 0.5)
) -> Interval:
    """Bayesian interval of a proportion: the middle part of a Beta posterior.

    ``prior`` are the two parameters of the Beta prior, Jeffreys' unless others are given. The
    estimate is the plain share; the limit is 0 without a success and 1 without a failure, as Brown,
    Cai and DasGupta advise (Statistical Science 16, 2001). Shorter than ``clopper_pearson``, and
    right on average over proportions instead of for each of them.

    >>> found = beta_interval(0, 10)
    >>> found.low, round(found.high, 4)
    (0.0, 0.2172)
    """
    if trials == 0:
        return UNKNOWN
    tail, one, two = (1 - level) / 2, successes + prior[0], trials - successes + prior[1]
    low = 0.0 if successes == 0 else float(special.betaincinv(one, two, tail))
    high = 1.0 if successes == trials else float(special.betaincinv(one, two, 1 - tail))
    return Interval(successes / trials, low, high)


def share_of(part: Floats, whole: Floats) -> Interval:
    """A share of counts over clusters (trials, debates), with a 95% interval in [0, 1].

    By leaving out one cluster at a time. Where there is none or nothing but, that has no width, and
    it is Clopper and Pearson's interval over clusters. Missing if nothing was counted.

    >>> import numpy as np
    >>> share_of(np.array([0.0, 0.0]), np.array([5.0, 5.0])).low
    0.0
    """
    kept = whole > 0
    some, number = part[kept], int(kept.sum())
    if number and some.sum() in (0, whole[kept].sum()):
        return clopper_pearson(number if some.sum() else 0, number)
    ratio = jackknife_ratio(some, whole[kept])
    if isnan(ratio.low):
        return ratio
    return Interval(ratio.estimate, max(0.0, ratio.low), min(1.0, ratio.high))
