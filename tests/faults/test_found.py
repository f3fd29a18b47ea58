"""Inputs that fuzzing found, each as small as it can be: a value or a sentence, no traceback."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.faults import servers
from benchmarks.faults.attempts import FINE, Outcome, Reader, attempt
from sim import Persona, Scene, after, plan, ring
from sim.cli.options import SamplingOptions
from sim.errors import BadRequest, ModelError, ScenarioError, StoreDamaged, StoreRefused
from sim.layouts.prompt import Prompt
from sim.planning.scenarios import find
from sim.runs.trials import run_trials
from sim.scene.answers import Number
from sim.stage.base import Request
from sim.stage.fixed import FixedLines
from sim.stage.providers.sampling import Sampling, read_identity
from sim.store import open_store, recorded_stages
from sim.store.recovery import recover
from sim.store.soundness import verify
from sim.text.blocks import MalformedError, read_block
from sim.text.replies import read_reply
from sim.tournament.human_judging import from_csv

PLAYED = Path(__file__).parents[1] / "stores" / "played_version_3.db"


MORE = 2.0
"""Seconds more than the benchmark allows: less than before, and enough on a busy machine."""

Read = Callable[[bytes, Path], object]


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    servers.close()


def read_lines(given: bytes, folder: Path) -> object:
    return read_reply(given.decode(), "Ada", ("Ada", "Ben"))


def read_a_block(given: bytes, folder: Path) -> object:
    return read_block(given.decode(), ["Ada", "Ben"])


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_a_body_that_nests_too_deep(depth: int) -> None:
    with pytest.raises(BadRequest, match=r"nests (more than 64|too) deep"):
        SamplingOptions(extra_body='{"a": ' + "[" * depth + "]" * depth + "}").sampling()
    assert read_identity('openai:x?extra_body={"a": ' + "[" * depth + "]" * depth + "}") is None


def test_a_body_of_a_file_that_nests_too_deep() -> None:
    body: dict[str, object] = {}
    for _ in range(64):
        body = {"a": body}
    with pytest.raises(ModelError, match="nests more than 64 deep"):
        Sampling(extra_body=body)
    Sampling(extra_body=body["a"])


def test_rows_that_a_carriage_return_ends() -> None:
    with pytest.raises(BadRequest, match="row 2: there is no debate 'x' left to judge"):
        from_csv("id,winner,margin\rx,A,3\r", (), "sheet.csv")
    with pytest.raises(BadRequest, match="has no column 'winner'"):
        from_csv("id,deb\r", (), "sheet.csv")


@pytest.mark.parametrize("annotation", ["''", "'\\ud83d'", "'1 +'", "'(' * 99"])
def test_an_annotation_that_is_no_type(tmp_path: Path, annotation: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"def tea(turns: {annotation} = 2):\n    pass\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="its annotations cannot be read"):
        find(f"{file}:tea")


@pytest.mark.parametrize("name", ["a" * 5000 + ".py:f", "a\0b.py:f", "a\udcff.py:f"])
def test_a_name_that_no_file_has(name: str) -> None:
    with pytest.raises(ScenarioError, match=r"cannot be read|no name of a file|there is no file"):
        find(name)


ROWS = (
    ('UPDATE events SET payload = replace(payload, \'"text":"\', \'"text":3,"x":"\')', "event"),
    ("UPDATE events SET payload = '[' || payload || ']' WHERE kind = 'probe'", "event"),
    ("UPDATE events SET kind = 'tirade' WHERE kind = 'turn' AND turn = 1", "event"),
    ("UPDATE events SET actor = x'c3' WHERE kind = 'turn' AND turn = 1", "event"),
    ("UPDATE trials SET model = x'ff'", "trial"),
    ("UPDATE trials SET status = 'resting'", "trial"),
    ("UPDATE trials SET turns = 'many'", "trial"),
    ("UPDATE trials SET parameters = '[1]'", "trial"),
    ("UPDATE runs SET manifest = '[]'", "runs"),
    ("UPDATE runs SET manifest = '{\"scenarios\": [1]}'", "runs"),
    ("UPDATE tournaments SET definition = '7'", "tournaments"),
    ("UPDATE tournaments SET definition = '{}'", "tournaments"),
    ("UPDATE matches SET sides = '[\"Ada\"]'", "matches"),
    ('UPDATE verdicts SET payload = replace(payload, \'"margin":\', \'"margin":[],"x":\')', "verd"),
    ("UPDATE OR REPLACE verdicts SET shown = '{}'", "verdicts"),
    ("UPDATE replies SET usage = '[]'", "a reply"),
    ("UPDATE replies SET retries = '{\"a\": 1}'", "a reply"),
    ("UPDATE replies SET seconds = 'soon'", "a reply"),
)


def read_all(path: Path) -> None:
    with open_store(path) as store:
        for trial in store.trials():
            json.dumps(trial.facts())
            list(trial.events)
            len(trial.replies)
        for tournament in store.tournaments():
            store.matches(tournament.id)
        store.runs()
        store.sources()
        store.verdicts()


@pytest.mark.parametrize(("sql", "told"), ROWS)
def test_rows_that_nobody_wrote(tmp_path: Path, sql: str, told: str) -> None:
    """Whoever reads is told so, ``verify`` names them, and what ``recover`` saves has none."""
    path = tmp_path / "a.db"
    shutil.copy(PLAYED, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(sql).rowcount > 0
    with pytest.raises(StoreDamaged):
        read_all(path)
    assert any(told in problem for problem in verify(path).problems)
    recover(path, tmp_path / "b.db")
    assert verify(tmp_path / "b.db").sound


def replay(path: Path) -> None:
    [(_, stage)] = recorded_stages(path)[:1]
    asyncio.run(stage.perform(Request(Prompt.start("system", "You play Ada."), 1, "Ada")))


@pytest.mark.parametrize("table", ["failures", "replies", "chunks", "trials"])
def test_a_recording_that_lacks_a_table(tmp_path: Path, table: str) -> None:
    path = tmp_path / "a.db"
    shutil.copy(PLAYED, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 4")
        connection.execute(f"DROP TABLE {table}")
    with pytest.raises((StoreRefused, BadRequest)) as told:
        replay(path)
    assert "is damaged" in str(told.value) or "cannot be read" in str(told.value)


def test_events_of_a_trial_that_is_not_there(tmp_path: Path) -> None:
    """A trial whose row was deleted by hand is planned anew, and its events are in the way."""
    path = tmp_path / "a.db"

    def tea() -> Scene:
        cast = [Persona(name="Ada"), Persona(name="Ben")]
        return Scene(topic="Tea?", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=2))

    stage = FixedLines(["Yes."])
    trials, stages = plan(tea, models=[("fixed", stage.identity)]), {stage.identity: stage}
    asyncio.run(run_trials(trials, stages, path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM trials")
    with pytest.raises(StoreDamaged, match="which is not there"):
        asyncio.run(run_trials(trials, stages, path))
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM trials").fetchone() == (0,)


def test_an_end_without_its_status(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    shutil.copy(PLAYED, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE trials SET status = 'planned', turns = 0")
    assert "has its end" in verify(path).problems[0]
    assert recover(path, tmp_path / "b.db").reopened
    assert verify(tmp_path / "b.db").sound


def test_two_turns_with_one_number(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    shutil.copy(PLAYED, path)
    with open_store(path) as store:
        [trial] = store.ids()[:1]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO events SELECT trial, turn, kind, 'Zoë', key, sample, payload, seconds"
            " FROM events WHERE trial = ? AND kind = 'turn' AND turn = 3",
            (trial,),
        )
    assert recover(path, tmp_path / "b.db").reopened == [trial]
    assert verify(tmp_path / "b.db").sound
    with open_store(tmp_path / "b.db") as store:
        assert len(store.transcript(trial)) == 2


@pytest.mark.parametrize("word", [b"replies", b"CREATE", b"events"])
def test_a_schema_that_is_no_text(tmp_path: Path, word: bytes) -> None:
    """SQLite then says what is no UTF-8, and Python cannot read what it says."""
    path = tmp_path / "a.db"
    content = PLAYED.read_bytes()
    path.write_bytes(content.replace(word, b"\xff" * len(word)))
    with pytest.raises(StoreRefused):
        read_all(path)
    assert not verify(path).sound


def test_what_a_recovered_row_lacks(tmp_path: Path) -> None:
    """A row without its key is not kept, though SQLite would keep it."""
    path = tmp_path / "a.db"
    shutil.copy(PLAYED, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO intents VALUES ('k', 't', 1, 1, 'turn', 'Ada')")
        connection.execute("ALTER TABLE intents RENAME COLUMN key TO odd")
    assert recover(path, tmp_path / "b.db").lost["intents"] == 1
    assert verify(tmp_path / "b.db").sound


@pytest.mark.parametrize(
    "piece",
    ["Here is Ada's line:\n", "Ada: x\n", "ADA\n", "---\n", "“", "Old Tom: I say.\nAda: x\n"],
)
@pytest.mark.parametrize("reader", [read_lines, read_a_block])
def test_a_reply_that_repeats_itself(reader: Read, piece: str, tmp_path: Path) -> None:
    """A model in a loop: before, an announcement of 100,000 letters took a minute."""
    given = (piece * (1_000_000 // len(piece))).encode()
    lines = Reader("", 0, lambda dice: b"", reader, (MalformedError,))
    assert attempt(lines, given, tmp_path, 0.5).kind in FINE


def test_what_is_not_read_of_a_reply_is_cut() -> None:
    said = read_reply("Well. " * 40_000 + "\n\nBen: No.", "Ada", ("Ada", "Ben"))
    assert (len(said.text), said.cut[-8:]) == (100_000, "Ben: No.")
    with pytest.raises(MalformedError, match="at most 100,000 are read"):
        read_block("Ada: Well.\n" * 20_000, ["Ada"])


@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_error_of_megabytes_is_read_in_no_time(tmp_path: Path, status: int) -> None:
    """It took four seconds, in which nothing else went on."""
    body = json.dumps({"error": {"message": "token sk-abc " * 500_000}}).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
    given = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    [chat] = [reader for reader in servers.READERS if reader.name == "chat"]
    assert attempt(chat, given, tmp_path, MORE) == Outcome("refused")


@pytest.mark.parametrize("piece", ["[" * 40 + "1, " * 33_000, ("[" + "1, " * 33) * 1000])
def test_a_list_without_an_end(piece: str, tmp_path: Path) -> None:
    """Reading began anew at each of its brackets: two seconds for 100,000 letters."""
    kind = Number(field="stance", low=-1, high=1)
    reader = Reader("", 0, lambda dice: b"", lambda given, folder: kind.read(given.decode()), ())
    assert attempt(reader, piece.encode(), tmp_path, 0.5) == Outcome("read")
    assert kind.read(piece + '{"stance": 0.5}') == (0.5, None)


def test_probabilities_of_no_token(tmp_path: Path) -> None:
    """A place that lists no token, where vLLM has at least the prompt's own."""
    choice = {"text": "", "prompt_logprobs": [None, {}]}
    body = json.dumps({"choices": [choice]}).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    given = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    [scores] = [reader for reader in servers.READERS if reader.name == "scores"]
    assert attempt(scores, given, tmp_path, MORE) == Outcome("read")
