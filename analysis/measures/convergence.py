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

from collections.abc import Iterable
from functools import cached_property
from itertools import combinations
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.measures.half_life import half_life
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import (
    UNKNOWN,
    Floats,
    Interval,
    clopper_pearson,
    jackknife,
    restricted_mean_time,
    sign_flip,
)
from analysis.tables import ARM, Data, Tables, frame, with_arms
from sim.events import Status
from sim.planning.trials import YOKED

TOLERANCE = 0.25
"""Stances this close count as agreement: one step of the embedded stage's grid of nine."""

_DISTANCES = {"trial": "str", "issue": "str", "turn": "Int64", "distance": "float64"}


class Convergence(Result):
    """How far the actors' stances come together.

    ``tolerance`` is the distance of stances up to which actors agree. The time to agreement is
    restricted to ``horizon`` turns (None: the last turn asked in each arm); give the same horizon
    to arms that are to be compared.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> answers = [Answer(t, a, "stance:x", x) for t, a, x in
    ...            [(0, "A", -1.0), (0, "B", 1.0), (3, "A", 0.0), (3, "B", 0.2)]]
    >>> result = Convergence(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], answers)]))
    >>> result.by_turn["distance"].to_list()
    [2.0, 0.2]
    >>> row = result.by_trial.iloc[0]
    >>> float(row.c), float(row.start), int(row.agreed_at)
    (0.9, 2.0, 3)
    >>> result.estimate("c").value
    0.9
    """

    measure = "convergence"
    evidence = "P"
    more_keys: ClassVar = {"turn": {"issue": "str"}}
    turn: ClassVar[Quantities] = {
        "distance": Quantity(
            "D_t: mean distance of stances over pairs of actors; missing where an answer is",
            low=0,
            high=2,
        )
    }
    trial: ClassVar[Quantities] = {
        "c": Quantity("1 - D_T / D_0: 1 is consensus, 0 none, negative a drift apart", high=1),
        "start": Quantity("D_0: the distance at the first turn asked", low=0, high=2),
        "end": Quantity("D_T: the distance at the last turn asked", low=0, high=2),
        "agreed_at": Quantity(
            "the first turn asked from which D_t stays within the tolerance up to the end", "onset"
        ),
        "last": Quantity("the last turn asked", "count"),
        "reason": Quantity("why something is missing", "text"),
    }
    arm: ClassVar[Quantities] = {
        "c": Quantity("1 - E[D_T] / E[D_0]: a ratio of means over trials", high=1),
        "agreed": Quantity("share of trials that end in agreement", "share", low=0, high=1),
        "time_to_agreement": Quantity("restricted mean time to agreement, in turns", low=0),
        "half_life": Quantity("turns in which the distance to D_inf halves", low=0),
        "shared": Quantity("C of yoked trials: the pull that the stage has on everybody", high=1),
        "interaction": Quantity("C of live trials less C of their yoked trials"),
    }

    def __init__(
        self, data: Data, tolerance: float = TOLERANCE, horizon: float | None = None
    ) -> None:
        super().__init__(data)
        self.tolerance = tolerance
        self.horizon = horizon

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for row in self._table.itertuples(index=False):
            yield (row.trial, row.turn, None, row.issue, row.distance)

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        live = self.tables.trials[self.tables.trials["arm"] != YOKED]
        for trial, status in zip(live["trial"], live["status"], strict=True):
            yield (trial, *_summary(self._curves.get(trial), status, self.tolerance))

    def _arms(self) -> Iterable[ArmEstimate]:
        trials = with_arms(self.tables.trials)
        summary = self.by_trial.merge(trials[["trial", *ARM]], on="trial")
        for values, rows in summary.groupby(list(ARM), sort=True):
            arm = tuple(map(str, values))
            ends = _ends(rows)
            convergence = jackknife(ends, _convergence) if len(ends) else UNKNOWN
            yield ArmEstimate(arm, "c", self.made("c", convergence, len(ends)))
            yield from self._agreement(arm, rows)
            kept = rows.loc[rows["end"].notna() & rows["start"].notna(), "trial"]
            decay = half_life([self._curves[trial] for trial in kept])
            note = "not identifiable" if np.isnan(decay.estimate) else ""
            yield ArmEstimate(arm, "half_life", self.made("half_life", decay, len(kept), note=note))
            split = self._splits.get(arm)
            for name in ("shared", "interaction"):
                interval = UNKNOWN if split is None else getattr(split, name)
                pairs = 0 if split is None else split.pairs
                note = "" if pairs else "no yoked trials"
                yield ArmEstimate(arm, name, self.made(name, interval, pairs, note=note))

    def _agreement(self, arm: Arm, rows: pd.DataFrame) -> Iterable[ArmEstimate]:
        """Whether and when the trials of an arm agree, censored at the last turn asked."""
        timed = rows[rows["last"].notna() & rows["end"].notna()]
        happened = timed["agreed_at"].notna().to_numpy(dtype=bool)
        times = timed["agreed_at"].fillna(timed["last"]).to_numpy(dtype=float)
        until = self.horizon
        if until is None:
            until = float(timed["last"].max()) if len(timed) else nan
        agreed = clopper_pearson(int(happened.sum()), len(timed))
        yield ArmEstimate(arm, "agreed", self.made("agreed", agreed, len(timed)))
        mean = restricted_mean_time(times, happened, until)
        note = f"restricted to {until:g} turns" if len(timed) else "no trial has both ends"
        yield ArmEstimate(
            arm, "time_to_agreement", self.made("time_to_agreement", mean, len(timed), note=note)
        )

    def _compare(self, a: str, b: str) -> Iterable[tuple[Any, ...]]:
        for pair in self.paired(a, b, ["end", "start"]):
            both = np.hstack([pair.first, pair.second])
            means = [
                float(_convergence(side.mean(axis=0))) if len(side) else nan
                for side in (pair.first, pair.second)
            ]
            yield self.comparison(
                "c",
                a,
                b,
                pair,
                values=(means[0], means[1]),
                interval=jackknife(both, _interaction),
                p=sign_flip(pair.first, pair.second, _convergence),
            )

    @cached_property
    def _table(self) -> pd.DataFrame:
        return distances(self.tables)

    @cached_property
    def _curves(self) -> dict[str, pd.Series]:
        return _curves(self._table)

    @cached_property
    def _splits(self) -> dict[Arm, Split]:
        """C of each arm that has yoked trials, in shared pull and interaction, by live trial.

        Only live trials whose actors all have a yoked trial are used, in all three numbers, so that
        ``live = shared + interaction`` holds exactly. Intervals by the jackknife over live trials.
        """
        trials = with_arms(self.tables.trials)
        live = trials[trials["arm"] != YOKED]
        alone = _curves(_distances(_complete_yokes(self.tables)))
        together = self.by_trial.set_index("trial")
        splits: dict[Arm, Split] = {}
        for arm, rows in live.groupby(list(ARM), sort=True):
            pairs = []
            for trial in rows["trial"]:
                _, start, end, *_ = _summary(alone.get(trial), "done", TOLERANCE)
                pair = [together.loc[trial, "end"], together.loc[trial, "start"], end, start]
                if not np.isnan(pair).any():
                    pairs.append(pair)
            if pairs:
                data = np.array(pairs, dtype=float)
                splits[tuple(map(str, arm))] = Split(
                    len(pairs),
                    jackknife(data[:, :2], _convergence),
                    jackknife(data[:, 2:], _convergence),
                    jackknife(data, _interaction),
                )
        return splits


