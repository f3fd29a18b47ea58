"""What a store holds of trials that are to be played."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sim.events import Usage
from sim.runs.report import InDoubt
from sim.stage.base import Reply
from sim.store import REPLY_COLUMNS, reply_from_row, transcript_of
from sim.transcript import Transcript

_AT_ONCE = 500
"""How many ids go into one query; SQLite allows 999 parameters at least."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A trial as the store has it."""

    trial: str
    status: str
    reason: str | None
    turns: int

    @property
    def failed(self) -> bool:
        """Whether a call went wrong for good, so that the scene ended."""
        return self.status == "failed"

    def transcript(self, connection: sqlite3.Connection) -> Transcript | None:
        """Its events, or None if there are none yet."""
        found = transcript_of(connection, self.trial)
        return found if found.events else None

    def replies(self, connection: sqlite3.Connection) -> tuple[dict[str, Reply], bool]:
        """Its replies by the keys of their calls, and whether version 1 wrote one of them."""
        start = self.trial[:12]
        # Hexadecimal letters sort before "g": the range holds all keys that begin like this.
        rows = connection.execute(
            f"SELECT key, {REPLY_COLUMNS} FROM replies"  # noqa: S608 - a constant of ours
            " WHERE key >= ? AND key < ? AND trial = ?",
            (start, start + "g", self.trial),
        ).fetchall()
        # Version 1 did not write down the retries.
        return {row[0]: reply_from_row(row[1:]) for row in rows}, any(
            row[-1] is None for row in rows
        )


def stored_trials(connection: sqlite3.Connection, trials: Sequence[str]) -> dict[str, Stored]:
    """Those of the trials that the store knows."""
    rows = for_ids(connection, "SELECT trial, status, reason, turns FROM trials", trials)
    return {row[0]: Stored(*row) for row in rows}


def trials_over(connection: sqlite3.Connection, trials: Sequence[str]) -> set[str]:
    """Those of the trials that are at their end."""
    known = stored_trials(connection, trials)
    return {trial for trial, stored in known.items() if stored.status != "planned"}


def stored_doubts(
    connection: sqlite3.Connection, trials: Sequence[str]
) -> dict[str, list[tuple[str, InDoubt]]]:
    """The calls in doubt, with their keys, by trial.

    A question after the curtain (``ask``) that was torn off is none: the trial lacks nothing.
    """
    doubts: dict[str, list[tuple[str, InDoubt]]] = {}
    rows = for_ids(
        connection,
        "SELECT trial, key, turn, purpose, actor FROM intents",
        trials,
        "AND run NOT IN"
        " (SELECT run FROM runs WHERE json_extract(manifest, '$.options.ask') IS NOT NULL)",
    )
    for trial, key, turn, purpose, actor in rows:
        doubts.setdefault(trial, []).append((key, InDoubt(trial, turn, purpose, actor)))
    return doubts


def stored_usage(connection: sqlite3.Connection, trials: Sequence[str]) -> Usage:
    """What was paid for these trials by now; the price of what has none is left out."""
    prompt = completion = 0
    usd = 0.0
    rows = for_ids(
        connection,
        "SELECT json_extract(usage, '$.prompt_tokens'), json_extract(usage, '$.completion_tokens'),"
        " json_extract(usage, '$.usd') FROM replies",
        trials,
        "AND cached = 0",
    )
    for tokens, written, price in rows:
        prompt += tokens
        completion += written
        usd += price or 0.0
    return Usage(prompt, completion, 0, usd)


def for_ids(
    connection: sqlite3.Connection, select: str, trials: Sequence[str], also: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Rows for these trials, in their order; ``select`` has no WHERE, ``also`` goes on from it."""
    for start in range(0, len(trials), _AT_ONCE):
        some = trials[start : start + _AT_ONCE]
        yield from connection.execute(
            f"{select} WHERE trial IN ({','.join('?' * len(some))}) {also} ORDER BY trial", some
        )
