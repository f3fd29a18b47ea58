"""The worker's end of the line: what is to be sent waits here until it is collected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sim.runs.executors.remote.messages import Fault, Message, error_of, packed, unpacked

LINGER = 0.001
"""Seconds that the first message waits for company: a batch costs both ends as much as a turn."""


class Line:
    """Messages to the process that writes the store, in their order, and its answers.

    Nothing is lost but with the process, and nothing waits for room: who sends facts waits for
    their commit before it makes a call, so that what waits here is a turn of each scene at most.

    >>> async def main() -> str:
    ...     line = Line()
    ...     answer = asyncio.create_task(line.ask("how many", "scenes"))
    ...     [message] = unpacked(await line.collect())
    ...     line.deliver(packed([Message(0, "answer", (message.number, 7))]))
    ...     return f"{message.name} {message.arguments[0]}: {await answer}"
    >>> asyncio.run(main())
    'how many scenes: 7'
    """

    def __init__(self, told: Callable[[str, tuple[Any, ...]], None] | None = None) -> None:
        self._told = told
        self._out: list[Message] = []
        self._last = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._undo: dict[int, Callable[[Any], None]] = {}
        self._something = asyncio.Event()
        self.before_collecting: Callable[[], None] = lambda: None
        # Those who wait for the commit of what is in ``_out``, and of what was collected before.
        self._next: asyncio.Future[None] | None = None
        self._before: asyncio.Future[None] | None = None

    def tell(self, name: str, *arguments: Any) -> None:
        """Send a message that has no answer."""
        self._out.append(Message(0, name, arguments))
        self._something.set()

    async def ask(
        self, name: str, *arguments: Any, undo: Callable[[Any], None] | None = None
    ) -> Any:
        """Send a message and wait for its answer. Raises the error that the other end answers.

        ``undo`` is given an answer that comes when nobody waits for it any more: a place that was
        granted has to be given back.
        """
        self._last += 1
        number = self._last
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._out.append(Message(number, name, arguments))
        self._something.set()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                # The answer came in the same tick.
                if undo is not None:
                    undo(future.result())
            elif self._waiting.pop(number, None) is not None and undo is not None:
                self._undo[number] = undo
            raise

    async def committed(self) -> None:
        """Wait until all that was sent before is committed. One message for all who wait."""
        if self._out:
            if self._next is None:
                self._next = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._next)
        elif self._before is not None and not self._before.done():
            await asyncio.shield(self._before)

    async def collect(self) -> bytes:
        """Wait until there is something to send, and take it."""
        await self._something.wait()
        await asyncio.sleep(LINGER)
        self.before_collecting()
        out, self._out = self._out, []
        self._something.clear()
        if self._next is not None:
            self._last += 1
            self._waiting[self._last] = self._before = self._next
            self._next = None
            out.append(Message(self._last, "commit", ()))
        return packed(out)

    def deliver(self, batch: bytes) -> None:
        """Take messages from the other end."""
        for message in unpacked(batch):
            if message.name == "answer":
                self._answered(*message.arguments)
            elif self._told is not None:
                self._told(message.name, message.arguments)

    def _answered(self, number: int, value: Any) -> None:
        future = self._waiting.pop(number, None)
        if future is None or future.done():
            undo = self._undo.pop(number, None)
            if undo is not None and not isinstance(value, Fault):
                undo(value)
        elif isinstance(value, Fault):
            future.set_exception(error_of(value))
        else:
            future.set_result(value)
