"""An effect in equivalent worlds: how far it varies beyond sampling, and what makes it vary.

Counting the worlds with the right sign counts noise. So the effect of each world is an estimate
with a sampling variance, and a hierarchical model says what is left between worlds: the interval
for a new one, and the share of each factor. Two permutation tests stand beside it: the arms are
exchanged within worlds (is there an effect in any? Simonsohn, Simmons and Nelson, Nature Human
Behaviour 4, 2020), and blocks between worlds (do they differ?).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.stats import UNKNOWN, Floats, Interval
from analysis.stats.factorial import Factorial
from analysis.stats.hierarchical import (
    SPARE,
    Explained,
    Hierarchical,
    explained,
    hierarchical,
    spread_beyond_sampling,
)

Outcome = Literal["robust", "fragile", "not settled", "not shown", "the opposite", "cannot be said"]
"""What becomes of an effect: ``robust`` (a new world has it, too: the prediction interval leaves
out the null), ``fragile`` (there on average, but worlds differ, and a new one may lack it), ``not
settled`` (there on average, and too little was played to say more), ``not shown``."""

LEVEL = 0.05
DRAWS = 999


@dataclass(frozen=True)
class Worlds:
    """The contrast of a study in each of its worlds.

    ``estimates`` are in the order of the design (NaN: no number), ``variances`` their sampling
    variances: that within worlds, pooled over them, since few seeds say little of one alone.
    ``blocks`` counts the blocks. ``some_effect`` is p of the median effect when arms are exchanged
    within worlds, ``same_side`` that of the number of worlds on one side, ``differ`` that of
    the variance of worlds when blocks are exchanged between them.
    """

    factors: tuple[str, ...]
    design: Factorial
    estimates: Floats
    variances: Floats
    blocks: int
    null: float
    expected: str
    margin: float | None
    some_effect: float
    same_side: float
    differ: float

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which worlds have a number, and more than one block."""
        kept: NDArray[np.bool_] = ~(np.isnan(self.estimates) | np.isnan(self.variances))
        return kept

    @cached_property
    def model(self) -> Hierarchical | None:
        """The hierarchical model of all worlds; None if they are too few."""
        return hierarchical(self.estimates[self.known], self.variances[self.known])

    @property
    def mean(self) -> Interval:
        """The mean effect over worlds."""
        return UNKNOWN if self.model is None else self.model.coefficient(0).interval()

    @property
    def new(self) -> Interval:
        """The interval for the true effect in a new equivalent world."""
        return UNKNOWN if self.model is None else self.model.new().interval()

    @property
    def above(self) -> float:
        """The probability that the effect of a new world is above the null."""
        return nan if self.model is None else self.model.new().above(self.null)

    @property
    def tau(self) -> Interval:
        """The standard deviation of true effects between worlds."""
        return UNKNOWN if self.model is None else self.model.tau()

    @property
    def variance(self) -> float:
        """The variance between worlds less sampling variance; below 0 by chance."""
        return spread_beyond_sampling(self.estimates[self.known], self.variances[self.known])

    @cached_property
    def explained(self) -> list[Explained]:
        """What each factor explains."""
        return explained(
            self.estimates[self.known], self.variances[self.known], self.design.levels[self.known]
        )

    @property
    def differing(self) -> bool:
        """Whether worlds were shown to differ."""
        return self.differ <= LEVEL

    @property
    def main(self) -> int | None:
        """The factor that explains most; None if worlds were not shown to differ, or if no
        factor's limits leave out 0."""
        shares = [each.share for each in self.explained]
        clear = [place for place, each in enumerate(shares) if each.low > 0]
        if not self.differing or not clear:
            return None
        return max(clear, key=lambda place: shares[place].estimate)

    @property
    def outcome(self) -> Outcome:
        """What becomes of the effect."""
        new, mean = self.new, self.mean
        if isnan(new.estimate):
            return "cannot be said"
        if self.expected == "alike":
            assert self.margin is not None
            within = [self.null - self.margin < each.low and each.high < self.null + self.margin
                      for each in (new, mean)]  # fmt: skip
            return "robust" if within[0] else self._unsettled if within[1] else "not shown"
        if mean.low <= self.null <= mean.high:
            return "fragile" if self.differing and self._apart_somewhere else "not shown"
        up = mean.estimate > self.null
        if self.expected not in ("different", "greater" if up else "less"):
            return "the opposite"
        return self._unsettled if new.low <= self.null <= new.high else "robust"

    @property
    def _unsettled(self) -> Outcome:
        return "fragile" if self.differing else "not settled"

    @property
    def _apart_somewhere(self) -> bool:
        """Whether the worlds with one level of the main factor are as expected, and those with the
        other are not: an effect that cancels out over worlds is no missing one."""
        if self.main is None or self.expected == "alike":
            return False
        column = self.design.levels[self.known][:, self.main]
        for level in (-1.0, 1.0):
            chosen = column == level
            part = hierarchical(
                self.estimates[self.known][chosen], self.variances[self.known][chosen]
            )
            if part is not None:
                limits = part.coefficient(0).interval()
                if limits.low > self.null and self.expected != "less":
                    return True
                if limits.high < self.null and self.expected != "greater":
                    return True
        return False


