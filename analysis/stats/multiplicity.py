"""P values corrected for how many were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, nan


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
