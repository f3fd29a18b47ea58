"""Trials on a real Ray cluster of several nodes: killed nodes, workers and drivers.

What the messages do is tested without Ray, at every message (``test_remote``). Here are real
processes: few scenes, for a cluster takes seconds of a processor to start.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from backstage.stores import exported

from analysis import conflict
from analysis.calibration import open_instruments
from analysis.calibration.stored import record
from analysis.spreading import spread_over
from sim import Arm, Contrast, Study, open_stage
from sim.errors import BadRequest
from sim.events import Event, Turn
from sim.planning import Trial, plan_scene
from sim.planning.scenarios import build, find
from sim.runs.executors.ray import RayExecutor, ray_module
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials
from sim.stage.base import Reply, Request, Stage
from sim.stage.fixed import FixedLines
from sim.store.soundness import verify
from sim.study.audits.conduct import audit
from sim.study.calibration import Planting, calibrate, play_planted
from sim.study.measuring import measuring_on
from sim.study.studies.conduct import conduct
from sim.tournament import Debate, Entrant, Tournament

if find_spec("ray") is None:
    pytest.skip("ray is not installed (elsinore[ray])", allow_module_level=True)

pytestmark = [
    pytest.mark.slow,
    # Ray leaves sockets and log files to the end of the process.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

MEMORY = 80 * 2**20
"""Bytes of a node's object store, the least that Ray takes; nothing is put there."""

SLOW = "fixed:Yes.|No.|Perhaps.?latency=0.02"


class Machines:
    """A head without processors, and nodes on which workers play."""

    def __init__(self) -> None:
        # Loaded late: Ray takes a second of a processor, and reads the environment then.
        ray = ray_module()
        from ray.cluster_utils import Cluster

        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        self.ray = ray
        self.cluster = _patiently(
            lambda: Cluster(
                initialize_head=True,
                head_node_args={
                    "num_cpus": 0,
                    "object_store_memory": MEMORY,
                    "include_dashboard": False,
                },
            )
        )
        self.nodes = [
            _patiently(lambda: self.cluster.add_node(num_cpus=1, object_store_memory=MEMORY))
            for _ in range(3)
        ]
        ray.init(self.cluster.address, log_to_driver=False)

    def lose(self) -> None:
        """Kill a node, with what plays there."""
        self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)


def _patiently(start: Callable[[], Any]) -> Any:
    """What is started; Ray gives a node thirty seconds, which a busy machine may not have."""
    for _ in range(4):
        try:
            return start()
        except Exception as error:
            late = error
            if "timed out during startup" not in str(error):
                raise
    raise late


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with pytest.MonkeyPatch.context() as patch:
        # A token of its own, and no word to anybody else.
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        found = Machines()
        yield found
        found.ray.shutdown()
        found.cluster.shutdown()


class At:
    """A watcher who does something when so many turns have been heard."""

    def __init__(self, counts: list[int], do: Callable[[], None]) -> None:
        self.counts = counts
        self.do = do
        self.turns = 0
        self.doing: list[asyncio.Future[None]] = []

    def trial_started(self, trial: Trial) -> None:
        pass

    def saw(self, trial: Trial, event: Event) -> None:
        self.turns += isinstance(event, Turn)
        if self.counts and self.turns >= self.counts[0]:
            self.counts.pop(0)
            self.doing.append(asyncio.get_running_loop().run_in_executor(None, self.do))

    def trial_ended(self, trial: Trial, status: str) -> None:
        pass


def plan_of(models: list[str], trials: int, turns: int) -> tuple[list[Trial], dict[str, Stage]]:
    scene = build(find("cross_purposes"), {"turns": turns})
    stages = {model: open_stage(model) for model in models}
    named = [(model, stage.identity) for model, stage in stages.items()]
    planned = plan_scene(scene, name="cross_purposes", models=named, trials=trials)
    return planned, {stage.identity: stage for stage in stages.values()}


def played(
    models: list[str], trials: int, turns: int, store: Path, watch: At | None = None, **how: Any
) -> RunReport:
    planned, stages = plan_of(models, trials, turns)
    options = RunOptions(**{"concurrency": 16, **how})

    async def run() -> RunReport:
        report = await run_trials(planned, stages, store, options, watch=watch)
        for each in () if watch is None else watch.doing:
            await each
        return report

    return asyncio.run(run())


def test_eighty_scenes_with_nodes_killed_twice(machines: Machines, tmp_path: Path) -> None:
    models = ["embedded:base", SLOW]
    played(models, 40, 8, tmp_path / "here.db")
    watch = At([120, 360], machines.lose)
    report = played(models, 40, 8, tmp_path / "there.db", watch, executor=RayExecutor())
    assert watch.counts == []
    assert {trial.status for trial in report.trials} == {"done"}
    assert len(report.trials) == 80
    assert exported(tmp_path / "here.db") == exported(tmp_path / "there.db")
    assert verify(tmp_path / "there.db").sound
    # A third of the 16 calls in flight, and then half of them.
    assert len(report.in_doubt) <= 6 + 8


