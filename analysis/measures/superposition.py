"""How many characters does a stage hold at a turn? Who appears when the turn is generated again.

*Evidence*: T (``analysis.evidence.appearance``), of branches that are in the store (``elsinore
fork STORE --at TURN``, ``sim.fork``). ``sim.superposition`` plays the branches itself.

*Definition.* Of n branches that generate one turn anew, each is read for who speaks in it: the
persona, its opposite, an assistant, a partner whose line is repeated, the persona repeating itself,
a stranger, nobody. ``bits`` is the entropy over these, corrected for the size of the sample (Miller
and Madow 1955); its limits are those of ``stats.entropy_interval``. ``distinct`` is the share of
texts that are unlike all others, word for word.

*Null.* The same reading of what the actor itself said before the turn, once each turn: what the
reader errs counts there, too, and so does whatever changes from turn to turn.

*References.* arXiv 2305.16367 (role play as superposition of simulacra); Miller and Madow 1955. How
often the limits cover: ``docs/validity-details.md``, "Populations of minds".

*Traps.* Most lines fit several characters and count for the persona, so ``bits`` is a lower bound.
Greedy decoding has no superposition to show: all branches are alike. Branches of one label are one
arm; a change before the turn is part of what is measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.appearance import WHO, who_speaks
from analysis.measures.branches import Regenerated, regenerated
from analysis.measures.series import Line, kindness_of, lines_of
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import (
    UNKNOWN,
    Interval,
    clopper_pearson,
    entropy,
    entropy_interval,
    jackknife_ratio,
    mean_interval,
)

OWN = 3
"""The null is missing for an actor with fewer lines before the turn."""


@dataclass(frozen=True, slots=True)
class Appeared:
    """Who appeared in the branches of a turn, in their order; and in the actor's lines before."""

    turn: Regenerated
    who: tuple[str, ...]
    distinct: float
    before: tuple[str, ...]

    @property
    def counts(self) -> list[int]:
        return _counts(self.who)

    @property
    def null(self) -> float:
        return entropy(_counts(self.before)) if len(self.before) >= OWN else nan


_SHARES: Quantities = {
    who: Quantity(f"share of the generations in which {told} speaks", low=0, high=1)
    for who, told in zip(
        WHO,
        ("the persona", "its opposite", "an assistant", "a partner", "the persona again",
         "a stranger", "nobody"),
        strict=True,
    )
}  # fmt: skip


