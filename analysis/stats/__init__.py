"""Intervals and tests that the measures share. Each names its source.

A function returns NaN where the data do not suffice: a single scene has no interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats takes two seconds to import

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the limits of its interval. NaN where the data do not suffice."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


UNKNOWN = Interval(nan, nan, nan)


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


def jackknife(rows: Floats, statistic: Callable[[Floats], Floats], level: float = 0.95) -> Interval:
    """Jackknife interval of a smooth function of means, which leaves out one unit at a time.

    ``rows`` is units by variables; ``statistic`` maps an array of means (... by variables) to
    numbers. Variance by the jackknife (Tukey 1958; Efron and Tibshirani 1993, chapter 11), limits
    by Student's t with n - 1 degrees of freedom. One unit gives an estimate and no limits, and so
    do units that are all alike: they show no variance, which does not mean that there is none.

    >>> rows = np.array([[1.0], [2.0], [3.0]])
    >>> round(jackknife(rows, lambda means: means[..., 0]).high, 4)
    4.4841
    """
    count = len(rows)
    if count == 0:
        return UNKNOWN
    total = rows.sum(axis=0)
    estimate = float(statistic(total / count))
    if count == 1:
        return Interval(estimate, nan, nan)
    left_out = statistic((total - rows) / (count - 1))
    spread = float(np.sum((left_out - left_out.mean()) ** 2)) * (count - 1) / count
    if _alike(left_out):
        return Interval(estimate, nan, nan)
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * sqrt(spread)
    return Interval(estimate, estimate - half, estimate + half)


def jackknife_ratio(numerator: Floats, denominator: Floats, level: float = 0.95) -> Interval:
    """Interval of a ratio of means, E[numerator] / E[denominator]; see ``jackknife``."""
    return jackknife(
        np.column_stack([numerator, denominator]),
        lambda means: _divide(means[..., 0], means[..., 1]),
        level,
    )


def _alike(values: Floats) -> bool:
    """Whether numbers show no variance, but for their last bits. One number never does."""
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def _divide(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(below == 0, nan, above / below), dtype=np.float64)


def share_of(part: Floats, whole: Floats) -> Interval:
    """A share of counts over clusters (trials, debates), with a 95% interval in [0, 1].

    By leaving out one cluster at a time. Where there is none or nothing but, that has no width, and
    it is Clopper and Pearson's interval over clusters. Missing if nothing was counted.

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
    if _alike(differences):
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


def entropy(counts: Sequence[int]) -> float:
    """Entropy in bits of counts, corrected for the bias of small samples (Miller and Madow 1955).

    The plain estimate, plus (number of kinds seen - 1) / (2 n). NaN without counts.

    >>> round(entropy([50, 50]), 3), entropy([10, 0])
    (1.007, 0.0)
    """
    seen = np.array([count for count in counts if count > 0], dtype=float)
    total = float(seen.sum())
    if total == 0:
        return nan
    shares = seen / total
    plain = max(0.0, -float(np.sum(shares * np.log2(shares))))
    return float(plain + (len(seen) - 1) / (2 * total * log(2)))


def entropy_interval(counts: Sequence[int], level: float = 0.95) -> Interval:
    """``entropy`` of counts of all kinds that there could be, with limits.

    The limits are the wider of two on each side: Student's from a jackknife (Zahl, Ecology 58,
    1977), which are too narrow for kinds of equal shares, and those of a Dirichlet posterior with a
    prior of 1/kinds each (Perks 1947), which are too narrow for many kinds. Where one kind alone
    was seen, the lower limit is 0 and the upper that of the rarest that could have been missed.

    >>> interval = entropy_interval([10, 0, 0])
    >>> interval.estimate, interval.low, 0.5 < interval.high < 1.2
    (0.0, 0.0, True)
    """
    seen = np.sort(np.array(counts, dtype=np.float64))
    total, estimate = float(seen.sum()), entropy(counts)
    if total < 2:
        return Interval(estimate, nan, nan)
    generator = np.random.default_rng(seen.astype(np.int64))
    drawn = _bits(generator.dirichlet(seen + 1 / len(seen), 4000))
    low, high = (float(limit) for limit in np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]))
    kinds = np.flatnonzero(seen)
    if len(kinds) == 1:
        missed = 1 - ((1 - level) / 2) ** (1 / total)
        return Interval(estimate, 0.0, max(high, float(_bits(np.array([missed, 1 - missed])))))
    without = (seen - np.eye(len(seen))[kinds]) / (total - 1)
    left_out, weights = _bits(without), seen[kinds] / total
    mean = float(weights @ left_out)
    centre = total * float(_bits(seen / total)) - (total - 1) * mean
    half = sqrt((total - 1) * float(weights @ (left_out - mean) ** 2))
    half *= float(special.stdtrit(total - 1, (1 + level) / 2))
    return Interval(
        estimate,
        max(0.0, min(estimate, low, centre - half)),
        max(estimate, high, min(centre + half, log(len(seen)) / log(2))),
    )


