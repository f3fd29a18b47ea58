"""Results as judges without their biases would have them, each judge counting as it is reliable.

*Evidence*: verdicts, and lengths of turns.

*Definition.* Of each verdict the judge's biases (``analysis.tournaments.judges.biases``: position,
length and its own model, or those of them that are asked for) are taken out. Let m be the mean
score that the judge's own regression expects of the first side, and m0 the same without the biases.
A win that they helped then counts for m0 / m, a loss that they helped for (1 - m0) / (1 - m), and
what they did not help counts whole. That is what the judge would have said without, on average, if
its luck were the same; it stays between 0 and 1, and has the mean m0.

An estimate that may be noise would add noise: it is first multiplied by 1 - 1 / z^2, or 0 where
that is less (the garrote of Breiman, Technometrics 37, 1995), z being its distance from zero in
standard errors. Where there is no estimate, nothing is taken out.

*Weights.* A judge counts in proportion to the correlation of its scores with the mean of the other
judges'. Few debates say little of that, so its Fisher's z is drawn towards that of the panel as far
as judges differ no more than by chance (empirical Bayes; the variance between judges is that of
DerSimonian and Laird, Controlled Clinical Trials 7, 1986). Two judges always weigh the same, and so
do all if they are equally good. Nobody weighs less than ``LEAST`` of whoever weighs most.

*Limits.* Biases that all judges share are not seen in weights, and a judge that is right against
all others is taken for a bad one. A longer speech may be a better one: leave length out if so.
Sides and the order of speaking stay in, for ``analysis.tournaments.ratings.ratings.rate`` estimates
them; margins are weighted, not corrected. Intervals of ratings from this table do not know that
biases were estimated. With few verdicts this is ``analysis.tournaments.results``."""

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
"""The biases that can be taken out."""
LEAST = 0.1


def adjusted(
    contest: Contest,
    *,
    judges: Sequence[str] | None = None,
    faults: Sequence[Kind] = FAULTS,
    weighted: bool = True,
) -> pd.DataFrame:
    """The table of ``analysis.tournaments.results``, corrected and weighted as the module says.

    ``judges`` are those who count (None is all); biases and weights come from the verdicts of all.
    ``faults`` are the biases to take out; with ``weighted`` false all judges weigh the same. Scores
    are in [0, 1], margins in [-1, 1]; both are missing where no judge has a verdict. Raises
    ``BadRequest`` for an unknown judge or fault.

    >>> from analysis.tournaments.tables import ContestRecord, LegRecord, VerdictRecord
    >>> from analysis.tournaments.tables import contests_from
    >>> sides = [{"entrant": "Ada", "actor": "Robin", "position": 0, "place": 1},
    ...          {"entrant": "Ben", "actor": "Noel", "position": 1, "place": 0}]
    >>> leg = LegRecord(1, 1, 0, "t1", "Sell the spring.", sides)
    >>> said = VerdictRecord("t1", "human:kim", "", ("Robin", "Noel"), {"winner": "Robin"})
    >>> contest = contests_from([ContestRecord("x", {"judges": []}, "Cup", [leg], [said])])[0]
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
    said = pairs(contest)
    said = said[said["score"].notna()].reset_index(drop=True)
    score = verdict_rows.score.copy()
    for number, name in enumerate(verdict_rows.judges):
        mine = np.flatnonzero(verdict_rows.judge == number)
        taken = [one for one in every if one.judge == name and one.bias in faults]
        score[mine] = without(verdict_rows.where(verdict_rows.judge == number), taken)
    return by_judge(said.assign(score=score))


def without(mine: Rows, taken: Sequence[Bias]) -> Floats:
    """The scores of one judge, whose rows these are, without these biases of it."""
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
    """The estimate of a bias, less what may be noise; 0 where there is none."""
    if isnan(one.p):
        return 0.0
    distance = -float(special.ndtri(max(one.p, 1e-300) / 2))
    return one.estimate * max(0.0, 1 - 1 / distance**2) if distance > 0 else 0.0


def thinned(score: Floats, biased: Floats, fair: Floats) -> Floats:
    """Scores with the mean ``fair`` where they had the mean ``biased``.

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
    """The weight of each of these judges, 1 on average over those who judged; from scores as
    ``by_judge`` has them. NaN for who has no verdict.

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
    told = [_with_others(table, place) for place in range(len(here))]
    drawn = np.tanh(_towards_all(np.array([z for z, _ in told]), np.array([n for _, n in told])))
    top = float(drawn.max())
    raw = np.maximum(drawn, LEAST * top) if top > 0 else np.ones(len(here))
    raw = raw / raw.mean()
    return {name: float(raw[here.index(name)]) if name in here else nan for name in names}


def _with_others(table: Floats, place: int) -> tuple[float, int]:
    """Fisher's z of a judge's correlation with the mean of the others, and how many pairs of sides
    it is from; NaN where it has none."""
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
    """Each z drawn to the mean as far as chance explains that they differ."""
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
    """The mean over judges. As in ``results``, a margin that is missing makes the mean missing."""
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
