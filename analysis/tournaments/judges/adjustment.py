"""Results without the biases of judges, each judge weighted by its reliability.

*Evidence*: verdicts, and lengths of turns.

*Definition.* The judge's biases (``analysis.tournaments.judges.biases``: position, length and its
own model, or the selected ones) are removed from each verdict. Let m be the mean score that the
judge's own regression expects of the first side, and m0 the same without the biases. If the biases
favour the first side, its win counts m0 / m; if they favour the second, a win of the second counts
(1 - m0) / (1 - m); outcomes against the bias count fully. The corrected score is the expected score
of the judge without its biases, given what it said; it lies between 0 and 1 and has mean m0.

An estimate that may be noise would add noise. So each bias is first multiplied by
max(0, 1 - 1 / z^2), where z is the estimate in standard errors (the nonnegative garrote of Breiman,
Technometrics 37, 1995). A bias without an estimate is not removed.

*Weights.* A judge is weighted in proportion to the correlation of its scores with the mean scores
of the other judges. Since few debates determine this badly, Fisher's z of each judge is shrunk
towards the mean of the panel, the more the less judges differ beyond chance (empirical Bayes, with
the variance between judges of DerSimonian and Laird, Controlled Clinical Trials 7, 1986). Two
judges always have equal weights, and so have equally good judges. No weight is less than ``LEAST``
times the largest.

*Limits.* Weights do not detect biases that all judges share, and a judge that is right against all
others gets a low weight. A longer speech may be a better one: then leave length out. Effects of
side and order of speaking are not removed, since ``analysis.tournaments.ratings.ratings.rate``
estimates them; margins are weighted but not corrected. Intervals of ratings from this table do not
include the uncertainty of the biases. With few verdicts the result equals
``analysis.tournaments.results``."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.stats import Floats
from analysis.tournaments.judges.biases import Bias, Kind, biases, own_regression
from analysis.tournaments.judges.design import Rows, rows
from analysis.tournaments.judges.regressions import expected
from analysis.tournaments.results import PAIR, by_judge, chosen, laid_out, pairs
from analysis.tournaments.tables import Contest
from sim.errors import BadRequest

FAULTS: tuple[Kind, ...] = ("position", "length", "self")
"""The biases that can be removed."""
LEAST = 0.1
"""The least weight of a judge, as a share of the largest."""


def adjusted(
    contest: Contest,
    *,
    judges: Sequence[str] | None = None,
    faults: Sequence[Kind] = FAULTS,
    weighted: bool = True,
) -> pd.DataFrame:
    """The table of ``analysis.tournaments.results``, corrected and weighted as the module says.

    ``judges`` names the judges whose verdicts are used (None means all); biases and weights are
    estimated from the verdicts of all. ``faults`` are the biases to remove; with ``weighted`` false
    all judges have the same weight. Scores are in [0, 1], margins in [-1, 1]; both are missing
    where no judge has a verdict. Raises ``BadRequest`` for an unknown judge or fault.

    >>> from analysis.tournaments.tables import ContestRecord, LegRecord, VerdictRecord
    >>> from analysis.tournaments.tables import contests_from
    >>> sides = [{"entrant": "Ada", "actor": "Robin", "position": 0, "place": 1},
    ...          {"entrant": "Ben", "actor": "Noel", "position": 1, "place": 0}]
    >>> leg = LegRecord(1, 1, 0, "t1", "Sell the spring.", sides)
    >>> verdict = VerdictRecord("t1", "human:kim", "", ("Robin", "Noel"), {"winner": "Robin"})
    >>> contest = contests_from([ContestRecord("x", {"judges": []}, "Cup", [leg], [verdict])])[0]
    >>> adjusted(contest)[["first", "second", "score"]].values.tolist()
    [['Ada', 'Ben', 1.0]]
    """
    names = chosen(contest, judges)
    for fault in faults:
        if fault not in FAULTS:
            raise BadRequest(f"faults: {fault!r} is unknown; use {', '.join(FAULTS)}")
    verdict_rows = rows(contest)
    judged = corrected(contest, verdict_rows, biases(verdict_rows), faults)
    return combined(contest, judged, names, weighted)


def combined(
    contest: Contest, judged: pd.DataFrame, names: Sequence[str], weighted: bool = True
) -> pd.DataFrame:
    """The table of ``adjusted`` from scores of each judge, as ``corrected`` has them."""
    every = contest.judges["judge"].tolist()
    weight = weights(judged, every) if weighted else dict.fromkeys(every, 1.0)
    mine = judged[judged["judge"].isin(list(names))]
    means = _weighted(mine, np.array([weight[name] for name in mine["judge"]], dtype=np.float64))
    return laid_out(contest, means, names, per_judge=False)


def corrected(
    contest: Contest, verdict_rows: Rows, every: Sequence[Bias], faults: Sequence[Kind] = FAULTS
) -> pd.DataFrame:
    """Scores of each judge for each pair, as ``by_judge`` has them, without its biases.

    ``verdict_rows`` are the contest's rows and ``every`` their biases.
    """
    scored = pairs(contest)
    scored = scored[scored["score"].notna()].reset_index(drop=True)
    score = verdict_rows.score.copy()
    for number, name in enumerate(verdict_rows.judges):
        mine = np.flatnonzero(verdict_rows.judge == number)
        taken = [one for one in every if one.judge == name and one.bias in faults]
        score[mine] = without(verdict_rows.where(verdict_rows.judge == number), taken)
    return by_judge(scored.assign(score=score))


def without(mine: Rows, taken: Sequence[Bias]) -> Floats:
    """The scores of one judge without some of its biases; ``mine`` are the judge's rows."""
    score = mine.score.copy()
    own = own_regression(mine)
    if own.fit is None:
        return score
    column = {"position": own.rows.shown, "length": own.rows.length, "self": own.rows.own}
    shift = np.zeros(len(own.rows))
    for one in taken:
        size = damped(one)
        if size:
            shift += size * np.nan_to_num(column[one.bias])
    delta = own.fit.delta[own.fit.data.judge]
    biased = expected(own.fit.eta, delta).mean
    fair = expected(own.fit.eta - shift, delta).mean
    score[own.kept] = thinned(own.rows.score, biased, fair)
    return score


