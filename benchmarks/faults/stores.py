"""Readers of stores: SQLite files whose pages were overwritten, or whose rows hold something else.

A store is read by ``open_store``, checked, recovered, exported, replayed, measured and played on.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from benchmarks.faults.attempts import Reader
from benchmarks.faults.commands import command
from benchmarks.faults.files import SCENARIO, judged_store
from benchmarks.faults.lives import live
from benchmarks.faults.mutations import odd_json, odd_text, odd_value, odd_version
from sim.errors import ElsinoreError
from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.store import Store, StoredTrial, export_jsonl, open_store, recorded_stages
from sim.store.recovery import recover
from sim.store.soundness import verify

_OLDER = Path(__file__).parents[2] / "tests" / "stores"
_MOST_TRIALS = 4

_PLAY = ("run", "mine.py:tea", "-m", "embedded:base", "-n", "2", "--store")

COMMANDS = (
    ("show", "a.db"),
    ("show", "a.db", "TRIAL", "--probes", "--thoughts"),
    ("show", "a.db", "TRIAL", "--prompt", "1"),
    ("show", "a.db", "TRIAL", "--json"),
    ("verify", "a.db"),
    ("recover", "a.db", "-o", "b.db"),
    ("export", "a.db", "-o", "a.jsonl"),
    ("graph", "a.db"),
    ("standings", "a.db"),
    ("prune", "a.db"),
    ("judge", "a.db", "--name", "Ada", "--to", "a.csv"),
    (*_PLAY, "a.db", "-q"),
    ("run", "mine.py:tea", "-m", "recorded:a.db", "--store", "c.db", "-q"),
    ("fork", "a.db", "TRIAL", "--at", "1", "--drop", "-n", "1", "-q"),
    ("ask", "a.db", "TRIAL", "Why?", "-q"),
)  # fmt: skip


@lru_cache(maxsize=1)
def bases() -> tuple[bytes, ...]:
    """Stores that are sound, as bytes: played now, of a tournament, and of older versions."""
    folder = judged_store().parent
    (folder / "mine.py").write_text(SCENARIO, encoding="utf-8")
    for words in (
        (*_PLAY, "tea.db", "-q"),
        ("ask", "tea.db", "all", "Why, {name}?", "-q"),
    ):
        done = live(words, folder)
        if done.code != 0:
            raise SystemExit(f"the store could not be made: {done.error}")
    older = [_OLDER / f"version_{version}.db" for version in (1, 2, 3, 4)]
    return tuple(
        path.read_bytes() for path in (folder / "tea.db", folder / "tea.db", judged_store(), *older)
    )


def _pages(dice: Random) -> bytes:
    """A store some pieces of which are noise or zeros, or that was cut off."""
    content = bytearray(dice.choice(bases()))
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(0 if dice.random() < 0.05 else 100, len(content))
        length = dice.choice([1, 1, 4, 16, 512, 4096, 20_000])
        noise = dice.choice([bytes(length), dice.randbytes(length)])
        content[start : start + length] = noise
    if dice.random() < 0.15:
        del content[dice.randrange(len(content)) :]
    return bytes(content)


def _rows(dice: Random) -> bytes:
    """A store with some values that nobody wrote, or without some rows."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.db"
        path.write_bytes(dice.choice(bases()))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            for _ in range(dice.choice([1, 1, 1, 2, 4])):
                try:
                    _change(connection, dice)
                except (sqlite3.Error, UnicodeEncodeError, OverflowError):
                    continue  # SQLite takes no such value there.
        return path.read_bytes()


def _change(connection: sqlite3.Connection, dice: Random) -> None:
    tables = [
        table
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            " ORDER BY name"
        )
    ]
    table = dice.choice(tables)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    ids = [row for (row,) in connection.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]  # noqa: S608
    kind = dice.randrange(20)
    if kind == 0:
        what = dice.choice(["user_version", "application_id"])
        connection.execute(f"PRAGMA {what} = {dice.choice([0, 1, 3, 4, 5, -1, 999])}")
    elif kind == 1:
        connection.execute(f"DROP TABLE {table}")
    elif kind == 2:
        name = dice.choice(columns)
        connection.execute(f'ALTER TABLE {table} RENAME COLUMN "{name}" TO "odd {name}"')
    elif kind in (3, 4) and ids:
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (dice.choice(ids),))  # noqa: S608
    elif ids:
        column, place = dice.choice(columns), dice.choice(ids)
        [(value,)] = connection.execute(
            f'SELECT "{column}" FROM {table} WHERE rowid = ?',  # noqa: S608
            (place,),
        )
        wider = "" if dice.random() < 0.3 else f" WHERE rowid = {place}"
        connection.execute(
            f'UPDATE {table} SET "{column}" = ?{wider}',  # noqa: S608
            (_other(value, dice),),
        )


