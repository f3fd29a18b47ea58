"""The lines of a store, kept in memory, where a search of all of them takes a moment.

In the file, a line stands within the JSON of its event, which a search would have to read and to
parse each time. Whoever searches again and again, as the viewer does, keeps them here.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from sim.errors import ElsinoreError
from sim.store.reader import Store, open_store
from sim.store.searching import TEXTS, Found, saying, search

log = logging.getLogger(__name__)

MOST_BYTES = 256 << 20
"""Memory that lines may take; a store with more is searched in its file."""

_PAGE_BYTES = 4096

_LAST = (
    "SELECT rowid, trial, turn, kind, actor, key, sample FROM events ORDER BY rowid DESC LIMIT 1"
)
_SINCE = f"{TEXTS} AND rowid > ? ORDER BY rowid"
_COUNT = "SELECT count(*) FROM events"


class Lines:
    """The lines of a store in an SQLite database in memory, at most ``most_bytes`` of it.

    They are read in a thread of their own, which is begun at the first search if not before. Until
    they are there, the file is searched, as it always is in a store of more lines. Later searches
    first read what was written since; where events were removed (a trial was begun anew), all is
    read again.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._pages = max(most_bytes // _PAGE_BYTES, 2)
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._reader: threading.Thread | None = None
        self._state = ""
        self._last: Sequence[object] = (0,)
        self._count = 0

    @property
    def kept(self) -> bool:
        """Whether the lines are in memory."""
        return self._memory is not None

    def wait(self, seconds: float) -> None:
        """Wait for the first reading, if one is under way."""
        if self._reader is not None:
            self._reader.join(seconds)

    def saying(self, words: str, state: str) -> dict[str, Found]:
        """As ``searching.saying``. ``state`` is any text that is another one when the store is.

        Raises ``StoreRefused`` or ``StoreDamaged`` if the store cannot be read.
        """
        if self._memory is None:
            self.begin(state)
            with open_store(self.path) as store:
                return saying(store, words)
        with self._lock:
            if state != self._state:
                self._follow(state)
            if self._memory is not None:
                return search(self._memory, "lines", words)
        with open_store(self.path) as store:
            return saying(store, words)

    def begin(self, state: str, after: float = 0.0) -> None:
        """Begin to read the lines in the background ``after`` so many seconds, if nobody has;
        returns at once."""
        with self._lock:
            if self._reader is None:
                self._reader = threading.Thread(
                    target=self._read, args=(state, after), name="lines", daemon=True
                )
                self._reader.start()

    def _read(self, state: str, after: float) -> None:
        time.sleep(after)
        try:
            with open_store(self.path) as store:
                memory = self._copied(store)
        except (ElsinoreError, sqlite3.Error) as error:
            # A search tells what is wrong with the store; this only makes searches quick.
            log.info("lines are not kept in memory: %s", error)
            return
        with self._lock:
            self._memory, self._state = memory, state

    def _copied(self, store: Store) -> sqlite3.Connection:
        """All lines in a database in memory. Raises ``sqlite3.Error`` if there are too many."""
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            memory.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            memory.execute(f"PRAGMA max_page_count = {self._pages}")
            memory.execute("CREATE TABLE lines (trial TEXT, turn INTEGER, actor TEXT, text TEXT)")
            self._append(store, memory, 0)
        except BaseException:
            memory.close()
            raise
        return memory

    def _append(self, store: Store, memory: sqlite3.Connection, since: int) -> None:
        """Copy the lines of rows after ``since``, all or none."""
        connection = store.connection
        connection.execute("BEGIN")  # Lines, count and last row are of one moment.
        try:
            memory.execute("BEGIN")
            memory.executemany(
                "INSERT INTO lines VALUES (?, ?, ?, ?)", connection.execute(_SINCE, (since,))
            )
            memory.execute("COMMIT")
            (self._count,) = connection.execute(_COUNT).fetchone()
            self._last = connection.execute(_LAST).fetchone() or (0,)
        finally:
            connection.execute("COMMIT")

    def _follow(self, state: str) -> None:
        """Read what was written since; without the lines in memory if that cannot be."""
        memory = self._memory
        assert memory is not None
        with open_store(self.path) as store:
            self._memory = None
            try:
                if self._only_grew(store):
                    self._append(store, memory, int(str(self._last[0])))
                else:
                    memory.close()
                    memory = self._copied(store)
            except sqlite3.Error as error:
                log.info("lines are not kept in memory: %s", error)
                memory.close()
                return
            self._memory, self._state = memory, state

    def _only_grew(self, store: Store) -> bool:
        """Whether the rows that were read are all there still."""
        connection = store.connection
        (count,) = connection.execute(_COUNT).fetchone()
        (new,) = connection.execute(f"{_COUNT} WHERE rowid > ?", self._last[:1]).fetchone()
        # Numbers of rows that were removed at the end are given again: then others stand there.
        last = connection.execute(
            f"{_LAST.partition(' ORDER')[0]} WHERE rowid = ?", self._last[:1]
        ).fetchone()
        return bool(count == self._count + new and (self._count == 0 or last == self._last))
