"""Turns in the shape that the switching measures want: evidence per trial and actor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence.text import Scores, polarity, score, valence
from analysis.stats import Floats
from analysis.stats.switching import WEAK, Rates, estimate, smooth
from analysis.tables import ARM, Tables, with_arms

Reader = Callable[[Scores, float], float]
"""From a line's scores, and how much kinder the speaker's persona is than its opposite, to a
log-likelihood ratio."""


@dataclass(frozen=True, slots=True)
class Series:
    """One actor in one trial: the indices of its turns, and the evidence of each.

    ``context`` is the evidence of what the actor heard from others since it last spoke, read as if
    the actor had said it: the mean over these lines, NaN if there were none.
    """

    trial: str
    actor: str
    turns: tuple[int, ...]
    evidence: Floats
    context: Floats


def series(tables: Tables, reader: Reader) -> list[Series]:
    """A series for every member of every cast, in the order of trials and seats."""
    return [
        Series(trial, actor, *_read(lines, actor, reader, kindness))
        for trial, actor, kindness, lines in _actors(tables)
    ]


Line = tuple[int, str, str, tuple[str, ...] | None]


def _actors(tables: Tables) -> Iterator[tuple[str, str, float, list[Line]]]:
    lines = lines_of(tables)
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    for trial, actor, brief, traits, other in zip(
        cast["trial"], cast["actor"], cast["brief"], cast["traits"], cast["opposite"], strict=True
    ):
        # Traits say what somebody is; a brief also says what it thinks of ("kindness is a mask").
        told = " ".join(map(str, traits))
        described = told if valence(told) else f"{brief} {told}"
        contrast = None if pd.isna(other) else str(other)
        yield str(trial), str(actor), polarity(described, contrast), lines.get(str(trial), [])


def lines_of(tables: Tables) -> dict[str, list[Line]]:
    """Per trial, its turns in order: (index, speaker, text, audience)."""
    found: dict[str, list[Line]] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    for trial, turn, speaker, text, audience in zip(
        turns["trial"],
        turns["turn"],
        turns["speaker"],
        turns["text"],
        turns["audience"],
        strict=True,
    ):
        heard = audience if isinstance(audience, tuple) else None
        found.setdefault(str(trial), []).append((int(turn), str(speaker), str(text), heard))
    return found


def _read(
    lines: list[Line], actor: str, reader: Reader, kindness: float
) -> tuple[tuple[int, ...], Floats, Floats]:
    turns: list[int] = []
    evidence: list[float] = []
    context: list[float] = []
    since: list[float] = []
    for turn, speaker, text, audience in lines:
        value = reader(score(text), kindness)
        if speaker == actor:
            turns.append(turn)
            evidence.append(value)
            context.append(sum(since) / len(since) if since else np.nan)
            since = []
        elif audience is None or actor in audience:
            since.append(value)
    return tuple(turns), np.array(evidence, dtype=float), np.array(context, dtype=float)


def rates_by_arm(
    tables: Tables, found: list[Series], prior: int = WEAK
) -> dict[tuple[str, ...], Rates]:
    """The rates of every arm, from the series of its trials together."""
    groups: dict[tuple[str, ...], list[Floats]] = {}
    arms = arm_of(tables)
    for one in found:
        groups.setdefault(arms[one.trial], []).append(one.evidence)
    return {arm: estimate(members, prior=prior) for arm, members in sorted(groups.items())}


def arm_of(tables: Tables) -> dict[str, tuple[str, ...]]:
    """The arm of every trial."""
    trials = with_arms(tables.trials)
    return {
        str(row[0]): tuple(map(str, row[1:]))
        for row in trials[["trial", *ARM]].itertuples(index=False, name=None)
    }


def posteriors(
    tables: Tables, found: list[Series], rates: Mapping[tuple[str, ...], Rates]
) -> list[Floats]:
    """P(other) at each turn of each series, with the rates of its arm."""
    arms = arm_of(tables)
    made = []
    for one in found:
        own = rates[arms[one.trial]]
        made.append(smooth(one.evidence, own.q01.estimate, own.q10.estimate, own.concealment))
    return made
