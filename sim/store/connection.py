"""Opening a store: any number of processes may read it, and one at a time may write it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from filelock import FileLock, Timeout

from sim.errors import StoreDamaged, StoreFailed, StoreRefused
from sim.store.locations import absolute, refuse_foreign, refuse_network, refuse_read_only, writable
from sim.store.schema import APPLICATION_ID, VERSION, migrate, version_of
from sim.text.printing import command_line

OPENED: set[Path] = set()
"""The stores that this process has opened: where an error makes no sense, they may be damaged."""

Durable = Literal["normal", "full"]

_BUSY_SECONDS = 10.0

# Copying the log into the file waits for the disk: up to 15 ms each time, on the event loop. At
# SQLite's 1000 pages that was half of a turn's time; at 10,000 (40 MB) it hardly shows.
_PAGES_IN_LOG = 10_000


def _connect(path: Path, options: str) -> sqlite3.Connection:
    """A connection in autocommit mode. The path may hold any letter, ``?``, ``#`` and ``%`` too."""
    return sqlite3.connect(
        f"file:{quote(str(path))}?{options}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
    )


_SIGNS = ("decode to UTF-8", "no such table", "no such column")
"""What SQLite says of a store whose tables are not ours any more."""


def is_damage(error: BaseException) -> bool:
    """Whether an error of SQLite says that the file is not as it was written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return (
        code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        or isinstance(error, UnicodeDecodeError)  # SQLite names something that is no UTF-8.
        or (isinstance(error, sqlite3.Error) and any(sign in str(error) for sign in _SIGNS))
    )


def damaged(path: Path, what: object) -> StoreDamaged:
    """The error for a store that is not as it was written.

    >>> from pathlib import Path
    >>> str(damaged(Path("a.db"), "database disk image is malformed"))
    'store a.db: is damaged (database disk image is malformed); try: elsinore verify a.db'
    """
    return StoreDamaged(f"store {path}: is damaged ({what}); try: {command_line('verify', path)}")


def _check_ours(connection: sqlite3.Connection, path: Path) -> int:
    """The version of an open store. Raises ``StoreRefused`` if it is not ours or too new."""
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        version = version_of(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if is_damage(error):
            raise damaged(path, error) from None
        raise StoreRefused(
            f"store {path}: cannot be read ({error}); use another path, or a backup"
        ) from None
    if application != APPLICATION_ID:
        raise StoreRefused(
            f"store {path}: is an SQLite file, but not an Elsinore store; use another path"
        )
    if version > VERSION:
        raise StoreRefused(
            f"store {path}: has version {version}, and this Elsinore knows versions up to "
            f"{VERSION}; upgrade Elsinore (pip install -U elsinore)"
        )
    return version


def open_readonly(path: Path | str) -> sqlite3.Connection:
    """A connection that reads a store, also while somebody writes it. Close it when done.

    A store of an older version is migrated in memory and the file left as it is. Raises
    ``StoreRefused`` if there is no store at the path or it cannot be read.

    >>> open_readonly("nowhere.db")
    Traceback (most recent call last):
    ...
    sim.errors.StoreRefused: store ...nowhere.db: does not exist; check the path
    """
    resolved = absolute(path)
    if not resolved.exists():
        raise StoreRefused(f"store {resolved}: does not exist; check the path")
    refuse_foreign(resolved)
    OPENED.add(resolved)
    log = Path(f"{resolved}-wal")
    if writable(resolved) and writable(resolved.parent):
        # Not mode=ro: such a connection creates -wal and -shm beside the file and, when it is
        # closed, is not allowed to remove them.
        options = "mode=rw"
    elif log.exists():
        options = "mode=ro"
    else:
        # SQLite creates the shared memory of the log even for reading. In a place where it cannot,
        # nobody writes; and without a log the file holds everything that was committed.
        options = "mode=ro&immutable=1"
    try:
        connection = _connect(resolved, options)
        try:
            connection.execute("PRAGMA query_only = ON")
            version = _check_ours(connection, resolved)
            if version < VERSION:
                connection = _migrated_in_memory(connection)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if is_damage(error):
            raise damaged(resolved, error) from None
        raise StoreRefused(
            f"store {resolved}: cannot be read ({error}); "
            "copy it, and its -wal file if there is one, to a folder where you may write"
        ) from None
    return connection


def open_raw(path: Path) -> sqlite3.Connection:
    """A connection that reads whatever can be read, for ``recover``; nothing is checked."""
    return _connect(path, "mode=ro")


def _migrated_in_memory(old: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of a store in memory, of the newest version. Closes the old connection."""
    new = sqlite3.connect(":memory:", isolation_level=None)
    old.backup(new)
    old.close()
    migrate(new)
    new.execute("PRAGMA query_only = ON")
    return new


