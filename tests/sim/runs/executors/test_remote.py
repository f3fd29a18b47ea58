"""Trials in workers that are killed at any message end as if they had been played here."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from backstage.here import HANDLE, HereExecutor
from backstage.stores import exported, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stub_server import StubServer

from sim import Actor, Persona, Scene, after, ask_stance, fork, open_stage, plan, ring, run
from sim.calls.budget import Budget
from sim.calls.guard import guarded
from sim.calls.throttle import Limits
from sim.errors import BadRequest, StageClosed
from sim.events import Usage
from sim.planning import Trial
from sim.runs.executors.remote import executor as executor_module
from sim.runs.executors.remote.losses import Backlog
from sim.runs.executors.remote.recipes import recipes_of
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials
from sim.scene.templates import Wording
from sim.seeds import derive
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, Truth
from sim.stage.human import HumanStage
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling
from sim.store import Writer, open_store
from sim.store.soundness import verify
from sim.tournament import Debate, Entrant, Tournament
from sim.tournament.run import run_tournament
from sim.transcript import Transcript

TURNS = 6


def company(turns: int = TURNS) -> Scene:
    return Scene(
        topic="The town should sell its spring.",
        cast=[Actor(Persona(name=name, stances={"sell": 0.5})) for name in ("Ada", "Ben")],
        graph=ring("Ada", "Ben"),
        probes=[ask_stance("sell", every=2)],
        ends=after(turns=turns),
        wording=Wording(),
    )


def call_of(request: Request) -> str:
    return f"{request.prompt.digest.hex()}:{request.seed}:{request.purpose}:{request.speaker}"


@dataclass
class World:
    """What all workers' stages share, for they are of one process: what was asked, and when."""

    asked: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    poison: frozenset[int] = frozenset()
    closes: int = 0


WORLD = World()


class Toy:
    """Says the name of the call after a moment. ``free`` as it is told."""

    def __init__(self, free: bool = True, delay: float = 0.0) -> None:
        self.identity = "toy"
        self.info = StageInfo(free=free)
        self.delay = delay

    async def perform(self, request: Request) -> Reply:
        WORLD.asked.append(call_of(request))
        WORLD.times.append(asyncio.get_running_loop().time())
        WORLD.inside += 1
        WORLD.most = max(WORLD.most, WORLD.inside)
        try:
            await asyncio.sleep(self.delay)
        finally:
            WORLD.inside -= 1
        if WORLD.closes and len(WORLD.asked) >= WORLD.closes:
            raise StageClosed("key", "the key is wrong")
        if request.seed in WORLD.poison:
            HANDLE.get().kill()
            await asyncio.sleep(3600)
        stance = derive(request.seed, "stance") % 201 / 100 - 1
        text = f'{{"stance": {stance}}}' if request.schema else f"I say {call_of(request)} — ☂."
        return Reply(text, usage=Usage(9, 3))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> Sequence[Truth]:
        return [Truth("Ada", turns=(1,), characters=("self",), stances=(0.5,))]


class Broken(Toy):
    async def perform(self, request: Request) -> Reply:
        raise ZeroDivisionError("one by nothing")


@pytest.fixture(autouse=True)
def world() -> World:
    WORLD.__init__()  # type: ignore[misc]
    return WORLD


def plan_of(trials: int, turns: int = TURNS) -> list[Trial]:
    return plan(company, models=[("toy", "toy")], trials=trials, parameters={"turns": turns})


def played(
    store: Path,
    executor: HereExecutor | None,
    trials: int = 6,
    stage: Stage | None = None,
    **how: Any,
) -> RunReport:
    toy = stage or Toy()
    if executor is not None and "toy" not in executor.stages:
        executor.stages["toy"] = partial(Toy, delay=getattr(toy, "delay", 0.0))
    options = RunOptions(executor=executor, **{"concurrency": 6, **how})
    return asyncio.run(run_trials(plan_of(trials), {"toy": toy}, store, options))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    store = tmp_path_factory.mktemp("quiet") / "quiet.db"
    played(store, None)
    return exported(store)


