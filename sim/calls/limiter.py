"""The limiter: how many calls are out at once, over all scenes of a run, and how a run stops.

A place is taken before the intent of a call is committed and given back after its reply is queued,
which is what bounds the calls in doubt.
"""

from __future__ import annotations

import asyncio
from collections import deque

from sim.errors import StageClosed
from sim.stage.base import Reply, Request, Stage, Wrapper


class Stopped(Exception):
    """No further call is made because the run is stopping. For the run, which catches it."""


class Limiter:
    """At most ``limit`` calls at once: turns and gauges before probes, else in order of arrival.

    After ``stop()`` nobody gets in any more: whoever asks waits until those inside are out and
    then gets ``Stopped``. They wait because a scene that is torn off at once would leave its
    probes, which are in flight, alone.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self.stopping = False
        self.reason: Exception | None = None
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()
        self._held: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[object]] = set()

    async def enter(self, urgent: bool) -> None:
        """Wait for a place. Raises ``Stopped`` if the run is stopping."""
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
            (self._urgent if urgent else self._patient).append(future)
        try:
            await future
        except asyncio.CancelledError:
            # The place may have been handed over in the same tick; it goes to the next.
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
        for queue in (self._urgent, self._patient):
            while queue:
                future = queue.popleft()
                if not future.done():
                    self.inside += 1
                    future.set_result(None)
                    return

    def stop(self) -> None:
        """Let nobody in any more. What is inside is not disturbed."""
        self.stopping = True
        self._held += [*self._urgent, *self._patient]
        self._urgent.clear()
        self._patient.clear()
        self._release_held()

    def close(self, reason: Exception) -> None:
        """Stop because no call can or may be made any more. The first reason is kept."""
        if self.reason is None:
            self.reason = reason
        self.stop()

    async def turned_away(self) -> Stopped:
        """Wait until those inside are out; what to raise then. After ``stop()`` only."""
        try:
            await self.enter(True)
        except Stopped as stopped:
            return stopped
        raise AssertionError("a limiter that was stopped let somebody in")

    def _release_held(self) -> None:
        if self.inside:
            return
        held, self._held = self._held, []
        for future in held:
            if not future.done():
                future.set_exception(Stopped())

    def abort(self) -> None:
        """Cancel every call, those in flight too: their intents stay in doubt."""
        self.stop()
        for task in list(self._tasks):
            task.cancel()


class Limited(Wrapper):
    """A stage whose calls take a place at the limiter; turns and gauges go before probes.

    A call that no patience can help (a wrong key) closes the limiter: the run ends.
    """

    def __init__(self, stage: Stage, limiter: Limiter) -> None:
        super().__init__(stage)
        self._limiter = limiter

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply, when there is a place. Raises ``Stopped``."""
        limiter = self._limiter
        await limiter.enter(request.purpose not in ("probe", "score"))
        try:
            return await self.stage.perform(request)
        except StageClosed as error:
            limiter.close(error)
        finally:
            limiter.leave()
        raise await limiter.turned_away()
