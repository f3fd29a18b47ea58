"""Groups of neighbours in rank, for meetings of more than two sides."""

from __future__ import annotations

from collections.abc import Sequence

from sim.tournament.formats.meetings import Met


def grouped(ranked: Sequence[int], sides: int, met: Met) -> list[tuple[int, ...]]:
    """Groups of ``sides`` entrants, with few rematches: a local search by exchanges of two.

    It begins with neighbours in rank. An entrant who would meet somebody again changes places with
    the entrant of another group by which most rematches are saved (a pair that met twice counts
    four times), of equal ones with the nearest in rank, until no exchange saves any. The number of
    entrants is a multiple of ``sides``.

    >>> met = {(0, 1): 1, (2, 3): 1}
    >>> grouped([0, 1, 4, 2, 3, 5], 3, met)
    [(0, 3, 5), (1, 4, 2)]
    """
    count = len(ranked)
    again = _squares(ranked, met)
    group_of = [place // sides for place in range(count)]
    groups = [list(range(start, start + sides)) for start in range(0, count, sides)]

    def gain(one: int, other: int) -> int:
        """The rematches that are saved if two change places; their squares summed."""
        mine, theirs = again[one], again[other]
        saved = sum(mine[place] - theirs[place] for place in groups[group_of[one]])
        saved += sum(theirs[place] - mine[place] for place in groups[group_of[other]])
        return saved + 2 * mine[other]  # the two do not meet after the exchange either

    improved = True
    while improved:
        improved = False
        for one in range(count):
            if not any(again[one][place] for place in groups[group_of[one]]):
                continue
            others = (place for place in range(count) if group_of[place] != group_of[one])
            # Of equal gains the nearest, of equally near ones the first: max() wants them negative.
            saved, _, negative_place = max(
                ((gain(one, other), -abs(one - other), -other) for other in others),
                default=(0, 0, 0),
            )
            if saved > 0:
                _exchange(groups, group_of, one, -negative_place)
                improved = True
    return [
        tuple(ranked[place] for place in sorted(group)) for group in sorted(map(sorted, groups))
    ]


def _squares(ranked: Sequence[int], met: Met) -> list[list[int]]:
    """The square of the number of meetings of each two, by their places."""
    places = {entrant: place for place, entrant in enumerate(ranked)}
    squares = [[0] * len(ranked) for _ in ranked]
    for (one, other), times in met.items():
        if one in places and other in places:
            squares[places[one]][places[other]] = times**2
            squares[places[other]][places[one]] = times**2
    return squares


def _exchange(groups: list[list[int]], group_of: list[int], one: int, other: int) -> None:
    first, second = groups[group_of[one]], groups[group_of[other]]
    first[first.index(one)] = other
    second[second.index(other)] = one
    group_of[one], group_of[other] = group_of[other], group_of[one]
