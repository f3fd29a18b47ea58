"""How much each of several causes contributes to a total: contrasts of a crossed design.

Each *factor* is a chain of levels, from nothing to as it was. A *cell* is one level of each factor;
all cells are played. The *total* is the mean of the last cell (everything as it was) less that of
the first (nothing). A *step* takes one factor from a level to the next, and each quantity is a
contrast of cells: a row of weights that sums to 0.

- *In order*: the steps in one order that was declared beforehand, each on top of those before. They
  telescope: their sum is the total.
- *Alone*: each step by itself, all other factors at their first level. What these leave of the
  total is the *interaction*; it is 0 where causes only add up.
- *Shapley*: the mean of a step over all orders in which the levels of each factor come in their
  sequence. These sum to the total, too, and say how far the order matters.

*References.* VanderWeele, "A unification of mediation and interaction", Epidemiology 25, 2014;
Shapley, "A value for n-person games", 1953; Faigle and Kern, "The Shapley value for cooperative
games under precedence constraints", International Journal of Game Theory 21, 1992 (levels that come
in sequence).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import comb, inf, nan, prod, sqrt

import numpy as np
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval

FEWEST = 6
"""With fewer clusters no exact test by exchanging signs can reach 0.05, two-sided."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A cause, and its levels from the first (nothing) to the last (as it was)."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """From one level of a factor to the next. ``factor`` and ``level`` count from 0; ``level`` is
    the one that is reached, at least 1."""

    factor: int
    level: int


