"""Stores and transcripts become the same tables, and the truth stays unread."""

from __future__ import annotations

import gc
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import analysis
import sim
from analysis.tables import COLUMNS, Record, load, tables_from
from sim.errors import BadRequest, StoreRefused
from sim.events import Answer, Ended, Failure, FellBack, Intervened, Turn
from sim.store import APPLICATION_ID, migrate, to_row

ADA = {
    "name": "Ada",
    "brief": "A hydrologist.",
    "opposite": None,
    "traits": ["dry"],
    "goals": ["keep the spring"],
    "points": ["the level falls"],
    "stances": {"sell": -0.8},
    "voice": None,
    "secret": None,
}
TURN = Turn(
    1, "Ada", "Good evening.", audience=("Ben",), strangers=("Eve",), exact=True,
    overheard=("Cleo",), absent=("Dan",), source="human",
)  # fmt: skip
SAID = Answer(1, "Ada", "stance:sell", -0.5)
UNSAID = Answer(1, "Ada", "stance:sell", None, sample=1, missing="no number in it")
GAUGED = Answer(1, "Ada", "stance:sell", 0.25, gauge=True)
FAILED = Failure(2, "Ada", "speak", "timeout", "no reply in 60 s")
ENTERED = Intervened(2, "0:enter", "enter", "Ben", "(Ben enters.)", detail={"why": 1})
FELL_BACK = FellBack(2, "Ada", "floor:next", "no answer named anybody")
RECORD = Record(
    "t1",
    [ADA],
    [TURN, GAUGED, SAID, UNSAID, ENTERED, FELL_BACK, FAILED, Ended(1, "timeout", "failed")],
    "mousetrap",
    {"rounds": 3},
    "embedded:base",
    "exact/1",
    7,
)


