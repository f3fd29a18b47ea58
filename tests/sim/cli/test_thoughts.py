"""What models thought before they spoke is shown on demand, and only then."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from sim.store import open_store

Command = Callable[..., "CompletedProcess[str]"]


def test_thoughts_are_shown_where_they_are_asked_for(
    inside: Command, played: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(played[0], folder)
    monkeypatch.chdir(folder)
    [store] = folder.rglob("*.db")
    with open_store(store) as opened:
        trial = opened.trials()[0].id
    connection = sqlite3.connect(store)
    connection.execute(
        "UPDATE events SET payload = json_set(payload, '$.thought', 'He lies.')"
        " WHERE kind = 'turn' AND turn = 2 AND trial = ?",
        (trial,),
    )
    connection.commit()
    connection.close()
    assert "He lies." not in inside("show", store, trial).stdout
    shown = inside("show", store, trial, "--thoughts").stdout
    assert shown.count("thought, heard by nobody: He lies.") == 1
    quiet = json.loads(inside("show", store, trial, "--json").stdout)
    assert not any("thought" in event for event in quiet["events"])
    told = json.loads(inside("show", store, trial, "--json", "--thoughts").stdout)
    assert [e["thought"] for e in told["events"] if "thought" in e] == ["He lies."]
