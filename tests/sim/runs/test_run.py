"""Runs in this process: resuming, failing, reporting."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim.errors import BadRequest, StageError, StoreFailed, StoreRefused
from sim.events import Event, Turn
from sim.planning import Trial
from sim.runs.manifest import git_commit
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials
from sim.stage.base import Reply, Request
from sim.store import Writer, export_jsonl, open_readonly

Wrap = Callable[[Request], None]


def exported(store: Path) -> bytes:
    out = store.with_suffix(".jsonl")
    export_jsonl(store, out)
    return out.read_bytes()


def asked(log: Path) -> list[str]:
    return log.read_text().splitlines()


def failing_stage(toy_run: ModuleType, log: Path, wrong: Callable[[Request], None]) -> Any:
    """The toy stage, except where ``wrong`` raises."""

    class Failing(toy_run.LoggingStage):  # type: ignore[misc, name-defined]
        async def perform(self, request: Request) -> Reply:
            reply: Reply = await super().perform(request)
            wrong(request)
            return reply

    return Failing(log, 0.0)


async def test_any_concurrency_gives_the_same_bytes(tmp_path: Path, toy_run: ModuleType) -> None:
    trials = toy_run.plan_of(30)
    exports = set()
    for concurrency in (1, 7, 64):
        stage = toy_run.LoggingStage(tmp_path / "log", 0.001)
        store = tmp_path / f"{concurrency}.db"
        report = await run_trials(
            trials, {"logging": stage}, store, RunOptions(concurrency=concurrency)
        )
        assert stage.most <= concurrency
        if concurrency == 7:
            assert stage.most == 7
        assert [result.status for result in report.trials] == ["done"] * 30
        exports.add(exported(store))
    assert len(exports) == 1
    # The order in which trials are listed does not matter either.
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    await run_trials(trials[::-1], {"logging": stage}, tmp_path / "reversed.db")
    assert exported(tmp_path / "reversed.db") in exports


async def test_a_second_run_asks_nothing(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    stage = toy_run.LoggingStage(log, 0.0)
    first = await run_trials(toy_run.plan_of(3), {"logging": stage}, store)
    calls = asked(log)
    assert first.calls == len(calls) == len(set(calls)) == 3 * (8 + 15)
    assert first.usage.completion_tokens == 3 * first.calls
    before = exported(store)
    second = await run_trials(toy_run.plan_of(4), {"logging": stage}, store)
    assert [result.skipped for result in second.trials] == [True, True, True, False]
    assert [result.turns for result in second.trials] == [8] * 4
    assert len(asked(log)) == len(calls) + 23
    assert exported(store).startswith(before[:1000])
    assert (first.run, second.run) == (1, 2)


async def test_a_trial_listed_twice_is_played_once(tmp_path: Path, toy_run: ModuleType) -> None:
    [trial] = toy_run.plan_of(1)
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    again = replace(trial, model="by another name")
    report = await run_trials([trial, again], {"logging": stage}, tmp_path / "a.db")
    assert len(report.trials) == 1
    assert report.calls == 23


async def test_events_status_and_truths_are_one_transaction(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store = tmp_path / "a.db"
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    statements: list[str] = []
    open_writer = Writer.open

    def traced(*arguments: Any) -> Writer:
        writer = open_writer(*arguments)
        writer.connection.set_trace_callback(statements.append)
        return writer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writer, "open", traced)
        await run_trials(toy_run.plan_of(1), {"logging": stage}, store)
    text = "\n".join(statements)
    [last] = [part for part in text.split("BEGIN IMMEDIATE") if "'ended'" in part]
    assert last.count("INSERT OR REPLACE INTO truths") == 2
    assert "UPDATE trials SET status = 'done'" in last
    connection = open_readonly(store)
    truths = connection.execute("SELECT actor, payload FROM truths ORDER BY 1").fetchall()
    connection.close()
    assert [actor for actor, _ in truths] == ["A", "B"]
    assert json.loads(truths[0][1])["stances"] == [0.5]


async def test_a_failed_trial_is_data_and_the_run_goes_on(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    trials: list[Trial] = toy_run.plan_of(3)
    broken = True

    def wrong(request: Request) -> None:
        # One turn in the middle of one trial, and a probe of another.
        if broken and (request.prompt.digest, request.seed) in victims:
            raise StageError("timeout", "no reply within 60 s")

    victims: set[tuple[bytes, int]] = set()
    stage = failing_stage(toy_run, log, wrong)
    quiet = tmp_path / "quiet.db"
    seen: list[Request] = []
    listening = failing_stage(toy_run, tmp_path / "quiet.log", seen.append)
    await run_trials(trials[:1], {"logging": listening}, quiet)
    turns = [request for request in seen if request.purpose == "turn"]
    probes = [request for request in seen if request.purpose == "probe"]
    await run_trials(trials, {"logging": listening}, quiet)
    victims.add((turns[4].prompt.digest, turns[4].seed))

    report = await run_trials(trials, {"logging": stage}, store)
    assert [result.status for result in report.trials] == ["failed", "done", "done"]
    assert report.trials[0].reason == "a turn failed"
    assert report.trials[0].turns == 4
    assert report.failed_calls == 1
    assert report.left_in_doubt == ()
    assert not report.interrupted
    # It is a result, and stays one.
    again = await run_trials(trials, {"logging": stage}, store)
    assert again.calls == 0
    assert again.trials[0].status == "failed"
    assert again.trials[0].skipped
    # Unless one asks: then only what failed is asked, and nothing of the failure is left.
    broken = False
    before = asked(log)
    retried = await run_trials(trials, {"logging": stage}, store, RunOptions(retry_failed=True))
    assert [result.status for result in retried.trials] == ["done"] * 3
    assert retried.trials[0].resumed
    assert not set(asked(log)[len(before) :]) & set(before) - {toy_run.call_of(turns[4])}
    assert exported(store) == exported(quiet)

    # A probe that fails is a missing answer, and the trial is done.
    victims.clear()
    victims.add((probes[5].prompt.digest, probes[5].seed))
    broken = True
    missing = await run_trials(trials[:1], {"logging": stage}, tmp_path / "b.db")
    assert missing.trials[0].status == "done"
    assert b'"missing":"timeout: no reply within 60 s"' in exported(tmp_path / "b.db")


class Bug(Exception):
    """A defect of somebody's."""


