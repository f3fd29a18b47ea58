"""The one shape of results: what every measure says, at five levels.

A measure is a class. Made from tables, it answers ``by_turn``, ``by_actor``, ``by_trial``,
``by_arm`` and ``null`` with a table each, and ``compare(a, b)`` with another. Tables of turns,
actors and trials have the columns that tell the row (``trial``, ``turn``, ``actor``), and a column
for each quantity that the measure declares for that level. Tables of arms have one row for each arm
and quantity, and the same columns whatever the measure: they are made of ``Estimate`` values.
Whoever draws or prints a result reads this, and needs to know no measure by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.calibration.errors import error_on
from analysis.estimates import ESTIMATE, Estimate, Quantities, Quantity, cells
from analysis.figures import forest_of_arms
from analysis.spreading import Divisible, Level
from analysis.stats import (
    Floats,
    Interval,
    bounded_mean_interval,
    clopper_pearson,
    few_and_skewed,
    paired_difference,
    sign_flip,
)
from analysis.tables import ARM, Data, frame, load, with_arms
from sim.errors import BadRequest
from sim.html import Figure, Table, element, fragment, table
from sim.planning.trials import LIVE, SURROGATES
from sim.text.suggestions import nearest

Arm = tuple[str, ...]
"""What tells an arm: the values of ``analysis.tables.ARM``."""

KEYS: Mapping[Level, Mapping[str, str]] = {
    "turn": {"trial": "str", "turn": "Int64", "actor": "str"},
    "actor": {"trial": "str", "actor": "str"},
    "trial": {"trial": "str"},
}
"""The columns that tell the rows of each level; a measure may add some (``issue``, say)."""

GROUP = tuple(name for name in ARM if name != "model")
"""What two models have to share to be compared."""

COMPARISON: Mapping[str, str] = {
    **dict.fromkeys((*GROUP, "quantity", "a", "b"), "str"),
    **dict.fromkeys(("pairs", "left_out"), "Int64"),
    **dict.fromkeys(("value_a", "value_b", "difference", "low", "high", "p"), "float64"),
    "evidence": "str",
}
"""The columns of ``Result.compare``."""


class ArmEstimate(NamedTuple):
    """An estimate of a quantity in an arm: a row of ``by_arm``."""

    arm: Arm
    quantity: str
    estimate: Estimate


class Paired(NamedTuple):
    """The trials of two models that share the seed and everything in ``GROUP``.

    ``first`` and ``second`` are pairs by variables, without those in which something is missing;
    ``left_out`` counts these.
    """

    group: tuple[str, ...]
    first: Floats
    second: Floats
    left_out: int


class Result(Divisible):
    """What a measure says of some trials. Every measure is one of these.

    Subclasses declare the quantities of each level and give the rows: ``_turns``, ``_actors``,
    ``_trials``, ``_arms`` and ``_nulls``. What a subclass does not give follows from the level
    below: a trial has the mean of its actors, an arm the mean of its trials with an interval, and
    two models are compared by the means of their trials, paired by seed.
    """

    measure: ClassVar[str]
    """The name, as in ``analysis.NAME(tables)``."""

    evidence: str
    """What it reads: T (text), P (answers off stage), J (a judge) or L (log-probabilities); of
    measures that can read several, what this one reads."""

    turn: ClassVar[Quantities] = {}
    actor: ClassVar[Quantities] = {}
    trial: ClassVar[Quantities] = {}
    arm: ClassVar[Quantities] = {}
    """The quantities of each level."""

    more_keys: ClassVar[Mapping[Level, Mapping[str, str]]] = {}
    """Columns that tell rows, beside ``KEYS``."""

    def __init__(self, data: Data) -> None:
        whole = load(data)
        self.tables = whole.measured()
        self.left_out = whole.left_out
        """Trials that were torn off or failed, by status: they are not measured."""

    # --- The protocol ----------------------------------------------------------------------------

    @cached_property
    def by_turn(self) -> pd.DataFrame:
        """One row for each turn at which there is something to say; see ``turn`` for the columns.

        ``actor`` is missing where a row is about all. Empty if the measure has no such level.
        """
        return frame(self._level_rows("turn"), self._columns("turn"))

    @cached_property
    def by_actor(self) -> pd.DataFrame:
        """One row for each actor of each trial; see ``actor`` for the columns."""
        return frame(self._level_rows("actor"), self._columns("actor"))

    @cached_property
    def by_trial(self) -> pd.DataFrame:
        """One row for each trial; see ``trial`` for the columns."""
        return frame(self._level_rows("trial"), self._columns("trial"))

    @cached_property
    def by_arm(self) -> pd.DataFrame:
        """One row for each arm and quantity: the arm, the quantity, the columns of ``ESTIMATE``."""
        columns = dict.fromkeys((*ARM, "quantity"), "str") | dict(ESTIMATE)
        rows = [(*each.arm, each.quantity, *cells(each.estimate)) for each in self.estimates]
        return frame(rows, columns)

    @cached_property
    def null(self) -> pd.DataFrame:
        """What the measure says where there is nothing: the rows of ``by_arm`` that have a null.

        ``value`` is what was observed; ``null``, ``null_low`` and ``null_high`` are the mean and
        the 95% range of the same procedure on data in which what it looks for was destroyed.
        """
        columns = [*ARM, "quantity", "value", "null", "null_low", "null_high"]
        return self.by_arm.loc[self.by_arm["null"].notna(), columns].reset_index(drop=True)

    def compare(self, a: str, b: str, by: str = "model") -> pd.DataFrame:
        """Model ``a`` less model ``b``: one row for each group of arms (``GROUP``) and quantity.

        With ``by`` another fact (``layout``, say), ``a`` and ``b`` are values of it; with the name
        of a parameter, they are values as JSON (``"true"``, ``"8"``, ``'"blunt"'``).
        Trials are paired by seed; pairs with a missing member are left out and counted. The
        interval is 95%, over pairs; p is two-sided, by exchanging the members of pairs
        (``analysis.stats.sign_flip``). Raises ``BadRequest`` if a model played nothing here. The
        columns are those of ``COMPARISON``.
        """
        if by != "model":
            return self._beside(by).compare(a, b)
        known = list(dict.fromkeys(self.tables.trials["model"]))
        for model in (a, b):
            if model not in known:
                raise BadRequest(
                    f"{self.measure}.compare: {model!r} played no trial here; "
                    f"use one of {', '.join(map(str, known)) or 'none'}"
                )
        return frame(list(self._compare(a, b)), COMPARISON)

    def _beside(self, fact: str) -> Result:
        """The same result with another fact where the model stands (a column of ``ARM`` or a
        parameter), and the model in the place of that fact: what was measured of each trial stays.

        A scenario has parameters and versions of its own, so these do not tell arms then. Raises
        ``BadRequest`` for what is no fact of these trials.
        """
        if fact == "model":
            return self
        trials = self.tables.trials
        with_facts = with_arms(trials)
        models = with_facts["model"].astype("str")
        given: list[Any] = [dict(each) for each in trials["parameters"]]
        known = sorted({name for each in given for name in each})
        if fact in ARM and fact != "parameters":
            changed = trials.assign(model=with_facts[fact].astype("str"), stage=models)
            changed[fact] = models
            if fact == "scenario":
                changed["version"] = ""
                given = [{} for _ in given]
        elif fact in known:
            values = [json.dumps(each.pop(fact, None), sort_keys=True) for each in given]
            for each, model in zip(given, trials["model"], strict=True):
                each["model"] = str(model)
            changed = trials.assign(model=pd.Series(values, index=trials.index, dtype="str"))
        else:
            facts = [*(name for name in ARM if name != "parameters"), *known]
            raise BadRequest(f"--by {fact}: trials do not differ in it{nearest(fact, facts)}")
        changed["parameters"] = pd.Series(given, index=trials.index, dtype="object")
        beside = copy(self)
        for name in ("estimates", "by_arm", "_by_seed"):
            beside.__dict__.pop(name, None)
        beside.tables = replace(self.tables, trials=changed)
        return beside

    # --- Estimates as values ---------------------------------------------------------------------

    @cached_property
    def estimates(self) -> tuple[ArmEstimate, ...]:
        """The estimates of all arms."""
        stages = self.stages_of_arms()
        return tuple(
            each._replace(estimate=self._with_error(each, stages.get(each.arm, ())))
            for each in self._arms()
        )

    def _with_error(self, each: ArmEstimate, stages: Sequence[str]) -> Estimate:
        """The estimate with the error of the instrument, if that is known on the arm's one stage
        (``elsinore calibrate``)."""
        estimate = each.estimate
        if estimate.instrument_error is not None or len(stages) != 1:
            return estimate
        error = error_on(self.measure, each.quantity, stages[0], self.reads_by)
        return estimate if error is None else replace(estimate, instrument_error=error)

    @property
    def reads_by(self) -> str:
        """The evidence by name, of a measure that may read several; else blank."""
        return ""

    def stages_of_arms(self) -> dict[Arm, tuple[str, ...]]:
        """The stages that played each arm."""
        trials = dict(zip(self.tables.trials["trial"], self.tables.trials["stage"], strict=True))
        found: dict[Arm, dict[str, None]] = {}
        for trial, arm in self.arm_of().items():
            found.setdefault(arm, {})[str(trials[trial])] = None
        return {arm: tuple(stages) for arm, stages in found.items()}

    def estimate(self, quantity: str | None = None, **arm: str) -> Estimate:
        """The estimate of one arm: ``estimate("c", model="embedded:rlhf")``.

        ``arm`` are values of the columns of ``ARM``, as far as they are needed to tell one arm from
        the others; ``quantity`` is the measure's first unless it
        is given. Raises ``BadRequest`` if no arm fits, or several do.
        """
        wanted = next(iter(self.arm)) if quantity is None else quantity
        if wanted not in self.arm:
            raise BadRequest(
                f"{self.measure}.estimate: {wanted!r} is no quantity; use {', '.join(self.arm)}"
            )
        for name in arm:
            if name not in ARM:
                raise BadRequest(
                    f"{self.measure}.estimate: {name!r} tells no arm; use {', '.join(ARM)}"
                )
        fitting = [
            each
            for each in self.estimates
            if each.quantity == wanted
            if all(dict(zip(ARM, each.arm, strict=True))[name] == arm[name] for name in arm)
        ]
        if len(fitting) != 1:
            arms = "; ".join(arm_text(each.arm) for each in fitting) or "none"
            raise BadRequest(
                f"{self.measure}.estimate: {len(fitting)} arms fit ({arms}); "
                "name scenario, parameters, model or arm so that one does"
            )
        return fitting[0].estimate

    # --- What subclasses give --------------------------------------------------------------------

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        return ()

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        return ()

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        """By default the mean of each quantity over the trial's actors."""
        if not self.trial or self.by_actor.empty:
            return
        means = averaged(self.by_actor, self.actor).groupby("trial", sort=False)
        values = means[list(self.trial)].mean()
        for trial, row in values.iterrows():
            yield (trial, *row)

    def _arms(self) -> Iterable[ArmEstimate]:
        """By default the mean of each quantity over the arm's trials, with its interval."""
        for arm, rows in self.trials_of_arms():
            for name, quantity in self.arm.items():
                yield ArmEstimate(arm, name, self.mean(rows[name], quantity))

    def _compare(self, a: str, b: str) -> Iterable[tuple[Any, ...]]:
        for name, quantity in self.arm.items():
            if name not in self.trial or quantity.kind in ("count", "text"):
                continue
            for pair in self.paired(a, b, [name]):
                first, second = pair.first[:, 0], pair.second[:, 0]
                share = quantity.kind in ("share", "onset") or None
                yield self.comparison(
                    name,
                    a,
                    b,
                    pair,
                    values=(_mean(first), _mean(second)),
                    interval=paired_difference(first, second, share=share),
                    p=sign_flip(pair.first, pair.second),
                )

    # --- Help for subclasses ---------------------------------------------------------------------

    def arm_of(self) -> dict[str, Arm]:
        """The arm of every trial."""
        trials = with_arms(self.tables.trials)
        return {
            str(row[0]): tuple(map(str, row[1:]))
            for row in trials[["trial", *ARM]].itertuples(index=False, name=None)
        }

    def trials_of_arms(self) -> Iterator[tuple[Arm, pd.DataFrame]]:
        """The arms in order, each with one row for each of its trials; quantities as numbers."""
        return self._split(self._numbers.reset_index())

    def rows_of_arms(self) -> Iterator[tuple[Arm, pd.DataFrame]]:
        """The arms in order, with the rows of ``by_trial`` as they are."""
        return self._split(self.by_trial)

    def _split(self, rows: pd.DataFrame) -> Iterator[tuple[Arm, pd.DataFrame]]:
        rows = rows.merge(with_arms(self.tables.trials)[["trial", *ARM]], on="trial")
        for arm, members in rows.groupby(list(ARM), sort=True, dropna=False):
            yield tuple(map(str, arm)), members

    @cached_property
    def _numbers(self) -> pd.DataFrame:
        """One row for each trial: its quantities as numbers, averaged over what else tells rows."""
        names = [name for name, quantity in self.trial.items() if quantity.kind != "text"]
        return averaged(self.by_trial, self.trial).groupby("trial", sort=False)[names].mean()

    def paired(self, a: str, b: str, columns: list[str]) -> Iterator[Paired]:
        """Trials of two models with the same seed, as numbers from ``by_trial``."""
        keys, rows = list(GROUP), self._by_seed
        sides = [rows.loc[rows["model"] == model, [*keys, "seed", *columns]] for model in (a, b)]
        both = sides[0].merge(sides[1], on=[*keys, "seed"], suffixes=("_a", "_b"))
        for group, pairs in both.groupby(keys, sort=True):
            values = pairs[[f"{name}{end}" for end in ("_a", "_b") for name in columns]]
            known = values.dropna().to_numpy(dtype=np.float64)
            count = len(columns)
            yield Paired(
                tuple(map(str, group)),
                known[:, :count],
                known[:, count:],
                len(values) - len(known),
            )

    @cached_property
    def _by_seed(self) -> pd.DataFrame:
        """One row for each group of arms, model and seed, with the means of all numbers.

        The surrogates of a trial share its seed: they are one member of a pair.
        """
        trials = with_arms(self.tables.trials)
        trials = trials.loc[~trials["arm"].isin(SURROGATES), ["trial", "seed", *ARM]]
        rows = self._numbers.reset_index().merge(trials, on="trial")
        kinds = rows.groupby([*GROUP, "model", "seed"], sort=False, dropna=False)
        return kinds[list(self._numbers.columns)].mean().reset_index()

    def comparison(
        self,
        quantity: str,
        a: str,
        b: str,
        pair: Paired,
        *,
        values: tuple[float, float],
        interval: Interval,
        p: float,
    ) -> tuple[Any, ...]:
        """A row of ``compare``."""
        return (
            *pair.group, quantity, a, b, len(pair.first), pair.left_out, *values,
            interval.estimate, interval.low, interval.high, p,
            self.arm[quantity].evidence or self.evidence,
        )  # fmt: skip

    def made(self, quantity: str, interval: Interval, n: int | None, **more: Any) -> Estimate:
        """An estimate of one of the measure's quantities, its interval within what is possible.

        To cut off what cannot be makes no interval cover less often.
        """
        about = self.arm[quantity]
        within = Interval(
            interval.estimate, max(interval.low, about.low), min(interval.high, about.high)
        )
        return Estimate.of(within, n, evidence=about.evidence or self.evidence, **more)

    def mean(self, values: pd.Series, quantity: Quantity) -> Estimate:
        """The mean of numbers of trials, with a 95% interval within what is possible."""
        evidence = quantity.evidence or self.evidence
        numbers = values.to_numpy(dtype=np.float64)
        known = numbers[~np.isnan(numbers)]
        if quantity.kind == "share" and np.isin(known, (0, 1)).all():
            interval = clopper_pearson(int(known.sum()), len(known))
        else:
            interval = bounded_mean_interval(known, quantity.low, quantity.high)
        note = "" if len(known) else "missing in every trial"
        bounded = np.isfinite([quantity.low, quantity.high]).any()
        if not bounded and quantity.kind != "share" and few_and_skewed(known):
            note = "few and skewed: such limits hold the mean in about nine of ten samples"
        return Estimate.of(interval, len(known), evidence=evidence, note=note)

    def _columns(self, level: Level) -> dict[str, str]:
        quantities: Quantities = getattr(self, level)
        keys = dict(KEYS[level]) | dict(self.more_keys.get(level, {}))
        return keys | {name: each.dtype for name, each in quantities.items()}

    # --- How it shows itself ---------------------------------------------------------------------

    def __repr__(self) -> str:
        shown = [
            f"{arm_text(each.arm)}: {each.quantity} {each.estimate}"
            for each in self.estimates
            if each.quantity == next(iter(self.arm), None)
        ]
        return "\n".join([f"{self.measure} of {self._counted()}", *shown])

    def _counted(self) -> str:
        """How many trials were measured, and how many were not, and why."""
        left = ", ".join(f"{count} {status}" for status, count in self.left_out.items())
        count = len(self.tables.trials)
        told = f"{count} trial{'' if count == 1 else 's'}"
        return f"{told} ({left}: left out)" if left else told

    def plot(self, quantity: str | None = None) -> Figure:
        """The estimates of a quantity, arm by arm, with their intervals and nulls; the measure's
        first unless one is named. A notebook draws it; ``.svg()`` is a file of it.

        Raises ``BadRequest`` for an unknown quantity.
        """
        name = next(iter(self.arm), "") if quantity is None else quantity
        if name not in self.arm:
            raise BadRequest(
                f"{self.measure}.plot: {name!r} is no quantity; use {', '.join(self.arm)}"
            )
        return forest_of_arms(self.measure, name, self.arm[name], self.estimates, arm_text)

    def _repr_html_(self) -> str:
        rows = [(arm_text(each.arm), each.quantity, *cells(each.estimate))
                for each in self.estimates]  # fmt: skip
        shown = table(Table(["arm", "quantity", *ESTIMATE], rows))
        return fragment(
            element("p", f"{self.measure} of {self._counted()} (evidence {self.evidence})"),
            element("div", shown, class_="scroll"),
        )


