"""Which units are drawn, each with a known probability: a repair is valid only with these.

A unit is a line, or a whole scene. Every arm gets its share of the draw. Inside an arm:

    simple        all units alike
    actor         equally many of each actor
    score         half of those in which the judge sees an event, half of the others
    disagreement  more of those on which instruments disagree: probabilities in proportion to
                  ``FLOOR`` + (1 - ``FLOOR``) x spread of the instruments' ranks / mean spread, so
                  that no unit has a chance of 0 (Zrnic and Candes, arXiv 2403.03208)

Unequal probabilities are drawn systematically along a random order (Madow, Annals of Mathematical
Statistics 20, 1949), which gives each unit exactly its own and draws as many as were asked for.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.stats import Floats
from sim.errors import BadRequest
from sim.text.suggestions import nearest

How = Literal["simple", "actor", "score", "disagreement"]

FLOOR = 0.3
"""A unit on which instruments agree has at least this share of the chance of a simple draw."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many units are drawn and how, and how they are shown.

    ``count`` is lines, or scenes if ``whole_scenes`` (for hazards: who codes goes through a scene
    up to the first event of each actor). ``context`` lines are shown before a line. ``coders``
    people code all of it, each in an order of their own. ``threshold`` is the score from which on
    the judge sees an event. ``tuning``: the labels are to choose a threshold, and may not repair.

    Raises ``BadRequest`` for numbers that cannot be.
    """

    count: int = 120
    how: How = "simple"
    whole_scenes: bool = False
    coders: int = 2
    context: int = 6
    threshold: float = 0.5
    tuning: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in get_args(How):
            raise BadRequest(
                f"--how {self.how}: is no way to draw{nearest(self.how, get_args(How))}"
            )
        if self.whole_scenes and self.how == "actor":
            raise BadRequest(
                "--how actor: whole scenes have all actors; draw them simple or by score"
            )
        for name, value, least in (("-n", self.count, 1), ("--coders", self.coders, 1),
                                   ("--context", self.context, 0)):  # fmt: skip
            if value < least:
                raise BadRequest(f"{name} {value}: give at least {least}")
        if not np.isfinite(self.threshold):
            raise BadRequest(f"--threshold {self.threshold}: is no number")


def shares(count: int, sizes: Sequence[int]) -> list[int]:
    """How many of ``count`` each group gets: equally many, or all of a group that has fewer.

    >>> shares(10, [100, 3, 100]), shares(10, [2, 3])
    ([4, 3, 3], [2, 3])
    """
    given = [0] * len(sizes)
    left = min(count, sum(sizes))
    while left:
        open_ = [place for place, size in enumerate(sizes) if given[place] < size]
        each = left // len(open_)
        for place in open_ if each else open_[:left]:
            taken = min(max(each, 1), sizes[place] - given[place])
            given[place] += taken
            left -= taken
    return given


def stratified(strata: Sequence[Hashable], count: int) -> Floats:
    """Probabilities, shape (n), of a draw of ``count`` with equally many of each stratum."""
    number: dict[Hashable, int] = {}
    place = np.array([number.setdefault(each, len(number)) for each in strata], dtype=np.intp)
    sizes = np.bincount(place, minlength=len(number))
    given = np.array(shares(count, sizes.tolist()))
    return np.asarray((given / sizes)[place], dtype=np.float64)


def in_proportion(sizes: Floats, count: int) -> Floats:
    """Probabilities, shape (n), in proportion to positive sizes, summing to ``count``.

    What would exceed 1 is drawn for sure, and the rest gets the rest.

    >>> in_proportion(np.array([1.0, 1.0, 8.0]), 2).tolist()
    [0.5, 0.5, 1.0]
    """
    if count >= len(sizes):
        return np.ones(len(sizes))
    sure = np.zeros(len(sizes), dtype=bool)
    while True:
        left = count - int(sure.sum())
        chance = np.where(sure, 1.0, left * sizes / sizes[~sure].sum())
        above = (chance >= 1) & ~sure
        if not above.any():
            return np.asarray(np.minimum(chance, 1.0))
        sure |= above


def by_disagreement(scores: Floats, count: int) -> Floats:
    """Probabilities, shape (n), from the scores of instruments, shape (n, k); see the head of this
    module. Scores are compared by their ranks, since instruments have scales of their own; a score
    that is missing has the middle rank."""
    ranks = np.full(scores.shape, 0.5)
    for column in range(scores.shape[1]):
        known = ~np.isnan(scores[:, column])
        if known.any():
            ranks[known, column] = _ranks(scores[known, column])
    spread = ranks.std(axis=1)
    mean = float(spread.mean())
    sizes = np.ones(len(spread)) if mean == 0 else FLOOR + (1 - FLOOR) * spread / mean
    return in_proportion(sizes, count)


def _ranks(values: Floats) -> Floats:
    """The rank of each value as a share of all, shape (n); equals share the middle of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(((np.cumsum(counts) - counts / 2) / len(values))[place])


def systematic(chance: Floats, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Which units are drawn, shape (n): as many as the probabilities sum to, each with its own.

    >>> drawn = systematic(np.full(10, 0.3), np.random.default_rng(1))
    >>> int(drawn.sum())
    3
    """
    order = generator.permutation(len(chance))
    # Steps are counted from a random start; rounding keeps a sum like 2.9999999 from losing one.
    steps = np.floor(np.round(np.cumsum(chance[order]), 9) + generator.random())
    taken = np.diff(steps, prepend=0.0) > 0
    drawn = np.zeros(len(chance), dtype=bool)
    drawn[order[taken]] = True
    return drawn
