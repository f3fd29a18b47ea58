"""Pairs by rank without rematches, as a perfect matching of minimum cost (Edmonds 1965).

The cost of a pair is the square of the difference of its points, and, in a lower order, the square
of its distance from the ideal pair: within a score group half the group apart, across groups at the
adjoining ends. Costs are integers and the orders are separated by factors that no sum of the lower
order can reach, so that they are minimised one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

from sim.tournament.formats.base import Standing
from sim.tournament.formats.meetings import Met, bye_order, times_met

_NEAR = 6
"""Possible opponents of each entrant in the first attempt, in its score group and outside it."""
_WIDER = 4
"""By which factor their number grows in the next attempt."""
_BYE = -1

Costs = dict[tuple[int, int], int]
"""What it costs that two meet, by their places in the ranking."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One entrant's points (halves, an integer), and its place in a score group of some size."""

    halves: int
    index: int
    size: int


def paired(table: Sequence[Standing], met: Met) -> list[tuple[int, ...]]:
    """The pairs of the best matching, by rank; last, who has a bye.

    >>> from sim.tournament.formats.base import Meeting, standings
    >>> from sim.tournament.formats.meetings import met_in
    >>> before = [Meeting(1, (0, 2), (1, 0)), Meeting(1, (1, 3), (1, 0))]
    >>> paired(standings(4, before), met_in(before))
    [(0, 1), (2, 3)]
    """
    resting = bye_order(table)[0].entrant if len(table) % 2 else None
    playing = [row for row in table if row.entrant != resting]
    pairs = _without_rematch(playing, met)
    if pairs is None:
        return _with_rematches(table, met)
    named: list[tuple[int, ...]] = [
        (playing[one].entrant, playing[other].entrant) for one, other in pairs
    ]
    return named if resting is None else [*named, (resting,)]


def _without_rematch(rows: Sequence[Standing], met: Met) -> list[tuple[int, int]] | None:
    """The places of the pairs, if there is a pairing without a rematch; else None."""
    costs = {
        pair: cost
        for pair, cost in _costs(rows).items()
        if not times_met(met, rows[pair[0]].entrant, rows[pair[1]].entrant)
    }
    # All pairs of hundreds of entrants take seconds, and are seldom needed.
    near = _NEAR
    while True:
        pairs = _matching(_nearest(costs, rows, near))
        if 2 * len(pairs) == len(rows):
            return pairs
        if near >= len(rows):
            return None
        near *= _WIDER


def _with_rematches(table: Sequence[Standing], met: Met) -> list[tuple[int, ...]]:
    """The pairs where rematches are unavoidable: few rematches first, then fair byes, then cost."""
    costs = _costs(table)
    bound = 1 + len(table) * max(costs.values())
    times = {
        (one, other): times_met(met, table[one].entrant, table[other].entrant)
        for one, other in costs
    }
    # A bye costs more than any differences of points, and less than any rematch.
    fewest = min(row.byes for row in table)
    byes = {
        (_BYE, place): bound * ((row.byes - fewest) * len(table) + len(table) - 1 - place)
        for place, row in enumerate(table)
        if len(table) % 2
    }
    rematch = bound + max(byes.values(), default=0)
    costs = {pair: cost + times[pair] ** 2 * rematch for pair, cost in costs.items()} | byes
    pairs = _matching(costs)
    named: list[tuple[int, ...]] = [
        (table[one].entrant, table[other].entrant) for one, other in pairs if one != _BYE
    ]
    return [*named, *((table[place].entrant,) for one, place in pairs if one == _BYE)]


def _costs(rows: Sequence[Standing]) -> Costs:
    """The cost of each pair, whether they have met or not."""
    places: list[_Place] = []
    for halves, group in groupby(rows, key=lambda row: round(2 * row.points)):
        size = len(list(group))
        places += (_Place(halves, index, size) for index in range(size))
    # More than the squared distances of a pairing can sum to.
    step = 4 * len(rows) ** 3 + 1
    costs: Costs = {}
    for (one, high), (other, low) in combinations(enumerate(places), 2):
        if high.halves == low.halves:
            away = low.index - high.index - high.size // 2
        else:
            away = high.size - 1 - high.index + low.index
        costs[one, other] = (high.halves - low.halves) ** 2 * step + away**2
    return costs


def _nearest(costs: Costs, rows: Sequence[Standing], near: int) -> Costs:
    """The cheapest pairs of each, so many within its score group and so many outside it."""
    inside: list[list[tuple[int, tuple[int, int]]]] = [[] for _ in rows]
    outside: list[list[tuple[int, tuple[int, int]]]] = [[] for _ in rows]
    for pair, cost in costs.items():
        side = inside if rows[pair[0]].points == rows[pair[1]].points else outside
        for place in pair:
            side[place].append((cost, pair))
    kept = sorted({pair for some in (*inside, *outside) for _, pair in sorted(some)[:near]})
    return {pair: costs[pair] for pair in kept}


def _matching(costs: Costs) -> list[tuple[int, int]]:
    """Of the matchings with most pairs the cheapest, in order."""
    # Slow to import, and used only where a Swiss round is paired.
    import networkx

    graph: networkx.Graph[int] = networkx.Graph()
    graph.add_edges_from((*pair, {"weight": -cost}) for pair, cost in costs.items())
    matching: Iterable[tuple[int, int]] = networkx.max_weight_matching(graph, maxcardinality=True)
    return sorted((min(pair), max(pair)) for pair in matching)
