"""What a researcher writes in Python: run, fork, ask, measure, print; models that are guarded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from backstage.scenes import debate, probed
from backstage.stores import exported
from stub_server import StubServer

import analysis
import sim
from sim import RunOptions, Sampling, Scene, Tournament, Wrapper, open_stage, open_store, play
from sim.calls.guard import ModelOptions
from sim.errors import BadRequest
from sim.planning import Trial, plan_scene
from sim.runs.executors import Job
from sim.runs.trials import run_trials
from sim.stage.base import Reply, Request, close_stage, info_of
from sim.tournament import Entrant, Motion


def scene() -> Scene:
    return probed(2)


# --- In a running event loop ----------------------------------------------------------------------


async def test_all_verbs_work_in_a_running_loop(tmp_path: Path) -> None:
    """As the cells of a notebook do it: await the verb whose name begins with an a."""
    store = tmp_path / "x.db"
    results = await sim.arun(
        scene, ["embedded:base", "embedded:rlhf"], trials=3, store=store, surrogates=["yoked"]
    )
    assert {trial.status for trial in results.trials} == {"done"}
    trial = next(trial for trial in results.trials if trial.arm == "live")
    branches = await sim.afork(trial, at=2, n=3, drop=True)
    assert [branch.of for branch in branches.trials] == [trial.id] * 3
    report = await sim.aask(trial, "Why did you say so?", at=2)
    assert report.answers

    data = analysis.load(store)
    convergence = analysis.convergence(data)
    assert set(convergence.by_arm["model"]) == {"embedded:base", "embedded:rlhf"}
    assert "c" in set(convergence.compare("embedded:rlhf", "embedded:base")["quantity"])
    assert len(analysis.flips(results).by_actor) == len(analysis.outcomes(results).by_actor)
    assert "<table" in convergence._repr_html_()


async def test_in_a_running_loop_the_plain_verb_says_which_to_use(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"await arun\("):
        sim.run(scene, trials=1, store=tmp_path / "x.db")
    results = await sim.arun(scene, trials=1, store=tmp_path / "x.db")
    with pytest.raises(BadRequest, match=r"await afork\("):
        sim.fork(results.trials[0], at=1, n=1)
    with pytest.raises(BadRequest, match=r"await aask\("):
        sim.ask(results.trials[0], "Why?", at=1)


def test_all_verbs_work_without_a_loop(tmp_path: Path) -> None:
    results = sim.run(scene, "embedded:base", trials=2, store=tmp_path / "x.db")
    assert len(sim.fork(results.trials[0], at=1, n=2)) == 2
    assert sim.ask(results.trials[0], "Why?", at=1).answers
    cup = Tournament(
        name="Cup",
        entrants=[Entrant(name="Calm"), Entrant(name="Brief", prompt="Say little.")],
        motions=[Motion(topic="The town should sell its spring.")],
    )
    report = cup.run(tmp_path / "cup.db")
    assert report.rounds == report.of == 1
    assert "1 of 1 rounds, " in str(report)
    assert "Calm: " in str(report)


# --- Printed --------------------------------------------------------------------------------------


def test_what_is_printed_can_be_read(tmp_path: Path) -> None:
    results = sim.run(scene, "embedded:base", trials=2, store=tmp_path / "x.db")
    assert str(results) == str(results.report)
    assert "2 trials of scene in x.db: 2 done; " in str(results)
    trial = results.trials[0]
    assert f"{trial.id[:12]} scene on embedded:base, seed 0: done, " in repr(trial)
    asked = sim.ask(trial, "Why did you say so?", actors=[trial.transcript.turns[0].speaker], at=1)
    assert repr(asked).startswith(
        f"<AskReport: 1 answers of {trial.transcript.turns[0].speaker}; 1 calls"
    )
    lines = str(trial.transcript).splitlines()
    turns = trial.transcript.turns
    assert lines[0] == f"1 {turns[0].speaker}: {turns[0].text}"
    assert lines[-1] == f"[{trial.reason}]"
    assert repr(trial.transcript).startswith(f"<Transcript: {len(turns)} turns of ")
    assert str(sim.Transcript()) == "[not at its end]"
    printed = str(scene()).splitlines()
    assert printed[0] == scene().topic
    assert [line.split()[0] for line in printed if line.startswith("  ")] == list(scene().names)
    assert "2 trials" in str(analysis.load(results))


# --- Models that are guarded ----------------------------------------------------------------------


async def test_a_429_costs_a_retry_and_not_the_scene(stub: StubServer) -> None:
    """README's way to open a model has the retry; a naked one loses the scene."""
    spoken = debate(ends=sim.after(turns=3))
    stub.script("ok", "429", "ok", "ok")
    guarded = open_stage("openai:stub", Sampling(base_url=stub.url))
    transcript = await play(spoken, guarded, seed=1)
    assert [len(transcript.turns), len(transcript.failures)] == [3, 0]
    assert stub.counts()["calls"] == 4
    await close_stage(guarded)

    stub.reset(behaviour=True)
    stub.script("ok", "429")
    naked = open_stage("openai:stub", Sampling(base_url=stub.url), naked=True)
    transcript = await play(spoken, naked, seed=1)
    assert [len(transcript.turns), len(transcript.failures)] == [1, 1]
    assert stub.counts()["calls"] == 2
    await close_stage(naked)


