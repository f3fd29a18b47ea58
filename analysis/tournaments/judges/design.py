"""The regressors of a judge's biases: one row for each verdict on each pair of sides.

All are properties of the first side of the pair. ``shown``: 1 if it was shown before the second,
else -1. ``length``: the base-2 logarithm of the ratio of words. ``own``: 1 if only it is played by
the judge's own model, -1 if only the second is, 0 if both or neither. ``side``: 1 if it argues
position 0 of two, else -1; 0 with more sides. ``order``: 1 if it spoke first, else -1. Unknown
values are NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.stats import Floats
from analysis.tournaments.ratings.comparisons import Ints
from analysis.tournaments.results import PAIR, pairs
from analysis.tournaments.tables import Contest

TOPICS = 6
"""With so many topics, clusters are topics; with fewer, clusters are matches."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays of one length, and the names behind their numbers.

    ``names`` are the entrants and ``judges`` the judges. ``debate`` numbers the pairs of sides of
    trials, ``trial`` the trials, and ``cluster`` the topics or matches (``by`` says which). The
    weights of a judge's verdicts on one debate sum to 1.
    """

    names: tuple[str, ...]
    judges: tuple[str, ...]
    by: str
    judge: Ints
    debate: Ints
    trial: Ints
    cluster: Ints
    first: Ints
    second: Ints
    score: Floats
    weight: Floats
    shown: Floats
    length: Floats
    own: Floats
    side: Floats
    order: Floats

    def __len__(self) -> int:
        return len(self.score)

    def where(self, kept: NDArray[np.bool_]) -> Rows:
        """The rows of a mask."""
        changes = {
            one.name: getattr(self, one.name)[kept]
            for one in fields(self)
            if isinstance(getattr(self, one.name), np.ndarray)
        }
        return replace(self, **changes)

    def strengths(self) -> Floats:
        """A column for each entrant: 1 where it is the first, -1 the second, 0 against itself."""
        columns = np.zeros((len(self), len(self.names)))
        every = np.arange(len(self))
        np.add.at(columns, (every, self.first), 1.0)
        np.add.at(columns, (every, self.second), -1.0)
        return columns


def rows(contest: Contest) -> Rows:
    """Every verdict with a winner, for each pair of sides that it compares."""
    scored = pairs(contest)
    scored = scored[scored["score"].notna()].reset_index(drop=True)
    judges = contest.judges["judge"].tolist()
    names = sorted({*contest.matches["entrant"]})
    number = {name: place for place, name in enumerate(names)}
    own_model = dict(zip(contest.judges["judge"], contest.judges["model"], strict=True))
    judge = scored["judge"].map({name: place for place, name in enumerate(judges)})
    by, cluster = clusters(scored)
    together = scored.groupby([*PAIR, "judge"], sort=False)["score"].transform("size")
    return Rows(
        names=tuple(names),
        judges=tuple(judges),
        by=by,
        judge=judge.to_numpy(dtype=np.int64),
        debate=_numbered(scored, PAIR),
        trial=_numbered(scored, ["trial"]),
        cluster=cluster,
        first=scored["first"].map(number).to_numpy(dtype=np.int64),
        second=scored["second"].map(number).to_numpy(dtype=np.int64),
        score=scored["score"].to_numpy(dtype=np.float64),
        weight=1 / together.to_numpy(dtype=np.float64),
        shown=scored["place"].to_numpy(dtype=np.float64),
        length=_lengths(contest, scored),
        own=_own(scored, [own_model[name] for name in scored["judge"]]),
        side=scored["side"].to_numpy(dtype=np.float64),
        order=scored["order"].to_numpy(dtype=np.float64),
    )


def clusters(scored: pd.DataFrame) -> tuple[str, Ints]:
    """Whether clusters are topics or matches, and the number of the cluster of each row.

    Clusters are topics if enough of them were judged. The columns ``motion``, ``round`` and
    ``match`` are read.

    >>> two = pd.DataFrame({"motion": ["Tea?", "Tea?"], "round": [1, 1], "match": [1, 2]})
    >>> by, cluster = clusters(two)
    >>> by, cluster.tolist()
    ('match', [0, 1])
    """
    if scored["motion"].nunique() >= TOPICS:
        return "topic", _numbered(scored, ["motion"])
    return "match", _numbered(scored, ["round", "match"])


def _numbered(scored: pd.DataFrame, names: list[str]) -> Ints:
    return np.asarray(scored.groupby(names, sort=False).ngroup(), dtype=np.int64)


def _lengths(contest: Contest, scored: pd.DataFrame) -> Floats:
    words = {
        (trial, actor): float(count)
        for trial, actor, count in zip(
            contest.lengths["trial"], contest.lengths["actor"], contest.lengths["words"],
            strict=True,
        )
    }  # fmt: skip
    first, second = (
        np.array(
            [words.get(key, nan) for key in zip(scored["trial"], scored[actor], strict=True)],
            dtype=np.float64,
        )
        for actor in ("first_actor", "second_actor")
    )
    # There is no ratio with a side that said nothing.
    spoke = (first > 0) & (second > 0)
    ratio = np.divide(first, second, out=np.full(len(first), nan), where=spoke)
    return np.asarray(np.log2(ratio))


def _own(scored: pd.DataFrame, models: Sequence[object]) -> Floats:
    """The column ``own``; NaN if a model is unknown, or if the judge is a person."""
    own = np.array(models, dtype=object)
    first, second = (
        scored[name].to_numpy(dtype=object) for name in ("first_model", "second_model")
    )
    known = np.array(
        [
            all(isinstance(model, str) for model in three)
            for three in zip(own, first, second, strict=True)
        ],
        dtype=bool,
    )
    sides = np.full(len(scored), nan)
    mine = own[known]
    sides[known] = np.asarray(first[known] == mine, np.float64) - (second[known] == mine)
    return sides
