"""When does an actor start to say the same thing again and again?

*Evidence*: T. *Definition.* A turn is a repetition if it is nearly a line that the same actor said
before (Jaccard similarity of their three-word shingles at least 0.8, Broder 1997), or if it goes
round in circles (zlib makes it smaller than a quarter). The onset is the first of two repetitions
among three turns of the actor in a row: who says a thing twice is being firm. *Null.* ``null``: the
actor of the same name in another trial as the earlier speaker; lines that are alike across trials
are the stage's repertoire and not a loop. *Reference.* arXiv 2502.15208.

Lines of fewer than four words ("Yes, of course.") are nobody's loop and are passed over.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import pandas as pd

from analysis.measures.series import lines_of
from analysis.tables import Tables, frame

EVIDENCE = "T"
ALIKE = 0.8
SQUEEZED = 4.0
_FEWEST = 4
_COLUMNS = {"trial": "str", "actor": "str", "loop": "Int64", "repetitions": "Int64"}
_NULL = {"trial": "str", "actor": "str", "repetitions": "Int64", "elsewhere": "Int64"}
_WORD = re.compile(r"[a-z0-9']+")

Shingles = frozenset[tuple[str, ...]]


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
    found = []
    for line in lines:
        own = shingles(line)
        long = len(_WORD.findall(line.lower())) >= _FEWEST
        again = long and any(alike(own, earlier) for earlier in seen)
        found.append(again or repeats_itself(line))
        if long:
            seen.append(own)
    return found


def _onset(repeated: list[bool]) -> int | None:
    for place, again in enumerate(repeated):
        if again and any(repeated[place + 1 : place + 3]):
            return place
    return None


def by_actor(tables: Tables) -> pd.DataFrame:
    """One row per trial and actor: ``loop`` (index of the turn, or <NA>), ``repetitions``.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = ["Good evening to you.", "The spring is ours.", "The spring is ours.",
    ...          "The spring is ours."]
    >>> said = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
    >>> int(by_actor(tables_from([Record("t", [{"name": "A"}], said)])).iloc[0].loop)
    3
    """
    spoken = lines_of(tables)
    rows: list[tuple[Any, ...]] = []
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
        own = [(turn, text) for turn, speaker, text, _ in spoken.get(trial, []) if speaker == actor]
        repeated = _repetitions([text for _, text in own])
        place = _onset(repeated)
        rows.append((trial, actor, None if place is None else own[place][0], sum(repeated)))
    return frame(rows, _COLUMNS)


def null(tables: Tables) -> pd.DataFrame:
    """Repetitions of an actor's own lines beside those of its namesake in the next trial."""
    spoken = lines_of(tables)
    rows: list[tuple[Any, ...]] = []
    for actor, group in tables.cast.sort_values(["trial"]).groupby("actor", sort=True):
        trials = list(group["trial"])
        for place, trial in enumerate(trials):
            other = trials[(place + 1) % len(trials)]
            if other == trial:
                continue
            own = [text for _, speaker, text, _ in spoken.get(trial, []) if speaker == actor]
            theirs = [text for _, speaker, text, _ in spoken.get(other, []) if speaker == actor]
            elsewhere = sum(
                any(alike(shingles(line), shingles(earlier)) for earlier in theirs[:count])
                for count, line in enumerate(own)
                if len(_WORD.findall(line.lower())) >= _FEWEST
            )
            rows.append((trial, actor, sum(_repetitions(own)), elsewhere))
    return frame(rows, _NULL)
