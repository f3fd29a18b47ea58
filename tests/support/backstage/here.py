"""A cluster within this process: workers on its event loop, which can be killed at any message.

The workers, the line and the desks are the real ones, and messages are pickled as on any cluster:
what is missing is another process.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from sim.runs.executors.remote.cluster import Cluster, WorkerLost
from sim.runs.executors.remote.executor import ClusterExecutor
from sim.runs.executors.remote.messages import Fault
from sim.runs.executors.remote.worker import Worker

HANDLE: ContextVar[HereHandle] = ContextVar("HANDLE")
"""The worker in which a call is made."""


class HereHandle:
    """A worker here. ``dies`` is asked before a batch is given to it, and after it gave one."""

    def __init__(self, dies: Callable[[], bool], with_its_node: bool) -> None:
        self.worker = Worker()
        self.dead = asyncio.Event()
        self._dies = dies
        self._with_its_node = with_its_node

    async def begin(self, setup: bytes) -> Fault | None:
        return await self.worker.begin(setup)

    async def exchange(self, batch: bytes) -> bytes:
        self._perhaps()
        HANDLE.set(self)
        exchange = asyncio.create_task(self.worker.exchange(batch))
        dead = asyncio.create_task(self.dead.wait())
        try:
            await asyncio.wait([exchange, dead], return_when=asyncio.FIRST_COMPLETED)
            # What was collected is lost on the way.
            self._perhaps()
            return exchange.result()
        finally:
            exchange.cancel()
            dead.cancel()

    async def deliver(self, batch: bytes) -> None:
        if self.dead.is_set():
            raise WorkerLost("it was killed")
        HANDLE.set(self)
        await self.worker.deliver(batch)

    async def close(self) -> None:
        await self.worker.close()

    def end(self) -> None:
        self.kill()

    async def lost_with_its_node(self) -> bool:
        return self._with_its_node

    def kill(self) -> None:
        """As SIGKILL: nothing of it goes on, and nothing that it still says is heard."""
        self.dead.set()
        for task in self.worker._tasks:
            task.cancel()

    def _perhaps(self) -> None:
        if self._dies():
            self.kill()
        if self.dead.is_set():
            raise WorkerLost("it was killed")


class HereExecutor(ClusterExecutor):
    """Plays in workers here. ``dies`` is asked at each message; ``with_its_node`` excuses it."""

    def __init__(
        self,
        dies: Callable[[], bool] = lambda: False,
        *,
        with_its_node: bool = False,
        **how: Any,
    ) -> None:
        super().__init__(**how)
        self.dies = dies
        self.with_its_node = with_its_node
        self.started: list[HereHandle] = []

    def connect(self) -> Cluster:
        return self

    def processors(self) -> int:
        return 3

    def start(self) -> HereHandle:
        handle = HereHandle(self.dies, self.with_its_node)
        self.started.append(handle)
        return handle

    def pickled(self, value: Any) -> bytes:
        return pickle.dumps(value)
