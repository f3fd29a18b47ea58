"""Where do actors stand by their own account, and what is left of how they were written?

*Evidence*: P, the off-stage answers to ``stance:ISSUE``, mean of samples.

*Definition.* *start* and *end* are what an actor answered when it was first and last asked, and are
missing where that answer is; *moved* is the second less the first, where it was asked twice. *Kept*
is 1 - |x_T - x_0| / 2, with x_T its last answer and x_0 the stance of its persona: 1 if it stands
where it was put, 0 at the other end of the scale. Issues are averaged. *Written* and *written_end*
are of a cast: the slope of its first, or last, answers on the stances of its personas, 1 if people
differ by as much as they were written to, 0 if nothing is left of that. A slope, and not a spread,
since noise widens a spread and moves no slope.

*Null.* None of its own: arms are compared, or an arm with a number that follows from its design (a
cast that answers as it was written has a slope of 1).

*References.* Least squares with the known values as regressor; the collapse of personas: arXiv
2604.24698.

*Traps.* An answer is what an actor says off stage, not what it does. On a bounded scale noise at an
end can only lead inwards, so *kept* falls with noise alone. Fewer than two personas with different
stances have no slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import isnan, nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.results import Result
from analysis.stats import Floats

PREFIX = "stance:"


class _Held(NamedTuple):
    """An actor's first and last answers on an issue, and where it was put; NaN where unknown."""

    trial: str
    actor: str
    issue: str
    start: float
    end: float
    asked: int
    put: float


class Stances(Result):
    """The first and the last answers of actors, and how far they are those of their personas.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> cast = [{"name": "A", "stances": {"x": 1.0}}, {"name": "B", "stances": {"x": -1.0}}]
    >>> said = [Answer(turn, name, "stance:x", value) for turn, name, value in
    ...         [(0, "A", 1.0), (0, "B", -1.0), (8, "A", 0.5), (8, "B", 0.25)]]
    >>> row = Stances(tables_from([Record("t", cast, said)])).by_trial.iloc[0]
    >>> float(row.end), float(row.moved), float(row.written), float(row.written_end)
    (0.375, 0.375, 1.0, 0.125)
    """

    measure = "stances"
    evidence = "P"
    actor: ClassVar[Quantities] = {
        "start": Quantity("its first answer, mean of issues", low=-1, high=1),
        "end": Quantity("its last answer, mean of issues", low=-1, high=1),
        "moved": Quantity("the last answer less the first", low=-2, high=2),
        "kept": Quantity("1 if it ends where its persona stands, 0 at the far end", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        **actor,
        "written": Quantity("slope of first answers on the stances of the personas"),
        "written_end": Quantity("slope of last answers on the stances of the personas"),
    }
    arm: ClassVar[Quantities] = trial

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        groups: dict[tuple[str, str], list[_Held]] = {}
        for each in self._held:
            groups.setdefault((each.trial, each.actor), []).append(each)
        for (trial, actor), some in groups.items():
            yield (
                trial,
                actor,
                _mean([each.start for each in some]),
                _mean([each.end for each in some]),
                _mean([each.end - each.start if each.asked > 1 else nan for each in some]),
                _mean([1 - abs(each.end - each.put) / 2 for each in some]),
            )

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        actors = self.by_actor
        means = actors.groupby("trial", sort=False)[list(self.actor)].mean()
        casts: dict[str, list[_Held]] = {}
        for each in self._held:
            casts.setdefault(each.trial, []).append(each)
        for trial, row in means.iterrows():
            held = casts[str(trial)]
            issues: dict[str, list[_Held]] = {}
            for each in held:
                issues.setdefault(each.issue, []).append(each)
            slopes = [
                (_slope(some, "start"), _slope(some, "end")) for some in issues.values()
            ]  # fmt: skip
            yield (
                trial,
                *row,
                _mean([first for first, _ in slopes]),
                _mean([last for _, last in slopes]),
            )

    @cached_property
    def _held(self) -> list[_Held]:
        """Who was asked, in the order of trials, actors and issues."""
        answers = self.tables.answers
        answers = answers[~answers["gauge"] & answers["key"].str.startswith(PREFIX)]
        answers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
        means = answers.groupby(["trial", "actor", "key", "turn"])["value"].mean().reset_index()
        courses: dict[tuple[str, str, str], list[float]] = {}
        columns = (means[name] for name in ("trial", "actor", "key", "value"))
        for trial, actor, key, value in zip(*columns, strict=True):
            issue = str(key).removeprefix(PREFIX)
            courses.setdefault((str(trial), str(actor), issue), []).append(float(value))
        put: dict[tuple[str, str], Mapping[str, float]] = {}
        cast = self.tables.cast
        for trial, actor, held in zip(cast["trial"], cast["actor"], cast["stances"], strict=True):
            put[str(trial), str(actor)] = held
        return [
            _Held(
                trial,
                actor,
                issue,
                values[0],
                values[-1],
                len(values),
                float(put.get((trial, actor), {}).get(issue, nan)),
            )
            for (trial, actor, issue), values in courses.items()
        ]


def _slope(some: Iterable[_Held], which: str) -> float:
    """The slope of answers on the stances that were written; NaN without two that differ."""
    pairs: Floats = np.array(
        [
            (each.put, getattr(each, which))
            for each in some
            if not isnan(each.put) and not isnan(getattr(each, which))
        ]
    )
    if len(pairs) < 2:
        return nan
    written = pairs[:, 0] - pairs[:, 0].mean()
    spread = float(written @ written)
    return float(written @ pairs[:, 1]) / spread if spread > 0 else nan


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return sum(known) / len(known) if known else nan
