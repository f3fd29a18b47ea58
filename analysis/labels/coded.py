"""What people gave: labels by coder, how far they agree, and how far the judge agrees with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.labels.folder import given_labels, plan_of, read_key, read_shown, rewrite_key
from analysis.labels.population import Population
from analysis.labels.repair import Repair, repair
from analysis.labels.sample import Plan
from analysis.labels.sheet import Question
from analysis.stats import Floats, Interval
from analysis.stats.agreement import reliability
from analysis.stats.prediction_powered import Sample, from_labels
from sim.errors import BadRequest

CHOSE = "chose_threshold"
"""The field of a key that says that these labels have chosen a threshold."""

BLIND = "blind"
"""The field of a key that says whether labels are given blind, on lines drawn by chance."""


@dataclass(frozen=True)
class Labels:
    """The labels of a draw.

    ``drawn`` has a row for each line that was drawn: ``id``, ``trial``, ``turn``, ``actor``,
    ``arm``, ``probability`` and ``stratum`` of its unit, and the judge's ``score`` (NaN without
    one). ``by_coder`` are the labels of each coder by id. ``chose_threshold``: the labels have
    chosen a threshold, so they may not repair. Not ``blind``: they were given in the viewer, on
    lines that coders chose (``analysis.labels.marked``).
    """

    question: Question
    plan: Plan
    population: Population
    drawn: pd.DataFrame
    by_coder: Mapping[str, Mapping[str, str]]
    chose_threshold: bool = False
    blind: bool = True

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each coder and a column for each drawn line: the label, or missing."""
        rows = {
            coder: [labels.get(each) for each in self.drawn["id"]]
            for coder, labels in self.by_coder.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(self.drawn["id"]),
                                      dtype="object")  # fmt: skip

    @property
    def agreement(self) -> Interval:
        """Krippendorff's alpha of the coders over the lines that two or more labelled, with a
        bootstrap interval over scenes: nominal, or of the interval scale for numbers. It is that of
        the lines that were drawn, not of all. NaN with fewer than two coders."""
        if len(self.table) < 2:
            return Interval(nan, nan, nan)
        clusters = list(self.drawn["trial"])
        if self.question.numeric:
            numbers = self.table.map(float, na_action="ignore")
            return reliability(numbers, "interval", clusters=clusters)
        return reliability(self.table, clusters=clusters)

    @property
    def twice(self) -> int:
        """How many lines two coders or more labelled."""
        return int((self.table.notna().sum() >= 2).sum())

    @property
    def confusion(self) -> pd.DataFrame:
        """How often a coder said one thing (rows) and a later one another (columns), over all pairs
        of coders in the order of their names."""
        values = list(self.question.values)
        counts = np.zeros((len(values), len(values)), dtype=np.int64)
        for one, other in combinations(sorted(self.by_coder), 2):
            second = self.by_coder[other]
            for identity, label in self.by_coder[one].items():
                if identity in second:
                    counts[values.index(label), values.index(second[identity])] += 1
        return pd.DataFrame(counts, index=values, columns=values)

    @cached_property
    def values(self) -> Floats:
        """The label of each drawn line as a number: the mean over its coders, NaN without one."""
        numbers = self.table.map(self.question.number_of, na_action="ignore")
        return np.asarray(numbers.astype("float64").mean(axis=0), dtype=np.float64)

    @property
    def errors(self) -> dict[str, Interval]:
        """The judge against the coders' majority, as shares of all lines: ``sensitivity`` and
        ``false_alarms``. From labels alone, weighed by 1 / probability, with Korn and Graubard's
        limits. Missing without a judge, for means, and for whole scenes, whose lines are not all
        coded, and for labels that are not blind, which stand for no other lines."""
        if not self.blind or not self._judged:
            return {}
        calls = self.drawn["score"] >= self.plan.threshold
        called: Floats = np.asarray(calls, dtype=np.float64)
        found = {}
        for name, kept in (
            ("sensitivity", self.values >= 0.5),
            ("false_alarms", self.values < 0.5),
        ):
            own = np.flatnonzero(kept)
            chance = self.drawn["probability"].to_numpy(dtype=np.float64)[own]
            clusters = list(self.drawn["trial"].iloc[own])
            found[name] = from_labels(Sample(called[own], called[own], chance, clusters))
        return found

    @property
    def _judged(self) -> bool:
        """Whether there are calls of a judge to be laid beside the labels."""
        return bool(
            self.population.instruments and not self.question.numeric
            and not self.plan.whole_scenes
        )  # fmt: skip

    @property
    def beside_judge(self) -> pd.DataFrame:
        """How many of the labelled lines the coders' majority (rows) and the judge (columns) take
        for an event, of those of which the judge says anything; no rows without a judge. These
        are counts of these lines alone, whatever way they came to be labelled."""
        names = ["event", "none"]
        if not self._judged:
            return pd.DataFrame(columns=names, dtype="int64")
        score = self.drawn["score"].to_numpy(dtype=np.float64)
        known = ~np.isnan(score) & ~np.isnan(self.values)
        said, called = self.values[known] >= 0.5, score[known] >= self.plan.threshold
        counts = [[int((said == one).sum() and (called[said == one] == other).sum())
                   for other in (True, False)] for one in (True, False)]  # fmt: skip
        return pd.DataFrame(counts, index=names, columns=names)

    def repair(
        self, *, by: str | None = None, against: str | None = None, not_blind: bool = False
    ) -> Repair:
        """The judge's estimates, repaired, and the differences between arms: see
        ``analysis.labels.repair``.

        With ``by`` arms are compared that differ in this fact alone, with those whose value is
        ``against``; without, all with the first. With ``not_blind`` labels of the viewer count as
        if their lines had been drawn by chance in each arm, which nothing shows. Raises
        ``BadRequest`` if the labels have chosen a threshold, if nothing is labelled, or if labels
        are not blind and may not be used so.
        """
        if not self.blind and not not_blind:
            raise BadRequest(
                "these labels were not given blind, and on lines that coders chose: they may not "
                "repair; draw lines with elsinore label draw, or add --not-blind"
            )
        if self.chose_threshold or self.plan.tuning:
            raise BadRequest(
                "these labels chose a threshold (or were drawn for it, --tuning) and may not "
                "repair: the judge would look better on them than it is; draw others"
            )
        return repair(self, by=by, against=against)


