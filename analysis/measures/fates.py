"""What came first to each actor, from the onsets of several things that can become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.results import Result
from analysis.stats import Interval, share_of
from analysis.tables import Tables

CAUSES = ("stranger", "loop", "collapse", "fourth_wall", "echo", "flip")
"""What can become of an actor. At one turn the first of them counts."""

BLOCK = 3
"""Lines in a block that is moved as one."""

Onsets = Mapping[tuple[str, str], int]
"""The turn at which something happened, by trial and actor, where it did."""


class Fate(NamedTuple):
    """What became of an actor: its own turns, what came first and at which own turn, and onsets."""

    trial: str
    actor: str
    turns: tuple[int, ...]
    first: str | None
    own: int
    tied: tuple[str, ...]


def onsets_of(result: Result, cause: str) -> dict[tuple[str, str], int]:
    """The turn at which something happened to an actor, by trial and actor, where it did."""
    table = result.by_actor[["trial", "actor", cause]].dropna()
    return {
        (str(trial), str(actor)): int(turn)
        for trial, actor, turn in table.itertuples(index=False, name=None)
    }


def opposed(tables: Tables) -> set[tuple[str, str]]:
    """The actors, by trial, whose persona has an opposite to turn into."""
    columns = (tables.cast[name] for name in ("trial", "actor", "opposite"))
    return {
        (str(trial), str(actor))
        for trial, actor, opposite in zip(*columns, strict=True)
        if not pd.isna(opposite) and str(opposite).strip()
    }


def fates_of(tables: Tables, onsets: Mapping[str, Onsets]) -> list[Fate]:
    """What became of every actor first; in surrogates of the focal actor alone."""
    said: dict[tuple[str, str], list[int]] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    for trial, speaker, turn in zip(turns["trial"], turns["speaker"], turns["turn"], strict=True):
        said.setdefault((str(trial), str(speaker)), []).append(int(turn))
    focal = {
        str(trial): str(name)
        for trial, name in zip(tables.trials["trial"], tables.trials["focal"], strict=True)
        if not pd.isna(name)
    }
    fates = []
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    for key in zip(cast["trial"].map(str), cast["actor"].map(str), strict=True):
        if focal.get(key[0], key[1]) != key[1]:
            continue
        own = tuple(said.get(key, ()))
        found = {
            cause: own.index(onsets[cause][key]) + 1
            for cause in CAUSES
            if onsets.get(cause, {}).get(key) in own
        }
        at = min(found.values(), default=len(own))
        happened = [cause for cause in CAUSES if found.get(cause) == at]
        first = happened[0] if happened else None
        fates.append(Fate(*key, own, first, at, tuple(happened[1:])))
    return fates


def in_blocks(tables: Tables, generator: np.random.Generator) -> Tables:
    """The same scenes with every actor's lines in other places: blocks of ``BLOCK`` lines in a
    random order, the first of them cut short at random. Who speaks when stays as it was."""
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable").reset_index(drop=True)
    texts = turns["text"].to_numpy(dtype=object).copy()
    for places in turns.groupby(["trial", "speaker"], sort=False).indices.values():
        texts[places] = texts[places[blocks(len(places), generator)]]
    return replace(tables, turns=turns.assign(text=pd.Series(texts, dtype=turns["text"].dtype)))


def blocks(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """The places 0 to ``count`` - 1 in blocks of ``BLOCK`` in a random order, the first of them cut
    short at random."""
    cuts = np.arange(generator.integers(1, BLOCK + 1), count, BLOCK)
    parts = np.split(np.arange(count, dtype=np.int64), cuts)
    return np.concatenate([parts[place] for place in generator.permutation(len(parts))])


def share_with(rows: pd.DataFrame, column: str) -> Interval:
    """The share of actors to whom something happened, with limits over trials.

    ``rows`` has an actor a row, and in the column the turn at which it happened.
    """
    counts = rows[column].notna().groupby(rows["trial"]).agg(["sum", "size"])
    return share_of(*counts.to_numpy(dtype=np.float64).T)


def strangers_of(tables: Tables) -> dict[tuple[str, str], int]:
    """The first turn of each actor in which a stranger spoke."""
    found: dict[tuple[str, str], int] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    columns = (turns[name] for name in ("trial", "speaker", "turn", "strangers"))
    for trial, speaker, turn, strangers in zip(*columns, strict=True):
        if isinstance(strangers, tuple) and strangers:
            found.setdefault((str(trial), str(speaker)), int(turn))
    return found


def pasts(trials: pd.DataFrame) -> dict[str, str]:
    """The trial that each trial shares a past or a seed with: the one that it was made of."""
    of = {
        str(trial): str(origin)
        for trial, origin in zip(trials["trial"], trials["of"], strict=True)
        if not pd.isna(origin)
    }
    known = {}
    for trial in map(str, trials["trial"]):
        origin = trial
        while origin in of:
            origin = of[origin]
        known[trial] = origin
    return known
