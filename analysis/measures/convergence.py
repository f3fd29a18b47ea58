"""Do the actors' stances come together?

*Evidence*: P, the off-stage answers to ``stance:ISSUE``.

*Definition.* D_t is the mean of |x_i - x_j| over all pairs of actors, averaged over issues, at a
turn t at which every actor was asked. A trial converges by c = 1 - D_T/D_0; an arm by
C = 1 - E[D_T]/E[D_0], a ratio of means, since the mean of ratios is ruled by the trials that
started with hardly any distance. C = 1 is consensus, 0 none, negative a drift apart.

*Null.* The yoked arm: each actor is played alone against partners whose lines were replaced by
lines on other topics. What is left there is the *shared pull* (the stage draws everybody to one
place); live minus yoked is *interaction*.

*References.* DeGroot 1974; Friedkin and Johnsen 1990; arXiv 2601.21540; arXiv 2510.25110.

Missing is not zero: where one actor's answer is missing, so is D_t, and with it c if t is the first
or the last turn asked. ``reason`` says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.half_life import half_life
from analysis.stats import UNKNOWN, Floats, Interval, jackknife, restricted_mean_time, sign_flip
from analysis.tables import ARM, Tables, frame, with_arms
from sim.events import Status
from sim.planning.trials import YOKED

EVIDENCE = "P"
TOLERANCE = 0.25
"""Stances this close count as agreement: one step of the embedded stage's grid of nine."""

_DISTANCES = {"trial": "str", "issue": "str", "turn": "Int64", "distance": "float64"}
_TRIALS = {
    "trial": "str",
    "c": "float64",
    "start": "float64",
    "end": "float64",
    "agreed_at": "Int64",
    "last": "Int64",
    "reason": "str",
}


def distances(tables: Tables) -> pd.DataFrame:
    """D_t per trial, issue and turn, missing (NaN) where an actor's answer is missing.

    In a yoked arm the rows are those of the live trial's id: focal actors that belong together.
    Probes are read; gauges only in trials that have no probes.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(0, "A", "stance:x", -1.0), Answer(0, "B", "stance:x", 0.5)]
    >>> table = distances(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)]))
    >>> table.to_dict("records")
    [{'trial': 't', 'issue': 'x', 'turn': 0, 'distance': 1.5}]
    """
    return _distances(_answers(tables, yoked=False))


def _answers(tables: Tables, *, yoked: bool) -> pd.DataFrame:
    """Stance answers of one kind of arm, one row per trial, issue, turn and actor."""
    trials = tables.trials
    chosen = trials[(trials["arm"] == YOKED) == yoked][["trial", "focal", "of"]]
    found = tables.answers[tables.answers["key"].str.startswith("stance:")]
    found = found.merge(chosen, on="trial")
    if yoked:
        found = found[found["actor"] == found["focal"]].assign(trial=lambda t: t["of"])
    probed = set(found.loc[~found["gauge"], "trial"])
    found = found[~found["gauge"] | ~found["trial"].isin(probed)]
    found = found.assign(
        value=pd.to_numeric(found["value"], errors="raise").astype("float64"),
        issue=found["key"].str.removeprefix("stance:"),
    )
    # Samples of one answer are averaged; a missing sample leaves the others.
    means = found.groupby(["trial", "issue", "turn", "actor"])["value"].mean()
    return means.reset_index()


def _distances(answers: pd.DataFrame) -> pd.DataFrame:
    """Distances at the turns at which every actor that is ever asked was asked."""
    if answers.empty:
        return frame([], _DISTANCES)
    answers = answers.assign(
        seat=answers.groupby(["trial", "issue"])["actor"].rank(method="dense").astype(int)
    )
    asked = answers.groupby(["trial", "issue", "turn"])["seat"].size()
    ever = answers.groupby(["trial", "issue"])["seat"].max()
    wide = answers.pivot(index=["trial", "issue", "turn"], columns="seat", values="value")
    scenes = pd.MultiIndex.from_arrays([wide.index.get_level_values(level) for level in (0, 1)])
    everyone = ever.reindex(scenes).to_numpy()
    together = (asked.reindex(wide.index).to_numpy() == everyone) & (everyone >= 2)
    wide, everyone = wide[together], everyone[together]
    values = wide.to_numpy(dtype=float)
    total = np.zeros(len(values))
    for one, other in combinations(range(values.shape[1]), 2):
        present = other < everyone
        total[present] += np.abs(values[present, one] - values[present, other])
    made: pd.DataFrame = wide.index.to_frame(index=False)
    made["distance"] = total / np.maximum(everyone * (everyone - 1) / 2, 1)
    return made.astype({"turn": "Int64"})


