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
from math import comb, inf, isnan, nan, prod, sqrt
from typing import NamedTuple

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
        return np.array(
            [
                sum(
                    self._share_of_orders(step, levels) * self._between(step, list(levels))
                    for levels in self._contexts(step)
                )
                for step in self.steps
            ]
        )

    def everywhere(self, step: Step) -> Floats:
        """The weights of a step at all levels of the other factors, shape (contexts, cells)."""
        return np.array([self._between(step, list(levels)) for levels in self._contexts(step)])

    @property
    def orders(self) -> int:
        """In how many orders the steps can be taken."""
        return _paths([self._last(place) for place in self._places])

    @property
    def _places(self) -> range:
        return range(len(self.factors))

    def _last(self, place: int) -> int:
        return len(self.factors[place].levels) - 1

    def _contexts(self, step: Step) -> list[tuple[int, ...]]:
        """All levels of the other factors; 0 stands for the step's own."""
        return list(
            product(*(range((self._last(p) if p != step.factor else 0) + 1) for p in self._places))
        )

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


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a contrast of cells can go: ``bound`` is its largest size in a branch, ``unit`` the
    size of what one outcome more or less does to it (1 for a difference of two shares).

    >>> Reach.of(np.array([-1.0, 0.0, 1.0])), Reach.of(np.array([1.0, -1.0, -1.0, 1.0])).bound
    (Reach(bound=1.0, unit=1.0), 2.0)
    """

    bound: float = inf
    unit: float = 0.0

    @classmethod
    def of(cls, weights: Floats, width: float = 1.0) -> Reach:
        """That of a contrast by its weights, where outcomes are up to ``width`` apart."""
        # With draws in common all cells can move at once, as if there were one difference.
        size = max(1.0, sqrt(float((weights**2).sum()) / 2))
        return cls(width * float(np.maximum(weights, 0).sum()), width * size)


def over_scenes(values: Floats, reach: Reach, level: float = 0.95) -> Interval:
    """The mean of a contrast over scenes like these. ``values`` is scenes by re-rolls.

    Each limit is the widest of three. Student's t over scenes is right for many scenes, and too
    narrow where a few of them carry the contrast; Hall's transformed t ("On the removal of skewness
    by transformation", JRSS B 54, 1992) bends it to that side; and a mean over scenes is known no
    better than their re-rolls show it (``by_reroll``), which holds where no branch differs. With
    fewer than ``FEWEST`` scenes there are no limits. NaN is left out.

    >>> values = np.random.default_rng(1).choice([0.0, 1.0], size=(8, 20))
    >>> found = over_scenes(values, Reach(1.0, 1.0))
    >>> bool(0.3 < found.low < 0.5 < found.high < 0.7)
    True
    """
    known = values[~np.isnan(values).all(axis=1)]
    if not len(known):
        return UNKNOWN
    means = np.nanmean(known, axis=1)
    estimate, count = float(means.mean()), len(means)
    if count < FEWEST:
        return Interval(estimate, nan, nan)
    # Around the mean itself: shrinking it, as for a few scenes, would move it in many alike.
    rolled = _rolled(known, reach, level)
    limits = [Interval(estimate, estimate - rolled.half, estimate + rolled.half)]
    spread = float(means.std(ddof=1))
    if spread > 1e-12:
        half = np.array([-1.0, 1.0]) * float(special.stdtrit(count - 1, (1 + level) / 2))
        half /= sqrt(count)
        skewness = float(((means - estimate) ** 3).mean()) / float(means.std()) ** 3
        for high, low in (half, _bent(half, skewness, count)):
            limits.append(Interval(estimate, estimate - spread * low, estimate - spread * high))
    given = [each for each in limits if not isnan(each.low)]
    if not given:
        return Interval(estimate, nan, nan)
    low, high = min(each.low for each in given), max(each.high for each in given)
    return Interval(estimate, max(-reach.bound, low), min(reach.bound, high))


def _bent(halves: Floats, skewness: float, count: int) -> Floats:
    """Hall's transformation of limits of a studentised mean, inverted."""
    if abs(skewness) < 1e-6:
        return halves
    cubed = 1 + skewness * (halves - skewness / (6 * count))
    return np.asarray(3 / skewness * (np.cbrt(cubed) - 1))


def by_reroll(values: Floats, reach: Reach, level: float = 0.95) -> Interval:
    """The mean over scenes of contrasts that were rolled again: for these scenes alone.

    ``values`` is scenes by re-rolls; what varies is the re-rolls, within each scene. With a
    ``reach`` each scene gets half an observation at either side of 0, one ``unit`` away, and one at
    0, and limits are normal: for a difference of two shares that is the interval of Agresti and Min
    (Statistics in Medicine 24, 2005), which holds where no pair differs, too. Without it (numbers
    that are no shares) limits are Student's, with Satterthwaite's degrees of freedom. NaN is left
    out.

    >>> found = by_reroll(np.zeros((1, 50)), Reach(1.0, 1.0))
    >>> found.estimate, found.low < 0 < found.high < 0.1
    (0.0, True)
    """
    known = values[~np.isnan(values).all(axis=1)]
    if not len(known):
        return UNKNOWN
    estimate = float(np.nanmean(known, axis=1).mean())
    centre, half = _rolled(known, reach, level)
    if isnan(half):
        return Interval(estimate, nan, nan)
    low, high = centre - half, centre + half
    return Interval(estimate, max(-reach.bound, low), min(reach.bound, high))


class _Rolled(NamedTuple):
    """The centre and half the width of limits of re-rolls; NaN where there is no variance."""

    centre: float
    half: float


def _rolled(known: Floats, reach: Reach, level: float) -> _Rolled:
    """The limits of ``by_reroll``. Each of the scenes has a re-roll at least."""
    scenes, rolled = len(known), (~np.isnan(known)).sum(axis=1)
    sums, squares = np.nansum(known, axis=1), np.nansum(known**2, axis=1)
    if reach.unit:
        sizes = rolled + 2
        centres = sums / sizes
        variances = (squares + reach.unit**2) / sizes - centres**2
        half = float(special.ndtri((1 + level) / 2)) * sqrt(float((variances / sizes).sum()))
        return _Rolled(float(centres.mean()), half / scenes)
    centre = float((sums / rolled).mean())
    if (rolled < 2).any():
        return _Rolled(centre, nan)
    shares = (squares - sums**2 / rolled) / (rolled - 1) / rolled / scenes**2
    total = float(shares.sum())
    if total < 1e-24:
        return _Rolled(centre, nan)
    freedom = total**2 / float((shares**2 / (rolled - 1)).sum())
    return _Rolled(centre, float(special.stdtrit(freedom, (1 + level) / 2)) * sqrt(total))


def fieller(part: Floats, whole: Floats, level: float = 0.95) -> Interval:
    """The ratio of two means over the same clusters (Fieller, JRSS B 16, 1954).

    The limits are all ratios r for which the mean of part - r * whole is not told from 0. They are
    a bounded interval only where the mean of ``whole`` is told from 0; elsewhere there is no answer
    and all is NaN. It is also NaN where ``part`` does not vary, and below ``FEWEST`` clusters.

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