async def test_a_defect_is_raised_after_the_others_are_drained(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    trials = toy_run.plan_of(6)

    def wrong(request: Request) -> None:
        if len(asked(log)) > 40:
            raise Bug("a defect")

    stage = failing_stage(toy_run, log, wrong)
    with pytest.raises(Bug):
        await run_trials(trials, {"logging": stage}, store, RunOptions(concurrency=3))
    connection = open_readonly(store)
    assert connection.execute("SELECT outcome FROM runs").fetchall() == [("failed",)]
    (replies,) = connection.execute("SELECT count(*) FROM replies").fetchone()
    connection.close()
    # Three were in flight when it happened; the others were committed.
    assert replies >= 38
    await run_trials(trials, {"logging": toy_run.LoggingStage(tmp_path / "rest", 0.0)}, store)
    quiet = tmp_path / "quiet.db"
    await run_trials(trials, {"logging": toy_run.LoggingStage(tmp_path / "quiet", 0.0)}, quiet)
    assert exported(store) == exported(quiet)


async def test_a_disk_that_fills_up_while_playing(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    trials = toy_run.plan_of(12)
    open_writer = Writer.open

    def narrow(*arguments: Any) -> Writer:
        writer = open_writer(*arguments)
        writer.connection.execute("PRAGMA max_page_count = 60")
        return writer

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(Writer, "open", narrow)
        with pytest.raises(StoreFailed, match="start the run again"):
            await run_trials(
                trials,
                {"logging": toy_run.LoggingStage(log, 0.001)},
                store,
                RunOptions(concurrency=4),
            )
    connection = open_readonly(store)
    (replies,) = connection.execute("SELECT count(*) FROM replies").fetchone()
    connection.close()
    assert replies > 10
    rest = tmp_path / "rest"
    report = await run_trials(trials, {"logging": toy_run.LoggingStage(rest, 0.0)}, store)
    assert len(report.in_doubt) <= 4
    assert len(asked(rest)) == 12 * 23 - replies
    quiet = tmp_path / "quiet.db"
    await run_trials(trials, {"logging": toy_run.LoggingStage(tmp_path / "quiet", 0.0)}, quiet)
    assert exported(store) == exported(quiet)


async def abandoned(store: Path, toy_run: ModuleType, log: Path) -> RunReport:
    """Abort a run with its calls in flight, as a second Ctrl-C does."""
    stage = toy_run.LoggingStage(log, 3600.0)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    task = asyncio.create_task(run_trials(toy_run.plan_of(2), {"logging": stage}, store))
    async with asyncio.timeout(10):
        while stage.in_flight < 8:  # noqa: ASYNC110 - the stage tells nobody
            await asyncio.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0.05)
    assert not task.done()
    os.kill(os.getpid(), signal.SIGINT)
    report = await task
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    return report


async def test_calls_in_doubt_are_listed_and_asked_again(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    aborted = await abandoned(store, toy_run, log)
    assert aborted.interrupted
    assert len(aborted.left_in_doubt) == 8  # two turns, and the probes before them
    assert {doubt.purpose for doubt in aborted.left_in_doubt} == {"turn", "probe"}
    assert {result.status for result in aborted.trials} == {"planned"}
    stage = toy_run.LoggingStage(tmp_path / "rest", 0.0)
    report = await run_trials(toy_run.plan_of(2), {"logging": stage}, store)
    assert report.in_doubt == aborted.left_in_doubt
    assert report.left_in_doubt == ()
    assert {result.status for result in report.trials} == {"done"}


async def test_calls_in_doubt_can_be_left_missing(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    await abandoned(store, toy_run, log)
    stage = toy_run.LoggingStage(tmp_path / "rest", 0.0)
    report = await run_trials(
        toy_run.plan_of(2), {"logging": stage}, store, RunOptions(in_doubt="missing")
    )
    assert len(report.in_doubt) == 8
    assert report.left_in_doubt == ()
    # The first turn of both was in doubt, so that neither can go on.
    assert {result.status for result in report.trials} == {"failed"}
    assert b'"reason":"in-doubt"' in exported(store)
    assert not set(asked(tmp_path / "rest")) & set(asked(log))


class Diary:
    def __init__(self) -> None:
        self.entries: list[str] = []

    def trial_started(self, trial: Trial) -> None:
        self.entries.append(f"started {trial.seed}")

    def saw(self, trial: Trial, event: Event) -> None:
        if isinstance(event, Turn):
            self.entries.append(f"turn {event.index}")

    def trial_ended(self, trial: Trial, status: str) -> None:
        self.entries.append(status)


async def test_a_watcher_is_told(tmp_path: Path, toy_run: ModuleType) -> None:
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    diary = Diary()
    await run_trials(
        toy_run.plan_of(1, turns=2), {"logging": stage}, tmp_path / "a.db", watch=diary
    )
    assert diary.entries == ["started 0", "turn 1", "turn 2", "done"]


async def test_the_manifest_holds_no_secrets(
    tmp_path: Path, toy_run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-proj-abcdefgh12345678"
    monkeypatch.setattr(sys, "argv", ["elsinore", "run", "tea", "--api-key", "hush", secret])
    [trial] = toy_run.plan_of(1)
    trial = replace(trial, model=f"toy?api_key={secret}", parameters={"note": secret})
    store = tmp_path / "a.db"
    await run_trials([trial], {"logging": toy_run.LoggingStage(tmp_path / "log", 0.0)}, store)
    for path in (store, Path(f"{store}-wal")):
        assert not path.exists() or secret.encode() not in path.read_bytes()
    connection = open_readonly(store)
    [(text,)] = connection.execute("SELECT manifest FROM runs").fetchall()
    connection.close()
    manifest = json.loads(text)
    assert manifest["command"] == ["elsinore", "run", "tea", "--api-key", *["[redacted]"] * 2]
    assert manifest["process"] == os.getpid()
    assert manifest["packages"]["pydantic"]
    assert manifest["scenarios"]["company"]["source"]
    assert manifest["options"]["concurrency"] == 16


def test_the_commit_that_is_checked_out(tmp_path: Path) -> None:
    assert git_commit(tmp_path) is None
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert git_commit(tmp_path) is None
    (git / "packed-refs").write_text("# pack-refs\nabc123 refs/heads/main\n")
    assert git_commit(tmp_path) == "abc123"
    (git / "refs" / "heads" / "main").write_text("def456\n")
    assert git_commit(tmp_path) == "def456"
    (git / "HEAD").write_text("0123ab\n")
    assert git_commit(tmp_path) == "0123ab"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency: 0"),
        ({"concurrency": True}, "concurrency: True"),
        ({"in_doubt": "hope"}, "use ask or missing"),
        ({"durable": "very"}, "use normal or full"),
    ],
)
async def test_requests_that_make_no_sense(
    tmp_path: Path, toy_run: ModuleType, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        RunOptions(**options)
    with pytest.raises(BadRequest, match="'logging', which plays trial"):
        await run_trials(toy_run.plan_of(1), {}, tmp_path / "a.db")
    assert not (tmp_path / "a.db").exists()


async def test_a_run_of_no_trials(tmp_path: Path) -> None:
    report = await run_trials([], {}, tmp_path / "a.db")
    assert report.trials == ()
    assert not report.interrupted


async def test_a_run_that_is_cancelled_keeps_what_it_has(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    stage = toy_run.LoggingStage(log, 0.01)
    trials = toy_run.plan_of(20)
    run = asyncio.create_task(
        run_trials(trials, {"logging": stage}, store, RunOptions(concurrency=4))
    )
    while not log.exists() or len(asked(log)) < 8:  # noqa: ASYNC110 - a file says it
        await asyncio.sleep(0.01)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    connection = sqlite3.connect(store)
    (replies,) = connection.execute("SELECT count(*) FROM replies").fetchone()
    connection.close()
    assert replies > 0
    # The lease was given back, and is not there to be had twice.
    held = Writer.open(store)
    with pytest.raises(StoreRefused):
        await run_trials(trials, {"logging": stage}, store)
    held.close()
    rest = tmp_path / "rest"
    await run_trials(trials, {"logging": toy_run.LoggingStage(rest, 0.0)}, store)
    assert len(asked(rest)) == 20 * 23 - replies