def _bits(shares: Floats) -> Floats:
    """The entropy of shares, along the last axis."""
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=-1), dtype=np.float64)


def cluster_bootstrap(
    values: Floats,
    clusters: Sequence[object] | NDArray[np.generic],
    generator: np.random.Generator,
    replicates: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a mean whose observations come in clusters.

    Whole clusters are drawn with replacement (Davison and Hinkley 1997, section 3.8). There is no
    interval with fewer than two clusters.
    """
    kept = ~np.isnan(values)
    values = values[kept]
    if len(values) == 0:
        return UNKNOWN
    _, group = np.unique(np.asarray(clusters)[kept], return_inverse=True)
    totals = np.bincount(group, weights=values)
    sizes = np.bincount(group)
    estimate = float(values.mean())
    if len(totals) < 2:
        return Interval(estimate, nan, nan)
    drawn = generator.integers(0, len(totals), size=(replicates, len(totals)))
    means = totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high))


def restricted_mean_time(
    times: Floats, happened: NDArray[np.bool_], horizon: float, level: float = 0.95
) -> Interval:
    """Mean of min(time, horizon) with censored times: the area under the Kaplan-Meier curve.

    Variance by Greenwood's sum (Klein and Moeschberger 2003, section 4.5). If the curve ends before
    the horizon (the last trial was censored earlier), there is no estimate, because the rest of the
    curve is unknown.

    >>> interval = restricted_mean_time(np.array([1.0, 2.0, 3.0]), np.array([True] * 3), 3.0)
    >>> interval.estimate
    2.0
    """
    count = len(times)
    if count == 0 or horizon <= 0:
        return UNKNOWN
    moments = np.unique(times[happened & (times <= horizon)])
    at_risk = np.array([np.sum(times >= moment) for moment in moments], dtype=float)
    events = np.array([np.sum(happened & (times == moment)) for moment in moments], dtype=float)
    survival = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)])
    if survival[-1] > 0 and float(times.max()) < horizon:
        return UNKNOWN
    edges = np.concatenate([[0.0], moments, [horizon]])
    pieces = survival * np.diff(edges)
    area = float(pieces.sum())
    rest = np.cumsum(pieces[::-1])[::-1][1:]
    left = at_risk * (at_risk - events)
    terms = np.divide(events * rest**2, left, out=np.zeros_like(rest), where=left > 0)
    # Klein and Moeschberger's correction D / (D - 1) for few events.
    number = float(events.sum())
    variance = float(terms.sum()) * (number / (number - 1) if number > 1 else 1.0)
    if count == 1:
        return Interval(area, nan, nan)
    half = float(special.ndtri((1 + level) / 2)) * sqrt(variance)
    return Interval(area, max(0.0, area - half), min(horizon, area + half))


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
        signs = 1.0 - 2.0 * bits
    else:
        generator = np.random.default_rng(seed)
        signs = generator.choice([-1.0, 1.0], size=(draws, count))
        signs = np.vstack([np.ones((1, count)), signs])
    centre = (one + two).sum(axis=0) / (2 * count)
    shift = signs @ (one - two) / (2 * count)
    spread = np.abs(of(centre + shift) - of(centre - shift))
    if isnan(float(spread[0])):
        return nan
    # Equal statistics can differ in their last bits: the order of the sum is not the same.
    return float(np.mean(spread >= spread[0] - 1e-12 * max(1.0, float(spread[0]))))


def holm(values: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the family-wise error rate (Holm 1979). NaN stays NaN.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    known = [place for place, value in enumerate(values) if not isnan(value)]
    order = sorted(known, key=lambda place: values[place])
    adjusted = [nan] * len(values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * values[place]))
        adjusted[place] = highest
    return adjusted


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the false discovery rate (Benjamini and Hochberg 1995).

    >>> [round(value, 4) for value in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    known = [place for place, value in enumerate(values) if not isnan(value)]
    order = sorted(known, key=lambda place: values[place], reverse=True)
    adjusted = [nan] * len(values)
    lowest = inf
    for rank, place in enumerate(order):
        lowest = min(lowest, 1.0, values[place] * len(order) / (len(order) - rank))
        adjusted[place] = lowest
    return adjusted