def read(folder: Path | str, *, event: str = "") -> Labels:
    """The labels in a folder, from sheets and from the terminal, whatever is there by now.

    ``event`` is the value whose share is wanted, if it is not that of the draw. Raises
    ``BadRequest`` for a cell that cannot be read, or if nothing is labelled.
    """
    shown, key = read_shown(folder), read_key(folder)
    labels = given_labels(folder, shown)
    if not labels:
        raise BadRequest(
            f"{folder}: nothing is labelled yet; fill in a sheet (saved as CSV), or run "
            "elsinore label code"
        )
    question = shown.question
    if event:
        question = Question(question.text, question.values, event)
    lines = pd.DataFrame({name: key["lines"][name] for name in ("trial", "turn", "actor")})
    for name in key["instruments"]:
        lines[name] = np.array(key["lines"]["scores"][name], dtype=np.float64)
    facts = {trial: each["facts"] for trial, each in key["trials"].items()}
    seeds = {trial: int(each["seed"]) for trial, each in key["trials"].items()}
    topics = {trial: str(each["topic"]) for trial, each in key["trials"].items()}
    population = Population(lines, tuple(key["instruments"]), facts, seeds, topics)
    drawn = pd.DataFrame(key["drawn"]).merge(lines, on=["trial", "turn"], how="left")
    judge = population.instruments[0] if population.instruments else None
    drawn = drawn.assign(
        arm=drawn["trial"].map(population.arms()), score=drawn[judge] if judge else nan
    )
    return Labels(
        question, plan_of(key), population, drawn, labels, bool(key.get(CHOSE)),
        bool(key.get(BLIND, True)),
    )  # fmt: skip


def choose_threshold(folder: Path | str) -> float:
    """The judge's threshold with the highest F1 against the labels, weighed by 1 / probability.

    The folder is marked: its labels have been used up and may not repair any more. Raises
    ``BadRequest`` if there is no judge, if the question asks for a mean, if no event was labelled,
    or if labels are not blind.
    """
    found = read(folder)
    if not found.blind:
        raise BadRequest(
            "--choose-threshold: these labels were not given blind, and on lines that coders "
            "chose; draw lines with elsinore label draw"
        )
    if not found.population.instruments or found.question.numeric:
        raise BadRequest("--choose-threshold: there is no judge, or the question is not of a share")
    labelled = ~np.isnan(found.values) & found.drawn["score"].notna().to_numpy()
    event = found.values[labelled] >= 0.5
    if not event.any():
        raise BadRequest("--choose-threshold: no event was labelled")
    score = found.drawn["score"].to_numpy(dtype=np.float64)[labelled]
    weight = 1 / found.drawn["probability"].to_numpy(dtype=np.float64)[labelled]
    best, most = nan, -1.0
    for threshold in np.unique(score):
        called = score >= threshold
        hits = float(weight[called & event].sum())
        f1 = 2 * hits / float(weight[called].sum() + weight[event].sum())
        if f1 > most:
            best, most = float(threshold), f1
    rewrite_key(folder, {**read_key(folder), CHOSE: True})
    return best
