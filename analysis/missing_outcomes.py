"""What numbers that are missing could make of a difference between two arms.

Nobody knows them, and leaving them out compares those who answered. Where more are missing in one
arm, that is an effect of its own, and only the worst cases are certain: every missing number of one
arm at the lowest possible value and every one of the other at the highest, and the other way round
(Manski, The American Economic Review 80, 1990; Horowitz and Manski, JASA 95, 2000). They bound the
difference of these trials; they have no confidence in them.
"""

from __future__ import annotations

import numpy as np

from analysis.estimates import Quantity
from analysis.stats import UNKNOWN, Floats, Interval


def missing_of(one: Floats, two: Floats) -> tuple[int, int] | None:
    """How many numbers are missing in each arm; None where nothing was counted."""
    if not len(one) or not len(two):
        return None
    return int(np.isnan(one).sum()), int(np.isnan(two).sum())


def worst_case(one: Floats, two: Floats, about: Quantity) -> Interval:
    """The difference of means of those who are there, between its worst cases.

    Unknown where as large a share is missing in both arms, and where the quantity has no bounds:
    then nothing can be said. ``one`` and ``two`` have NaN where a number is missing.

    >>> heard = Quantity("share of the lines that were heard", low=0, high=1)
    >>> found = worst_case(np.array([1.0, 1.0, np.nan, 0.0]), np.array([0.0, 1.0]), heard)
    >>> found.low, found.high
    (0.0, 0.25)
    """
    low, high = (0.0, 1.0) if about.kind in ("share", "onset") else (about.low, about.high)
    counts = missing_of(one, two)
    if counts is None or not np.isfinite([low, high]).all():
        return UNKNOWN
    if counts[0] / len(one) == counts[1] / len(two):
        return UNKNOWN
    least, most = ([np.nan_to_num(side, nan=end).mean() for side in (one, two)]
                   for end in (low, high))  # fmt: skip
    known = [side[~np.isnan(side)] for side in (one, two)]
    seen = float(known[0].mean() - known[1].mean()) if all(map(len, known)) else np.nan
    return Interval(seen, float(least[0] - most[1]), float(most[0] - least[1]))