def _other(value: Any, dice: Random) -> Any:
    """Another value for a cell: of JSON mostly with another structure, else of any type."""
    if isinstance(value, str) and value.startswith(("{", "[")) and dice.random() < 0.85:
        try:
            return odd_json(json.loads(value), dice)
        except (ValueError, RecursionError):  # It was changed before.
            return odd_version(value, dice)
    kind = dice.randrange(6)
    if kind == 0:
        return None
    if kind == 1:
        return odd_text(dice)
    if kind == 2:
        return dice.randbytes(dice.randrange(20))
    if kind == 3:
        return dice.choice([-1, 0, 1, 2, 7, 2**40, -(2**63), 0.5, float("inf"), -1e308])
    if kind == 4 and isinstance(value, int):
        return value + dice.choice([-1, 1, 2, 100])
    other = odd_value(dice)
    return other if isinstance(other, str | int | float | None) else json.dumps(other)


def _as_store(given: bytes, folder: Path, name: str = "a.db") -> Path:
    path = folder / name
    for ending in ("-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.write_bytes(given)
    return path


def _read_all(given: bytes, folder: Path) -> None:
    """Everything that a store offers in Python. Each error has to be one of Elsinore's own."""
    refused: ElsinoreError | None = None
    with open_store(_as_store(given, folder)) as store:
        for step in _steps(store):
            try:
                step()
            except ElsinoreError as error:
                refused = error
    if refused is not None:
        raise refused


def _steps(store: Store) -> Iterator[Any]:
    yield from (store.runs, store.tournaments, store.verdicts, store.seeds_played, store.sources,
                store.short_ids, store.trials)  # fmt: skip
    yield lambda: list(store.all_events())
    yield lambda: [store.matches(each.id) for each in store.tournaments()]
    yield lambda: [store.debates(each.id) for each in store.tournaments()]
    yield lambda: store.in_doubt_untold(store.ids())
    yield lambda: store.verdict_keys(store.ids(), also_missing=False)
    try:
        trials = store.trials()[:_MOST_TRIALS]
    except ElsinoreError:
        return
    for trial in trials:
        yield from _steps_of(trial)


def _steps_of(trial: StoredTrial) -> Iterator[Any]:
    yield lambda: [turn.text for turn in trial.transcript.turns]
    yield lambda: [str(trial), trial.title, trial.facts(), trial.scene_digest, trial.layout]
    yield lambda: [trial.cast, trial.wording, trial.entrants, trial.stages]
    yield lambda: [trial.scene, trial.prompt_scene, trial.planned()]
    yield lambda: [trial.events, trial.first_failure, trial.replies, trial.cost, trial.verdicts]
    yield lambda: trial.store.lineage(trial.id)


def _check_and_save(given: bytes, folder: Path) -> None:
    path, saved, out = _as_store(given, folder), folder / "saved.db", folder / "a.jsonl"
    sound = verify(path).sound
    "\n".join(verify(path).problems).encode()
    saved.unlink(missing_ok=True)
    try:
        recover(path, saved)
        again = verify(saved)
        if not again.sound:
            raise AssertionError(f"what was recovered is unsound: {again.problems[:3]}")
    finally:
        saved.unlink(missing_ok=True)
        if sound:
            export_jsonl(path, out)


def _replay(given: bytes, folder: Path) -> None:
    path = _as_store(given, folder)
    for _, stage in recorded_stages(path):
        for text in ("Ada: Well?", "You play Ada."):
            request = Request(Prompt.start("system", text).then("user", text), 1, "Ada")
            try:
                asyncio.run(stage.perform(request))
            except ElsinoreError as error:
                str(error).encode()


def _read_by_command(given: bytes, folder: Path) -> None:
    words = COMMANDS[crc32(given) % len(COMMANDS)]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        inside = Path(name)
        path = _as_store(given, inside)
        (inside / "mine.py").write_text(SCENARIO, encoding="utf-8")
        trial = "abc"
        if "TRIAL" in words:
            try:
                with open_store(path) as store:
                    trial = str(store.ids()[0])
            except (ElsinoreError, IndexError):
                pass
            if not trial.isalnum():
                trial = "abc"
        command(inside, *(trial if word == "TRIAL" else word for word in words))
        for left in inside.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)


CLEAN = (ElsinoreError,)

READERS = (
    Reader("stores, rows", 15, _rows, _read_all, CLEAN),
    Reader("stores, pages", 10, _pages, _read_all, CLEAN),
    Reader("stores, saved", 10, _rows, _check_and_save, CLEAN),
    Reader("stores, replayed", 10, _rows, _replay, CLEAN),
    Reader("stores, by the command", 12, _rows, _read_by_command, CLEAN),
    Reader("pages, by the command", 6, _pages, _read_by_command, CLEAN),
)
