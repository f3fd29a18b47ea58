"""How strong is each entrant of a tournament, and how certain is that? From a table to tables.

*Evidence*: the results; the ratings measure whatever the judges of the matches judged.

*Definition.* The model is that of Bradley and Terry, fitted by Newton's method. Ratings are logits:
with a difference of 1 the stronger entrant is expected to score 0.73 in a match, side and order
being equal. Ratings have mean zero within each component of entrants. The parts are in
``analysis.tournaments.ratings``: the model in ``bradley_terry``, the choice of the model in
``estimation``, intervals in ``limits``, ranks in ``bootstrap``, the step from margins to wins in
``margins``, Elo's ratings in ``elo``, and a test of whether ratings explain the results in
``cycles``.

*Limits.* Side effects of topics are assumed to be normally distributed, and their intervals take
the spread as known. Ratings hold for the topics that were debated and for topics like them.

*References.* Bradley and Terry, Biometrika 39, 1952; Agresti, Categorical Data Analysis, 2013,
section 11.6; those of the modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, nan
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from analysis.stats import Floats
from analysis.tables import frame
from analysis.tournaments.ratings.bootstrap import EQUAL, ranks, reweighted
from analysis.tournaments.ratings.bradley_terry import cells, outcomes
from analysis.tournaments.ratings.comparisons import Ints
from analysis.tournaments.ratings.cycles import Transitivity, transitivity
from analysis.tournaments.ratings.elo import SCALE, START, elo
from analysis.tournaments.ratings.estimation import Estimate, Ridge, estimate
from analysis.tournaments.ratings.hodge import Decomposition, hodge
from analysis.tournaments.ratings.limits import Limits, limits_of
from analysis.tournaments.ratings.margins import Stretch, stretch
from analysis.tournaments.ratings.sandwich import dispersion, without_variance
from sim.errors import BadRequest

__all__ = [
    "Decomposition",
    "Ratings",
    "Ridge",
    "Transitivity",
    "elo",
    "hodge",
    "rate",
    "transitivity",
]

_TABLE = {
    "entrant": "str",
    "component": "Int64",
    "matches": "Int64",
    "wins": "Int64",
    "ties": "Int64",
    "losses": "Int64",
    "rating": "float64",
    "low": "float64",
    "high": "float64",
    "rank": "Int64",
    "rank_low": "Int64",
    "rank_high": "Int64",
    "p_best": "float64",
    "elo": "float64",
    "elo_scaled": "float64",
}
_EFFECTS = {
    "effect": "str",
    "topic": "str",
    "estimate": "float64",
    "low": "float64",
    "high": "float64",
}


@dataclass(frozen=True, slots=True)
class Ratings:
    """The result of ``rate``.

    ``table``: one row for each entrant, by component and rating. ``rating``, ``low`` and ``high``
    in logits, with mean zero in the component; ``elo_scaled`` is the rating on Elo's scale and
    ``elo`` is Elo's own, updated after each match; a score above 0.5 counts among ``wins``.
    ``p_best`` is the share of bootstrap replicates in which nobody in the component was better. An
    entrant without a match has no rating, rank, or limits.

    ``effects``: ``side`` (for arguing for the motion) and ``order`` (for speaking first), in
    logits, or ``side or order`` (for arguing for the motion) where the two always went together;
    ``tie``, Davidson's nu, the odds of a tie to the geometric mean of win and loss (two
    equals tie with probability nu / (nu + 2)); ``spread``, the standard deviation of side effects
    over topics, and ``side on topic``, the side effect of each topic, shrunk.

    ``wins``: the score that the entrant of the row is expected to reach against that of the column,
    without effects of side and order. ``components``: the names of the entrants of component 1, 2,
    ... ``ridge``: the prior, if one was needed or asked for, and why. ``factor``: with ``margins``,
    what ratings by margins were multiplied by to be on the scale of wins (NaN: nothing, because
    the results do not say; they are logits of (1 + margin) / 2); else 1. ``dropped``: the number
    of rows that were left out. ``notes``: sentences for a report.
    """

    table: pd.DataFrame
    effects: pd.DataFrame
    wins: pd.DataFrame
    components: tuple[tuple[str, ...], ...]
    ridge: Ridge | None
    factor: float
    dropped: int
    notes: tuple[str, ...]


def rate(
    results: pd.DataFrame,
    *,
    ties: Literal["half", "davidson"] = "half",
    margins: bool = False,
    without: Sequence[Literal["side", "order", "topics"]] = (),
    ridge: float | Literal["auto"] = "auto",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Ratings:
    """Rate entrants by a table of results; its columns are in ``comparisons``.

    ``ties``: "half" counts a tie as half a win for each; "davidson" makes it an outcome of its own.
    ``margins``: rate by margins instead of scores, rescaled to the scale of wins. ``without``:
    columns that are ignored. Otherwise effects of ``side`` and ``order`` are estimated where the
    table has these columns, and ``topics`` are clusters, between which side effects may differ.
    ``ridge``: the precision of a normal prior on every parameter; "auto" means no prior unless the
    likelihood has no maximum. ``replicates``: how many the bootstrap draws for ranks and
    ``p_best``.

    Raises ``BadRequest`` for a table or an option that is not valid.

    >>> rows = [("Ada", "Ben", 1.0), ("Ben", "Cleo", 1.0), ("Cleo", "Ada", 1.0)]
    >>> rows.append(("Ada", "Ben", 1.0))
    >>> ratings = rate(pd.DataFrame(rows, columns=["first", "second", "score"]))
    >>> ratings.table[["entrant", "matches", "wins", "losses", "rank"]].to_numpy().tolist()
    [['Ada', 3, 2, 1, 1], ['Cleo', 2, 1, 1, 2], ['Ben', 3, 1, 2, 3]]
    >>> ratings.notes
    ('Without topics, matches count as independent of one another.',)
    """
    if not 0 < level < 1:
        raise BadRequest(f"level: {level!r} is no level; use a number from 0 to 1, such as 0.95")
    if replicates < 0:
        raise BadRequest(f"replicates: {replicates!r} is no number of replicates; use 0 or more")
    fitted = estimate(
        results,
        ties=ties,
        margins=margins,
        side="side" not in without,
        order="order" not in without,
        topics="topics" not in without,
        ridge=ridge,
    )
    notes = list(fitted.notes)
    stretched = None
    if margins:
        comparisons = fitted.comparisons
        stretched = stretch(fitted.fit, cells(comparisons, fitted.effects, comparisons.score))
        notes.append(_by_margins(stretched))
    if without_variance(fitted.fit).any():
        notes.append(
            "Where all matches were tied, or had one share, results do not vary: limits take the "
            "variance of wins and losses, the largest there is."
        )
    limits = limits_of(fitted, stretched, level)
    factor = stretched.factor if stretched else 1.0
    drawn = reweighted(fitted, replicates, np.random.default_rng(seed))
    return Ratings(
        table=_table(fitted, factor, limits, drawn, level, elo(results)),
        effects=_effects(fitted, factor, limits, level),
        wins=_wins(fitted, nan if margins and stretched is None else factor),
        components=tuple(
            tuple(fitted.comparisons.names[place] for place in part) for part in fitted.parts
        ),
        ridge=fitted.ridge,
        factor=nan if margins and stretched is None else factor,
        dropped=sum(fitted.comparisons.dropped.values()),
        notes=tuple(notes),
    )


def _by_margins(stretched: Stretch | None) -> str:
    if stretched is None:
        return (
            "The margins do not determine how they relate to wins: ratings are logits of "
            "(1 + margin) / 2, and no scores are expected from them."
        )
    return (
        f"Ratings are by margins, stretched by {stretched.factor:.2f} so that they predict scores."
    )


def _table(
    fitted: Estimate,
    factor: float,
    limits: Limits,
    drawn: Floats,
    level: float,
    online: pd.DataFrame,
) -> pd.DataFrame:
    names = fitted.comparisons.names
    ratings = factor * fitted.fit.parameters[: len(names)]
    record = _record(fitted)
    elos = dict(zip(online["entrant"], online["elo"], strict=True))
    rows: list[dict[str, Any]] = []
    for number, part in enumerate(fitted.parts, 1):
        own = ratings[part]
        sure = ranks(drawn[:, part], level) if len(drawn) and len(part) > 1 else None
        # Equal ratings can differ in their last bits.
        near = np.round(own, 9)
        for at in sorted(range(len(part)), key=lambda at: (-near[at], names[part[at]])):
            place, rating = int(part[at]), float(own[at])
            row: dict[str, Any] = {"entrant": names[place], "component": number}
            row |= {name: int(column[place]) for name, column in record.items()}
            row["elo"] = elos[names[place]]
            if len(part) > 1:
                row |= {
                    "rating": rating,
                    "low": float(limits.low[place]),
                    "high": float(limits.high[place]),
                    "rank": 1 + int(np.sum(own > rating + EQUAL)),
                    "elo_scaled": START + SCALE / log(10) * rating,
                }
            if sure is not None:
                row |= {"rank_low": int(sure.low[at]), "rank_high": int(sure.high[at])}
                row["p_best"] = float(sure.best[at])
            rows.append(row)
    return frame([[row.get(name) for name in _TABLE] for row in rows], _TABLE)


def _record(fitted: Estimate) -> dict[str, Ints]:
    """How many matches each entrant had, won, tied and lost."""
    comparisons, many = fitted.comparisons, len(fitted.comparisons.names)
    record = {}
    for name, sign in (("wins", 1), ("ties", 0), ("losses", -1)):
        ended = np.sign(comparisons.score - 0.5)
        record[name] = np.bincount(comparisons.first[ended == sign], minlength=many)
        record[name] += np.bincount(comparisons.second[ended == -sign], minlength=many)
    return {"matches": sum(record.values(), np.zeros(many, dtype=np.int64)), **record}


def _effects(fitted: Estimate, factor: float, limits: Limits, level: float) -> pd.DataFrame:
    parameters, many = fitted.fit.parameters, len(fitted.comparisons.names)
    rows: list[tuple[Any, ...]] = []
    for kind in fitted.kinds if fitted.joint else fitted.comparisons.kinds:
        if kind in fitted.unknown:
            rows.append((kind, None, nan, nan, nan))
            continue
        place = many + fitted.kinds.index(kind)
        name = "side or order" if fitted.joint else kind
        low, high = float(limits.low[place]), float(limits.high[place])
        rows.append((name, None, factor * float(parameters[place]), low, high))
    if fitted.fit.model.davidson:
        low, high = float(limits.low[-1]), float(limits.high[-1])
        rows.append(("tie", None, exp(float(parameters[-1])), exp(low), exp(high)))
    if fitted.varied:
        rows.append(("spread", None, factor * fitted.fit.model.spread, nan, nan))
        middles, around = _side_on_topics(fitted)
        quantile = float(special.ndtri((1 + level) / 2))
        for topic, middle, error in zip(fitted.comparisons.clusters, middles, around, strict=False):
            middle, half = factor * float(middle), factor * quantile * float(error)
            rows.append(("side on topic", topic, middle, middle - half, middle + half))
    return frame(rows, _EFFECTS)


def _side_on_topics(fitted: Estimate) -> tuple[Floats, Floats]:
    """The side effect of each topic, and its error of prediction (Henderson, Biometrics 31, 1975).

    With u the topic's deviation, h its information and v that with the parameters:
    1 / h + (e - v / h)' M (e - v / h), where e picks the common effect and M is the covariance.
    """
    fit, topics = fitted.fit, fitted.comparisons.topics
    place = len(fitted.comparisons.names) + fitted.kinds.index("side")
    pick = np.zeros(fit.model.size)
    pick[place] = 1
    common = np.full(topics, fit.parameters[place])
    scale = 1.0 if without_variance(fit).all() else dispersion(fit)
    if not fit.model.spread:
        return common, np.full(topics, np.sqrt(scale * fit.covariance[place, place]))
    own = fit.own_information[:topics]
    moved = pick - fit.cross[:topics] / own[:, None]
    variance = 1 / own + np.einsum("gp,pq,gq->g", moved, fit.covariance, moved)
    return common + fit.own[:topics], np.sqrt(scale * variance)


def _wins(fitted: Estimate, factor: float) -> pd.DataFrame:
    """Expected scores; NaN between components, and of an entrant against itself."""
    names, parameters = list(fitted.comparisons.names), fitted.fit.parameters
    ratings = factor * parameters[: len(names)]
    apart = ratings[:, None] - ratings
    if fitted.fit.model.davidson:
        win, tie, _ = outcomes(apart, parameters[-1])
        expected = win + tie / 2
    else:
        expected = special.expit(apart)
    component = fitted.fit.model.component
    expected[component[:, None] != component] = nan
    np.fill_diagonal(expected, nan)
    return pd.DataFrame(expected, index=names, columns=names)
