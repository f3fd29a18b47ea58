"""Does an actor whose answers have turned into their opposite come back, as easily as it left?

*Evidence*: P, the off-stage answers to ``stance:ISSUE`` on which its persona has a stance; the
exits are read from its lines (T).

*Definition.* At each *wave* (a turn after which an actor is asked) its score is the mean over items
and samples of answer times the sign of the persona's stance: above ``beyond`` it is on its own
side, below -``beyond`` on the other, between them it is where it was. Who is on its own side at the
first wave is at risk; the first wave on the other side is the *flip*. From then on it is *watched*
until the last wave before a collapse, a loop or an echo, which are competing exits and no lasting
flip. It *returned* if it was on its own side at any wave of these. With q01 the rate of turning for
each of its own turns, *expected* is 1 - (1 - q01)^watched: how likely somebody who turns as easily
either way is back by then. *Excess* is returned less expected. All three are missing where there
was no flip, or nothing to watch after it.

q01 is fitted to all trials together, blind to their arms (maximum likelihood for a constant hazard
that is seen at waves): rates that are fitted by arm would be a prior that differs by arm.

*Null.* An excess of 0: switching is symmetric. Below 0 the flip holds longer than it should.

*References.* The Waluigi effect (Nardo 2023). Discrete hazards seen at intervals: Prentice and
Gloeckler, Biometrics 34, 1978. Competing exits: Aalen and Johansen 1978.

*Traps.* An excess below 0 is no proof that a flip is for good: "absorbing" is a claim about the
ratio q10 / q01 (``flips``). An answer that was misread looks like a flip that returned at once, and
so does an actor who turns more easily than others: both move the excess up. Whatever drives actors
over (a provocation) has to last to the end, or its end looks like a flip that holds. An arm that is
driven less than the others is held against a q01 too high for it, and its excess moves down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import exp, expm1, isnan, log1p, nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.measures.competing_risks import INSTRUMENTS
from analysis.measures.fates import onsets_of
from analysis.results import ArmEstimate, Result
from analysis.stats import Interval
from analysis.tables import Data
from sim.errors import BadRequest

PREFIX = "stance:"

EXITS = ("collapse", "loop", "echo")
"""What ends the watch."""


class Course(NamedTuple):
    """The waves of an actor up to its exit: the turns after which it was asked, how many turns of
    its own came since the wave before, and on which side it was (1 its own, -1 the other)."""

    trial: str
    actor: str
    turns: tuple[int, ...]
    own: tuple[int, ...]
    sides: tuple[int, ...]

    @property
    def flip(self) -> int | None:
        """The place of the first wave on the other side; None if there is none."""
        return self.sides.index(-1) if self.at_risk and -1 in self.sides else None

    @property
    def at_risk(self) -> bool:
        """Whether it began on its own side."""
        return bool(self.sides) and self.sides[0] == 1

    @property
    def watched(self) -> int:
        """Turns of its own for which it was watched after the flip."""
        return 0 if self.flip is None else sum(self.own[self.flip + 1 :])


class Returns(Result):
    """Whether actors whose answers turned came back, against a return as easy as the flip.

    ``beyond``, from 0 to below 1, is how far from 0 a score has to be to be on a side: answers that
    are misread cross 0 more often than they cross a wider middle. Raises ``BadRequest`` for
    another.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer, Turn
    >>> cast = [{"name": "A", "stances": {"mercy": 0.8}}]
    >>> lines = ["Let her go.", "She is a child.", "Hang her.", "The law is old.", "So be it."]
    >>> said = [event
    ...         for turn, value in enumerate([0.8, 0.6, -0.6, -0.8, -0.7], 1)
    ...         for event in (Turn(turn, "A", lines[turn - 1]),
    ...                       Answer(turn, "A", "stance:mercy", value))]
    >>> row = Returns(tables_from([Record("t", cast, said)])).by_actor.iloc[0]
    >>> int(row.flip), float(row.returned), int(row.watched), float(row.expected)
    (3, 0.0, 2, 0.75)
    """

    measure = "returns"
    evidence = "P"
    actor: ClassVar[Quantities] = {
        "waves": Quantity("times at which it was asked, until it left", "count"),
        "flip": Quantity("the turn after which its answers had turned", "onset"),
        "flipped": Quantity("of those that began as themselves: its answers turned", low=0, high=1),
        "watched": Quantity("its own turns after the flip, until it left", "count"),
        "returned": Quantity("of those that turned: it came back", low=0, high=1),
        "expected": Quantity("the chance to, if returns are as easy as flips", low=0, high=1),
        "excess": Quantity("returned less expected", low=-1, high=1),
    }
    trial: ClassVar[Quantities] = {
        "flipped": actor["flipped"],
        "returned": actor["returned"],
        "expected": actor["expected"],
        "excess": actor["excess"],
    }
    arm: ClassVar[Quantities] = {
        **trial,
        "q01": Quantity("rate of turning, for each own turn, all arms together", low=0, high=1),
        "q10": Quantity("rate of coming back, for each own turn after a flip", low=0, high=1),
    }

    def __init__(self, data: Data, beyond: float = 0.25) -> None:
        super().__init__(data)
        if not 0 <= beyond < 1:
            raise BadRequest(f"returns: beyond is {beyond!r}; use a number from 0, below 1")
        self.beyond = beyond

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each in self._courses:
            flip = each.flip
            turn = None if flip is None else each.turns[flip]
            flipped = float(flip is not None) if each.at_risk else nan
            if flip is None or not each.watched:
                yield each.trial, each.actor, len(each.turns), turn, flipped, None, nan, nan, nan
                continue
            returned = float(1 in each.sides[flip:])
            expected = 1.0 - (1.0 - self._q01) ** each.watched
            yield (each.trial, each.actor, len(each.turns), turn, flipped, each.watched, returned,
                   expected, returned - expected)  # fmt: skip

    def _arms(self) -> Iterable[ArmEstimate]:
        arms = self.arm_of()
        for arm, rows in self.trials_of_arms():
            expected = self.mean(rows["expected"], self.arm["expected"])
            null = Interval(expected.value, expected.low, expected.high)
            for name, quantity in self.trial.items():
                found = self.mean(rows[name], quantity)
                if name == "returned":
                    found = self.made(
                        name, Interval(found.value, found.low, found.high), found.n, null=null,
                        note=found.note,
                    )  # fmt: skip
                yield ArmEstimate(arm, name, found)
            courses = [each for each in self._courses if arms[each.trial] == arm]
            back = rate([step for each in courses for step in _steps_back(each)])
            flipped = len([each for each in courses if each.watched])
            for name, value, count in (("q01", self._q01, len(self._courses)),
                                       ("q10", back, flipped)):  # fmt: skip
                note = "nobody was seen long enough" if isnan(value) else ""
                estimate = self.made(name, Interval(value, nan, nan), count, note=note)
                yield ArmEstimate(arm, name, estimate)

    @cached_property
    def _q01(self) -> float:
        """The rate of turning, of all trials together."""
        return rate([step for each in self._courses for step in _steps_away(each)])

    @cached_property
    def _courses(self) -> list[Course]:
        """Everybody who was asked what its persona has a stance on."""
        scores = self._scores
        if not scores:
            return []
        said: dict[tuple[str, str], list[int]] = {}
        turns = self.tables.turns
        for trial, speaker, turn in zip(turns["trial"], turns["speaker"], turns["turn"],
                                        strict=True):  # fmt: skip
            said.setdefault((str(trial), str(speaker)), []).append(int(turn))
        exits = [onsets_of(INSTRUMENTS[cause](self.tables), cause) for cause in EXITS]
        courses = []
        for key, waves in scores.items():
            left = min((found[key] for found in exits if key in found), default=None)
            kept = {turn: value for turn, value in waves.items() if left is None or turn < left}
            courses.append(course(*key, kept, said.get(key, ()), self.beyond))
        return courses

    @property
    def _scores(self) -> dict[tuple[str, str], dict[int, float]]:
        """The score of each actor at each wave."""
        answers = self.tables.answers
        answers = answers[~answers["gauge"] & answers["key"].str.startswith(PREFIX)]
        answers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
        means = answers.groupby(["trial", "actor", "turn", "key"])["value"].mean().dropna()
        rows = means.reset_index()
        held: dict[tuple[str, str], Mapping[str, float]] = {}
        cast = self.tables.cast
        for trial, actor, stances in zip(cast["trial"], cast["actor"], cast["stances"],
                                         strict=True):  # fmt: skip
            held[str(trial), str(actor)] = stances
        items: dict[tuple[str, str], dict[int, list[float]]] = {}
        columns = (rows[each] for each in ("trial", "actor", "turn", "key", "value"))
        for trial, actor, turn, name, value in zip(*columns, strict=True):
            key = (str(trial), str(actor))
            put = held.get(key, {}).get(str(name).removeprefix(PREFIX), 0.0)
            if put:
                waves = items.setdefault(key, {})
                waves.setdefault(int(turn), []).append(float(value) * float(np.sign(put)))
        return {
            key: {turn: sum(some) / len(some) for turn, some in sorted(waves.items())}
            for key, waves in items.items()
        }


def course(
    trial: str, actor: str, scores: Mapping[int, float], said: Sequence[int], beyond: float = 0.0
) -> Course:
    """The course of an actor from its scores, by the turn after which they were given and in that
    order, and from the turns that it ``said``. Waves with no turn of its own since the last one,
    and those before it was on any side, are left out.

    >>> course("t", "A", {0: 0.8, 2: 0.1, 4: -0.6, 6: 0.0}, [1, 3, 5], beyond=0.2).sides
    (1, 1, -1, -1)
    """
    turns: list[int] = []
    own: list[int] = []
    sides: list[int] = []
    for turn, score in scores.items():
        since = sum(1 for each in said if each <= turn and (not turns or each > turns[-1]))
        side = (score > beyond) - (score < -beyond) or (sides[-1] if sides else 0)
        if side and (since or not turns):
            turns.append(turn)
            own.append(since)
            sides.append(side)
    return Course(trial, actor, tuple(turns), tuple(own), tuple(sides))


Step = tuple[int, bool]
"""From one wave to the next: turns of one's own, and whether one was on another side then."""


