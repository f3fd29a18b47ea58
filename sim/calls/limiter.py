"""The limiter: a priority semaphore that bounds the calls in flight of a run, and stops the run.

A call holds a place from before its intent is committed until its reply is queued. This bounds the
number of calls in doubt after a kill.
"""

from __future__ import annotations

import asyncio
from collections import deque

from sim.calls.stopping import HALT, Halt, Stopped
from sim.errors import StageClosed
from sim.stage.base import Reply, Request, Stage, Wrapper


class Limiter:
    """At most ``limit`` calls at once: turns and gauges before probes, else in order of arrival.

    After ``stop()`` no call may start: ``enter()`` waits until the calls in flight are done and
    then raises ``Stopped``. It waits because a scene that was cut off at once would abandon its
    probes in flight. A call that has a place and waits, for room or for another attempt, is woken
    by ``halt``.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.halt = Halt()
        self.inside = 0
        self.stopping = False
        self.reason: Exception | None = None
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._not_urgent: deque[asyncio.Future[None]] = deque()
        self._held: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[object]] = set()

    async def enter(self, urgent: bool) -> None:
        """Wait for a place; ``urgent`` calls go first. Raises ``Stopped`` when the run stops."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        if not self.stopping and self.inside < self.limit:
            self.inside += 1
            return
        try:
            await self._wait(urgent)
        except BaseException:
            if task is not None:
                self._tasks.discard(task)
            raise

    async def _wait(self, urgent: bool) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.stopping:
            self._held.append(future)
            self._release_held()
        else:
            (self._urgent if urgent else self._not_urgent).append(future)
        try:
            await future
        except asyncio.CancelledError:
            # If the place was granted in the same tick, pass it on to the next.
            if future.done() and not future.cancelled() and future.exception() is None:
                self._free()
            raise

    def leave(self) -> None:
        """Give a place back."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.discard(task)
        self._free()

    def _free(self) -> None:
        self.inside -= 1
        if self.stopping:
            self._release_held()
            return
        for queue in (self._urgent, self._not_urgent):
            while queue:
                future = queue.popleft()
                if not future.done():
                    self.inside += 1
                    future.set_result(None)
                    return

    def stop(self) -> None:
        """Let no further call start. Calls in flight go on."""
        self.stopping = True
        self.halt.now()
        self._held += [*self._urgent, *self._not_urgent]
        self._urgent.clear()
        self._not_urgent.clear()
        self._release_held()

    def close(self, reason: Exception) -> None:
        """Stop for a reason: no further call can or may be made. The first reason is kept."""
        if self.reason is None:
            self.reason = reason
        self.stop()

    async def turned_away(self) -> Stopped:
        """After ``stop()``: wait until the calls in flight are done; the exception to raise."""
        try:
            await self.enter(True)
        except Stopped as stopped:
            return stopped
        raise AssertionError("a stopped limiter let a call start")

    def _release_held(self) -> None:
        if self.inside:
            return
        held, self._held = self._held, []
        for future in held:
            if not future.done():
                future.set_exception(Stopped())

    def abort(self) -> None:
        """Cancel every call, also those in flight, which are in doubt afterwards."""
        self.stop()
        for task in list(self._tasks):
            task.cancel()


class Limited(Wrapper):
    """A stage whose calls take a place at the limiter; turns and gauges go before probes.

    A call that can never go through (``StageClosed``: a wrong key) closes the limiter: the run
    ends.
    """

    def __init__(self, stage: Stage, limiter: Limiter) -> None:
        super().__init__(stage)
        self._limiter = limiter

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply, when there is a place. Raises ``Stopped``."""
        limiter = self._limiter
        await limiter.enter(request.purpose not in ("probe", "score"))
        token = HALT.set(limiter.halt)
        try:
            return await self.stage.perform(request)
        except StageClosed as error:
            limiter.close(error)
        except Stopped:
            pass  # It was waiting: now it waits with the others.
        finally:
            HALT.reset(token)
            limiter.leave()
        raise await limiter.turned_away()
