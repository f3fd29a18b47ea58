"""What trials on a Ray cluster cost, whether they lose anything, and what a million scenes take.

    python -m benchmarks.cluster constants     # processor time and bytes of a turn; 50 ms a call
    python -m benchmarks.cluster throughput    # two workers beside one, on the embedded stage
    python -m benchmarks.cluster limits        # a provider's limit over eight workers
    python -m benchmarks.cluster same          # nodes are killed: the same bytes as in one process
    python -m benchmarks.cluster chaos         # workers, nodes and drivers are killed at random
    python -m benchmarks.cluster model         # what was measured, and what follows from it

Each part keeps its figures in ``--out`` (JSON), where ``model`` reads them; parts can be repeated
one by one. The cluster is of nodes on this machine (``ray.cluster_utils.Cluster``).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.cluster_model import Constants, lines
from sim import open_stage
from sim.calls.guard import ModelOptions
from sim.errors import ElsinoreError
from sim.events import Event, Turn
from sim.planning import Trial, plan_scene
from sim.planning.scenarios import build, find
from sim.runs.executors.ray import RayExecutor, ray_module
from sim.runs.options import RunOptions
from sim.runs.report import RunReport, Watcher
from sim.runs.trials import run_trials
from sim.stage.providers.sampling import Sampling
from sim.store import export_jsonl, open_store
from sim.store.soundness import verify

MEMORY = 80 * 2**20
SLOW = "fixed:I measured that spring for thirty years.|No.?latency=0.05"


class Nodes:
    """A head without processors, and nodes with one each."""

    def __init__(self, number: int) -> None:
        ray = ray_module()
        from ray.cluster_utils import Cluster

        self.ray = ray
        self.cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False,
            },
        )  # fmt: skip
        self.nodes: list[Any] = []
        for _ in range(number):
            self.add()
        ray.init(self.cluster.address, log_to_driver=False)

    def add(self) -> None:
        """Bring a node. In the main thread only."""
        self.nodes.append(self.cluster.add_node(num_cpus=1, object_store_memory=MEMORY))

    def lose(self) -> None:
        """Kill a node."""
        self.cluster.remove_node(self.nodes.pop(0), allow_graceful=False)

    def close(self) -> None:
        """End all of it."""
        self.ray.shutdown()
        self.cluster.shutdown()  # type: ignore[no-untyped-call]


@contextmanager
def nodes(number: int) -> Iterator[Nodes]:
    """Nodes for a while."""
    found = Nodes(number)
    try:
        yield found
    finally:
        found.close()


class Listener:
    """A watcher who counts turns and calls ``at`` with their number."""

    def __init__(self, at: Callable[[int], None] = lambda turns: None) -> None:
        self.turns = 0
        self.first = 0.0
        self.processor = 0.0
        self.at = at

    def trial_started(self, trial: Trial) -> None:
        """A trial is played."""
        if not self.first:
            self.first, self.processor = time.perf_counter(), time.process_time()

    def saw(self, trial: Trial, event: Event) -> None:
        """An event."""
        if isinstance(event, Turn):
            self.turns += 1
            self.at(self.turns)

    def trial_ended(self, trial: Trial, status: str) -> None:
        """A trial is over."""


def planned(
    model: str, scenes: int, turns: int, asking: ModelOptions | None = None
) -> tuple[list[Trial], dict[str, Any]]:
    """Trials of a scene on a stage, with the stage."""
    stage = open_stage(model) if asking is None else asking.open(model)
    scene = build(find("cross_purposes"), {"turns": turns}).replace(probes=())
    trials = plan_scene(
        scene, name="cross_purposes", models=[(model, stage.identity)], trials=scenes
    )
    return trials, {stage.identity: stage}


def play(
    trials: Sequence[Trial], stages: dict[str, Any], store: Path, watch: Watcher, **how: Any
) -> RunReport:
    """Play trials."""
    return asyncio.run(run_trials(trials, stages, store, RunOptions(**how), watch=watch))


def timed(
    trials: Sequence[Trial], stages: dict[str, Any], store: Path, **how: Any
) -> dict[str, float]:
    """Wall and processor time of this process from the first trial on, a turn."""
    listener = Listener()
    report = play(trials, stages, store, listener, **how)
    turns = sum(trial.turns for trial in report.trials)
    assert all(trial.status == "done" for trial in report.trials), report
    return {
        "turns": turns,
        "seconds": time.perf_counter() - listener.first,
        "processor_seconds_a_turn": (time.process_time() - listener.processor) / turns,
        "bytes_a_turn": store.stat().st_size / turns,
    }


def constants(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Processor time of the driver and bytes of the store a turn, and the wall time at 50 ms."""
    trials, stages = planned(SLOW, options.scenes or 100, 30)
    here = timed(trials, stages, folder / "here.db", concurrency=100)
    exact, embedded = planned("embedded:base", options.scenes or 100, 10)
    alone = timed(exact, embedded, folder / "alone.db", concurrency=32)
    with _stub("--set", "words=65") as stub:
        asking = ModelOptions(Sampling(base_url=stub.url))
        asked, client = planned("openai:stub", options.scenes or 100, 10, asking)
        paid = timed(asked, client, folder / "client.db", concurrency=32)
    with nodes(1):
        there = timed(
            trials, stages, folder / "there.db", concurrency=100, executor=RayExecutor(workers=1)
        )
        apart = timed(
            exact, embedded, folder / "apart.db", concurrency=32, executor=RayExecutor(workers=1)
        )
    return {
        "local": here, "ray": there, "wall_ratio": there["seconds"] / here["seconds"],
        "embedded_local": alone, "client_local": paid, "embedded_ray": apart,
    }  # fmt: skip


