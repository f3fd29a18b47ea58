"""The Bradley-Terry model with ties, effects of side and order, and side effects that differ by
topic: likelihood, gradient and information.

*Definition.* The first of a comparison is expected to score sigma(eta), where eta = rating of the
first - rating of the second + effects, in logits. The score may be a share (half a win for a tie):
then this is a fractional logit, which needs only the mean to be right. With ``davidson`` a tie is
an outcome of its own: win, tie and loss are as exp(eta / 2) : exp(delta) : exp(-eta / 2). Side
effects of topics are normal around the common one with standard deviation ``spread``.

Everything is a sum over clusters, so a bootstrap over topics is a fit with other weights, and all
sums are taken for many sets of weights at once.

*References.* Bradley and Terry, Biometrika 39, 1952; Davidson, JASA 65, 1970 (ties); Papke and
Wooldridge, Journal of Applied Econometrics 11, 1996 (shares); Agresti, Categorical Data Analysis,
2013, section 11.6 (order).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse, special

from analysis.comparisons import Comparisons, Ints
from analysis.stats import Floats


@dataclass(frozen=True, slots=True)
class Cells:
    """Comparisons that are alike, put together: of one pair, cluster, side and order.

    Sorted by pair. ``count`` comparisons, the sum of their scores and of its squares, and how many
    were tied. ``score`` may have a row for each fit of a batch. ``of`` is the cell of each row of
    the comparisons.
    """

    entrants: int
    clusters: int
    first: Ints
    second: Ints
    cluster: Ints
    effects: Floats
    count: Floats
    score: Floats
    square: Floats
    ties: Floats
    of: Ints


def cells(found: Comparisons, effects: Floats, score: Floats) -> Cells:
    """Put rows together; ``effects`` are the columns to use and ``score`` what to explain."""
    keys = np.column_stack([found.first, found.second, found.cluster, effects])
    order = np.lexsort(keys.T[::-1])
    keys = keys[order]
    new = np.concatenate([[True], (np.diff(keys, axis=0) != 0).any(axis=1)])
    of = np.empty(len(order), dtype=np.int64)
    of[order] = np.cumsum(new) - 1
    numbers = keys[new, :3].astype(np.int64)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(of, weights=values), dtype=np.float64)

    return Cells(
        entrants=len(found.names),
        clusters=len(found.clusters),
        first=numbers[:, 0],
        second=numbers[:, 1],
        cluster=numbers[:, 2],
        effects=np.asarray(keys[new, 3:]),
        count=total(np.ones(len(score))),
        score=total(score),
        square=total(score**2),
        ties=total((score == 0.5).astype(np.float64)),
        of=of,
    )


class Moments(NamedTuple):
    """Of one comparison in each cell: mean and variance of the score; and, with ties as an outcome,
    the probability of one, its covariance with the score, and its variance."""

    mean: Floats
    variance: Floats
    tie: Floats
    covariance: Floats
    tie_variance: Floats


class Curvature(NamedTuple):
    """Of a batch of fits: the inverse information (fits, p, p) with topics' effects taken out; and
    the information of these with the rest (fits, clusters, p) and their own (fits, clusters)."""

    inverse: Floats
    cross: Floats
    own: Floats


@dataclass(frozen=True)
class Model:
    """What is fitted. Parameters: a rating for each entrant, the effects, and delta, if any.

    ``component`` is the number of each entrant's component, in which ratings have mean zero.
    ``ridge`` is the precision of a normal prior with mean zero on every parameter. ``spread`` is
    the standard deviation over clusters of the effect in column ``side``; 0 for none.
    """

    cells: Cells
    component: Ints
    davidson: bool = False
    ridge: float = 0.0
    spread: float = 0.0
    side: int = 0

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.cells.entrants + int(self.cells.effects.shape[1]) + self.davidson

    @cached_property
    def starts(self) -> Ints:
        """Where the cells of each pair begin."""
        pair = self.cells.first * self.cells.entrants + self.cells.second
        return np.flatnonzero(np.concatenate([[True], np.diff(pair) != 0]))

    @cached_property
    def pair(self) -> Ints:
        """The number of each cell's pair."""
        sizes = np.diff(np.append(self.starts, len(self.cells.first)))
        return np.repeat(np.arange(len(sizes)), sizes)

    @cached_property
    def _incidence(self) -> sparse.csr_array:
        first, second = self.cells.first[self.starts], self.cells.second[self.starts]
        return _signs(first, second, self.cells.entrants)

    @cached_property
    def _by_cluster(self) -> sparse.csr_array:
        many = len(self.cells.count)
        shape = (many, self.cells.clusters)
        return sparse.csr_array((np.ones(many), (np.arange(many), self.cells.cluster)), shape=shape)

    @cached_property
    def _by_cluster_and_entrant(self) -> sparse.csr_array:
        own = self.cells
        base = own.cluster * own.entrants
        return _signs(base + own.first, base + own.second, own.clusters * own.entrants)

    @cached_property
    def _anchor(self) -> Floats:
        # Makes the information regular without moving the estimate: ones within components.
        whole = np.zeros((self.size, self.size))
        many = self.cells.entrants
        whole[:many, :many] = self.component[:, None] == self.component
        return whole

    @cached_property
    def centre(self) -> Floats:
        """Takes the mean of each component from its ratings."""
        return np.asarray(np.eye(self.size) - self._anchor / np.maximum(self._anchor.sum(1), 1))

    def eta(self, parameters: Floats, own: Floats) -> Floats:
        """The advantage of the first in each cell, for a batch."""
        many, table = self.cells.entrants, self.cells
        first, second = table.first[self.starts], table.second[self.starts]
        # By pair and then by cell: memory is read in its order.
        eta = np.take(parameters[:, first] - parameters[:, second], self.pair, axis=1)
        for place in range(table.effects.shape[1]):
            eta += parameters[:, many + place, None] * table.effects[:, place]
        if self.spread:
            eta += own[:, table.cluster] * table.effects[:, self.side]
        return np.asarray(eta)

    def moments(self, parameters: Floats, own: Floats) -> Moments:
        """See ``Moments``."""
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
        """Of one set of parameters, up to what does not depend on them."""
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
        """Of the log-likelihood with its priors: of the parameters for each row of ``weights``
        (fits, cells), and of topics' effects, where each topic counts once."""
        table = self.cells
        rest = table.score - table.count * moments.mean
        weighed = weights * rest
        parts = [self._by_entrant(weighed), weighed @ table.effects]
        if self.davidson:
            ties = weights * (table.ties - table.count * moments.tie)
            parts.append(ties.sum(axis=1, keepdims=True))
        gradient = np.concatenate(parts, axis=1) - self.ridge * parameters
        if not self.spread:
            return gradient, own
        side = (rest * table.effects[:, self.side]) @ self._by_cluster
        return gradient, np.asarray(side - own / self.spread**2)

    def curvature(self, moments: Moments, weights: Floats, by_cluster: Floats) -> Curvature:
        """For each row of weights, by cell and by cluster; see ``Curvature``.

        Raises ``numpy.linalg.LinAlgError`` where a parameter is nowhere to be found.
        """
        whole = self.information(moments, weights) + self._anchor + self.ridge * np.eye(self.size)
        cross, own = np.zeros((1, 0, self.size)), np.zeros((1, 0))
        if self.spread:
            cross, own = self._topics(moments)
            scaled = cross * np.sqrt(by_cluster / own)[..., None]
            whole -= np.swapaxes(scaled, 1, 2) @ scaled
        return Curvature(np.asarray(np.linalg.inv(whole), dtype=np.float64), cross, own)

    def information(self, moments: Moments, weights: Floats) -> Floats:
        """Of the parameters (fits, p, p), as if topics' effects were known, without priors."""
        table, many = self.cells, self.cells.entrants
        whole = np.zeros((len(weights), self.size, self.size))
        first, second = table.first[self.starts], table.second[self.starts]
        variance = weights * (table.count * moments.variance)
        pairs = np.add.reduceat(variance, self.starts, axis=1)
        whole[:, first, second] = -pairs
        whole[:, second, first] = -pairs
        alone = np.arange(many)
        whole[:, alone, alone] = -whole[:, :many, :many].sum(axis=2)
        last = many + table.effects.shape[1]
        for place in range(many, last):
            moved = variance * table.effects[:, place - many]
            whole[:, place, :many] = whole[:, :many, place] = self._by_entrant(moved)
            whole[:, place, many:last] = moved @ table.effects
        if self.davidson:
            moved = weights * (table.count * moments.covariance)
            ties = weights * (table.count * moments.tie_variance)
            whole[:, -1, :many] = whole[:, :many, -1] = self._by_entrant(moved)
            whole[:, -1, many:last] = whole[:, many:last, -1] = moved @ table.effects
            whole[:, -1, -1] = ties.sum(axis=1)
        return whole

    def _by_entrant(self, values: Floats) -> Floats:
        """Sums over cells, signed: + for the first of a cell, - for the second."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=1) @ self._incidence)

    def _topics(self, moments: Moments) -> tuple[Floats, Floats]:
        """Information of one copy of each topic's effect, with the parameters and with itself: a
        topic that counts twice has the same effect twice."""
        table = self.cells
        side = table.effects[:, self.side]
        moved = table.count * moments.variance * side
        shape = (len(moved), table.clusters, table.entrants)
        parts = [(moved @ self._by_cluster_and_entrant).reshape(shape)]
        parts.extend(
            ((moved * table.effects[:, place]) @ self._by_cluster)[..., None]
            for place in range(table.effects.shape[1])
        )
        if self.davidson:
            tied = table.count * moments.covariance * side
            parts.append((tied @ self._by_cluster)[..., None])
        own = (moved * side) @ self._by_cluster + 1 / self.spread**2
        return np.concatenate(parts, axis=2), np.asarray(own)


def _signs(first: Ints, second: Ints, size: int) -> sparse.csr_array:
    """One row for each pair of columns, with 1 in the first and -1 in the second."""
    many = len(first)
    rows = np.tile(np.arange(many), 2)
    values = np.repeat([1.0, -1.0], many)
    return sparse.csr_array((values, (rows, np.concatenate([first, second]))), shape=(many, size))


def outcomes(eta: Floats, delta: Floats) -> tuple[Floats, Floats, Floats]:
    """Davidson's probabilities of a win, a tie and a loss of the first.

    >>> [round(float(value), 3) for value in outcomes(np.array(0.0), np.array(0.0))]
    [0.333, 0.333, 0.333]
    """
    whole = np.logaddexp(np.logaddexp(eta / 2, -eta / 2), delta)
    return np.exp(eta / 2 - whole), np.exp(delta - whole), np.exp(-eta / 2 - whole)
