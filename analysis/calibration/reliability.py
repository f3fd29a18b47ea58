"""Does an instrument say the same again? Asked twice where it samples, else of half of the lines.

Of an instrument that samples, the correlation of two askings, turn by turn. Of another, the
correlation, over talks, of its mean scores from the plant on when it is shown the odd own turns
alone and the even ones alone, corrected for half the length (Spearman 1910; Brown 1910).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.calibration.instruments.base import Instrument, Scored
from analysis.calibration.talks import Planted, Shown
from analysis.stats import Floats, Interval
from analysis.stats.discrimination import over_clusters


@dataclass(frozen=True)
class Twice:
    """Two readings of the same talks: two askings, or the odd and the even own turns."""

    first: Sequence[Scored]
    second: Sequence[Scored]
    halves: bool


def read_twice(instrument: Instrument, shown: Shown, scored: Sequence[Scored]) -> Twice:
    """What reliability is computed from. ``scored`` is what the instrument said of all turns."""
    if instrument.samples:
        again = instrument.read(shown, 1)
        pairs = zip(scored, again, strict=True)
        if not all(np.array_equal(one.scores, two.scores, True) for one, two in pairs):
            return Twice(scored, again, halves=False)
        # It may answer otherwise and did not: it is as reliable as its lines are alike.
        odd, even = ([Scored(each.scores[start::2]) for each in scored] for start in (0, 1))
        return Twice(odd, even, halves=True)
    return Twice(instrument.read(shown.half(0)), instrument.read(shown.half(1)), halves=True)


def reliability_of(planted: Sequence[Planted], some: Sequence[int], twice: Twice) -> Interval:
    """The correlation of two readings of some talks; see the head of this module."""
    one = [twice.first[place].scores for place in some]
    two = [twice.second[place].scores for place in some]
    owners = [planted[place].cluster for place in some]
    if not twice.halves:
        first, second = (np.concatenate(each) if each else np.array([]) for each in (one, two))
        clusters = [owner for owner, each in zip(owners, one, strict=True) for _ in each]
        return over_clusters(
            lambda kept: _correlation(first[kept], second[kept]), clusters, -1.0, 1.0
        )
    places = [planted[place].place for place in some]
    # Of the own turns from the plant on, those that a half has: 0, 2, 4, ... or 1, 3, 5, ...
    odd = np.array([_mean(each[(at + 1) // 2 :]) for at, each in zip(places, one, strict=True)])
    even = np.array([_mean(each[at // 2 :]) for at, each in zip(places, two, strict=True)])

    def corrected(kept: NDArray[np.bool_]) -> float:
        r = _correlation(odd[kept], even[kept])
        return 2 * r / (1 + r) if r > -1 else nan

    return over_clusters(corrected, owners, high=1.0)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else nan


def _correlation(one: Floats, two: Floats) -> float:
    """Pearson's r of what both have; NaN where one of them does not vary."""
    known = ~(np.isnan(one) | np.isnan(two))
    first, second = one[known], two[known]
    if len(first) < 3 or np.ptp(first) < 1e-12 or np.ptp(second) < 1e-12:
        return nan
    return float(np.corrcoef(first, second)[0, 1])
