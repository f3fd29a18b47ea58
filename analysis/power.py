"""How many blocks a study needs: seeds and topics, for an effect that would matter.

A block gives one difference between two arms (``analysis.stopping``). What decides its power is the
effect beside the standard deviation of these differences; the tests are Student's for a fixed
number of blocks, and the rules of ``analysis.stopping`` for one that may end early.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, isfinite, log, nan, sqrt

import numpy as np
from scipy import special

from analysis.stats import Floats, Interval
from analysis.stats.sequential import bets, crossing, log_capital, looks_of, spending_bounds
from analysis.stopping import FEWEST, FEWEST_PLANNED, Method
from sim.errors import BadRequest

ALPHA = 0.05
"""The two-sided error rate of all plans."""

MOST = 20_000
"""A plan that needs more blocks than this is none."""

_DRAWS = 1000
"""Studies that are simulated for the power of betting; its standard error is then 0.01 at 0.9."""

_AT_ONCE = 4_000_000
"""Bets that are computed at once; with many blocks fewer studies are drawn."""


# --- A fixed number of blocks ---------------------------------------------------------------------


def power_of(blocks: int, effect: float, sd: float, alpha: float = ALPHA) -> float:
    """The power of Student's paired t test, two-sided, of normal differences (by the noncentral t
    distribution). 0 for one block, which shows no variance.

    >>> round(power_of(34, 0.5, 0.86), 2)
    0.91
    """
    if blocks < 2:
        return 0.0
    if sd == 0:
        return 1.0 if effect else alpha
    freedom, shift = blocks - 1, abs(effect) * sqrt(blocks) / sd
    edge = float(special.stdtrit(freedom, 1 - alpha / 2))
    # The other tail counts for small effects alone, and nctdtr is unreliable far out in it.
    above = 1 - float(special.nctdtr(freedom, shift, edge))
    below = float(special.nctdtr(freedom, shift, -edge)) if shift < 5 else 0.0
    return min(1.0, above + below)


def blocks_for(effect: float, sd: float, power: float = 0.9, alpha: float = ALPHA) -> int | None:
    """The fewest blocks that give Student's paired t test this power; None if ``MOST`` do not.

    >>> blocks_for(0.5, 1.0), blocks_for(0.5, 1.0, power=0.8)
    (44, 34)
    """
    return _fewest(lambda count: power_of(count, effect, sd, alpha) >= power)


def smallest_effect(blocks: int, sd: float, power: float = 0.9, alpha: float = ALPHA) -> float:
    """The smallest effect that so many blocks find with this power; NaN for one block.

    >>> round(smallest_effect(44, 1.0), 2)
    0.5
    """
    if blocks < 2:
        return nan
    low, high = 0.0, sd
    while power_of(blocks, high, sd, alpha) < power:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if power_of(blocks, middle, sd, alpha) < power else (low, middle)
    return high


def equivalence_power(
    blocks: int, margin: float, sd: float, effect: float = 0.0, alpha: float = ALPHA
) -> float:
    """The power of two one-sided tests (Schuirmann 1987) to call arms alike within ``margin`` that
    differ by ``effect``. An approximation, which puts the standard deviation in its place (Chow,
    Shao and Wang 2008, chapter 3); a little low for few blocks.

    >>> round(equivalence_power(44, 0.5, 1.0), 2)
    0.89
    """
    if blocks < 2:
        return 0.0
    freedom, scale = blocks - 1, sqrt(blocks) / sd if sd else inf
    edge = float(special.stdtrit(freedom, 1 - alpha))
    upper, lower = ((margin - sign * effect) * scale - edge for sign in (1, -1))
    if not (isfinite(upper) and isfinite(lower)):
        return float(abs(effect) < margin)
    return max(0.0, float(special.stdtr(freedom, upper) + special.stdtr(freedom, lower)) - 1)


def blocks_for_equivalence(
    margin: float, sd: float, power: float = 0.9, alpha: float = ALPHA
) -> int | None:
    """The fewest blocks with which arms that do not differ are called alike with this power."""
    return _fewest(lambda count: equivalence_power(count, margin, sd, 0.0, alpha) >= power)


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """The smallest number from 2 to ``MOST`` that is enough, where more always is."""
    high = 2
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# --- A rule that may end early --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rule with so many ``blocks`` at most does if there is the effect: its ``power``, and
    how many blocks it plays in the ``median``; and the same median at ``twice`` the effect."""

    method: str
    blocks: int
    power: float
    median: int
    twice: int


