"""The one writer of a store: facts queue in memory and are committed in groups, on the loop.

Whatever was queued in one tick of the event loop is committed in one transaction in the next. One
hundred scenes that wait in the same tick therefore cost one commit. There is no thread: a commit
in WAL mode takes some tens of microseconds, less than passing it to a thread would.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sim.calls.journal import Call
from sim.errors import StageError, StoreFailed
from sim.events import Ended, Event
from sim.layouts.prompt import Prompt
from sim.planning import Trial
from sim.redaction import redact
from sim.stage.base import Reply, Truth
from sim.store.connection import Durable, damaged, is_damage, open_writable
from sim.store.presence import Presence
from sim.store.reader import Store
from sim.store.rows import (
    REPLY_COLUMNS,
    REPLY_TO_REQUEST,
    ChunkRow,
    EventRow,
    chunk_row,
    encode,
    encode_sorted,
    reply_from_row,
    reply_to_row,
    to_row,
)
from sim.store.runs import (
    ADD_DOUBTED,
    END_RUN,
    FINISH_TRIAL,
    INSERT_RUN,
    INSERT_TRIAL,
    INSERT_TRUTH,
    PLAY_AGAIN,
    InDoubt,
    doubted_to_json,
    trial_rows,
)
from sim.store.tournaments import (
    DELETE_ROUNDS,
    INSERT_MATCH,
    INSERT_TOURNAMENT,
    INSERT_VERDICT,
    StoredMatch,
    StoredTournament,
    VerdictKey,
)

_LAST_RUN = "SELECT coalesce(max(run), 0) FROM runs"
_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_REPLY = (
    f"INSERT OR REPLACE INTO replies (key, trial, {REPLY_COLUMNS}, cached, prompt)"  # noqa: S608
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_CHUNK = "INSERT OR IGNORE INTO chunks VALUES (?, ?, ?, ?)"
_INSERT_FAILURE = "INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_INTENT = "INSERT OR REPLACE INTO intents VALUES (?, ?, ?, ?, ?, ?)"
_DELETE_INTENT = "DELETE FROM intents WHERE key = ?"


class Writer:
    """An open store that can be written. Use it from one event loop, and close it.

    ``open`` it with ``Writer.open``. The queueing methods return at once and raise ``StoreFailed``
    only if an earlier commit has failed; ``barrier`` waits until everything queued before is
    committed. ``store`` reads at any time, and sees what is committed.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, drop_lease: Callable[[], None]
    ) -> None:
        self.connection = connection
        self.path = path
        self.store = Store(connection, path)
        self._drop_lease = drop_lease
        self._presence = Presence(path)
        self._events: list[EventRow] = []
        self._replies: list[tuple[Any, ...]] = []
        # By key what is to be done at the commit: write the row, or (None) delete it.
        self._intents: dict[str, Call | None] = {}
        self._chunks: list[ChunkRow] = []
        self._others: list[tuple[str, tuple[Any, ...]]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._scheduled = False
        self._error: Exception | None = None
        self._closed = False

    @classmethod
    def open(cls, path: Path | str, durable: Durable = "normal") -> Writer:
        """Open or create the store at a path, and take the lease.

        ``durable="normal"`` survives a killed process, ``"full"`` a power cut as well. Raises
        ``StoreRefused`` or ``StoreFailed``.
        """
        connection, lease = open_writable(path, durable)
        return cls(connection, lease.path, lease.drop)

    # -- queueing ----------------------------------------------------------------------------

    def event(self, trial: str, event: Event) -> None:
        """Queue an event of a trial."""
        self._events.append(to_row(trial, event))
        if not self._scheduled:
            self._schedule()

    def intent(self, call: Call) -> None:
        """Queue the intent of a call."""
        self._intents[call.key] = call
        if not self._scheduled:
            self._schedule()

    def reply(
        self,
        key: str,
        trial: str,
        reply: Reply,
        cached: bool = False,
        prompt: bytes | None = None,
    ) -> None:
        """Queue the reply to a call, and the end of its intent.

        ``cached`` says that another call had paid for it; ``prompt`` is the digest of the prompt
        if its chunks are kept, and lets other calls find the reply.
        """
        self._replies.append((key, trial, *reply_to_row(reply), cached, prompt))
        self._intents[key] = None
        if not self._scheduled:
            self._schedule()

    def chunks(self, chunks: Iterable[Prompt]) -> None:
        """Queue the chunks of a prompt; those that are there already are left as they are."""
        self.chunk_rows(chunk_row(chunk) for chunk in chunks)

    def chunk_rows(self, rows: Iterable[ChunkRow]) -> None:
        """Queue chunks that came from elsewhere (``chunk_row``)."""
        self._chunks += rows
        if not self._scheduled:
            self._schedule()

    def failed(self, call: Call, error: StageError) -> None:
        """Queue that a call failed for good, with all its attempts, and the end of its intent."""
        self.execute(
            _INSERT_FAILURE, *call, error.reason, redact(str(error)), encode(error.attempts)
        )
        self._intents[call.key] = None

    def settle(self, key: str) -> None:
        """Queue the end of an intent that has no reply."""
        self._intents[key] = None
        if not self._scheduled:
            self._schedule()

    def execute(self, sql: str, *parameters: Any) -> None:
        """Queue any other statement; in its transaction such statements come first, in order."""
        self._others.append((sql, parameters))
        if not self._scheduled:
            self._schedule()

    def find(self, request: str) -> Reply | None:
        """The committed reply to a request, whichever trial made it. See ``request_key``."""
        row = self.connection.execute(REPLY_TO_REQUEST, (request,)).fetchone()
        return None if row is None else reply_from_row(row)

    # -- runs ----------------------------------------------------------------------------------

    def begin_run(self, manifest: str, new: Sequence[Trial] = (), again: Sequence[str] = ()) -> int:
        """Commit the beginning of a run, now; its number.

        ``new`` are the trials that the store does not know. Those in ``again`` have failed and are
        played again from their replies: stored replies are not asked for again, and what followed
        from the failure is deleted. Raises like ``commit``, and ``StoreDamaged`` if events of a new
        trial are there.
        """
        strays = self.store.with_events(trial.id for trial in new)
        if strays:
            raise damaged(self.path, f"events belong to trial {min(strays)}, which is not there")
        [(last,)] = self.connection.execute(_LAST_RUN).fetchall()
        number = int(last) + 1
        failed = [(trial,) for trial in again]
        self.write_now(
            [
                (INSERT_RUN, [(number, time.time(), manifest)]),
                (INSERT_TRIAL, trial_rows(new, number)),
                *((statement, failed) for statement in PLAY_AGAIN),
            ]
        )
        return number

    def whole_trials(
        self, manifest: str, trials: Iterable[tuple[Trial, Iterable[Event], Ended, int]]
    ) -> int:
        """Commit a run of trials that are known whole, now, in one transaction; its number.

        Each comes with its events, its end and the number of its turns. A trial that the store has
        is left as it is. Raises like ``commit``, and whatever the iterables raise; then nothing is
        committed.
        """
        [(last,)] = self.connection.execute(_LAST_RUN).fetchall()
        number = int(last) + 1
        with self._transaction() as connection:
            connection.execute(INSERT_RUN, (number, time.time(), manifest))
            for trial, events, ended, turns in trials:
                added = connection.executemany(INSERT_TRIAL, trial_rows([trial], number)).rowcount
                if not added:
                    continue
                rows = (to_row(trial.id, event) for event in events)
                connection.executemany(_INSERT_EVENT, rows)
                connection.execute(_INSERT_EVENT, to_row(trial.id, ended))
                facts = (ended.status, ended.reason, turns, number, trial.id)
                connection.execute(FINISH_TRIAL, facts)
            connection.execute(END_RUN, (time.time(), "done", "{}", number))
        return number

    @contextmanager
    def restoring(self, manifest: str) -> Iterator[tuple[Callable[..., int], int]]:
        """One transaction for a run that adds rows of an export: a function that executes a
        statement and says how many rows it changed, and the number of the run. What is raised
        inside undoes all of it."""
        [(last,)] = self.connection.execute(_LAST_RUN).fetchall()
        number = int(last) + 1
        with self._transaction() as connection:
            connection.execute(INSERT_RUN, (number, time.time(), manifest))

            def execute(statement: str, row: Any) -> int:
                return connection.execute(statement, row).rowcount

            yield execute, number
            connection.execute(END_RUN, (time.time(), "done", "{}", number))

    def end_run(self, number: int, outcome: str, summary: Mapping[str, Any]) -> None:
        """Commit the end of a run, and whatever was queued. Raises like ``commit``."""
        self.execute(END_RUN, time.time(), outcome, encode_sorted(summary), number)
        self.commit()

    async def finish_trial(
        self, trial: str, run: int, ended: Ended, turns: int, truths: Sequence[Truth] = ()
    ) -> None:
        """Commit the end of a trial. See ``trial_over``."""
        self.trial_over(trial, run, ended, turns, truths)
        await self.barrier()

    def trial_over(
        self, trial: str, run: int, ended: Ended, turns: int, truths: Sequence[Truth] = ()
    ) -> None:
        """Queue the end of a trial: its last event, its truths and its status, in one transaction.

        ``turns`` counts all its turns, those that a branch shares among them.
        """
        for truth in truths:
            facts = asdict(truth)
            self.execute(INSERT_TRUTH, trial, facts.pop("actor"), encode(facts))
        self.execute(FINISH_TRIAL, ended.status, ended.reason, turns, run, trial)
        self.event(trial, ended)

    def doubted(self, run: int, doubts: Sequence[InDoubt]) -> None:
        """Queue that calls of this run are in doubt, which will be made again: its manifest keeps
        them, for the run may be killed before it tells of them."""
        self.execute(ADD_DOUBTED, encode(doubted_to_json(doubts)), run)

    # -- tournaments -----------------------------------------------------------------------------

    def verdict(self, key: VerdictKey, payload: Mapping[str, Any]) -> None:
        """Queue what a judge said of a debate."""
        self.execute(INSERT_VERDICT, key.trial, key.judge, key.form, key.shown, encode(payload))

    async def verdict_keys(self, trial: str, *, also_missing: bool) -> set[VerdictKey]:
        """The keys of the committed verdicts on a trial; see ``Store.verdict_keys``."""
        return self.store.verdict_keys([trial], also_missing=also_missing)

    def verdicts_now(self, given: Iterable[tuple[VerdictKey, Mapping[str, Any]]]) -> None:
        """Commit verdicts, all or none. Raises like ``commit``."""
        rows = [(k.trial, k.judge, k.form, k.shown, encode(payload)) for k, payload in given]
        self.write_now([(INSERT_VERDICT, rows)])

    def tournament(
        self, tournament: StoredTournament, matches: Sequence[StoredMatch], first: int, last: int
    ) -> None:
        """Commit a tournament and the matches of its rounds ``first`` to ``last``, now.

        If stored matches of these rounds differ from these, results have changed, and so have the
        pairings of later rounds: those are removed. Raises like ``commit``.
        """
        rows = [
            (m.tournament, m.round, m.match, m.leg, m.trial, m.motion, encode_sorted(m.sides))
            for m in matches
        ]
        known = self.connection.execute(
            "SELECT * FROM matches WHERE tournament = ? AND round BETWEEN ? AND ?",
            (tournament.id, first, last),
        ).fetchall()
        definition = encode_sorted(tournament.definition)
        head = (tournament.id, tournament.name, definition, tournament.started)
        stale = [(tournament.id, first)] if set(known) - set(rows) else []
        self.write_now([(INSERT_TOURNAMENT, [head]), (DELETE_ROUNDS, stale), (INSERT_MATCH, rows)])

    # -- committing --------------------------------------------------------------------------

    def _schedule(self) -> None:
        if self._error is not None:
            raise self._error
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self._flush)

    async def barrier(self) -> None:
        """Wait until everything that was queued before is committed.

        Raises ``StoreFailed`` if it could not be.
        """
        if self._error is not None:
            raise self._error
        if not self._scheduled:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _flush(self) -> None:
        """Commit, and wake whoever waits. Runs on the loop, so it must not raise."""
        self._scheduled = False
        if self._closed:
            return
        waiting, self._waiting = self._waiting, []
        if self._error is None:
            try:
                self.commit()
            except Exception as error:  # noqa: BLE001 - raised by whoever waits, or queues next
                self._error = error
        for future in waiting:
            if future.done():
                continue
            if self._error is None:
                future.set_result(None)
            else:
                future.set_exception(self._error)

    def commit(self) -> None:
        """Commit what is queued, now: all of it or nothing.

        Raises ``StoreFailed`` if the disk is full or broken, and ``sqlite3.Error`` for a defect of
        Elsinore (two events with one key).
        """
        others, self._others = self._others, []
        replies, self._replies = self._replies, []
        intents, self._intents = self._intents, {}
        events, self._events = self._events, []
        chunks, self._chunks = self._chunks, []
        with self._transaction() as connection:
            for sql, parameters in others:
                connection.execute(sql, parameters)
            if chunks:
                connection.executemany(_INSERT_CHUNK, chunks)
            if replies:
                connection.executemany(_INSERT_REPLY, replies)
            if intents:
                ended = [(key,) for key, row in intents.items() if row is None]
                if ended:
                    connection.executemany(_DELETE_INTENT, ended)
                begun = [row for row in intents.values() if row is not None]
                if begun:
                    connection.executemany(_INSERT_INTENT, begun)
            if events:
                connection.executemany(_INSERT_EVENT, events)

    def write_now(self, statements: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> None:
        """Commit statements with their rows at once, in one transaction, before anything queued.

        For the beginning of a run, when no scene is waiting. Raises like ``commit``.
        """
        with self._transaction() as connection:
            for sql, rows in statements:
                connection.executemany(sql, rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            self._presence.check(connection)  # After it, so that a copy holds these rows, too.
        except sqlite3.Error as error:
            # This may fail, too, with a broken disk; then SQLite rolls back when the store is
            # opened again.
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            if is_damage(error):
                raise StoreFailed(str(damaged(self.path, error))) from error
            raise StoreFailed(
                f"store {self.path}: cannot be written ({error}); what was committed before is "
                "safe: make room on the disk and start the run again"
            ) from error
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Commit what is queued, close the file and give the lease back. May be called twice.

        Raises ``StoreFailed`` if the last commit fails; the store is closed all the same.
        """
        if self._closed:
            return
        try:
            if self._error is None and (
                self._events or self._replies or self._intents or self._others or self._chunks
            ):
                self.commit()
        finally:
            self._closed = True
            try:
                # By the reader, whose finalizer has nothing left to close then: garbage may be
                # collected in any thread, and SQLite lets only this one close the connection.
                self.store.close()
            finally:
                self._drop_lease()
