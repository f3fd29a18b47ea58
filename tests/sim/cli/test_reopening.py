"""Stages of stored trials are opened again from what the store says of them, or refused."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from stub_server import StubServer

Command = Callable[..., "CompletedProcess[str]"]

CUP = """
name = "Cup"
stage = "embedded:base"

[stages]
plain = "embedded:base?skill=2"
small = {{ model = "openai:stub", base_url = "{url}", temperature = 0.5 }}

[debate]
rebuttals = 0

[[motions]]
topic = "The town should sell its spring."

[[entrants]]
name = "one"
stage = "small"

[[entrants]]
name = "other"
stage = "plain"
"""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)
    with StubServer() as stub:
        yield stub


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody at the keyboard."""
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def rows(store: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(store)
    fetched = connection.execute(sql).fetchall()
    connection.close()
    return fetched


def refused(done: CompletedProcess[str], says: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_stage_that_a_tournament_named(inside: Command, folder: Path, stub: StubServer) -> None:
    (folder / "cup.toml").write_text(CUP.format(url=stub.url))
    done = inside("tournament", "cup.toml", "--store", "c.db", "-q")
    assert done.returncode == 0, done.stderr
    [(trial, names), *_] = rows(folder / "c.db", "SELECT trial, stages FROM trials ORDER BY 1")
    assert sorted(json.loads(names)) == ["plain", "small"]
    stub.reset()
    done = inside("ask", "c.db", trial, "Why, {name}?", "--json")
    assert done.returncode == 0, done.stderr
    assert [each["missing"] for each in json.loads(done.stdout)["answers"]] == [None, None]
    assert stub.counts()["calls"] == 1
    assert stub.last()["temperature"] == 0.5
    done = inside("fork", "c.db", trial, "--at", 6, "-n", 2, "--drop", "--json")
    assert done.returncode == 0, done.stderr
    assert stub.counts()["calls"] > 1
    forked = rows(folder / "c.db", "SELECT DISTINCT stages FROM trials WHERE at IS NOT NULL")
    assert forked == [(names,)]


def test_a_name_for_lines_is_refused(inside: Command, folder: Path) -> None:
    """The identity of fixed lines is a hash."""
    text = CUP.replace("embedded:base?skill=2", "fixed:Yes.").replace('stage = "small"', "")
    (folder / "cup.toml").write_text(text.format(url="http://localhost"))
    done = inside("tournament", "cup.toml", "--store", "c.db", "-q")
    assert done.returncode == 0, done.stderr
    [(trial,), *_] = rows(folder / "c.db", "SELECT trial FROM trials")
    refused(inside("ask", "c.db", trial, "Why?"), "plain: is a tournament's own name for a stage")


def test_of_a_surrogate_the_one_is_asked_who_is_played(inside: Command, folder: Path) -> None:
    """The others say lines that answer nobody."""
    done = inside("run", "mine.py:trio", "-n", 1, "--yoked", "-q", "--store", "y.db")
    assert done.returncode == 0, done.stderr
    answers = json.loads(inside("ask", "y.db", "all", "Why?", "--json").stdout)["answers"]
    asked = {(each["trial"], each["actor"]) for each in answers}
    focal = rows(folder / "y.db", "SELECT trial, focal FROM trials WHERE arm = 'yoked'")
    [(live,)] = rows(folder / "y.db", "SELECT trial FROM trials WHERE arm = 'live'")
    assert len(focal) == 3
    assert asked == {*focal, *((live, name) for name in ("Ada", "Ben", "Cleo"))}
    surrogate = next(trial for trial, name in focal if name == "Ada")
    refused(inside("ask", "y.db", surrogate, "Why?", "-a", "Ben"), "really played in these")


@pytest.mark.usefixtures("absent")
def test_a_person_is_not_there_any_more(inside: Command, folder: Path) -> None:
    words = ("run", "mine.py:trio", "-n", 1, "--human", "Ada", "-q", "--store", "h.db")
    assert inside(*words).returncode == 0
    [(trial,)] = rows(folder / "h.db", "SELECT trial FROM trials")
    before = rows(folder / "h.db", "SELECT * FROM events")
    refused(inside("ask", "h.db", trial, "Why?"), "Ada was played by a person")
    refused(inside("fork", "h.db", trial, "--at", 3, "--drop"), "a person plays in it")
    assert rows(folder / "h.db", "SELECT * FROM events") == before
    assert inside("ask", "h.db", trial, "Why?", "-a", "Cleo").returncode == 0
