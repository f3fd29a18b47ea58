"""``elsinore ask``: what is printed and kept, whom it asks, and what it refuses."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from stub_server import StubServer

Command = Callable[..., "CompletedProcess[str]"]

STANCE = (
    'Where do you, {name}, stand right now on "share"? '
    "Say it as one number from -1 (firmly against) over 0 (undecided) to 1 (firmly for)."
)
NAMES = ("Ada", "Ben", "Cleo")


@pytest.fixture
def ids(played: tuple[Path, str], folder: Path) -> list[str]:
    """Two trials of six turns on each of two models, in a store ``s.db`` that may grow."""
    with sqlite3.connect(played[0] / "runs/trio.db") as source:
        with sqlite3.connect(folder / "s.db") as connection:
            source.backup(connection)
        connection.close()
    source.close()
    return [trial["id"] for trial in json.loads(played[1])["trials"]]


def rows(store: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(store)
    with connection:
        fetched = connection.execute(sql).fetchall()
    connection.close()
    return fetched


def told(done: CompletedProcess[str]) -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def one_line(done: CompletedProcess[str], says: str) -> None:
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert done.stderr.startswith("elsinore: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_answers_are_printed_and_kept_as_probes(inside: Command, ids: list[str]) -> None:
    before = inside("show", "s.db", ids[0], "--probes").stdout
    done = inside("ask", "s.db", ids[0][:8], "Why, {name}?", "-a", "Ben", "-a", "Ada", "--at", 4)
    assert (done.returncode, done.stderr) == (0, "")
    ben, ada, last = done.stdout.splitlines()
    assert ben.startswith("Ben, after turn 4: ")
    assert ada.startswith("Ada, after turn 4: ")
    assert last == "2 calls · free · stored as probes with the key 'ask:Why, {name}?'"
    shown = inside("show", "s.db", ids[0], "--probes").stdout
    new = [line for line in shown.splitlines() if line not in before.splitlines()]
    said = [line.partition("turn 4: ")[2] for line in (ada, ben)]
    assert new == [f"           · ask:Why, {{name}}?: Ada {said[0]}, Ben {said[1]}"]
    assert shown.index("   4 ") < shown.index("ask:Why") < shown.index("   5 ")
    assert inside("show", "s.db", ids[0]).stdout.count("ask:") == 0


def test_json_says_who_answered_what(inside: Command, ids: list[str]) -> None:
    words = ("ask", "s.db", ids[0], "How sure, {name}?", "--scale=-1,1", "--json")
    first = told(inside(*words, "-a", "Ada"))
    assert set(first) == {"store", "question", "key", "calls", "stopped", "answers"}
    assert (first["question"], first["key"]) == (
        "How sure, {name}?",
        "ask:How sure, {name}? [-1,1]",
    )
    [answer] = first["answers"]
    assert set(answer) == {"trial", "actor", "turn", "sample", "value", "missing", "known"}
    assert -1 <= answer["value"] <= 1
    assert (answer["trial"], answer["turn"], answer["missing"]) == (ids[0], 6, None)
    # The same again asks nothing; more samples and other actors ask for the rest.
    again = told(inside(*words, "-a", "Ada"))
    assert (again["calls"], again["answers"]) == (0, [{**answer, "known": True}])
    more = told(inside(*words, "-n", 3))
    assert (first["calls"], more["calls"]) == (1, 8)
    assert [each["known"] for each in more["answers"]] == [True] + [False] * 8
    assert [(each["actor"], each["sample"]) for each in more["answers"]] == [
        (name, sample) for name in NAMES for sample in range(3)
    ]


def test_a_table_sums_numbers_and_choices_up(inside: Command, ids: list[str]) -> None:
    numbers = inside("ask", "s.db", ids[0], "How sure?", "--scale=0,1", "-n", 4, "-a", "Ada").stdout
    head, row, _ = numbers.splitlines()
    assert head.split() == ["actor", "turn", "answers", "missing", "summary"]
    assert row.split()[:5] == ["Ada", "6", "4", "0", "mean"]
    words = ("ask", "s.db", ids[0], "Tea?", "--choices", "yes, no,perhaps", "-n", 5, "-a", "Ben")
    row = inside(*words).stdout.splitlines()[1]
    record = told(inside(*words, "--json"))
    assert record["key"] == "ask:Tea? [yes,no,perhaps]"
    values = [each["value"] for each in record["answers"]]
    assert set(values) <= {"yes", "no", "perhaps"}
    for option in set(values):
        assert f"{option} {values.count(option)}" in row


def test_a_question_may_have_braces(inside: Command, ids: list[str]) -> None:
    record = told(inside("ask", "s.db", ids[0], "What of {x}, {name}?", "-a", "Ada", "--json"))
    assert record["key"] == "ask:What of {x}, {name}?"
    assert record["answers"][0]["missing"] is None


def test_all_asks_in_every_trial_that_is_over(
    inside: Command, ids: list[str], folder: Path
) -> None:
    rows(folder / "s.db", f"UPDATE trials SET status = 'planned' WHERE trial = '{ids[1]}'")
    rows(folder / "s.db", f"DELETE FROM events WHERE trial = '{ids[1]}' AND turn > 4")
    record = told(inside("ask", "s.db", "all", "Why?", "--json"))
    assert record["calls"] == 9
    assert {each["trial"] for each in record["answers"]} == {ids[0], *ids[2:]}
    # A trial that is cut off is asked by name, as far as it went.
    record = told(inside("ask", "s.db", ids[1], "Why?", "--json"))
    assert {(each["trial"], each["turn"]) for each in record["answers"]} == {(ids[1], 4)}
    one_line(inside("ask", "s.db", ids[1], "Why?", "--at", 5), "no turn 5; it has 4")
    lines = inside("ask", "s.db", "all", "Why?").stdout.splitlines()
    starts = {line.split()[0] for line in lines[:-1]}
    assert len(starts) == 3
    assert all(any(trial.startswith(start) for trial in ids) for start in starts)


def test_a_stance_is_asked_as_it_was_then(inside: Command, ids: list[str], folder: Path) -> None:
    for at in (0, 3, 6):
        told(inside("ask", "s.db", ids[0], STANCE, "--scale=-1,1", "--at", at, "--json"))
    stances = rows(
        folder / "s.db",
        "SELECT turn, actor, key, json_extract(payload, '$.value') FROM events WHERE kind = 'probe'"
        f" AND trial = '{ids[0]}' AND key != 'stance:share' ORDER BY turn, actor",
    )
    assert [(turn, actor) for turn, actor, *_ in stances] == [
        (turn, actor) for turn in (0, 3, 6) for actor in NAMES
    ]
    assert {key for _, _, key, _ in stances} == {f"ask:{STANCE} [-1,1]"}
    signs = {actor: value for turn, actor, _, value in stances if turn == 0}
    assert signs["Ada"] > 0 > signs["Ben"]


def test_an_export_has_more_probes_and_is_else_the_same(inside: Command, ids: list[str]) -> None:
    before = inside("export", "s.db", "-o", "-").stdout.splitlines()
    told(inside("ask", "s.db", ids[2], "Why?", "--at", 2, "--json"))
    after = inside("export", "s.db", "-o", "-").stdout.splitlines()
    new = [json.loads(line) for line in after if line not in before]
    assert [line for line in after if line in before] == before
    assert {(each["record"], each["kind"], each["trial"]) for each in new} == {
        ("event", "probe", ids[2])
    }
    # And the run has nothing left to do.
    words = ("run", "mine.py:trio", "-n", 2, "-m", "embedded:base", "-m", "embedded:rlhf")
    assert inside(*words, "--store", "s.db", "-q").returncode == 0
    assert inside("export", "s.db", "-o", "-").stdout.splitlines() == after


def test_a_real_model_is_asked_as_it_played(
    inside: Command, folder: Path, stub: StubServer
) -> None:
    done = inside("run", "mine.py:trio", "-m", "openai:stub", "--base-url", stub.url, "-q",
                  "--temperature", "0.5", "--max-tokens", "99", "--store", "r.db")  # fmt: skip
    assert done.returncode == 0, done.stderr
    [(trial,)] = rows(folder / "r.db", "SELECT trial FROM trials")
    stub.reset()
    for _ in range(2):
        record = told(inside("ask", "r.db", trial, "Why, {name}?", "-a", "Ada", "--json"))
        assert stub.counts()["calls"] == 1
    assert record["answers"][0]["missing"] is None
    body = stub.last()
    assert (body["temperature"], body["messages"][-1]["role"]) == (0.5, "user")
    assert "To Ada alone:) Why, Ada?" in body["messages"][-1]["content"]
    # A wrong key is told, and nothing is kept of it.
    stub.behave(key="right")
    done = inside("ask", "r.db", trial, "Who?", "-a", "Ada")
    assert (done.returncode, done.stdout) == (1, "")
    assert "check the key in the environment" in done.stderr
    assert rows(folder / "r.db", "SELECT count(*) FROM events WHERE key = 'ask:Who?'") == [(0,)]
    one_line(inside("ask", "r.db", trial, "Who?", "--budget-usd", "1"), "the price of openai:stub")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([" "], "the question is blank"),
        (["Q", "--choices", "a"], "leave no choice; give at least two"),
        (["Q", "--choices", "a,A"], "is there twice"),
        (["Q", "--choices", ","], "leave no choice"),
        (["Q", "--choices", "a,b", "--scale=0,1"], "an answer has one form"),
        (["Q", "--scale", "1"], "write two numbers, as in --scale=-1,1"),
        (["Q", "--scale", "low,high"], "write two numbers"),
        (["Q", "--scale", "1,0"], "is empty; swap them"),
        (["Q", "--scale", "nan,1"], "is empty"),
        (["Q", "-a", "Dan"], "'Dan' is not in the cast; use one of Ada, Ben, Cleo"),
        (["Q", "--at", "7"], "there is no turn 7; it has 6, and 0 is before the first"),
        (["Q", "--scale", "0,inf"], "the scale from 0.0 to inf has no end"),
    ],
)  # fmt: skip
def test_bad_requests(
    inside: Command, ids: list[str], folder: Path, options: list[str], says: str
) -> None:
    one_line(inside("ask", "s.db", ids[0], *options), says)
    assert rows(folder / "s.db", "SELECT count(*) FROM events WHERE key LIKE 'ask:%'") == [(0,)]


def test_bad_places(inside: Command, ids: list[str], folder: Path) -> None:
    one_line(inside("ask", "s.db", "xyz", "Q"), "s.db has no trial 'xyz'; list")
    one_line(inside("ask", "absent.db", ids[0], "Q"), "does not exist")
    rows(folder / "s.db", "UPDATE trials SET status = 'planned'")
    one_line(inside("ask", "s.db", "all", "Q"), "holds no trial that is at its end")
    rows(folder / "s.db", "UPDATE trials SET stage = 'embedded:base?kapa=1'")
    one_line(inside("ask", "s.db", ids[0], "Q"), "no parameter 'kapa'")
    for usage in (["--samples", "0"], ["--at", "-1"]):
        done = inside("ask", "s.db", ids[0], "Q", *usage)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


def test_all_passes_over_surrogates_or_asks_them(inside: Command, folder: Path) -> None:
    done = inside("run", "mine.py:trio", "-n", 1, "--yoked", "-q", "--store", "y.db")
    assert done.returncode == 0, done.stderr
    record = told(inside("ask", "y.db", "all", "Why?", "--json"))
    live = rows(folder / "y.db", "SELECT trial FROM trials WHERE arm = 'live'")
    assert live[0][0] in {each["trial"] for each in record["answers"]}


@pytest.fixture
def played_by_nobody(process: Callable[..., subprocess.Popen[bytes]], folder: Path) -> str:
    """A store in which Ada was a person who never said a word."""
    words = ["run", "mine.py:trio", "-n", 1, "--human", "Ada", "-q", "--store", "h.db"]
    started = process(folder, words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    started.communicate(timeout=60)
    assert started.returncode == 0
    return "h.db"


def test_the_others_of_a_scene_with_a_person_can_be_asked(
    inside: Command, played_by_nobody: str
) -> None:
    record = told(inside("ask", played_by_nobody, "all", "Why?", "-a", "Ben", "--json"))
    assert len(record["answers"]) == 1
