"""Calls of a function on a Ray cluster, one for each part of what is to be measured.

What is called follows from its argument alone, so Ray may call it again where a node was lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sim.errors import BadRequest
from sim.runs.executors.remote.worker import program

TRIES = 5
"""Nodes that may be lost under one call."""


class RayTasks:
    """Calls on the cluster to which ``ray`` is connected, ``workers`` of them at once. Each takes
    ``cpus`` processors."""

    def __init__(self, ray: Any, workers: int, cpus: float) -> None:
        self.workers = workers
        self._ray = ray
        self._call = ray.remote(num_cpus=cpus, max_retries=TRIES)(called)

    def map(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterator[Any]:
        """What ``work`` returns for each part, in their order.

        Raises what it raised there, and ``BadRequest`` if a node has another Elsinore.
        """
        under_way: deque[Any] = deque()
        waiting = iter(parts)
        try:
            for part in waiting:
                under_way.append(self._call.remote(program(), work, part))
                if len(under_way) > self.workers:
                    yield self._result(under_way.popleft())
            while under_way:
                yield self._result(under_way.popleft())
        finally:
            for each in under_way:
                self._ray.cancel(each)

    def _result(self, call: Any) -> Any:
        try:
            found, there = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            # As it was raised there; Ray's own has the traceback for its text.
            raise error.cause from None
        if there != program():
            raise BadRequest(
                f"a worker has {there}, and this process {program()}: install the same on all nodes"
            )
        return found


def called(wanted: str, work: Callable[[Any], Any], part: Any) -> tuple[Any, str]:
    """What ``work`` returns, and which program returned it; nothing if it is not the one wanted."""
    there = program()
    return (work(part) if there == wanted else None), there
