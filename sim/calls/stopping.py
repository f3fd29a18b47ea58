"""How a run that stops wakes whoever waits for a call that was not made yet.

A call in flight is waited for: it may be paid for. A wait for room, or for another attempt after a
"come back in a minute", is not worth it: it ends at once, and the call is made by a later run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar


class Stopped(Exception):
    """No further call is made because the run is stopping. The run catches it.

    ``in_doubt`` says that an attempt of the call was made whose end is not known.
    """

    def __init__(self, *, in_doubt: bool = False) -> None:
        super().__init__()
        self.in_doubt = in_doubt


class Halt:
    """Whether a run is stopping, and the tasks that wait until then."""

    def __init__(self) -> None:
        self.set = False
        self._waiting: dict[asyncio.Task[object], bool] = {}

    def now(self) -> None:
        """Stop: everybody who waits is woken by ``Stopped``."""
        if self.set:
            return
        self.set = True
        for task in self._waiting:
            self._waiting[task] = task.cancel()

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """For the time of a wait. Raises ``Stopped`` when the run stops."""
        if self.set:
            raise Stopped
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = False
        try:
            yield
        except asyncio.CancelledError:
            # As in asyncio.timeout: somebody else's cancellation is passed on.
            if self._waiting[task] and task.uncancel() == 0:
                raise Stopped from None
            raise
        finally:
            del self._waiting[task]


HALT: ContextVar[Halt | None] = ContextVar("HALT", default=None)
"""The halt of the run to which the present call belongs."""


@asynccontextmanager
async def waiting() -> AsyncIterator[None]:
    """A wait of the present call, which ends with ``Stopped`` when its run stops."""
    halt = HALT.get()
    if halt is None:
        yield
        return
    async with halt.waiting():
        yield
