"""Who takes the floor from whom, where actors may interrupt?

*Evidence*: P, the bids for the floor that the router ``Interrupts`` asks for after each turn (a
gauge), and who spoke next.

*Definition.* After a turn, whoever could be next says how much it wants to speak. A turn is an
*interruption* if its speaker had bid the most, and more than the threshold: the router then passes
over whoever was to be next. The threshold is that of the router, if it is given; else the parameter
``threshold`` of the scenario; else the highest bid of an arm that was passed over, 1 if none was (a
turn of whoever was to be next anyway may then be taken for an interruption). The floor is taken
from whoever spoke last. *Rate*: interruptions by turns at which somebody could interrupt.

*Null.* Turn-taking shares. Each actor interrupts as often as it did, at turns drawn at random from
those at which it could: a pair is above its null if one picks on the other more than their turns
explain (``pairs``; hypergeometric, ``DRAWS`` draws).

*References.* Zimmerman and West 1975; Sacks, Schegloff and Jefferson 1974.

*Traps.* Without bids (other routers, imported talk) there is nothing to be told. Who speaks more is
interrupted more: read pairs against their null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimates import Quantities, Quantity
from analysis.results import Arm, ArmEstimate, Result, by_arm_of
from analysis.stats import share_of
from analysis.tables import ARM, Data, frame
from sim.errors import BadRequest

KEY = "floor:interrupt"
"""The question that the router asks."""

DRAWS = 2000

Whole = NDArray[np.int64]

PAIRS = {
    **dict.fromkeys((*ARM, "interrupter", "interrupted"), "str"),
    "count": "Int64",
    "chances": "Int64",
    **dict.fromkeys(("null", "null_low", "null_high", "p"), "float64"),
}
"""The columns of ``Interruptions.pairs``."""


class Moment(NamedTuple):
    """A turn before which bids were asked for: its speaker, who spoke before, all known bids."""

    trial: str
    turn: int
    speaker: str
    before: str
    bids: dict[str, float]

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from others."""
        return self.trial, self.turn

    @property
    def highest(self) -> float:
        """The highest bid."""
        return max(self.bids.values())

    @property
    def wanted(self) -> bool:
        """Whether nobody had bid more than the speaker."""
        return self.bids.get(self.speaker, -1.0) >= self.highest


