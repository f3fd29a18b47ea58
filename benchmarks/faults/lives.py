"""Lives of a process of the command: it is started, killed with SIGKILL, and its store is read.

A store is read twice around a kill: just before it, through a connection of its own that cannot
write, and just after it, from a copy of its files, so that the next process finds them as the kill
left them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_QUERIES = (
    "SELECT 'event', trial, turn, kind, actor, key, sample, payload FROM events",
    "SELECT 'end', trial, status, reason, turns FROM trials WHERE status != 'planned'",
    "SELECT 'reply', key, text FROM replies",
    "SELECT 'verdict', trial, judge, form, shown, payload FROM verdicts",
)
# The end of a key is the hash of the request, which is the same in all trials.
_PAID = "SELECT substr(key, 13) FROM replies WHERE cached = 0"
_INTENTS = "SELECT substr(key, 13), run FROM intents"
_HALF_ENDED = (
    "SELECT count(*) FROM events JOIN trials USING (trial)"
    " WHERE kind = 'ended' AND status = 'planned'"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a store holds.

    ``facts`` are events, ends of trials, replies and verdicts; ``paid`` the hashes of the requests
    whose replies are committed, ``intents`` those of calls in doubt, each with the run that made
    it. ``half_ended`` trials have their end but not its status.
    """

    facts: frozenset[tuple[object, ...]] = frozenset()
    paid: frozenset[str] = frozenset()
    intents: frozenset[tuple[str, int]] = frozenset()
    last_run: int = 0
    half_ended: int = 0


def rows_of(connection: sqlite3.Connection) -> Rows:
    """Everything that counts in an open store, in one transaction."""
    connection.execute("BEGIN")
    facts = frozenset(row for query in _QUERIES for row in connection.execute(query))
    paid = frozenset(request for (request,) in connection.execute(_PAID))
    intents = frozenset((request, run) for request, run in connection.execute(_INTENTS))
    (last,) = connection.execute("SELECT coalesce(max(run), 0) FROM runs").fetchone()
    (half,) = connection.execute(_HALF_ENDED).fetchone()
    return Rows(facts, paid, intents, last, half)


def read_live(store: Path) -> Rows | None:
    """What a store holds while a process may write it; None as long as there is no store."""
    if not store.exists():
        return None
    address = f"file:{store}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        return rows_of(connection)


def read_dead(store: Path) -> Rows | None:
    """What a store holds that no process has open. Its files stay as they are."""
    if not store.exists():
        return None
    with tempfile.TemporaryDirectory(dir=store.parent.parent) as folder:
        copy = Path(folder) / "copy.db"
        for ending in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"{store}{ending}", f"{copy}{ending}")
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            return rows_of(connection)


def last_run(store: Path) -> int:
    """The number of the last run that a store holds, while a process may write it; else 0."""
    if not store.exists():
        return 0
    address = f"file:{store}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        (last,) = connection.execute("SELECT coalesce(max(run), 0) FROM runs").fetchone()
        return int(last)


@dataclass(frozen=True, slots=True)
class Life:
    """How a process ended: ``code`` is None if it was killed. ``seen`` is what its store held just
    before the kill; after ``started`` seconds the store held its run."""

    code: int | None
    seconds: float
    error: str = ""
    seen: Rows | None = None
    started: float = 0.0


def live(
    arguments: Sequence[str], folder: Path, store: Path | None = None, seconds: float | None = None,
    *, since: int | None = None,
) -> Life:  # fmt: skip
    """Run the command in a folder; kill its group after ``seconds`` (None: never).

    They are counted from the start of the process, or (``since``) from the moment at which its
    store holds a run after this one. Raises ``subprocess.TimeoutExpired`` if it does not end by
    itself within two minutes.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELSINORE")}
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "sim.cli", *arguments],
        cwd=folder,
        env={**kept, "OPENAI_API_KEY": "none", "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    started = 0.0
    try:
        if since is not None and store is not None:
            while child.poll() is None and last_run(store) <= since:
                time.sleep(0.01)
            started = time.perf_counter() - begun
        _, error = child.communicate(timeout=120 if seconds is None else seconds)
        took = time.perf_counter() - begun
        return Life(child.returncode, took, error.decode(errors="replace"), started=started)
    except subprocess.TimeoutExpired:
        if seconds is None:
            raise
        seen = None if store is None else read_live(store)
        # It may have ended by itself while its store was read.
        return Life(child.poll(), time.perf_counter() - begun, "", seen, started)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
