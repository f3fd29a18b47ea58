"""Measures what only Elsinore has: probes beside the scene, the store, the exact stage.

python -m benchmarks.beyond probes      # one part; prints a line of JSON
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.measuring import (
    FULL,
    LATENCY,
    QUICK,
    REPLY,
    SCENES,
    TURNS,
    Effort,
    concurrent_seconds,
    cpu_seconds,
    start_seconds,
)
from benchmarks.peers.ours import prepare, scene_of
from sim import ask_stance, open_stage, play
from sim.planning import plan_scene
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.stage.fixed import FixedLines

EXACT = "embedded:base"


def probes(effort: Effort) -> dict[str, Any]:
    """A scene with a probe to every actor after every turn, and the same scene without."""

    async def wall(asked: bool) -> float:
        scene = scene_of(TURNS, (ask_stance("sell", every=1),) if asked else ())
        stage = FixedLines([REPLY], LATENCY)
        gc.collect()
        start = time.perf_counter()
        transcript = await play(scene, stage, seed=1)
        taken = time.perf_counter() - start
        assert len(transcript.answers) == (3 * (TURNS + 1) if asked else 0)
        return taken

    pairs = [(asyncio.run(wall(False)), asyncio.run(wall(True))) for _ in range(effort.least)]
    return {
        "turns_s": median(alone for alone, _ in pairs),
        "with_probes_s": median(asked for _, asked in pairs),
        "ratio": median(asked / alone for alone, asked in pairs),
    }


def store(effort: Effort) -> dict[str, Any]:
    """Playing into a store: instant replies in many scenes at once and in one, and with latency.

    Wall-clock time, since the disk is a part of it, from the beginning of the first scene to the
    end of the last. The fixed cost of a run (opening, manifest, closing) is reported apart. The
    same scenes are also played without a store: the difference is the cost of storing.
    """
    rounds = range(effort.least + 2)
    together = [_stored(SCENES, TURNS, 0.0) for _ in rounds]
    alone = [_stored(1, 300, 0.0) for _ in rounds]
    slow = [_stored(SCENES, TURNS, LATENCY) for _ in rounds]
    bare = [concurrent_seconds(lambda: prepare(TURNS, 0.0)) for _ in rounds]
    return {
        "together_us": _times(1e6 / (SCENES * TURNS), [run.playing for run in together]),
        "together_cpu_us": _times(1e6 / (SCENES * TURNS), [run.cpu for run in together]),
        "together_without_us": _times(1e6 / (SCENES * TURNS), bare),
        "alone_us": _times(1e6 / 300, [run.playing for run in alone]),
        "scenes_s": _times(1.0, [run.playing for run in slow]),
        "once_s": _times(1.0, [run.once for run in together]),
    }


def _times(scale: float, taken: list[float]) -> dict[str, float]:
    return {"median": median(taken) * scale, "best": min(taken) * scale}


class _Run(NamedTuple):
    """Seconds of a run with a store: of playing, of all the rest, and of the CPU."""

    playing: float
    once: float
    cpu: float


def _stored(scenes: int, turns: int, latency: float) -> _Run:
    """Play some scenes into a store, all at once."""
    stage = FixedLines([REPLY], latency)
    trials = plan_scene(
        scene_of(turns), name="overhead", models=[("fixed", stage.identity)], trials=scenes
    )
    # Not in the system's temporary folder, which may be in memory and not on a disk.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "overhead.db"
        gc.collect()
        start, start_of_cpu = time.perf_counter(), time.process_time()
        report = asyncio.run(
            run_trials(trials, {stage.identity: stage}, path, RunOptions(concurrency=scenes))
        )
        taken, cpu = time.perf_counter() - start, time.process_time() - start_of_cpu
    assert report.calls == scenes * turns, report
    return _Run(report.seconds, taken - report.seconds, cpu)


def exact(effort: Effort) -> dict[str, Any]:
    """Turns a second of the exact stage on one core, in scenes of 30 turns."""
    stage = open_stage(EXACT)
    scene = scene_of(TURNS)

    async def scenes(first: int, count: int) -> None:
        for seed in range(first, first + count):
            transcript = await play(scene, stage, seed=seed)
            assert len(transcript) == TURNS, transcript.ended

    asyncio.run(scenes(0, 5))  # tables that are built once
    rates: list[float] = []
    for number in range(effort.least):
        taken = asyncio.run(cpu_seconds(partial(scenes, 100 * number, 20)))
        rates.append(20 * TURNS / taken)
    return {"turns_per_s": median(rates), "best_turns_per_s": max(rates), "model": EXACT}


def starts(effort: Effort) -> dict[str, Any]:
    """How long the imports and the command take, from the start of the process to its end."""
    python = sys.executable
    seconds: dict[str, Any] = {
        "python": start_seconds([python, "-c", "pass"], effort.starts),
        "import sim": start_seconds([python, "-c", "import sim"], effort.starts),
        "from sim import Scene, Persona": start_seconds(
            [python, "-c", "from sim import Scene, Persona"], effort.starts
        ),
    }
    command = Path(python).with_name("elsinore")
    seconds["elsinore --help"] = start_seconds([str(command), "--help"], effort.starts)
    return seconds


PARTS: dict[str, Callable[[Effort], dict[str, Any]]] = {
    "probes": probes,
    "store": store,
    "exact": exact,
    "starts": starts,
}


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    print(json.dumps(PARTS[chosen.part](QUICK if chosen.quick else FULL)))


if __name__ == "__main__":
    main()
