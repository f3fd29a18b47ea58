"""How much of the results a ranking explains, and how much is cyclic (Hodge decomposition).

*Definition.* The flow from one entrant to another is the log-odds that the first beats the second,
estimated from their own matches, effects of side, order and topics removed. To each pair one match
is added that ended as the Bradley-Terry model expects, so that no flow is infinite and a pair that
hardly met has little influence. Weighted by matches, flows have three orthogonal parts (Hodge):
differences of potentials (a ranking), flows around triangles of entrants who all met (curl), and
flows around longer cycles (harmonic). The last two are cyclic. Shares are shares of the weighted
sum of squares.

Noise alone makes cycles: ``analysis.tournaments.ratings.cycles`` has a test, and a share that is
corrected for noise.

*Limits.* Flows are logits, so if strengths act through another curve than the logistic, they look
partly cyclic. All fits have the weak prior of ``analysis.tournaments.ratings.estimation``.

*Reference.* Jiang, Lim, Yao and Ye, Mathematical Programming 127, 2011 (HodgeRank).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from analysis.stats import Floats
from analysis.tables import frame
from analysis.tournaments.ratings.bradley_terry import Model
from analysis.tournaments.ratings.comparisons import Ints
from analysis.tournaments.ratings.estimation import PRIOR, Estimate, estimate
from analysis.tournaments.ratings.newton import Solved

_POTENTIALS = {"entrant": "str", "component": "Int64", "potential": "float64"}
_FLOWS = {"first": "str", "second": "str", "matches": "Int64"} | dict.fromkeys(
    ("flow", "ranking", "curl", "harmonic"), "float64"
)


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Flows in three parts. The shares of the weighted sum of squares sum to one. They are NaN if
    no cycle is possible, because the graph of who met whom has none.

    ``potentials``: the potential of each entrant in logits, with mean zero in its component.
    ``flows``: the flow of each pair that met, from the first to the second.
    """

    ranking: float
    curl: float
    harmonic: float
    potentials: pd.DataFrame
    flows: pd.DataFrame

    @property
    def cyclic(self) -> float:
        """The share that no ranking can explain."""
        return self.curl + self.harmonic


class Flows(NamedTuple):
    """The flow of each pair and its standard error, with a row for each fit of a batch."""

    flow: Floats
    error: Floats


class Pairs:
    """The pairs that met, and the operators on their flows."""

    def __init__(self, model: Model) -> None:
        table = model.cells
        self.entrants = table.entrants
        self.first, self.second = table.first, table.second
        self.matches = np.add.reduceat(table.count, table.starts)
        count = len(self.first)
        self.differences = np.zeros((count, table.entrants))
        self.differences[np.arange(count), self.first] = 1
        self.differences[np.arange(count), self.second] = -1
        same = np.asarray(model.component[:, None] == model.component)
        laplacian = (self.differences.T * self.matches) @ self.differences + same
        self.potential = np.linalg.inv(laplacian) @ (self.differences.T * self.matches)
        self.free = table.entrants - int(model.component.max()) - 1
        self.cyclic = count > self.free
        self.complete = count == int(np.triu(same, 1).sum())

    def residual(self, flow: Floats) -> Floats:
        """The cyclic part of flows (..., pairs): differences of potentials are subtracted."""
        return np.asarray(flow - (flow @ self.potential.T) @ self.differences.T)

    def triangles(self) -> Ints:
        """Pairs (i, j), (j, k), (i, k) of each triangle i < j < k of entrants who all met."""
        number = np.full((self.entrants, self.entrants), -1)
        number[self.first, self.second] = np.arange(len(self.first))
        triangles = [np.empty((0, 3), dtype=np.int64)]
        for one in range(self.entrants):
            met = np.flatnonzero(number[one] >= 0)
            left, right = np.nonzero(number[np.ix_(met, met)] >= 0)
            two, three = met[left], met[right]
            triangles.append(
                np.column_stack([number[one, two], number[two, three], number[one, three]])
            )
        return np.concatenate(triangles)

    def curl(self, residual: Floats, triangles: Ints) -> Floats:
        """The part of cyclic flows that runs around triangles, by weighted least squares."""
        if self.complete or not len(triangles):
            return residual if self.complete else np.zeros_like(residual)
        from scipy import sparse
        from scipy.sparse.linalg import lsmr

        count = len(triangles)
        signs = np.tile([1.0, 1.0, -1.0], count)
        places = (triangles.ravel(), np.repeat(np.arange(count), 3))
        around = sparse.csr_array((signs, places), shape=(len(self.first), count))
        root = np.sqrt(self.matches)
        scaled = sparse.csr_array(sparse.diags_array(1 / root) @ around)
        solved = lsmr(scaled, root * residual, atol=1e-13, btol=1e-13, conlim=0, maxiter=100_000)
        return np.asarray(around @ solved[0]) / self.matches


