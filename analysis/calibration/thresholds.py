"""Where alarms come from: an instrument's own, a threshold that was given, or one that is fitted.

A threshold that nobody gave is fitted on half of the scenes: the smallest that at most one in ten
shams there would reach, with the correction for a new one (the k-th smallest of n largest scores,
k = ceil(0.9 (n + 1))); whatever depends on it is then reported on the other half.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, nan

import numpy as np

from analysis.calibration.instruments.base import Instrument, Scored, rises
from analysis.calibration.talks import Planted
from analysis.stats import Floats

LEVEL = 0.1
"""So many shams at most are to reach a threshold that is fitted."""

OWN, GIVEN, FITTED, TOO_FEW = "its own alarms", "given", "fitted on half", "too few shams"
"""Where alarms come from."""


def fit_half(scene: int) -> bool:
    """Whether a scene is of the half on which thresholds are fitted. Pairs are moral and neutral in
    turn, so scenes go by twos."""
    return scene // 2 % 2 == 0


def fitted_threshold(largest: Floats) -> float:
    """The threshold that a new sham reaches with probability 0.1 at most, from the largest scores
    of some; infinite if they are too few (under nine).

    >>> fitted_threshold(np.arange(9.0)) > 8, fitted_threshold(np.arange(8.0))
    (True, inf)
    """
    known = np.sort(largest[~np.isnan(largest)])
    place = ceil((1 - LEVEL) * (len(known) + 1) - 1e-9)
    if place > len(known):
        return float("inf")
    return float(np.nextafter(known[place - 1], np.inf))


def threshold_of(
    instrument: Instrument, planted: Sequence[Planted], scored: Sequence[Scored], shams: list[int]
) -> tuple[str, float, set[int]]:
    """Where alarms come from, the threshold, and the scenes on which they are reported."""
    scenes = {each.scene for each in planted}
    if all(each.alarms is not None for each in scored):
        return OWN, nan, scenes
    if instrument.threshold is not None:
        return GIVEN, instrument.threshold, scenes
    largest = [
        float(np.nanmax(scored[place].scores))
        for place in shams
        if fit_half(planted[place].scene) and (~np.isnan(scored[place].scores)).any()
    ]
    threshold = fitted_threshold(np.array(largest))
    if threshold == float("inf"):
        return TOO_FEW, nan, set()
    return FITTED, threshold, {scene for scene in scenes if not fit_half(scene)}


def alarms_of(scored: Scored, threshold: float) -> tuple[int, ...]:
    """The alarms of a talk: the instrument's own, else where scores come to the threshold."""
    return rises(scored.scores, threshold) if scored.alarms is None else scored.alarms