def write(path: Path, records: list[Record]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrate(connection)
    for record in records:
        scene = {"cast": [{"persona": persona} for persona in record.cast]}
        facts = (
            record.trial, 1, record.scenario, json.dumps(record.parameters), record.model,
            record.stage, record.seed, record.arm, record.focal, record.of, json.dumps(scene),
            "failed", "timeout", 1, record.at, record.branch, "{}",
        )  # fmt: skip
        marks = ",".join("?" * len(facts))
        connection.execute(f"INSERT INTO trials VALUES ({marks})", facts)
        for event in record.events:
            connection.execute(
                "INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", to_row(record.trial, event)
            )
    connection.close()


def test_a_store_and_memory_give_the_same_tables(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    write(path, [RECORD])
    stored, made = load(path), tables_from([RECORD])
    for name, columns in COLUMNS.items():
        left, right = getattr(stored, name), getattr(made, name)
        assert list(left.columns) == list(columns)
        pd.testing.assert_frame_equal(left, right)
    assert stored.trials.iloc[0]["parameters"] == {"rounds": 3}
    assert stored.cast.iloc[0]["stances"] == {"sell": -0.8}
    assert stored.answers["missing"].notna().sum() == 1
    assert pd.isna(stored.cast.iloc[0]["opposite"])


def test_a_branch_is_whole(tmp_path: Path) -> None:
    """It has the turns and answers that it shares, and not what followed from them elsewhere."""
    path = tmp_path / "study.db"
    said = [Turn(index, "Ada", f"Line {index}.") for index in (1, 2, 3)]
    first = Record("t1", [ADA], [SAID, *said, Ended(3, "after 3 turns")])
    other = Turn(3, "Ada", "Another line.")
    branch = Record("t2", [ADA], [other], arm="fork@3", of="t1", at=3, branch=0)
    deeper = Record("t0", [ADA], [Turn(2, "Ada", "Deep.")], arm="fork@2", of="t2", at=2, branch=1)
    write(path, [first, branch, deeper])
    tables = load(path)
    lines = {trial: list(own["text"]) for trial, own in tables.turns.groupby("trial")}
    assert lines == {
        "t1": ["Line 1.", "Line 2.", "Line 3."],
        "t2": ["Line 1.", "Line 2.", "Another line."],
        "t0": ["Line 1.", "Deep."],
    }
    assert set(tables.answers["trial"]) == {"t0", "t1", "t2"}
    found = tables.trials.set_index("trial")
    assert found.loc["t2", "at"] == 3
    assert pd.isna(found.loc["t1", "at"])


def test_an_empty_store_gives_empty_tables_with_columns(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    write(path, [])
    tables = load(path)
    for name, columns in COLUMNS.items():
        assert list(getattr(tables, name).columns) == list(columns)
        assert len(getattr(tables, name)) == 0


def test_the_truth_is_never_read(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    write(path, [RECORD])
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE truths")
    connection.commit()
    connection.close()
    assert len(load(path).turns) == 1
    sources = Path(analysis.__file__).parent.rglob("*.py")
    assert not [source for source in sources if "FROM truths" in source.read_text("utf-8")]


def test_loading_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    write(path, [RECORD])
    before = path.read_bytes()
    load(path)
    assert path.read_bytes() == before


def test_the_collector_of_cycles_is_as_it_was_after_a_store_was_read(tmp_path: Path) -> None:
    path, damaged = tmp_path / "study.db", tmp_path / "damaged.db"
    write(path, [RECORD])
    write(damaged, [RECORD])
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("UPDATE events SET payload = 'no JSON'")
    try:
        for wanted in (True, False):
            (gc.enable if wanted else gc.disable)()
            load(path)
            assert gc.isenabled() is wanted
            with pytest.raises(StoreRefused):
                load(damaged)
            assert gc.isenabled() is wanted
    finally:
        gc.enable()


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "other.db"
    sqlite3.connect(foreign).execute("CREATE TABLE x (y)").connection.close()
    for path in (foreign, tmp_path / "absent.db"):
        with pytest.raises(StoreRefused):
            load(path)
    assert not (tmp_path / "absent.db").exists()


def test_import_is_cheap_and_load_is_always_callable() -> None:
    script = (
        "import sys, analysis\n"
        "assert not {'pandas', 'numpy', 'scipy'} & set(sys.modules)\n"
        "from analysis import load as first\n"
        "import analysis.tables\n"
        "from analysis import load as second\n"
        "assert callable(first) and callable(second) and callable(analysis.load)\n"
        "assert analysis.measures.__name__ == 'analysis.measures'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(BadRequest, match="load: 3 is no data; give the path of a store"):
        load(3)  # type: ignore[arg-type]


def test_a_cast_is_made_of_the_speakers_or_has_them_all() -> None:
    said = [Turn(1, "Ada", "Hm."), Turn(2, "Ben", "Hm."), Turn(3, "Ada", "Hm.")]
    tables = tables_from([Record("t", [], said)])
    assert tables.cast[["actor", "seat"]].to_numpy().tolist() == [["Ada", 0], ["Ben", 1]]
    with pytest.raises(BadRequest, match="turn 2 is said by 'Ben', who is not in its cast"):
        tables_from([Record("t", [{"name": "Ada"}], said)])


def test_somebody_else_s_transcript_is_loaded_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text(
        "thread,who,said\na,Ann,Hello.\nb,Ben,Oh.\na,Cleo,You fool!\n", encoding="utf-8"
    )
    tables = analysis.load(path)
    assert tables.turns[["trial", "turn", "speaker"]].to_numpy().tolist() == [
        ["chat.csv:a", 1, "Ann"], ["chat.csv:a", 2, "Cleo"], ["chat.csv:b", 1, "Ben"],
    ]  # fmt: skip
    assert tables.cast["actor"].tolist() == ["Ann", "Cleo", "Ben"]
    assert set(tables.trials["arm"]) == {"imported"}
    assert len(analysis.conflict(path).by_arm) == 5, "one arm"
    assert analysis.load(path, format="csv").turns.equals(tables.turns)
    with pytest.raises(BadRequest, match="there is no such format"):
        analysis.load(path, format="cvs")


def test_some_trials_of_a_store_are_read_as_they_are_among_all(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    results = sim.run("cross_purposes", trials=3, parameters={"turns": 6}, store=store)
    sim.fork(results.trials[0], at=4, n=2, drop=True)
    every = load(store)
    branches = every.trials.loc[every.trials["at"].notna(), "trial"].tolist()
    for wanted in ([results.ids[1]], branches[:2], [*branches, results.ids[2]], []):
        some, expected = load(store, trials=wanted), every.only(wanted)
        for name in ("trials", "turns", "answers", "cast"):
            one, other = getattr(some, name), getattr(expected, name)
            keys = [key for key in ("trial", "turn", "actor", "key", "sample") if key in one]
            one, other = (
                each.sort_values(keys, kind="stable").reset_index(drop=True)
                for each in (one, other)
            )
            pd.testing.assert_frame_equal(one, other)