def over_worlds(
    numbers: pd.DataFrame,
    weights: Mapping[str, float],
    design: Factorial,
    factors: Sequence[str],
    *,
    null: float = 0.0,
    expected: str = "greater",
    margin: float | None = None,
) -> Worlds:
    """The contrast of these arms in each world.

    ``numbers`` has the columns ``world`` (its row in the design), ``arm``, ``topic``, ``seed`` and
    ``value`` (NaN where it is missing), a row for each trial.

    >>> from analysis.stats.factorial import factorial
    >>> design, generator = factorial(3, 12), np.random.default_rng(1)
    >>> rows = [(world, arm, "", seed, generator.normal(gain, 0.1)) for world in range(8)
    ...         for seed in range(6) for arm, gain in (("with", 1.0), ("without", 0.0))]
    >>> found = over_worlds(pd.DataFrame(rows, columns=["world", "arm", "topic", "seed", "value"]),
    ...                     {"with": 1, "without": -1}, design, ("names", "order", "format"))
    >>> found.outcome, found.some_effect, found.differing
    ('robust', 0.001, False)
    """
    used = [arm for arm, weight in weights.items() if weight]
    table = numbers[numbers["arm"].isin(used)].pivot_table(
        index=["world", "topic", "seed"], columns="arm", values="value", sort=True
    )
    table = table.reindex(columns=used).dropna()
    arms = table.to_numpy(dtype=np.float64)
    signed = np.array([weights[arm] for arm in used])
    values = arms @ signed
    worlds = table.index.get_level_values("world").to_numpy()
    topics = table.index.get_level_values("topic").to_numpy()
    every = numbers["topic"].unique()
    means, variances = _worlds(values, worlds, topics, every, design.worlds)
    tests = _Effect(values, arms, signed, means[1], null)
    return Worlds(
        tuple(factors), design, means[0], variances, len(values), null, expected, margin,
        *tests.p(), p_of_spread(values, means[1], topics),
    )  # fmt: skip


def _worlds(
    values: Floats, worlds: Floats, topics: Floats, every: Floats, count: int
) -> tuple[tuple[Floats, Floats], Floats]:
    """The estimate of each world (and the weights that make it from blocks), and its variance."""
    weights = np.zeros((count, len(values)))
    sizes = np.zeros((count, len(every)))
    pooled = np.full(len(every), nan)
    for place, topic in enumerate(every):
        squares, freedom = 0.0, 0
        for world in range(count):
            mine = (worlds == world) & (topics == topic)
            n = int(mine.sum())
            sizes[world, place] = n
            if n:
                weights[world, mine] = 1 / (n * len(every))
                squares += float(((values[mine] - values[mine].mean()) ** 2).sum())
                freedom += n - 1
        pooled[place] = squares / freedom if freedom else nan
    whole = (sizes > 0).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = (pooled / sizes).sum(axis=1) / len(every) ** 2
    estimates = weights @ values
    estimates[~whole] = nan
    variances[~whole] = nan
    return (estimates, weights[whole]), variances


@dataclass(frozen=True)
class _Effect:
    """The test of any effect. ``make`` are the weights that make whole worlds from blocks."""

    values: Floats
    arms: Floats
    weights: Floats
    make: Floats
    null: float

    def p(self) -> tuple[float, float]:
        """p of the median effect, and of the number of worlds on one side, if arms are exchanged
        within blocks; a mean of one arm has its deviations from the null mirrored."""
        if not len(self.make):
            return nan, nan
        generator = np.random.default_rng(0)
        count = len(self.values)
        made = np.empty((DRAWS + 1, count))
        made[0] = self.values - self.null
        for draw in range(1, DRAWS + 1):
            if len(self.weights) < 3 or self.null:
                made[draw] = made[0] * generator.choice([-1.0, 1.0], size=count)
            else:
                order = generator.permuted(
                    np.tile(np.arange(len(self.weights)), (count, 1)), axis=1
                )
                made[draw] = np.take_along_axis(self.arms, order, axis=1) @ self.weights
        effects = made @ self.make.T
        middle = np.abs(np.median(effects, axis=1))
        side = np.abs(np.sign(effects).sum(axis=1))
        return _p(middle), _p(side)


def p_of_spread(values: Floats, make: Floats, topics: Floats) -> float:
    """p of the variance of worlds if blocks are exchanged between worlds, within topics.

    ``values`` are those of blocks, ``make`` the weights that make each world's estimate from them.
    """
    if len(make) < SPARE + 1:
        return nan
    generator = np.random.default_rng(1)
    made = np.tile(values, (DRAWS + 1, 1))
    for topic in np.unique(topics):
        mine = np.flatnonzero(topics == topic)
        made[1:, mine] = generator.permuted(made[1:, mine], axis=1)
    return _p((made @ make.T).var(axis=1))


def _p(statistics: Floats) -> float:
    """The share of draws that reach the first, which was observed; equal ones may differ in their
    last bits."""
    return float(np.mean(statistics >= statistics[0] - 1e-12 * max(1.0, abs(float(statistics[0])))))
