"""Does an actor drift away from its persona: by its own account, and by what it says?

*Evidence*: P, what it answers off stage (*self-reported*), and T, the meaning of its lines
(*observed*, ``evidence.persona``), or what other evidence reads them: a judge, log-probabilities
(``evidence.readings``). They can differ: who says that it is what it was may no longer
speak so. Both stand side by side, and ``gap`` is the difference.

*Definition.* Self-reported consistency is 1 - |x - x0| / 2, with x an answer for its stance and x0
the stance of its persona, the mean of issues. Observed consistency is the probability of its own
character against its opposite by one line alone, 1 / (1 + exp(e)), with e the log-likelihood ratio
of that line. Drift is the slope of consistency by least squares, per turn of the scene: below 0 is
away from the persona. *Half-life* is that of the arm's mean consistency on its way to a plateau
(``half_life``), missing where it cannot be told.

*Null.* The same values in shuffled blocks of ``fates.BLOCK`` within each actor: no course, but what
depends on the line before is kept.

*References.* Li et al., arXiv 2402.10962 (drift within eight rounds); arXiv 2601.22812.

*Traps.* Without an opposite there is no observed drift, without stances no self-reported one. One
line is weak evidence, so observed consistency lies near 1/2 and its slope is small: compare slopes
of arms, not of the two kinds. A flip is a drift, too; ``flips`` tells a step from a slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import Evidence, Personas
from analysis.measures.capitulation import PREFIX
from analysis.measures.fates import blocks
from analysis.measures.half_life import half_life
from analysis.results import ArmEstimate, Result, by_arm_of
from analysis.stats import Floats, Interval
from analysis.tables import Data

Kind = Literal["self_reported", "observed"]

KINDS: tuple[Kind, ...] = ("self_reported", "observed")

FEWEST = 4
"""Of fewer values there is no slope."""

DRAWS = 200


class Course(NamedTuple):
    """The consistency of an actor by turn, of one kind."""

    trial: str
    actor: str
    turns: Floats
    values: Floats

    @property
    def slope(self) -> float:
        """The slope per turn; NaN of fewer than ``FEWEST`` values."""
        return float(slopes(self.turns, self.values[None])[0])


class Drift(Result):
    """How fast actors drift from their personas, by their own account and by what they say.

    ``by`` is the evidence by which lines are read (``evidence.readings``), or the name of an
    embedder; None is the best that is installed. ``personas`` are sides by speaker, in the place of
    those of the cast. Shuffles are drawn from ``seed``. Raises ``ValueError`` for an unknown
    embedder.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, "A", "stance:x", 0.8 - 0.1 * t) for t in range(6)]
    >>> data = tables_from([Record("t", [{"name": "A", "stances": {"x": 0.8}}], said)])
    >>> round(float(Drift(data, "hashing").by_actor.iloc[0].self_reported), 3)
    -0.05
    """

    measure = "drift"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "self_reported": Quantity("consistency by its answers", low=0, high=1, evidence="P"),
        "observed": Quantity("consistency by its lines", low=0, high=1),
    }
    actor: ClassVar[Quantities] = {
        "self_reported": Quantity("slope of self-reported consistency, a turn", evidence="P"),
        "observed": Quantity("slope of observed consistency, a turn"),
        "gap": Quantity("observed less self-reported slope, where both are known"),
    }
    trial: ClassVar[Quantities] = actor
    arm: ClassVar[Quantities] = {
        **actor,
        "self_half_life": Quantity("half-life of self-reported consistency, in turns", low=0,
                                   evidence="P"),
        "observed_half_life": Quantity("half-life of observed consistency, in own turns", low=0),
    }  # fmt: skip

    def __init__(
        self,
        data: Data,
        by: Evidence | str | None = None,
        personas: Personas | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(data)
        self.by = Meaning(by) if by is None or isinstance(by, str) else by
        self.evidence = self.by.kind
        self.personas = personas
        self.seed = seed

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        rows: dict[tuple[str, int, str], dict[Kind, float]] = {}
        for kind in KINDS:
            for each in self._courses[kind]:
                for turn, value in zip(each.turns, each.values, strict=True):
                    rows.setdefault((each.trial, int(turn), each.actor), {})[kind] = float(value)
        for key in sorted(rows):
            yield (*key, *(rows[key].get(kind, nan) for kind in KINDS))

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        found = {
            kind: {(each.trial, each.actor): each.slope for each in self._courses[kind]}
            for kind in KINDS
        }
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            own, seen = (found[kind].get(key, nan) for kind in KINDS)
            yield (*key, own, seen, seen - own)

    def _arms(self) -> Iterable[ArmEstimate]:
        yield from self._means()
        groups = {
            kind: by_arm_of(self.arm_of(), self._courses[kind], lambda each: each.trial)
            for kind in KINDS
        }
        for arm in sorted(set(self.arm_of().values())):
            for kind, name in zip(KINDS, ("self_half_life", "observed_half_life"), strict=True):
                courses = groups[kind].get(arm, [])
                found = half_life(_curves(courses, by_turn=kind == "self_reported"))
                note = "" if not np.isnan(found.estimate) else "not identifiable"
                count = len({each.trial for each in courses})
                yield ArmEstimate(arm, name, self.made(name, found, count, note=note))

    def _means(self) -> Iterable[ArmEstimate]:
        nulls = {kind: self._shuffled(kind) for kind in KINDS}
        for arm, rows in self.trials_of_arms():
            for name in self.actor:
                estimate = self.mean(rows[name], self.arm[name])
                null = nulls[name].get(arm) if name in KINDS else None
                yield ArmEstimate(
                    arm, name, estimate if null is None else replace(estimate, null=null)
                )

    def _shuffled(self, kind: Kind) -> dict[Any, Interval]:
        """The mean slope of each arm with every actor's values in shuffled blocks."""
        nulls = {}
        for arm, courses in by_arm_of(
            self.arm_of(), self._courses[kind], lambda each: each.trial
        ).items():
            generator = np.random.default_rng(self.seed)
            by_trial: dict[str, list[Floats]] = {}
            for each in courses:
                if len(each.values) < FEWEST:
                    continue
                orders = [blocks(len(each.values), generator) for _ in range(DRAWS)]
                dealt = slopes(each.turns, each.values[np.array(orders)])
                by_trial.setdefault(each.trial, []).append(dealt)
            if by_trial:
                means = np.mean([np.mean(rows, axis=0) for rows in by_trial.values()], axis=0)
                low, high = np.quantile(means, [0.025, 0.975])
                nulls[arm] = Interval(float(means.mean()), float(low), float(high))
        return nulls

    @cached_property
    def _courses(self) -> dict[Kind, list[Course]]:
        return {"self_reported": self._answered(), "observed": self._spoken()}

    def _answered(self) -> list[Course]:
        """Consistency by answers, of everybody who was asked for a stance that its persona has."""
        stances: dict[tuple[str, str], Mapping[str, float]] = {
            (str(trial), str(actor)): held
            for trial, actor, held in zip(
                *(self.tables.cast[name] for name in ("trial", "actor", "stances")), strict=True
            )
        }
        answers = self.tables.answers
        answers = answers[~answers["gauge"] & answers["key"].str.startswith(PREFIX)]
        values = pd.to_numeric(answers["value"], errors="coerce")
        found: dict[tuple[str, str], dict[int, list[float]]] = {}
        columns = (answers[name] for name in ("trial", "actor", "key", "turn"))
        for trial, actor, key, turn, value in zip(*columns, values, strict=True):
            held = stances.get((str(trial), str(actor)), {})
            issue = str(key).removeprefix(PREFIX)
            if issue in held and not pd.isna(value):
                own = found.setdefault((str(trial), str(actor)), {})
                own.setdefault(int(turn), []).append(1 - abs(float(value) - held[issue]) / 2)
        return [
            Course(
                *key,
                np.array(sorted(own), dtype=np.float64),
                np.array([np.mean(own[turn]) for turn in sorted(own)], dtype=np.float64),
            )
            for key, own in sorted(found.items())
        ]

    def _spoken(self) -> list[Course]:
        """Consistency by lines, of everybody who has a description and an opposite."""
        found = []
        for reading in self.by.readings(self.tables, self.personas):
            known = reading.known
            if known.any():
                turns = np.array(reading.turns, dtype=np.float64)[known]
                values = 1 / (1 + np.exp(reading.ratios[known]))
                found.append(Course(reading.trial, reading.actor, turns, values))
        return found


def slopes(turns: Floats, values: Floats) -> Floats:
    """Least-squares slopes of series, shape (n, k), at the same turns, shape (k); NaN of fewer than
    ``FEWEST`` values.

    >>> slopes(np.arange(4.0), np.array([[1.0, 3.0, 5.0, 7.0]])).tolist()
    [2.0]
    """
    if len(turns) < FEWEST:
        return np.full(len(values), nan)
    centred = turns - turns.mean()
    return np.asarray(values @ centred / (centred @ centred))


def _curves(courses: Iterable[Course], *, by_turn: bool) -> list[pd.Series]:
    """The mean consistency of each trial, by turn or by place among an actor's own turns."""
    trials: dict[str, list[pd.Series]] = {}
    for each in courses:
        index = each.turns if by_turn else np.arange(1.0, len(each.turns) + 1)
        trials.setdefault(each.trial, []).append(pd.Series(each.values, index=index))
    return [pd.concat(own, axis=1).mean(axis=1) for own in trials.values()]
