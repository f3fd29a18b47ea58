"""Many at once: bounds by open files and connections, said once; and Ctrl-C while turns fail."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from stub_server import StubServer

from sim.runs.capacity import MOST, OTHERS, at_once

if sys.platform == "win32":
    pytest.skip("Windows has no limit of open files to set", allow_module_level=True)
import resource


def test_what_is_possible_is_given_and_nothing_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert [at_once(wanted) for wanted in (1, 16, 100)] == [1, 16, 100]
    assert not caplog.records


def test_a_client_has_so_many_connections(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    with caplog.at_level(logging.WARNING):
        assert at_once(3000) == MOST
    assert [record.getMessage() for record in caplog.records] == [
        "at most 1,000 calls at once, and not 3,000: a client has at most 1,000 connections"
    ]


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "bound", "raised"),
    [
        (256, 4096, 500, 500, 500 + OTHERS),
        (256, 400, 500, 400 - OTHERS, 400),
        (1024, 1024, 500, 500, None),
        (20, 20, 500, 1, 20),
    ],
)
def test_open_files_bound_it(
    soft: int,
    hard: int,
    wanted: int,
    bound: int,
    raised: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert at_once(wanted) == bound
    assert asked == ([] if raised is None else [(raised, hard)])


def played(folder: Path, stub: StubServer, seconds: float, *more: str) -> tuple[int, str, Path]:
    """A run of 60 trials at once with 100 open files at most, until Ctrl-C."""
    store = folder / "s.db"
    line = [sys.executable, "-P", "-m", "sim.cli", "run", "water_sale", "-n", "60", "-m",
            "openai:stub", "--base-url", stub.url, "--store", str(store), *more]  # fmt: skip
    process = subprocess.Popen(
        line,
        env=os.environ | {"OPENAI_API_KEY": "none"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)),
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and stub.counts()["calls"] < 60:
        time.sleep(0.1)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    return process.returncode, told, store


def test_few_files_fail_no_call(tmp_path: Path, stub_process: StubServer) -> None:
    stub_process.reset(behaviour=True)
    stub_process.behave(latency=0.3, words=8)
    code, told, store = played(tmp_path, stub_process, 0.5, "--concurrency", "300")
    assert code == 130
    assert told.count("at most 52 calls at once, and not 300") == 1
    with closing(sqlite3.connect(store)) as opened:
        assert opened.execute("SELECT count(*) FROM events WHERE kind='failure'").fetchone() == (0,)
        assert opened.execute("SELECT count(*) FROM events WHERE kind='turn'").fetchone() > (0,)


def test_a_stop_while_turns_fail_is_no_crash(tmp_path: Path, stub_process: StubServer) -> None:
    """A scene whose turn failed waits for its probes; a stop ends that wait."""
    stub_process.reset(behaviour=True)
    stub_process.behave(latency=1.0, words=8, faults={"400": 0.3})
    code, told, _ = played(tmp_path, stub_process, 0.3, "--concurrency", "40")
    stub_process.reset(behaviour=True)
    assert code == 130, told
    assert "Traceback" not in told
    assert "interrupted" in told