def hodge(
    results: pd.DataFrame, *, side: bool = True, order: bool = True, topics: bool = True
) -> Decomposition:
    """Decompose the flows of a table of results (see ``analysis.tournaments.ratings.comparisons``).

    Raises ``BadRequest`` for a table that is not valid.

    >>> rows = [("Rock", "Scissors", 1.0), ("Scissors", "Paper", 1.0), ("Paper", "Rock", 1.0)]
    >>> parts = hodge(pd.DataFrame(rows, columns=["first", "second", "score"]))
    >>> round(parts.cyclic, 6), parts.flows["flow"].abs().round(3).tolist()
    (1.0, [1.099, 1.099, 1.099])
    """
    fitted = estimated(results, side=side, order=order, topics=topics)
    pairs, flow = Pairs(fitted.fit.model), flows(fitted.fit.model, fitted.fit.solved).flow[0]
    potential = pairs.potential @ flow
    ranking = pairs.differences @ potential
    rest = flow - ranking
    curl = pairs.curl(rest, pairs.triangles()) if pairs.cyclic else np.zeros_like(rest)
    harmonic = rest - curl
    whole = float(flow**2 @ pairs.matches)
    shares = [float(part**2 @ pairs.matches) / whole if whole else nan for part in (curl, harmonic)]
    if not pairs.cyclic:
        shares = [nan, nan]
    names = fitted.comparisons.names
    columns = (pairs.matches, flow, ranking, curl, harmonic)
    rows = [
        (names[pairs.first[at]], names[pairs.second[at]], *(float(part[at]) for part in columns))
        for at in range(len(flow))
    ]
    potentials = [
        (names[place], number, float(potential[place]) if len(part) > 1 else nan)
        for number, part in enumerate(fitted.parts, 1)
        for place in sorted(part.tolist(), key=lambda place: -potential[place])
    ]
    return Decomposition(
        ranking=1 - sum(shares),
        curl=shares[0],
        harmonic=shares[1],
        potentials=frame(potentials, _POTENTIALS),
        flows=frame(rows, _FLOWS),
    )


def estimated(results: pd.DataFrame, *, side: bool, order: bool, topics: bool) -> Estimate:
    """The Bradley-Terry fit with the weak prior, so that flows are finite."""
    return estimate(results, side=side, order=order, topics=topics, ridge=1 / PRIOR**2)


def flows(model: Model, solved: Solved) -> Flows:
    """The flow d of each pair, by Newton's method.

    It solves: sum of scores + sigma(r) = sum of expected scores at d + sigma(d), where r is the
    difference of ratings. The terms in sigma are the match that is added to each pair.
    """
    table, starts = model.cells, model.cells.starts
    rated = solved.parameters[:, table.first] - solved.parameters[:, table.second]
    offset = model.eta(solved.parameters, solved.own) - rated[:, table.pair]
    scored = np.add.reduceat(np.broadcast_to(table.score, offset.shape), starts, axis=1)
    scored = scored + special.expit(rated)
    flow = rated
    for _ in range(50):
        mean, alone = special.expit(flow[:, table.pair] + offset), special.expit(flow)
        expected = np.add.reduceat(table.count * mean, starts, axis=1) + alone
        weight = np.add.reduceat(table.count * mean * (1 - mean), starts, axis=1)
        weight += alone * (1 - alone)
        step = np.clip((scored - expected) / weight, -1.0, 1.0)
        flow = flow + step
        if np.abs(step).max() < 1e-9:
            break
    return Flows(flow, 1 / np.sqrt(weight))
