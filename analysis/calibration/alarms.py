"""What alarms are worth: what they find, how late, and how many are false.

    alarmed            share of talks with an alarm from a turn before the plant on: of plants, the
                       sensitivity; of shams, from the same turn on, its curve at the end
    f1_of              an alarm within one own turn of the plant finds it, any other is false
    delay_of           own turns from the plant to the alarm, where there was one
    false_alarm_rate   alarms in talks without anything to find, in 1,000 own turns

``found`` are the alarms of each talk, by its place in the list of what was planted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from analysis.calibration.instruments.base import Scored
from analysis.calibration.talks import DOSES, Planted, matching
from analysis.stats import UNKNOWN, Interval, mean_interval
from analysis.stats.discrimination import over_clusters, rate_of, share_over_clusters

NEAR = 1
"""An alarm so many own turns from a plant finds it."""


def with_alarms(
    planted: Sequence[Planted], plants: Sequence[str], scenes: set[int],
    found: Mapping[int, tuple[int, ...]],
) -> list[int]:  # fmt: skip
    """The places of talks with one of these plants, of these scenes, whose alarms are known."""
    return [
        place
        for place in matching(planted, plants)
        if planted[place].scene in scenes and place in found
    ]


def alarmed(
    planted: Sequence[Planted], some: Sequence[int], found: Mapping[int, tuple[int, ...]]
) -> Interval:
    """The share of talks with an alarm from a turn before the plant on."""
    return share_over_clusters(
        [first_alarm(found[place], planted[place].place) is not None for place in some],
        [planted[place].cluster for place in some],
    )


def first_alarm(alarms: Sequence[int], place: int) -> int | None:
    """The first alarm from a turn before a place on."""
    return next((alarm for alarm in alarms if alarm >= place - NEAR), None)


def by_dose(
    planted: Sequence[Planted], scenes: set[int], found: Mapping[int, tuple[int, ...]]
) -> dict[str, Interval]:
    """The sensitivity to each dose of swaps that was played."""
    return {
        plant: alarmed(planted, some, found)
        for plant in DOSES
        if (some := with_alarms(planted, [plant], scenes, found))
    }


def delay_of(
    planted: Sequence[Planted], some: Sequence[int], found: Mapping[int, tuple[int, ...]]
) -> Interval:
    """The mean of own turns from the plant to its alarm, of those found; Student's interval."""
    late = [
        alarm - planted[place].place
        for place in some
        if (alarm := first_alarm(found[place], planted[place].place)) is not None
    ]
    return mean_interval(np.array(late, dtype=np.float64))


def f1_of(
    planted: Sequence[Planted], plants: Sequence[int], shams: Sequence[int],
    found: Mapping[int, tuple[int, ...]],
) -> Interval:  # fmt: skip
    """2 right / (2 right + false + missed), over plants and shams; limits over clusters."""
    rows = []
    for place in (*plants, *shams):
        near = [abs(alarm - planted[place].place) <= NEAR for alarm in found[place]]
        right = place in plants and any(near)
        rows.append((right, len(near) - right, place in plants and not right))
    counts = np.array(rows, dtype=np.float64).reshape(-1, 3)

    def score(kept: NDArray[np.bool_]) -> float:
        right, false, missed = counts[kept].sum(axis=0)
        whole = 2 * right + false + missed
        return float(2 * right / whole) if whole else nan

    if not len(plants):
        return UNKNOWN
    clusters = [planted[place].cluster for place in (*plants, *shams)]
    return over_clusters(score, clusters, 0.0, 1.0)


def false_alarm_rate(
    planted: Sequence[Planted], some: Sequence[int], scored: Sequence[Scored],
    found: Mapping[int, tuple[int, ...]],
) -> Interval:  # fmt: skip
    """Alarms in 1,000 own turns of talks without anything to find. Limits are the wider of the
    exact ones of a count and those from leaving out clusters, since alarms of one pair of
    characters come together."""
    counts = np.array([len(found[place]) for place in some], dtype=np.float64)
    turns = np.array([(~np.isnan(scored[place].scores)).sum() for place in some], dtype=np.float64)
    rate = rate_of(int(counts.sum()), float(turns.sum()))
    apart = over_clusters(
        lambda kept: float(counts[kept].sum() / max(turns[kept].sum(), 1.0)),
        [planted[place].cluster for place in some],
        0.0,
    ) if some else UNKNOWN  # fmt: skip
    if not isnan(apart.low):
        rate = Interval(rate.estimate, min(rate.low, apart.low), max(rate.high, apart.high))
    return _thousand(rate)


def _thousand(rate: Interval) -> Interval:
    return Interval(1000 * rate.estimate, 1000 * rate.low, 1000 * rate.high)
