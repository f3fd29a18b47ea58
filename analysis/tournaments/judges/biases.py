"""Biases of each judge: what affects its verdicts besides merit, and how that is identified.

Each bias is in logits: the advantage of a side that has the property over an equal side that has
not.

* **position**: the side is shown before the other. A judge that sees a debate in both orders is its
  own control: only debates in which it changed its mind are informative (the conditional likelihood
  of matched pairs; McNemar, Psychometrika 12, 1947). If D is the change of the score, a change in
  favour of the side that is shown first has probability sigma(2 |D| b). Merit, length, topic, and
  the judge's tendency to ties cancel. The interval is a profile of the likelihood with Jeffreys'
  prior (Heinze and Schemper, Statistics in Medicine 21, 2002).
* **length** (for each doubling of the ratio of words), **side** (argues position 0 of two) and
  **order** (spoke first): a regression of the judge's scores on these, on position, and on an
  unrestricted strength of each entrant as this judge sees it. So an entrant that is both verbose
  and good does not distort the estimate: it comes from debates in which an entrant speaks more or
  less than it usually does. But a longer speech may be a better one, and a motion may favour a
  side: these are effects on the verdict and need not be faults of the judge.
* **self**: the side is played by the judge's own model. The judge's own scores cannot separate this
  from the strength of these entrants, so their strength is taken from the other judges: a joint
  regression of all judges on shared strengths, times a sharpness of each judge, with all effects of
  each judge. Missing where the verdicts of the other judges do not identify it.

Verdicts of one judge on one debate share their weight as far as they agree
(``regressions.regress_alike``). Standard errors are between topics, or between matches if there are
fewer than ``design.TOPICS`` topics. If debates between the same two entrants differ in something
that is not recorded, all biases but position are averages over such debates, and so are nearer to
zero than in each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from analysis.stats import Floats
from analysis.tournaments.judges.design import Rows
from analysis.tournaments.judges.regressions import (
    Data,
    Predict,
    Regression,
    estimates,
    independent,
    linear,
    regress,
    regress_alike,
)
from analysis.tournaments.ratings.comparisons import Ints

Kind = Literal["position", "length", "self", "side", "order"]
KINDS: tuple[Kind, ...] = ("position", "length", "self", "side", "order")
COLUMNS = ("shown", "length", "side", "order")
"""The columns of a judge's own regression, besides strengths."""

SPARE = 5
"""There must be so many more debates than parameters, or residuals cannot estimate errors."""
SHARPNESS = 0.5
"""Standard deviation of the prior on the logarithm of a judge's sharpness, which the verdicts do
not identify if the entrants are equally strong."""


@dataclass(frozen=True, slots=True)
class Bias:
    """One bias of one judge. ``cases`` is the number of informative debates; ``missing`` says why
    there is no estimate."""

    judge: str
    bias: Kind
    estimate: float
    low: float
    high: float
    p: float
    cases: int
    missing: str | None = None


def lacking(judge: str, bias: Kind, why: str, cases: int = 0) -> Bias:
    """A bias without an estimate, and the reason."""
    return Bias(judge, bias, nan, nan, nan, nan, cases, why)


def biases(rows: Rows, level: float = 0.95) -> list[Bias]:
    """Every bias of every judge, by judge and ``KINDS``."""
    selves = {bias.judge: bias for bias in own_model(rows, level)}
    every: list[Bias] = []
    for number, name in enumerate(rows.judges):
        mine = rows.where(rows.judge == number)
        by_kind = {bias.bias: bias for bias in own_scores(mine, name, level)}
        by_kind |= {"position": position(mine, name, level), "self": selves[name]}
        every += [by_kind[kind] for kind in KINDS]
    return every


# -- position ----------------------------------------------------------------------------------


def position(mine: Rows, judge: str, level: float = 0.95) -> Bias:
    """The bias of one judge towards the side that is shown first; ``mine`` are the judge's rows."""
    debates = int(mine.debate.max(initial=-1)) + 1
    means = []
    for shown in (1.0, -1.0):
        here = mine.shown == shown
        count = np.bincount(mine.debate[here], minlength=debates)
        total = np.bincount(mine.debate[here], mine.score[here], minlength=debates)
        means.append(np.divide(total, count, out=np.full(debates, nan), where=count > 0))
    change = means[0] - means[1]
    if np.isnan(change).all():
        return lacking(judge, "position", "it saw no debate in both orders")
    changed = np.flatnonzero(np.abs(change) > 1e-9)
    if not len(changed):
        return lacking(judge, "position", "no verdict changed with the order")
    cluster = np.zeros(debates, dtype=np.int64)
    cluster[mine.debate] = mine.cluster
    _, clusters = np.unique(cluster[changed], return_inverse=True)
    favour = (change[changed] > 0).astype(np.float64)
    size = 2 * np.abs(change[changed])
    data = Data(favour, np.ones(len(changed)), np.zeros(len(changed), dtype=np.int64))
    regression = regress(linear(size[:, None]), data, np.zeros(1))
    if regression is None:
        return lacking(judge, "position", "the likelihood has no maximum", len(changed))
    estimate = float(regression.parameters[0])
    profile = _profile(regression, size, favour, clusters, level)
    return Bias(judge, "position", estimate, profile.low, profile.high, profile.p, len(changed))