def by_trial(tables: Tables, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """One row per trial (live and others; yoked trials stand under ``split``).

    Columns: ``c``, ``start`` (D_0), ``end`` (D_T), ``agreed_at`` (the first turn asked from which
    D_t <= tolerance up to the end; <NA> means censored at ``last``, or unknown if there is a
    reason), ``last`` (the last turn asked), ``reason`` (why something is missing).

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, a, "stance:x", x) for t, a, x in
    ...         [(0, "A", -1.0), (0, "B", 1.0), (3, "A", 0.0), (3, "B", 0.2)]]
    >>> row = by_trial(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)])).iloc[0]
    >>> float(row.c), float(row.start), int(row.agreed_at)
    (0.9, 2.0, 3)
    """
    live = tables.trials[tables.trials["arm"] != YOKED]
    curves = _curves(distances(tables))
    rows: list[tuple[Any, ...]] = []
    for trial, status in zip(live["trial"], live["status"], strict=True):
        rows.append((trial, *_summary(curves.get(trial), status, tolerance)))
    return frame(rows, _TRIALS)


def _curves(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Per trial, D_t by turn, averaged over issues; missing where an issue's is missing."""
    if table.empty:
        return {}
    mean = table.groupby(["trial", "turn"])["distance"].agg(
        lambda values: values.mean(skipna=False)
    )
    issues = table.groupby(["trial", "turn"])["issue"].size()
    most = table.groupby("trial")["issue"].nunique()
    complete = issues.to_numpy() == most.reindex(issues.index.get_level_values("trial")).to_numpy()
    mean = mean[complete]
    return {str(trial): part.droplevel("trial") for trial, part in mean.groupby(level="trial")}


def _summary(curve: pd.Series | None, status: Status, tolerance: float) -> tuple[Any, ...]:
    if curve is None:
        return (nan, nan, nan, None, None, "never asked together")
    turns = [int(turn) for turn in curve.index]
    values = curve.to_numpy(dtype=float)
    start, end, last = float(values[0]), float(values[-1]), turns[-1]
    if status != "done":
        return (nan, start, nan, None, last, f"the trial is {status}")
    if np.isnan(start):
        return (nan, nan, end, None, last, "an answer is missing at the start")
    if np.isnan(end):
        return (nan, start, nan, None, last, "an answer is missing at the end")
    known = ~np.isnan(values)
    agreed: int | None = None
    for turn, value in zip(np.array(turns)[known][::-1], values[known][::-1], strict=True):
        if value > tolerance:
            break
        agreed = int(turn)
    if len(values) == 1:
        return (nan, start, end, agreed, last, "asked only once")
    if start == 0:
        return (nan, start, end, agreed, last, "no distance at the start")
    return (1 - end / start, start, end, agreed, last, None)


def _convergence(means: Floats) -> Floats:
    """C from means of (end, start)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(means[..., 1] == 0, nan, 1 - means[..., 0] / means[..., 1]))


def _ends(table: pd.DataFrame) -> Floats:
    """(D_T, D_0) of the trials that have both. A start of zero counts: it is in E[D_0]."""
    kept = table[["end", "start"]].dropna()
    return kept.to_numpy(dtype=float)


def by_arm(
    tables: Tables, tolerance: float = TOLERANCE, horizon: float | None = None
) -> pd.DataFrame:
    """One row per arm: C with a 95% interval, restricted mean time to agreement, half-life, split.

    The interval of C is a jackknife over trials with Student's t (``stats.jackknife``). The time to
    agreement is restricted to ``horizon`` (default: the last turn asked in the arm); give the same
    horizon to arms that are to be compared. ``half_life`` is NaN, and ``half_life_reason`` says
    "not identifiable", unless its interval excludes zero and infinity (``decay.half_life``).
    ``shared`` and ``interaction`` are NaN where there is no yoked arm (see ``split``).
    """
    trials = with_arms(tables.trials)
    trials = trials[trials["arm"] != YOKED]
    summary = by_trial(tables, tolerance).merge(trials[["trial", *ARM]], on="trial")
    curves = _curves(distances(tables))
    parts = {tuple(row[name] for name in ARM): row for _, row in split(tables).iterrows()}
    rows: list[dict[str, Any]] = []
    for arm, group in summary.groupby(list(ARM), sort=True):
        ends = _ends(group)
        timed = group[group["last"].notna() & group["end"].notna()]
        follow_up = float(timed["last"].max()) if len(timed) else nan
        until = follow_up if horizon is None else horizon
        happened = timed["agreed_at"].notna().to_numpy(dtype=bool)
        times = timed["agreed_at"].fillna(timed["last"]).to_numpy(dtype=float)
        kept = group.loc[group["end"].notna() & group["start"].notna(), "trial"]
        decay = half_life([curves[trial] for trial in kept])
        part = parts.get(tuple(arm))
        row: dict[str, Any] = dict(zip(ARM, arm, strict=True))
        row |= {"trials": len(group), "used": len(ends)}
        row |= _limits("c", jackknife(ends, _convergence) if len(ends) else UNKNOWN)
        row |= {"agreed": int(happened.sum()), "horizon": until}
        row |= _limits("time_to_agreement", restricted_mean_time(times, happened, until))
        row |= _limits("half_life", decay)
        row["half_life_reason"] = "not identifiable" if np.isnan(decay.estimate) else None
        for name in ("shared", "interaction"):
            for column in (name, f"{name}_low", f"{name}_high"):
                row[column] = nan if part is None else float(part[column])
        rows.append(row)
    return _table(rows, _ARM_COLUMNS)


def split(tables: Tables) -> pd.DataFrame:
    """C of each arm that has a yoked arm, in shared pull and interaction, paired by live trial.

    Only live trials whose actors all have a yoked trial are used, in all three columns, so that
    ``live = shared + interaction`` holds exactly. Intervals by the jackknife over live trials.
    """
    trials = with_arms(tables.trials)
    live = trials[trials["arm"] != YOKED]
    curves = _curves(_distances(_complete_yokes(tables)))
    of_trial = by_trial(tables).set_index("trial")
    rows: list[dict[str, Any]] = []
    for arm, group in live.groupby(list(ARM), sort=True):
        pairs = []
        for trial in group["trial"]:
            alone = _summary(curves.get(trial), "done", TOLERANCE)
            together = of_trial.loc[trial]
            pair = [together["end"], together["start"], alone[2], alone[1]]
            if not np.isnan(pair).any():
                pairs.append(pair)
        if not pairs:
            continue
        data = np.array(pairs, dtype=float)
        row: dict[str, Any] = dict(zip(ARM, arm, strict=True))
        row["pairs"] = len(pairs)
        row |= _limits("live", jackknife(data[:, :2], _convergence))
        row |= _limits("shared", jackknife(data[:, 2:], _convergence))
        row |= _limits("interaction", jackknife(data, _interaction))
        rows.append(row)
    return _table(rows, _SPLIT_COLUMNS)


def _interaction(means: Floats) -> Floats:
    return _convergence(means[..., :2]) - _convergence(means[..., 2:])


def _complete_yokes(tables: Tables) -> pd.DataFrame:
    """Yoked answers under the live trial's id, where each of its actors was played alone."""
    yoked = tables.trials[(tables.trials["arm"] == YOKED) & (tables.trials["status"] == "done")]
    actors = tables.cast.groupby("trial")["actor"].agg(frozenset).to_dict()
    focal = yoked.groupby("of")["focal"].agg(frozenset).to_dict()
    complete = {trial for trial, names in focal.items() if names == actors.get(trial)}
    found = _answers(tables, yoked=True)
    return found[found["trial"].isin(complete)]


def compare(tables: Tables, a: str, b: str) -> pd.DataFrame:
    """C of model ``a`` minus C of model ``b``: one row for each scenario and its parameters.

    Trials are paired by seed; pairs with a missing member are left out and counted. The interval is
    a jackknife over pairs with Student's t, p is exact (or Monte Carlo for more than 14 pairs) by
    exchanging the members of pairs (``stats.sign_flip``).
    """
    trials = with_arms(tables.trials)
    trials = trials[trials["arm"] != YOKED]
    summary = by_trial(tables).merge(trials[["trial", "seed", *ARM]], on="trial")
    keys = ["scenario", "parameters", "arm"]
    columns = [*keys, "seed", "start", "end"]
    sides = [summary.loc[summary["model"] == model, columns] for model in (a, b)]
    paired = sides[0].merge(sides[1], on=[*keys, "seed"], suffixes=("_a", "_b"))
    rows: list[dict[str, Any]] = []
    for group, pairs in paired.groupby(keys, sort=True):
        data = pairs[["end_a", "start_a", "end_b", "start_b"]].dropna().to_numpy(dtype=float)
        row: dict[str, Any] = dict(zip(keys, group, strict=True))
        row |= {"a": a, "b": b, "pairs": len(data), "left_out": len(pairs) - len(data)}
        row["c_a"] = float(_convergence(data[:, :2].mean(axis=0))) if len(data) else nan
        row["c_b"] = float(_convergence(data[:, 2:].mean(axis=0))) if len(data) else nan
        row |= _limits("difference", jackknife(data, _interaction))
        row["p"] = sign_flip(data[:, :2], data[:, 2:], _convergence)
        rows.append(row)
    return _table(rows, _COMPARE_COLUMNS)


def _limits(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _three(*names: str) -> dict[str, str]:
    return {f"{name}{end}": "float64" for name in names for end in ("", "_low", "_high")}


_ARM_COLUMNS = (
    dict.fromkeys(ARM, "str")
    | {"trials": "Int64", "used": "Int64"}
    | _three("c")
    | {"agreed": "Int64", "horizon": "float64"}
    | _three("time_to_agreement", "half_life")
    | {"half_life_reason": "str"}
    | _three("shared", "interaction")
)
_SPLIT_COLUMNS = (
    dict.fromkeys(ARM, "str") | {"pairs": "Int64"} | _three("live", "shared", "interaction")
)
_COMPARE_COLUMNS = (
    dict.fromkeys(("scenario", "parameters", "arm", "a", "b"), "str")
    | {"pairs": "Int64", "left_out": "Int64", "c_a": "float64", "c_b": "float64"}
    | _three("difference")
    | {"p": "float64"}
)


def _table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return frame([[row[name] for name in columns] for row in rows], columns)
