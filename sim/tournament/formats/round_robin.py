"""Round-robin: everybody meets everybody."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import ClassVar

from pydantic import Field

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel
from sim.seeds import Stream, derive
from sim.tournament.formats.base import Meeting, check

_MOST = 5_000
"""How many groups of three or more are packed into rounds, which takes a second."""

Schedule = tuple[tuple[tuple[int, ...], ...], ...]
"""The meetings of each round."""


class RoundRobin(AuthoredModel):
    """Every pair (with n sides: every n of the entrants) meets ``times`` times.

    Two sides take n - 1 rounds for an even number n of entrants and n for an odd one, in which each
    rests once; that is no bye, for it gives nobody a point. With more sides as many as can meet at
    once do, as far as a greedy search finds. ``self_play`` adds each entrant against itself, in the
    round in which it would rest. The order of rounds and the places of the entrants are drawn from
    the seed, anew each of the ``times``.

    *Reference.* The circle method, in the form that i and j meet in round i + j modulo n: Kirkman,
    "On a problem in combinations", Cambridge and Dublin Mathematical Journal 2, 1847.

    >>> RoundRobin().rounds(6, 2), RoundRobin(times=2).rounds(5, 2)
    (5, 10)
    >>> RoundRobin().pair(4, 2, round=1, before=(), seed=0)
    [(0, 3), (1, 2)]
    """

    adaptive: ClassVar[bool] = False

    times: int = Field(default=1, ge=1, le=1000)
    self_play: bool = False

    def rounds(self, entrants: int, sides: int) -> int:
        return self.times * self._once(entrants, sides)

    def pair(
        self,
        entrants: int,
        sides: int,
        round: int,  # noqa: A002
        before: Sequence[Meeting],
        seed: int,
    ) -> list[tuple[int, ...]]:
        length = self._once(entrants, sides, round)
        time, place = divmod(round - 1, length)
        if time >= self.times:
            return []
        drawn = derive(seed, "round-robin", time)
        which = Stream(derive(drawn, "rounds")).shuffled(range(length))[place]
        names = Stream(derive(drawn, "entrants")).shuffled(range(entrants))
        if sides == 2:
            meetings = _circle(entrants, which, self.self_play)
        else:
            meetings = list(_packed(entrants, sides, self.self_play)[which])
        return [tuple(names[entrant] for entrant in meeting) for meeting in meetings]

    def _once(self, entrants: int, sides: int, number: int = 1) -> int:
        """How many rounds it takes until all have met once."""
        check("RoundRobin", entrants, sides, number, 1 if self.self_play else None)
        if sides == 2:
            return _modulus(entrants, self.self_play)
        if comb(entrants, sides) > _MOST:
            raise SceneError(
                f"RoundRobin: {entrants} entrants in meetings of {sides} sides are "
                f"{comb(entrants, sides):,} meetings, and at most {_MOST:,} are arranged; "
                "enter fewer, or use Swiss"
            )
        return len(_packed(entrants, sides, self.self_play))


def _modulus(entrants: int, self_play: bool) -> int:
    return entrants if self_play or entrants % 2 else entrants - 1


def _circle(entrants: int, which: int, self_play: bool) -> list[tuple[int, ...]]:
    """Round ``which`` of the circle method: the pairs whose sum is ``which`` modulo n.

    Who is paired with itself plays itself, rests, or meets the last of an even number of entrants.
    """
    modulus = _modulus(entrants, self_play)
    pairs: list[tuple[int, ...]] = []
    for one in range(modulus):
        other = (which - one) % modulus
        if one < other:
            pairs.append((one, other))
        elif one == other and self_play:
            pairs.append((one, one))
        elif one == other and modulus < entrants:
            pairs.append((one, entrants - 1))
    return pairs


@lru_cache(maxsize=8)
def _packed(entrants: int, sides: int, self_play: bool) -> Schedule:
    """All groups of ``sides`` entrants, in rounds in which nobody plays twice.

    A greedy search: the free entrant who has most groups left is next, with the group whose members
    have most left. Who fell behind would otherwise need rounds of its own at the end.
    """
    # Dictionaries, and not sets, because their order is the same everywhere.
    groups: list[dict[tuple[int, ...], None]] = [{} for _ in range(entrants)]
    for group in combinations(range(entrants), sides):
        for entrant in group:
            groups[entrant][group] = None
    rounds: list[list[tuple[int, ...]]] = []
    while any(groups):
        rounds.append([])
        free = set(range(entrants))
        while (fullest := _next_group(groups, free)) is not None:
            rounds[-1].append(fullest)
            free.difference_update(fullest)
            for entrant in fullest:
                del groups[entrant][fullest]
    if self_play:
        _add_self_play(rounds, entrants, sides)
    return tuple(map(tuple, rounds))


def _next_group(
    groups: list[dict[tuple[int, ...], None]], free: set[int]
) -> tuple[int, ...] | None:
    for entrant in sorted(free, key=lambda one: (-len(groups[one]), one)):
        able = [group for group in groups[entrant] if free.issuperset(group)]
        if able:
            return max(able, key=lambda group: sum(len(groups[member]) for member in group))
    return None


def _add_self_play(rounds: list[list[tuple[int, ...]]], entrants: int, sides: int) -> None:
    """Let everybody play itself in the first round in which it rests, or in one more."""
    late: list[tuple[int, ...]] = []
    for entrant in range(entrants):
        resting = (some for some in rounds if all(entrant not in group for group in some))
        next(resting, late).append((entrant,) * sides)
    if late:
        rounds.append(late)
