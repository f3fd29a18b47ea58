"""Comparisons between two entrants: checks a table of results and turns it into arrays.

A row is a comparison: ``first`` and ``second`` (names), and ``score`` of the first in [0, 1] (1
won, 0 lost, 0.5 tied). Optional columns: ``margin`` in [-1, 1] (positive for the first), ``side``
(1 if the first argued for the motion, -1 against, 0 neither), ``order`` (1 if the first spoke
first, -1 second, 0 both at once), ``topic`` and ``match``. A missing value is never taken for zero:
a row without a score, or without another value that is used, is dropped and counted.

Rows are normalised (``first`` precedes ``second`` in the alphabet) and sorted by their values, so
that no estimate depends on the order of the rows or on who was named first. Elo's ratings do depend
on the order: see ``analysis.elo``.

*Evidence*: none of its own; the results are those of whoever judged the matches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.stats import Floats
from sim.errors import BadRequest

Ints = NDArray[np.int64]

NEEDED = ("first", "second", "score")
RANGES: Mapping[str, tuple[float, ...]] = {
    "score": (0.0, 1.0),
    "margin": (-1.0, 1.0),
    "side": (-1.0, 0.0, 1.0),
    "order": (-1.0, 0.0, 1.0),
}
"""Columns of numbers: their limits, or, where there are three, the only values."""
COLUMNS = (*NEEDED, "margin", "side", "order", "topic", "match")

# Topics sort before matches.
_TOPIC, _MATCH = "0", "1"


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Rows with a known score, as arrays of one length; entrants and clusters by their number.

    ``names`` are sorted, and ``first < second`` in every row. ``effects`` has one column for each
    of ``kinds`` ("side", "order"). ``clusters`` has the names of the clusters. The first ``topics``
    of them are topics; a row without a topic is in the cluster of its match, or else in a cluster
    of its own, whose name is empty. ``margin`` is NaN if it was not asked for. ``places`` are the
    row numbers in the table. ``dropped`` counts the dropped rows by the first value they lack.
    """

    names: tuple[str, ...]
    first: Ints
    second: Ints
    score: Floats
    margin: Floats
    effects: Floats
    kinds: tuple[str, ...]
    cluster: Ints
    clusters: tuple[str, ...]
    topics: int
    places: Ints
    dropped: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.score)


def read(
    results: pd.DataFrame,
    *,
    margins: bool = False,
    kinds: Sequence[str] = ("side", "order"),
    topics: bool = True,
) -> Comparisons:
    """Check a table of results and turn it into arrays.

    ``kinds`` are the columns of effects to use, if the table has them. Entrants all of whose rows
    are dropped keep their names in ``names``. Raises ``BadRequest`` for a table, column, name or
    number that is not valid; the message names the row by its label.

    >>> rows = [("Ben", "Ada", 1.0), ("Ada", "Ben", None)]
    >>> comparisons = read(pd.DataFrame(rows, columns=["first", "second", "score"]))
    >>> comparisons.names, comparisons.score.tolist(), dict(comparisons.dropped)
    (('Ada', 'Ben'), [0.0], {'score': 1})
    """
    _check_columns(results, margins)
    pairs = _names(results)
    used = [name for name in kinds if name in results]
    numbers = {
        name: _numbers(results, name)
        for name in ("score", *(("margin",) if margins else ()), *used)
    }
    kept, dropped = _complete(numbers)
    if not kept.any():
        raise BadRequest("results: no row has a score; rate at least one comparison")
    names, codes = np.unique(pairs, return_inverse=True)
    first, second = codes.reshape(pairs.shape)[kept].T
    turned = first > second
    sign = np.where(turned, -1.0, 1.0)
    values = {name: column[kept] for name, column in numbers.items()}
    score = np.where(turned, 1 - values["score"], values["score"])
    margin = sign * values["margin"] if margins else np.full(len(score), np.nan)
    effects = np.array([sign * values[name] for name in used]).reshape(len(used), len(score)).T
    low, high = np.where(turned, second, first), np.where(turned, first, second)
    labels = _labels(results, topics)[kept]
    # Rows with equal values are exchangeable, so this order is complete and reproducible.
    keys = (*effects.T, margin, score, high, low, labels)
    order = np.lexsort([np.asarray(key) for key in keys])
    clusters, cluster = _clusters(labels[order])
    return Comparisons(
        names=tuple(str(name) for name in names),
        first=low[order],
        second=high[order],
        score=score[order],
        margin=margin[order],
        effects=effects[order],
        kinds=tuple(used),
        cluster=cluster,
        clusters=clusters,
        topics=len({label for label in labels if label[:1] == _TOPIC}),
        places=np.flatnonzero(kept)[order],
        dropped=dropped,
    )


def _check_columns(results: pd.DataFrame, margins: bool) -> None:
    if not isinstance(results, pd.DataFrame):
        raise BadRequest(f"results: {type(results).__name__} is no table; give a pandas DataFrame")
    for name in (*NEEDED, *(("margin",) if margins else ())):
        if name not in results:
            raise BadRequest(f"results: there is no column {name!r}; name the columns {COLUMNS}")
    for name in results.columns:
        if name not in COLUMNS:
            raise BadRequest(f"results: unknown column {name!r}; drop it, or use one of {COLUMNS}")
    if not results.columns.is_unique:
        raise BadRequest("results: a column comes twice; drop one of them")
    if not len(results):
        raise BadRequest("results: the table is empty; give at least one comparison")


