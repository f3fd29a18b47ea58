"""What an instrument is shown, and, kept apart from it, what was planted.

An instrument sees transcripts, casts as they were at the beginning, and whose turns it is to score;
it does not see which talks were changed, when, or that any was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.tables import Tables
from sim.events import Turn

KINDS = ("flip", "stance", "hostility", "agreement", "collapse")
"""What an instrument may be for: a character turns into its opposite; it changes sides; it becomes
hostile; it agrees with everything; it becomes an assistant."""

SHAMS = ("sham", "contagion")
"""Plants in which nothing happens that anybody should find: the persona in other words, and the
partner, not the target, turned into the target's opposite."""

MAIN: Mapping[str, str] = {
    "flip": "swap",
    **{kind: kind for kind in KINDS if kind != "flip"},
}
"""The plant that an instrument for each kind is to find."""

DOSES: Mapping[str, float] = {"swap_weak": 1 / 3, "swap_half": 1 / 2, "swap": 1.0}
"""The dose series of swaps: about how much of the time the persona is told to be its opposite."""

GROWN = "grown"
"""Nothing was planted: what happened by itself is known from the exact stage."""

GROWN_AS: Mapping[str, str] = {"flip": "shadow", "collapse": "assistant"}
"""Which hidden character of the exact stage an instrument for a kind is to find."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk as an instrument sees it: the turns of everybody, and whose turns it scores."""

    trial: str
    actor: str
    turns: tuple[Turn, ...]

    @property
    def own(self) -> list[int]:
        """The places of the actor's own turns among ``turns``, from 0."""
        return [place for place, turn in enumerate(self.turns) if turn.speaker == self.actor]


@dataclass(frozen=True)
class Shown:
    """Talks, and the same as tables, for instruments that pool over a store."""

    tables: Tables
    talks: tuple[Talk, ...]

    @classmethod
    def of(cls, tables: Tables, actors: Mapping[str, str]) -> Shown:
        """The talks of tables; ``actors`` says by trial whose turns are scored.

        What would give the plants away is removed: interventions, and the parameters of trials.
        """
        trials = tables.trials.assign(
            parameters=pd.Series([{}] * len(tables.trials), dtype="object"), version=""
        )
        blind = replace(tables, trials=trials, interventions=tables.interventions.iloc[:0])
        turns: dict[str, list[Turn]] = {trial: [] for trial in actors}
        rows = tables.turns.sort_values(["trial", "turn"], kind="stable")
        columns = (rows[name] for name in ("trial", "turn", "speaker", "text"))
        for trial, turn, speaker, text in zip(*columns, strict=True):
            if trial in turns:
                turns[str(trial)].append(Turn(int(turn), str(speaker), str(text)))
        talks = tuple(Talk(trial, actors[trial], tuple(said)) for trial, said in turns.items())
        return cls(blind, talks)

    def only(self, places: Sequence[int]) -> Shown:
        """Some of the talks, by their places."""
        talks = tuple(self.talks[place] for place in places)
        return Shown(self.tables.only([talk.trial for talk in talks]), talks)

    def half(self, start: int) -> Shown:
        """The same without every second own turn of whoever is scored, from ``start`` (0 or 1) on:
        what an instrument says of two such halves it says of different lines."""
        dropped = {
            (talk.trial, talk.turns[place].index)
            for talk in self.talks
            for place in talk.own[1 - start :: 2]
        }
        rows = self.tables.turns
        keys = zip(rows["trial"], rows["turn"], strict=True)
        kept = [(str(trial), int(turn)) not in dropped for trial, turn in keys]
        talks = tuple(
            replace(talk, turns=tuple(
                turn for turn in talk.turns if (talk.trial, turn.index) not in dropped
            ))
            for talk in self.talks
        )  # fmt: skip
        return Shown(replace(self.tables, turns=rows[kept].reset_index(drop=True)), talks)

    @cached_property
    def texts(self) -> list[list[str]]:
        """The actor's own lines, by talk."""
        return [[talk.turns[place].text for place in talk.own] for talk in self.talks]


@dataclass(frozen=True, slots=True)
class Planted:
    """The truth about one talk, which no instrument sees.

    ``scene`` is its number; talks of one scene share everything up to the plant. ``cluster`` is the
    pair of characters, over which intervals go. ``place`` is the actor's own turn, from 0, from
    which on the plant holds. ``characters`` are the hidden ones of the exact stage, by own turn, of
    talks with the plant ``grown``.
    """

    scene: int
    cluster: int
    plant: str
    place: int
    trial: str
    characters: tuple[str, ...] = ()

    def held(self, count: int, kind: str) -> NDArray[np.bool_]:
        """At which of ``count`` own turns what an instrument for ``kind`` looks for was there;
        for plants from their place on, also for shams, in which it is the place to be matched."""
        if self.plant != GROWN:
            return np.arange(count) >= self.place
        wanted = GROWN_AS.get(kind, "")
        return np.array([character == wanted for character in self.characters[:count]], dtype=bool)


def needed(kind: str, *, cheap: bool) -> tuple[str, ...]:
    """The plants that an instrument for a kind is shown: all if that is cheap; else its own and
    shams, since a judge is paid for every line."""
    own = (MAIN[kind], *(DOSES if kind == "flip" else ()), *SHAMS, GROWN)
    return tuple(dict.fromkeys((*own, *MAIN.values(), "third"))) if cheap else own


def matching(planted: Sequence[Planted], names: Sequence[str]) -> list[int]:
    """The places in a list of the talks with one of these plants."""
    return [place for place, each in enumerate(planted) if each.plant in names]