@given(seed=st.integers(0, 2**32), often=st.sampled_from([0.0, 0.02, 0.1]))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_workers_killed_at_any_message_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, quiet: bytes, seed: int, often: float
) -> None:
    """The same bytes; what was asked twice was in doubt, and nothing committed was asked again."""
    WORLD.__init__()  # type: ignore[misc]
    dice = random.Random(seed)
    store = tmp_path_factory.mktemp("killed") / "a.db"
    executor = HereExecutor(lambda: dice.random() < often, with_its_node=True)
    report = played(store, executor)
    assert {trial.status for trial in report.trials} == {"done"}
    assert exported(store) == quiet
    assert verify(store).sound
    times = Counter(WORLD.asked)
    assert sum(times.values()) - len(times) <= len(report.in_doubt)
    assert report.left_in_doubt == ()
    if not often:
        assert len(executor.started) == 3
        assert report.in_doubt == ()
        assert report.calls == len(times)


def test_a_driver_that_is_cancelled_goes_on_elsewhere(tmp_path: Path, quiet: bytes) -> None:
    store = tmp_path / "a.db"
    toy = Toy(delay=0.02)
    executor = HereExecutor(stages={"toy": partial(Toy, delay=0.02)})

    async def cut_off() -> None:
        options = RunOptions(executor=executor, concurrency=6)
        run = asyncio.create_task(run_trials(plan_of(6), {"toy": toy}, store, options))
        while len(WORLD.asked) < 20:  # noqa: ASYNC110 - a count, and no event
            await asyncio.sleep(0.005)
        run.cancel()
        await run

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cut_off())
    before = len(WORLD.asked)
    report = played(store, HereExecutor())
    assert exported(store) == quiet
    times = Counter(WORLD.asked)
    assert 0 < before < len(WORLD.asked)
    assert sum(times.values()) - len(times) <= len(report.in_doubt) <= 6


def test_a_call_in_doubt_can_be_left_missing(tmp_path: Path) -> None:
    kills = iter([False] * 6 + [True])
    executor = HereExecutor(lambda: next(kills, False), workers=1)
    report = played(tmp_path / "a.db", executor, stage=Toy(delay=0.01), in_doubt="missing")
    assert report.in_doubt
    left = rows(tmp_path / "a.db", "SELECT count(*) FROM failures WHERE reason = 'in-doubt'")
    assert left == [(len(report.in_doubt),)]
    assert max(Counter(WORLD.asked).values()) == 1


def test_a_trial_that_kills_its_worker_is_given_up_and_the_others_are_played(
    tmp_path: Path, quiet: bytes
) -> None:
    trials = plan_of(6)
    # Its first turn is never answered: the seed of that call is found by playing it.
    played(tmp_path / "once.db", None)
    names = [call for call in WORLD.asked if ":turn:Ada" in call]
    WORLD.__init__()  # type: ignore[misc]
    WORLD.poison = frozenset({int(names[2].split(":")[1])})
    executor = HereExecutor(workers=1)
    report = played(tmp_path / "a.db", executor)
    failed = [trial for trial in report.trials if trial.status == "failed"]
    assert [trial.reason for trial in failed] == ["worker-lost"]
    assert len(report.trials) == len(trials)
    assert {trial.status for trial in report.trials if trial not in failed} == {"done"}
    assert len(executor.started) <= 1 + executor.tries + 1
    assert verify(tmp_path / "a.db").sound
    # When its library is mended, it is played again.
    WORLD.poison = frozenset()
    played(tmp_path / "a.db", HereExecutor(), retry_failed=True)
    assert exported(tmp_path / "a.db") == quiet


