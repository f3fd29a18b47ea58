"""A store that an older version played: everything is found in it, and nothing is asked again."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

STORES = Path(__file__).parents[2] / "stores"
MADE = runpy.run_path(str(STORES / "make_played_version_3.py"))
STORE: str = MADE["STORE"]


ONE_AFTER_THE_OTHER = """
import contextlib, io, json, sys
from sim.cli import main

for line in sys.stdin:
    sys.argv = ["elsinore", *json.loads(line)]
    told, code = io.StringIO(), 0
    with contextlib.redirect_stdout(told):
        try:
            main()
        except SystemExit as left:
            code = left.code or 0
    print(json.dumps([code, told.getvalue()]), flush=True)
"""
"""One process carries out all commands: each alone would spend a second on imports."""


@pytest.fixture
def elsinore(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """What a command prints. No server is there: a call would fail, and be counted."""
    with subprocess.Popen(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER], cwd=tmp_path, text=True,
        env=os.environ | {"OPENAI_API_KEY": "sk-none"}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        stdin, stdout = child.stdin, child.stdout

        def call(*words: str) -> str:
            stdin.write(f"{json.dumps(words)}\n")
            stdin.flush()
            code, told = json.loads(stdout.readline())
            assert code == 0, words
            return str(told)

        yield call
        stdin.close()


def test_the_same_commands_find_everything_there(
    tmp_path: Path, elsinore: Callable[..., str]
) -> None:
    for name in (STORE, "own_scenario.py", "small_cup.toml"):
        shutil.copy(STORES / name, tmp_path / name)
    calls: dict[str, Sequence[int]] = {}
    for command in MADE["COMMANDS"]:
        # Language models had labels then; the wording is a part of a trial.
        wording = ("--wording", "plain-1") if "openai:stub" in command else ()
        elsinore(*command, *wording, "--store", STORE, "--json")
    trials = json.loads(elsinore("show", STORE, "--json"))["trials"]
    for trial in trials:
        if trial["arm"] == "live" and trial["scenario"] in MADE["FORKED"]:
            place = (STORE, trial["id"])
            elsinore("fork", *place, "--at", "3", "-n", "2", "--drop")
            record = json.loads(elsinore("ask", *place, "Why, {name}?", "--json"))
            calls[trial["id"]] = [record["calls"]]
    assert len(calls) == 2
    assert counted(tmp_path / STORE) == {"calls": 0, "hits": 0, "failed_calls": 0}
    elsinore("export", STORE, "-o", "now.jsonl")
    expected = (STORES / "played_version_3.jsonl").read_bytes()
    assert (tmp_path / "now.jsonl").read_bytes() == expected


def counted(store: Path) -> dict[str, int]:
    """What was asked by the runs that were begun after the store was committed."""
    import sqlite3

    before = sqlite3.connect(STORES / STORE)
    (last,) = before.execute("SELECT max(run) FROM runs").fetchone()
    before.close()
    connection = sqlite3.connect(store)
    summaries = connection.execute("SELECT summary FROM runs WHERE run > ?", (last,)).fetchall()
    connection.close()
    assert len(summaries) >= len(MADE["COMMANDS"])
    totals = {"calls": 0, "hits": 0, "failed_calls": 0}
    for (summary,) in summaries:
        stages: dict[str, Any] = json.loads(summary)["stages"]
        for stage in stages.values():
            for name in totals:
                totals[name] += stage[name]
    return totals
