"""Is a switch for ever? The ratio of the rate of returns to that of switches, with its upper limit.

The model is that of ``switching``: a hidden Markov chain with two states, rates q01 (own to other)
and q10 (back) per turn, and concealment kappa. "Absorbing" is a claim about r = q10 / q01: that its
upper limit is below ``BAR``. It is the joint limit, over both rates and the concealment, and not
q10's limit against a point estimate of q01.

*Limit.* The 97.5% quantile of r (the upper end of a two-sided 95% interval), where the likelihood
is integrated over q01, r and kappa with weights that are flat in q01 and in r: that is, flat in q10
and 1 / q01 in q01. Were states seen, the limit would be Clopper and Pearson's for a ratio of two
Poisson rates, which is exact (Przyborowski and Wilenski, Biometrika 31, 1940): without a return it
takes 3.7 / (BAR q01) flipped turns. A limit from the likelihood ratio's chi-squared would claim
after half of these, since r = 0 lies at the end of what is possible.

*Frailty.* If actors differ in how easily they return, those who stay are seen longest, and the
pooled rate is too low. So r of an actor is r h, with h from a gamma law of mean 1 and variance
theta, and the limit is the highest among the thetas that the data do not refute (log-likelihood
within 1.92 of the best). With few returns none is refuted, and the limit allows for all of them.
That actors differ in q01 alone makes the pooled q01 too low and r too high, which claims less.

*From the start.* Who was other before the first turn never switched, and would pass for an early
switch without return. So the share of these is free, too, and treated as the frailty is.

*Exits.* Who leaves for something else (collapse, a loop, an echo) was not seen to stay: its series
has to end there. *False returns.* An instrument that loses sight of flipped actors at a rate of
BAR q01 or more cannot support the claim, whatever it sees; what it reports is not corrected.

State dependence and lasting differences between actors look alike in transcripts (Heckman 1981).
The decisive test is a fork: the flipped lines in an actor's history replaced by lines of the self.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, isnan, nan

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.stats.interval import Floats
from analysis.stats.switching import MOST_CONCEALED, START, Rates, estimate, padded_rows, smooth

BAR = 0.1
"""Returns are rarer than switches by this factor, at least, where a switch is called absorbing."""

LEVEL = 0.975
"""The quantile that is the upper end of a two-sided 95% interval."""

FRAILTIES = (0.0, 1.0, 4.0)
"""The variances theta of what multiplies an actor's rate of returns."""

STARTS = (START, 0.1, 0.3)
"""The shares of actors who are other before the first turn."""

VARIANTS = tuple(product(STARTS, FRAILTIES))
"""What is fitted, one after the other: a share and a frailty."""

_UNREFUTED = 1.92
_CELLS = 60_000
_SCALED = 12
_BOUND = 25.0
"""Evidence of a turn beyond this adds nothing, and products of ``_SCALED`` turns stay finite."""
SIZES = (12, 25, 7)
"""Points along the axes of a grid."""

