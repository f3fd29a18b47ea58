"""When does an actor start to say the same thing again and again?

*Evidence*: T, the actor's own lines (``analysis.evidence.repetition``).

*Definition.* A line is a *repetition* if it is a near copy of one that the same actor said before,
or goes round in circles in itself. A *loop* begins with the first of two repetitions among three
lines of the actor in a row (who says a thing twice is being firm), or with the first line of a
cycle: three lines in a row, and more than the cycle is long, each of which returns to the one l
lines before, in other words perhaps. *Self-similarity* at lag l is the mean likeness of lines that
are l lines apart; the measure has the highest of all lags, and that lag: 2 for an actor that swings
between two things to say. *Compression* is how many times shorter zlib makes all of an actor's
lines.

*Null.* By shuffled order. Of self-similarity: the same lines in random orders, which keeps what was
said and destroys when; who says one thing from the first line on is as self-similar in any order,
and only the loop tells. Of compression: the actor's words in random order. Of repetitions: those
of what the actor of the same name said in another trial, since lines that are alike across trials
are the stage's repertoire and no loop.

*References.* arXiv 2502.15208 (attractor cycles of period 2 in successive paraphrases); Broder
1997; Dice 1945. Sizes and powers: ``docs/validity-details.md``, "Sameness".

*Traps.* Lines of fewer than four words ("Yes, of course.") are nobody's loop and are passed over.
Talk that stays with a subject for a while is more alike at lag 1 than in random order, without a
loop: p says that order matters, not that anybody loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.repetition import (
    FEWEST,
    alike,
    compression,
    first_cycle,
    likeness,
    repeats_itself,
    self_similarity,
    shingles,
    words_of,
)
from analysis.measures.series import lines_of
from analysis.results import ArmEstimate, Result
from analysis.stats import Interval, mean_interval, paired_difference
from analysis.tables import Data, Tables, frame

LINES = 4
"""Self-similarity is missing for fewer lines."""

LETTERS = 200
"""Compression is missing for fewer letters: zlib's head would count more than the text."""

DEALS = 9
"""Random orders of the words; their compression hardly varies."""


