"""Stores of every version that was ever released can be opened, read and exported."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

import sim.store.connection as opening
import sim.store.schema as schema
from sim.errors import StoreRefused
from sim.events import Answer, Ended, Failure, FellBack, Forgot, Intervened, Turn
from sim.store import Writer, export_jsonl, from_row, open_readonly, open_store

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
    since_then = {1: set[type](), 2: {Forgot}}.get(version, {Forgot, Intervened, FellBack})
    assert {type(event) for event in events} == {Answer, Turn, Failure, Ended} | since_then
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


def to_next_version(monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    monkeypatch.setattr(opening, "VERSION", schema.VERSION + 1)
    migrations = (*schema.MIGRATIONS, statements)
    monkeypatch.setattr(
        opening, "migrate", lambda connection: schema.migrate(connection, migrations)
    )


def test_a_migration_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "old.db"
    shutil.copy(STORES / "version_1.db", store)
    to_next_version(monkeypatch, *ANOTHER)
    before = store.read_bytes()
    connection = open_readonly(store)  # migrated in memory
    assert connection.execute("SELECT run, mood FROM runs").fetchall() == [(1, "calm")]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM runs")
    connection.close()
    assert store.read_bytes() == before
    writer = Writer.open(store)
    assert writer.connection.execute("SELECT run, mood FROM runs").fetchall() == [(1, "calm")]
    assert schema.version_of(writer.connection) == schema.VERSION + 1
    writer.close()


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "old.db"
    shutil.copy(STORES / "version_1.db", store)
    to_next_version(monkeypatch, ANOTHER[0], "CREATE TABLE runs (again TEXT)")
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
        with pytest.raises(StoreRefused, match=rf"has version {schema.VERSION + 1}.*upgrade"):
            opened(store)


def columns(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
    return {
        name: connection.execute(f"SELECT * FROM pragma_table_info('{name}')").fetchall()
        for name in names
    }


def test_what_version_1_became_is_what_is_new(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    shutil.copy(STORES / "version_1.db", old)
    shapes = []
    for store in (old, new):
        writer = Writer.open(store)
        shapes.append(columns(writer.connection))
        writer.close()
    assert shapes[0] == shapes[1]


def test_what_version_1_did_not_know_is_unknown(tmp_path: Path) -> None:
    store = tmp_path / "old.db"
    shutil.copy(STORES / "version_1.db", store)
    connection = open_readonly(store)
    rows = connection.execute("SELECT retries, cached, prompt FROM replies").fetchall()
    assert rows == [(None, 0, None)]
    assert connection.execute("SELECT summary FROM runs").fetchall() == [(None,)]
    connection.close()


def test_version_3_holds_whispers_changes_and_a_branch(tmp_path: Path) -> None:
    store = tmp_path / "three.db"
    shutil.copy(STORES / "version_3.db", store)
    with open_store(store) as opened:
        [branch] = [trial for trial in opened.trials() if trial.at is not None]
        assert branch.of is not None
        whole, transcript = opened.transcript(branch.of), branch.transcript
    assert [turn.text for turn in transcript.turns] == [whole.turns[0].text, "Perhaps."]
    assert whole.turns[1] == Turn(
        2, "Ben", "No.", ("Ada",), "00bb", "length", "NARRATOR: Silence.", ("NARRATOR",),
        overheard=("Cleo",), source="intervention", cued=1,
    )  # fmt: skip
    shared = [event.kind for event in transcript.events]
    assert "intervention" not in shared, "what came before turn 2 is no part of the branch"
    assert "ended" not in shared
    assert [event.key for event in transcript.answers] == ["stance:tea", "stance:tea"]


def test_version_4_holds_what_was_thought(tmp_path: Path) -> None:
    store = tmp_path / "four.db"
    shutil.copy(STORES / "version_4.db", store)
    with open_store(store) as opened:
        trial = next(one for one in opened.trials() if one.turns and one.at is None)
        first, second = trial.transcript.turns
        assert (first.thought, second.thought) == ("Tea. ☕ \ud800", "")
        [reply] = opened.replies(trial.id).by_key.values()
    assert (reply.text, reply.thought) == ("Tea.", "☕ \ud800")
    exported = (STORES / "version_4.jsonl").read_text("utf-8")
    assert exported.count('"thought"') == 1, "only where there is one"


def test_version_2_holds_attempts_prompts_and_hits(tmp_path: Path) -> None:
    store = tmp_path / "two.db"
    shutil.copy(STORES / "version_2.db", store)
    writer = Writer.open(store)
    connection = writer.connection
    reasons = connection.execute("SELECT reason, answered FROM attempts ORDER BY 1, 2").fetchall()
    assert reasons == [("rate-limit", 1), ("server", 0), ("server", 1), ("timeout", 0)]
    [(key,)] = connection.execute("SELECT key FROM replies WHERE cached = 1").fetchall()
    reply = writer.find(key[12:])
    assert reply is not None
    assert (reply.text, reply.retries) == ("Tea. ☕ \ud800", ("rate-limit", "server"))
    assert writer.find("0" * 20) is None
    texts = connection.execute(
        "WITH RECURSIVE chain(digest, parent, text, depth) AS ("
        " SELECT chunks.digest, parent, chunks.text, 0 FROM chunks, replies"
        " WHERE chunks.digest = replies.prompt AND cached = 0"
        " UNION ALL SELECT chunks.digest, chunks.parent, chunks.text, depth + 1"
        " FROM chunks JOIN chain ON chunks.digest = chain.parent)"
        " SELECT text FROM chain ORDER BY depth DESC"
    ).fetchall()
    assert texts == [("You play Ada.",), ("Ben: Well?",)]
    [(message,)] = connection.execute("SELECT message FROM failures").fetchall()
    assert message == "no reply; your key [redacted] is fine"
    writer.close()