class Lease:
    """The right to write a store: one process at a time. The OS drops it when the process dies."""

    def __init__(self, path: Path) -> None:
        """Take the lease. Raises ``StoreRefused`` if another process holds it."""
        self.path = path
        name = Path(f"{path}.lock")
        holder = _holder(name)
        self._lock = FileLock(str(name))
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            # Read before acquiring, because older versions of filelock empty the file even if the
            # lock is held.
            who = _holder(name) or holder
            by = f"process {who}" if who else "another process"
            raise StoreRefused(
                f"store {path}: {by} is writing it; wait until that run is over, "
                "stop it, or use another path"
            ) from None
        except OSError as error:
            raise StoreRefused(
                f"store {path}: cannot be locked ({error.strerror}); check {name}"
            ) from None
        # Only for the message above; a full disk is no reason to fail here.
        with contextlib.suppress(OSError):
            name.write_text(f"{os.getpid()}\n", "ascii")
        # Removed at the end, and no other file of this name: a store may be moved with its lock.
        self._held = _stat(name)

    def drop(self) -> None:
        """Give the lease back, and remove the lock file while it is held still.

        Whoever opened that file meanwhile and gets its lock finds that it has no name any more, and
        begins again (``filelock`` sees to it).
        """
        name = Path(self._lock.lock_file)
        now = _stat(name)
        if now is not None and self._held is not None and os.path.samestat(now, self._held):
            with contextlib.suppress(OSError):
                name.unlink()
        self._lock.release()


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def writing(path: Path) -> int | None:
    """The process that holds a store for writing, as far as can be told without taking the lease:
    the one that the lock file names, if it lives. None if there is none."""
    process = _holder(Path(f"{path.resolve()}.lock"))
    if process is None or os.name == "nt":  # There, a signal of 0 would end the process.
        return process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # Somebody else's, and it lives.
    return process


def _holder(lock: Path) -> int | None:
    """The process that a lock file names, if it can be read."""
    try:
        text = lock.read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdecimal() else None


def open_writable(
    path: Path | str, durable: Durable = "normal"
) -> tuple[sqlite3.Connection, Lease]:
    """Open a store for writing, or create it; migrate it if it is older.

    Raises ``StoreRefused`` if it cannot be used, ``StoreFailed`` if the disk cannot be written.
    """
    if durable not in ("normal", "full"):
        raise StoreRefused(f"durable: {durable!r} is unknown; use normal or full")
    resolved = absolute(path, create=True)
    refuse_read_only(resolved)
    refuse_network(resolved)
    if resolved.exists() and resolved.stat().st_size > 0:
        refuse_foreign(resolved)
    lease = Lease(resolved)
    OPENED.add(resolved)
    try:
        # An empty file is what mktemp leaves, and to SQLite an empty database.
        if not resolved.exists() or resolved.stat().st_size == 0:
            _create(resolved)
        return _open_locked(resolved, durable), lease
    except BaseException:
        lease.drop()
        raise


def _open_locked(path: Path, durable: Durable) -> sqlite3.Connection:
    with _failing(path):
        connection = _connect(path, "mode=rw")
    try:
        _check_ours(connection, path)
        with _failing(path):
            _use_write_ahead_log(connection, path)
            connection.execute(f"PRAGMA synchronous = {durable.upper()}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IN_LOG}")
            migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreRefused(
            f"store {path}: the file system does not support SQLite's write-ahead log "
            f"(it answered {mode!r}); use a path on a local disk"
        )


def _create(path: Path) -> None:
    """Build a new store in a draft file and rename it: the store appears whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    try:
        _remove(draft)  # left by a process that was killed here; the lease excludes others
        with _failing(path):
            connection = _connect(draft, "mode=rwc")
            try:
                migrate(connection)
                _use_write_ahead_log(connection, path)
            finally:
                connection.close()
            os.replace(draft, path)
    finally:
        _remove(draft)


def _remove(draft: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        Path(f"{draft}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def _failing(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the system into ``StoreFailed``."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        if is_damage(error):
            raise damaged(path, error) from None
        raise StoreFailed(
            f"store {path}: cannot be written ({error}); make room on the disk or use another path"
        ) from error
