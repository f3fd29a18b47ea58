"""Properties of a graph: reciprocity and balance, each with a null distribution, and centrality.

Edges from a node to itself (an actor that speaks twice in a row) are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import nan
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from analysis.graphs.triads import signed_triads, triads
from analysis.stats import Floats
from analysis.tables import frame
from sim.errors import BadRequest

if TYPE_CHECKING:
    import networkx

    Graph = networkx.DiGraph[str]

_CENTRALITY = {
    "actor": "str",
    "in_strength": "float64",
    "out_strength": "float64",
    "pagerank": "float64",
    "betweenness": "float64",
}
_SWEEPS = 10
_DAMPING = 0.85


@dataclass(frozen=True, slots=True)
class Compared:
    """An observed number, with the mean and the 95% limits of its null distribution.

    ``p`` is two-sided: twice the smaller tail, with the observed value counted among the draws
    (Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010).
    ``size`` is the number of pairs or triads. If it is 0, the others are NaN.
    """

    observed: float
    null: float
    null_low: float
    null_high: float
    p: float
    size: int


def reciprocity(
    graph: Graph,
    null: Literal["strengths", "labels"] | None = None,
    seed: int = 0,
    draws: int = 999,
) -> Compared:
    """The share of the weight that is reciprocated: sum of min(w_ij, w_ji) over the sum of w_ij.

    1 if every weight is reciprocated in full, 0 if none is (Squartini et al., "Reciprocity of
    weighted networks", Scientific Reports 3, 2013). ``size`` is the number of pairs with an edge.
    Null distributions:

    - ``strengths`` (for counts) draws graphs at random that have the same in- and out-strengths.
    - ``labels`` (for any weights) permutes the nodes in one of the two matrices that are compared
      (the QAP test; Krackhardt, "Predicting with networks", Social Networks 10, 1988).

    None takes the first for integer weights and the second for others.

    Raises ``BadRequest`` for negative weights, or ``strengths`` with weights that are no integers.

    >>> import networkx
    >>> ring = networkx.DiGraph()
    >>> ring.add_weighted_edges_from([("A", "B", 9), ("B", "C", 9), ("C", "A", 9)])
    >>> compared = reciprocity(ring)
    >>> compared.observed, compared.p < 0.01
    (0.0, True)
    """
    weights = _weights(graph)
    if (weights < 0).any():
        raise BadRequest("reciprocity: the graph has negative weights; take the one of replies")
    whole = bool((weights == np.round(weights)).all())
    chosen = null or ("strengths" if whole else "labels")
    if chosen == "strengths" and not whole:
        raise BadRequest("reciprocity: weights are not whole; use null='labels'")
    size = int(np.triu(weights + weights.T > 0).sum())
    generator = np.random.default_rng(seed)
    if chosen == "labels":
        dealt = _labels(weights, generator, draws)
    else:
        dealt = _strengths(weights, generator, draws)
    return _compared(_returned(weights), dealt, size)


def centrality(graph: Graph) -> pd.DataFrame:
    """One row for each actor: strengths, PageRank, betweenness.

    - ``in_strength``, ``out_strength``: the sums of the weights that come in and go out.
    - ``pagerank``: the share of time that a random walk along the edges, by their weights, spends
      at the actor; with probability 0.15 a step jumps to a random actor (Brin and Page 1998). The
      values sum to 1.
    - ``betweenness``: the share of shortest paths between others that pass the actor, with 1 /
      weight as the length of an edge (Freeman 1977; Brandes 2001).

    PageRank and betweenness are missing if a weight is negative or there is no edge, and
    betweenness if there are fewer than three actors.

    >>> import networkx
    >>> path = networkx.DiGraph()
    >>> path.add_weighted_edges_from([("A", "B", 2), ("B", "C", 1)])
    >>> centrality(path)[["actor", "in_strength", "betweenness"]].to_numpy().tolist()
    [['A', 0.0, 0.0], ['B', 2.0, 0.5], ['C', 1.0, 0.0]]
    """
    import networkx  # imported here because it is slow to import

    names, weights = list(graph), _weights(graph)
    rank = dict.fromkeys(names, nan)
    between = dict.fromkeys(names, nan)
    if weights.any() and not (weights < 0).any():
        plain: Any = networkx.DiGraph()
        plain.add_nodes_from(names)
        for one, row in zip(names, weights, strict=True):
            for other, weight in zip(names, row, strict=True):
                if weight:
                    # Exact, so that two paths of equal length compare as equal.
                    length = 1 / Fraction(float(weight))
                    plain.add_edge(one, other, weight=float(weight), length=length)
        rank = networkx.pagerank(plain, alpha=_DAMPING, tol=1e-10, max_iter=1000)
        if len(names) > 2:
            between = networkx.betweenness_centrality(plain, weight="length")
    gets, gives = weights.sum(axis=0), weights.sum(axis=1)
    rows = [
        (name, gets[place], gives[place], rank[name], between[name])
        for place, name in enumerate(names)
    ]
    return frame(rows, _CENTRALITY)


def balance(graph: Graph, seed: int = 0, draws: int = 999) -> Compared:
    """The share of balanced triads among those whose three pairs all have a sign.

    The sign of a pair is that of the sum of both its weights; a triad is balanced if the product of
    its signs is positive (Heider 1946; Cartwright and Harary 1956). The null distribution permutes
    the signs among the pairs that have one. A single triad cannot be significant: every permutation
    gives it the same share. ``size`` is the number of triads.

    >>> import networkx
    >>> camps = networkx.DiGraph()
    >>> camps.add_weighted_edges_from([("A", "B", 2), ("B", "C", -1), ("C", "A", -1)])
    >>> compared = balance(camps)
    >>> compared.observed, compared.p, compared.size
    (1.0, 1.0, 1)
    """
    names, weights = list(graph), _weights(graph)
    both = weights + weights.T
    net = {
        frozenset((names[i], names[j])): float(np.sign(both[i, j]))
        for i in range(len(names))
        for j in range(i)
        if both[i, j]
    }
    balanced = triads(net, names)
    places = {pair: place for place, pair in enumerate(net)}
    threes = [[places[pair] for pair in three] for three in signed_triads(net, names)]
    signs, generator = np.array(list(net.values())), np.random.default_rng(seed)
    dealt = [
        float(np.mean(generator.permutation(signs)[threes].prod(axis=1) > 0))
        for _ in range(draws if balanced else 0)
    ]
    observed = sum(balanced) / len(balanced) if balanced else nan
    return _compared(observed, np.array(dealt), len(balanced))


def _weights(graph: Graph) -> Floats:
    """The weights as a matrix, source by target, without edges from a node to itself."""
    places = {name: place for place, name in enumerate(graph)}
    weights = np.zeros((len(places), len(places)))
    for source, target, weight in graph.edges(data="weight", default=1):
        if source != target:
            weights[places[source], places[target]] = weight
    return weights


def _returned(weights: Floats) -> float:
    total = float(weights.sum())
    return float(np.minimum(weights, weights.T).sum()) / total if total else nan


def _labels(weights: Floats, generator: np.random.Generator, draws: int) -> Floats:
    total, dealt = float(weights.sum()), []
    for _ in range(draws if total else 0):
        order = generator.permutation(len(weights))
        renamed = weights[np.ix_(order, order)]
        dealt.append(float(np.minimum(renamed, weights.T).sum()) / total)
    return np.array(dealt)


def _strengths(weights: Floats, generator: np.random.Generator, draws: int) -> Floats:
    """Reciprocity of random graphs with the same strengths, by a Markov chain over such graphs.

    A step divides the units of weight into random groups of three and permutes the targets within
    each group; a group in which a node would become its own target is left as it is. Groups of
    three are needed because exchanges between two cannot reverse a cycle (Rao, Jana and
    Bandyopadhyay, Sankhya A 58, 1996).
    """
    counts = np.round(weights).astype(np.int64)
    rows, columns = np.indices(counts.shape)
    sources = np.repeat(rows.ravel(), counts.ravel())
    targets = np.repeat(columns.ravel(), counts.ravel())
    number, size = len(sources), len(weights)
    if number == 0:
        return np.array([])
    threes = max(1, number // 3)
    orders = np.array([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    dealt = []
    for _ in range(draws):
        for _ in range(_SWEEPS):
            if number < 3:
                continue
            picked = generator.permutation(number)[: threes * 3].reshape(threes, 3)
            chosen = orders[generator.integers(0, len(orders), threes)]
            moved = np.take_along_axis(targets[picked], chosen, axis=1)
            kept = (moved != sources[picked]).all(axis=1)
            targets[picked[kept]] = moved[kept]
        units = np.bincount(sources * size + targets, minlength=size * size)
        dealt.append(_returned(units.reshape(size, size).astype(float)))
    return np.array(dealt)


def _compared(observed: float, dealt: Floats, size: int) -> Compared:
    if size == 0 or len(dealt) == 0:
        return Compared(nan, nan, nan, nan, nan, 0)
    low, high = np.quantile(dealt, [0.025, 0.975])
    # Equal shares can differ in their last bits: the order of the sum is not the same.
    close = 1e-12
    above = int(np.sum(dealt >= observed - close))
    below = int(np.sum(dealt <= observed + close))
    p = min(1.0, 2 * (1 + min(above, below)) / (1 + len(dealt)))
    return Compared(observed, float(dealt.mean()), float(low), float(high), p, size)
