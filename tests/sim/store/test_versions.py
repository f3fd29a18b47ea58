"""Stores of every version that was ever released can be opened, read and exported."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

import sim.store.opening as opening
import sim.store.schema as schema
from sim.errors import StoreRefused
from sim.events import Answer, Ended, Failure, Turn
from sim.store import Writer, export_jsonl, from_row, open_readonly

STORES = Path(__file__).parents[2] / "stores"
EVERY = range(1, schema.VERSION + 1)


@pytest.mark.parametrize("version", EVERY)
def test_a_committed_store_opens_reads_and_exports(tmp_path: Path, version: int) -> None:
    store = tmp_path / "old.db"
    shutil.copy(STORES / f"version_{version}.db", store)
    connection = open_readonly(store)
    rows = connection.execute("SELECT * FROM events ORDER BY turn, kind").fetchall()
    connection.close()
    events = [from_row(row) for row in rows]
    assert {type(event) for event in events} == {Answer, Turn, Failure, Ended}
    [first] = [event for event in events if isinstance(event, Turn) and event.index == 1]
    assert first.text == 'He said: "Tea?" ☕ \ud800'
    assert first.usage.usd == 0.1
    export_jsonl(store, tmp_path / "old.jsonl")
    expected = (STORES / f"version_{version}.jsonl").read_bytes()
    assert (tmp_path / "old.jsonl").read_bytes() == expected
    Writer.open(store).close()
    export_jsonl(store, tmp_path / "new.jsonl")
    assert (tmp_path / "new.jsonl").read_bytes() == expected


ANOTHER = (
    "ALTER TABLE runs ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",
    "CREATE TABLE moods (mood TEXT PRIMARY KEY)",
)


def to_version_2(monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    monkeypatch.setattr(opening, "VERSION", 2)
    migrations = (*schema.MIGRATIONS[:1], statements)
    monkeypatch.setattr(
        opening, "migrate", lambda connection: schema.migrate(connection, migrations)
    )


def test_a_migration_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "old.db"
    shutil.copy(STORES / "version_1.db", store)
    to_version_2(monkeypatch, *ANOTHER)
    before = store.read_bytes()
    connection = open_readonly(store)  # migrated in memory
    assert connection.execute("SELECT run, mood FROM runs").fetchall() == [(1, "calm")]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM runs")
    connection.close()
    assert store.read_bytes() == before
    writer = Writer.open(store)
    assert writer.connection.execute("SELECT run, mood FROM runs").fetchall() == [(1, "calm")]
    assert schema.version_of(writer.connection) == 2
    writer.close()


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "old.db"
    shutil.copy(STORES / "version_1.db", store)
    to_version_2(monkeypatch, ANOTHER[0], "CREATE TABLE runs (again TEXT)")
    with pytest.raises(Exception, match="already exists"):
        Writer.open(store)
    connection = sqlite3.connect(store)
    assert schema.version_of(connection) == 1
    assert "mood" not in [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
    connection.close()


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "new.db"
    Writer.open(store).close()
    connection = sqlite3.connect(store)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    for opened in (Writer.open, open_readonly):
        with pytest.raises(StoreRefused, match=r"has version 2.*upgrade Elsinore"):
            opened(store)
