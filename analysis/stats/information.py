"""Entropy of counts, in bits."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, nan, sqrt

import numpy as np
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import Floats, Interval


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