_SAMENESS: Quantities = {
    "self_similarity": Quantity("mean likeness of its lines, at the best lag", low=0, high=1),
    "self_similarity_null": Quantity("the same of its lines in random order", low=0, high=1),
    "compression": Quantity("how many times shorter zlib makes its lines", low=0),
    "compression_null": Quantity("the same of its words in random order", low=0),
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """An actor in a trial: the turns at which it spoke, and what it said."""

    trial: str
    actor: str
    turns: tuple[int, ...]
    lines: tuple[str, ...]


class Loops(Result):
    """Which actors go round in circles, from which turn on, and how alike their lines are.

    ``draws`` random orders for each actor, from ``seed`` and its own lines alone.

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
    turn: ClassVar[Quantities] = {
        "similarity": Quantity("likeness to the most alike of its earlier lines", low=0, high=1),
        "back": Quantity("how many lines of its own ago that was", "count"),
    }
    actor: ClassVar[Quantities] = {
        "loop": Quantity("the first turn of a loop", "onset"),
        "repetitions": Quantity("turns that repeat what the actor said before", "count", low=0),
        "elsewhere": Quantity(
            "turns that repeat what its namesake said in the next trial, missing if there is none",
            "count",
            low=0,
        ),
        "lag": Quantity("the lag at which its self-similarity is highest", "count"),
        "p": Quantity("share of random orders that reach this self-similarity", low=0, high=1),
        **_SAMENESS,
    }
    trial: ClassVar[Quantities] = {
        "loop": Quantity("share of the actors that loop", low=0, high=1),
        "repetitions": Quantity("repetitions of an actor, on average", low=0),
        "elsewhere": Quantity("repetitions of its namesake, on average", low=0),
        **_SAMENESS,
    }
    arm: ClassVar[Quantities] = {
        "loop": Quantity("share of the actors that loop", low=0, high=1),
        "repetitions": Quantity("repetitions of an actor, on average over trials", low=0),
        "self_similarity": Quantity("highest mean likeness over lags, on average", low=0, high=1),
        "compression": Quantity("how many times shorter zlib makes an actor's lines", low=0),
    }

    def __init__(self, data: Data, seed: int = 0, draws: int = 199) -> None:
        super().__init__(data)
        self.seed = seed
        self.draws = draws

    @cached_property
    def by_lag(self) -> pd.DataFrame:
        """Self-similarity at every lag: trial, actor, lag, similarity, and the mean and 95% range
        (``null``, ``null_low``, ``null_high``) of the same lines in random order."""
        rows: list[tuple[Any, ...]] = []
        for each in spoken(self.tables):
            if (found := self._ordered(each)) is None:
                continue
            own, drawn = found
            low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
            for place, value in enumerate(own):
                null = (float(drawn[:, place].mean()), float(low[place]), float(high[place]))
                rows.append((each.trial, each.actor, place + 1, float(value), *null))
        numbers = ("similarity", "null", "null_low", "null_high")
        keys = {"trial": "str", "actor": "str", "lag": "Int64"}
        return frame(rows, keys | dict.fromkeys(numbers, "float64"))

    def _ordered(self, each: Spoken) -> tuple[Any, Any] | None:
        """Self-similarity by lag, and draws by lags in random order; None for too few lines."""
        long = [line for line in each.lines if len(words_of(line)) >= FEWEST]
        if len(long) < LINES:
            return None
        similarity = likeness(long)
        orders = np.argsort(_stream(self.seed, long).random((self.draws, len(long))), axis=1)
        return self_similarity(similarity), self_similarity(similarity, orders)

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for each in spoken(self.tables):
            similarity = likeness(each.lines)
            for place, (turn, line) in enumerate(zip(each.turns, each.lines, strict=True)):
                if place and len(words_of(line)) >= FEWEST:
                    # Of equals the nearest.
                    earlier = similarity[place, :place][::-1]
                    best = int(np.argmax(earlier))
                    value = float(earlier[best])
                    yield each.trial, turn, each.actor, value, best + 1 if value else None
                else:
                    yield each.trial, turn, each.actor, nan, None

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        everybody = spoken(self.tables)
        lines = {(each.trial, each.actor): each.lines for each in everybody}
        following = _following(lines)
        for each in everybody:
            other = following.get((each.trial, each.actor))
            yield (
                each.trial,
                each.actor,
                _loop(each),
                sum(repetitions(each.lines)),
                None if other is None else _alike(each.lines, lines[other, each.actor]),
                *self._similarity(each),
                *self._compression(each),
            )

    def _similarity(self, each: Spoken) -> tuple[int | None, float, float, float]:
        if (found := self._ordered(each)) is None:
            return None, nan, nan, nan
        own, drawn = found
        highest, most = float(own.max()), drawn.max(axis=1)
        p = (1 + int(np.sum(most >= highest - 1e-12))) / (self.draws + 1)
        return int(np.argmax(own)) + 1, p, highest, float(most.mean())

    def _compression(self, each: Spoken) -> tuple[float, float]:
        words = " ".join(each.lines).split()
        text = " ".join(words)
        if len(text) < LETTERS:
            return nan, nan
        generator = _stream(self.seed, words)
        # Places are dealt, and no words: of these numpy makes texts of its own, which takes longer.
        places = np.arange(len(words))
        orders = [generator.permutation(places).tolist() for _ in range(DEALS)]
        dealt = [compression(" ".join([words[place] for place in each])) for each in orders]
        return compression(text), float(np.mean(dealt))

    def _arms(self) -> Iterable[ArmEstimate]:
        nulls: dict[Any, dict[str, Interval]] = {}
        for arm, rows in self.trials_of_arms():
            elsewhere = rows["elsewhere"].to_numpy(dtype=np.float64)
            nulls[arm] = {
                "repetitions": paired_difference(elsewhere, np.zeros(len(rows)), share=False)
            }
            for name in ("self_similarity", "compression"):
                values = rows[f"{name}_null"].to_numpy(dtype=np.float64)
                nulls[arm][name] = mean_interval(values)
        for each in super()._arms():
            null = nulls[each.arm].get(each.quantity)
            estimate = each.estimate
            yield each._replace(estimate=estimate if null is None else replace(estimate, null=null))


def spoken(tables: Tables) -> list[Spoken]:
    """Every member of every cast, in the order of trials and seats, with its lines."""
    said: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for trial, lines in lines_of(tables).items():
        for line in lines:
            said.setdefault((trial, line.speaker), []).append((line.turn, line.text))
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    members: list[Spoken] = []
    for trial, name in zip(cast["trial"], cast["actor"], strict=True):
        own = said.get((str(trial), str(name)), [])
        turns, texts = tuple(turn for turn, _ in own), tuple(text for _, text in own)
        members.append(Spoken(str(trial), str(name), turns, texts))
    return members


def onsets(tables: Tables) -> pd.DataFrame:
    """The first turn of a loop of every actor: trial, actor, loop. ``Loops`` says the same, and
    more, and takes longer."""
    rows = [(each.trial, each.actor, _loop(each)) for each in spoken(tables)]
    return frame(rows, {"trial": "str", "actor": "str", "loop": "Int64"})


def onset(lines: Sequence[str]) -> int | None:
    """The place, from 0, of the line with which a loop begins; None if there is none.

    >>> onset(["Is the old mill still for sale?", "We must ask the mayor first, I fear.",
    ...        "So is the old mill still for sale?", "But we must ask the mayor first, I fear.",
    ...        "Tell me, is the old mill still for sale?", "Then we must ask the mayor, I fear."])
    2
    """
    repeated = repetitions(lines)
    copies = next(
        (place for place, again in enumerate(repeated)
         if again and any(repeated[place + 1 : place + 3])), None,
    )  # fmt: skip
    cycle = first_cycle(likeness(lines))
    places = [place for place in (copies, None if cycle is None else cycle.place)
              if place is not None]  # fmt: skip
    return min(places, default=None)


def repetitions(lines: Sequence[str]) -> list[bool]:
    """Whether each line is a near copy of an earlier one, or goes round in circles in itself.

    >>> repetitions(["The ferry leaves at six.", "Well?", "The ferry leaves at six!"])
    [False, False, True]
    """
    seen: list[frozenset[tuple[str, ...]]] = []
    repeated = []
    for line in lines:
        own = shingles(line)
        long = len(words_of(line)) >= FEWEST
        again = long and any(alike(own, earlier) for earlier in seen)
        repeated.append(again or repeats_itself(line))
        if long:
            seen.append(own)
    return repeated


def _loop(each: Spoken) -> int | None:
    place = onset(each.lines)
    return None if place is None else each.turns[place]


def _following(lines: dict[tuple[str, str], tuple[str, ...]]) -> dict[tuple[str, str], str]:
    """Of every trial and actor another trial with the same name in it, if there is one."""
    trials_of: dict[str, list[str]] = {}
    for trial, name in lines:
        trials_of.setdefault(name, []).append(trial)
    following: dict[tuple[str, str], str] = {}
    for name, trials in trials_of.items():
        ordered = sorted(trials)
        following |= {
            (trial, name): other
            for trial, other in zip(ordered, [*ordered[1:], ordered[0]], strict=True)
            if trial != other
        }
    return following


def _alike(lines: Sequence[str], theirs: Sequence[str]) -> int:
    """How many lines are nearly one that somebody else had said by then."""
    return sum(
        any(alike(shingles(line), shingles(earlier)) for earlier in theirs[:count])
        for count, line in enumerate(lines)
        if len(words_of(line)) >= FEWEST
    )


def _stream(seed: int, lines: Sequence[str]) -> np.random.Generator:
    digest = blake2b(ascii((seed, list(lines))).encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