def _names(results: pd.DataFrame) -> NDArray[np.object_]:
    both = results[["first", "second"]]
    for name in both:
        lacking = both[name].isna().to_numpy(dtype=bool)
        if lacking.any():
            raise BadRequest(
                f"results: row {results.index[int(lacking.argmax())]!r} names nobody as {name!r}; "
                "name both entrants or leave the row out"
            )
    pairs = both.astype(str).to_numpy(dtype=object)
    same = np.asarray(pairs[:, 0] == pairs[:, 1], dtype=bool)
    if same.any():
        place = int(same.argmax())
        raise BadRequest(
            f"results: row {results.index[place]!r} has {pairs[place, 0]!r} against itself; "
            "leave the row out"
        )
    return pairs


def _numbers(results: pd.DataFrame, name: str) -> Floats:
    try:
        values = results[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise BadRequest(f"results: column {name!r} holds text; give numbers, or None") from None
    limits = RANGES[name]
    known = ~np.isnan(values)
    if len(limits) == 3:
        bad, fix = known & ~np.isin(values, limits), "give -1, 0 or 1"
    else:
        bad = known & ~((values >= limits[0]) & (values <= limits[1]))
        fix = f"give a number from {limits[0]:g} to {limits[1]:g}"
    if bad.any():
        place = int(bad.argmax())
        raise BadRequest(
            f"results: row {results.index[place]!r} has a {name} of {values[place]:g}; {fix}"
        )
    return np.asarray(values)


def _complete(numbers: Mapping[str, Floats]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """A mask of the complete rows; and the number of the others, by the first value they lack."""
    kept = np.ones(len(numbers["score"]), dtype=bool)
    dropped: dict[str, int] = {}
    for name, column in numbers.items():
        lacks = kept & np.isnan(column)
        if lacks.any():
            dropped[name] = int(lacks.sum())
        kept &= ~lacks
    return kept, dropped


def _labels(results: pd.DataFrame, topics: bool) -> NDArray[np.object_]:
    """The cluster of each row; "" for a row that is a cluster of its own.

    The first letter distinguishes a topic from a match of the same name.
    """
    labels = np.full(len(results), "", dtype=object)
    for name, mark in (("match", _MATCH), ("topic", _TOPIC)):
        if name in results and (topics or mark == _MATCH):
            column = results[name]
            known = column.notna().to_numpy(dtype=bool)
            labels[known] = mark + column[known].astype(str).to_numpy(dtype=object)
    return labels


def _clusters(labels: NDArray[Any]) -> tuple[tuple[str, ...], Ints]:
    """Names of the clusters without their marks, and the cluster of each row."""
    alone = labels == ""
    known, codes = np.unique(labels[~alone].astype(str), return_inverse=True)
    cluster = np.empty(len(labels), dtype=np.int64)
    cluster[~alone] = codes
    cluster[alone] = len(known) + np.arange(int(alone.sum()))
    return (*(str(name)[1:] for name in known), *("" for _ in range(int(alone.sum())))), cluster


def components(comparisons: Comparisons) -> list[Ints]:
    """The connected components of the graph of comparisons, the largest first.

    >>> rows = [("A", "B", 1.0), ("C", "D", 0.0), ("D", "E", 0.5)]
    >>> comparisons = read(pd.DataFrame(rows, columns=["first", "second", "score"]))
    >>> [part.tolist() for part in components(comparisons)]
    [[2, 3, 4], [0, 1]]
    """
    import networkx  # imported here because it is slow to import

    graph: networkx.Graph[int] = networkx.Graph()
    graph.add_nodes_from(range(len(comparisons.names)))
    graph.add_edges_from(
        {*zip(comparisons.first.tolist(), comparisons.second.tolist(), strict=True)}
    )
    parts = [sorted(part) for part in networkx.connected_components(graph)]
    return [np.array(part) for part in sorted(parts, key=lambda part: (-len(part), part))]


def unbeaten(comparisons: Comparisons, part: Ints) -> list[Ints]:
    """The strongly connected components of "took a point from", within a component of entrants.

    A maximum of the likelihood exists if and only if this graph is strongly connected: if there is
    a chain of wins (ties count as half a win) from everybody to everybody (Ford, American
    Mathematical Monthly 64, 1957). Then there is one set. Otherwise nobody in a later set ever took
    a point from anybody in an earlier one; sets come best first, as far as they are comparable.

    >>> rows = [("A", "B", 1.0), ("B", "C", 1.0), ("C", "B", 1.0)]
    >>> comparisons = read(pd.DataFrame(rows, columns=["first", "second", "score"]))
    >>> [group.tolist() for group in unbeaten(comparisons, components(comparisons)[0])]
    [[0], [1, 2]]
    """
    import networkx

    inside = np.isin(comparisons.first, part)
    first, second, score = (
        comparisons.first[inside],
        comparisons.second[inside],
        comparisons.score[inside],
    )
    graph: networkx.DiGraph[int] = networkx.DiGraph()
    graph.add_nodes_from(part.tolist())
    for from_, to, took in ((first, second, score > 0), (second, first, score < 1)):
        graph.add_edges_from({*zip(from_[took].tolist(), to[took].tolist(), strict=True)})
    whole = networkx.condensation(graph)
    order = networkx.lexicographical_topological_sort(
        whole, key=lambda node: min(whole.nodes[node]["members"])
    )
    return [np.array(sorted(whole.nodes[node]["members"])) for node in order]
