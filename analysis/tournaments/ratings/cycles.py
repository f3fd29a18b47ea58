"""Do ratings explain the results? A test for cycles (A beats B, B beats C, C beats A).

*Definition.* ``analysis.tournaments.ratings.hodge`` defines flows and decomposes them. The test
statistic is the sum over pairs of (cyclic flow / its standard error)^2. (The cyclic share would be
a poor statistic: where entrants are equally strong, chance alone can give it any value.) Cycles of
three entrants are tested by flow / standard error; comparing with the largest ratio of all
triangles in each replicate (Westfall and Young's max-T) corrects for the number of triangles.

*Null.* Noise alone makes cycles. So results are simulated from the Bradley-Terry fit (shares from a
beta distribution with the fitted dispersion) and are analysed in the same way: a parametric
bootstrap test.

*Limits.* Given the fit, matches count as independent. The null hypothesis is the model of Bradley
and Terry: the test may also reject if results are transitive but follow another curve than the
logistic.

*References.* Jiang, Lim, Yao and Ye, Mathematical Programming 127, 2011; Davison and Hinkley 1997,
section 4.2 (parametric bootstrap tests).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import nan, sqrt
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats import Floats
from analysis.tables import frame
from analysis.tournaments.ratings.comparisons import Ints
from analysis.tournaments.ratings.estimation import Estimate
from analysis.tournaments.ratings.hodge import Flows, Pairs, estimated, flows
from analysis.tournaments.ratings.newton import solve
from analysis.tournaments.ratings.sandwich import dispersion
from sim.errors import BadRequest

BLOCK = 1_000_000
"""An array of replicates holds at most so many numbers."""

_CYCLES = {"first": "str", "second": "str", "third": "str", "matches": "Int64"} | dict.fromkeys(
    ("flow", "low", "high", "p"), "float64"
)


@dataclass(frozen=True, slots=True)
class Transitivity:
    """A test of the hypothesis that strengths explain the results.

    ``p`` is the p value of that hypothesis. ``share`` is the cyclic share of the flows, and
    ``expected`` its expectation under the hypothesis. ``corrected`` is the cyclic share after the
    sums of squares that noise is expected to add are subtracted from both parts; it is NaN if
    neither part is clearly more than noise. All are NaN where no cycle is possible.

    ``cycles``: the triangles with the highest lower limits; the first beats the second, the second
    the third, and the third the first. ``flow`` is the sum of their three flows in logits; its
    limits and ``p`` hold for all triangles simultaneously. ``matches`` is the number of matches of
    the pair that met least often.
    """

    p: float
    share: float
    expected: float
    corrected: float
    replicates: int
    cycles: pd.DataFrame


def transitivity(
    results: pd.DataFrame,
    *,
    side: bool = True,
    order: bool = True,
    topics: bool = True,
    replicates: int = 999,
    level: float = 0.95,
    strongest: int = 10,
    seed: int = 0,
) -> Transitivity:
    """Test whether there are cycles beyond chance, and name the ``strongest`` triangles.

    Raises ``BadRequest`` for a table or an option that is not valid.

    >>> rows = [("Rock", "Scissors", 1.0), ("Scissors", "Paper", 1.0), ("Paper", "Rock", 1.0)]
    >>> test = transitivity(pd.DataFrame(rows * 20, columns=["first", "second", "score"]))
    >>> test.p, test.cycles.iloc[0][["first", "second", "third"]].tolist()
    (0.001, ['Paper', 'Rock', 'Scissors'])
    """
    if replicates < 1:
        raise BadRequest(f"replicates: {replicates!r} is too few for a test; use 999")
    if not 0 < level < 1:
        raise BadRequest(f"level: {level!r} is no level; use a number from 0 to 1, such as 0.95")
    estimate = estimated(results, side=side, order=order, topics=topics)
    pairs, observed = Pairs(estimate.fit.model), flows(estimate.fit.model, estimate.fit.solved)
    if not pairs.cyclic:
        return Transitivity(nan, nan, nan, nan, 0, frame([], _CYCLES))
    triangles = pairs.triangles()
    drawn, largest = [], []
    for some in _null(estimate, replicates, np.random.default_rng(seed)):
        drawn.append(_sums(pairs, some))
        largest += [float(np.max(_ratios(one, triangles), initial=0.0)) for one in _each(some)]
    sums, null = _sums(pairs, observed)[0], np.concatenate(drawn)
    return Transitivity(
        p=float(1 + np.sum(null[:, 0] >= sums[0])) / (1 + replicates),
        share=_share(sums),
        expected=_share(null.mean(axis=0)),
        corrected=_corrected(estimate, pairs, sums, null),
        replicates=replicates,
        cycles=_cycles(
            estimate.comparisons.names,
            pairs,
            triangles,
            Flows(observed.flow[0], observed.error[0]),
            np.array(largest),
            level,
            strongest,
        ),
    )


def _sums(pairs: Pairs, some: Flows) -> Floats:
    """A row for each fit of a batch: the test statistic, and the sums of squares of the cyclic part
    and of the ranking."""
    rest = pairs.residual(some.flow)
    cyclic, whole = rest**2 @ pairs.matches, some.flow**2 @ pairs.matches
    return np.column_stack([((rest / some.error) ** 2).sum(axis=1), cyclic, whole - cyclic])


def _share(sums: Floats) -> float:
    whole = float(sums[1] + sums[2])
    return float(sums[1]) / whole if whole > 0 else nan


def _corrected(estimate: Estimate, pairs: Pairs, sums: Floats, null: Floats) -> float:
    """The cyclic share after noise is subtracted from both parts.

    NaN if neither part exceeds its noise by two standard errors. Under the null hypothesis there
    are no cycles and the sum of squares of the ranking is that of the fit; the excess of the
    replicates over these is the noise. The noise of the ranking varies like a chi-squared variable
    with as many degrees of freedom as there are free ratings.
    """
    ratings = estimate.fit.parameters
    fitted = float((ratings[pairs.first] - ratings[pairs.second]) ** 2 @ pairs.matches)
    noise = null[:, 1:].mean(axis=0) - [0.0, fitted]
    error = np.array([null[:, 1].std(), abs(noise[1]) * sqrt(2 / pairs.free)])
    beyond = sums[1:] - noise
    if (beyond <= 2 * error).all():
        return nan
    cyclic, ranking = np.maximum(beyond, 0.0)
    return float(cyclic / (cyclic + ranking))


def _null(estimate: Estimate, count: int, generator: np.random.Generator) -> Iterator[Flows]:
    """Flows of results that are simulated from the fit and fitted again, batch by batch."""
    model, fit = estimate.fit.model, estimate.fit
    table = model.cells
    mean = model.moments(fit.parameters[None], fit.own[None]).mean[0]
    # If everything was tied the dispersion is 0, but the beta distribution needs a positive one.
    scale = max(dispersion(fit), 1e-6)
    whole = bool(np.isin(estimate.comparisons.score, (0.0, 1.0)).all()) or scale >= 1
    wide = max(len(table.of), model.size**2, table.clusters * model.size)
    size = max(1, BLOCK // wide)
    for first in range(0, count, size):
        many = min(size, count - first)
        if whole:
            score = generator.binomial(table.count.astype(np.int64), mean, (many, len(mean)))
        else:
            expected, sure = mean[table.of], 1 / scale - 1
            shares = generator.beta(sure * expected, sure * (1 - expected), (many, len(table.of)))
            score = np.array([np.bincount(table.of, one, len(mean)) for one in shares])
        drawn = replace(model, cells=replace(table, score=score.astype(np.float64)))
        ones = np.ones((many, table.clusters))
        yield flows(drawn, solve(drawn, ones, fit.solved, 1e-3, like=fit.covariance))


def _each(some: Flows) -> Iterator[Flows]:
    return (Flows(*both) for both in zip(some.flow, some.error, strict=True))


def _curls(some: Flows, triangles: Ints) -> Flows:
    """The flow around each triangle, and its standard error."""
    one, two, three = triangles.T
    flow, variance = some.flow, some.error**2
    return Flows(
        flow[one] + flow[two] - flow[three],
        np.sqrt(variance[one] + variance[two] + variance[three]),
    )


def _ratios(some: Flows, triangles: Ints) -> Floats:
    flow, error = _curls(some, triangles)
    return np.asarray(np.abs(flow) / error)


def _cycles(
    names: tuple[str, ...],
    pairs: Pairs,
    triangles: Ints,
    observed: Flows,
    most: Floats,
    level: float,
    strongest: int,
) -> pd.DataFrame:
    flow, error = _curls(observed, triangles)
    half = float(np.quantile(most, level)) * error
    rows: list[tuple[Any, ...]] = []
    for at in np.argsort(half - np.abs(flow), kind="stable")[:strongest]:
        one, two = triangles[at, :2]
        i, j, k = (names[place] for place in (pairs.first[one], *_ends(pairs, two)))
        size = abs(float(flow[at]))
        around = (i, j, k) if flow[at] > 0 else (i, k, j)
        p = float(1 + np.sum(most >= size / error[at])) / (1 + len(most))
        matches = min(pairs.matches[triangles[at]])
        rows.append((*around, matches, size, size - half[at], size + half[at], p))
    return frame(rows, _CYCLES)


def _ends(pairs: Pairs, place: int) -> tuple[int, int]:
    return int(pairs.first[place]), int(pairs.second[place])