def plan_of(method: Method, blocks: int, effect: float, sd: float, widest: float) -> Plan:
    """What a rule without a margin does, with ``blocks`` blocks at most.

    ``widest`` is the largest difference that there can be, which betting needs. Group-sequential:
    by integration, of normal differences. Betting: by simulation with a fixed seed, of differences
    with a beta law between the largest ones. Raises ``BadRequest`` if no law has this mean and
    standard deviation.

    >>> plan_of("group-sequential", 47, 0.5, 1.0, 2.0)
    Plan(method='group-sequential', blocks=47, power=0.893, median=33, twice=22)
    """
    find = _betting if method == "betting" else _group_sequential
    power, median = find(blocks, effect, sd, widest)
    doubled = min(2 * effect, 0.999 * widest)
    return Plan(method, blocks, round(power, 3), median, find(blocks, doubled, sd, widest)[1])


def blocks_for_rule(
    method: Method, effect: float, sd: float, widest: float, power: float = 0.9
) -> int | None:
    """How many blocks a rule has to be allowed for this power; None if ``MOST`` are too few.

    >>> blocks_for_rule("group-sequential", 0.5, 1.0, 2.0)
    48
    """
    start = blocks_for(effect, sd, power)
    if start is None:
        return None
    find = _betting if method == "betting" else _group_sequential
    low, high = 1, max(FEWEST, ceil(start * 1.1))
    if method == "group-sequential":
        low, high = FEWEST_PLANNED - 1, max(FEWEST_PLANNED, high)
    while find(high, effect, sd, widest)[0] < power:
        low, high = high, ceil(high * 1.5)
        if high > MOST:
            return None
    while high - low > max(1, high // (100 if high < 1000 else 25)):
        middle = (low + high) // 2
        enough = find(middle, effect, sd, widest)[0] >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


@lru_cache(maxsize=256)
def _group_sequential(blocks: int, effect: float, sd: float, widest: float) -> tuple[float, int]:
    """Power, and the median of the blocks. The variance is taken as known, but for that."""
    bounds = spending_bounds(looks_of(blocks), blocks, ALPHA)
    count = np.array(bounds.looks, dtype=float)
    # The rule divides by the sum of squares about the mean that is tested: it refuses where
    # Student's t is larger than this.
    with np.errstate(divide="ignore", invalid="ignore"):
        student = bounds.bounds / np.sqrt(1 - bounds.bounds**2 / count)
    asked = (bounds.bounds**2 < count) & (count >= FEWEST)
    wider = bounds._replace(bounds=np.where(asked, student, inf))
    drift = min(abs(effect) * sqrt(blocks) / sd if sd else inf, 30.0)
    by = crossing(wider, blocks, drift).by
    half = np.flatnonzero(by >= 0.5)
    return float(by[-1]), int(bounds.looks[half[0]]) if len(half) else blocks


@lru_cache(maxsize=256)
def _betting(blocks: int, effect: float, sd: float, widest: float) -> tuple[float, int]:
    draws = max(200, min(_DRAWS, _AT_ONCE // (10 * blocks)))
    values = _drawn(draws, blocks, abs(effect), sd, widest)
    ended = np.full(draws, blocks + 1)
    for some in np.array_split(np.arange(draws), max(1, draws * blocks * 10 // _AT_ONCE)):
        # Against the effect the rule decides once in a thousand times, so one side is enough.
        capital = log_capital((values[some] / widest + 1) / 2, 0.5, bets(blocks), larger=True)
        reached = capital >= log(2 / ALPHA)
        ended[some] = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, blocks + 1)
    power = float((ended <= blocks).mean())
    return power, int(np.median(np.minimum(ended, blocks)))


def _drawn(draws: int, blocks: int, effect: float, sd: float, widest: float) -> Floats:
    """Differences of studies: a beta law between -widest and widest with this mean and standard
    deviation. The same seed for all effects and numbers of blocks, so that powers rise smoothly."""
    mean = (effect / widest + 1) / 2
    spread = mean * (1 - mean) / (sd / (2 * widest)) ** 2 - 1 if sd else inf
    if not 0 < mean < 1 or spread <= 0:
        raise BadRequest(
            f"an effect of {effect:g} with a standard deviation of {sd:g}: differences between "
            f"{-widest:g} and {widest:g} cannot have both; give the --range of the quantity, or a "
            "smaller --sd"
        )
    generator = np.random.default_rng(1)
    if not isfinite(spread):
        return np.full((draws, blocks), effect)
    # By blocks first, so that a longer study begins like a shorter one.
    return np.asarray(
        2 * widest * generator.beta(mean * spread, (1 - mean) * spread, (blocks, draws)).T - widest
    )


# --- Topics and seeds -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """How differences of blocks vary: the standard deviation over ``seeds`` of a topic and that
    between ``topics`` (missing if there is one topic), both with 95% intervals."""

    seeds: Interval
    topics: Interval
    blocks: int
    number_of_topics: int


def spread_of(by_topic: Sequence[Floats]) -> Spread:
    """The variance components of differences, one array a topic (Searle, Casella and McCulloch
    1992, section 3.6: analysis of variance, unbalanced). Topics without a number are left out.

    The limits of the standard deviation within topics are the wider of two: those of normal
    differences (chi-squared), and a jackknife of the logarithm of the variance. Those between
    topics are of the standard deviation of topic means, less what seeds give to it; wide where
    there are few topics, as they have to be.

    >>> found = spread_of([np.array([0.0, 1.0, 2.0, 1.0]), np.array([5.0, 6.0, 7.0, 6.0])])
    >>> round(found.seeds.estimate, 2), round(found.topics.estimate, 2)
    (0.82, 3.51)
    """
    kept = [values[~np.isnan(values)] for values in by_topic]
    kept = [values for values in kept if len(values)]
    count, sizes = len(kept), np.array([len(values) for values in kept], dtype=float)
    total = int(sizes.sum())
    freedom = total - count
    if freedom < 1:
        unknown = Interval(nan, nan, nan)
        return Spread(unknown, unknown, total, count)
    residuals = np.concatenate([values - values.mean() for values in kept])
    within = float(residuals @ residuals) / freedom
    seeds = _sd_interval(residuals, within, freedom)
    if count < 2:
        return Spread(seeds, Interval(nan, nan, nan), total, count)
    means = np.array([values.mean() for values in kept])
    grand = float(sizes @ means) / total
    between = float(sizes @ (means - grand) ** 2) / (count - 1)
    typical = (total - float(sizes @ sizes) / total) / (count - 1)
    tail = np.array([0.975, 0.025])
    limits = between * (count - 1) / special.chdtri(count - 1, 1 - tail)
    topics = np.sqrt(np.maximum(0.0, (np.array([between, *limits]) - within) / typical))
    return Spread(seeds, Interval(*map(float, topics)), total, count)


def _sd_interval(residuals: Floats, within: float, freedom: int) -> Interval:
    if within == 0:
        return Interval(0.0, nan, nan)
    chi = np.sqrt(within * freedom / special.chdtri(freedom, [0.025, 0.975]))
    low, high = float(chi[0]), float(chi[1])
    count = len(residuals)
    if count > 2:
        left_out = (within * freedom - residuals**2 * count / (count - 1)) / max(1, freedom - 1)
        logs = np.log(np.maximum(left_out, 1e-12 * within))
        error = sqrt((count - 1) / count * float(((logs - logs.mean()) ** 2).sum()))
        half = float(special.stdtrit(freedom, 0.975)) * error / 2
        low, high = min(low, sqrt(within) / np.exp(half)), max(high, sqrt(within) * np.exp(half))
    return Interval(sqrt(within), float(low), float(high))


def topics_for(effect: float, spread: Spread, seeds: int, power: float = 0.9) -> int | None:
    """How many topics, drawn from many like these, find the effect with so many seeds each; None if
    the variance between topics is unknown. The test is of topic means: more seeds never make up for
    few topics."""
    if not isfinite(spread.topics.estimate):
        return None
    sd = sqrt(spread.topics.estimate**2 + spread.seeds.estimate**2 / seeds)
    return blocks_for(effect, sd, power)
