"""Do identical actors become different people?

*Evidence*: P, the private stances of actors who were cast with the same persona.

*Definition.* The between-actor share of the variance of private stances, turn effects taken out:
eta^2 = SS_between / (SS_between + SS_within), after the mean of each turn has been subtracted. 0
says that the actors are one, 1 that each is itself for good.

*Null.* The answers of each turn dealt anew among the actors, which keeps what moves all of them
together and destroys who they are; p by exchange (Phipson and Smyth 2010).

*References.* arXiv 2411.03252; Fisher 1925 (the correlation ratio).

*Traps.* Actors who begin alike are told apart by the order in which they speak alone; so a share
above the null says that something makes a difference last, not what it is.
"""

from __future__ import annotations

from hashlib import blake2b
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats import Floats
from analysis.tables import Tables, frame

EVIDENCE = "P"

_COLUMNS = {
    "trial": "str",
    "issue": "str",
    "actors": "Int64",
    "turns": "Int64",
    "share": "float64",
    "null": "float64",
    "p": "float64",
}


def by_trial(tables: Tables, seed: int = 0, draws: int = 999) -> pd.DataFrame:
    """One row per trial and issue: the between-actor share, its null, and p.

    Turns at which the answer of anybody who was asked is missing are left out; the share is NaN
    below two turns. Each trial and issue draws its null from a stream of its own.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, name, "stance:x", x + t / 100) for t in range(8)
    ...         for name, x in (("A", -0.5), ("B", 0.5))]
    >>> row = by_trial(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)])).iloc[0]
    >>> round(float(row.share), 3), float(row.p) < 0.05
    (1.0, True)
    """
    answers = tables.answers[~tables.answers["gauge"]]
    answers = answers[answers["key"].str.startswith("stance:")]
    numbers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
    rows: list[tuple[Any, ...]] = []
    for (trial, key), some in numbers.groupby(["trial", "key"], sort=True):
        wide = some.groupby(["turn", "actor"])["value"].mean().unstack()
        generator = _stream(seed, str(trial), str(key))
        whole = wide.dropna().to_numpy(dtype=float)
        turns, actors = whole.shape
        share, null, p = nan, nan, nan
        if turns > 1 and actors > 1:
            share = _share(whole)
            dealt = np.array([_share(generator.permuted(whole, axis=1)) for _ in range(draws)])
            null = float(dealt.mean())
            p = (1 + int(np.sum(dealt >= share - 1e-12))) / (draws + 1)
        issue = str(key).removeprefix("stance:")
        rows.append((trial, issue, actors, turns, share, null, p))
    return frame(rows, _COLUMNS)


def _stream(seed: int, *path: str) -> np.random.Generator:
    digest = blake2b(ascii((seed, path)).encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _share(values: Floats) -> float:
    """eta^2 of actors (columns), the mean of each turn (row) taken out; 0 if nothing varies."""
    left = values - values.mean(axis=1, keepdims=True)
    total = float(np.sum(left**2))
    between = len(left) * float(np.sum(left.mean(axis=0) ** 2))
    return between / total if total > 0 else 0.0
