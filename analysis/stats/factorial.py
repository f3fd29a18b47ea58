"""Two-level designs: which worlds are looked at when not all combinations of factors can be.

A full factorial where it fits; else the design of Plackett and Burman (Biometrika 33, 1946), folded
over: each run once more with all levels exchanged (Box and Wilson, J. R. Stat. Soc. B 13, 1951).
Folded, the effect of a factor is clear of all interactions of two factors (resolution IV); these
are aliased with one another, and ``aliases`` says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.stats.interval import Floats

_ROWS = {12: "++-+++---+-", 24: "+++++-+-++--++--+-+----"}
"""The first rows of the cyclic designs of Plackett and Burman, by their number of runs."""

SIZES = (12, 24, 48)
"""How many worlds a design has at most: 12 unfolded runs, or 12 or 24 and their mirror images."""


def plackett_burman(runs: int) -> Floats:
    """The design of 12 or 24 runs: a row for each run, a column for each of ``runs - 1`` factors.

    Levels are -1 and 1; the last run has -1 everywhere. Columns are orthogonal.

    >>> design = plackett_burman(12)
    >>> design.shape, bool((design.T @ design == 12 * np.eye(11)).all())
    ((12, 11), True)
    """
    if runs not in _ROWS:
        raise ValueError(f"runs: {runs} is no size of a design here; use 12 or 24")
    row = np.array([1.0 if sign == "+" else -1.0 for sign in _ROWS[runs]])
    cyclic = np.array([np.roll(row, shift) for shift in range(runs - 1)])
    return np.vstack([cyclic, -np.ones(runs - 1)])


@dataclass(frozen=True, slots=True)
class Factorial:
    """A design of worlds. ``levels`` has a row for each world and a column for each factor (-1 or
    1); the first has -1 everywhere. ``resolution`` is 3 or 4, None for a full factorial, which has
    no aliases. A row is there twice only with 4 factors in 12 worlds, or 5 in 24."""

    levels: Floats
    resolution: int | None

    @property
    def worlds(self) -> int:
        """How many worlds there are."""
        return len(self.levels)


def factorial(factors: int, most: int) -> Factorial:
    """The design of ``factors`` two-level factors in at most ``most`` worlds (12, 24 or 48).

    All combinations where they are no more than ``most``; else 12 runs of Plackett and Burman
    (resolution III), or 12 or 24 of them folded over (resolution IV).

    >>> factorial(3, 48).worlds, factorial(7, 48).worlds, factorial(7, 12).resolution
    (8, 48, 3)
    """
    if most not in SIZES:
        raise ValueError(f"most: {most} is no size of a design; use 12, 24 or 48")
    if 2**factors <= most:
        bits = (np.arange(2**factors)[:, None] >> np.arange(factors)) & 1
        return Factorial(bits.astype(np.float64) * 2 - 1, None)
    runs = plackett_burman(12 if most < 48 else 24)
    if factors > runs.shape[1]:
        raise ValueError(f"factors: {factors} are too many for {most} worlds")
    every = runs if most == 12 else np.vstack([runs, -runs])
    chosen: Floats = every[:, _columns(every, factors)]
    # The world as it was written comes first.
    return Factorial(chosen[np.argsort((chosen > 0).sum(axis=1), kind="stable")],
                     3 if most == 12 else 4)  # fmt: skip


def _columns(runs: Floats, factors: int) -> list[int]:
    """Columns with as many different rows as there are: of designs with few factors some choices
    would play worlds twice."""
    columns = range(runs.shape[1])
    best: tuple[int, list[int]] = (0, [])
    for place, some in enumerate(combinations(columns, factors)):
        different = len(np.unique(runs[:, some], axis=0))
        if different > best[0]:
            best = (different, list(some))
        if different == len(runs) or place == 2000:
            break
    return best[1]


def aliases(design: Factorial, names: Sequence[str]) -> list[tuple[str, str, float]]:
    """What the design cannot tell apart: pairs of effects with the correlation of their columns.

    Effects are those of factors and of pairs of factors (``order x names``). A full factorial has
    none; in one of resolution IV only pairs of factors are aliased, with other such pairs.

    >>> design = factorial(7, 48)
    >>> {(" x " in one, " x " in other) for one, other, _ in aliases(design, list("abcdefg"))}
    {(True, True)}
    """
    columns = {name: design.levels[:, place] for place, name in enumerate(names)}
    pairs = {
        f"{one} x {other}": columns[one] * columns[other] for one, other in combinations(names, 2)
    }
    found = []
    for (one, first), (other, second) in combinations((columns | pairs).items(), 2):
        correlation = float(first @ second) / design.worlds
        if abs(correlation) > 1e-9:
            found.append((one, other, correlation))
    return found
