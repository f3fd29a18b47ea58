"""When to stop: a rule that is fixed beforehand, and what it decides on numbers in their order.

The numbers are differences between two arms, one for each complete block (a topic and a seed, both
arms). A rule looks at every prefix of them, and decides that the arms *differ* as soon as the
interval of the mean excludes 0, and that they are *alike* as soon as it lies within the margin. The
interval holds at all looks together (``analysis.stats.sequential``), so a false decision has
probability alpha at most. Without a margin a difference of nothing is never decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import inf, isfinite, nan
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.stats import Floats, Interval
from analysis.stats.sequential import (
    Crossing,
    betting_interval,
    crossed,
    looks_of,
    repeated_limits,
    spending_bounds,
)
from sim.errors import BadRequest

Method = Literal["betting", "group-sequential"]

Flags = NDArray[np.bool_]

Outcome = Literal["differs", "alike", "undecided"]

FEWEST = 6
"""A group-sequential test does not look at fewer blocks: its theory is of many."""

FEWEST_PLANNED = 20
"""Nor is it offered for fewer in all: of 10 skewed differences it errs in 8% of studies
(``docs/validity-details.md``)."""


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """A rule by which blocks are added until a difference is decided. It is fixed beforehand.

    ``low`` and ``high`` bound the quantity in an arm, so that a difference is at most
    ``high - low`` either way. ``blocks`` is how many there can be.
    Within ``margin`` arms are alike (None: that is never decided). ``alpha`` bounds the probability
    of a false decision. ``betting`` holds for any law and however few blocks; ``group-sequential``
    (bounds by Lan and DeMets that resemble those of O'Brien and Fleming) leans on normal theory and
    needs fewer blocks. Raises ``BadRequest``.

    >>> StoppingRule(0, 1, blocks=0)
    Traceback (most recent call last):
    ...
    sim.errors.BadRequest: blocks: 0 is no number of blocks; use at least 1
    """

    low: float
    high: float
    blocks: int
    margin: float | None = None
    method: Method = "betting"
    alpha: float = 0.05
    every: int = 1

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise BadRequest(
                f"range: from {self.low:g} to {self.high:g} is no range; give two finite numbers, "
                "the smaller one first"
            )
        if self.blocks < 1:
            raise BadRequest(f"blocks: {self.blocks} is no number of blocks; use at least 1")
        if self.every < 1 or self.blocks % self.every:
            raise BadRequest(
                f"every: {self.blocks} blocks cannot be looked at {self.every} at a time; use a "
                f"multiple of {self.every}"
            )
        if self.margin is not None and not 0 < self.margin < self.high - self.low:
            raise BadRequest(
                f"margin: {self.margin:g} is no margin; give a number between 0 and "
                f"{self.high - self.low:g}, the largest difference that there can be"
            )
        if self.method not in get_args(Method):
            raise BadRequest(
                f"method: {self.method!r} is unknown; use {' or '.join(get_args(Method))}"
            )
        if not 0 < self.alpha < 0.5:
            raise BadRequest(f"alpha: {self.alpha:g} is no error rate; give one between 0 and 0.5")
        if self.method == "group-sequential" and self.blocks < FEWEST_PLANNED:
            raise BadRequest(
                f"method: {self.blocks} blocks are too few for normal theory; use betting, or at "
                f"least {FEWEST_PLANNED} blocks"
            )

    @property
    def widest(self) -> float:
        """The largest difference that there can be."""
        return self.high - self.low

    def facts(self) -> dict[str, Any]:
        """The rule as plain values, to be stored."""
        return asdict(self)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> StoppingRule:
        """The rule that was stored. Raises ``BadRequest`` if that is none."""
        try:
            return cls(**facts)
        except TypeError:
            raise BadRequest(f"this is no stopping rule: {dict(facts)!r:.200}") from None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule says of the blocks so far.

    ``blocks`` is how many it looked at: up to the decision, or all. ``known`` of these have the
    number in both arms. ``difference`` is the mean with the rule's own interval, which holds at all
    looks together; its estimate is inflated if the rule has decided, since it stopped where the
    estimate was far out. ``worst`` is where the interval could be if the missing numbers were
    known: from its lower limit with all of them at the lowest to its upper limit with all at the
    highest.
    """

    outcome: Outcome
    blocks: int
    known: int
    difference: Interval
    worst: Interval

    @property
    def decided(self) -> bool:
        """Whether no further block is needed."""
        return self.outcome != "undecided"


def decide(rule: StoppingRule, differences: Sequence[float] | Floats) -> Decision:
    """What a rule decides on differences of blocks in their order; NaN is missing.

    Blocks without a number are left out, and counted in ``blocks``. What comes after the decision
    changes nothing. Raises ``BadRequest`` for more blocks than the rule has, or for a difference
    that its range does not allow.

    >>> rule = StoppingRule(0, 1, blocks=100, margin=0.2)
    >>> found = decide(rule, [0.5, 1.0] * 20)
    >>> found.outcome, found.blocks, found.difference.low > 0
    ('differs', 10, True)
    >>> decide(rule, [0.0, 0.1, -0.1] * 30).outcome
    'alike'
    """
    values = np.asarray(differences, dtype=np.float64)
    known, kept, looked = _taken(rule, values)
    decided = _decided(rule, known, looked)
    place, outcome = decided if decided is not None else (len(known) - 1, "undecided")
    blocks = len(values) if decided is None else int(kept[place]) + 1
    found = _interval(rule, known[: place + 1], looked[: place + 1])
    worst = _worst(rule, values[:blocks]) if blocks > place + 1 else found
    return Decision(outcome, blocks, place + 1, found, worst)


def _worst(rule: StoppingRule, values: Floats) -> Interval:
    """The interval of ``Decision.worst``."""
    least, most = (
        _interval(rule, *_taken(rule, np.nan_to_num(values, nan=end))[::2])
        for end in (-rule.widest, rule.widest)
    )
    return Interval(nan, least.low, most.high)


def stops(rule: StoppingRule, differences: Sequence[float] | Floats) -> tuple[Outcome, int]:
    """The decision and how many blocks it looked at, as ``decide`` gives them, without the
    interval: in a simulation that is most of the work.

    >>> stops(StoppingRule(0, 1, blocks=100), [0.5, 1.0] * 20)
    ('differs', 10)
    """
    known, kept, looked = _taken(rule, differences)
    decided = _decided(rule, known, looked)
    if decided is None:
        return "undecided", len(differences)
    return decided[1], int(kept[decided[0]]) + 1


def _taken(
    rule: StoppingRule, differences: Sequence[float] | Floats
) -> tuple[Floats, NDArray[np.int_], Flags]:
    """The known differences, their places among all, and after which of them there is a look."""
    values = np.asarray(differences, dtype=np.float64)
    if len(values) > rule.blocks:
        raise BadRequest(f"{len(values)} blocks: the rule is for {rule.blocks}")
    kept = np.flatnonzero(~np.isnan(values))
    known = values[kept]
    if np.any(np.abs(known) > rule.widest * (1 + 1e-9)):
        raise BadRequest(
            f"a difference of {float(np.abs(known).max()):g}: the rule's range allows "
            f"{rule.widest:g} at most"
        )
    # A look at a block without a number is a look at those before it.
    ends = np.searchsorted(kept, np.arange(rule.every, len(values) + 1, rule.every)) - 1
    looked = np.zeros(len(known), dtype=bool)
    looked[ends[ends >= 0]] = True
    return known, kept, looked


def _decided(rule: StoppingRule, known: Floats, looked: Flags) -> Decided:
    find = _betting if rule.method == "betting" else _group_sequential
    return find(rule, known, looked)


Decided = tuple[int, Outcome] | None
"""The place of the decision among the known differences, and what it is; None if there is none."""


def _betting(rule: StoppingRule, known: Floats, looked: Flags) -> Decided:
    limits, margin = (-rule.widest, rule.widest), rule.margin

    def beyond(mean: float) -> tuple[Flags, Flags]:
        return crossed(known, mean, limits, rule.blocks, rule.alpha, looked)

    above, below = beyond(0.0)
    within = np.zeros(len(known), dtype=bool)
    if margin is not None:
        within = beyond(-margin)[0] & beyond(margin)[1]
    return _first(above | below, within)


def _group_sequential(rule: StoppingRule, known: Floats, looked: Flags) -> Decided:
    means, half = _repeated(rule, known, looked)
    within = np.zeros(len(known), dtype=bool)
    if rule.margin is not None:
        within = np.abs(means) + half < rule.margin
    return _first(np.abs(means) > half, within)


def _first(differs: Flags, alike: Flags) -> Decided:
    decided = np.flatnonzero(differs | alike)
    if not len(decided):
        return None
    place = int(decided[0])
    return place, "differs" if differs[place] else "alike"


def _repeated(rule: StoppingRule, known: Floats, looked: Flags) -> tuple[Floats, Floats]:
    """The mean after each difference, and half the width of its interval: infinite where there is
    no look."""
    looks = tuple(look for look in looks_of(rule.blocks) if look % rule.every == 0)
    counts = np.flatnonzero(looked) + 1
    if np.any(counts % rule.every):  # Numbers are missing: the looks are at other counts.
        looks = tuple(int(each) for each in counts)
    bounds = _bounds(looks, rule.blocks, rule.alpha)
    count = np.arange(1, len(known) + 1)
    at = np.full(len(known), inf)
    for look, bound in zip(bounds.looks, bounds.bounds, strict=True):
        if FEWEST <= look <= len(known) and looked[look - 1]:
            at[look - 1] = bound
    # Whether these are differences of shares is asked at each look anew, so that what comes later
    # changes nothing.
    shares = np.logical_and.accumulate(np.isin(np.abs(known), (0.0, rule.widest)))
    half = repeated_limits(known, at, np.where(shares, rule.widest, 0.0))
    return np.cumsum(known) / count, half


@lru_cache(maxsize=64)
def _bounds(looks: tuple[int, ...], blocks: int, alpha: float) -> Crossing:
    """The bounds of a rule; they take up to half a second."""
    return spending_bounds(looks, blocks, alpha)


def _interval(rule: StoppingRule, known: Floats, looked: Flags) -> Interval:
    """The rule's own interval after the last of these differences."""
    if not len(known):
        return Interval(nan, nan, nan)
    widest = rule.widest
    if rule.method == "betting":
        return betting_interval(known, (-widest, widest), rule.blocks, rule.alpha, looked)
    means, half = _repeated(rule, known, looked)
    places = np.flatnonzero(np.isfinite(half))
    estimate = float(means[-1])
    if not len(places):
        return Interval(estimate, -widest, widest)
    last = places[-1]
    low, high = float(means[last] - half[last]), float(means[last] + half[last])
    return Interval(estimate, max(low, -widest), min(high, widest))
