"""Whether an open store is still the file at its path, and what is done when it is not.

Somebody may move, delete or replace a store while a run writes it. SQLite goes on writing into the
file that it opened, wherever its name is now, and leaves its log behind: whoever opens another
store of the same name then has our log written into it. So a run looks every second, copies
everything that was committed into a file of its own, removes its log, and stops.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic

from sim.errors import StoreFailed

_SECONDS = 1.0
"""How often the path is looked at."""


class Presence:
    """The file at a path when a store was opened, to be compared with what is there later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _identity(path)
        self._logs: dict[Path, tuple[int, int] | None] = {}
        self._next = 0.0

    def check(self, connection: sqlite3.Connection) -> None:
        """Look, unless somebody did within the last second.

        Raises ``StoreFailed`` if another file or none is at the path, with where the rows are.
        """
        now = monotonic()
        if now < self._next:
            return
        self._next = now + _SECONDS
        if _identity(self.path) == self._file:
            logs = (Path(f"{self.path}{ending}") for ending in ("-wal", "-shm"))
            self._logs = {log: _identity(log) for log in logs}
            return
        told = self._told(connection)
        for log, identity in self._logs.items():
            # Unless it is another store's by now.
            if identity is not None and _identity(log) == identity:
                with suppress(OSError):
                    log.unlink()
        raise StoreFailed(told)

    def _told(self, connection: sqlite3.Connection) -> str:
        happened = "was replaced by another file" if self.path.exists() else "is gone from its path"
        copy = _copied(connection, self.path)
        kept = (
            f"everything that was committed is in {copy}; move that file back to go on"
            if copy is not None
            else "no copy could be made of what was committed: no folder has room for it"
        )
        return f"store {self.path}: {happened} while it was written, so the run was stopped; {kept}"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _copied(connection: sqlite3.Connection, path: Path) -> Path | None:
    """A copy of an open database beside its path or, if that folder is gone, where drafts go."""
    for folder in (path.parent, Path(tempfile.gettempdir())):
        copy = folder / f"{path.stem}.rescued-{os.getpid()}{path.suffix}"
        try:
            if copy.exists() or not folder.is_dir():
                continue
            with closing(sqlite3.connect(copy)) as target:
                connection.backup(target)
        except (sqlite3.Error, OSError):
            with suppress(OSError):
                copy.unlink(missing_ok=True)
        else:
            return copy
    return None
