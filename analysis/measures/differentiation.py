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

from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.results import ArmEstimate, Result
from analysis.spreading import Trialwise
from analysis.stats import Floats, mean_interval
from analysis.tables import Data


class Differentiation(Result):
    """How far actors that were cast alike become different people.

    Turns at which the answer of anybody who was asked is missing are left out; the share is missing
    below two turns. Each trial and issue draws its null, ``draws`` deals, from a stream of its own.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, name, "stance:x", x + t / 100) for t in range(8)
    ...         for name, x in (("A", -0.5), ("B", 0.5))]
    >>> tables = tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)])
    >>> row = Differentiation(tables).by_trial.iloc[0]
    >>> round(float(row.share), 3), float(row.p) < 0.05
    (1.0, True)
    """

    measure = "differentiation"
    evidence = "P"
    trialwise: ClassVar[Trialwise] = {"trial": "ids"}
    more_keys: ClassVar = {"trial": {"issue": "str"}}
    trial: ClassVar[Quantities] = {
        "actors": Quantity("actors who were asked", "count"),
        "turns": Quantity("turns at which everybody answered", "count"),
        "share": Quantity("between-actor share of the variance of stances", low=0, high=1),
        "share_null": Quantity("the same with the answers of each turn dealt anew", low=0, high=1),
        "p": Quantity("share of the deals that reach the observed share", low=0, high=1),
    }
    arm: ClassVar[Quantities] = {
        "share": Quantity("between-actor share of the variance, over trials", low=0, high=1)
    }

    def __init__(self, data: Data, seed: int = 0, draws: int = 999) -> None:
        super().__init__(data)
        self.seed = seed
        self.draws = draws

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        answers = self.tables.answers[~self.tables.answers["gauge"]]
        answers = answers[answers["key"].str.startswith("stance:")]
        numbers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
        for (trial, key), rows in numbers.groupby(["trial", "key"], sort=True):
            wide = rows.groupby(["turn", "actor"])["value"].mean().unstack()
            generator = _stream(self.seed, str(trial), str(key))
            whole = wide.dropna().to_numpy(dtype=float)
            turns, actors = whole.shape
            share, null, p = nan, nan, nan
            if turns > 1 and actors > 1:
                share = _share(whole)
                dealt = np.array(
                    [_share(generator.permuted(whole, axis=1)) for _ in range(self.draws)]
                )
                null = float(dealt.mean())
                p = (1 + int(np.sum(dealt >= share - 1e-12))) / (self.draws + 1)
            yield (trial, str(key).removeprefix("stance:"), actors, turns, share, null, p)

    def _arms(self) -> Iterable[ArmEstimate]:
        nulls = {
            arm: mean_interval(rows["share_null"].to_numpy(dtype=np.float64))
            for arm, rows in self.trials_of_arms()
        }
        for each in super()._arms():
            yield each._replace(estimate=replace(each.estimate, null=nulls[each.arm]))


def _stream(seed: int, *path: str) -> np.random.Generator:
    digest = blake2b(ascii((seed, path)).encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _share(values: Floats) -> float:
    """eta^2 of actors (columns), the mean of each turn (row) taken out; 0 if nothing varies."""
    left = values - values.mean(axis=1, keepdims=True)
    total = float(np.sum(left**2))
    between = len(left) * float(np.sum(left.mean(axis=0) ** 2))
    return between / total if total > 0 else 0.0