def averaged(table: pd.DataFrame, quantities: Quantities) -> pd.DataFrame:
    """The table with its quantities as numbers that can be averaged: what happened is 1, else 0.

    Texts are left out.
    """
    numbers = table[[name for name in table.columns if name not in quantities]].copy()
    for name, quantity in quantities.items():
        column = table[name]
        if quantity.kind == "onset":
            numbers[name] = column.notna().astype("float64")
        elif quantity.kind != "text":
            numbers[name] = column.astype("Float64").astype("float64")
    return numbers


def by_arm_of(
    arms: Mapping[str, Arm], members: Iterable[Any], trial: Callable[[Any], str]
) -> dict[Arm, list[Any]]:
    """Members grouped by the arm of their trial, the arms in order."""
    groups: dict[Arm, list[Any]] = {}
    for member in members:
        groups.setdefault(arms[trial(member)], []).append(member)
    return dict(sorted(groups.items()))


def arm_text(arm: Arm) -> str:
    """What tells an arm, in words: the scenario, the model, and what differs from the usual."""
    facts = dict(zip(ARM, arm, strict=True))
    told = [facts[name] for name in ("scenario", "model") if facts[name]]
    if facts["version"]:
        told.append(f"version {facts['version']}")
    if facts["parameters"] not in ("", "{}"):
        told.append(facts["parameters"])
    told += [facts[name] for name in ("layout", "wording") if facts[name]]
    if facts["arm"] not in ("", LIVE):
        told.append(facts["arm"])
    return " ".join(told) or "one arm"


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else nan
