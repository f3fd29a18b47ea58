"""Saves what can be read of a damaged store into a new one.

Rows are read one by one past the pages that cannot be, and kept if they decode (and, where they
have one, if their hash is right). A trial that lost events becomes one that is not at its end: it
keeps the turns before the first that is missing, and a run plays on from there, from its stored
replies where they are left.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.errors import BadRequest, RunFailed
from sim.store.connection import damaged, open_raw, open_writable
from sim.store.locations import absolute, refuse_foreign
from sim.store.rows import REPLY_COLUMNS, from_row, reply_from_row
from sim.store.shapes import Broken, check_row
from sim.store.soundness import check_chunk, check_trial

TABLES = (
    "runs", "trials", "events", "replies", "intents", "verdicts", "truths", "chunks", "failures",
    "tournaments", "matches",
)  # fmt: skip

_MOST_TRIES = 5_000
"""How often reading goes on behind a place that cannot be read."""


@dataclass(slots=True)
class Recovered:
    """Rows kept and rows lost by table (as far as they could be counted), and trials reopened."""

    kept: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    reopened: list[str] = field(default_factory=list)


def recover(path: Path | str, new: Path | str) -> Recovered:
    """Copy what can be read of the store at ``path`` into a new store; the old one is not changed.

    Raises ``BadRequest`` if ``new`` exists, ``StoreRefused`` if there is no store at ``path``,
    ``RunFailed`` if nothing at all can be read.
    """
    source = absolute(path)
    refuse_foreign(source)
    target = absolute(new, create=True)
    if target.exists():
        raise BadRequest(f"recover {target}: is there already; name a new file")
    found = Recovered()
    with closing(open_raw(source)) as old:
        tables = _tables(old)
        if not tables:
            raise RunFailed(f"{damaged(source, 'not even its tables can be listed')}")
        connection, lease = open_writable(target)
        try:
            connection.execute("BEGIN")
            for table in TABLES:
                if table in tables:
                    _copy(old, connection, table, found)
            _reopen(connection, found)
            connection.execute("COMMIT")
        finally:
            connection.close()
            lease.drop()
    return found


def _tables(connection: sqlite3.Connection) -> set[str]:
    try:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    except (sqlite3.Error, UnicodeDecodeError):
        return set()
    return {str(name) for (name,) in rows}


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, found: Recovered) -> None:
    # Columns that newer versions added have a value of their own, or may be empty.
    known = {row[1]: row[4] for row in new.execute(f"PRAGMA table_info({table})")}
    try:
        names = [row[1] for row in old.execute(f"PRAGMA table_info({table})") if row[1] in known]
    except (sqlite3.Error, UnicodeDecodeError):
        found.lost[table] += 1
        return
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * len(names))
    insert = f"INSERT OR IGNORE INTO {table} ({listed}) VALUES ({marks})"  # noqa: S608 - ours
    if table == "verdicts" and "form" not in names:
        return  # Of versions before 3; only tests wrote any.
    absent = {name: None for name, value in known.items() if value is None and name not in names}
    for row in _rows(old, table, listed, found):
        if _decodes(table, {**absent, **dict(zip(names, row, strict=True))}):
            found.kept[table] += new.execute(insert, row).rowcount
        else:
            found.lost[table] += 1


def _rows(
    connection: sqlite3.Connection, table: str, listed: str, found: Recovered
) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, in the order in which they were written."""
    select = f"SELECT rowid, {listed} FROM {table} WHERE rowid > ? ORDER BY rowid"  # noqa: S608
    following = f"SELECT rowid FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT 1"  # noqa: S608
    last = -1
    for _ in range(_MOST_TRIES):
        try:
            for row in connection.execute(select, (last,)):
                if row[0] <= last:
                    raise sqlite3.DatabaseError("rows are out of order")
                last = row[0]
                yield row[1:]
            return
        except (sqlite3.Error, UnicodeDecodeError):
            found.lost[table] += 1
        step = 1
        while step < 1 << 40:
            try:
                after = connection.execute(following, (last + step,)).fetchone()
            except (sqlite3.Error, UnicodeDecodeError):
                step *= 2
                continue
            if after is None:
                return
            last = max(after[0] - 1, last + step)  # The order may be damaged, too.
            break
        else:
            return


def _decodes(table: str, row: dict[str, Any]) -> bool:
    try:
        _CHECKS.get(table, check_row)(row, table)
    except Broken:
        return False
    return True


def _trial(row: Mapping[str, Any], table: str) -> None:
    check_trial({"stages": "{}", "at": None, "branch": None, **row})


def _event(row: Mapping[str, Any], table: str) -> None:
    names = ("trial", "turn", "kind", "actor", "key", "sample", "payload", "seconds")
    from_row(tuple(row[name] for name in names))


def _reply(row: Mapping[str, Any], table: str) -> None:
    names = [name.strip() for name in REPLY_COLUMNS.split(",")]
    defaults = {"thought": "", "retries": None}
    reply_from_row(tuple(row.get(name, defaults.get(name)) for name in names))


def _chunk(row: Mapping[str, Any], table: str) -> None:
    check_chunk((row["digest"], row["parent"], row["role"], row["text"]))


_CHECKS: dict[str, Callable[[Mapping[str, Any], str], None]] = {
    "trials": _trial,
    "events": _event,
    "replies": _reply,
    "chunks": _chunk,
}


def _reopen(connection: sqlite3.Connection, found: Recovered) -> None:
    """Trials that lost events are not at their end; events without a trial are of no use."""
    connection.execute("DELETE FROM events WHERE trial NOT IN (SELECT trial FROM trials)")
    rows = connection.execute("SELECT trial, status, turns, at FROM trials").fetchall()
    for trial, status, turns, at in rows:
        first = at or 1
        there = Counter(
            turn
            for (turn,) in connection.execute(
                "SELECT turn FROM events WHERE trial = ? AND kind = 'turn'", (trial,)
            )
        )
        whole = 0
        while there[first + whole] == 1:  # Of two turns with one number neither is to be trusted.
            whole += 1
        (ends,) = connection.execute(
            "SELECT count(*) FROM events WHERE trial = ? AND kind = 'ended'", (trial,)
        ).fetchone()
        complete = whole == there.total() and (
            ends == 0 if status == "planned" else ends == 1 and first - 1 + whole == turns
        )
        if complete:
            continue
        found.reopened.append(trial)
        connection.execute(
            "DELETE FROM events WHERE trial = ? AND (turn > ? OR kind = 'ended')",
            (trial, first - 1 + whole),
        )
        connection.execute("DELETE FROM truths WHERE trial = ?", (trial,))
        connection.execute(
            "UPDATE trials SET status = 'planned', reason = NULL, turns = 0 WHERE trial = ?",
            (trial,),
        )
