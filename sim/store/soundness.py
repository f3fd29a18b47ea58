"""Whether a store is as it was written: SQLite's own check, our hashes, and what has to add up.

A trial's id is a hash of its scene and stage, and a chunk of a prompt is known by its hash, so both
are computed again. Rows are decoded as they are when they are used. Turns have to be complete, and
as many as the trial says.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

from sim.errors import StoreDamaged, StoreFailed
from sim.planning.trials import Trial, trial_id
from sim.redaction import BLOT
from sim.scene.scene import Scene
from sim.store.connection import open_readonly
from sim.store.rows import REPLY_COLUMNS, from_row, reply_from_row, text_from_column
from sim.store.shapes import COLUMNS, Broken, check_row

_MOST = 100
"""So many problems are kept; the others are counted."""


@dataclass(slots=True)
class Soundness:
    """What was checked, by what it is, and what is wrong. ``more`` problems are only counted."""

    checked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    more: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def wrong(self, what: str) -> None:
        """Keep a problem, or count it."""
        if len(self.problems) < _MOST:
            self.problems.append(what)
        else:
            self.more += 1


def verify(path: Path | str) -> Soundness:
    """Check a store. Raises ``StoreRefused`` if there is none at the path.

    >>> import tempfile
    >>> from sim.store import Writer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Writer.open(f"{folder}/a.db").close()
    ...     verify(f"{folder}/a.db").sound
    True
    """
    found = Soundness()
    try:
        connection = open_readonly(path)
    except (StoreDamaged, StoreFailed) as error:
        found.wrong(str(error).partition("; try")[0].partition(": ")[2])
        return found
    with closing(connection):
        _sqlite(connection, found)
        _rows(connection, found)
    return found


def _sqlite(connection: sqlite3.Connection, found: Soundness) -> None:
    try:
        told = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST})")]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        told = [str(error)]
    for line in told:
        if line != "ok":
            found.wrong(f"SQLite: {' '.join(str(line).split())}")


def _rows(connection: sqlite3.Connection, found: Soundness) -> None:
    trials: dict[str, tuple[str, int, int]] = {}
    for values in _each(connection, found, "trials", TRIAL_COLUMNS):
        trial = dict(zip(COLUMNS["trials"], values, strict=True))
        name = str(trial["trial"])
        if _holds(found, f"trial {name[:12]}", check_trial, trial):
            trials[name] = (trial["status"], trial["turns"], trial["at"] or 1)
    found.checked["trials"] = len(trials)
    turns: dict[str, list[int]] = {}
    ended: set[str] = set()
    orphans: Counter[str] = Counter()
    columns = "trial, turn, kind, actor, key, sample, payload, seconds"
    for row in _each(connection, found, "events", columns):
        name = str(row[0])
        if _holds(found, f"an event of trial {name[:12]}", from_row, row):
            found.checked["events"] += 1
            if row[2] == "turn":
                turns.setdefault(name, []).append(row[1])
            elif row[2] == "ended":
                ended.add(name)
        if name not in trials:
            orphans[name] += 1
    for name, count in orphans.items():
        found.wrong(f"{count} events belong to trial {name[:12]!r}, which is not there")
    for name, (status, count, first) in trials.items():
        own = sorted(turns.get(name, []))
        if own != list(range(first, first + len(own))):
            found.wrong(f"trial {name[:12]}: turns are missing")
        if status == "planned" and name in ended:
            found.wrong(f"trial {name[:12]}: has its end, and is not at its end")
        if status != "planned" and (name not in ended or first - 1 + len(own) != count):
            found.wrong(
                f"trial {name[:12]}: is {status} after {count} turns, "
                f"and {first - 1 + len(own)} are there"
            )
    for row in _each(connection, found, "replies", REPLY_COLUMNS):
        if _holds(found, "a reply", reply_from_row, row):
            found.checked["replies"] += 1
    for row in _each(connection, found, "chunks", "digest, parent, role, text"):
        if _holds(found, "a prompt", check_chunk, row):
            found.checked["prompts"] += 1
    for table in COLUMNS:
        if table != "trials":
            _others(connection, found, table)


def _others(connection: sqlite3.Connection, found: Soundness, table: str) -> None:
    names = list(COLUMNS[table])

    def check(row: tuple[Any, ...]) -> None:
        check_row(dict(zip(names, row, strict=True)), table)

    listed = ", ".join(f'"{name}"' for name in names)
    for row in _each(connection, found, table, listed):
        if _holds(found, f"a row of {table}", check, row):
            found.checked[table] += 1


TRIAL_COLUMNS = ", ".join(f'"{name}"' for name in COLUMNS["trials"])


def check_trial(row: Mapping[str, Any]) -> None:
    """Check a trial by its columns. Raises ``ValueError`` if the id is not its hash."""
    check_row(row, "trials")
    name, scene, stage, seed, arm, focal, of, stages, at, branch = (
        row[each]
        for each in (
            "trial", "scene", "stage", "seed", "arm", "focal", "of", "stages", "at", "branch",
        )
    )  # fmt: skip
    trial = Trial(
        name, "", {}, cast("Scene", None), "", stage, seed, arm, focal, of,
        stages=json.loads(stages), at=at, branch=branch,
    )  # fmt: skip
    # What was redacted has another hash.
    if BLOT not in stage + stages and trial_id(trial, scene) != name:
        raise ValueError("its id is not the hash of what it holds")


def check_chunk(row: tuple[Any, ...]) -> None:
    """Check a row of ``chunks``. Raises ``ValueError`` if the digest is not its hash."""
    digest, parent, role, text = row
    content = text_from_column(text).encode("utf-8", "surrogatepass")
    made = blake2b(content, digest_size=16, key=parent or b"", person=role.encode()).digest()
    if made != digest:
        raise ValueError("its digest is not the hash of what it holds")


def _each(
    connection: sqlite3.Connection, found: Soundness, table: str, columns: str
) -> Iterator[tuple[Any, ...]]:
    try:
        yield from connection.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - ours
    except (sqlite3.Error, UnicodeDecodeError) as error:
        found.wrong(f"the table {table} cannot be read to its end ({error})")


def _holds(found: Soundness, what: str, check: Callable[[Any], object], row: Any) -> bool:
    try:
        check(row)
    except Broken as error:
        found.wrong(f"{what}: {str(error) or type(error).__name__:.120}")
        return False
    return True
