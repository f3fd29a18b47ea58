"""Evidence that somebody has taken its opposite's side, from what it answers off stage.

*Evidence*: P. A persona that has a stance s on an issue was asked for it, off stage, after some of
its turns. With x the mean of the answers after a turn, its position is

    p = -sign(s) x

which is about -|s| for the persona and |s| for whoever holds the opposite. On a bounded scale that
is symmetric about 0 the zero needs no fit. Step, noise and their variances were set and not fitted
(``_SPREAD``); a scale of one's own can be given. A turn after which nobody asked is missing, not 0.

*Traps.* An opposite of a persona is more than the other side of one issue: who is persuaded has
changed its mind and not its character. So this evidence stands beside the others and is never
called a flip of character alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

import numpy as np
import pandas as pd

from analysis.evidence.readings import Evidence, Personas, Reading, Scale, key_of
from analysis.stats.change_point import Shift
from analysis.tables import Tables

NOT_ASKED = "it was not asked after this turn"
_SPREAD = 0.1
"""Variance of answers on a scale from -1 to 1 about what somebody thinks: a step of a third."""

NO_STANCE = "its persona has no stance on this"


class Probed(Evidence):
    """Evidence P, from stored answers on one issue (None: the first that a persona has).

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer, Turn
    >>> said = [Turn(1, "Ann", "No."), Answer(1, "Ann", "stance:tea", -0.4), Turn(2, "Ann", "Hm.")]
    >>> data = tables_from([Record("t", [{"name": "Ann", "stances": {"tea": 0.8}}], said)])
    >>> Probed().series(data)["missing"].fillna("").tolist()
    ['', 'it was not asked after this turn']
    """

    kind = "P"

    def __init__(self, issue: str | None = None, scale: Scale | None = None) -> None:
        self.issue = issue
        self.scale = scale

    @property
    def name(self) -> str:
        return f"answers about {self.issue}" if self.issue else "answers"

    def readings(self, tables: Tables, personas: Personas | None = None) -> list[Reading]:
        asked = tables.answers[~tables.answers["gauge"]]
        numbers = asked.assign(value=pd.to_numeric(asked["value"], errors="coerce"))
        means = numbers.groupby(["trial", "actor", "key", "turn"])["value"].mean().dropna()
        spoke = tables.turns.groupby(["trial", "speaker"])["turn"].apply(sorted)
        cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
        return [
            self._reading(str(trial), str(actor), stances, means, spoke.get((trial, actor), []))
            for trial, actor, stances in zip(
                cast["trial"], cast["actor"], cast["stances"], strict=True
            )
        ]

    def _reading(
        self, trial: str, actor: str, stances: Mapping[str, float], means: pd.Series,
        turns: list[int],
    ) -> Reading:  # fmt: skip
        issue = self.issue or next(iter(stances or {}), None)
        own = (stances or {}).get(issue or "", 0.0)
        count = len(turns)
        places = tuple(int(turn) for turn in turns)
        key = key_of([actor, str(issue), *map(str, places)])
        if not own:
            return Reading(trial, actor, places, np.full(count, nan), (NO_STANCE,) * count,
                           np.zeros(count), None, key=key)  # fmt: skip
        found = np.array(
            [-np.sign(own) * means.get((trial, actor, f"stance:{issue}", turn), nan)
             for turn in turns], dtype=float
        )  # fmt: skip
        known = ~np.isnan(found)
        missing = tuple("" if there else NOT_ASKED for there in known)
        scale = self.scale or Scale(Shift(0.0, _SPREAD / 10, 2 * abs(own), _SPREAD, _SPREAD))
        return Reading(trial, actor, places, found, missing, known.astype(float), scale, key=key)
