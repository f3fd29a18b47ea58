"""Facts about earlier meetings that pairings use: who met whom, and who is next for a bye."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from sim.tournament.formats.base import Meeting, Standing

Met = dict[tuple[int, int], int]
"""How often two have met, the lower number first; those who never did are not in it."""


def met_in(before: Iterable[Meeting]) -> Met:
    """How often each two have met.

    >>> met_in([Meeting(1, (2, 0), None), Meeting(2, (0, 2, 1), None)])[0, 2]
    2
    """
    met: Met = {}
    for meeting in before:
        if not meeting.is_self_play:
            for pair in combinations(sorted(meeting.entrants), 2):
                met[pair] = met.get(pair, 0) + 1
    return met


def times_met(met: Met, one: int, other: int) -> int:
    """How often these two have met."""
    return met.get((one, other) if one < other else (other, one), 0)


def bye_order(table: Sequence[Standing]) -> list[Standing]:
    """Who is to have a bye first: of those with the fewest byes, the lowest in rank."""
    order = sorted(range(len(table)), key=lambda place: (table[place].byes, -place))
    return [table[place] for place in order]