def damped(one: Bias) -> float:
    """The estimate of a bias, shrunk by the nonnegative garrote; 0 if there is no estimate."""
    if isnan(one.p):
        return 0.0
    distance = -float(special.ndtri(max(one.p, 1e-300) / 2))
    return one.estimate * max(0.0, 1 - 1 / distance**2) if distance > 0 else 0.0


def thinned(score: Floats, biased: Floats, fair: Floats) -> Floats:
    """Scores rescaled to have the mean ``fair`` where they had the mean ``biased``.

    >>> thinned(np.array([1.0, 0.5, 0.0]), np.full(3, 0.8), np.full(3, 0.4)).tolist()
    [0.5, 0.25, 0.0]
    >>> thinned(np.array([1.0, 0.5, 0.0]), np.full(3, 0.2), np.full(3, 0.6)).tolist()
    [1.0, 0.75, 0.5]
    """
    helped = biased >= fair
    wins = np.divide(fair, biased, out=np.ones_like(score), where=helped & (biased > 0))
    losses = np.divide(1 - fair, 1 - biased, out=np.ones_like(score), where=~helped)
    return np.asarray(np.where(helped, score * wins, 1 - (1 - score) * losses))


# -- weights -----------------------------------------------------------------------------------


def weights(judged: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """The weight of each judge, with mean 1 over the judges that have a verdict; NaN for others.

    ``judged`` has the scores of each judge, as ``by_judge`` returns them.

    >>> table = pd.DataFrame({"trial": ["t", "t"], "first_position": 0, "second_position": 1,
    ...                       "judge": ["kim", "lee"], "score": [1.0, 0.0], "margin": 0.1})
    >>> weights(table, ["kim", "lee", "max"])
    {'kim': 1.0, 'lee': 1.0, 'max': nan}
    """
    wide = judged.pivot(index=PAIR, columns="judge", values="score")
    here = [name for name in names if name in wide.columns]
    if not here:
        return dict.fromkeys(names, nan)
    table = wide[here].to_numpy(dtype=np.float64, na_value=nan)
    correlations = [_with_others(table, place) for place in range(len(here))]
    z = np.array([each for each, _ in correlations])
    count = np.array([each for _, each in correlations])
    drawn = np.tanh(_towards_all(z, count))
    top = float(drawn.max())
    raw = np.maximum(drawn, LEAST * top) if top > 0 else np.ones(len(here))
    raw = raw / raw.mean()
    return {name: float(raw[here.index(name)]) if name in here else nan for name in names}


def _with_others(table: Floats, place: int) -> tuple[float, int]:
    """Fisher's z of a judge's correlation with the mean of the others, and the number of pairs of
    sides behind it; NaN and 0 if there is no correlation."""
    others = np.delete(table, place, axis=1)
    count = (~np.isnan(others)).sum(axis=1)
    rest = np.divide(np.nansum(others, axis=1), count, out=np.full(len(table), nan),
                     where=count > 0)  # fmt: skip
    both = ~np.isnan(rest) & ~np.isnan(table[:, place])
    one, other = table[both, place], rest[both]
    if len(one) < 4 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return nan, 0
    return float(np.arctanh(np.clip(np.corrcoef(one, other)[0, 1], -0.999, 0.999))), len(one)


def _towards_all(z: Floats, count: NDArray[np.int64]) -> Floats:
    """Each z shrunk towards the mean; the between-judge variance is DerSimonian and Laird's."""
    known = ~np.isnan(z)
    if not known.any():
        return np.zeros(len(z))
    precision = np.maximum(count[known] - 3.0, 1.0)
    mean = float(precision @ z[known] / precision.sum())
    apart = float(precision @ (z[known] - mean) ** 2) - (int(known.sum()) - 1)
    scale = float(precision.sum() - (precision**2).sum() / precision.sum())
    between = max(0.0, apart / scale) if scale > 0 else 0.0
    drawn = np.full(len(z), mean)
    drawn[known] = mean + between / (between + 1 / precision) * (z[known] - mean)
    return drawn


def _weighted(judged: pd.DataFrame, weight: Floats) -> pd.DataFrame:
    """The weighted mean over judges. As in ``results``, one missing margin makes it missing."""
    margin = judged["margin"].to_numpy(dtype=np.float64)
    sums = (
        judged[PAIR]
        .assign(
            weight=weight,
            score=weight * judged["score"].to_numpy(dtype=np.float64),
            margin=weight * np.nan_to_num(margin),
            lacking=np.isnan(margin),
        )
        .groupby(PAIR, sort=False)
        .sum()
    )
    means = sums[["score", "margin"]].div(sums["weight"], axis=0).clip(-1.0, 1.0)
    means.loc[sums["lacking"] > 0, "margin"] = nan
    return means.reset_index()