async def test_a_run_opens_its_models_guarded(stub: StubServer, tmp_path: Path) -> None:
    stub.script("429", "500")
    asking = ModelOptions(sampling=Sampling(base_url=stub.url))
    results = await sim.arun(
        debate(ends=sim.after(turns=3)), "openai:stub", store=tmp_path / "x.db",
        options=RunOptions(asking=asking),
    )  # fmt: skip
    assert len(results) == 1, (
        "a model that may cost money plays one trial unless more are asked for"
    )
    assert (results.report.retries, results.trials[0].status) == (2, "done")


class Louder(Wrapper):
    """A wrapper of a user's own, which knows nothing of prices."""

    async def perform(self, request: Request) -> Reply:
        reply = await self.stage.perform(request)
        return Reply(reply.text.upper()) if request.schema is None else reply


async def test_a_wrapper_around_a_free_stage_stays_free(tmp_path: Path) -> None:
    louder = Louder(open_stage("embedded:base"))
    assert info_of(louder).free
    results = await sim.arun(debate(ends=sim.after(turns=2)), louder, store=tmp_path / "x.db")
    assert len(results) == 20, "free stages play twenty trials unless told otherwise"
    assert results.transcripts[0].turns[0].text.isupper()
    assert results.trials[0].cost.usd == 0


# --- Where trials are played ----------------------------------------------------------------------


class LastFirst:
    """An executor of a user's own: one trial at a time, the last first."""

    def __init__(self) -> None:
        self.played: list[str] = []
        self._task: asyncio.Task[None] | None = None

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        for trial in reversed(trials):
            if job.stopping:
                return
            self.played.append(trial.id)
            self._task = asyncio.create_task(job.play(trial))
            await self._task

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def test_an_executor_of_one_s_own_gives_the_same_bytes(tmp_path: Path) -> None:
    stage: Any = open_stage("embedded:base")
    planned = plan_scene(
        scene(), name="scene", models=[("embedded:base", stage.identity)], trials=4
    )
    stages = {stage.identity: stage}
    executor = LastFirst()
    await run_trials(planned, stages, tmp_path / "mine.db", executor=executor)
    await run_trials(planned, stages, tmp_path / "ours.db")
    assert executor.played == [trial.id for trial in reversed(planned)]
    assert exported(tmp_path / "mine.db") == exported(tmp_path / "ours.db")


def test_a_store_is_read_without_a_line_of_sql(tmp_path: Path) -> None:
    results = sim.run(scene, "embedded:base", trials=2, store=tmp_path / "x.db")
    store = open_store(tmp_path / "x.db")
    assert {trial.id for trial in store.trials()} == set(results.ids)
    trial = store.trial(results.ids[0][:8])
    assert trial.scene.topic == scene().topic
    assert trial.replies
    assert len(store.runs()) == 1
    assert store.verdicts() == store.verdicts(trial.id) == []
