"""Runs that cost something: what is asked once, what stops them, and what is written down of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim import plan
from sim.calls.budget import Budget
from sim.calls.journal import first_call_key
from sim.calls.prices import Prices
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import Usage
from sim.planning import Trial
from sim.runs.estimate import estimate
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials
from sim.stage.base import Reply, Request, StageInfo
from sim.stage.open import open_model
from sim.store import export_jsonl, open_readonly, open_store

TOKENS = 12
"""What each call of the toy stage uses: 9 for the prompt and 3 for the reply."""


def exported(store: Path) -> bytes:
    out = store.with_suffix(".jsonl")
    export_jsonl(store, out)
    return out.read_bytes()


def rows(store: Path, sql: str) -> list[Any]:
    connection = open_readonly(store)
    fetched = connection.execute(sql).fetchall()
    connection.close()
    return fetched


def asked(log: Path) -> list[str]:
    return log.read_text().splitlines()


def siblings(toy_run: ModuleType, seeds: int = 3) -> list[Trial]:
    """Trials of two lengths with the same seeds: the long ones begin like the short ones."""
    return [*toy_run.plan_of(seeds, turns=8), *toy_run.plan_of(seeds, turns=5)]


async def quiet(toy_run: ModuleType, folder: Path, trials: list[Trial]) -> bytes:
    """What a run without cache, budget and trouble exports."""
    stage = toy_run.LoggingStage(folder / "quiet.log", 0.0)
    await run_trials(trials, {"logging": stage}, folder / "quiet.db", RunOptions(cache=False))
    return exported(folder / "quiet.db")


def stage_of(
    toy_run: ModuleType, log: Path, change: Callable[[Request, Reply], Reply], longest: float = 0.0
) -> Any:
    """The toy stage, whose replies are changed (or refused) afterwards."""

    class Changed(toy_run.LoggingStage):  # type: ignore[misc, name-defined]
        async def perform(self, request: Request) -> Reply:
            reply: Reply = await super().perform(request)
            return change(request, reply)

    return Changed(log, longest)


@pytest.mark.parametrize("concurrency", [1, 16])
async def test_what_was_asked_once_is_asked_by_nobody_else(
    tmp_path: Path, toy_run: ModuleType, concurrency: int
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    trials = siblings(toy_run)
    stage = toy_run.LoggingStage(log, 0.002)
    report = await run_trials(
        trials, {"logging": stage}, store, RunOptions(concurrency=concurrency)
    )
    calls = asked(log)
    assert len(calls) == len(set(calls)) == report.calls
    # 8 + 15 and 5 + 12 calls a trial; the probe after the last turn of the short one is its own.
    assert report.calls + report.hits == 3 * (23 + 17)
    assert report.hits >= 3 * (5 + 9)
    # Usage is that of the calls, whatever the events of the hits tell.
    assert report.usage == Usage(9 * report.calls, 3 * report.calls, 0, None)
    assert rows(store, "SELECT count(*) FROM replies WHERE cached = 0") == [(report.calls,)]
    with open_store(store) as opened:
        spent = opened.usage([trial.id for trial in trials])
    assert spent.prompt_tokens == report.usage.prompt_tokens
    # Which trial paid depends on chance, and what happened does not.
    assert exported(store) == await quiet(toy_run, tmp_path, trials)
    assert len(asked(tmp_path / "quiet.log")) == 3 * (23 + 17)


async def test_other_seeds_are_other_requests(tmp_path: Path, toy_run: ModuleType) -> None:
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    report = await run_trials(toy_run.plan_of(4), {"logging": stage}, tmp_path / "a.db")
    assert (report.calls, report.hits) == (4 * 23, 0)


async def test_a_later_run_finds_what_an_earlier_one_paid(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    short, long = toy_run.plan_of(2, turns=5), toy_run.plan_of(2, turns=8)
    stage = toy_run.LoggingStage(log, 0.0)
    first = await run_trials(short, {"logging": stage}, store)
    second = await run_trials(long, {"logging": stage}, store)
    assert (first.calls, first.hits) == (34, 0)
    assert second.hits > 20
    assert first.calls + second.calls == len(set(asked(log))) == len(asked(log))
    summaries = [json.loads(text) for (text,) in rows(store, "SELECT summary FROM runs")]
    assert [each["stages"]["logging"]["hits"] for each in summaries] == [0, second.hits]


async def test_free_stages_keep_no_prompts_unless_one_asks(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    stage.info = StageInfo(free=True)
    trials = siblings(toy_run, 1)
    for name, cache, kept in (("a", None, False), ("b", True, True), ("c", False, False)):
        store = tmp_path / f"{name}.db"
        report = await run_trials(trials, {"logging": stage}, store, RunOptions(cache=cache))
        assert (report.hits > 0) == kept
        assert (rows(store, "SELECT count(*) FROM chunks") > [(0,)]) == kept
        assert report.usage.usd == 0.0


async def test_each_chunk_of_a_prompt_is_stored_once(tmp_path: Path, toy_run: ModuleType) -> None:
    store, turns = tmp_path / "a.db", 60
    stage = toy_run.LoggingStage(tmp_path / "log", 0.0)
    await run_trials(toy_run.plan_of(1, turns=turns, probe_every=turns), {"logging": stage}, store)
    # One chunk for what an actor hears between its turns and one for what it said: however long the
    # scene is, a turn adds as many as the one before it.
    [(count,)] = rows(store, "SELECT count(*) FROM chunks")
    assert count <= 3 * turns + 10
    [(whole,)] = rows(
        store,
        "WITH RECURSIVE chain(parent) AS (SELECT parent FROM chunks JOIN replies ON digest = prompt"
        " UNION ALL SELECT chunks.parent FROM chunks JOIN chain ON digest = chain.parent)"
        " SELECT count(*) FROM chain WHERE parent IS NULL",
    )
    assert whole == turns + 6, "every prompt can be followed to its first chunk"


async def test_a_wrong_key_ends_the_run_after_the_first_failure(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    trials: list[Trial] = toy_run.plan_of(30)
    closed = 0

    def refuse(request: Request, reply: Reply) -> Reply:
        nonlocal closed
        if len(asked(log)) >= 40:
            closed += 1
            raise StageClosed("key", f"wrong key sk-abcdefgh12345678 ({closed})")
        return reply

    stage = stage_of(toy_run, log, refuse, 0.002)
    with pytest.raises(StageClosed, match=r"\(1\); stopped with 30 of 30 trials to go") as caught:
        await run_trials(trials, {"logging": stage}, store, RunOptions(concurrency=4))
    assert caught.value.exit_code == 1
    assert len(asked(log)) <= 40 + 4, "no call is made after the first that failed"
    assert rows(store, "SELECT DISTINCT status FROM trials") == [("planned",)]
    assert rows(store, "SELECT count(*) FROM intents") == [(0,)], "nothing is in doubt"
    [(outcome, text)] = rows(store, "SELECT outcome, summary FROM runs")
    assert outcome == "closed"
    assert json.loads(text)["stopped"] == "wrong key [redacted] (1)"
    # What was in flight when it happened is kept.
    [(kept,)] = rows(store, "SELECT count(*) FROM replies")
    assert kept == len(asked(log)) - closed

    rest = tmp_path / "rest.log"
    report = await run_trials(trials, {"logging": toy_run.LoggingStage(rest, 0.0)}, store)
    assert {result.status for result in report.trials} == {"done"}
    assert report.calls == 30 * 23 - kept
    assert exported(store) == await quiet(toy_run, tmp_path, trials)


async def budgeted(
    toy_run: ModuleType, store: Path, log: Path, budget: Budget, **options: Any
) -> RunReport:
    stage = toy_run.LoggingStage(log, 0.001)
    return await run_trials(
        toy_run.plan_of(6), {"logging": stage}, store, RunOptions(budget=budget, **options)
    )


@pytest.mark.parametrize("concurrency", [1, 5])
async def test_a_budget_of_tokens_stops_a_run_that_goes_on_later(
    tmp_path: Path, toy_run: ModuleType, concurrency: int
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    first = await budgeted(toy_run, store, log, Budget(tokens=1000), concurrency=concurrency)
    assert first.stopped is not None
    assert first.stopped.startswith("the budget of 1,000 tokens is spent")
    used = first.usage.prompt_tokens + first.usage.completion_tokens
    # The toy's prompts are long and counted as 9: a guess by letters is high at first, then exact.
    assert 1000 - 3 * TOKENS <= used <= 1000
    assert {result.status for result in first.trials} >= {"planned"}
    assert not first.interrupted
    assert rows(store, "SELECT outcome FROM runs") == [("budget",)]
    assert rows(store, "SELECT count(*) FROM intents") == [(0,)]
    # The same budget is spent, also for a new run.
    before = len(asked(log))
    again = await budgeted(toy_run, store, log, Budget(tokens=1000))
    assert again.stopped is not None
    assert len(asked(log)) - before <= 2
    whole = await budgeted(toy_run, store, log, Budget(tokens=100_000))
    assert whole.stopped is None
    assert {result.status for result in whole.trials} == {"done"}
    assert len(asked(log)) == len(set(asked(log))) == 6 * 23
    assert exported(store) == await quiet(toy_run, tmp_path, toy_run.plan_of(6))


async def test_a_budget_at_the_boundary(tmp_path: Path, toy_run: ModuleType) -> None:
    # Once a stage has counted, what is expected is what was counted, and 5% and a token for safety.
    enough = Budget(tokens=6 * 23 * TOKENS + 60)
    done = await budgeted(toy_run, tmp_path / "a.db", tmp_path / "a", enough, concurrency=1)
    assert done.stopped is None
    assert done.usage.prompt_tokens + done.usage.completion_tokens == 6 * 23 * TOKENS
    short = Budget(tokens=6 * 23 * TOKENS - 1)
    stopped = await budgeted(toy_run, tmp_path / "b.db", tmp_path / "b", short, concurrency=1)
    assert stopped.stopped is not None
    assert 6 * 23 - 5 <= len(asked(tmp_path / "b")) <= 6 * 23 - 1


async def test_a_budget_of_money_needs_a_price(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    with pytest.raises(BadRequest, match="the price of logging is unknown"):
        await budgeted(toy_run, store, log, Budget(usd=1.0))
    assert not store.exists()
    assert not log.exists() or not asked(log)
    own = tmp_path / "prices.toml"
    own.write_text('[models]\n"logging" = { prompt = 1000000, completion = 2000000 }\n')
    prices = Prices.load(own)
    first = await budgeted(toy_run, store, log, Budget(usd=1500), concurrency=1, prices=prices)
    assert first.stopped is not None
    assert first.usage.usd == 15 * first.calls
    assert 1500 - 45 <= 15 * first.calls <= 1500
    assert f'"usd":{15.0}'.encode() in exported(store)
    [(text,)] = rows(store, "SELECT manifest FROM runs")
    options = json.loads(text)["options"]
    assert options["prices"] == {"logging": [1e6, 1e6, 2e6]}
    assert options["budget"] == {"usd": 1500, "tokens": None, "minutes": None}


async def test_a_budget_of_minutes(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    report = await budgeted(toy_run, store, log, Budget(minutes=0.05 / 60), concurrency=2)
    assert report.stopped == "the budget of 0.000833333 minutes is spent"
    assert 0 < report.calls < 6 * 23


async def test_every_attempt_is_written_down(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"

    def faulty(request: Request, reply: Reply) -> Reply:
        if request.purpose == "probe" and request.speaker == "Ada":
            attempts = ("server", "timeout", "timeout")
            raise StageError("timeout", "no reply, sk-abcdefgh12345678", attempts=attempts)
        if request.purpose == "turn" and request.speaker == "Ben":
            return replace(reply, retries=("rate-limit", "server"))
        return reply

    report = await run_trials(
        toy_run.plan_of(2), {"logging": stage_of(toy_run, log, faulty)}, store
    )
    turns, probes = 2 * 3, 2 * 5
    assert report.failed_calls == probes
    assert report.retries == 2 * turns + 3 * probes
    reasons = Counter(reason for (reason,) in rows(store, "SELECT reason FROM attempts"))
    assert reasons == {
        "rate-limit": turns, "server": turns + probes, "timeout": 2 * probes,
    }  # fmt: skip
    assert len(asked(log)) == report.calls + probes
    assert rows(store, "SELECT DISTINCT retries FROM replies ORDER BY 1") == [
        ('["rate-limit","server"]',), ("[]",),
    ]  # fmt: skip
    # Neither the failure nor the answer that is missing shows the key.
    assert b"sk-abcdefgh" not in store.read_bytes()
    assert b'"missing":"timeout: no reply, [redacted]"' in exported(store)


async def test_a_run_that_version_1_left_goes_on_without_asking_again(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store, log = tmp_path / "a.db", tmp_path / "log"
    trials: list[Trial] = toy_run.plan_of(5)
    requests: list[Request] = []

    def seen(request: Request, reply: Reply) -> Reply:
        requests.append(request)
        return reply

    stage = stage_of(toy_run, log, seen)
    await run_trials(
        trials, {"logging": stage}, store, RunOptions(concurrency=1, budget=Budget(tokens=800))
    )
    # As version 1 would have left it: other keys, and nothing of what it did not know.
    connection = sqlite3.connect(store)
    keys = [key for (key,) in connection.execute("SELECT key FROM replies ORDER BY rowid")]
    for key, request in zip(keys, requests, strict=True):
        trial = next(each.id for each in trials if each.id.startswith(key[:12]))
        connection.execute(
            "UPDATE replies SET key = ?, retries = NULL, prompt = NULL WHERE key = ?",
            (first_call_key(trial, request), key),
        )
    connection.commit()
    connection.close()
    assert len(keys) > 25
    rest = tmp_path / "rest"
    report = await run_trials(trials, {"logging": toy_run.LoggingStage(rest, 0.0)}, store)
    assert {result.status for result in report.trials} == {"done"}
    assert not set(asked(rest)) & set(asked(log))
    assert exported(store) == await quiet(toy_run, tmp_path, trials)


async def test_prompts_sent_and_what_a_prefix_cache_would_compute(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    sent: list[str] = []

    def counted(request: Request, reply: Reply) -> Reply:
        text = request.prompt.joined()
        sent.append("\x00".join(chunk.text for chunk in request.prompt.chunks()))
        return replace(reply, usage=Usage(len(text), 1, 0, 0.0))

    stage = stage_of(toy_run, tmp_path / "log", counted)
    report = await run_trials(toy_run.plan_of(3), {"logging": stage}, tmp_path / "a.db")
    assert report.usage.prompt_tokens == sum(len(text.replace("\x00", "")) for text in sent)
    # By brute force: every beginning of a prompt, chunk by chunk, counts once.
    beginnings = {
        tuple(parts[: end + 1])
        for parts in (text.split("\x00") for text in sent)
        for end in range(len(parts))
    }
    assert report.computed_tokens == sum(len(parts[-1]) for parts in beginnings)
    assert report.computed_tokens < report.usage.prompt_tokens / 2


async def test_an_estimate_is_what_the_exact_stage_then_does(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    stage = open_model("embedded:base")
    models = [("embedded:base", stage.identity)]
    trials = plan(toy_run.company, models=models, trials=1)
    [single] = await estimate(trials, {stage.identity: stage})
    report = await run_trials(trials, {stage.identity: stage}, tmp_path / "a.db")
    assert (single.calls, single.trials, single.there) == (report.calls, 1, 0)
    assert single.usage.usd == single.usd_cached == 0.0
    assert 0 < single.computed_tokens < single.usage.prompt_tokens
    more = plan(toy_run.company, models=models, trials=5)
    [rest] = await estimate(more, {stage.identity: stage}, tmp_path / "a.db")
    assert (rest.trials, rest.there, rest.calls) == (5, 1, 4 * single.calls)

    class Own:
        identity = "own"

    class Paid:
        identity = "openai:gpt-4o-mini?temperature=1"

    paid = plan(toy_run.company, models=[("gpt", Paid.identity), ("own", "own")], trials=2)
    known, unknown = await estimate(paid, {Paid.identity: Paid(), "own": Own()})  # type: ignore[dict-item]
    assert (
        known.usage.prompt_tokens == unknown.usage.prompt_tokens == 2 * single.usage.prompt_tokens
    )
    assert (unknown.usage.usd, unknown.usd_cached) == (None, None)
    assert known.usage.usd == pytest.approx(
        (0.15 * known.usage.prompt_tokens + 0.6 * known.usage.completion_tokens) / 1e6
    )
    assert known.usd_cached is not None
    assert 0 < known.usd_cached < known.usage.usd
