"""What becomes of an actor first, and by when: flip, echo, fourth wall, collapse, loop, stranger?

*Evidence*: T, by the instruments of ``flips``, ``echo``, ``fourth_wall``, ``collapse`` and
``loops``, and by what was recorded of strangers.

*Definition.* Time is the actor's own turns, from 1. The first event of an actor counts and takes it
out of the risk of the others: who loops can no longer be seen to flip. An actor to whom nothing
happened is censored after its last turn. The estimate is the cumulative incidence of Aalen and
Johansen, with limits by leaving out scenes (``stats.incidence``). Of events at one turn the first
in ``fates.CAUSES`` counts, the surer sign before what is inferred from several lines; ``tied``
names the others. Surrogates count for their focal actor alone; trials that share a past (the
surrogates of a trial, its branches) are one cluster.

*Null.* A curve: what the same instruments report where there is nothing to be found. If there are
trials of the arm "sham", or else surrogates, it is their own incidence: what happens when nobody
really answers. If not: for flips the actor's lines in shuffled blocks of ``fates.BLOCK``, which
keep what depends on the line before; for other causes 1 - (1 - f)^k, with the false alarms f of a
line on talk between people (``evidence/tables/false_alarms.tsv``); each cause by itself. The note
says which.

*References.* Aalen and Johansen 1978; arXiv 2510.02712.

*Traps.* An incidence is of what the instruments report, and no better than they are: of what is
planted on the embedded stage they find about half of the loops and assistants and few flips and
echoes (``docs/validity-details.md``, "What becomes of actors first"). Limits are of sampling alone.
Five false alarms in 1,000 turns are 14% of nothing after 30 turns, so a curve says little without
its null. Incidences depend on one another: where more actors loop, fewer are left to flip. Shuffled
blocks hold the same lines: an instrument that asks little of their course, as ``flips`` does, finds
as much in them, and only its curve tells; ``spoken_flips`` asks for one change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import ESTIMATE, Estimate, Quantities, Quantity, cells
from analysis.evidence.false_alarms import false_alarms
from analysis.measures.collapse import Collapse
from analysis.measures.echo import Echo
from analysis.measures.fates import (
    BLOCK,
    CAUSES,
    Fate,
    fates_of,
    in_blocks,
    onsets_of,
    opposed,
    pasts,
    strangers_of,
)
from analysis.measures.flips import Flips
from analysis.measures.fourth_wall import FourthWall
from analysis.measures.loops import Loops
from analysis.results import Arm, ArmEstimate, Result, by_arm_of
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.stats.incidence import Incidence, incidence
from analysis.tables import ARM, Data, Tables, frame
from sim.errors import BadRequest
from sim.planning.trials import SURROGATES

Instrument = Callable[[Tables], Result]
"""What finds a cause: a result whose ``by_actor`` has a column of onsets by the cause's name."""


def _loops(tables: Tables) -> Result:
    # The onset alone is read, which no random order of lines enters.
    return Loops(tables, draws=1)


def _echo(tables: Tables) -> Result:
    # By letters and not by meaning: a thousand scenes are read in a minute.
    return Echo(tables, by="hashing")


INSTRUMENTS: Mapping[str, Instrument] = {
    "loop": _loops,
    "collapse": Collapse,
    "fourth_wall": FourthWall,
    "echo": _echo,
    "flip": Flips,
}

NONE = "none"
SHAM = "sham"

_ABOUT = {
    NONE: "to whom nothing happened",
    "stranger": "in whose turn somebody spoke who is not in the cast",
    "loop": "that began to say the same again and again",
    "collapse": "that became a polite assistant",
    "fourth_wall": "that stepped out of the scene",
    "echo": "that spoke as a partner",
    "flip": "that turned into their opposite",
}


