"""The worker's end of the line: what is to be sent waits here until it is collected."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from sim.runs.executors.remote.messages import Fault, Message, error_of, packed, unpacked

LINGER = 0.001
"""Seconds that the first message waits for company: a batch costs both ends as much as a turn."""

MOST = 128
"""Messages of a batch, some thirty turns. When many replies come at once, the first calls that
depend on them are made while the other end still commits what came after."""


class _Batch:
    """What is sent at once, and the commit of it, if somebody waits for that."""

    __slots__ = ("committed", "messages")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.committed: asyncio.Future[None] | None = None


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
        self._out: deque[_Batch] = deque()
        self._last = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._undo: dict[int, Callable[[Any], None]] = {}
        self._something = asyncio.Event()
        self.before_collecting: Callable[[], None] = lambda: None
        # The commit of what was collected last.
        self._before: asyncio.Future[None] | None = None

    def tell(self, name: str, *arguments: Any) -> None:
        """Send a message that has no answer."""
        self._send(Message(0, name, arguments))

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
        self._send(Message(number, name, arguments))
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

    def _send(self, message: Message) -> None:
        if not self._out or len(self._out[-1].messages) >= MOST:
            self._out.append(_Batch())
        self._out[-1].messages.append(message)
        self._something.set()

    async def committed(self) -> None:
        """Wait until all that was sent before is committed. One message for all who wait."""
        if self._out:
            last = self._out[-1]
            if last.committed is None:
                last.committed = asyncio.get_running_loop().create_future()
            await asyncio.shield(last.committed)
        elif self._before is not None and not self._before.done():
            await asyncio.shield(self._before)

    async def collect(self) -> bytes:
        """Wait until there is something to send, and take a batch of it."""
        await self._something.wait()
        if len(self._out) < 2:
            await asyncio.sleep(LINGER)
        batch = self._out.popleft()
        if not self._out:
            # What is told now goes with the last of it.
            self.before_collecting()
            for more in self._out:
                batch.messages += more.messages
            self._out.clear()
            self._something.clear()
        if batch.committed is not None:
            self._last += 1
            self._waiting[self._last] = self._before = batch.committed
            batch.messages.append(Message(self._last, "commit", ()))
        return packed(batch.messages)

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
