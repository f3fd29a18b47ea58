"""Stores and transcripts become the same tables, and the truth stays unread."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis.loading import COLUMNS, Record, load, tables_from
from sim.errors import StoreRefused
from sim.events import Answer, Ended, Failure, Turn
from sim.store import APPLICATION_ID, migrate

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
TURN = Turn(1, "Ada", "Good evening.", audience=("Ben",), strangers=("Eve",), exact=True)
SAID = Answer(1, "Ada", "stance:sell", -0.5)
UNSAID = Answer(1, "Ada", "stance:sell", None, sample=1, missing="no number in it")
GAUGED = Answer(1, "Ada", "stance:sell", 0.25, gauge=True)
FAILED = Failure(2, "Ada", "speak", "timeout", "no reply in 60 s")
RECORD = Record(
    "t1",
    [ADA],
    [TURN, GAUGED, SAID, UNSAID, FAILED, Ended(1, "timeout", "failed")],
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
            "failed", "timeout", 1,
        )  # fmt: skip
        marks = ",".join("?" * len(facts))
        connection.execute(f"INSERT INTO trials VALUES ({marks})", facts)
        for kind, turn, key, sample, payload in (
            ("turn", 1, "", 0, {"text": TURN.text, "audience": ["Ben"], "finish": "stop",
                                "cut": "", "strangers": ["Eve"], "exact": True}),
            ("probe", 1, SAID.key, 0, {"value": -0.5, "missing": None}),
            ("probe", 1, SAID.key, 1, {"value": None, "missing": UNSAID.missing}),
            ("gauge", 1, SAID.key, 0, {"value": 0.25, "missing": None}),
            ("failure", 2, "", 0, {"doing": "speak", "reason": "timeout",
                                   "message": FAILED.message}),
            ("ended", 1, "", 0, {"reason": "timeout", "status": "failed"}),
        ):  # fmt: skip
            row = (record.trial, turn, kind, "Ada", key, sample, json.dumps(payload), 0.1)
            connection.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", row)
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
        "import analysis.loading\n"
        "from analysis import load as second\n"
        "assert callable(first) and callable(second) and callable(analysis.load)\n"
        "assert analysis.measures.__name__ == 'analysis.measures'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
