"""A person at the terminal who plays an actor: shown what the actor sees, and nothing else."""

from __future__ import annotations

import asyncio
import os
import sys

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from sim.cli.display.terminal import one_line, visible
from sim.stage.human import Seen


class Person:
    """Asks the person at the terminal; reads lines from standard input.

    A blank line, the end of the input or a time that runs out is no answer: the fallback speaks.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._buffer = b""
        self._over = False
        self._started: set[str] = set()

    async def __call__(self, seen: Seen) -> str:
        """Show what is new, and wait for a line."""
        console, name = self.console, one_line(seen.speaker)
        console.print()
        console.print(Rule(Text(f"{name}, {self._what(seen)}", style="bold"), align="left"))
        if seen.new:
            console.print(Text(visible(seen.new)), soft_wrap=not console.is_terminal)
        console.print(Text(f"{name}> ", style="bold"), end="")
        line = await self._line()
        if not line.strip():
            console.print()
        return line

    def _what(self, seen: Seen) -> str:
        """What the person is asked for, and the time for it."""
        if seen.purpose == "turn":
            how = "" if seen.speaker in self._started else " (a blank line lets it pass)"
            self._started.add(seen.speaker)
            what = f"it is your turn{how}"
        else:
            what = "a question in private; nobody on stage hears the answer"
        return what if seen.seconds is None else f"{what}; {seen.seconds:g} s"

    async def _line(self) -> str:
        """The next line; blank at the end of the input."""
        while b"\n" not in self._buffer and not self._over:
            data = await _readable(sys.stdin.fileno())
            self._over = not data
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace")


async def _readable(descriptor: int) -> bytes:
    """The next bytes of a descriptor; without a thread, whose read could not be cancelled."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, _wake, ready)
    except (PermissionError, ValueError):  # a file, which can always be read
        return os.read(descriptor, 65536)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 65536)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
