"""Do the actors' stances come together?

*Evidence*: P, the off-stage answers to ``stance:ISSUE``.

*Definition.* D_t is the mean of |x_i - x_j| over all pairs of actors, averaged over issues, at a
turn t at which every actor was asked. A trial converges by c = 1 - D_T/D_0; an arm by
C = 1 - E[D_T]/E[D_0], a ratio of means, since the mean of ratios is ruled by the trials that
started with hardly any distance. C = 1 is consensus, 0 none, negative a drift apart.

*Null.* Three surrogates, in which nobody is answered. *Yoked*: each actor is played alone against
partners whose lines were replaced by lines on other topics. What is left there is the *shared pull*
(the stage draws everybody to one place); live less yoked is *interaction*. *Mute*: the same with
partners who say nothing (``alone``). *Shuffled*: A of one trial beside B of another (``chance``),
which needs no more trials; live less shuffled is *coupling*, and leaves out what pulls every pair
to the same place (``convergence_controls``).

*References.* DeGroot 1974; Friedkin and Johnsen 1990; arXiv 2601.21540; arXiv 2510.25110.

Missing is not zero: where one actor's answer is missing, so is D_t, and with it c if t is the first
or the last turn asked. ``reason`` says which.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import combinations, pairwise
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.measures.convergence_controls import (
    Ends,
    difference_of_ratios,
    played_alone,
    ratio_of_ends,
    shuffled,
    stances,
)
from analysis.measures.half_life import half_life
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import (
    UNKNOWN,
    Floats,
    clopper_pearson,
    jackknife,
    restricted_mean_time,
    sign_flip,
)
from analysis.tables import ARM, Data, Tables, frame, with_arms
from sim.events import Status
from sim.planning.trials import LIVE, MUTE, SURROGATES, YOKED

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
        "alone": Quantity("C of mute trials: where actors drift to if nobody speaks", high=1),
        "chance": Quantity("C of actors who are paired with those of other trials", high=1),
        "coupling": Quantity("C of live trials less that of pairs from different trials"),
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
        live = self.tables.trials[~self.tables.trials["arm"].isin(SURROGATES)]
        for trial, status in zip(live["trial"], live["status"], strict=True):
            yield (trial, *_summary(self._curves.get(trial), status, self.tolerance))

    def _arms(self) -> Iterable[ArmEstimate]:
        trials = with_arms(self.tables.trials)
        summary = self.by_trial.merge(trials[["trial", *ARM]], on="trial")
        for values, rows in summary.groupby(list(ARM), sort=True):
            arm = tuple(map(str, values))
            ends = _ends(rows)
            convergence = jackknife(ends, ratio_of_ends) if len(ends) else UNKNOWN
            yield ArmEstimate(arm, "c", self.made("c", convergence, len(ends)))
            yield from self._agreement(arm, rows)
            kept = rows.loc[rows["end"].notna() & rows["start"].notna(), "trial"]
            decay = half_life([self._curves[trial].series() for trial in kept])
            note = "not identifiable" if np.isnan(decay.estimate) else ""
            yield ArmEstimate(arm, "half_life", self.made("half_life", decay, len(kept), note=note))
            yield from self._controls(arm, list(rows["trial"]))

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

    def _controls(self, arm: Arm, trials: list[str]) -> Iterable[ArmEstimate]:
        """C where nobody answers: yoked, mute and shuffled partners. Surrogates have none."""
        live = {trial: self._live_ends[trial] for trial in trials if trial in self._live_ends}
        for kind, names in ((YOKED, ("shared", "interaction")), (MUTE, ("alone",))):
            found = played_alone(live, self._surrogate_ends[kind])
            intervals = (found.alone, found.rest) if found else (UNKNOWN, UNKNOWN)
            pairs, note = (found.pairs, "") if found else (0, f"no {kind} trials")
            for name, interval in zip(names, intervals, strict=False):
                yield ArmEstimate(arm, name, self.made(name, interval, pairs, note=note))
        paired, why = shuffled(self._courses.loc[self._courses["trial"].isin(set(live))])
        for name, interval in (("chance", paired.chance), ("coupling", paired.coupling)):
            yield ArmEstimate(arm, name, self.made(name, interval, paired.trials, note=why))

    def _compare(self, a: str, b: str) -> Iterable[tuple[Any, ...]]:
        for pair in self.paired(a, b, ["end", "start"]):
            both = np.hstack([pair.first, pair.second])
            means = [
                float(ratio_of_ends(side.mean(axis=0))) if len(side) else nan
                for side in (pair.first, pair.second)
            ]
            yield self.comparison(
                "c",
                a,
                b,
                pair,
                values=(means[0], means[1]),
                interval=jackknife(both, difference_of_ratios),
                p=sign_flip(pair.first, pair.second, ratio_of_ends),
            )

    @cached_property
    def _table(self) -> pd.DataFrame:
        return distances(self.tables)

    @cached_property
    def _curves(self) -> dict[str, Curve]:
        return _curves(self._table)

    @cached_property
    def _courses(self) -> pd.DataFrame:
        """The stances of live trials, where all actors were asked."""
        return stances(self.tables, LIVE)

    @cached_property
    def _live_ends(self) -> dict[str, Ends]:
        rows = self.by_trial[["trial", "end", "start"]].dropna()
        return {trial: (end, start) for trial, end, start in rows.itertuples(index=False)}

    @cached_property
    def _surrogate_ends(self) -> dict[str, dict[str, Ends]]:
        """(D_T, D_0) of the surrogates of each live trial, by their kind."""
        found: dict[str, dict[str, Ends]] = {}
        for kind in SURROGATES:
            curves = _curves(_distances(stances(self.tables, kind)))
            ends = {trial: _summary(curve, "done", nan)[1:3] for trial, curve in curves.items()}
            found[kind] = {trial: (end, start) for trial, (start, end) in ends.items()
                           if not np.isnan([start, end]).any()}  # fmt: skip
        return found


def distances(tables: Tables) -> pd.DataFrame:
    """D_t per trial, issue and turn, missing (NaN) where an actor's answer is missing.

    Probes are read; gauges only in trials that have no probes.
    """
    return _distances(stances(tables, LIVE))


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


class Curve(NamedTuple):
    """D_t of a trial: the turns, and the distance at each."""

    turns: list[int]
    values: Floats

    def series(self) -> pd.Series[float]:
        """The distances, with the turns as their index."""
        return pd.Series(self.values, self.turns)


def _curves(table: pd.DataFrame) -> dict[str, Curve]:
    """Per trial, D_t by turn, averaged over issues; missing where an issue's is missing."""
    if table.empty:
        return {}
    keys = [table["trial"], table["turn"]]
    mean = table["distance"].groupby(keys).mean()
    # Two steps, since a function that is called for each turn takes a second for 10,000 trials.
    mean[table["distance"].isna().groupby(keys).any()] = nan
    issues = table.groupby(["trial", "turn"])["issue"].size()
    most = table.groupby("trial")["issue"].nunique()
    complete = issues.to_numpy() == most.reindex(issues.index.get_level_values("trial")).to_numpy()
    mean = mean[complete]
    trials = mean.index.get_level_values("trial").astype(str).to_list()
    turns = mean.index.get_level_values("turn").to_list()
    values = mean.to_numpy(dtype=float)
    # The rows of a trial follow one another. pandas' own groups take seconds for 10,000 trials.
    starts = [
        place for place, trial in enumerate(trials) if not place or trials[place - 1] != trial
    ]
    return {
        trials[start]: Curve(list(map(int, turns[start:end])), values[start:end])
        for start, end in pairwise([*starts, len(trials)])
    }


def _summary(curve: Curve | None, status: Status, tolerance: float) -> tuple[Any, ...]:
    if curve is None:
        return (nan, nan, nan, None, None, "never asked together")
    turns, values = curve
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


def _ends(table: pd.DataFrame) -> Floats:
    """(D_T, D_0) of the trials that have both. A start of zero counts: it is in E[D_0]."""
    kept = table[["end", "start"]].dropna()
    return kept.to_numpy(dtype=float)
