"""A million turns in one store: memory while they are played, and what reading them takes.

``million`` plays (50,000 scenes of 20 turns) on two workers and samples the resident memory of the
driver and of each worker's process. Flat is: what a straight line through the samples of the second
half gains over that half. ``readers`` then has the commands of Elsinore read the store, each in a
process of its own, with its time and its peak of memory. Both take ``--store``, since that is made
once and read often; without it ``million`` throws its store away.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cluster_nodes import Listener, nodes, planned, play, processes_of_workers
from sim.runs.executors.ray import RayExecutor
from sim.store import open_store

SCENES, TURNS, WORKERS = 50_000, 20, 2
PAGE = resource.getpagesize()
LEAST_FREE = 3 * 2**30
"""Bytes of memory of this machine below which a reader is ended, for the sake of what else runs."""

Sample = tuple[float, int, int, dict[int, int]]
"""Seconds, turns, bytes of the driver, and of each worker by its process."""


class Sampler:
    """The resident memory of this process and of its workers, each few seconds."""

    def __init__(self, turns: Callable[[], int], every: float) -> None:
        self.samples: list[Sample] = []
        self._turns = turns
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        began = time.monotonic()
        while not self._over.wait(self._every):
            turns = self._turns()
            if turns:
                workers = {each: resident(each) for each in processes_of_workers()}
                at = time.monotonic() - began
                self.samples.append((at, turns, resident(os.getpid()), workers))

    def figures(self) -> dict[str, Any]:
        """Megabytes by the share of turns that was played, and what the second half gained."""
        half = self.samples[-1][1] / 2
        later = [each for each in self.samples if each[1] >= half]
        turns = [each[1] for each in later]
        driver = [each[2] / 2**20 for each in later]
        names = sorted(set.intersection(*(set(each[3]) for each in later)))
        found: dict[str, Any] = {"samples": len(self.samples)}
        found["driver"] = _line(turns, driver) | self._by_turns(lambda each: each[2])
        for number, name in enumerate(names, 1):
            of_worker = _line(turns, [each[3][name] / 2**20 for each in later])
            at_turns = self._by_turns(partial(_of_worker, name))
            found[f"worker {number}"] = of_worker | at_turns
        return found

    def _by_turns(self, memory: Callable[[Sample], int]) -> dict[str, dict[int, float]]:
        most = self.samples[-1][1]
        marks = [most * tenth // 10 for tenth in range(1, 11)]
        nearest = [min(self.samples, key=lambda each: abs(each[1] - mark)) for mark in marks]
        return {"mb_by_turns": {each[1]: round(memory(each) / 2**20, 1) for each in nearest}}


def _of_worker(process: int, sample: Sample) -> int:
    return sample[3].get(process, 0)


def _line(turns: Sequence[int], megabytes: Sequence[float]) -> dict[str, float]:
    slope = statistics.linear_regression(turns, megabytes).slope if len(turns) > 1 else 0.0
    return {
        "peak_mb": round(max(megabytes), 1),
        "gained_mb_over_second_half": round(slope * (turns[-1] - turns[0]), 2),
        "bytes_a_turn": round(slope * 2**20, 2),
    }


def resident(process: int) -> int:
    """The resident memory of a process in bytes; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def million(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Play a million turns, and sample memory meanwhile."""
    scenes, turns = options.scenes or SCENES, options.turns or TURNS
    trials, stages = planned("embedded:base", scenes, turns)
    listener = Listener()
    store = Path(options.store) if options.store else folder / "million.db"
    with nodes(WORKERS), Sampler(lambda: listener.turns, options.every) as sampler:
        report = play(
            trials, stages, store, listener, concurrency=64, executor=RayExecutor(workers=WORKERS)
        )
        seconds = time.perf_counter() - listener.first
        processor = time.process_time() - listener.processor
    return {
        "scenes": scenes,
        "turns": listener.turns,
        "statuses": sorted({trial.status for trial in report.trials}),
        "seconds": seconds,
        "turns_a_second": listener.turns / seconds,
        "processor_seconds_a_turn": processor / listener.turns,
        "store_bytes": store.stat().st_size,
        "memory": sampler.figures(),
    }


def readers(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Have a store verified, analysed, reported and viewed; seconds and peaks of memory."""
    if not options.store:
        raise SystemExit("readers: --store FILE says which store is read; million makes one")
    store = str(options.store)
    found: dict[str, Any] = {"store_bytes": Path(store).stat().st_size}
    began = time.perf_counter()
    with open_store(store) as opened:
        ids = opened.ids()
        opened.transcript(ids[len(ids) // 2])
    found["open, and one transcript"] = {"seconds": time.perf_counter() - began}
    found["trials"] = len(ids)
    commands = {
        "verify": ["verify", store],
        "show": ["show", store, "--json"],
        "watch": ["watch", store, "--once"],
        "export": ["export", store, "-o", str(folder / "all.jsonl")],
        "report": ["report", store, "-o", str(folder / "report.html")],
        "analyze, one measure": ["analyze", store, "--measure", "conflict"],
        "analyze, without meaning": ["analyze", store, "--no-meaning"],
        "analyze": ["analyze", store],
    }
    for name, command in commands.items():
        if options.only is None or name in options.only:
            found[name] = _run(command, folder)
            print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
            (folder / "all.jsonl").unlink(missing_ok=True)
    if options.only is None or "view" in options.only:
        found["view"] = _viewed(store, ids[len(ids) // 2])
    return found


def _run(command: Sequence[str], folder: Path) -> dict[str, Any]:
    """Run a command; its seconds and its peak of memory."""
    with (folder / "output").open("wb") as output:
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "sim.cli", *command], stdout=output, stderr=output
        )
        ended = threading.Event()
        watch = threading.Thread(target=_end_if_memory_lacks, args=(child.pid, ended))
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        ended.set()
        watch.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    found: dict[str, Any] = {
        "seconds": round(seconds, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 2**10),
    }
    if child.returncode:
        text = (folder / "output").read_text(errors="replace").strip()
        found |= {"exit": child.returncode, "said": text[-300:]}
    return found


def _end_if_memory_lacks(process: int, ended: threading.Event) -> None:
    while not ended.wait(0.5):
        lines = Path("/proc/meminfo").read_text().splitlines()
        [free] = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
        if free < LEAST_FREE:
            os.kill(process, signal.SIGKILL)
            return


def _viewed(store: str, trial: str) -> dict[str, Any]:
    """The answers of the viewer's server: the list, twice, and a trial."""
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "sim.cli", "view", store],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    address = child.stdout.readline().strip()
    found: dict[str, Any] = {"listens": {"seconds": round(time.perf_counter() - began, 2)}}
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    origin = address.partition("/?")[0]
    pages = {
        "the list": address, "the list again": f"{origin}/", "a trial": f"{origin}/trial/{trial}",
    }  # fmt: skip
    for name, page in pages.items():
        began = time.perf_counter()
        with opener.open(page, timeout=600) as answer:
            size = len(answer.read())
        found[name] = {"seconds": round(time.perf_counter() - began, 2), "bytes": size}
    child.send_signal(signal.SIGINT)
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    found["peak_mb"] = round(usage.ru_maxrss / 2**10)
    return found
