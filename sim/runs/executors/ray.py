"""Trials on a Ray cluster: workers play, this process alone writes the store.

Each worker is a Ray actor. It plays many trials on one event loop, and sends what they record to
its desk here (``remote``). A worker that is lost is replaced, and its trials go on from what is
committed, as after a kill.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

from sim.errors import BadRequest
from sim.runs.executors.ray_tasks import RayTasks
from sim.runs.executors.remote.cluster import Cluster, Handle, WorkerLost
from sim.runs.executors.remote.executor import ClusterExecutor
from sim.runs.executors.remote.losses import TRIES
from sim.runs.executors.remote.messages import Fault
from sim.runs.executors.remote.recipes import Opener
from sim.runs.executors.remote.worker import Worker

NOTICED = 10.0
"""Seconds after which the cluster has noticed that a node is gone."""


class RayExecutor(ClusterExecutor):
    """Plays trials on a Ray cluster.

    ``address`` is that of the head (``HOST:PORT``, or ``auto`` for the cluster of this machine);
    None starts a cluster on this machine, unless the process is connected to one. Each worker takes
    ``cpus`` processors of a node, and there are as many ``workers`` as the cluster has processors
    for. ``stages`` and ``tries`` are as in ``ClusterExecutor``. Raises ``BadRequest``.

    >>> RayExecutor("ray://head:10001")
    Traceback (most recent call last):
    ...
    sim.errors.BadRequest: --address ray://head:10001: start this on a node of the cluster and \
write HOST:PORT or auto; turns would pass through Ray's proxy one by one
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        cpus: float = 1.0,
        stages: Mapping[str, Opener] | None = None,
        tries: int = TRIES,
    ) -> None:
        super().__init__(workers=workers, stages=stages, tries=tries)
        if address is not None and address.startswith("ray://"):
            raise BadRequest(
                f"--address {address}: start this on a node of the cluster and write HOST:PORT or "
                "auto; turns would pass through Ray's proxy one by one"
            )
        if not cpus >= 0:
            raise BadRequest(f"cpus: {cpus!r} is no number of processors; give 0 or more")
        self.address = address
        self.cpus = cpus

    def connect(self) -> Cluster:
        """The cluster. Raises ``BadRequest`` if Ray is not installed or cannot be reached."""
        return _RayCluster(_connected(self.address), self.cpus)

    def mapper(self) -> RayTasks:
        """What calls functions on the cluster. Raises ``BadRequest`` as ``connect``."""
        cluster = _RayCluster(_connected(self.address), self.cpus)
        return RayTasks(cluster.ray, self.workers or cluster.processors(), self.cpus)


class _RayCluster:
    """The cluster to which this process is connected."""

    def __init__(self, ray: Any, cpus: float) -> None:
        self.ray = ray
        self.cpus = cpus
        # Made once: Ray keeps each class that was made, and there may be many starts.
        self._worker = ray.remote(num_cpus=cpus, max_restarts=0, max_task_retries=0)(Worker)
        _send_scenarios_whole()

    def processors(self) -> int:
        found = self.ray.cluster_resources().get("CPU", 0.0)
        return max(1, int(found / (self.cpus or 1.0)))

    def start(self) -> Handle:
        return _Actor(self.ray, self._worker.remote())

    def pickled(self, value: Any) -> bytes:
        packed: bytes = self.ray.cloudpickle.dumps(value)
        return packed


class _Actor:
    """A worker that is a Ray actor."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray = ray
        self._actor = actor
        self._node = ""
        self._why = ""

    async def begin(self, setup: bytes) -> Fault | None:
        fault: Fault | None = await self._reached(self._actor.begin.remote(setup))
        self._node = await self._reached(self._actor.__ray_call__.remote(_node))
        return fault

    async def exchange(self, batch: bytes) -> bytes:
        received: bytes = await self._reached(self._actor.exchange.remote(batch))
        return received

    async def deliver(self, batch: bytes) -> None:
        await self._reached(self._actor.deliver.remote(batch))

    async def close(self) -> None:
        await self._reached(self._actor.close.remote())

    def end(self) -> None:
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(self._actor)

    async def lost_with_its_node(self) -> bool:
        # A node reports the death of a worker at once; nobody reports that of a node, which the
        # cluster finds out by the silence.
        for _ in range(int(NOTICED / 0.2)):
            if "worker process has died" in self._why:
                return False
            nodes = self._ray.nodes()
            if self._node not in {node["NodeID"] for node in nodes if node["Alive"]}:
                return True
            await asyncio.sleep(0.2)
        return False

    async def _reached(self, answer: Awaitable[Any]) -> Any:
        exceptions = self._ray.exceptions
        try:
            return await answer
        except (
            exceptions.RayActorError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.WorkerCrashedError,
        ) as error:
            self._why = str(error)
            raise WorkerLost(self._why) from error


def _node(_: Any) -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


def ray_module() -> Any:
    """Ray itself, imported. Raises ``BadRequest`` if it is not installed."""
    # Under `uv run` Ray would send the working folder to the workers and have uv install it there,
    # without the extras and without what else is in this environment. Nodes have Elsinore already.
    # Ray reads this when it is imported.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray
    except ImportError:
        raise BadRequest(
            "--executor ray: Ray is not installed; pip install 'elsinore[ray]' on all nodes"
        ) from None
    return ray


def _connected(address: str | None) -> Any:
    """Ray, connected to a cluster. Ray's own signal handlers are not kept: a run has its own."""
    ray = ray_module()
    if ray.is_initialized():
        return ray
    signals = [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(each) for each in signals]
    how: dict[str, Any] = {} if address is not None else {"include_dashboard": False}
    try:
        ray.init(
            address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **how
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        where = "--executor ray: no cluster of this machine's own could be started"
        if address is not None:
            where = f"--address {address}: no Ray cluster answers there"
        raise BadRequest(
            f"{where} ({reason}); start one with `ray start --head` and name its HOST:PORT; "
            "if it asks for a token, RAY_AUTH_MODE=token has to be set here, too"
        ) from None
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
    return ray


def _send_scenarios_whole() -> None:
    """Have the functions of a user's own file travel whole: no worker has that module."""
    from ray import cloudpickle

    for name, module in list(sys.modules.items()):
        if name.startswith("elsinore_scenario_"):
            cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
