"""Agreement of judges beyond chance: Krippendorff's alpha, with a bootstrap interval over debates.

*Evidence*: a table of the value that each judge gave each debate. Missing values are left out, and
so are debates that fewer than two judges judged.

*Definition.* alpha = 1 - D_o / D_e. With m_u >= 2 values of debate u and n values in all of these,

    D_o = sum_u sum_{i, j in u} d(x_i, x_j) / (m_u - 1) / n
    D_e = sum_{i, j} d(x_i, x_j) / (n (n - 1)).

The squared distance d of two different values is 1 (nominal), (x - y)^2 (interval), or the square
of how many values lie between the two, half of their equals counted (ordinal), which is the
interval distance of their mid-ranks. alpha has no unit: 1 is perfect agreement, 0 is chance, below
0 judges contradict one another.

*Interval.* A bootstrap over debates, or over clusters of debates: all debates of a cluster are
drawn together, and D_e is computed anew for each replicate. Limits are bias-corrected and
accelerated (BCa), with Student's quantiles times sqrt(G / (G - 1)) in place of normal ones, for G
clusters. Plain percentile intervals from ten topics covered the truth in 87 to 91% of cases, these
in 92 to 95%; of five they hold it in 71%, so that fewer than ten have no limits.

*Limits.* alpha depends on how often each value occurs: if one side nearly always wins, chance
agreement is high and alpha is low, although judges hardly differ. A bias that judges share counts
as agreement. If all values are equal, alpha is NaN.

*References.* Krippendorff, Content Analysis, 4th ed. 2019, chapter 12; Hayes and Krippendorff,
Communication Methods and Measures 1, 2007; Efron, JASA 82, 1987 (BCa); Hesterberg, The American
Statistician 69, 2015 (quantiles for few).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval
from analysis.stats.resampling import FEWEST
from sim.errors import BadRequest

Scale = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True, slots=True)
class _Counted:
    """The number of judges for each value in each debate that two or more judged (debates, values);
    the values in order, as numbers (codes on the nominal scale); and the mask of these debates
    among the columns of the table."""

    counts: Floats
    values: Floats
    kept: NDArray[np.bool_]
    scale: Scale


def alpha(table: pd.DataFrame, scale: Scale = "nominal") -> float:
    """Krippendorff's alpha of a table with a row for each judge and a column for each debate.

    Values are any hashable objects (nominal) or numbers (ordinal, interval); None and NaN are
    missing. alpha is at most 1; it is NaN if there are no two different values. Raises
    ``BadRequest`` for an unknown scale, and for text where numbers are needed.

    >>> table = pd.DataFrame([["for", "for", "against"], ["for", "against", "against"]])
    >>> round(alpha(table), 3)
    0.444
    """
    counted = _count(table, scale)
    return float(_alphas(counted, np.ones((1, len(counted.counts))))[0])


def reliability(
    table: pd.DataFrame,
    scale: Scale = "nominal",
    *,
    clusters: Sequence[object] | None = None,
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """``alpha`` with its bootstrap interval; ``clusters`` names the cluster of each column.

    The limits are NaN if there are fewer than ten clusters, or if no judges ever disagree, since
    then no replicate varies. Raises ``BadRequest`` as ``alpha`` does, and if the number of
    ``clusters`` is not the number of columns.

    >>> table = pd.DataFrame([["a", "b"] * 20, ["a", "b"] * 18 + ["b", "a"] * 2])
    >>> interval = reliability(table)
    >>> round(interval.estimate, 2), interval.low < interval.estimate < interval.high
    (0.8, True)
    """
    if clusters is not None and len(clusters) != table.shape[1]:
        raise BadRequest(
            f"reliability: {len(clusters)} clusters for {table.shape[1]} debates; "
            "name the cluster of each column"
        )
    counted = _count(table, scale)
    units = len(counted.counts)
    estimate = float(_alphas(counted, np.ones((1, units)))[0])
    if np.isnan(estimate):
        return UNKNOWN
    labels = np.arange(table.shape[1]) if clusters is None else _codes(list(clusters))
    _, cluster = np.unique(labels[counted.kept], return_inverse=True)
    many = int(cluster.max()) + 1
    if many < FEWEST or estimate == 1:
        return Interval(estimate, nan, nan)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(many, np.full(many, 1 / many), size=replicates)
    replicated = _alphas(counted, drawn[:, cluster].astype(np.float64))
    replicated = replicated[~np.isnan(replicated)]
    left_out = _alphas(counted, 1.0 - np.eye(many)[:, cluster])
    if len(replicated) < 2 or np.isnan(left_out).any():
        return Interval(estimate, nan, nan)
    low, high = np.quantile(replicated, _quantiles(estimate, replicated, left_out, level))
    return Interval(estimate, float(low), float(high))


def _quantiles(estimate: float, drawn: Floats, left_out: Floats, level: float) -> Floats:
    """The quantiles of the replicates that are the BCa limits."""
    many = len(left_out)
    student = sqrt(many / (many - 1)) * float(special.stdtrit(many - 1, (1 + level) / 2))
    below = float(np.mean(drawn < estimate) + np.mean(drawn == estimate) / 2)
    # A share of 0 or 1 would put the correction at infinity.
    bias = float(special.ndtri(min(max(below, 1 / len(drawn)), 1 - 1 / len(drawn))))
    pull = left_out.mean() - left_out
    spread = float(np.sum(pull**2))
    acceleration = float(np.sum(pull**3)) / (6 * spread**1.5) if spread > 0 else 0.0
    moved = bias + np.array([-student, student])
    # Near the pole of the correction the quantile would change its sign.
    return np.asarray(special.ndtr(bias + moved / np.maximum(1 - acceleration * moved, 0.1)))


def _codes(labels: Sequence[object]) -> NDArray[np.int64]:
    """A number for each label; equal labels have equal numbers."""
    number: dict[object, int] = {}
    return np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)


def _count(table: pd.DataFrame, scale: Scale) -> _Counted:
    if scale not in get_args(Scale):
        raise BadRequest(f"scale: {scale!r} is unknown; use nominal, ordinal or interval")
    known = table.notna().to_numpy(dtype=bool)
    kept = known.sum(axis=0) >= 2
    cells = table.to_numpy(dtype=object)[:, kept]
    known = known[:, kept]
    debate = np.nonzero(known)[1]
    if scale == "nominal":
        code = _codes(cells[known].tolist())
        values = np.arange(int(code.max(initial=-1)) + 1, dtype=np.float64)
    else:
        try:
            numbers = cells[known].astype(np.float64)
        except (TypeError, ValueError):
            raise BadRequest(
                f"reliability: a value is no number; use the nominal scale, not the {scale} one"
            ) from None
        values, code = np.unique(numbers, return_inverse=True)
    counts = np.zeros((cells.shape[1], len(values)))
    np.add.at(counts, (debate, code), 1.0)
    return _Counted(counts, values, kept, scale)


def _alphas(counted: _Counted, weights: Floats) -> Floats:
    """alpha for each row of weights (replicates, debates); NaN without two different values."""
    counts = counted.counts
    judged = counts.sum(axis=1)
    margins = weights @ counts
    whole = margins.sum(axis=1)
    if counted.scale == "nominal":
        within = weights @ ((counts * (judged[:, None] - counts)).sum(axis=1) / (judged - 1))
        apart = whole**2 - (margins**2).sum(axis=1)
    elif counted.scale == "interval":
        # Distances do not depend on where zero is; near it, squares lose fewer digits.
        values = counted.values - (counted.values.mean() if len(counted.values) else 0.0)
        squares = judged * (counts @ values**2) - (counts @ values) ** 2
        within = weights @ (2 * squares / (judged - 1))
        apart = 2 * (whole * (margins @ values**2) - (margins @ values) ** 2)
    else:
        within, apart = _ordinal(counts, weights)
    # Sums are subtracted, so rounding could give a distance between equal values.
    differs = (margins > 0).sum(axis=1) > 1
    ratio = np.divide(within, apart, out=np.full(len(weights), nan), where=differs)
    return np.asarray(1 - (whole - 1) * ratio)


def _ordinal(counts: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Distances within debates and between any values, by mid-ranks, which differ by replicate."""
    judged = counts.sum(axis=1)
    margins = weights @ counts
    ranks = np.cumsum(margins, axis=1) - margins / 2
    share = weights / (judged - 1)
    squares = ((share * judged) @ counts * ranks**2).sum(axis=1)
    many = counts.shape[1]
    both = (counts[:, :, None] * counts[:, None, :]).reshape(len(counts), many**2)
    joint = (share @ both).reshape(len(weights), many, many)
    within = 2 * (squares - np.einsum("rc,rck,rk->r", ranks, joint, ranks))
    whole = margins.sum(axis=1)
    mean = (margins * ranks).sum(axis=1)
    return within, np.asarray(2 * (whole * (margins * ranks**2).sum(axis=1) - mean**2))