def throughput(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Turns a second with one worker and with two, on the embedded stage, in turns."""
    trials, stages = planned("embedded:base", options.scenes or 300, 10)
    found: dict[int, list[float]] = {1: [], 2: []}
    with nodes(2):
        for again in range(options.again):
            for workers in (1, 2):
                timing = timed(
                    trials, stages, folder / f"{workers}-{again}.db", concurrency=32,
                    executor=RayExecutor(workers=workers),
                )  # fmt: skip
                found[workers].append(timing["turns"] / timing["seconds"])
    best = {workers: max(rates) for workers, rates in found.items()}
    return {"turns_a_second": best, "all": found, "ratio": best[2] / best[1]}


def limits(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The most requests in any window at a stub server, with eight workers and replies of 50 ms."""
    limit = options.limit
    with _stub("--set", "latency=0.05") as stub, nodes(1):
        asking = ModelOptions(
            Sampling(base_url=stub.url), requests_per_minute=limit, tokens_per_minute=None
        )
        trials, stages = planned("openai:stub", options.scenes or 40, max(4, limit // 20), asking)
        executor = RayExecutor(workers=8, cpus=0.1)
        listener = Listener()
        how = RunOptions(concurrency=40, executor=executor, cache=False)

        async def for_a_while() -> None:
            run = asyncio.create_task(
                run_trials(trials, stages, folder / "a.db", how, watch=listener)
            )
            while not listener.turns and not run.done():  # noqa: ASYNC110 - workers start
                await asyncio.sleep(0.1)
            await asyncio.wait([run], timeout=options.seconds)
            run.cancel()
            with suppress(asyncio.CancelledError):
                await run

        asyncio.run(for_a_while())
        arrivals = sorted(stub.counts()["arrivals"])
    most = max(sum(at <= other < at + 60 for other in arrivals) for at in arrivals)
    # Calls come in bursts, a window apart: what is used is told from burst to burst.
    bursts = (len(arrivals) - 1) // limit * limit
    share = bursts / (limit * (arrivals[bursts] - arrivals[0]) / 60) if bursts else None
    return {
        "limit": limit, "arrivals": len(arrivals), "most_in_a_window": most, "used": share,
        "seconds": arrivals[-1] - arrivals[0],
    }  # fmt: skip


def _stub(*arguments: str) -> Any:
    """The stub server of the tests."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    return import_module("stub_server").StubServer(*arguments)


def same(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """A node is killed three times; the canonical export has the bytes of a run in one process."""
    scenes, turns = options.scenes or 2000, 4
    trials, stages = planned("embedded:base", scenes, turns)
    play(trials, stages, folder / "here.db", Listener())
    with nodes(5) as machines:
        marks = [scenes * turns * part // 4 for part in (1, 2, 3)]

        def at(heard: int) -> None:
            if marks and heard >= marks[0]:
                marks.pop(0)
                asyncio.get_running_loop().run_in_executor(None, machines.lose)

        report = play(
            trials, stages, folder / "there.db", Listener(at), concurrency=64,
            executor=RayExecutor(),
        )  # fmt: skip
    return {
        "scenes": scenes, "killed": 3 - len(marks), "seconds": report.seconds,
        "in_doubt": len(report.in_doubt), "same_bytes": _same(folder), "sound": _sound(folder),
    }  # fmt: skip


def chaos(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Kills at random: a worker's process, a node, or the driver, which is started again.

    Each comes when some turns more are committed since the one before, else nothing would ever be.
    """
    scenes, turns = options.scenes or 100, 20
    model = "fixed:Yes.|No.|Perhaps.?latency=0.3"
    trials, stages = planned(model, scenes, turns)
    play(trials, stages, folder / "here.db", Listener(), concurrency=100)
    dice, killed = random.Random(options.seed), {"worker": 0, "node": 0, "driver": 0}
    store = folder / "there.db"
    before = 0
    with nodes(3) as machines:
        while True:
            child = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.cluster", "driver", "--store", str(store),
                 "--address", machines.cluster.address, "--scenes", str(scenes),
                 "--turns", str(turns), "--stage", model],
            )  # fmt: skip
            alive = True
            while alive and sum(killed.values()) < options.kills:
                wanted = before + dice.randint(1, 30)
                while child.poll() is None and _turns(store) < wanted:
                    time.sleep(0.1)
                if child.poll() is not None:
                    break
                before = _turns(store)
                kind = dice.choices(["worker", "node", "driver"], [0.7, 0.1, 0.2])[0]
                workers = _processes_of_workers()
                if kind == "worker" and workers:
                    os.kill(dice.choice(workers), signal.SIGKILL)
                elif kind == "driver":
                    child.send_signal(signal.SIGKILL)
                    alive = False
                else:
                    kind = "node"
                    machines.lose()
                    machines.add()
                killed[kind] += 1
            child.wait()
            if child.returncode == 0:
                break
    return {
        "killed": killed, "same_bytes": _same(folder), "sound": _sound(folder), "scenes": scenes,
    }  # fmt: skip


def _turns(store: Path) -> int:
    """The committed turns of a store that somebody writes."""
    if not store.exists():
        return 0
    try:
        with open_store(store) as opened:
            return sum(trial.turns for trial in opened.trials())
    except ElsinoreError:  # it is being made
        return 0


def driver(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """A driver of its own, for ``chaos``, which kills it."""
    trials, stages = planned(options.stage, options.scenes, options.turns)
    executor = RayExecutor(options.address, tries=10)
    executor.prepare(trials, stages, None)
    report = play(
        trials, stages, Path(options.store), Listener(), concurrency=24, executor=executor
    )
    return {"in_doubt": len(report.in_doubt)}


def _processes_of_workers() -> list[int]:
    """The processes of this benchmark's cluster in which a worker plays (Ray titles them so)."""
    titles: dict[int, bytes] = {}
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                titles[int(entry.name)] = (entry / "cmdline").read_bytes()
                status = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])

    def ours(process: int) -> bool:
        while process in parents:
            process = parents[process]
            if process == os.getpid():
                return True
        return False

    return [
        each for each, title in titles.items() if title.startswith(b"ray::Worker") and ours(each)
    ]


