"""Who declines to speak, how often and where: the provider, the model, or the character?

*Evidence*: what is stored of calls (the provider's own refusal: a turn that ends so, or a call that
failed for it), and T, the words of turns (``evidence.refusals``).

*Definition.* Of all turns that were asked for, the share that the *provider* refused; that the
model *declined* in words ("I can't help with that"); in which the character declines, *in
character*, what is asked in the scene ("I refuse to sell"). *Refused* is one of the first two. The
*place* of a refusal is the share of the scene that was over, from 0 (first turn) to 1 (last).
*Missing*: the share of answers off stage that could not be had.

*Null.* For the model's words, false alarms on talk between people (``evidence.false_alarms``).

*Reference.* Little and Rubin, Statistical Analysis with Missing Data, 2019, chapter 1: what is
missing more often in one arm than in another is an effect, and biases whatever is measured on the
rest. So here trials that did not come to their end are read, too, ``compare`` tests the difference
of two arms, and ``bounds`` says between what another share can lie.

*Traps.* Expressions are English. Turns that somebody else wrote (interventions) do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np

from analysis.estimates import Estimate, Quantities, Quantity
from analysis.evidence.false_alarms import false_alarms
from analysis.evidence.refusals import declines
from analysis.results import ArmEstimate, Result
from analysis.stats import UNKNOWN, Floats, Interval, share_of
from analysis.tables import Data, load

REFUSED = "refusal"
"""The ``finish`` of a turn, and the reason of a failure, that the provider refused."""

_WHO = {
    "refused": "that the provider or the model refused",
    "provider": "that the provider refused",
    "declined": "in which the model declines its task in words",
    "in_character": "in which the character declines what is asked in the scene",
}


class Asked(NamedTuple):
    """A turn that was asked for, and who declined it (None: nobody)."""

    trial: str
    turn: int
    actor: str
    who: str | None


class Refusals(Result):
    """How often and where turns are refused, by whom. Trials that failed are read, too.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = ["The spring is ours.", "I refuse to sell.", "I'm sorry, I can't help with that."]
    >>> turns = [Turn(place, "A", line) for place, line in enumerate(said, 1)]
    >>> turns.append(Turn(4, "A", "", finish="refusal"))
    >>> result = Refusals(tables_from([Record("t", [{"name": "A"}], turns)]))
    >>> result.by_turn[["turn", "who", "place"]].round(2).to_numpy().tolist()
    [[2, 'in_character', 0.33], [3, 'declined', 0.67], [4, 'provider', 1.0]]
    >>> result.estimate("refused").value
    0.5
    """

    measure = "refusals"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "who": Quantity("who declined: provider, declined (the model) or in_character", "text"),
        "place": Quantity("the share of the scene that was over", low=0, high=1),
    }
    actor: ClassVar[Quantities] = {
        "asked": Quantity("turns that it was asked for", "count"),
        **{who: Quantity(f"turns {about}", "count") for who, about in _WHO.items()},
        "first": Quantity("the first turn that the provider or the model refused", "onset"),
    }
    trial: ClassVar[Quantities] = {
        **{who: Quantity(f"share of the turns {about}", low=0, high=1)
           for who, about in _WHO.items()},
        "place": Quantity("mean place of what the provider or the model refused", low=0, high=1),
        "missing": Quantity("share of answers off stage that are missing", low=0, high=1,
                            evidence="P"),
    }  # fmt: skip
    arm: ClassVar[Quantities] = trial

    def __init__(self, data: Data) -> None:
        super().__init__(load(data, unfinished=True))

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for each in self._asked:
            if each.who is not None:
                yield (each.trial, each.turn, each.actor, each.who, self._place(each))

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        own: dict[tuple[str, str], list[Asked]] = {}
        for each in self._asked:
            own.setdefault((each.trial, each.actor), []).append(each)
        for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            asked = own.get(key, [])
            refused = [each.turn for each in asked if each.who in ("provider", "declined")]
            counts = (sum(_counts(each, who) for each in asked) for who in _WHO)
            yield (*key, len(asked), *counts, min(refused, default=None))

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial in map(str, self.tables.trials["trial"]):
            asked, answers = self._by_trial.get(trial, []), self._answers.get(trial, (0, 0))
            shares = (sum(_counts(each, who) for each in asked) / len(asked) if asked else nan
                      for who in _WHO)  # fmt: skip
            refused = [self._place(each) for each in asked if each.who in ("provider", "declined")]
            place = float(np.mean(refused)) if refused else nan
            yield (trial, *shares, place, answers[0] / answers[1] if answers[1] else nan)

    def _arms(self) -> Iterable[ArmEstimate]:
        arms = self.arm_of()
        null = {"declined": false_alarms().get("refusal", UNKNOWN)}
        places = {each.arm: each for each in super()._arms() if each.quantity == "place"}
        for arm in sorted(set(arms.values())):
            trials = [trial for trial, other in arms.items() if other == arm]
            whole = np.array([len(self._by_trial.get(trial, [])) for trial in trials], dtype=float)
            for who in _WHO:
                part = [sum(_counts(each, who) for each in self._by_trial.get(trial, []))
                        for trial in trials]  # fmt: skip
                estimate = self._share(who, np.array(part, dtype=float), whole, "nobody was asked")
                yield ArmEstimate(arm, who, replace(estimate, null=null.get(who, UNKNOWN)))
            place = places[arm].estimate
            note = "" if place.known else "nothing was refused"
            yield ArmEstimate(arm, "place", replace(place, note=note))
            counts = np.array([self._answers.get(trial, (0, 0)) for trial in trials], dtype=float)
            yield ArmEstimate(
                arm,
                "missing",
                self._share("missing", counts[:, 0], counts[:, 1], "nothing was asked"),
            )

    def _share(self, name: str, part: Floats, whole: Floats, note: str) -> Estimate:
        found: Interval = share_of(part, whole)
        count = int((whole > 0).sum())
        return self.made(name, found, count, note="" if count else note)

    @cached_property
    def _asked(self) -> list[Asked]:
        """The turns that were asked for, in order; a call that failed for good was one."""
        turns = self.tables.turns[self.tables.turns["source"] != "intervention"]
        columns = (turns[name] for name in ("trial", "turn", "speaker", "text", "finish"))
        found = [
            Asked(str(trial), int(turn), str(speaker), _who(str(text), str(finish)))
            for trial, turn, speaker, text, finish in zip(*columns, strict=True)
        ]
        failed = self.tables.failures
        failed = failed[(failed["doing"] == "turn") & (failed["reason"] == REFUSED)]
        columns = (failed[name] for name in ("trial", "turn", "actor"))
        found += [
            Asked(str(trial), int(turn), str(actor), "provider")
            for trial, turn, actor in zip(*columns, strict=True)
        ]
        return sorted(found, key=lambda each: (each.trial, each.turn))

    @cached_property
    def _by_trial(self) -> dict[str, list[Asked]]:
        groups: dict[str, list[Asked]] = {}
        for each in self._asked:
            groups.setdefault(each.trial, []).append(each)
        return groups

    @cached_property
    def _answers(self) -> dict[str, tuple[int, int]]:
        """How many answers of each trial are missing, and how many there are in all."""
        missing = self.tables.answers["missing"].notna()
        counts = missing.groupby(self.tables.answers["trial"]).agg(["sum", "size"])
        return {
            str(trial): (int(some), int(every))
            for trial, some, every in counts.itertuples(name=None)
        }

    def _place(self, each: Asked) -> float:
        last = max(one.turn for one in self._by_trial[each.trial])
        return (each.turn - 1) / (last - 1) if last > 1 else 0.0


def bounds(share: float, missing: float) -> tuple[float, float]:
    """Between what a share can lie in all, if it is one of those that are there, and a share of all
    is missing: nothing is assumed of what is missing (Manski, American Economic Review 80, 1990).

    >>> bounds(0.5, 0.5)
    (0.25, 0.75)
    """
    least = (1 - missing) * share
    return least, least + missing


def _who(text: str, finish: str) -> str | None:
    if finish == REFUSED:
        return "provider"
    return {"task": "declined", "scene": "in_character", None: None}[declines(text)]


def _counts(each: Asked, who: str) -> bool:
    return each.who in ("provider", "declined") if who == "refused" else each.who == who
