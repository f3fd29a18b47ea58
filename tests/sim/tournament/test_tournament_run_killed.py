"""Tournaments whose process is killed, again and again."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from backstage.stores import exported, rows
from stub_server import StubServer

BASE = "embedded:base"

TOML = """
name = "Cup"
stage = "{stage}"
judges = ["{stage}", {{ stage = "{stage}", name = "second" }}]
[format]
kind = "swiss"
rounds = 3
[debate]
rebuttals = 0
closing = 40
[[motions]]
topic = "Tea?"
"""


def written(folder: Path, stage: str, entrants: int) -> Path:
    names = "".join(f'[[entrants]]\nname = "e{number}"\n' for number in range(entrants))
    path = folder / "cup.toml"
    path.write_text(TOML.format(stage=stage) + names, encoding="utf-8")
    return path


def start(file: Path, store: Path, *more: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sim.cli", "tournament", str(file), "--store", str(store), "--json",
         *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip


def until_there(store: Path, replies: int) -> None:
    """Wait until so many replies are committed."""
    for _ in range(600):
        if store.exists():
            try:
                if rows(store, "SELECT count(*) FROM replies")[0][0] >= replies:
                    return
            except sqlite3.OperationalError:
                pass
        time.sleep(0.02)
    raise AssertionError("nothing is played")


def test_killed_again_and_again_the_standings_are_the_same(tmp_path: Path) -> None:
    dice = random.Random(5)
    file = written(tmp_path, BASE, 6)
    store, quiet = tmp_path / "killed.db", tmp_path / "quiet.db"
    there = 0
    for _ in range(2):
        child = start(file, store)
        there += dice.randrange(10, 60)
        until_there(store, there)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=30)
        [(there,)] = rows(store, "SELECT count(*) FROM replies")
    last = start(file, store)
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, err
    alone = start(file, quiet)
    told, err = alone.communicate(timeout=120)
    assert alone.returncode == 0, err
    assert exported(store) == exported(quiet)
    assert json.loads(out)["standings"] == json.loads(told)["standings"]
    # Asked twice is only what was in doubt.
    assert rows(store, "SELECT count(*) FROM intents") == [(0,)]


def test_killed_against_a_server_no_committed_reply_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    file = written(tmp_path, "openai:stub", 4)
    store = tmp_path / "killed.db"
    with StubServer() as stub:
        stub.behave(latency=0.01)
        asked = committed = 0
        in_doubt = 0
        for kill in range(2):
            child = start(file, store, "--base-url", stub.url, "--concurrency", "4")
            until_there(store, committed + 25)
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=30)
            [(committed,)] = rows(store, "SELECT count(*) FROM replies WHERE cached = 0")
            [(left,)] = rows(store, "SELECT count(*) FROM intents")
            in_doubt = max(in_doubt, left)
            assert left <= 4 * (kill + 1)
        last = start(file, store, "--base-url", stub.url, "--concurrency", "4")
        out, err = last.communicate(timeout=120)
        assert last.returncode == 0, err
        counts = stub.counts()
    report = json.loads(out)
    assert report["missing_verdicts"] == 0
    [(committed,)] = rows(store, "SELECT count(*) FROM replies WHERE cached = 0")
    asked = counts["by_path"]["/v1/chat/completions"]
    # Every request is unique, but for those whose reply was lost with a kill.
    assert counts["unique"] == committed
    assert asked - committed <= 2 * 4