class Poison(FixedLines):
    """Fixed lines that kill the process when they hear one seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(["Yes.", "No."])
        self.seed = seed

    async def perform(self, request: Request) -> Reply:
        if request.seed == self.seed:
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().perform(request)


class Listening(FixedLines):
    """Fixed lines that remember the seeds of turns."""

    seeds: list[int]

    async def perform(self, request: Request) -> Reply:
        if request.purpose == "turn":
            self.seeds.append(request.seed)
        return await super().perform(request)


def test_a_trial_that_kills_its_worker_is_given_up(machines: Machines, tmp_path: Path) -> None:
    planned, stages = plan_of(["fixed:Yes.|No."], 5, 4)
    [identity] = stages
    listening = Listening(["Yes.", "No."])
    listening.seeds = []
    one = RunOptions(concurrency=1)
    asyncio.run(run_trials(planned, {identity: listening}, tmp_path / "here.db", one))
    executor = RayExecutor(
        workers=1, tries=2, stages={identity: partial(Poison, listening.seeds[6])}
    )
    report = asyncio.run(
        run_trials(planned, stages, tmp_path / "a.db", RunOptions(executor=executor))
    )
    reasons = [(trial.status, trial.reason, trial.turns) for trial in report.trials]
    assert reasons.count(("failed", "worker-lost", 2)) == 1
    assert reasons.count(("done", "after 4 turns", 4)) == 4
    assert verify(tmp_path / "a.db").sound


def test_a_killed_driver_goes_on_where_it_was(machines: Machines, tmp_path: Path) -> None:
    store, here = tmp_path / "a.db", tmp_path / "here.db"
    command = [
        sys.executable, "-m", "sim.cli", "run", "cross_purposes", "--model", SLOW, "--trials", "12",
        "-P", "turns=12", "--quiet", "--store",
    ]  # fmt: skip
    there = ["--executor", "ray", "--address", machines.cluster.address]
    child = subprocess.Popen([*command, str(store), *there])
    _until(lambda: store.exists() and b"turn" in _turns(store), child)
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    before = len(_turns(store))
    report = played([SLOW], 12, 12, store, executor=RayExecutor())
    subprocess.run([*command, str(here)], check=True)
    assert before > 0
    assert any(trial.resumed for trial in report.trials)
    assert exported(store) == exported(here)


def _turns(store: Path) -> bytes:
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        found = connection.execute("SELECT kind FROM events WHERE kind = 'turn'").fetchall()
    except sqlite3.OperationalError:
        return b""
    finally:
        connection.close()
    return b"".join(kind.encode() for (kind,) in found)


def _until(reached: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    while not reached():
        assert child.poll() is None, "it ended before it played"
        time.sleep(0.05)


def leaning() -> Study:
    """Two arms of short scenes, one of them on a stage that leans toward what is said."""
    return Study(
        name="leaning", question="Does it lean?", source="none", known="nothing",
        refuted_by="no difference",
        stages={"plain": "embedded:base", "leaning": "embedded:base?beta=0.3&bias=1"},
        arms={
            name: Arm(scenario="cross_purposes", parameters={"turns": 4}, stage=name)
            for name in ("plain", "leaning")
        },
        primary=(Contrast(measure="convergence.end", weights={"leaning": 1, "plain": -1}),),
    )  # fmt: skip


def test_tournaments_and_studies(machines: Machines, tmp_path: Path) -> None:
    cup = Tournament(
        name="Cup", entrants=[Entrant(name=name) for name in "ab"], motions=["Tea?"],
        debate=Debate(opening=30, rebuttals=0, questions=0, closing=None), judges=["embedded:base"],
    )  # fmt: skip
    found = {}
    for place, executor in (("here", None), ("there", RayExecutor())):
        how = RunOptions(executor=executor)
        cup.run(tmp_path / f"{place}-tournament.db", how)
        found[place] = conduct(
            leaning(), tmp_path / f"{place}-study.db", seeds=3, options=how
        ).record()
    assert found["here"] == found["there"]
    for what in ("tournament", "study"):
        here, there = (tmp_path / f"{place}-{what}.db" for place in ("here", "there"))
        assert exported(here) == exported(there)


def test_audits_and_calibrations(machines: Machines, tmp_path: Path) -> None:
    plan = Planting(scenes=1, turns=10, plants=("sham", "hostility"))
    stage = open_stage("embedded:base")
    planted = plan.trials("embedded:base", stage.identity)
    found = {}
    for place, executor in (("here", None), ("there", RayExecutor())):
        how = RunOptions(executor=executor)
        audited = audit(
            leaning(), tmp_path / f"{place}.db", worlds=12, seeds=2, moderators=False, options=how
        )
        path = tmp_path / f"{place}-planted.db"
        asyncio.run(play_planted(plan, "embedded:base", stage, path, how))
        with measuring_on(executor):
            worth = calibrate(path, planted, plan, open_instruments(["hostility"]))
        found[place] = [audited.sentence, *(repr(record(each)) for each in worth)]
    assert found["here"] == found["there"]
    assert exported(tmp_path / "here-audit.db") == exported(tmp_path / "there-audit.db")
    assert exported(tmp_path / "here-planted.db") == exported(tmp_path / "there-planted.db")


def _divided(number: int) -> float:
    return 1 / number


def test_what_was_played_is_measured_there(machines: Machines, tmp_path: Path) -> None:
    played(["embedded:base"], 12, 6, tmp_path / "a.db")
    here = conflict(tmp_path / "a.db").by_arm
    mapper = RayExecutor(workers=2).mapper()
    with spread_over(mapper, least=2):
        there = conflict(tmp_path / "a.db")
        assert there.by_arm.equals(here)
    assert there.__dict__["_spread"] is not None
    assert list(mapper.map(_divided, [4, 2, 1])) == [0.25, 0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        list(mapper.map(_divided, [1, 0]))


def test_no_cluster_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="ray://"):
        RayExecutor("ray://somewhere:10001")
