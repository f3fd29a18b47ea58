"""Does one against many give in? Asch's question, asked of private answers and of public words.

*Evidence*: P, the subject's private stance before and after; T, what it says aloud.

*Definition.* The subject is one actor, the majority all others, who stand where their personas were
put. *Shift*: how much of the way to the majority the subject's private stance has gone,
(x_0 - x_T) / (x_0 - y), over an arm a ratio of means. *Yielded*: its last private stance is on the
majority's side of 0. *Complied*: what it last took as a stance aloud is. Who complies without
yielding conforms in public alone. With nobody against it (k = 0), the other side is -x_0: the
control for whatever moves the subject anyway.

*Null.* The arm with k = 0; ``curve`` gives the shift beyond it.

*References.* Asch 1956 (a subject gives in to a unanimous majority in a third of the trials; three
are as strong as fifteen); Bond 2005; for language models arXiv 2505.23840.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import ESTIMATE, Estimate, Quantities, Quantity, cells
from analysis.evidence.stance import stance
from analysis.results import ArmEstimate, Result
from analysis.spreading import Trialwise
from analysis.stats import Interval, beyond, clopper_pearson, jackknife_ratio
from analysis.tables import ARM, Data, frame, with_arms
from sim.errors import BadRequest


class Conformity(Result):
    """Whether a subject gives in to the others: one row for each trial that has the subject.

    ``issue`` is the first that the subject's persona has a stance on, unless it is given. One probe
    alone is the first if it was asked before anybody spoke, and else the last. Raises
    ``BadRequest`` if the subject has no stance.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> cast = [{"name": "N", "stances": {"x": 0.8}}, {"name": "C", "stances": {"x": -1.0}}]
    >>> said = [Answer(0, "N", "stance:x", 0.8), Answer(4, "N", "stance:x", -0.1)]
    >>> row = Conformity(tables_from([Record("t", cast, said)]), subject="N").by_trial.iloc[0]
    >>> round(float(row["shift"]), 2), bool(row.yielded)
    (0.5, True)
    """

    measure = "conformity"
    evidence = "P"
    trialwise: ClassVar[Trialwise] = {"trial": "ids"}
    more_keys: ClassVar = {"trial": {"subject": "str", "issue": "str"}}
    trial: ClassVar[Quantities] = {
        "majority": Quantity("mean stance of the others' personas", low=-1, high=1),
        "others": Quantity("how many the others are", "count"),
        "first": Quantity("the subject's first private stance, mean of samples", low=-1, high=1),
        "last": Quantity("its last private stance, mean of samples", low=-1, high=1),
        "shift": Quantity("how much of the way to the majority it has gone"),
        "yielded": Quantity("its last private stance is on the majority's side", "share", 0, 1),
        "complied": Quantity(
            "what it last said is on the majority's side", "share", 0, 1, evidence="T"
        ),
    }
    arm: ClassVar[Quantities] = {
        "shift": Quantity("how much of the way to the majority, a ratio of means"),
        "yielded": Quantity("share of the subjects that yielded", "share", 0, 1),
        "complied": Quantity("share of the subjects that complied", "share", 0, 1, evidence="T"),
    }

    def __init__(self, data: Data, subject: str, issue: str | None = None) -> None:
        super().__init__(data)
        self.subject = subject
        self.issue = issue

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        subject = self.subject
        answers = self.tables.answers[~self.tables.answers["gauge"]]
        for trial, cast in self.tables.cast.groupby("trial", sort=True):
            stances: Mapping[str, Mapping[str, float]] = dict(
                zip(cast["actor"], cast["stances"], strict=True)
            )
            if subject not in stances:
                continue
            about = self.issue or next(iter(stances[subject]), None)
            if about is None:
                raise BadRequest(
                    f"conformity: {subject!r} has no stance on anything; name the issue"
                )
            others = [own.get(about, 0.0) for name, own in stances.items() if name != subject]
            own = answers[
                (answers["trial"] == trial)
                & (answers["actor"] == subject)
                & (answers["key"] == f"stance:{about}")
            ]
            first, last = _ends(own)
            majority = sum(others) / len(others) if others else -first
            said = self.tables.turns[(self.tables.turns["trial"] == trial)]
            yield (
                trial,
                subject,
                about,
                majority,
                len(others),
                first,
                last,
                (first - last) / (first - majority) if first != majority else nan,
                _on_side(last, majority),
                _on_side(_aloud(said, subject), majority),
            )

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm, rows in self.rows_of_arms():
            for name, estimate in self._estimates(rows):
                yield ArmEstimate(arm, name, estimate)

    def _estimates(self, rows: pd.DataFrame) -> Iterable[tuple[str, Estimate]]:
        known = rows.dropna(subset=["first", "last"])
        yield "shift", self.made("shift", _shift(known), len(known))
        for name in ("yielded", "complied"):
            happened = rows[name].dropna()
            share = clopper_pearson(int(happened.sum()), len(happened))
            yield name, self.made(name, share, len(happened))

    def curve(self, over: str = "k") -> pd.DataFrame:
        """Conformity as a curve over a parameter of the scenario (``k``, how many are against one).

        One row per arm (its ``parameters`` are the others), value of the parameter and quantity:
        ``shift``, ``yielded``, ``complied`` and ``more``, the shift beyond that of the smallest
        value, the control, with the interval of a difference of independent estimates. ``trials``
        and ``missing`` count trials, and those whose answers are missing.
        """
        trials = with_arms(self.tables.trials)
        table = self.by_trial.merge(trials[["trial", *ARM]], on="trial")
        given = [json.loads(parameters) for parameters in table["parameters"]]
        table[over] = [each.pop(over, None) for each in given]
        table["parameters"] = [json.dumps(others, sort_keys=True) for others in given]
        rows: list[tuple[Any, ...]] = []
        for arm, members in table.groupby(list(ARM), sort=True):
            control: Interval | None = None
            for value in sorted(members[over].dropna().unique()):
                some = members[members[over] == value]
                known = some.dropna(subset=["first", "last"])
                estimates = dict(self._estimates(some))
                shift = _shift(known)
                control = control or shift
                more = beyond(shift, control)
                estimates["more"] = replace(
                    estimates["shift"], value=more.estimate, low=more.low, high=more.high
                )
                missing = len(some) - len(known)
                for name, estimate in estimates.items():
                    rows.append((*arm, value, name, len(some), missing, *cells(estimate)))
        columns = dict.fromkeys(ARM, "str") | {over: "object"}
        counts = {"quantity": "str", "trials": "Int64", "missing": "Int64"}
        return frame(rows, columns | counts | dict(ESTIMATE))


def _ends(own: pd.DataFrame) -> tuple[float, float]:
    if own.empty:
        return nan, nan
    values = own.assign(value=pd.to_numeric(own["value"], errors="coerce"))
    means = values.groupby("turn")["value"].mean()
    if len(means) == 1:
        only = float(means.iloc[0])
        return (only, nan) if means.index[0] == 0 else (nan, only)
    return float(means.iloc[0]), float(means.iloc[-1])


def _aloud(turns: pd.DataFrame, subject: str) -> float:
    """The stance that the subject last took in words; NaN if it took none."""
    own = turns[(turns["speaker"] == subject) & (turns["source"] != "intervention")]
    for text in reversed(list(own.sort_values("turn")["text"])):
        value = stance(str(text))
        if value is not None:
            return value
    return nan


def _on_side(value: float, majority: float) -> bool | None:
    """Whether a stance is on the majority's side; None if it is missing or on neither."""
    if np.isnan(value) or np.isnan(majority) or value == 0:
        return None
    return bool(np.sign(value) == np.sign(majority))


def _shift(known: pd.DataFrame) -> Interval:
    """The shift of an arm, from trials whose answers are known."""
    moved = (known["first"] - known["last"]).to_numpy(dtype=float)
    room = (known["first"] - known["majority"]).to_numpy(dtype=float)
    return jackknife_ratio(moved, room)