@dataclass(frozen=True)
class Crossed:
    """A crossed design: factors in the order that was declared.

    >>> design = Crossed((Factor("persona", ("none", "own")), Factor("heard", ("none", "some"))))
    >>> design.cells
    ((0, 0), (0, 1), (1, 0), (1, 1))
    >>> design.in_order
    array([[-1.,  0.,  1.,  0.],
           [ 0.,  0., -1.,  1.]])
    >>> design.shapley
    array([[-0.5, -0.5,  0.5,  0.5],
           [-0.5,  0.5, -0.5,  0.5]])
    >>> design.interaction
    array([ 1., -1., -1.,  1.])
    """

    factors: tuple[Factor, ...]

    @cached_property
    def cells(self) -> tuple[tuple[int, ...], ...]:
        """Every combination of levels; the first is nothing, the last everything."""
        return tuple(product(*(range(len(factor.levels)) for factor in self.factors)))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps in the declared order: all levels of the first factor, then of the next."""
        return tuple(
            Step(place, level)
            for place, factor in enumerate(self.factors)
            for level in range(1, len(factor.levels))
        )

    @cached_property
    def total(self) -> Floats:
        """The weights of the total, shape (cells)."""
        weights = np.zeros(len(self.cells))
        weights[0], weights[-1] = -1.0, 1.0
        return weights

    @cached_property
    def in_order(self) -> Floats:
        """The weights of the steps in the declared order, shape (steps, cells)."""
        return np.array(
            [
                self._between(
                    step, [self._last(place) * (place < step.factor) for place in self._places]
                )
                for step in self.steps
            ]
        )

    @cached_property
    def alone(self) -> Floats:
        """The weights of each step by itself, shape (steps, cells)."""
        return np.array([self._between(step, [0] * len(self.factors)) for step in self.steps])

    @cached_property
    def interaction(self) -> Floats:
        """The weights of what the steps by themselves leave of the total, shape (cells)."""
        return np.asarray(self.total - self.alone.sum(axis=0))

    @cached_property
    def shapley(self) -> Floats:
        """The weights of the means over all orders, shape (steps, cells)."""
        rows = []
        for step in self.steps:
            weights = np.zeros(len(self.cells))
            others = [
                range(self._last(place) + 1) if place != step.factor else range(1)
                for place in self._places
            ]
            for levels in product(*others):
                weights += self._share_of_orders(step, levels) * self._between(step, list(levels))
            rows.append(weights)
        return np.array(rows)

    @property
    def orders(self) -> int:
        """In how many orders the steps can be taken."""
        return _paths([self._last(place) for place in self._places])

    @property
    def _places(self) -> range:
        return range(len(self.factors))

    def _last(self, place: int) -> int:
        return len(self.factors[place].levels) - 1

    def _between(self, step: Step, others: list[int]) -> Floats:
        """The weights of a step, the other factors at given levels."""
        weights = np.zeros(len(self.cells))
        for level, sign in ((step.level, 1.0), (step.level - 1, -1.0)):
            levels = [level if place == step.factor else others[place] for place in self._places]
            weights[self.cells.index(tuple(levels))] += sign
        return weights

    def _share_of_orders(self, step: Step, others: tuple[int, ...]) -> float:
        """In which share of all orders a step is taken when the others are at these levels.

        An order is a path through a grid: paths to where the step begins, times paths from where it
        ends, over all paths.
        """
        before = [step.level - 1 if p == step.factor else others[p] for p in self._places]
        left = [self._last(p) - before[p] - (p == step.factor) for p in self._places]
        return _paths(before) * _paths(left) / self.orders


def _paths(lengths: list[int]) -> int:
    """In how many ways chains of these lengths can be interleaved: a multinomial coefficient.

    >>> _paths([1, 1, 4])
    30
    """
    return prod(comb(sum(lengths[: place + 1]), length) for place, length in enumerate(lengths))


# --- Intervals of contrasts -----------------------------------------------------------------------


def by_cluster(values: Floats, bound: float = inf, level: float = 0.95) -> Interval:
    """The mean of one value a cluster (a scene), with Student's t and G - 1 degrees of freedom.

    ``bound`` is how far from 0 a value can be. Clusters that are all alike show no variance; then
    the limits hold what one cluster in so many could have been that was not seen: ``bound`` times
    the upper limit of Clopper and Pearson for 0 of G. No limits with fewer than ``FEWEST``
    clusters. NaN is left out.

    >>> by_cluster(np.array([0.1, 0.2, 0.3, 0.2, 0.1, 0.3])).low > 0
    True
    >>> round(by_cluster(np.zeros(20), bound=1.0).high, 3)
    0.168
    """
    known = values[~np.isnan(values)]
    count = len(known)
    if not count:
        return UNKNOWN
    estimate = float(known.mean())
    if count < FEWEST:
        return Interval(estimate, nan, nan)
    if np.ptp(known) <= 1e-12:
        return _unseen(estimate, count, bound, level)
    half = float(special.stdtrit(count - 1, (1 + level) / 2))
    half *= float(known.std(ddof=1)) / sqrt(count)
    return Interval(estimate, max(-bound, estimate - half), min(bound, estimate + half))


def _unseen(estimate: float, count: int, bound: float, level: float) -> Interval:
    if bound == inf:
        return Interval(estimate, nan, nan)
    room = bound * (1 - ((1 - level) / 2) ** (1 / count))
    return Interval(estimate, max(-bound, estimate - room), min(bound, estimate + room))


def by_reroll(values: Floats, bound: float = inf, level: float = 0.95) -> Interval:
    """The mean over scenes of contrasts that were rolled again: for these scenes alone.

    ``values`` is scenes by re-rolls; what varies is the re-rolls, within each scene. With a
    ``bound`` each scene gets half an observation at either bound and one at 0, and the limits are
    normal: for a difference of two shares that is the interval of Agresti and Min (Statistics in
    Medicine 24, 2005), which holds where no pair differs, too. Without a bound the limits are
    Student's, with Satterthwaite's degrees of freedom. NaN is left out.

    >>> found = by_reroll(np.zeros((1, 50)), bound=1.0)
    >>> found.estimate, found.low < 0 < found.high < 0.1
    (0.0, True)
    """
    rows = [row[~np.isnan(row)] for row in values]
    rows = [row for row in rows if len(row)]
    if not rows:
        return UNKNOWN
    scenes = len(rows)
    estimate = float(np.mean([row.mean() for row in rows]))
    if bound < inf:
        sizes = np.array([len(row) + 2 for row in rows])
        centres = np.array([row.sum() for row in rows]) / sizes
        squares = np.array([(row**2).sum() + bound**2 for row in rows]) / sizes
        spread = sqrt(float(((squares - centres**2) / sizes).sum())) / scenes
        half = float(special.ndtri((1 + level) / 2)) * spread
        centre = float(centres.mean())
        return Interval(estimate, max(-bound, centre - half), min(bound, centre + half))
    if any(len(row) < 2 for row in rows):
        return Interval(estimate, nan, nan)
    shares = np.array([row.var(ddof=1) / len(row) for row in rows]) / scenes**2
    total = float(shares.sum())
    if total == 0:
        return Interval(estimate, nan, nan)
    freedom = total**2 / sum(
        share**2 / (len(row) - 1) for share, row in zip(shares, rows, strict=True)
    )
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * sqrt(total)
    return Interval(estimate, estimate - half, estimate + half)


def fieller(part: Floats, whole: Floats, level: float = 0.95) -> Interval:
    """The ratio of two means over the same clusters (Fieller, JRSS B 16, 1954).

    The limits are all ratios r for which the mean of part - r * whole is not told from 0. They are
    a bounded interval only where the mean of ``whole`` is told from 0; elsewhere there is no answer
    and all is NaN, and so it is where ``part`` does not vary or with fewer than ``FEWEST`` clusters.

    >>> whole = np.array([0.5, 0.6, 0.4, 0.5, 0.7, 0.3])
    >>> found = fieller(whole / 2, whole)
    >>> round(found.estimate, 6), round(found.low, 6), round(found.high, 6)
    (0.5, 0.5, 0.5)
    """
    known = ~(np.isnan(part) | np.isnan(whole))
    one, two = part[known], whole[known]
    count = len(one)
    if count < FEWEST or np.ptp(one) <= 1e-12:
        return UNKNOWN
    t = float(special.stdtrit(count - 1, (1 + level) / 2))
    (variance, covariance), (_, of_whole) = np.cov(one, two) / count
    above, below = float(one.mean()), float(two.mean())
    a = below**2 - t**2 * float(of_whole)
    if a <= 0:
        return UNKNOWN
    b = above * below - t**2 * float(covariance)
    c = above**2 - t**2 * float(variance)
    root = sqrt(max(0.0, b**2 - a * c))
    return Interval(above / below, (b - root) / a, (b + root) / a)