class CompetingRisks(Result):
    """What became of actors first, by their own turn.

    ``instruments`` replaces those of ``INSTRUMENTS`` by cause (``{"flip": SpokenFlips}``); ``made``
    are results of the instruments on the same trials that somebody has already, by cause.
    ``by_arm`` has incidences at ``horizon``, in own turns; None is the median number of own turns,
    in the arm where it is smallest. ``curve`` has them at every turn. Blocks are shuffled ``draws``
    times, from ``seed``. Raises ``BadRequest`` for an instrument of an unknown cause and for a
    horizon below 1.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = ["Good evening to you.", *["The spring is ours."] * 3]
    >>> said = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
    >>> result = CompetingRisks(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> result.by_actor[["first", "at", "own"]].to_dict("records")
    [{'first': 'loop', 'at': 3, 'own': 3}]
    >>> result.curve()[["cause", "k", "value"]].query("cause == 'loop'").value.to_list()
    [0.0, 0.0, 1.0]
    """

    measure = "competing_risks"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns of its own", "count"),
        "first": Quantity("what happened to it first, missing if nothing did", "text"),
        "at": Quantity("the turn of the scene at which it did", "onset"),
        "own": Quantity("its own turns until then, or until its last", "count"),
        "tied": Quantity("what else happened at that turn", "text"),
        **{
            cause: Quantity(f"whether it is one {about}", "share", low=0, high=1)
            for cause, about in _ABOUT.items()
        },
    }
    trial: ClassVar[Quantities] = {
        cause: Quantity(f"share of the actors {about}, by the end of the scene", low=0, high=1)
        for cause, about in _ABOUT.items()
    }
    arm: ClassVar[Quantities] = {
        cause: Quantity(f"share of the actors {about}, by the horizon", low=0, high=1)
        for cause, about in _ABOUT.items()
    }

    def __init__(
        self,
        data: Data,
        instruments: Mapping[str, Instrument] | None = None,
        horizon: int | None = None,
        seed: int = 0,
        draws: int = 10,
        made: Mapping[str, Result] | None = None,
    ) -> None:
        super().__init__(data)
        unknown = {*(instruments or {}), *(made or {})} - set(INSTRUMENTS)
        if unknown:
            raise BadRequest(
                f"competing_risks: no cause {min(unknown)!r} has an instrument; "
                f"use {', '.join(INSTRUMENTS)}"
            )
        if horizon is not None and horizon < 1:
            raise BadRequest(f"competing_risks: a horizon of {horizon} own turns; use 1 or more")
        self.instruments = dict(INSTRUMENTS) | dict(instruments or {})
        self._made = dict(made or {})
        self.horizon = horizon
        self.seed = seed
        self.draws = draws

    def curve(self) -> pd.DataFrame:
        """Incidence at every own turn, with its null: one row for each arm, cause and own turn
        ``k``; ``at_risk`` counts the actors to whom nothing had happened before it."""
        found: list[tuple[Any, ...]] = []
        for arm, curves in self._curves.items():
            for place, risk in enumerate(curves.at_risk):
                for cause, estimate in self._at(arm, place + 1):
                    found.append((*arm, cause, place + 1, int(risk), *cells(estimate)))
        columns = dict.fromkeys((*ARM, "cause"), "str") | {"k": "Int64", "at_risk": "Int64"}
        return frame(found, columns | dict(ESTIMATE))

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each in self._fates:
            happened = each.first is not None
            yield (
                each.trial,
                each.actor,
                len(each.turns),
                each.first,
                each.turns[each.own - 1] if happened else None,
                each.own,
                ", ".join(each.tied) or None,
                *(float((each.first or NONE) == cause) if each.turns else None for cause in _ABOUT),
            )

    def _arms(self) -> Iterable[ArmEstimate]:
        lengths = [
            float(np.median([len(each.turns) for each in fates])) for fates in self._arm.values()
        ]
        at = self.horizon or int(min(lengths, default=1))
        for arm in self._arm:
            for cause, estimate in self._at(arm, at):
                yield ArmEstimate(arm, cause, estimate)

    def _at(self, arm: Arm, k: int) -> Iterator[tuple[str, Estimate]]:
        """The estimates of an arm at an own turn."""
        curves = self._curves[arm]
        able = sum((each.trial, each.actor) in self._opposed for each in self._arm[arm])
        for row, cause in enumerate(_ABOUT):
            found = _at(curves, row, k)
            if np.isnan(found.estimate):
                note = f"nobody was watched for {k} own turns"
                yield cause, self.made(cause, UNKNOWN, curves.clusters, note=note)
                continue
            if cause == "flip" and not able:
                note = "nobody has an opposite to turn into"
                yield cause, self.made(cause, UNKNOWN, curves.clusters, note=note)
                continue
            null, told = self._null(arm, cause, k)
            notes = [f"after {k} own turns", f"null: {told}"]
            if cause == "flip" and able < len(self._arm[arm]):
                notes.append(f"only {able} of {len(self._arm[arm])} actors have an opposite")
            yield (
                cause,
                replace(self.made(cause, found, curves.clusters, note="; ".join(notes)), null=null),
            )

    # --- What happened ---------------------------------------------------------------------------

    @cached_property
    def _fates(self) -> list[Fate]:
        """Everybody who is really there, in the order of trials and seats."""
        onsets = {
            cause: onsets_of(self._made.get(cause) or instrument(self.tables), cause)
            for cause, instrument in self.instruments.items()
        }
        onsets["flip"] = {key: at for key, at in onsets["flip"].items() if key in self._opposed}
        onsets["stranger"] = strangers_of(self.tables)
        return fates_of(self.tables, onsets)

    @cached_property
    def _opposed(self) -> set[tuple[str, str]]:
        """The actors whose persona has an opposite to turn into."""
        return opposed(self.tables)

    @cached_property
    def _arm(self) -> dict[Arm, list[Fate]]:
        """The actors of each arm that said something, the arms in order."""
        spoke = [each for each in self._fates if each.turns]
        return by_arm_of(self.arm_of(), spoke, lambda each: each.trial)

    @cached_property
    def _curves(self) -> dict[Arm, Incidence]:
        past = pasts(self.tables.trials)
        return {arm: _incidence(fates, past) for arm, fates in self._arm.items()}

    # --- What would be reported of nothing -------------------------------------------------------

    def _null(self, arm: Arm, cause: str, k: int) -> tuple[Interval, str]:
        if arm[ARM.index("arm")] in (SHAM, *SURROGATES):
            return UNKNOWN, "it is one itself"
        reference = self._reference(arm)
        if reference is None:
            return self._alone(arm, cause, k)
        sham = reference[ARM.index("arm")] == SHAM
        told = "sham trials" if sham else "surrogates, whom nobody answers"
        return _at(self._curves[reference], list(_ABOUT).index(cause), k), told

    def _reference(self, arm: Arm) -> Arm | None:
        """The arm of shams of this arm, or of its surrogates; None if it has neither."""
        place = ARM.index("arm")
        for label in (SHAM, *SURROGATES):
            beside = (*arm[:place], label, *arm[place + 1 :])
            if beside in self._arm:
                return beside
        return None

    def _alone(self, arm: Arm, cause: str, k: int) -> tuple[Interval, str]:
        """What an instrument by itself reports by its k-th look at nothing."""
        if cause == NONE:
            every = [self._alone(arm, one, k)[0] for one in CAUSES]
            known = [one for one in every if not np.isnan(one.estimate)]
            ends = [(1 - one.estimate, 1 - one.high, 1 - one.low) for one in known]
            left = np.prod(ends, axis=0) if ends else np.full(3, np.nan)
            return Interval(*map(float, left)), "all false alarms together"
        if cause == "flip":
            shuffled = self._shuffled.get(arm)
            if shuffled is None or k > shuffled.shape[1]:
                return UNKNOWN, "none"
            low, high = np.quantile(shuffled[:, k - 1], [0.025, 0.975])
            mean = float(shuffled[:, k - 1].mean())
            return Interval(mean, float(low), float(high)), f"own lines in blocks of {BLOCK}"
        if self.instruments.get(cause) is not INSTRUMENTS.get(cause):
            return UNKNOWN, "unknown for this instrument"
        alarm = false_alarms().get(cause)
        if alarm is None:
            return UNKNOWN, "not measured"
        parts = (alarm.estimate, alarm.low, alarm.high)
        return Interval(*(1 - (1 - part) ** k for part in parts)), "false alarms on talk of people"

    @cached_property
    def _shuffled(self) -> dict[Arm, Floats]:
        """The incidence of flips, by themselves, with every actor's lines in shuffled blocks: for
        each arm a row for each draw."""
        needed = [
            arm
            for arm, members in self._arm.items()
            if arm[ARM.index("arm")] not in (SHAM, *SURROGATES)
            and self._reference(arm) is None
            and any((each.trial, each.actor) in self._opposed for each in members)
        ]
        arms, past = self.arm_of(), pasts(self.tables.trials)
        tables = self.tables.only(trial for trial, arm in arms.items() if arm in needed)
        generator = np.random.default_rng(self.seed)
        curves: dict[Arm, list[Floats]] = {arm: [] for arm in needed}
        for _ in range(self.draws if needed else 0):
            dealt = in_blocks(tables, generator)
            onsets = onsets_of(self.instruments["flip"](dealt), "flip")
            own = {key: at for key, at in onsets.items() if key in self._opposed}
            groups = by_arm_of(arms, fates_of(dealt, {"flip": own}), lambda each: each.trial)
            for arm, members in groups.items():
                spoke = [each for each in members if each.turns]
                curves[arm].append(_incidence(spoke, past).value[list(_ABOUT).index("flip")])
        return {arm: _even(found) for arm, found in curves.items() if found}


def _incidence(fates: list[Fate], past: Mapping[str, str]) -> Incidence:
    codes = {cause: place for place, cause in enumerate(_ABOUT)}
    return incidence(
        [each.own for each in fates],
        [codes[each.first or NONE] for each in fates],
        [past[each.trial] for each in fates],
        len(CAUSES),
    )


def _at(curves: Incidence, row: int, k: int) -> Interval:
    """An incidence at an own turn; unknown after the last one, unless nobody was left to watch."""
    last = curves.value.shape[1]
    if k > last and curves.value[0, -1] > 0:
        return UNKNOWN
    place = min(k, last) - 1
    return Interval(*(float(part[row, place]) for part in (curves.value, curves.low, curves.high)))


def _even(curves: list[Floats]) -> Floats:
    """Curves as rows of one length; a curve whose last actor is gone stays as it is."""
    longest = max(map(len, curves))
    return np.array([np.pad(each, (0, longest - len(each)), mode="edge") for each in curves])
