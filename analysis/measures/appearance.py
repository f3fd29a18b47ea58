"""Who appears in what an actor says: itself, its opposite, an assistant, a partner, a stranger?

*Evidence*: T, line by line, by ``analysis.evidence.appearance.who_speaks``.

*Definition.* The share of an actor's lines in which each of ``WHO`` speaks. The shares of a trial
add up to 1: they are the distribution of who appears, which two arms are compared in as a whole
(``analysis.energy_distance``). Lines that the experimenter put in are nobody's. With ``after`` only
turns later than this one count, so that what was said before a text was read does not thin out what
it does.

*Null.* None by itself: it is a description. Arms are compared with arms.

*References.* Shanahan, McDonell and Reynolds, "Role play with large language models" (arXiv
2305.16367): an agent is a superposition of characters; distances: Székely and Rizzo 2013.

*Traps.* Most lines fit several characters and count for the persona, so that shares of others are
too small, and those of an opposite that hides are nothing. Actors without an opposite cannot
appear as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from math import nan
from typing import Any, ClassVar

import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.appearance import WHO, who_speaks
from analysis.measures.series import kindness_of
from analysis.results import Result
from analysis.tables import Data

_ABOUT = {
    "self": "the persona speaks, or nobody else can be told",
    "opposite": "the persona's opposite speaks",
    "assistant": "an assistant speaks",
    "partner": "a partner's line is said again",
    "loop": "a line of its own is said again",
    "stranger": "somebody speaks who is not in the cast",
    "nobody": "nothing was said",
}


class Appearance(Result):
    """Who speaks in the lines of each actor, as shares.

    ``after`` is the last turn that does not count (0: all count).

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "A", "The spring is ours."), Turn(2, "A", "As an AI, I have no opinions.")]
    >>> result = Appearance(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> result.by_actor[["self", "assistant"]].to_numpy().tolist()
    [[0.5, 0.5]]
    """

    measure = "appearance"
    evidence = "T"
    turn: ClassVar[Quantities] = {"who": Quantity("who speaks, one of WHO", "text")}
    actor: ClassVar[Quantities] = {
        who: Quantity(f"share of its lines in which {_ABOUT[who]}", low=0, high=1) for who in WHO
    }
    trial: ClassVar[Quantities] = {
        who: Quantity(f"share of the lines in which {_ABOUT[who]}", low=0, high=1) for who in WHO
    }
    arm: ClassVar[Quantities] = trial

    def __init__(self, data: Data, after: int = 0) -> None:
        super().__init__(data)
        self.after = after

    @cached_property
    def _who(self) -> list[tuple[str, int, str, str]]:
        """Trial, turn, speaker and who speaks, for each line of an actor's own."""
        cast = self.tables.cast
        kindness = dict(
            zip(
                zip(cast["trial"].map(str), cast["actor"].map(str), strict=True),
                kindness_of(cast), strict=True,
            )
        )  # fmt: skip
        turns = self.tables.turns.sort_values(["trial", "turn"], kind="stable")
        names = ("trial", "turn", "speaker", "text", "source", "strangers")
        found: list[tuple[str, int, str, str]] = []
        before: list[tuple[str, str]] = []
        here = ""
        for trial, turn, speaker, said, source, strangers in zip(
            *(turns[name] for name in names), strict=True
        ):
            if trial != here:
                here, before = str(trial), []
            text = "" if pd.isna(said) else str(said)
            if source != "intervention" and turn > self.after:
                somebody = isinstance(strangers, tuple) and bool(strangers)
                kind = kindness.get((here, str(speaker)), 0.0)
                who = who_speaks(text, str(speaker), kind, before, strangers=somebody)
                found.append((here, int(turn), str(speaker), who))
            before.append((str(speaker), text))
        return found

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        yield from self._who

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        lines: dict[tuple[str, str], list[str]] = {}
        for trial, _, speaker, who in self._who:
            lines.setdefault((trial, speaker), []).append(who)
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
            own = lines.get(key, [])
            yield (*key, *(own.count(who) / len(own) if own else nan for who in WHO))