class _Profile(NamedTuple):
    """The limits of a profile likelihood interval, and the p value of zero."""

    low: float
    high: float
    p: float


def _profile(
    regression: Regression, size: Floats, favour: Floats, clusters: Ints, level: float
) -> _Profile:
    """Limits and p by the penalised likelihood, widened by the design effect of the clusters."""
    best = float(regression.parameters[0])
    coefficient = estimates(regression, clusters, np.array([0]))[0]
    design = (coefficient.error / float(regression.pull[0, 0])) ** 2 / float(regression.bread[0, 0])
    design = design if regression.finite else max(1.0, design)
    sign = np.where(favour > 0, 1.0, -1.0)

    def likelihood(b: float) -> float:
        mean = special.expit(size * b)
        information = float(np.sum(size**2 * mean * (1 - mean)))
        plain = -float(np.sum(np.logaddexp(0, -sign * size * b)))
        return plain + float(np.log(max(information, 1e-300))) / 2

    top = likelihood(best)
    allowed = float(special.stdtrit(coefficient.freedom, (1 + level) / 2)) ** 2 * design

    def beyond(b: float) -> float:
        return 2 * (top - likelihood(b)) - allowed

    ends = []
    for direction in (-1.0, 1.0):
        reach = 0.5
        while beyond(best + direction * reach) < 0 and reach < 100:
            reach *= 2
        inside = reach < 100
        ends.append(
            float(optimize.brentq(beyond, best, best + direction * reach))
            if inside
            else direction * inf
        )
    away = sqrt(max(0.0, 2 * (top - likelihood(0.0)) / design))
    p = 2 * float(special.stdtr(coefficient.freedom, -away))
    return _Profile(ends[0], ends[1], p)


# -- length, side, order -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """The regression of one judge's scores.

    ``rows`` are the complete rows that were fitted, and ``kept`` is their mask among the judge's
    rows. ``places`` has the index of the parameter of each column. ``fit`` is None if there is no
    fit; ``why`` has the reason for each column without an estimate.
    """

    fit: Regression | None
    rows: Rows
    kept: NDArray[np.bool_]
    places: dict[str, int]
    why: dict[str, str]


def own_regression(mine: Rows) -> Own:
    """The regression of one judge's scores on effects and entrants."""
    why: dict[str, str] = {}
    length = mine.length
    if np.isnan(length).all():
        why["length"] = "the numbers of words are not known"
        complete = ~np.isnan(mine.shown)
    else:
        complete = ~np.isnan(mine.shown) & ~np.isnan(length)
    mine = mine.where(complete)
    used = [name for name in COLUMNS if name not in why]
    for name in used[:]:
        if not np.any(getattr(mine, name)):
            why[name] = _ABSENT[name]
            used.remove(name)
    design = np.column_stack([*(getattr(mine, name) for name in used), mine.strengths()])
    kept, identified = independent(design, mine.weight)
    for place, name in enumerate(used):
        if place not in identified:
            why[name] = "it cannot be told from the strength of entrants and the other effects"
    spare = len(np.unique(mine.debate)) - len(kept)
    if spare < SPARE:
        few = f"only {len(np.unique(mine.debate))} debates tell {len(kept)} parameters"
        return Own(None, mine, complete, {}, {name: why.get(name, few) for name in COLUMNS})
    data = Data(mine.score, mine.weight, np.zeros(len(mine), dtype=np.int64))
    regression = regress_alike(linear(design[:, kept]), data, np.zeros(len(kept)), mine.debate)
    if regression is None:
        none = "the likelihood has no maximum"
        return Own(None, mine, complete, {}, {name: why.get(name, none) for name in COLUMNS})
    places = {
        name: int(np.searchsorted(kept, place))
        for place, name in enumerate(used)
        if name not in why
    }
    return Own(regression, mine, complete, places, why)


_ABSENT = {
    "shown": "the order in which it saw the sides is not known",
    "length": "both sides always spoke equally many words",
    "side": "no debate had two sides",
    "order": "nobody spoke first",
}


