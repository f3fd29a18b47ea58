"""Nodes on this machine, and trials that are played on them or beside them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim import open_stage
from sim.calls.guard import ModelOptions
from sim.events import Event, Turn
from sim.planning import Trial, plan_scene
from sim.planning.scenarios import build, find
from sim.runs.executors.ray import ray_module
from sim.runs.options import RunOptions
from sim.runs.report import RunReport, Watcher
from sim.runs.trials import run_trials
from sim.store import export_jsonl
from sim.store.soundness import verify

MEMORY = 80 * 2**20
"""Bytes of a node's object store, the least that Ray takes; nothing is put there."""


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
    """A watcher who counts turns and calls ``at`` with their number; ``playing`` are trials."""

    def __init__(self, at: Callable[[int], None] = lambda turns: None) -> None:
        self.turns = 0
        self.playing = 0
        self.first = 0.0
        self.last = 0.0
        self.processor = 0.0
        self.at = at

    def trial_started(self, trial: Trial) -> None:
        """A trial is played."""
        self.playing += 1
        if not self.first:
            self.first, self.processor = time.perf_counter(), time.process_time()

    def saw(self, trial: Trial, event: Event) -> None:
        """An event."""
        if isinstance(event, Turn):
            self.turns += 1
            self.last = time.perf_counter()
            self.at(self.turns)

    def trial_ended(self, trial: Trial, status: str) -> None:
        """A trial is over, or lost."""
        self.playing -= 1


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


def processes_of_workers() -> list[int]:
    """The processes of this process's cluster in which a worker plays (Ray titles them so)."""
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


def same_bytes(folder: Path) -> bool:
    """Whether the canonical exports of ``here.db`` and ``there.db`` are the same."""
    for name in ("here", "there"):
        export_jsonl(folder / f"{name}.db", folder / f"{name}.jsonl")
    return (folder / "here.jsonl").read_bytes() == (folder / "there.jsonl").read_bytes()


def sound(folder: Path) -> bool:
    """Whether ``there.db`` is as it was written."""
    return verify(folder / "there.db").sound
