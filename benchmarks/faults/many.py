"""Many trials at once against a slow server: memory, open files and lag of the loop, over time.

    .tools/bin/uv run python -m benchmarks.faults.many [--trials 1000] [--latency 2] [--seconds 60]

Two parts. In the first, so many trials are played at once in this process; every two seconds the
turns, the memory, the open files and the longest lag of the event loop are written down, and the
last third of the time is compared with the one before. In the second, the command plays 300 trials
at once where a process may have 100 files open, and gets Ctrl-C: no trial may have failed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

EVERY = 2.0
"""Seconds between two samples."""
NAP = 0.02
"""The loop is asked to wake a task after so many seconds; what it takes longer is its lag."""
FEW_FILES = 100
FLAT = 1.25
"""Memory of the last third of the time, over that of the third before, at most."""


class Sample(NamedTuple):
    """A moment: seconds, turns stored, MB of memory, open files, and the longest lag (s) since."""

    seconds: float
    turns: int
    memory: float
    files: int
    lag: float


def turns_in(store: Path) -> int:
    """How many turns a store has."""
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
            counted = opened.execute("SELECT count(*) FROM events WHERE kind = 'turn'").fetchone()
    except sqlite3.OperationalError:  # it is not there yet
        return 0
    return int(counted[0])


def _memory(pid: int | str = "self") -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def watched(url: str, store: Path, trials: int, seconds: float) -> list[Sample]:
    """Play ``trials`` trials at once for so many seconds, and watch."""
    from sim import ModelOptions, RunOptions, Sampling, arun

    asking = ModelOptions(sampling=Sampling(base_url=url))
    options = RunOptions(concurrency=trials, asking=asking)
    played = asyncio.ensure_future(
        arun("water_sale", "openai:stub", trials=trials, store=store, options=options)
    )
    samples: list[Sample] = []
    began = seen = time.perf_counter()
    lag = 0.0
    while time.perf_counter() - began < seconds and not played.done():
        before = time.perf_counter()
        await asyncio.sleep(NAP)
        lag = max(lag, time.perf_counter() - before - NAP)
        if time.perf_counter() - seen >= EVERY:
            seen, files = time.perf_counter(), len(os.listdir("/proc/self/fd"))
            turns = turns_in(store)
            samples.append(Sample(seen - began, turns, _memory(), files, lag))
            lag = 0.0
    played.cancel()
    await asyncio.wait([played])
    return samples


def with_few_files(url: str, store: Path) -> dict[str, Any]:
    """The command with 300 trials at once and ``FEW_FILES`` open files at most, until Ctrl-C."""
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))

    line = [sys.executable, "-m", "sim.cli", "run", "water_sale", "-n", "300", "--concurrency",
            "300", "-m", "openai:stub", "--base-url", url, "--store", str(store)]  # fmt: skip
    process = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited,
    )
    time.sleep(12)
    process.send_signal(signal.SIGINT)
    began = time.perf_counter()
    _, told = process.communicate(timeout=60)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
        failed = opened.execute("SELECT count(*) FROM trials WHERE status = 'failed'").fetchone()[0]
        lost = opened.execute("SELECT count(*) FROM events WHERE kind = 'failure'").fetchone()[0]
    return {
        "ended": time.perf_counter() - began,
        "code": process.returncode,
        "failed": failed + lost,
        "turns": turns_in(store),
        "said": told.count("at most"),
        "traceback": "Traceback" in told,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, watch, print; 1 if something was not flat, failed, or did not end."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults.many", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds a reply")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args(arguments)
    os.environ.setdefault("OPENAI_API_KEY", "none")
    stub_server: Any = import_module("stub_server")
    with tempfile.TemporaryDirectory() as folder, stub_server.StubServer() as stub:
        stub.behave(latency=options.latency, words=20)
        few = with_few_files(stub.url, Path(folder) / "few.db")
        samples = asyncio.run(
            watched(stub.url, Path(folder) / "many.db", options.trials, options.seconds)
        )
    print("| seconds | turns | memory (MB) | open files | longest lag of the loop (s) |")
    print("|---|---|---|---|---|")
    for each in samples[:: max(1, len(samples) // 12)]:
        print(
            f"| {each.seconds:.0f} | {each.turns:,} | {each.memory:.0f} | {each.files:,} | "
            f"{each.lag:.2f} |"
        )
    third = max(1, len(samples) // 3)
    middle, last = samples[third : 2 * third], samples[2 * third :]
    growth = max(s.memory for s in last) / max(s.memory for s in middle)
    lag = max(s.lag for s in last)
    flat = growth <= FLAT and last[-1].turns > middle[0].turns
    whole = few["failed"] == 0 and few["code"] == 130 and not few["traceback"] and few["said"] == 1
    print(f"\n{options.trials:,} at once: memory of the last third over the third before "
          f"{growth:.2f} (at most {FLAT}), longest lag in it {lag:.2f} s")  # fmt: skip
    print(f"300 at once with {FEW_FILES} files: {few['turns']} turns, {few['failed']} failed, "
          f"Ctrl-C took {few['ended']:.1f} s, exit code {few['code']}")  # fmt: skip
    print("pass" if flat and whole else "MISS")
    return 0 if flat and whole else 1


if __name__ == "__main__":
    sys.exit(main())
