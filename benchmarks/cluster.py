"""What trials on a Ray cluster cost, whether they lose anything, and what a million scenes take.

    python -m benchmarks.cluster constants     # processor time and bytes of a turn; 50 ms a call
    python -m benchmarks.cluster wall          # a process beside a worker, at 50 ms a reply
    python -m benchmarks.cluster throughput    # two workers beside one, on the embedded stage
    python -m benchmarks.cluster limits        # a provider's limit over eight workers
    python -m benchmarks.cluster same          # nodes are killed: the same bytes as in one process
    python -m benchmarks.cluster chaos         # workers, nodes and drivers are killed at random
    python -m benchmarks.cluster network       # a cable between two namespaces is cut, and healed
    python -m benchmarks.cluster million       # a million turns: memory; with --store FILE, kept
    python -m benchmarks.cluster readers       # that store verified, analysed, reported, viewed
    python -m benchmarks.cluster analysis      # a study of 10,000 trials measured here and there
    python -m benchmarks.cluster model         # what was measured, and what follows from it

Each part keeps its figures in ``--out`` (JSON), where ``model`` reads them; parts can be repeated
one by one. The cluster is of nodes on this machine (``ray.cluster_utils.Cluster``). Where others
use the machine, wall times want ``nice -n -15`` before the command, which root may write.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.cluster_analysis import analysis
from benchmarks.cluster_chaos import chaos, driver
from benchmarks.cluster_million import million, readers
from benchmarks.cluster_model import Constants, lines
from benchmarks.cluster_network import network
from benchmarks.cluster_nodes import Listener, nodes, planned, play, same_bytes, sound, timed
from sim.calls.guard import ModelOptions
from sim.runs.executors.ray import RayExecutor
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.stage.providers.sampling import Sampling

SLOW = "fixed:I measured that spring for thirty years.|No.?latency=0.05"


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


def wall(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """100 scenes of 30 turns at 50 ms a reply: this process beside one worker, in turns.

    From the first trial to the last turn, and with what comes before and after: opening the store,
    starting the worker's process (a fixed cost of a run) and closing it.
    """
    trials, stages = planned(SLOW, options.scenes or 100, 30)
    found: dict[str, list[dict[str, float]]] = {"local": [], "ray": []}
    with nodes(1):
        for again in range(options.again):
            for name in found:
                executor = RayExecutor(workers=1) if name == "ray" else None
                listener = Listener()
                load = os.getloadavg()[0]
                began = time.perf_counter()
                play(
                    trials,
                    stages,
                    folder / f"{name}{again}.db",
                    listener,
                    concurrency=100,
                    executor=executor,
                )
                ended = time.perf_counter()
                found[name].append({
                    "before": listener.first - began, "playing": listener.last - listener.first,
                    "after": ended - listener.last, "load": load,
                })  # fmt: skip

    def ratio(of: Callable[[dict[str, float]], float]) -> dict[str, float]:
        local, ray = ([of(each) for each in found[name]] for name in ("local", "ray"))
        pairs = [there / here for here, there in zip(local, ray, strict=True)]
        return {
            "of_the_medians": statistics.median(ray) / statistics.median(local),
            "of_the_best": min(ray) / min(local),
            "least": min(pairs), "median": statistics.median(pairs), "most": max(pairs),
        }  # fmt: skip

    return {
        "ratio_playing": ratio(lambda each: each["playing"]),
        "ratio_with_start_and_end": ratio(
            lambda each: each["before"] + each["playing"] + each["after"]
        ),
        "rounds": found,
    }


def throughput(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Turns a second with one worker and with two, on the embedded stage, in turns: with 32 scenes
    at once, and with 256, where a worker has more to do while the others are committed."""
    trials, stages = planned("embedded:base", options.scenes or 2000, 10)
    rates: dict[int, dict[int, list[float]]] = {32: {1: [], 2: []}, 256: {1: [], 2: []}}
    with nodes(2):
        for again in range(options.again):
            for at_once, found in rates.items():
                for workers, known in found.items():
                    timing = timed(
                        trials, stages, folder / f"{at_once}-{workers}-{again}.db",
                        concurrency=at_once, executor=RayExecutor(workers=workers),
                    )  # fmt: skip
                    known.append(timing["turns"] / timing["seconds"])
    best = {
        at_once: {workers: max(known) for workers, known in found.items()}
        for at_once, found in rates.items()
    }
    ratios = {at_once: found[2] / found[1] for at_once, found in best.items()}
    return {"turns_a_second": best, "ratio": ratios, "all": rates}


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
        "in_doubt": len(report.in_doubt), "same_bytes": same_bytes(folder), "sound": sound(folder),
    }  # fmt: skip


PARTS = {
    "constants": constants, "wall": wall, "throughput": throughput, "limits": limits, "same": same,
    "chaos": chaos, "network": network, "million": million, "readers": readers,
    "analysis": analysis, "driver": driver,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure a part, or print what follows; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*PARTS, "model"])
    parser.add_argument("--out", type=Path, default=Path("cluster.json"), help="the figures")
    parser.add_argument("--scenes", type=int, help="how many scenes (each part has its own)")
    parser.add_argument("--again", type=int, default=2, help="repetitions (but of limits)")
    parser.add_argument("--limit", type=int, default=600, help="requests a minute (limits)")
    parser.add_argument("--seconds", type=float, default=130, help="how long (limits)")
    parser.add_argument("--kills", type=int, default=100, help="how many (chaos)")
    parser.add_argument("--seed", type=int, default=0, help="of the kills (chaos)")
    parser.add_argument("--store", help="where million writes and readers read; of a driver")
    parser.add_argument("--every", type=float, default=5, help="seconds of a sample (million)")
    parser.add_argument("--only", action="append", help="one of the readers; may be repeated")
    for name in ("--address", "--url"):
        parser.add_argument(name, help="of a driver")
    parser.add_argument("--turns", type=int, help="of a scene (million, chaos); of a driver")
    options = parser.parse_args(arguments)
    if options.part != "driver":
        # Before Ray is loaded: a token of its own, and no word to anybody.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
        # Workers that yield to all else on the machine, as Ray has it, would wait for that, while
        # one process does not.
        os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
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
        "python": platform.python_version(), "niceness": os.nice(0),
    }  # fmt: skip
    options.out.write_text(json.dumps(known | {options.part: found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