def own_scores(mine: Rows, judge: str, level: float = 0.95) -> list[Bias]:
    """The effects of length, side and order on the scores of one judge; ``mine`` are its rows."""
    own = own_regression(mine)
    cases = len(np.unique(own.rows.debate))
    effects: list[Bias] = []
    kinds: tuple[Kind, ...] = ("length", "side", "order")
    for kind in kinds:
        if own.fit is None or kind not in own.places:
            effects.append(lacking(judge, kind, own.why[kind], cases))
            continue
        _, clusters = np.unique(own.rows.cluster, return_inverse=True)
        one = estimates(own.fit, clusters, np.array([own.places[kind]]))[0]
        low, high = one.limits(level)
        effects.append(Bias(judge, kind, one.estimate, low, high, one.p, cases))
    return effects


# -- the judge's own model ---------------------------------------------------------------------


def own_model(rows: Rows, level: float = 0.95) -> list[Bias]:
    """The preference of each judge for its own model, beyond the verdicts of the other judges."""
    why, cases = _selves(rows)
    candidates = [number for number, name in enumerate(rows.judges) if name not in why]
    estimated: dict[int, Bias] = {}
    if candidates:
        estimated = _joint(rows, candidates, cases, level)
    every = []
    for number, name in enumerate(rows.judges):
        if name in why:
            every.append(lacking(name, "self", why[name]))
        elif number in estimated:
            every.append(estimated[number])
        else:
            unidentified = (
                "the other judges' verdicts do not separate a preference for its model from the "
                "strength of that model's entrants"
            )
            every.append(lacking(name, "self", unidentified, cases[number]))
    return every


def _selves(rows: Rows) -> tuple[dict[str, str], dict[int, int]]:
    """For each judge without a possible preference for its own model the reason; and for each judge
    the number of debates in which its model met another."""
    why: dict[str, str] = {}
    cases: dict[int, int] = {}
    for number, name in enumerate(rows.judges):
        mine = rows.judge == number
        own = rows.own[mine]
        cases[number] = len(np.unique(rows.debate[mine][np.nan_to_num(own) != 0]))
        if not mine.any():
            why[name] = "it has no verdict"
        elif np.isnan(own).all():
            why[name] = "it is a person, or models are not known"
        elif not cases[number]:
            why[name] = "its model never met another model: it played no side, or all"
    return why, cases


def _joint(rows: Rows, judges: list[int], cases: dict[int, int], level: float) -> dict[int, Bias]:
    """The joint regression of all judges: the biases it identifies, by the judge's number."""
    mine = rows.where(~np.isnan(rows.shown) & ~(np.isin(rows.judge, judges) & np.isnan(rows.own)))
    lengths = not np.isnan(mine.length).all()
    if lengths:
        mine = mine.where(~np.isnan(mine.length))
    strengths = mine.strengths()
    columns = [np.where(mine.judge == number, np.nan_to_num(mine.own), 0.0) for number in judges]
    names = [name for name in COLUMNS if name != "length" or lengths]
    for number in range(len(rows.judges)):
        here = mine.judge == number
        columns += [np.where(here, getattr(mine, name), 0.0) for name in names]
    effects = np.column_stack(columns)
    kept, identified = independent(np.column_stack([effects, strengths]), mine.weight)
    debates = len(np.unique(mine.debate))
    if debates - len(kept) < SPARE:
        return {}
    many = effects.shape[1]
    effect, strength = kept[kept < many], kept[kept >= many] - many
    predict, size = _sharpened(strengths[:, strength], effects[:, effect], mine.judge)
    precision = np.zeros(size)
    precision[len(kept) :] = 1 / SHARPNESS**2
    data = Data(mine.score, mine.weight, mine.judge)
    groups = mine.judge * (int(mine.debate.max()) + 1) + mine.debate
    regression = regress_alike(predict, data, np.zeros(size), groups, precision)
    if regression is None:
        return {}
    _, clusters = np.unique(mine.cluster, return_inverse=True)
    wanted = [place for place in range(len(judges)) if place in identified]
    places = np.searchsorted(effect, wanted) + len(strength)
    answers = estimates(regression, clusters, places)
    biased: dict[int, Bias] = {}
    for place, one in zip(wanted, answers, strict=True):
        number = judges[place]
        low, high = one.limits(level)
        biased[number] = Bias(
            rows.judges[number], "self", one.estimate, low, high, one.p, cases[number]
        )
    return biased


def _sharpened(strengths: Floats, effects: Floats, judge: Ints) -> tuple[Predict, int]:
    """eta = exp(sharpness of the judge) * strengths + effects; and the number of parameters."""
    every = np.arange(len(judge))
    many, more, judges = strengths.shape[1], effects.shape[1], int(judge.max()) + 1

    def predict(parameters: Floats) -> tuple[Floats, Floats]:
        sharp = np.exp(parameters[many + more :])[judge]
        merit = sharp * (strengths @ parameters[:many])
        own = np.zeros((len(judge), judges))
        own[every, judge] = merit
        derivatives = np.concatenate([strengths * sharp[:, None], effects, own], axis=1)
        return merit + effects @ parameters[many : many + more], derivatives

    return predict, many + more + judges
