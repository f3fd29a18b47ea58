"""The measurements that are common to all subjects: the same loop, reply, and clocks.

This module runs inside the process and the environment of each subject, ours and the peers', so it
imports the standard library alone. A subject prepares a scene of three actors in a ring whose
stage answers with 65 words; the time to play it is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import platform
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

LENGTHS = (30, 100, 300, 1000)
SCENES, TURNS, LATENCY = 100, 30, 0.05
NAMES = ("Ada", "Ben", "Cleo")
TOPIC = "The town should sell its spring to a bottling company."
REPLY = (
    "I measured that spring for thirty years, and I know what it gives in a dry summer and what it "
    "gives after snow. If we sell it, we sell the one thing that nobody can make again. You "
    "speak of money as though it were rain, but a contract does not refill a well, and whoever "
    "signs it will be gone before the river is."
)
assert len(REPLY.split()) == 65

Play = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Subject:
    """A framework to measure.

    ``prepare(turns, latency)`` does the work that an author does once and returns the function that
    is timed, which plays one scene. ``packages`` are reported with their versions; ``imports`` is
    the import statement that is timed.
    """

    name: str
    prepare: Callable[[int, float], Play]
    imports: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effort:
    """How long to measure: the budget of one cell in seconds, and its least repetitions."""

    seconds: float
    least: int
    starts: int


FULL = Effort(seconds=0.6, least=3, starts=4)
QUICK = Effort(seconds=0.2, least=2, starts=3)


def main(subject: Subject) -> None:
    """Measure a subject and print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=f"Measure {subject.name}.")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    print(json.dumps(measure(subject, QUICK if chosen.quick else FULL)))


def measure(subject: Subject, effort: Effort) -> dict[str, Any]:
    """Everything that is measured of every subject."""
    # Memory first: later the peak would include what the other measurements have allocated.
    memory = peak_megabytes(subject.prepare(max(LENGTHS), 0.0))
    allocated = allocated_megabytes(subject.prepare(max(LENGTHS), 0.0))
    asyncio.run(cpu_seconds(subject.prepare(30, 0.0)))
    return {
        "subject": subject.name,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in subject.packages},
        "turn_us": {str(turns): turn_microseconds(subject, turns, effort) for turns in LENGTHS},
        "scenes_s": concurrent_seconds(lambda: subject.prepare(TURNS, LATENCY)),
        "memory_mb": memory,
        "allocated_mb": allocated,
        "import_s": start_seconds([sys.executable, "-c", subject.imports], effort.starts),
    }


async def cpu_seconds(play: Play) -> float:
    """CPU seconds of playing, all threads together.

    Not wall-clock time, which on a busy machine depends on other processes. Replies are instant, so
    nothing waits.
    """
    gc.collect()
    start = time.process_time()
    await play()
    return time.process_time() - start


def turn_microseconds(subject: Subject, turns: int, effort: Effort) -> dict[str, float]:
    """Microseconds of framework time a turn: the median and the best of several repetitions.

    Short scenes are played one after the other until there are as many turns as in the longest:
    the first scene after a collection of garbage finds every cache cold, whatever its length.
    """
    scenes = max(1, max(LENGTHS) // turns)
    taken: list[float] = []
    while len(taken) < effort.least or (sum(taken) < effort.seconds and len(taken) < 100):
        plays = [subject.prepare(turns, 0.0) for _ in range(scenes)]
        taken.append(asyncio.run(cpu_seconds(partial(_in_turn, plays))))
    scale = 1e6 / (scenes * turns)
    return {"median": median(taken) * scale, "best": min(taken) * scale, "times": len(taken)}


async def _in_turn(plays: list[Play]) -> None:
    for play in plays:
        await play()


def concurrent_seconds(prepare: Callable[[], Play], scenes: int = SCENES) -> float:
    """Seconds on the wall for many scenes at once, with the latency of a model."""

    async def all_of_them() -> float:
        plays = [prepare() for _ in range(scenes)]
        gc.collect()
        start = time.perf_counter()
        await asyncio.gather(*(play() for play in plays))
        return time.perf_counter() - start

    return asyncio.run(all_of_them())


def peak_megabytes(play: Play) -> float:
    """The peak of the process's memory while a scene is played, above what it had before."""
    gc.collect()
    status = Path("/proc/self/status")
    try:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    except OSError:
        before = _peak_so_far()
        asyncio.run(cpu_seconds(play))
        return (_peak_so_far() - before) / 1024
    before = _kilobytes(status, "VmRSS:")
    asyncio.run(cpu_seconds(play))
    return (_kilobytes(status, "VmHWM:") - before) / 1024


def allocated_megabytes(play: Play) -> float:
    """The peak of what Python allocates while a scene is played.

    Resident memory can hide it: the imports leave holes behind, and a small scene fits into them.
    """
    gc.collect()
    tracemalloc.start()
    try:
        asyncio.run(cpu_seconds(play))
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def _peak_so_far() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "darwin" else peak


def _kilobytes(status: Path, field: str) -> float:
    line = next(line for line in status.read_text().splitlines() if line.startswith(field))
    return float(line.split()[1])


def start_seconds(command: list[str], starts: int) -> dict[str, float]:
    """CPU seconds of a process from its start to its end.

    The first start, which compiles, is not counted. On an idle machine this is the time on the
    wall, since nothing waits and nothing runs beside it.
    """
    taken = list(_starts(command, starts))
    return {"median": median(taken), "best": min(taken), "starts": len(taken)}


def _starts(command: list[str], starts: int) -> Iterable[float]:
    for number in range(starts + 1):
        start = _cpu_of_children()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if number:
            yield _cpu_of_children() - start


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
