"""Intervals that leave out, or draw, one unit or one cluster at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import UNKNOWN, Floats, Interval

FEWEST = 10
"""Of fewer clusters a bootstrap that draws nothing but clusters has no limits: of five, widened
percentiles hold a normal mean in 90% of samples."""

FEWEST_NESTED = 5
"""The same where units are drawn within the clusters that were drawn, which is wider."""


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
    if alike(left_out):
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


def alike(values: Floats) -> bool:
    """Whether numbers show no variance, but for their last bits. One number never does."""
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def _divide(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(below == 0, nan, above / below), dtype=np.float64)


def cluster_bootstrap(
    values: Floats,
    clusters: Sequence[object] | NDArray[np.generic],
    generator: np.random.Generator,
    replicates: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a mean whose observations come in clusters, a weight each.

    Whole clusters are drawn with replacement (Davison and Hinkley 1997, section 3.8). Quantiles are
    widened for few clusters as in ``hierarchical_bootstrap``; no limits for fewer than ``FEWEST``.
    """
    kept = ~np.isnan(values)
    values = values[kept]
    if len(values) == 0:
        return UNKNOWN
    _, group = np.unique(np.asarray(clusters)[kept], return_inverse=True)
    totals = np.bincount(group, weights=values)
    sizes = np.bincount(group)
    estimate = float(values.mean())
    if len(totals) < FEWEST:
        return Interval(estimate, nan, nan)
    drawn = generator.integers(0, len(totals), size=(replicates, len(totals)))
    means = totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, _widened(len(totals), level))
    return Interval(estimate, float(low), float(high))


def hierarchical_bootstrap(
    values: Floats,
    levels: Sequence[Sequence[object] | NDArray[np.generic]],
    generator: np.random.Generator,
    *,
    fixed: int = 0,
    replicates: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Interval of a mean of values that are nested: stage, topic, seed, ...

    ``levels`` are labels of the values, the outermost level first; the values of the innermost
    label are seeds. The mean is that of the means of the innermost groups, level by level, so that
    no group weighs more for having been played more often. At each level groups are drawn with
    replacement, and seeds in the groups that were drawn (Davison and Hinkley 1997, section 3.8),
    except at the first ``fixed`` levels, whose groups are all that there are (stages are). NaN is
    left out.

    Limits are percentiles, with Student's quantile times sqrt(G / (G - 1)) in place of the normal
    one, for the G groups of the outermost level that is drawn (Hesterberg, The American
    Statistician 69, 2015); of the fixed groups the one with the fewest counts. No limits for fewer
    than five: of three, no percentile covers. Use ``mean_interval`` of the means of topics there.
    Where topics are skewed they hold the mean in 87% (five topics) to 93% (twenty) of samples
    (``benchmarks.validity.coverage``). Raises ValueError if nothing is drawn.

    >>> topic = np.repeat(np.arange(8), 4)
    >>> drawn = np.random.default_rng(1)
    >>> found = hierarchical_bootstrap(topic + np.tile([0, 1, 2, 3], 8) / 10, [topic], drawn)
    >>> round(found.estimate, 2), found.low < 3 < found.high
    (3.65, True)
    """
    if fixed >= len(levels):
        raise ValueError("hierarchical_bootstrap: at least one level is to be drawn")
    kept = ~np.isnan(values)
    if not kept.any():
        return UNKNOWN
    labels = [tuple(map(str, row)) for row in zip(*levels, strict=True)]
    tree = _tree(values[kept], [row for row, known in zip(labels, kept, strict=True) if known])
    estimate = _mean(tree)
    groups = _fewest(tree, fixed)
    if groups < FEWEST_NESTED:
        return Interval(estimate, nan, nan)
    means = _drawn(tree, fixed, replicates, generator)
    if alike(means):
        return Interval(estimate, nan, nan)
    low, high = np.quantile(means, _widened(groups, level))
    return Interval(estimate, float(low), float(high))


def _widened(groups: int, level: float) -> list[float]:
    """The quantiles of replicates that are the limits, with so many groups."""
    student = sqrt(groups / (groups - 1)) * float(special.stdtrit(groups - 1, (1 + level) / 2))
    return [float(special.ndtr(sign * student)) for sign in (-1, 1)]


_Tree = list["_Tree"] | Floats
"""Groups of groups of values."""


def _tree(values: Floats, labels: Sequence[tuple[str, ...]]) -> _Tree:
    if not labels[0]:
        return values
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(labels):
        groups.setdefault(row[0], []).append(place)
    return [_tree(values[places], [labels[k][1:] for k in places]) for places in groups.values()]


def _fewest(tree: _Tree, fixed: int) -> int:
    return len(tree) if fixed == 0 else min(_fewest(part, fixed - 1) for part in tree)


def _mean(tree: _Tree) -> float:
    """The mean of means."""
    if isinstance(tree, np.ndarray):
        return float(tree.mean())
    return sum(map(_mean, tree)) / len(tree)


def _drawn(tree: _Tree, fixed: int, times: int, generator: np.random.Generator) -> Floats:
    """Means of means of groups that are drawn anew, so many times; a group that is drawn twice has
    its members drawn twice."""
    count = len(tree)
    places = np.broadcast_to(np.arange(count), (times, count))
    if fixed <= 0:
        places = generator.integers(0, count, size=(times, count))
    if isinstance(tree, np.ndarray):
        return np.asarray(tree[places].mean(axis=1))
    means = np.empty(places.shape)
    for place, part in enumerate(tree):
        here = places == place
        means[here] = _drawn(part, fixed - 1, int(here.sum()), generator)
    return np.asarray(means.mean(axis=1))
