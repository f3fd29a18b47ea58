"""The Bradley-Terry model with ties, effects of side and order, and side effects that differ by
topic: likelihood, gradient and information.

*Definition.* The first of a comparison is expected to score sigma(eta), where eta = rating of the
first - rating of the second + effects, in logits. The score may be a share (half a win for a tie):
then this is a fractional logit, which needs only the mean to be right. With ``davidson`` a tie is
an outcome of its own: win, tie and loss are as exp(eta / 2) : exp(delta) : exp(-eta / 2). Side
effects of topics are normal around the common one with standard deviation ``spread``.

The log-likelihood is a sum over clusters. So a bootstrap over topics is a fit with other weights of
the clusters, and all sums are computed for many sets of weights at once.

*References.* Bradley and Terry, Biometrika 39, 1952; Davidson, JASA 65, 1970 (ties); Papke and
Wooldridge, Journal of Applied Econometrics 11, 1996 (shares); Agresti, Categorical Data Analysis,
2013, section 11.6 (order).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from analysis.stats import Floats
from analysis.tournaments.ratings.comparisons import Comparisons, Ints

Number = TypeVar("Number", np.int64, np.float64)


class CellColumns(NamedTuple):
    """One row for each cell: both entrants, the cluster, and the effects (cells, effects)."""

    first: Ints
    second: Ints
    cluster: Ints
    effects: Floats


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts of comparisons. A cell holds all comparisons of one pair, cluster, side and order.

    Cells are sorted by pair: pair number ``pair`` is ``first`` against ``second``, and its cells
    begin at ``starts``. Cells of one ``kind`` have the same cluster and effects. Each cell has the
    number of its comparisons (``count``), the sums of their scores and of the squared scores, and
    the number of ties. ``score`` may have a row for each fit of a batch. ``of`` is the cell of each
    row of the comparisons.
    """

    entrants: int
    clusters: int
    first: Ints
    second: Ints
    starts: Ints
    pair: Ints
    kind: Ints
    cluster: Ints
    effects: Floats
    count: Floats
    score: Floats
    square: Floats
    ties: Floats
    of: Ints

    @property
    def by_cell(self) -> CellColumns:
        """The same facts with one row for each cell."""
        return CellColumns(
            first=self.first[self.pair],
            second=self.second[self.pair],
            cluster=self.cluster[self.kind],
            effects=self.effects[self.kind],
        )


def cells(comparisons: Comparisons, effects: Floats, score: Floats) -> Cells:
    """Count comparisons by cells; ``effects`` are the columns to use, ``score`` the outcome."""
    pairs, pair = _distinct(np.column_stack([comparisons.first, comparisons.second]))
    kinds, kind = _distinct(np.column_stack([comparisons.cluster, effects]))
    both, of = _distinct(np.column_stack([pair, kind]))

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(of, weights=values), dtype=np.float64)

    return Cells(
        entrants=len(comparisons.names),
        clusters=len(comparisons.clusters),
        first=pairs[:, 0],
        second=pairs[:, 1],
        starts=np.searchsorted(both[:, 0], np.arange(len(pairs))),
        pair=both[:, 0],
        kind=both[:, 1],
        cluster=kinds[:, 0].astype(np.int64),
        effects=np.asarray(kinds[:, 1:]),
        count=total(np.ones(len(score))),
        score=total(score),
        square=total(score**2),
        ties=total((score == 0.5).astype(np.float64)),
        of=of,
    )


