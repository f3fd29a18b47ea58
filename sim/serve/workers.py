"""The workers of a server: processes that are started as they are needed, and killed when late.

Short requests and long ones have places of their own. A short one that turns out to be long goes to
the long ones. Work ends when its time is over, when its client goes away and when the server stops.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from sim.serve.bounds import Bounds
from sim.serve.errors import Refused
from sim.serve.worker import OUT_OF_MEMORY, OUT_OF_TIME, READY

_START_SECONDS = 60.0
_AT_ONCE_READ = 1 << 20
_CLOCK_OVER_CPU = 6.0
"""A worker times its own work in CPU seconds, so that what is refused does not depend on how busy
the machine is. One that gets less than a sixth of a core is ended by the clock."""


class Answered(NamedTuple):
    """What a worker answered; ``streamed`` if the body is a stream of events."""

    status: int
    streamed: bool
    body: bytes


class Died(Exception):
    """A worker ended in the middle of its work, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"a worker ended with {code}")
        self.code = code


class Worker:
    """One process. ``fresh`` until it has answered something."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.fresh = True

    @classmethod
    async def started(cls, memory_bytes: int, names: Sequence[str]) -> Self:
        """A worker that is ready. ``names`` are the models that are served."""
        process = await asyncio.create_subprocess_exec(
            # Safe path: a random.py in the user's folder is not Python's.
            *(sys.executable, "-P", "-m", "sim.serve.worker", str(memory_bytes), *names),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            limit=_AT_ONCE_READ,
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                if await worker._lines.readline() != READY:
                    raise Died(await process.wait())
        except TimeoutError:
            await worker.kill()
            raise RuntimeError(f"no worker started within {_START_SECONDS:g} s") from None
        except BaseException:
            await worker.kill()
            raise
        return worker

    async def answer(self, kind: str, body: bytes, seconds: float) -> Answered:
        """The answer to one request.

        Raises ``TimeoutError`` after ``seconds`` of CPU time, and ``Died``. After these, and if it
        is cancelled, the worker is dead.
        """
        assert self.process.stdin is not None
        head = b"%s %d %f\n" % (kind.encode(), len(body), seconds)
        try:
            async with asyncio.timeout(seconds * _CLOCK_OVER_CPU):
                self.process.stdin.write(head)
                self.process.stdin.write(body)
                await self.process.stdin.drain()
                status, streamed, length = map(int, (await self._lines.readuntil()).split())
                answer = Answered(status, bool(streamed), await self._lines.readexactly(length))
        except (EOFError, ConnectionError):
            code = await self.process.wait()
            raise TimeoutError if code == OUT_OF_TIME else Died(code) from None
        except BaseException:
            await self.kill()
            raise
        self.fresh = False
        return answer

    async def kill(self) -> None:
        """End it, whatever it does."""
        if self.process.returncode is None:
            self.process.kill()
        # To the end, also if this is cancelled: it is a matter of milliseconds.
        await asyncio.shield(self.process.wait())

    @property
    def _lines(self) -> asyncio.StreamReader:
        assert self.process.stdout is not None
        return self.process.stdout


@dataclass(slots=True)
class _Queue:
    """Requests that share their places."""

    what: str
    seconds: float
    most: int
    places: asyncio.Semaphore
    inside: int = field(default=0)


class Workers:
    """All workers of a server; a context, within which they can be asked."""

    def __init__(self, names: Sequence[str], bounds: Bounds) -> None:
        self.names = tuple(names)
        self.bounds = bounds
        self._idle: list[Worker] = []
        self._started: set[Worker] = set()
        self._short, self._long = (
            _Queue(what, seconds, most, asyncio.Semaphore(bounds.processes))
            for what, seconds, most in (
                ("short", bounds.short_seconds, bounds.short_at_once),
                ("long", bounds.long_seconds, bounds.long_at_once),
            )
        )

    async def __aenter__(self) -> Self:
        self._idle.append(await self._worker())
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(worker.kill() for worker in self._started))

    async def answer(self, kind: str, body: bytes) -> Answered:
        """The answer to a request to ``chat`` or ``completions``. Raises ``Refused``."""
        if len(body) <= self.bounds.short_bytes:
            try:
                return await self._answer_within(self._short, kind, body)
            except TimeoutError:
                pass
        try:
            return await self._answer_within(self._long, kind, body)
        except TimeoutError:
            raise _too_costly(
                kind, f"more than {self.bounds.long_seconds:g} seconds of a processor"
            ) from None

    async def _answer_within(self, queue: _Queue, kind: str, body: bytes) -> Answered:
        if queue.inside >= queue.most:
            raise Refused(
                503,
                f"{queue.most} {queue.what} requests are being answered; come again.",
                code="overloaded",
                kind="server_error",
            )
        queue.inside += 1
        try:
            async with queue.places:
                return await self._answer(kind, body, queue.seconds)
        finally:
            queue.inside -= 1

    async def _answer(self, kind: str, body: bytes, seconds: float) -> Answered:
        while True:
            worker = await self._worker()
            fresh = worker.fresh
            try:
                answer = await worker.answer(kind, body, seconds)
            except Died as died:
                if not fresh:
                    continue  # it may have been full of what others had asked for
                if died.code == OUT_OF_MEMORY:
                    memory = f"{self.bounds.memory_bytes >> 20:,} MiB of memory"
                    raise _too_costly(kind, f"more than {memory}") from None
                raise
            self._idle.append(worker)
            return answer

    async def _worker(self) -> Worker:
        """The worker that was used last, since it has read most of what is asked again."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
        self._started = {one for one in self._started if one.process.returncode is None}
        worker = await Worker.started(self.bounds.memory_bytes, self.names)
        self._started.add(worker)
        return worker


def _too_costly(kind: str, what: str) -> Refused:
    field = "messages" if kind == "chat" else "prompt"
    return Refused(
        400,
        f"{field}: the answer takes {what}. Long paragraphs, many speakers and many headers "
        "cost most: send a shorter prompt, or ask for fewer choices (n).",
        parameter=field,
        code="too_costly",
    )