def test_limits_hold_for_all_workers_together(tmp_path: Path) -> None:
    """Requests in a window and calls at once, counted at a server: six workers use one account."""
    limits = Limits(requests_per_minute=20, concurrency=5, period=0.5)
    with StubServer("--set", "latency=0.03") as stub:
        stage = guarded(open_model("openai:stub", Sampling(base_url=stub.url)), limits)
        trials = plan(
            company, models=[("openai:stub", stage.identity)], trials=6, parameters={"turns": 2}
        )
        options = RunOptions(executor=HereExecutor(workers=6), concurrency=12, cache=False)
        asyncio.run(run_trials(trials, {stage.identity: stage}, tmp_path / "a.db", options))
        counts = stub.counts()
    arrivals = sorted(counts["arrivals"])
    assert len(arrivals) >= 32
    most = max(sum(at <= other < at + 0.5 for other in arrivals) for at in arrivals)
    assert most <= 20
    assert counts["most_inside"] <= 5
    assert limits.inside == 0
    seconds = arrivals[-1] - arrivals[0]
    assert seconds >= 0.5 * (len(arrivals) // 20 - 1)


def test_ctrl_c_once_finishes_what_is_in_flight_everywhere(tmp_path: Path, quiet: bytes) -> None:
    store = tmp_path / "a.db"
    executor = HereExecutor(stages={"toy": partial(Toy, delay=0.02)})
    report = _interrupted(store, executor, times=1)
    assert report.interrupted
    assert report.left_in_doubt == ()
    assert {trial.status for trial in report.trials} == {"planned"}
    [(stored,)] = rows(store, "SELECT count(*) FROM replies")
    assert stored == len(WORLD.asked) > 0
    played(store, HereExecutor())
    assert exported(store) == quiet
    assert max(Counter(WORLD.asked).values()) == 1


def test_ctrl_c_twice_ends_the_workers(tmp_path: Path, quiet: bytes) -> None:
    store = tmp_path / "a.db"
    executor = HereExecutor(stages={"toy": partial(Toy, delay=3600)})
    report = _interrupted(store, executor, times=2)
    assert 0 < len(report.left_in_doubt) <= 6
    assert all(handle.dead.is_set() for handle in executor.started)
    rest = played(store, HereExecutor())
    assert len(rest.in_doubt) == len(report.left_in_doubt)
    assert exported(store) == quiet


def _interrupted(store: Path, executor: HereExecutor, times: int) -> RunReport:
    async def run() -> RunReport:
        loop = asyncio.get_running_loop()
        for number in range(times):
            loop.call_later(0.2 + 0.1 * number, os.kill, os.getpid(), signal.SIGINT)
        options = RunOptions(executor=executor, concurrency=6)
        return await run_trials(plan_of(6), {"toy": Toy()}, store, options)

    return asyncio.run(run())


def test_the_budget_holds_for_all_workers_together(tmp_path: Path) -> None:
    budget = Budget(tokens=600)
    executor = HereExecutor(stages={"toy": partial(Toy, free=False)})
    report = played(tmp_path / "a.db", executor, stage=Toy(free=False), budget=budget, cache=False)
    assert report.stopped is not None
    assert "budget of 600 tokens" in report.stopped
    assert 0 < report.usage.prompt_tokens + report.usage.completion_tokens <= 600
    assert budget.used_tokens == 12 * report.calls
    rest = played(
        tmp_path / "a.db",
        HereExecutor(stages={"toy": partial(Toy, free=False)}),
        stage=Toy(free=False),
    )
    assert {trial.status for trial in rest.trials} == {"done"}


def test_the_same_request_is_asked_once_by_all_workers(tmp_path: Path) -> None:
    """Two scenes that begin alike and end at different turns share their replies."""
    toy = Toy(free=False, delay=0.005)
    trials = [*plan_of(3), *plan_of(3, turns=4)]
    executor = HereExecutor(stages={"toy": partial(Toy, free=False, delay=0.005)})
    options = RunOptions(executor=executor, concurrency=6)
    report = asyncio.run(run_trials(trials, {"toy": toy}, tmp_path / "a.db", options))
    assert {trial.status for trial in report.trials} == {"done"}
    assert max(Counter(WORLD.asked).values()) == 1
    assert report.hits > 0
    [(stored,)] = rows(tmp_path / "a.db", "SELECT count(*) FROM replies")
    assert report.calls + report.hits == stored


def test_a_wrong_key_ends_the_run(tmp_path: Path) -> None:
    WORLD.closes = 9
    with pytest.raises(StageClosed, match="the key is wrong; stopped with"):
        played(tmp_path / "a.db", HereExecutor())
    with open_store(tmp_path / "a.db") as store:
        assert {trial.status for trial in store.trials()} == {"planned"}


def test_a_defect_in_a_worker_is_told_with_where_it_happened(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"test_remote(.|\n)*one by nothing"):
        played(tmp_path / "a.db", HereExecutor(stages={"toy": Broken}))


def test_a_full_store_ends_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = iter(range(9))

    def commit(writer: Writer, _commit: Any = Writer.commit) -> None:
        if next(commits, None) is None:
            writer.connection.execute("PRAGMA max_page_count = 1")
        _commit(writer)

    monkeypatch.setattr(Writer, "commit", commit)
    executor = HereExecutor()
    with pytest.raises(Exception, match="cannot be written"):
        played(tmp_path / "a.db", executor, trials=30)
    assert all(handle.dead.is_set() for handle in executor.started)


def test_a_tournament_is_judged_in_the_workers(tmp_path: Path) -> None:
    cup = Tournament(
        name="Cup", entrants=[Entrant(name=name) for name in "abc"], motions=["Tea?"],
        debate=Debate(opening=30, rebuttals=0, questions=0, closing=None), judges=["embedded:base"],
    )  # fmt: skip
    dice = random.Random(5)
    told: list[str] = []
    reports = []
    for name, executor in (
        ("here", None), ("there", HereExecutor(lambda: dice.random() < 0.03, with_its_node=True))
    ):  # fmt: skip
        stages = {"embedded:base": open_stage("embedded:base")}
        options = RunOptions(executor=executor)
        reports.append(asyncio.run(run_tournament(cup, stages, tmp_path / f"{name}.db", options)))
    assert reports[0].standings == reports[1].standings
    assert reports[1].verdicts == 12
    assert exported(tmp_path / "here.db") == exported(tmp_path / "there.db")
    assert told == []


@pytest.mark.parametrize(
    "stage",
    [Toy(), HumanStage(lambda *_: None)],
    ids=["an object", "a person"],  # type: ignore[arg-type]
)
def test_what_no_worker_can_open_is_refused_before_anything_is_stored(
    tmp_path: Path, stage: Stage
) -> None:
    trials = plan(company, models=[("mine", stage.identity)], trials=1)
    options = RunOptions(executor=HereExecutor())
    with pytest.raises(BadRequest, match="mine: is a stage of this process alone"):
        asyncio.run(run_trials(trials, {stage.identity: stage}, tmp_path / "a.db", options))
    assert not (tmp_path / "a.db").exists()


def test_keys_do_not_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-driver-0123456789abcdef")
    stage = open_stage("openai:gpt-5-mini")
    trials = plan(company, models=[("openai:gpt-5-mini", stage.identity)], trials=1)
    recipes = recipes_of(trials, {stage.identity: stage})
    assert b"sk-of" not in HereExecutor().pickled((recipes.stages, recipes.values))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-worker-0123456789abcdef")
    [recipe] = recipes.stages
    assert recipe.open(None).identity == stage.identity
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(BadRequest, match="OPENAI_API_KEY"):
        recipe.open(None)


@given(seed=st.integers(0, 2**32), poisons=st.integers(0, 2), tries=st.integers(1, 4))
@settings(max_examples=60)
def test_only_poison_is_given_up_and_losses_are_bounded(
    seed: int, poisons: int, tries: int
) -> None:
    """However trials are dealt to workers: one poison is found, and takes at most its tries and
    one more worker for each that had company. With two, each may take an innocent one along."""
    dice = random.Random(seed)
    trials = plan_of(12)
    bad = {trial.id for trial in dice.sample(trials, poisons)}
    backlog = Backlog(trials, tries)
    workers: list[dict[str, Trial]] = [{} for _ in range(3)]
    given_up: set[str] = set()
    deaths = 0
    while not backlog.over:
        worker = dice.choice(workers)
        for trial in backlog.take(worker, 4 - len(worker)):
            worker[trial.id] = trial
        if bad & set(worker) and dice.random() < 0.5:
            deaths += 1
            lost = list(worker.values())
            worker.clear()
            given_up |= {
                trial.id
                for trial in backlog.lost(
                    lost, dict.fromkeys((t.id for t in lost), 0), excused=False
                )
            }
        elif worker:
            name = dice.choice(sorted(worker))
            if name not in bad:
                del worker[name]
                backlog.ended(name)
    assert given_up >= bad
    assert deaths <= poisons * (tries + 3)
    if tries >= 3 and poisons < 2:
        assert given_up == bad


def test_surrogates_and_branches_are_played_in_workers_too(tmp_path: Path) -> None:
    for name, executor in (("here", None), ("there", HereExecutor())):
        store, how = tmp_path / f"{name}.db", RunOptions(executor=executor)
        run("cross_purposes", trials=2, parameters={"turns": 4}, store=store,
            surrogates=["yoked", "mute"], options=how)  # fmt: skip
        with open_store(store) as opened:
            fork(next(iter(opened.trials())), at=3, n=3, options=how)
    assert exported(tmp_path / "here.db") == exported(tmp_path / "there.db")
    assert len(rows(tmp_path / "there.db", "SELECT 1 FROM trials WHERE status = 'done'")) == 13


def test_a_worker_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_module, "program", lambda: "elsinore 9.9 (0badc0de) on Python 3.9")
    with pytest.raises(BadRequest, match=r"a worker has elsinore .*, and this process elsinore 9"):
        played(tmp_path / "a.db", HereExecutor())
