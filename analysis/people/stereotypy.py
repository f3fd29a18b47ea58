"""Stereotypy: are the people of a group too much alike, and the groups too far apart?

Of an attribute with groups g and items i, answers in standard deviations of the humans:

    within = sum of pooled variances within groups, minds / the same, humans
    slope  = sum (s_gi - s_i)(h_gi - h_i) / (sum (h_gi - h_i)^2 - its expectation from noise alone)

with s_gi, h_gi the means of a group, s_i and h_i their means over groups. ``within`` below 1 says
that minds of a group are flattened; ``slope`` above 1 that differences between groups are
exaggerated, 0 that there are none, below 0 that they are turned round. The means of few humans
scatter, which would make any slope too small: the expectation of that is taken out of the
denominator (Fuller, Measurement Error Models, 1987, section 1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.stats import Floats

FEWEST = 5
"""Of fewer humans, or fewer minds, a group is left out."""

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Groups:
    """Answers by group: sums over everybody of a group. ``counts``, ``sums`` and ``squares`` are
    groups by items, of answers that are known."""

    counts: Floats
    sums: Floats
    squares: Floats

    @staticmethod
    def of(answers: Floats, labels: NDArray[np.int64], weights: Floats, size: int) -> Groups:
        """Sums with a weight for each person (how often it was drawn)."""
        known = ~np.isnan(answers)
        values = np.where(known, answers, 0.0)
        member = np.zeros((size, len(labels)))
        member[labels, np.arange(len(labels))] = weights
        return Groups(member @ known, member @ values, member @ values**2)

    @property
    def means(self) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.sums / self.counts)

    @property
    def variances(self) -> Floats:
        """Unbiased variances within groups; NaN of fewer than two."""
        with np.errstate(invalid="ignore", divide="ignore"):
            centred = self.squares - self.sums**2 / self.counts
            # What is left of equal numbers is rounding, and a variance of none.
            centred = np.where(centred > _ROUNDING * self.squares, centred, 0.0)
            found = centred / (self.counts - 1)
        return np.where(self.counts > 1, found, nan)


def within_ratio(minds: Groups, humans: Groups) -> float:
    """Pooled variance within groups, minds over humans; NaN if a side has none."""
    numbers = []
    for side in (minds, humans):
        free = np.maximum(side.counts - 1, 0)
        pooled = np.nansum(side.variances * free, axis=0) / np.maximum(free.sum(axis=0), 1)
        numbers.append(float(pooled.sum()))
    return numbers[0] / numbers[1] if numbers[1] > 0 else nan


def slope(minds: Groups, humans: Groups, again: bool = False) -> float:
    """Slope of the group means of minds on those of humans, over all items; NaN if humans do not
    differ between groups by more than their means scatter. ``again`` says that humans were drawn
    again from a sample, whose means then scatter twice: once when it was drawn, and once more."""
    simulated, known = minds.means, humans.means
    whole = ~np.isnan(simulated) & ~np.isnan(known)
    simulated, known = np.where(whole, simulated, nan), np.where(whole, known, nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = np.where(whole, humans.variances / humans.counts, nan)
        size = whole.sum(axis=0)
        above = np.nansum(_centred(simulated) * _centred(known))
        below = np.nansum(_centred(known) ** 2)
        chance = np.nansum(noise * (1 - 1 / size)) * (2 if again else 1)
    # Differences as large as their noise are none that anything could be compared with.
    least = chance if again else 2 * chance
    return float(above / (below - chance)) if below > least and below > 0 else nan


def _centred(means: Floats) -> Floats:
    known = ~np.isnan(means)
    size = np.maximum(known.sum(axis=0), 1)
    return np.asarray(means - np.where(known, means, 0.0).sum(axis=0) / size)
