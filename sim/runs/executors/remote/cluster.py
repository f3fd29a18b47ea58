"""What carries messages to workers: a cluster starts them, and says when one is gone."""

from __future__ import annotations

from typing import Any, Protocol

from sim.runs.executors.remote.messages import Fault


class WorkerLost(Exception):
    """A worker is gone, or cannot be reached any more."""


class Handle(Protocol):
    """A worker that was started. Its methods raise ``WorkerLost``, all but ``end``."""

    async def begin(self, setup: bytes) -> Fault | None:
        """Wait until there is room for it and it has opened the stages; why it cannot."""
        ...

    async def exchange(self, batch: bytes) -> bytes:
        """Send messages, and wait for some."""
        ...

    async def deliver(self, batch: bytes) -> None:
        """Send messages."""
        ...

    async def close(self) -> None:
        """Have it close its stages."""
        ...

    def end(self) -> None:
        """End it, whatever it does. May be called twice."""
        ...

    async def lost_with_its_node(self) -> bool:
        """Whether it was lost because its node was."""
        ...


class Cluster(Protocol):
    """Where workers are started."""

    def processors(self) -> int:
        """How many workers there is room for, at least 1."""
        ...

    def start(self) -> Handle:
        """A new worker."""
        ...

    def pickled(self, value: Any) -> bytes:
        """A value as bytes, with the functions that no module of a worker has."""
        ...