def _distinct(rows: NDArray[Number]) -> tuple[NDArray[Number], Ints]:
    """The distinct rows, sorted, and for each row the index of its equal among them."""
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.concatenate([[True], (np.diff(ordered, axis=0) != 0).any(axis=1)])
    which = np.empty(len(rows), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    return ordered[new], which


class Moments(NamedTuple):
    """Moments of one comparison in each cell: mean and variance of the score; and, if ties are an
    outcome, the probability of a tie, its covariance with the score, and its variance."""

    mean: Floats
    variance: Floats
    tie: Floats
    covariance: Floats
    tie_variance: Floats


class Curvature(NamedTuple):
    """The information (negative Hessian) of a batch of fits, in blocks.

    ``whole`` (fits, p, p) is the block of the parameters, with the prior. ``cross`` (fits,
    clusters, p) is the block of topics' effects and parameters, and ``own`` (fits, clusters) the
    diagonal of topics' effects; both are for a topic with weight 1. The first axis has length one
    where all fits share a block.
    """

    whole: Floats
    cross: Floats
    own: Floats

    def reduced(self, weights: Floats) -> Floats:
        """The information of the parameters, topics' effects projected out (Schur complement)."""
        if not self.cross.shape[1]:
            return self.whole
        scaled = self.cross * np.sqrt(weights / self.own)[..., None]
        return np.asarray(self.whole - np.swapaxes(scaled, 1, 2) @ scaled)

    # einsum and not matmul: for these sizes it is as fast, and on a busy machine the threads of the
    # linear algebra library wait for one another.

    def times(self, vectors: Floats, weights: Floats) -> Floats:
        """The product of ``reduced`` and a vector for each fit, without forming the matrix."""
        product = np.einsum("bij,bj->bi", self.whole, vectors)
        if self.cross.shape[1]:
            product -= self.back(weights / self.own * self.along(vectors))
        return np.asarray(product)

    def along(self, vectors: Floats) -> Floats:
        """Parameters to clusters (fits, clusters)."""
        if len(self.cross) == 1:
            return np.asarray(np.einsum("gp,bp->bg", self.cross[0], vectors))
        return np.asarray(np.einsum("bgp,bp->bg", self.cross, vectors))

    def back(self, values: Floats) -> Floats:
        """Clusters to parameters (fits, p)."""
        if len(self.cross) == 1:
            return np.asarray(np.einsum("gp,bg->bp", self.cross[0], values))
        return np.asarray(np.einsum("bgp,bg->bp", self.cross, values))


@dataclass(frozen=True)
class Model:
    """The model of a fit. Parameters: a rating for each entrant, the effects, and delta, if any.

    ``component`` is the number of each entrant's component, in which ratings have mean zero.
    ``ridge`` is the precision of a normal prior with mean zero on every parameter. ``spread`` is
    the standard deviation over clusters of the effect in column ``side``; 0 for none. ``tilt`` is
    added to the gradient: the maximum is then a point of a profile likelihood (``profile``).
    """

    cells: Cells
    component: Ints
    davidson: bool = False
    ridge: float = 0.0
    spread: float = 0.0
    side: int = 0
    tilt: Floats | None = None

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.cells.entrants + int(self.cells.effects.shape[1]) + self.davidson

    @cached_property
    def _incidence(self) -> sparse.csr_array:
        return _signs(self.cells.first, self.cells.second, self.cells.entrants)

    @cached_property
    def _by_kind(self) -> sparse.csr_array:
        many, kinds = len(self.cells.kind), len(self.cells.cluster)
        rows = np.arange(many)
        return sparse.csr_array((np.ones(many), (rows, self.cells.kind)), shape=(many, kinds))

    @cached_property
    def _by_cluster(self) -> sparse.csr_array:
        """From kinds to clusters."""
        kinds = len(self.cells.cluster)
        places = (np.arange(kinds), self.cells.cluster)
        return sparse.csr_array((np.ones(kinds), places), shape=(kinds, self.cells.clusters))

    @cached_property
    def _by_cluster_and_entrant(self) -> sparse.csr_array:
        first, second, cluster, _ = self.cells.by_cell
        many = self.cells.entrants
        return _signs(cluster * many + first, cluster * many + second, self.cells.clusters * many)

    @cached_property
    def _anchor(self) -> Floats:
        # Makes the information regular without moving the estimate: ones within components.
        whole = np.zeros((self.size, self.size))
        many = self.cells.entrants
        whole[:many, :many] = self.component[:, None] == self.component
        return whole

    @cached_property
    def centre(self) -> Floats:
        """The projection that subtracts from ratings the mean of their component."""
        return np.asarray(np.eye(self.size) - self._anchor / np.maximum(self._anchor.sum(1), 1))

    def eta(self, parameters: Floats, own: Floats) -> Floats:
        """The linear predictor: the advantage of the first entrant in each cell (fits, cells)."""
        table, many = self.cells, self.cells.entrants
        apart = parameters[:, table.first] - parameters[:, table.second]
        moved = parameters[:, many : many + table.effects.shape[1]] @ table.effects.T
        if self.spread:
            moved += own[:, table.cluster] * table.effects[:, self.side]
        eta = np.take(apart, table.pair, axis=1)
        eta += np.take(moved, table.kind, axis=1)
        return np.asarray(eta)

    def moments(self, parameters: Floats, own: Floats) -> Moments:
        """The moments of each cell under these parameters."""
        eta = self.eta(parameters, own)
        if not self.davidson:
            mean = special.expit(eta)
            nothing = np.zeros((1, 1))
            return Moments(mean, mean * (1 - mean), nothing, nothing, nothing)
        win, tie, loss = outcomes(eta, parameters[:, -1:])
        mean = win + tie / 2
        variance = (win + loss - (win - loss) ** 2) / 4
        return Moments(mean, variance, tie, tie * (0.5 - mean), tie * (1 - tie))

    def log_likelihood(self, parameters: Floats, own: Floats) -> float:
        """The log-likelihood of one set of parameters, without terms that are free of them."""
        eta, table = self.eta(parameters[None], own[None])[0], self.cells
        if not self.davidson:
            return float(table.score @ eta - table.count @ np.logaddexp(0, eta))
        delta = float(parameters[-1])
        whole = np.logaddexp(np.logaddexp(eta / 2, -eta / 2), delta)
        advantage = (table.score - table.count / 2) @ eta
        return float(advantage + table.ties.sum() * delta - table.count @ whole)

    def gradient(
        self, parameters: Floats, own: Floats, moments: Moments, weights: Floats
    ) -> tuple[Floats, Floats]:
        """The gradient of the log-likelihood with its priors: by the parameters, for each row of
        ``weights`` (fits, clusters); and by topics' effects, each topic with weight 1."""
        table = self.cells
        rest = table.score - table.count * moments.mean
        gradient = self.by_parameter(rest, weights)
        if self.davidson:
            gradient[:, -1] = self._total(table.ties - table.count * moments.tie, weights)
        gradient -= self.ridge * parameters
        if self.tilt is not None:
            gradient += self.tilt
        if not self.spread:
            return gradient, own
        kinds = (rest @ self._by_kind) * table.effects[:, self.side]
        return gradient, np.asarray(kinds @ self._by_cluster - own / self.spread**2)

    def curvature(self, moments: Moments, weights: Floats) -> Curvature:
        """The information for each row of weights."""
        whole = self.information(moments, weights) + self._anchor + self.ridge * np.eye(self.size)
        cross, own = np.zeros((1, 0, self.size)), np.zeros((1, 0))
        if self.spread:
            cross, own = self._topics(moments)
        return Curvature(whole, cross, own)

    def information(self, moments: Moments, weights: Floats) -> Floats:
        """Information of the parameters (fits, p, p) given topics' effects, without the prior."""
        table, many = self.cells, self.cells.entrants
        last = many + table.effects.shape[1]
        whole = np.zeros((len(weights), self.size, self.size))
        variance = table.count * moments.variance
        pairs = self._by_pair(variance, weights)
        whole[:, table.first, table.second] = -pairs
        whole[:, table.second, table.first] = -pairs
        alone = np.arange(many)
        whole[:, alone, alone] = -whole[:, :many, :many].sum(axis=2)
        for place in range(many, last):
            effect = table.effects[:, place - many]
            moved = self.by_parameter(variance * effect[table.kind], weights)
            whole[:, place, :last] = whole[:, :last, place] = moved[:, :last]
        if self.davidson:
            moved = self.by_parameter(table.count * moments.covariance, weights)
            moved[:, -1] = self._total(table.count * moments.tie_variance, weights)
            whole[:, -1] = whole[:, :, -1] = moved
        return whole

    def by_parameter(self, values: Floats, weights: Floats) -> Floats:
        """Weighted sums over cells of a value times the derivative of eta by each parameter."""
        kinds = (values @ self._by_kind) * weights[:, self.cells.cluster]
        parts = [self._by_pair(values, weights) @ self._incidence, kinds @ self.cells.effects]
        if self.davidson:
            parts.append(np.zeros((len(weights), 1)))
        return np.concatenate(parts, axis=1)

    def _by_pair(self, values: Floats, weights: Floats) -> Floats:
        """Weighted sums over the cells of each pair (fits, pairs)."""
        table = self.cells
        cluster = table.cluster[table.kind]
        if len(values) > 1:
            weighed = np.take(weights, cluster, axis=1)
            weighed *= values
            return np.asarray(np.add.reduceat(weighed, table.starts, axis=1))
        # If all fits share the values, they are summed by cluster before they are weighted.
        ends = np.append(table.starts, len(table.pair))
        shape = (len(table.starts), table.clusters)
        shared = sparse.csr_array((values[0], cluster, ends), shape=shape)
        return np.asarray(shared @ weights.T).T

    def _total(self, values: Floats, weights: Floats) -> Floats:
        """Weighted sums over all cells, one for each fit."""
        return np.asarray(((values @ self._by_kind) @ self._by_cluster * weights).sum(axis=1))

    def _topics(self, moments: Moments) -> tuple[Floats, Floats]:
        """``Curvature.cross`` and ``Curvature.own`` of topics with weight 1. A topic with
        weight 2 counts as two topics whose effects are equal."""
        table = self.cells
        side = table.effects[:, self.side]
        variance = table.count * moments.variance
        shape = (len(variance), table.clusters, table.entrants)
        moved = variance * side[table.kind]
        entrants = np.asarray(moved @ self._by_cluster_and_entrant).reshape(shape)
        kinds = (variance @ self._by_kind) * side
        others = [(kinds * effect) @ self._by_cluster for effect in table.effects.T]
        if self.davidson:
            tied = (table.count * moments.covariance) @ self._by_kind * side
            others.append(tied @ self._by_cluster)
        own = (kinds * side) @ self._by_cluster + 1 / self.spread**2
        cross = np.concatenate([entrants, np.stack(others, axis=2)], axis=2)
        return cross, np.asarray(own)


def _signs(first: Ints, second: Ints, size: int) -> sparse.csr_array:
    """One row for each pair of columns, with 1 in the first and -1 in the second."""
    many = len(first)
    rows = np.tile(np.arange(many), 2)
    values = np.repeat([1.0, -1.0], many)
    return sparse.csr_array((values, (rows, np.concatenate([first, second]))), shape=(many, size))


class Outcomes(NamedTuple):
    """Probabilities of a win, a tie and a loss of the first."""

    win: Floats
    tie: Floats
    loss: Floats


def outcomes(eta: Floats, delta: Floats) -> Outcomes:
    """The probabilities of the three outcomes in Davidson's model.

    >>> [round(float(value), 3) for value in outcomes(np.array(0.0), np.array(0.0))]
    [0.333, 0.333, 0.333]
    """
    whole = np.logaddexp(np.logaddexp(eta / 2, -eta / 2), delta)
    return Outcomes(
        win=np.exp(eta / 2 - whole), tie=np.exp(delta - whole), loss=np.exp(-eta / 2 - whole)
    )
