"""When does an actor start to say the same thing again and again?

*Evidence*: T. *Definition.* A turn is a repetition if it is nearly a line that the same actor said
before (Jaccard similarity of their three-word shingles at least 0.8, Broder 1997), or if it goes
round in circles (zlib makes it smaller than a quarter). The onset is the first of two repetitions
among three turns of the actor in a row: who says a thing twice is being firm. *Null.* Repetitions
of what the actor of the same name said in another trial: lines that are alike across trials are the
stage's repertoire and not a loop. *Reference.* arXiv 2502.15208.

Lines of fewer than four words ("Yes, of course.") are nobody's loop and are passed over.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.measures.series import lines_of
from analysis.results import ArmEstimate, Result
from analysis.stats import paired_difference

ALIKE = 0.8
SQUEEZED = 4.0
_FEWEST = 4
_WORD = re.compile(r"[a-z0-9']+")

Shingles = frozenset[tuple[str, ...]]


class Loops(Result):
    """Which actors go round in circles, and from which turn on.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = ["Good evening to you.", "The spring is ours.", "The spring is ours.",
    ...          "The spring is ours."]
    >>> said = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
    >>> result = Loops(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> int(result.by_actor.iloc[0].loop)
    3
    """

    measure = "loops"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        "loop": Quantity("the first turn of a loop", "onset"),
        "repetitions": Quantity("turns that repeat what the actor said before", "count", low=0),
        "elsewhere": Quantity(
            "turns that repeat what its namesake said in the next trial, missing if there is none",
            "count",
            low=0,
        ),
    }
    trial: ClassVar[Quantities] = {
        "loop": Quantity("share of the actors that loop", low=0, high=1),
        "repetitions": Quantity("repetitions of an actor, on average", low=0),
        "elsewhere": Quantity("repetitions of its namesake, on average", low=0),
    }
    arm: ClassVar[Quantities] = {
        "loop": Quantity("share of the actors that loop", low=0, high=1),
        "repetitions": Quantity("repetitions of an actor, on average over trials", low=0),
    }

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        spoken: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for trial, lines in lines_of(self.tables).items():
            for line in lines:
                spoken.setdefault((trial, line.speaker), []).append((line.turn, line.text))
        trials_of: dict[str, list[str]] = {}
        for trial, name in zip(*(self.tables.cast[key] for key in ("trial", "actor")), strict=True):
            trials_of.setdefault(str(name), []).append(str(trial))
        following: dict[tuple[str, str], str] = {}
        for name, trials in trials_of.items():
            ordered = sorted(trials)
            following |= {
                (trial, name): other
                for trial, other in zip(ordered, [*ordered[1:], ordered[0]], strict=True)
                if trial != other
            }
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, name in zip(cast["trial"], cast["actor"], strict=True):
            own = spoken.get((str(trial), str(name)), [])
            said = [text for _, text in own]
            repeated = _repetitions(said)
            place = _onset(repeated)
            other = following.get((str(trial), str(name)))
            theirs = [text for _, text in spoken.get((other or "", str(name)), [])]
            yield (
                trial,
                name,
                None if place is None else own[place][0],
                sum(repeated),
                None if other is None else _alike(said, theirs),
            )

    def _arms(self) -> Iterable[ArmEstimate]:
        nulls = {
            arm: paired_difference(
                rows["elsewhere"].to_numpy(dtype=np.float64), np.zeros(len(rows)), share=False
            )
            for arm, rows in self.trials_of_arms()
        }
        for each in super()._arms():
            if each.quantity == "repetitions":
                yield each._replace(estimate=replace(each.estimate, null=nulls[each.arm]))
            else:
                yield each


def shingles(text: str) -> Shingles:
    """The runs of three words of a text; the whole text if it has fewer.

    >>> sorted(shingles("We said no. We said no."))
    [('no', 'we', 'said'), ('said', 'no', 'we'), ('we', 'said', 'no')]
    """
    words = tuple(_WORD.findall(text.lower()))
    if len(words) < 3:
        return frozenset([words]) if words else frozenset()
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def alike(one: Shingles, other: Shingles) -> bool:
    """Whether two lines are nearly the same."""
    if not one or not other or min(len(one), len(other)) < ALIKE * max(len(one), len(other)):
        return False
    common = len(one & other)
    return common >= ALIKE * (len(one) + len(other) - common)


def repeats_itself(text: str) -> bool:
    """Whether a line goes round in circles: much shorter when compressed.

    >>> repeats_itself("The spring is ours. " * 12), repeats_itself("The spring is ours.")
    (True, False)
    """
    data = text.encode()
    return len(data) >= 100 and len(data) / len(zlib.compress(data, 6)) >= SQUEEZED


def _repetitions(lines: list[str]) -> list[bool]:
    seen: list[Shingles] = []
    repeated = []
    for line in lines:
        own = shingles(line)
        long = len(_WORD.findall(line.lower())) >= _FEWEST
        again = long and any(alike(own, earlier) for earlier in seen)
        repeated.append(again or repeats_itself(line))
        if long:
            seen.append(own)
    return repeated


def _onset(repeated: list[bool]) -> int | None:
    for place, again in enumerate(repeated):
        if again and any(repeated[place + 1 : place + 3]):
            return place
    return None


def _alike(lines: Sequence[str], theirs: Sequence[str]) -> int:
    """How many lines are nearly one that somebody else had said by then."""
    return sum(
        any(alike(shingles(line), shingles(earlier)) for earlier in theirs[:count])
        for count, line in enumerate(lines)
        if len(_WORD.findall(line.lower())) >= _FEWEST
    )
