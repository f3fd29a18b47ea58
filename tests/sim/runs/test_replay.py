"""``recorded:STORE``: a whole run again, byte for byte, with nothing but its store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim import Actor, Persona, Scene, after, agreement, ask_stance, open_stage, plan, ring
from sim.calls.recorded import difference
from sim.errors import BadRequest, StageError
from sim.layouts.prompt import Prompt
from sim.planning import Trial
from sim.planning.surrogates import surrogate_stages, surrogates_of
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.stage.base import Reply, Request, Stage
from sim.store import Recorder, export_jsonl, open_readonly, recorded_stages


def argument(turns: int = 8, brief: str = "A farmer.") -> Scene:
    """Two people with probes beside the scene, and a gauge on which its end depends."""
    return Scene(
        topic="The town should sell its spring.",
        cast=[
            Actor(Persona(name="Ada", brief=brief, stances={"sell": 0.9})),
            Actor(Persona(name="Ben", stances={"sell": -0.9})),
        ],
        graph=ring("Ada", "Ben"),
        probes=[ask_stance("sell", every=2, samples=2)],
        ends=after(turns=turns) | agreement(gauge=ask_stance("sell", every=3), within=0.01),
    )


def exported(store: Path) -> bytes:
    out = store.with_suffix(".jsonl")
    export_jsonl(store, out)
    return out.read_bytes()


def trials_of(stages: dict[str, Stage], trials: int = 3, **parameters: Any) -> list[Trial]:
    models = [(f"model {identity}", identity) for identity in stages]
    return plan(argument, models=models, trials=trials, parameters=parameters)


def paid_stage(toy_run: ModuleType, log: Path) -> Any:
    """The toy stage, which is not free, with all that can go wrong."""

    class Troubled(toy_run.LoggingStage):  # type: ignore[misc, name-defined]
        async def perform(self, request: Request) -> Reply:
            reply: Reply = await super().perform(request)
            if request.purpose == "probe" and request.seed % 5 == 0:
                raise StageError("timeout", "no reply, sk-abcdefgh12345678", attempts=("timeout",))
            if request.purpose == "turn" and request.seed % 16 == 0:
                raise StageError("server", "status 500")
            if request.seed % 7 == 0:
                return replace(reply, text=f"\ud800 {reply.text}", retries=("rate-limit",))
            return replace(reply, finish="length") if request.seed % 3 == 0 else reply

    return Troubled(log, 0.001)


async def test_a_replay_gives_the_same_bytes(tmp_path: Path, toy_run: ModuleType) -> None:
    store, again = tmp_path / "a.db", tmp_path / "again.db"
    exact = open_stage("embedded:rlhf")
    stages: dict[str, Stage] = {
        "logging": paid_stage(toy_run, tmp_path / "log"), exact.identity: exact,
    }  # fmt: skip
    trials = trials_of(stages, 12)
    surrogates = surrogates_of([trial for trial in trials if trial.stage == exact.identity][:1])
    trials += surrogates
    stages |= surrogate_stages(stages, surrogates)
    first = await run_trials(trials, stages, store)
    assert {result.status for result in first.trials} == {"done", "failed"}
    happened = exported(store)
    assert b'"kind":"gauge"' in happened
    assert b'"missing":"timeout' in happened

    recorded = recorded_stages(store)
    assert [model for model, _ in recorded] == ["model logging", f"model {exact.identity}"]
    replayed: dict[str, Stage] = {stage.identity: stage for _, stage in recorded}
    replayed |= surrogate_stages(replayed, surrogates)
    calls = (tmp_path / "log").read_text()
    second = await run_trials(trials, replayed, again, RunOptions(concurrency=3))
    assert exported(again) == happened
    assert (tmp_path / "log").read_text() == calls, "no model was asked"
    # Nothing was paid.
    assert (second.calls, second.usage.prompt_tokens, second.usage.usd) == (0, 0, 0.0)
    assert second.hits > 100
    # A replay can be replayed, and one that is cut off goes on.
    third = tmp_path / "third.db"
    twice: dict[str, Stage] = {stage.identity: stage for _, stage in recorded_stages(again)}
    twice |= surrogate_stages(twice, surrogates)
    await run_trials(trials[:5], twice, third)
    await run_trials(trials, twice, third)
    assert exported(third) == happened


async def test_what_was_not_recorded_shows_the_nearest_prompt(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    store = tmp_path / "a.db"
    stages: dict[str, Stage] = {"logging": toy_run.LoggingStage(tmp_path / "log", 0.0)}
    await run_trials(trials_of(stages), stages, store)
    [(_, stage)] = recorded_stages(store)
    replay = {"logging": stage}
    # Another brief: the very first prompt is not there.
    changed = trials_of(replay, 1, brief="A farmer with debts.")
    report = await run_trials(changed, replay, tmp_path / "changed.db")
    assert [result.status for result in report.trials] == ["failed"]
    connection = open_readonly(tmp_path / "changed.db")
    [(reason, message)] = connection.execute(
        "SELECT reason, message FROM failures WHERE purpose = 'turn'"
    ).fetchall()
    connection.close()
    assert reason == "not-recorded"
    assert "Ada's turn was not recorded; the nearest prompt that was:" in message
    assert "Ada: A farmer. Ada" in message
    assert "Ada: A farmer with debts. Ada" in message
    assert "Ben: " not in message
    # Another seed: the same first prompt, but not the same request.
    other = [trial.renew(seed=99) for trial in trials_of(replay, 1)]
    report = await run_trials(other, replay, tmp_path / "other.db")
    connection = open_readonly(tmp_path / "other.db")
    [(message,)] = connection.execute("SELECT message FROM failures WHERE purpose = 'turn'")
    connection.close()
    assert "the same prompt is in the recording, but with another seed" in message
    # A longer scene: it goes on where the recording ends, at the ninth turn.
    longer = trials_of(replay, 1, turns=11)
    report = await run_trials(longer, replay, tmp_path / "longer.db")
    assert report.trials[0].turns == 8
    assert report.hits > 8


async def test_a_recording_without_prompts_says_so(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    exact = open_stage("embedded:base")
    await run_trials(trials_of({exact.identity: exact}, 1), {exact.identity: exact}, store)
    [(_, stage)] = recorded_stages(store)
    report = await run_trials(
        trials_of({exact.identity: exact}, 2), {exact.identity: stage}, tmp_path / "b"
    )
    assert [result.status for result in report.trials] == ["done", "failed"]
    connection = open_readonly(tmp_path / "b")
    [(message,)] = connection.execute("SELECT message FROM failures WHERE purpose = 'turn'")
    connection.close()
    assert message.endswith("the recording has no prompts, so that nothing can be compared")


def test_a_difference_is_bounded() -> None:
    old = Prompt.start("system", "\n".join(f"old {number}" for number in range(500)))
    new = Prompt.start("system", "\n".join(f"new {number}" for number in range(500)))
    shown = difference(old, new).splitlines()
    assert len(shown) <= 42
    assert shown[-1] == "... and 964 more lines of difference"


async def test_what_cannot_be_replayed_is_refused(tmp_path: Path) -> None:
    await run_trials([], {}, tmp_path / "empty.db")
    with pytest.raises(BadRequest, match="the store holds none"):
        recorded_stages(tmp_path / "empty.db")
    old = Path(__file__).parents[2] / "stores" / "version_1.db"
    with pytest.raises(BadRequest, match="was played by an older version"):
        recorded_stages(old)
    with pytest.raises(BadRequest, match="does not exist"):
        Recorder(tmp_path / "nowhere.db")
