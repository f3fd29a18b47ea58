"""Searching what was said: in all lines of all trials, whatever the case of the letters."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from sim.store.damage import told_as_damage
from sim.store.reader import Store

_AROUND = 60
"""So many letters are told before and after what was found."""

TEXTS = (
    "SELECT trial, turn, actor, CASE kind WHEN 'turn'"
    " THEN json_extract(payload, '$.text') || char(10) ||"
    " coalesce(json_extract(payload, '$.thought'), '')"
    " ELSE json_extract(payload, '$.text') END AS text"
    " FROM events WHERE kind IN ('turn', 'intervention')"
)
"""The query for all lines of a store: trial, turn, actor, and what was said and thought."""

# SQLite compares ASCII by itself, twenty times as fast as it calls a function of Python's, which
# knows the cases of all other letters. Of a row of min() the other columns are those of the least.
_FOUND = (
    "SELECT trial, min(turn), actor, text, count(*) FROM {}"
    " WHERE CASE WHEN ?1 AND length(text) = length(CAST(text AS BLOB))"
    " THEN text LIKE ?2 ESCAPE '!' AND (?3 OR says(text)) ELSE says(text) END"
    " GROUP BY trial ORDER BY trial"
)


@dataclass(frozen=True, slots=True)
class Found:
    """The first place of a trial where words stand, and in how many of its lines they do.

    ``before``, ``words`` and ``after`` are the words as they stand there, with what is around.
    """

    turn: int
    actor: str
    before: str
    words: str
    after: str
    lines: int


@told_as_damage
def saying(store: Store, words: str) -> dict[str, Found]:
    """Where something was said, thought or put in, by trial; of a branch in its own turns alone.

    Upper and lower case are the same in every script. Nothing says nothing: blank ``words`` are
    found nowhere.
    """
    return search(store.connection, f"({TEXTS})", words)


def search(connection: sqlite3.Connection, lines: str, words: str) -> dict[str, Found]:
    """The same in any table or query ``lines`` that has the columns of ``TEXTS``."""
    parts = words.casefold().split()
    wanted = " ".join(parts)
    if not wanted:
        return {}

    def says(text: object) -> bool:
        folded = text.casefold() if isinstance(text, str) else ""
        # Words first: blanks are made alike only where all of them stand.
        return all(part in folded for part in parts) and (
            len(parts) == 1 or wanted in " ".join(folded.split())
        )

    connection.create_function("says", 1, says, deterministic=True)
    escaped = [re.sub("[!%_]", r"!\g<0>", part) for part in parts]
    given = (wanted.isascii(), f"%{'%'.join(escaped)}%", len(parts) == 1)
    return {
        trial: _place(int(turn), str(actor), str(text), wanted, int(lines))
        for trial, turn, actor, text, lines in connection.execute(_FOUND.format(lines), given)
    }


def _place(turn: int, actor: str, text: str, wanted: str, lines: int) -> Found:
    """The words in a text, with what stands around them."""
    line = " ".join(text.split())
    at = line.casefold().find(wanted)
    # Folding may change how long a text is (ß): then what is told is a little beside the words.
    at = min(max(at, 0), len(line))
    end = min(at + len(wanted), len(line))
    start = max(at - _AROUND, 0)
    return Found(
        turn, actor,
        ("…" if start else "") + line[start:at],
        line[at:end],
        line[end : end + _AROUND] + ("…" if end + _AROUND < len(line) else ""),
        lines,
    )  # fmt: skip