def _steps_away(each: Course) -> list[Step]:
    if not each.at_risk:
        return []
    last = len(each.turns) - 1 if each.flip is None else each.flip
    return [(each.own[place], each.sides[place] == -1) for place in range(1, last + 1)]


def _steps_back(each: Course) -> list[Step]:
    steps: list[Step] = []
    if each.flip is not None:
        for place in range(each.flip + 1, len(each.turns)):
            steps.append((each.own[place], each.sides[place] == 1))
            if steps[-1][1]:
                break
    return steps


def rate(steps: Sequence[Step]) -> float:
    """The maximum-likelihood rate for each own turn of what may have happened in any of the turns
    of a step; NaN without steps.

    >>> round(rate([(1, False)] * 9 + [(1, True)]), 3), round(rate([(2, True), (2, False)]), 3)
    (0.1, 0.293)
    """
    happened = [turns for turns, moved in steps if moved]
    stayed = sum(turns for turns, moved in steps if not moved)
    if not steps or not happened:
        return 0.0 if steps else nan
    if not stayed:
        return 1.0
    if len({turns for turns, _ in steps}) == 1:
        turns = happened[0]
        return 1.0 - float((1.0 - len(happened) / len(steps)) ** (1.0 / turns))
    low, high = 1e-9, 1.0 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        stay = log1p(-middle)
        slope = sum(turns * exp(turns * stay) / -expm1(turns * stay) for turns in happened)
        low, high = (middle, high) if slope > stayed else (low, middle)
    return (low + high) / 2
