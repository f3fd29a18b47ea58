"""A network that is cut between two namespaces of this machine, and healed.

One node of the cluster is in a network namespace of its own, at the other end of a pair of virtual
cables. The cable is taken down while scenes play there and on a node on this side, stays down for
longer than Ray waits for a sign of life, and is put up again. What is to be seen: whether the run
went on meanwhile, whether the node came back by itself, what became of it when it was started again
as a user would, and whether anything was lost. It needs root, Linux and ``ip`` (iproute2).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.cluster_nodes import MEMORY, Listener, planned, play, same_bytes, sound
from sim.runs.executors.ray import RayExecutor, ray_module
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials

HERE, THERE = "10.213.77.1", "10.213.77.2"
SLOW = "fixed:Yes.|No.|Perhaps.?latency=0.5"
AT_ONCE = 8
"""Trials at once: so many are played only if both sides play."""

LIMIT = 120.0
"""Seconds after which something should have happened that did not."""

BEYOND = 10.0
"""Seconds that the cable stays down after Ray has missed the node."""

BACK = 30.0
"""Seconds in which a node may come back by itself."""


class Link:
    """A namespace at the other end of a cable."""

    def __init__(self) -> None:
        name = secrets.token_hex(3)
        self.space, self.near, self.far = f"elsinore-{name}", f"el{name}n", f"el{name}f"

    def begin(self) -> None:
        """Make it. Raises ``OSError`` or ``subprocess.CalledProcessError`` where that cannot be."""
        _ip("netns", "add", self.space)
        _ip("link", "add", self.near, "type", "veth", "peer", self.far, "netns", self.space)
        _ip("addr", "add", f"{HERE}/30", "dev", self.near)
        _ip("link", "set", self.near, "up")
        _ip("-n", self.space, "addr", "add", f"{THERE}/30", "dev", self.far)
        _ip("-n", self.space, "link", "set", self.far, "up")
        _ip("-n", self.space, "link", "set", "lo", "up")

    def end(self) -> None:
        """Remove it, with the cable."""
        for arguments in (("link", "del", self.near), ("netns", "del", self.space)):
            with suppress(OSError, subprocess.CalledProcessError):
                _ip(*arguments)

    def put(self, state: str) -> None:
        """Take the cable ``down``, or put it ``up``."""
        _ip("link", "set", self.near, state)

    def processes(self) -> list[int]:
        """Those on the other side."""
        found = subprocess.run(
            ["ip", "netns", "pids", self.space], capture_output=True, text=True, check=False
        )
        return [int(each) for each in found.stdout.split()]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Far:
    """The node on the other side: a raylet that is started there as a user would start it."""

    def __init__(self, link: Link, address: str) -> None:
        self._link = link
        self._address = address
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start it."""
        self._processes.append(
            subprocess.Popen(
                ["ip", "netns", "exec", self._link.space, sys.executable, "-m",
                 "ray.scripts.scripts", "start", f"--address={self._address}",
                 f"--node-ip-address={THERE}", "--num-cpus=1", f"--object-store-memory={MEMORY}",
                 "--block"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
        )  # fmt: skip

    @property
    def ended(self) -> bool:
        """Whether the last one that was started has ended."""
        return self._processes[-1].poll() is not None

    def plays(self) -> bool:
        """Whether the process of a worker lives there (Ray titles it so)."""
        for process in self._link.processes():
            with suppress(OSError):
                title = Path(f"/proc/{process}/cmdline").read_bytes()
                if title.startswith(b"ray::Worker"):
                    return True
        return False

    def end(self) -> None:
        """End all that is left of it: whatever is in the namespace."""
        for process in self._link.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for each in self._processes:
            each.wait()


@contextmanager
def across(link: Link) -> Iterator[tuple[Any, Far]]:
    """A head and a node on this side, and one on the other."""
    ray = ray_module()
    from ray.cluster_utils import Cluster

    common: dict[str, Any] = {"object_store_memory": MEMORY, "node_ip_address": HERE}
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, **common},
    )
    far = Far(link, cluster.address)
    try:
        cluster.add_node(num_cpus=1, **common)
        ray.init(cluster.address, log_to_driver=False, _node_ip_address=HERE)
        far.start()
        _until(lambda: _alive(ray), "the node in the namespace did not start")
        yield ray, far
    finally:
        ray.shutdown()
        far.end()
        cluster.shutdown()  # type: ignore[no-untyped-call]


def _alive(ray: Any) -> bool:
    """Whether Ray takes a node on the other side for alive."""
    return any(node["Alive"] and node["NodeManagerAddress"] == THERE for node in ray.nodes())


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > LIMIT:
            raise TimeoutError(otherwise)
        time.sleep(0.25)


class Story:
    """What happens while scenes play, and what was seen of it."""

    def __init__(self, link: Link, far: Far, ray: Any, listener: Listener) -> None:
        self.figures: dict[str, Any] = {}
        self._link = link
        self._far = far
        self._ray = ray
        self._listener = listener

    async def tell(self) -> None:
        """Cut, heal, start the node again."""
        figures, link, far, listener = self.figures, self._link, self._far, self._listener
        await self._after(lambda: listener.playing == AT_ONCE and bool(listener.turns))
        figures["turns_before_the_cut"] = listener.turns
        link.put("down")
        missed = await self._after(lambda: not _alive(self._ray))
        heard = listener.turns
        await asyncio.sleep(BEYOND)
        figures["seconds_until_it_was_missed"] = missed
        figures["turns_while_it_was_missed"] = listener.turns - heard
        figures["still_playing_when_healed"] = far.plays()
        link.put("up")
        with suppress(TimeoutError):
            await self._after(lambda: _alive(self._ray) or far.ended, BACK)
        await asyncio.sleep(1)
        figures["came_back_by_itself"] = _alive(self._ray)
        if not _alive(self._ray):
            figures["ended_by_itself"] = far.ended
            far.end()
            far.start()
            await self._after(lambda: _alive(self._ray))
        figures["seconds_until_it_played_again"] = await self._after(
            lambda: listener.playing == AT_ONCE
        )
        figures["turns_when_it_played_again"] = listener.turns

    async def _after(self, reached: Callable[[], bool], limit: float = LIMIT) -> float:
        began = time.monotonic()
        async with asyncio.timeout(limit):
            while not reached():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.25)
        return round(time.monotonic() - began, 1)


def network(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The cable is taken down and put up again while scenes play on both sides."""
    link = Link()
    try:
        link.begin()
    except (OSError, subprocess.CalledProcessError) as error:
        link.end()
        why = (getattr(error, "stderr", "") or str(error)).strip()
        print(f"network namespaces cannot be made here, and nothing was measured: {why}")
        return {"not_measured": why}
    scenes, turns = options.scenes or 120, options.turns or 20
    trials, stages = planned(SLOW, scenes, turns)
    listener = Listener()
    try:
        play(trials, stages, folder / "here.db", Listener(), concurrency=scenes)
        with across(link) as (ray, far):
            story = Story(link, far, ray, listener)

            async def main() -> RunReport:
                how = RunOptions(concurrency=AT_ONCE, executor=RayExecutor(workers=2))
                run = asyncio.create_task(
                    run_trials(trials, stages, folder / "there.db", how, watch=listener)
                )
                await story.tell()
                return await run

            report = asyncio.run(main())
    finally:
        link.end()
    return {
        "scenes": scenes, "turns": listener.turns, **story.figures,
        "in_doubt": len(report.in_doubt), "same_bytes": same_bytes(folder), "sound": sound(folder),
    }  # fmt: skip