_COARSE = (16, 6, 8)
_MOST = 3.0
_NEGLIGIBLE = 1e-5
_MANY = 1000
"""Series that are read at once. Of more than these no limit is sought where none can be found."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points of q01 and r, evenly on the log scale, and of kappa. r = 0 is the first point of r."""

    q01: Floats
    ratio: Floats
    concealment: Floats

    @classmethod
    def over(
        cls,
        q01: tuple[float, float],
        concealment: tuple[float, float] = (0.0, MOST_CONCEALED),
        sizes: tuple[int, int, int] = SIZES,
    ) -> Grid:
        """A grid of these ranges, with r up to 3."""
        low, high = concealment
        ratio = np.concatenate([[0.0], np.geomspace(0.004, _MOST, sizes[1] - 1)])
        middles = low + (high - low) * (np.arange(sizes[2]) + 0.5) / sizes[2]
        return cls(np.geomspace(*q01, sizes[0]), ratio, np.asarray(middles, dtype=np.float64))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The number of points along each axis."""
        return len(self.q01), len(self.ratio), len(self.concealment)

    def support(self, total: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
        """The ranges of q01 and kappa that hold the likelihood, a step wider on each side."""
        weight = np.exp(total - total.max())
        first = np.flatnonzero(weight.max(axis=(1, 2)) > _NEGLIGIBLE)
        third = np.flatnonzero(weight.max(axis=(0, 1)) > _NEGLIGIBLE)
        factor = float(self.q01[1] / self.q01[0])
        step = float(self.concealment[1] - self.concealment[0])
        return (
            (float(self.q01[first[0]]) / factor, min(0.9, float(self.q01[first[-1]]) * factor)),
            (
                max(0.0, float(self.concealment[third[0]]) - step),
                min(MOST_CONCEALED, float(self.concealment[third[-1]]) + step),
            ),
        )


def grid_for(
    rows: Floats, counts: NDArray[np.int64] | None = None, sizes: tuple[int, int, int] = SIZES
) -> Grid:
    """A grid that holds the likelihood of these series, found by narrowing a coarse one twice;
    ``counts`` says how often there is each."""
    weights = np.ones(len(rows)) if counts is None else counts
    grid = Grid.over((1e-4, 0.9), sizes=_COARSE)
    for _ in range(2):
        points = _points(grid)
        totals = [weights @ each_likelihood(rows, *points, start) for start in STARTS]
        reach, concealed = grid.support(np.max(totals, axis=0).reshape(grid.shape))
        grid = Grid.over(reach, concealed, _COARSE)
    return Grid.over(reach, concealed, sizes)


def likelihoods(rows: Floats, grid: Grid) -> Floats:
    """Log-likelihood of each series in each variant at each point: (variants, series, *grid.shape).

    ``rows`` are series, padded with NaN. Without frailty it is that of
    ``switching.log_likelihood``.
    """
    points = _points(grid)
    count = len(points[0])
    found = np.empty((len(VARIANTS), len(rows), count))
    mixtures = [_mixture(grid.ratio, theta) for theta in FRAILTIES]
    for place, start in enumerate(STARTS):
        first = place * len(FRAILTIES)
        plain = each_likelihood(rows, *points, start)
        found[first] = plain
        highest = plain.max(axis=1, keepdims=True)
        likely = np.exp(plain - highest).reshape(-1, *grid.shape)
        for number, mixture in enumerate(mixtures[1:], first + 1):
            mixed = np.matmul(mixture, likely).reshape(len(rows), -1)
            found[number] = np.log(mixed + 1e-300) + highest
    return found.reshape(len(VARIANTS), len(rows), *grid.shape)


def _points(grid: Grid) -> tuple[Floats, Floats, Floats]:
    """q01, q10 and kappa of all points of a grid."""
    first, second, kappa = np.meshgrid(grid.q01, grid.ratio, grid.concealment, indexing="ij")
    return first.ravel(), np.minimum(first * second, 0.95).ravel(), kappa.ravel()


def each_likelihood(
    rows: Floats, q01: Floats, q10: Floats, concealment: Floats, start: Floats | float
) -> Floats:
    """The forward recursion of ``switching`` at some points (arrays of one length), for each series
    by itself: (series, points). Rows are padded with NaN."""
    found = np.empty((len(rows), len(q01)))
    stay, shown = 1 - q10 - q01, 1 - concealment
    # Blocks that fit a processor's cache take a third of the time.
    size = max(1, _CELLS // len(q01))
    for place in range(0, len(rows), size):
        block = rows[place : place + size]
        seen = np.exp(np.clip(np.nan_to_num(block), -_BOUND, _BOUND))
        missing = np.isnan(block)
        other = np.zeros((len(block), len(q01))) + start
        total, product_of = np.zeros(other.shape), np.ones(other.shape)
        for turn in range(block.shape[1]):
            other *= stay
            other += q01
            ratio = seen[:, turn, None] * shown
            ratio += concealment
            ratio[missing[:, turn]] = 1.0
            weight = other * ratio
            other = 1 - other
            other += weight
            product_of *= other
            np.divide(weight, other, out=other)
            if turn % _SCALED == _SCALED - 1:
                # Logarithms cost more than all the rest, so they are of products.
                total += np.log(product_of)
                product_of.fill(1.0)
        found[place : place + size] = total + np.log(product_of)
    return found


def _mixture(ratio: Floats, theta: float) -> Floats:
    """How much of an actor's likelihood at each r enters that of a mean r: a row for each mean.

    The gamma law's mass between the middles of neighbouring points, on the log scale.
    """
    if theta == 0:
        return np.eye(len(ratio))
    inner = np.sqrt(ratio[1:-1] * ratio[2:])
    edges = np.concatenate([[0.0, ratio[1] / 2], inner, [inf]])
    rows = np.zeros((len(ratio), len(ratio)))
    rows[0, 0] = 1.0
    for place, mean in enumerate(ratio[1:], 1):
        rows[place] = np.diff(special.gammainc(1 / theta, edges / (mean * theta)))
    return rows


def upper_limit(total: Floats, grid: Grid, level: float = LEVEL) -> tuple[float, float]:
    """The upper limit of r and the frailty that it is for, from the log-likelihood of all series
    (variants, *grid.shape). The limit is infinite where it lies beyond the grid."""
    peaks = total.reshape(len(total), -1).max(axis=1)
    found = [
        (_quantile(values, grid, level), theta)
        for values, (_, theta), peak in zip(total, VARIANTS, peaks, strict=True)
        if peak >= peaks.max() - _UNREFUTED
    ]
    return max(found)


def _quantile(values: Floats, grid: Grid, level: float) -> float:
    # Flat in q01 is proportional to q01 on the log scale; kappa has a Beta(1, 2) prior.
    weight = np.exp(values - values.max()) * grid.q01[:, None, None] * (1 - grid.concealment)
    density = weight.sum(axis=(0, 2))
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2
                                            * np.diff(grid.ratio))])  # fmt: skip
    if density[-1] * grid.ratio[-1] > 0.02 * mass[-1]:
        return inf
    return float(np.interp(level * mass[-1], mass, grid.ratio))


@dataclass(frozen=True, slots=True)
class Absorbing:
    """What may be claimed of an arm.

    ``limit`` is the upper 95% limit of q10 / q01, for the frailty theta ``frailty``; NaN where so
    many series are read that it was not sought, since the estimates alone forbid the claim.
    ``flipped`` are the turns in the other state that were seen (expected, given the evidence),
    ``needed`` those that it takes if no return is seen. ``false_returns`` is how often the
    instrument loses sight of a flipped actor, per flipped turn (NaN: not known).
    """

    limit: float
    frailty: float
    flipped: float
    needed: float
    false_returns: float = nan

    @property
    def verdict(self) -> str:
        """ "absorbing", "not established", or "cannot be claimed with this instrument"."""
        if not isnan(self.false_returns) and self.false_returns * self.needed >= 3.7:
            return "cannot be claimed with this instrument"
        return "absorbing" if self.limit < BAR else "not established"

    def __str__(self) -> str:
        told = self.verdict
        if not isnan(self.limit):
            told += ": no upper limit of" if self.limit == inf else ":"
            told += " q10 / q01" if self.limit == inf else f" q10 / q01 < {self.limit:.2g}"
        if self.verdict == "not established" and self.flipped < self.needed < inf:
            told += f"; {self.flipped:.0f} flipped turns, of {self.needed:.0f} that it takes"
        if self.verdict == "absorbing" and isnan(self.false_returns):
            told += "; false returns of the instrument are not known"
        return told


def absorbing(
    series: Sequence[Floats], rates: Rates | None = None, false_returns: float = nan
) -> Absorbing:
    """Whether switches in these series are absorbing, as far as that can be told.

    ``series`` are log-likelihood ratios by turn, cut where an actor left for something else; NaN is
    a turn without evidence. ``rates`` are those that ``switching.estimate`` found, if they are
    known. ``false_returns`` is the instrument's rate on planted data, at best its upper limit.

    >>> turned = np.array([-3.0] * 6 + [5.0] * 14)
    >>> print(absorbing([turned] * 10))
    not established: q10 / q01 < 1.3; 141 flipped turns, of 276 that it takes
    >>> absorbing([turned] * 60).verdict
    'absorbing'
    """
    found = estimate(series) if rates is None else rates
    rows, _ = padded_rows(series)
    flipped = sum(
        float(smooth(part, found.q01.estimate, found.q10.estimate, found.concealment).sum())
        for part in series
    )
    needed = 3.7 / (BAR * found.q01.estimate) if found.q01.estimate > 0 else inf
    if not len(rows) or found.q01.low <= 0:
        # Without a flip for certain there is nothing to compare with returns.
        return Absorbing(inf, 0.0, flipped, needed, false_returns)
    if len(rows) > _MANY and (found.q10.estimate > BAR * found.q01.estimate or flipped < needed):
        return Absorbing(nan, 0.0, flipped, needed, false_returns)
    # Many actors show nothing in any turn, and their series are often the same.
    rows, counts = np.unique(rows, axis=0, return_counts=True)
    grid = grid_for(rows, counts)
    total = np.zeros((len(VARIANTS), *grid.shape))
    for place in range(0, len(rows), _MANY):
        some = likelihoods(rows[place : place + _MANY], grid)
        total += np.tensordot(counts[place : place + _MANY], some, axes=(0, 1))
    limit, frailty = upper_limit(total, grid)
    return Absorbing(limit, frailty, flipped, needed, false_returns)