class Split(NamedTuple):
    """An arm's convergence, parted: of live trials, of the same with partners yoked, the rest."""

    pairs: int
    live: Interval
    shared: Interval
    interaction: Interval


def distances(tables: Tables) -> pd.DataFrame:
    """D_t per trial, issue and turn, missing (NaN) where an actor's answer is missing.

    Probes are read; gauges only in trials that have no probes.
    """
    return _distances(_answers(tables, yoked=False))


def _answers(tables: Tables, *, yoked: bool) -> pd.DataFrame:
    """Stance answers of one kind of arm, one row per trial, issue, turn and actor."""
    trials = tables.trials
    chosen = trials[(trials["arm"] == YOKED) == yoked][["trial", "focal", "of"]]
    answers = tables.answers[tables.answers["key"].str.startswith("stance:")]
    answers = answers.merge(chosen, on="trial")
    if yoked:
        answers = answers[answers["actor"] == answers["focal"]].assign(trial=lambda t: t["of"])
    probed = set(answers.loc[~answers["gauge"], "trial"])
    answers = answers[~answers["gauge"] | ~answers["trial"].isin(probed)]
    answers = answers.assign(
        value=pd.to_numeric(answers["value"], errors="raise").astype("float64"),
        issue=answers["key"].str.removeprefix("stance:"),
    )
    # Samples of one answer are averaged; a missing sample leaves the others.
    means = answers.groupby(["trial", "issue", "turn", "actor"])["value"].mean()
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
    rows: pd.DataFrame = wide.index.to_frame(index=False)
    rows["distance"] = total / np.maximum(everyone * (everyone - 1) / 2, 1)
    return rows.astype({"turn": "Int64"})


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


def _interaction(means: Floats) -> Floats:
    return _convergence(means[..., :2]) - _convergence(means[..., 2:])


def _complete_yokes(tables: Tables) -> pd.DataFrame:
    """Yoked answers under the live trial's id, where each of its actors was played alone."""
    yoked = tables.trials[(tables.trials["arm"] == YOKED) & (tables.trials["status"] == "done")]
    actors = tables.cast.groupby("trial")["actor"].agg(frozenset).to_dict()
    focal = yoked.groupby("of")["focal"].agg(frozenset).to_dict()
    complete = {trial for trial, names in focal.items() if names == actors.get(trial)}
    answers = _answers(tables, yoked=True)
    return answers[answers["trial"].isin(complete)]