class Interruptions(Result):
    """Who takes the floor from whom.

    ``threshold`` is that of the router, if the scenario has no parameter of this name. Raises
    ``BadRequest`` if it is no number from 0 to 1. The null is drawn from ``seed``.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer, Turn
    >>> bids = [(1, "B", 0.2), (1, "C", 0.9), (2, "A", 0.1), (2, "B", 0.3)]
    >>> asked = [Answer(turn, who, "floor:interrupt", bid, gauge=True) for turn, who, bid in bids]
    >>> said = [Turn(n, who, "Well.") for n, who in enumerate("ACB", 1)]
    >>> data = tables_from([Record("t", [{"name": name} for name in "ABC"], [*said, *asked])])
    >>> Interruptions(data, threshold=0.8).by_turn.to_numpy().tolist()
    [['t', 2, 'C', 'A', 0.9]]
    """

    measure = "interruptions"
    evidence = "P"
    turn: ClassVar[Quantities] = {
        "interrupted": Quantity("who had spoken last", "text"),
        "bid": Quantity("how much the speaker wanted to speak", low=0, high=1),
    }
    actor: ClassVar[Quantities] = {
        "interrupts": Quantity("interruptions by it", "count"),
        "interrupted": Quantity("interruptions right after it", "count"),
        "chances": Quantity("turns at which it could interrupt", "count"),
    }
    trial: ClassVar[Quantities] = {
        "rate": Quantity(
            "share of the turns, of those that could be, that interrupt", low=0, high=1
        ),
    }
    arm: ClassVar[Quantities] = trial

    def __init__(self, data: Data, threshold: float | None = None, seed: int = 0) -> None:
        super().__init__(data)
        if threshold is not None and not 0 <= threshold <= 1:
            raise BadRequest(f"interruptions: a threshold of {threshold!r}; use one from 0 to 1")
        self.threshold = threshold
        self.seed = seed

    def pairs(self) -> pd.DataFrame:
        """One row for each arm and pair: how often one interrupted the other, at how many
        ``chances`` (turns of the other after which it could), and the null of turn-taking shares;
        p is how often the null has as many or more."""
        generator = np.random.default_rng(self.seed)
        rows: list[tuple[Any, ...]] = []
        for arm, moments in self._groups.items():
            counts, drawn = _against_shares(moments, self._taken, generator)
            for (one, other), (count, chances) in sorted(counts.items()):
                null = drawn[one, other]
                low, high = np.quantile(null, [0.025, 0.975])
                # The observed one counts as a draw (Phipson and Smyth 2010).
                p = (1 + int((null >= count).sum())) / (1 + len(null))
                rows.append((*arm, one, other, count, chances, null.mean(), low, high, p))
        return frame(rows, PAIRS)

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for each in self._moments:
            if each.key in self._taken:
                yield (each.trial, each.turn, each.speaker, each.before, each.bids[each.speaker])

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        by = Counter(
            (each.trial, each.speaker) for each in self._moments if each.key in self._taken
        )
        after = Counter(
            (each.trial, each.before) for each in self._moments if each.key in self._taken
        )
        chances = Counter((each.trial, name) for each in self._moments for name in each.bids)
        asked = {each.trial for each in self._moments}
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            if key[0] in asked:
                yield (*key, by[key], after[key], chances[key])

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        whole = Counter(each.trial for each in self._moments)
        part = Counter(each.trial for each in self._moments if each.key in self._taken)
        for trial in map(str, self.tables.trials["trial"]):
            yield (trial, part[trial] / whole[trial] if whole[trial] else nan)

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm in sorted(set(self.arm_of().values())):
            moments = self._groups.get(arm, [])
            whole = Counter(each.trial for each in moments)
            part = Counter(each.trial for each in moments if each.key in self._taken)
            counts = np.array([[part[trial], whole[trial]] for trial in whole], dtype=np.float64)
            found = share_of(*counts.reshape(-1, 2).T)
            note = "" if whole else "nobody was asked for bids"
            yield ArmEstimate(arm, "rate", self.made("rate", found, len(whole), note=note))

    @cached_property
    def _moments(self) -> list[Moment]:
        """The turns before which somebody bid, in order."""
        answers = self.tables.answers
        answers = answers[answers["gauge"] & (answers["key"] == KEY)]
        values = pd.to_numeric(answers["value"], errors="coerce")
        bids: dict[tuple[str, int], dict[str, float]] = {}
        columns = (answers[name] for name in ("trial", "turn", "actor"))
        for trial, turn, actor, value in zip(*columns, values, strict=True):
            if not pd.isna(value):
                bids.setdefault((str(trial), int(turn)), {})[str(actor)] = float(value)
        turns = self.tables.turns
        speakers = {
            (str(trial), int(turn)): str(speaker)
            for trial, turn, speaker in zip(
                *(turns[name] for name in ("trial", "turn", "speaker")), strict=True
            )
        }
        return [
            Moment(trial, turn + 1, speakers[trial, turn + 1], speakers[trial, turn], own)
            for (trial, turn), own in sorted(bids.items())
            if (trial, turn) in speakers and (trial, turn + 1) in speakers
        ]

    @cached_property
    def _groups(self) -> dict[Arm, list[Moment]]:
        return by_arm_of(self.arm_of(), self._moments, lambda each: each.trial)

    @cached_property
    def _taken(self) -> set[tuple[str, int]]:
        """The turns that interrupt."""
        found = set()
        for moments in self._groups.values():
            thresholds = self._thresholds(moments)
            for each in moments:
                if each.wanted and each.highest > thresholds[each.trial]:
                    found.add(each.key)
        return found

    def _thresholds(self, moments: list[Moment]) -> dict[str, float]:
        """The threshold of each trial of an arm."""
        trials = {each.trial for each in moments}
        if self.threshold is not None:
            return dict.fromkeys(trials, self.threshold)
        given = dict(zip(self.tables.trials["trial"].map(str), self.tables.trials["parameters"],
                         strict=True))  # fmt: skip
        known = {trial: given[trial].get("threshold") for trial in trials}
        passed = max((each.highest for each in moments if not each.wanted), default=1.0)
        return {
            trial: float(value) if isinstance(value, int | float) else passed
            for trial, value in known.items()
        }


def _against_shares(
    moments: list[Moment], taken: set[tuple[str, int]], generator: np.random.Generator
) -> tuple[dict[tuple[str, str], tuple[int, int]], dict[tuple[str, str], Whole]]:
    """Of each pair how often the first interrupted the second and at how many chances; and the
    same numbers where each actor interrupts at random, shape (``DRAWS``)."""
    chances: dict[tuple[str, str], Counter[str]] = {}
    done: dict[tuple[str, str], Counter[str]] = {}
    for each in moments:
        for name in each.bids:
            chances.setdefault((each.trial, name), Counter())[each.before] += 1
        if each.key in taken:
            done.setdefault((each.trial, each.speaker), Counter())[each.before] += 1
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    drawn: dict[tuple[str, str], Whole] = {}
    for (trial, one), own in sorted(chances.items()):
        others = sorted(own)
        mine = done.get((trial, one), Counter())
        dealt = generator.multivariate_hypergeometric(
            [own[other] for other in others], mine.total(), size=DRAWS
        )
        for place, other in enumerate(others):
            count, possible = counts.get((one, other), (0, 0))
            counts[one, other] = count + mine[other], possible + own[other]
            before = drawn.get((one, other), np.zeros(DRAWS, dtype=np.int64))
            drawn[one, other] = before + dealt[:, place]
    return counts, drawn