def _same(folder: Path) -> bool:
    for name in ("here", "there"):
        export_jsonl(folder / f"{name}.db", folder / f"{name}.jsonl")
    return (folder / "here.jsonl").read_bytes() == (folder / "there.jsonl").read_bytes()


def _sound(folder: Path) -> bool:
    return verify(folder / "there.db").sound


PARTS = {
    "constants": constants, "throughput": throughput, "limits": limits, "same": same,
    "chaos": chaos, "driver": driver,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure a part, or print what follows; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*PARTS, "model"])
    parser.add_argument("--out", type=Path, default=Path("cluster.json"), help="the figures")
    parser.add_argument("--scenes", type=int, help="how many scenes (each part has its own)")
    parser.add_argument("--again", type=int, default=2, help="repetitions (throughput)")
    parser.add_argument("--limit", type=int, default=600, help="requests a minute (limits)")
    parser.add_argument("--seconds", type=float, default=130, help="how long (limits)")
    parser.add_argument("--kills", type=int, default=100, help="how many (chaos)")
    parser.add_argument("--seed", type=int, default=0, help="of the kills (chaos)")
    for name in ("--store", "--address", "--stage"):
        parser.add_argument(name, help="of a driver")
    parser.add_argument("--turns", type=int, help="of a driver")
    options = parser.parse_args(arguments)
    if options.part != "driver":
        # Before Ray is loaded: a token of its own, and no word to anybody.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    known = json.loads(options.out.read_text()) if options.out.exists() else {}
    if options.part == "model":
        print("\n".join(lines(Constants.of(known))))
        return 0
    began, load = time.time(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = PARTS[options.part](options, Path(folder))
    if options.part == "driver":
        return 0
    found |= {
        "load_before": load, "took": time.time() - began, "processors": os.cpu_count(),
        "python": platform.python_version(),
    }  # fmt: skip
    options.out.write_text(json.dumps(known | {options.part: found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
