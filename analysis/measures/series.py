"""Turns in the shape that the switching measures want: evidence per trial and actor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.evidence.text import Scores, kindness, score
from analysis.results import Arm
from analysis.stats import Floats
from analysis.stats.switching import WEAK, Rates, estimate, smooth
from analysis.tables import Tables

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


class Line(NamedTuple):
    """A turn: its index, who spoke, what was said, and to whom (None: to everybody)."""

    turn: int
    speaker: str
    text: str
    audience: tuple[str, ...] | None


def series(tables: Tables, reader: Reader) -> list[Series]:
    """A series for every member of every cast, in the order of trials and seats."""
    lines = lines_of(tables)
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    return [
        _series(str(trial), str(actor), lines.get(str(trial), []), reader, kindness)
        for trial, actor, kindness in zip(
            cast["trial"], cast["actor"], kindness_of(cast), strict=True
        )
    ]


def kindness_of(cast: pd.DataFrame) -> Iterator[float]:
    """How much kinder each persona of a table of casts is than its opposite."""
    for brief, traits, other in zip(cast["brief"], cast["traits"], cast["opposite"], strict=True):
        words = " ".join(map(str, traits))
        yield kindness(str(brief), words, None if pd.isna(other) else str(other))


def lines_of(tables: Tables) -> dict[str, list[Line]]:
    """The lines of each trial, in order."""
    lines: dict[str, list[Line]] = {}
    turns = tables.turns.sort_values(["trial", "turn"], kind="stable")
    columns = (turns[name] for name in ("trial", "turn", "speaker", "text", "audience"))
    for trial, turn, speaker, text, audience in zip(*columns, strict=True):
        heard = audience if isinstance(audience, tuple) else None
        line = Line(int(turn), str(speaker), str(text), heard)
        lines.setdefault(str(trial), []).append(line)
    return lines


def _series(trial: str, actor: str, lines: list[Line], reader: Reader, kindness: float) -> Series:
    turns: list[int] = []
    evidence: list[float] = []
    context: list[float] = []
    since: list[float] = []
    for line in lines:
        value = reader(score(line.text), kindness)
        if line.speaker == actor:
            turns.append(line.turn)
            evidence.append(value)
            context.append(sum(since) / len(since) if since else np.nan)
            since = []
        elif line.audience is None or actor in line.audience:
            since.append(value)
    return Series(
        trial,
        actor,
        tuple(turns),
        np.array(evidence, dtype=float),
        np.array(context, dtype=float),
    )


def rates_of(groups: Mapping[Arm, list[Series]], prior: int = WEAK) -> dict[Arm, Rates]:
    """The rates of every arm, from the series of its trials together."""
    return {
        arm: estimate([each.evidence for each in members], prior=prior)
        for arm, members in groups.items()
    }


def posterior(evidence: Floats, rates: Rates) -> Floats:
    """P(opposite) at each turn: the forward-backward smoother of the two-state filter."""
    return smooth(evidence, rates.q01.estimate, rates.q10.estimate, rates.concealment)
