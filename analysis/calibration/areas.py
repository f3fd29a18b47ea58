"""Areas under the curve: own turns from the plant on, against the same turns of shams of the same
scenes, so that where in a talk they stand tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from analysis.calibration.talks import Planted
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.stats.discrimination import area_under_curve, over_clusters

LEAST_LIMIT = 0.55
"""The share of the exact limit is told where the limit itself is at least this."""


class Areas:
    """Areas under the curve, of turns from the plant on against the same turns of shams."""

    def __init__(self, planted: Sequence[Planted], plants: list[int], shams: list[int]) -> None:
        self.planted = planted
        self.plants = plants
        self.shams = shams

    def of(self, scores: Sequence[Floats | None]) -> Interval:
        """With limits over clusters."""
        values, truth, clusters = self._turns(scores)
        if not len(values):
            return UNKNOWN
        return over_clusters(
            lambda kept: area_under_curve(values[kept], truth[kept]), clusters, 0.0, 1.0
        )

    def share(self, scores: Sequence[Floats | None], limits: Sequence[Floats | None]) -> Interval:
        """(area - 1/2) / (area of the limit - 1/2), of the same turns."""
        both = [
            None if limit is None else score for score, limit in zip(scores, limits, strict=True)
        ]
        values, truth, clusters = self._turns(both)
        best, _, _ = self._turns([
            None if score is None else limit for score, limit in zip(both, limits, strict=True)
        ])  # fmt: skip
        return share_of_areas(values, best, truth, clusters)

    def _turns(
        self, scores: Sequence[Floats | None]
    ) -> tuple[Floats, NDArray[np.bool_], list[int]]:
        values: list[float] = []
        truth: list[bool] = []
        clusters: list[int] = []
        for is_plant, places in ((True, self.plants), (False, self.shams)):
            for place in places:
                each, own = self.planted[place], scores[place]
                if own is not None:
                    late = own[each.place :]
                    values += late.tolist()
                    truth += [is_plant] * len(late)
                    clusters += [each.cluster] * len(late)
        return np.array(values, dtype=np.float64), np.array(truth, dtype=bool), clusters


def share_of_areas(
    values: Floats, best: Floats, truth: NDArray[np.bool_], clusters: Sequence[int]
) -> Interval:
    """(area of the values - 1/2) / (area of the best - 1/2) with limits over clusters; NaN where
    the best finds next to nothing itself."""
    if not len(values):
        return UNKNOWN

    def share(kept: NDArray[np.bool_]) -> float:
        most = area_under_curve(best[kept], truth[kept])
        if isnan(most) or most < LEAST_LIMIT:
            return nan
        return (area_under_curve(values[kept], truth[kept]) - 0.5) / (most - 0.5)

    return over_clusters(share, clusters)
