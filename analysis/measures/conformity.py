"""Does one against many give in? Asch's question, asked of private answers and of public words.

*Evidence*: P, the subject's private stance before and after; T, what it says aloud.

*Definition.* The subject is one actor, the majority all others, who stand where their personas were
put. *Shift*: how much of the way to the majority the subject's private stance has gone,
(x_0 - x_T) / (x_0 - y), over an arm a ratio of means. *Yielded*: its last private stance is on the
majority's side of 0. *Complied*: what it last took as a stance aloud is. Who complies without
yielding conforms in public alone. With nobody against it (k = 0), the other side is -x_0: the
control for whatever moves the subject anyway.

*Null.* The arm with k = 0, in ``curve``.

*References.* Asch 1956 (a subject gives in to a unanimous majority in a third of the trials; three
are as strong as fifteen); Bond 2005; for language models arXiv 2505.23840.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.evidence.stance import stance
from analysis.stats import Interval, beyond, clopper_pearson, jackknife_ratio
from analysis.tables import Tables, frame, with_arms
from sim.errors import BadRequest

EVIDENCE = "P"

_TRIALS = {
    "trial": "str",
    "subject": "str",
    "issue": "str",
    "majority": "float64",
    "others": "Int64",
    "first": "float64",
    "last": "float64",
    "shift": "float64",
    "yielded": "boolean",
    "complied": "boolean",
}
_CURVE = (
    {"scenario": "str", "model": "str", "arm": "str", "k": "object"}
    | {"trials": "Int64", "missing": "Int64"}
    | {f"{what}{end}": "float64" for what in ("shift", "yielded", "complied", "more")
       for end in ("", "_low", "_high")}
)  # fmt: skip


def by_trial(tables: Tables, subject: str, issue: str | None = None) -> pd.DataFrame:
    """One row per trial that has the subject: where it stood, where it stands, who is against it.

    ``issue`` is the first that the subject's persona has a stance on, unless it is given. ``first``
    and ``last`` are means over the samples of the first and the last probe; NaN if missing, and
    then so is what follows from them. One probe alone is the first if it was asked before anybody
    spoke, and else the last.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> cast = [{"name": "N", "stances": {"x": 0.8}}, {"name": "C", "stances": {"x": -1.0}}]
    >>> said = [Answer(0, "N", "stance:x", 0.8), Answer(4, "N", "stance:x", -0.1)]
    >>> row = by_trial(tables_from([Record("t", cast, said)]), "N").iloc[0]
    >>> round(float(row["shift"]), 2), bool(row.yielded)
    (0.5, True)
    """
    rows: list[tuple[Any, ...]] = []
    answers = tables.answers[~tables.answers["gauge"]]
    for trial, cast in tables.cast.groupby("trial", sort=True):
        stances: Mapping[str, Mapping[str, float]] = dict(
            zip(cast["actor"], cast["stances"], strict=True)
        )
        if subject not in stances:
            continue
        about = issue if issue is not None else next(iter(stances[subject]), None)
        if about is None:
            raise BadRequest(f"conformity: {subject!r} has no stance on anything; name the issue")
        others = [held.get(about, 0.0) for name, held in stances.items() if name != subject]
        own = answers[
            (answers["trial"] == trial)
            & (answers["actor"] == subject)
            & (answers["key"] == f"stance:{about}")
        ]
        first, last = _ends(own)
        majority = sum(others) / len(others) if others else -first
        said = tables.turns[(tables.turns["trial"] == trial)]
        rows.append(
            (
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
        )
    return frame(rows, _TRIALS)


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


def curve(
    tables: Tables, subject: str, *, over: str = "k", issue: str | None = None
) -> pd.DataFrame:
    """Conformity as a curve over a parameter of the scenario (``k``, how many are against one).

    One row per model and value: shift, and the shares that yielded and complied, each with a 95%
    interval (jackknife; Clopper and Pearson); ``more`` is the shift beyond that of the smallest
    value, the control, with the interval of a difference of independent estimates. Trials whose
    answers are missing are counted.
    """
    found = by_trial(tables, subject, issue)
    trials = with_arms(tables.trials)
    table = found.merge(trials[["trial", "scenario", "model", "arm", "parameters"]], on="trial")
    table["k"] = [json.loads(parameters).get(over) for parameters in table["parameters"]]
    rows: list[list[Any]] = []
    for (scenario, model, arm), members in table.groupby(["scenario", "model", "arm"], sort=True):
        values = sorted(members["k"].dropna().unique())
        control: Interval | None = None
        for value in values:
            some = members[members["k"] == value]
            known = some.dropna(subset=["first", "last"])
            shift = _shift(known)
            control = control or shift
            more = beyond(shift, control)
            row: list[Any] = [scenario, model, arm, value, len(some), len(some) - len(known)]
            row += [shift.estimate, shift.low, shift.high]
            for name in ("yielded", "complied"):
                told = some[name].dropna()
                share = clopper_pearson(int(told.sum()), len(told))
                row += [share.estimate, share.low, share.high]
            rows.append([*row, more.estimate, more.low, more.high])
    return frame(rows, _CURVE)


def _shift(known: pd.DataFrame) -> Interval:
    """The shift of an arm, from trials whose answers are known."""
    moved = (known["first"] - known["last"]).to_numpy(dtype=float)
    room = (known["first"] - known["majority"]).to_numpy(dtype=float)
    return jackknife_ratio(moved, room)
