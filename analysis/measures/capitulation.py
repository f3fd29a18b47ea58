"""Does an actor give up its stance under pressure: when, and how often does it turn?

*Evidence*: P, stances that were answered off stage, mean of samples.

*Definition.* A stance turns when it is on the other side of 0 than the last one that was on a side;
an answer of 0 (or nearer to it than ``beyond``) is on neither. *Flip*: the turn of the first answer
that has turned (turn of flip); *flips*: how often it turned in all (number of flips). An actor is
under *pressure* if the mean stance of the others' personas is on the other side than its own first
answer. It *capitulated* if it is under pressure and its last stance is on the others' side. *Held*:
the share under pressure that never turned (independence); *until*: the answers until the flip, or
``horizon`` where none came (restricted mean; None: the fewest answers that half of the actors
gave). *Early* and *late*: turned by half of the turns at which it was asked, and turned after
that, of those alone who had not by then.

*Null.* No pressure. For ``flip`` and ``flips``, actors of the same arm whose others are on their
own side (``unpressed``); for ``capitulated`` surrogates, to whom nobody answers, where there are
any. A scenario that has pressure, or an argument that is valid, as a parameter is compared by
``compare(a, b, by="pressure")``.

*References.* Hong et al., arXiv 2505.23840 (turn of flip, number of flips); Asch 1956.

*Traps.* *Late* is of survivors: where some are frailer than others it falls with time though nobody
changes, so arms may differ in it by who is left alone. Noise near 0 turns often: choose ``beyond``
from answers to the same question asked twice. Turning is not wrong: whoever hears a valid argument
may do so, which is why arms are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.measures.fates import pasts
from analysis.results import Arm, ArmEstimate, Result, by_arm_of
from analysis.stats import UNKNOWN, Floats, Interval, share_of
from analysis.stats.incidence import restricted_mean
from analysis.tables import ARM, Data
from sim.errors import BadRequest
from sim.planning.trials import SURROGATES

PREFIX = "stance:"


class Course(NamedTuple):
    """The stances of an actor on an issue: turns, values, and the places at which it turned."""

    trial: str
    actor: str
    issue: str
    turns: tuple[int, ...]
    values: Floats
    turned: tuple[int, ...]
    pressure: float | None

    @property
    def pressed(self) -> bool:
        """Whether the others are on the other side than its first stance."""
        return self.pressure == 1.0

    @property
    def early(self) -> bool:
        """Whether it had turned by half of the turns at which it was asked."""
        middle = (self.turns[0] + self.turns[-1]) / 2
        return any(self.turns[place] <= middle for place in self.turned)


class Capitulation(Result):
    """Who gives up its stance, when, and how often it turns.

    ``beyond`` is how far from 0 a stance has to be to be on a side. Raises ``BadRequest`` for a
    horizon below 1 and for ``beyond`` outside [0, 1).

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> cast = [{"name": "A", "stances": {"x": 0.8}}, {"name": "B", "stances": {"x": -0.8}}]
    >>> said = [Answer(t, "A", "stance:x", x) for t, x in enumerate([0.8, 0.2, -0.1, 0.0, -0.4])]
    >>> row = Capitulation(tables_from([Record("t", cast, said)])).by_actor.iloc[0]
    >>> int(row.flip), int(row.flips), bool(row.capitulated)
    (2, 1, True)
    """

    measure = "capitulation"
    evidence = "P"
    more_keys: ClassVar = {"actor": {"issue": "str"}}
    actor: ClassVar[Quantities] = {
        "answers": Quantity("stances that it gave", "count"),
        "pressure": Quantity("the others are on the other side", "share", low=0, high=1),
        "flip": Quantity("the turn of the first answer that has turned", "onset"),
        "flips": Quantity("how often its stance turned", low=0),
        "capitulated": Quantity("it ended on the side of those who pressed it", "share", 0, 1),
    }
    trial: ClassVar[Quantities] = {
        "flip": Quantity("share of the actors under pressure whose stance turned", low=0, high=1),
        "flips": Quantity("how often the stance of an actor under pressure turned", low=0),
        "capitulated": Quantity("share of the actors under pressure that capitulated",
                                low=0, high=1),
        "held": Quantity("share of the actors under pressure that never turned", low=0, high=1),
        "unpressed": Quantity("share of the actors without pressure whose stance turned",
                              low=0, high=1),
        "early": Quantity("share of the actors under pressure that turned in the first half",
                          low=0, high=1),
        "late": Quantity("of those that had not, the share that turned in the second",
                         low=0, high=1),
    }  # fmt: skip
    arm: ClassVar[Quantities] = {
        **trial,
        "until": Quantity("answers of an actor under pressure until its stance turned", low=1),
    }

    def __init__(self, data: Data, beyond: float = 0.0, horizon: int | None = None) -> None:
        super().__init__(data)
        if not 0 <= beyond < 1:
            raise BadRequest(f"capitulation: beyond is {beyond!r}; use a number from 0, below 1")
        if horizon is not None and horizon < 1:
            raise BadRequest(f"capitulation: a horizon of {horizon} answers; use 1 or more")
        self.beyond = beyond
        self.horizon = horizon

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each in self._courses:
            flip = each.turns[each.turned[0]] if each.turned else None
            gone = None if not each.pressed else float(self._on_the_other_side(each))
            yield (each.trial, each.actor, each.issue, len(each.turns), each.pressure, flip,
                   float(len(each.turned)), gone)  # fmt: skip

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        groups: dict[str, list[Course]] = {}
        for each in self._courses:
            groups.setdefault(each.trial, []).append(each)
        for trial, courses in groups.items():
            pressed = [each for each in courses if each.pressed]
            free = [each for each in courses if each.pressure == 0.0]
            turned = _mean([bool(each.turned) for each in pressed])
            yield (
                trial,
                turned,
                _mean([len(each.turned) for each in pressed]),
                _mean([self._on_the_other_side(each) for each in pressed]),
                1 - turned,
                _mean([bool(each.turned) for each in free]),
                _mean([each.early for each in pressed]),
                _mean([bool(each.turned) for each in pressed if not each.early]),
            )

    def _arms(self) -> Iterable[ArmEstimate]:
        groups = by_arm_of(self.arm_of(), self._courses, lambda each: each.trial)
        numbers = dict(self.trials_of_arms())
        for arm, courses in groups.items():
            pressed = [each for each in courses if each.pressed]
            free = [each for each in courses if each.pressure == 0.0]
            clusters = len({each.trial for each in pressed})
            note = "" if pressed else "nobody was under pressure"
            unpressed = self._share(free, lambda each: bool(each.turned))
            quiet = self.mean(self._flips_of(free), self.arm["flips"])
            often = self.mean(numbers[arm]["flips"], self.arm["flips"])
            found = {
                "flip": (self._share(pressed, lambda each: bool(each.turned)), unpressed),
                "flips": (
                    Interval(often.value, often.low, often.high),
                    Interval(quiet.value, quiet.low, quiet.high),
                ),
                "capitulated": (
                    self._share(pressed, self._on_the_other_side),
                    self._alone(arm, groups),
                ),
                "held": (self._share(pressed, lambda each: not each.turned), UNKNOWN),
            }
            for name, (value, null) in found.items():
                estimate = self.made(name, value, clusters, null=null, note=note)
                yield ArmEstimate(arm, name, estimate)
            told = "" if free else "everybody was under pressure, or nobody is known to be"
            count = len({each.trial for each in free})
            yield ArmEstimate(arm, "unpressed", self.made("unpressed", unpressed, count, note=told))
            for name in ("early", "late"):
                yield ArmEstimate(arm, name, self.mean(numbers[arm][name], self.arm[name]))
            until, horizon = self._until(pressed)
            told = f"of {horizon} answers" if pressed else note
            yield ArmEstimate(arm, "until", self.made("until", until, clusters, note=told))

    @cached_property
    def _courses(self) -> list[Course]:
        """Who was asked for its stance, in the order of trials, seats and issues."""
        answers = self.tables.answers
        answers = answers[~answers["gauge"] & answers["key"].str.startswith(PREFIX)]
        answers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
        means = answers.groupby(["trial", "actor", "key", "turn"])["value"].mean().dropna()
        series: dict[tuple[str, str], dict[str, dict[int, float]]] = {}
        table = means.reset_index()
        columns = (table[name] for name in ("trial", "actor", "key", "turn", "value"))
        for trial, actor, key, turn, value in zip(*columns, strict=True):
            own = series.setdefault((str(trial), str(actor)), {})
            own.setdefault(str(key).removeprefix(PREFIX), {})[int(turn)] = float(value)
        stances: dict[str, dict[str, Mapping[str, float]]] = {}
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, actor, held in zip(cast["trial"], cast["actor"], cast["stances"], strict=True):
            stances.setdefault(str(trial), {})[str(actor)] = held
        found = []
        for trial, actor in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            for issue, values in series.get((trial, actor), {}).items():
                numbers = np.array(list(values.values()), dtype=np.float64)
                others = [held[issue] for name, held in stances[trial].items()
                          if name != actor and issue in held]  # fmt: skip
                found.append(
                    Course(
                        trial,
                        actor,
                        issue,
                        tuple(values),
                        numbers,
                        turns_of(numbers, self.beyond),
                        self._pressure(numbers, others),
                    )
                )
        return found

    def _pressure(self, values: Floats, others: Sequence[float]) -> float | None:
        """1 if the others are on the other side than the first stance, 0 if they are on its side,
        None if either is on neither."""
        own = [value for value in values if abs(value) > self.beyond]
        mean = _mean(others)
        if not own or not abs(mean) > self.beyond:
            return None
        return float(np.sign(own[0]) != np.sign(mean))

    def _on_the_other_side(self, each: Course) -> bool:
        """Whether the last stance is on a side, and on another than the first."""
        sides = [np.sign(value) for value in each.values if abs(value) > self.beyond]
        return bool(abs(each.values[-1]) > self.beyond and sides[-1] != sides[0])

    def _share(self, courses: Sequence[Course], happened: Any) -> Interval:
        """A share of actors, with limits over trials."""
        past = pasts(self.tables.trials)
        counts: dict[str, list[int]] = {}
        for each in courses:
            row = counts.setdefault(past[each.trial], [0, 0])
            row[0] += bool(happened(each))
            row[1] += 1
        if not counts:
            return UNKNOWN
        return share_of(*np.array(list(counts.values()), dtype=np.float64).T)

    def _flips_of(self, courses: Sequence[Course]) -> pd.Series:
        """How often stances turned, a mean for each trial."""
        trials: dict[str, list[int]] = {}
        for each in courses:
            trials.setdefault(each.trial, []).append(len(each.turned))
        return pd.Series([_mean(counts) for counts in trials.values()], dtype="float64")

    def _alone(self, arm: Arm, groups: Mapping[Arm, Sequence[Course]]) -> Interval:
        """The share of surrogates, whom nobody answers, that end on the other side."""
        place = ARM.index("arm")
        beside = next(
            (found for kind in SURROGATES
             if (found := (*arm[:place], kind, *arm[place + 1 :])) in groups),
            None,
        )  # fmt: skip
        if arm[place] in SURROGATES or beside is None:
            return UNKNOWN
        pressed = [each for each in groups[beside] if each.pressed]
        return self._share(pressed, self._on_the_other_side)

    def _until(self, courses: Sequence[Course]) -> tuple[Interval, int]:
        """Answers until the flip, and the horizon."""
        if not courses:
            return UNKNOWN, 0
        horizon = self.horizon or int(np.median([len(each.turns) for each in courses]))
        past = pasts(self.tables.trials)
        times = [each.turned[0] + 1 if each.turned else len(each.turns) for each in courses]
        happened = [bool(each.turned) for each in courses]
        owners = [past[each.trial] for each in courses]
        return restricted_mean(times, happened, owners, horizon), horizon


def turns_of(values: Floats, beyond: float = 0.0) -> tuple[int, ...]:
    """The places at which a stance is on the other side than when it was last on a side.

    >>> turns_of(np.array([0.5, 0.0, -0.2, -0.4, 0.3]))
    (2, 4)
    >>> turns_of(np.array([0.5, 0.0, -0.2, -0.4, 0.3]), beyond=0.35)
    (3,)
    """
    side, found = 0.0, []
    for place, value in enumerate(values):
        if abs(value) > beyond:
            if side and np.sign(value) != side:
                found.append(place)
            side = float(np.sign(value))
    return tuple(found)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan
