"""Groups of neighbours in rank, for meetings of more than two sides."""

from __future__ import annotations

from collections.abc import Sequence

from sim.tournament.formats.meetings import Met


def grouped(ranked: Sequence[int], sides: int, met: Met) -> list[tuple[int, ...]]:
    """Groups of so many, with as few rematches as exchanges between two groups can reach.

    It begins with neighbours in rank. Whoever would meet somebody again changes places with who
    takes away most rematches by it (those who met twice count four times), of equal ones with the
    nearest in rank, until no exchange takes any away. The number of entrants is a multiple of the
    sides.

    >>> met = {(0, 1): 1, (2, 3): 1}
    >>> grouped([0, 1, 4, 2, 3, 5], 3, met)
    [(0, 3, 5), (1, 4, 2)]
    """
    count = len(ranked)
    again = _squares(ranked, met)
    group_of = [place // sides for place in range(count)]
    groups = [list(range(start, start + sides)) for start in range(0, count, sides)]

    def gain(one: int, other: int) -> int:
        """What it saves if two change places."""
        mine, theirs = again[one], again[other]
        saved = sum(mine[place] - theirs[place] for place in groups[group_of[one]])
        saved += sum(theirs[place] - mine[place] for place in groups[group_of[other]])
        return saved + 2 * mine[other]  # these two still do not meet

    improved = True
    while improved:
        improved = False
        for one in range(count):
            if not any(again[one][place] for place in groups[group_of[one]]):
                continue
            others = (place for place in range(count) if group_of[place] != group_of[one])
            best = max(
                ((gain(one, other), -abs(one - other), -other) for other in others),
                default=(0, 0, 0),
            )
            if best[0] > 0:
                _exchange(groups, group_of, one, -best[2])
                improved = True
    return [
        tuple(ranked[place] for place in sorted(group)) for group in sorted(map(sorted, groups))
    ]


def _squares(ranked: Sequence[int], met: Met) -> list[list[int]]:
    """The square of how often each two have met, by their places."""
    places = {entrant: place for place, entrant in enumerate(ranked)}
    found = [[0] * len(ranked) for _ in ranked]
    for (one, other), times in met.items():
        if one in places and other in places:
            found[places[one]][places[other]] = times**2
            found[places[other]][places[one]] = times**2
    return found


def _exchange(groups: list[list[int]], group_of: list[int], one: int, other: int) -> None:
    first, second = groups[group_of[one]], groups[group_of[other]]
    first[first.index(one)] = other
    second[second.index(other)] = one
    group_of[one], group_of[other] = group_of[other], group_of[one]