class Superposition(Result):
    """Who appears among the regenerations of a turn: one row of ``by_trial`` for each turn of a
    trial that has branches. ``by_turn`` has who speaks in each branch.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> mine, theirs = "The spring is ours to keep.", "As an AI language model, I have no opinions."
    >>> records = [Record(f"b{n}", [{"name": "A"}], [Turn(1, "A", (mine, theirs)[n % 2])],
    ...                   of="t", at=1, branch=n, arm="fork@1") for n in range(10)]
    >>> row = Superposition(tables_from(records)).by_trial.iloc[0]
    >>> int(row.branches), float(row.assistant), round(float(row.bits), 2)
    (10, 0.5, 1.07)
    """

    measure = "superposition"
    evidence = "T"
    more_keys: ClassVar = {"trial": {"at": "Int64", "label": "str", "speaker": "str"}}
    turn: ClassVar[Quantities] = {"who": Quantity("who speaks in it", "text")}
    trial: ClassVar[Quantities] = {
        "branches": Quantity("branches that generate the turn anew", "count"),
        "bits": Quantity("entropy over who appears in them", low=0),
        "bits_low": Quantity("its lower 95% limit", low=0),
        "bits_high": Quantity("its upper 95% limit", low=0),
        "bits_before": Quantity("entropy over who appears in the actor's lines before", low=0),
        "distinct": Quantity("different texts among the branches, a share", low=0, high=1),
        **_SHARES,
    }
    arm: ClassVar[Quantities] = {
        "bits": Quantity("entropy over who appears, over turns and trials", low=0),
        "distinct": Quantity("different texts among the branches, a share", low=0, high=1),
        **_SHARES,
    }

    @cached_property
    def appeared(self) -> list[Appeared]:
        """Who appeared, for every turn with branches."""
        cast = self.tables.cast
        kind = {
            (str(trial), str(actor)): value
            for trial, actor, value in zip(
                cast["trial"], cast["actor"], kindness_of(cast), strict=True
            )
        }
        turns = self.tables.turns
        strange = {
            (str(trial), int(turn))
            for trial, turn, names in zip(
                turns["trial"], turns["turn"], turns["strangers"], strict=True
            )
            if isinstance(names, tuple) and names
        }
        lines = lines_of(self.tables)

        def read(trial: str, place: int) -> str:
            said = lines[trial]
            line = said[place]
            return who_speaks(
                line.text, line.speaker, kind.get((trial, line.speaker), 0.0),
                [(each.speaker, each.text) for each in said[:place]],
                strangers=(trial, line.turn) in strange,
            )  # fmt: skip

        found: list[Appeared] = []
        for group in regenerated(self.tables, self.arm_of()):
            places = [_place(lines[branch], group.at) for branch in group.branches]
            who = [read(branch, place)
                   for branch, place in zip(group.branches, places, strict=True)]  # fmt: skip
            texts = {lines[branch][place].text
                     for branch, place in zip(group.branches, places, strict=True)}  # fmt: skip
            first = group.branches[0]
            before = [
                read(first, place)
                for place, line in enumerate(lines[first][: places[0]])
                if line.speaker == group.speaker
            ]
            found.append(Appeared(group, tuple(who), len(texts) / len(who), tuple(before)))
        return found

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for each in self.appeared:
            for branch, who in zip(each.turn.branches, each.who, strict=True):
                yield branch, each.turn.at, each.turn.speaker, who

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for each in self.appeared:
            bits, count = entropy_interval(each.counts), len(each.who)
            yield (
                each.turn.of, each.turn.at, each.turn.arm[-1], each.turn.speaker, count,
                bits.estimate, bits.low, bits.high, each.null, each.distinct,
                *(number / count for number in each.counts),
            )  # fmt: skip

    def _arms(self) -> Iterable[ArmEstimate]:
        members: dict[Arm, list[Appeared]] = {
            arm: [] for arm in sorted(set(self.arm_of().values()))
        }
        for each in self.appeared:
            members[each.turn.arm].append(each)
        for arm, some in members.items():
            for name in self.arm:
                note = "" if some else "no branch generates a turn again: elsinore fork"
                null = UNKNOWN
                if name == "bits":
                    null = mean_interval(np.array([each.null for each in some]))
                interval = _of_arm(name, some)
                estimate = self.made(name, interval, len(some), note=note, null=null)
                yield ArmEstimate(arm, name, estimate)


def _of_arm(name: str, some: Sequence[Appeared]) -> Interval:
    """A quantity of an arm: of its one turn, or the mean over turns."""
    if not some:
        return UNKNOWN
    if name == "distinct":
        return mean_interval(np.array([each.distinct for each in some]))
    if name == "bits":
        if len(some) == 1:
            return entropy_interval(some[0].counts)
        return mean_interval(np.array([entropy(each.counts) for each in some]))
    place = WHO.index(name)
    if len(some) == 1:
        return clopper_pearson(some[0].counts[place], len(some[0].who))
    counts = np.array([each.counts[place] for each in some], dtype=np.float64)
    return jackknife_ratio(counts, np.array([len(each.who) for each in some], dtype=np.float64))


def _counts(who: Sequence[str]) -> list[int]:
    seen = Counter(who)
    return [seen[each] for each in WHO]


def _place(lines: Sequence[Line], turn: int) -> int:
    return next(place for place, line in enumerate(lines) if line.turn == turn)
