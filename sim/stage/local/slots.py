"""The slots of a local server: each keeps one prompt computed, and continues it cheaply.

A call waits for a free slot and is pinned to it. It gets the slot whose prompt it continues; if
there is none, the one that was idle for the longest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sim.layouts.prompt import Prompt


@dataclass(slots=True)
class _Slot:
    number: int
    prompt: Prompt | None = None
    used: int = 0
    busy: bool = False


class Slots:
    """The slots of one server, in one event loop.

    >>> async def numbers():
    ...     slots, ada = Slots(2), Prompt.start("text", "Ada stands at the window.")
    ...     taken = []
    ...     for prompt in (ada, Prompt.start("text", "Ben sits."), ada.then("text", " It rains.")):
    ...         async with slots.take(prompt) as number:
    ...             taken.append(number)
    ...     return taken
    >>> asyncio.run(numbers())
    [0, 1, 0]
    """

    def __init__(self, count: int) -> None:
        self._slots = [_Slot(number) for number in range(count)]
        self._free = asyncio.Semaphore(count)
        self._clock = 0

    @asynccontextmanager
    async def take(self, prompt: Prompt) -> AsyncIterator[int]:
        """Wait for a free slot; its number. It holds the prompt afterwards."""
        async with self._free:
            slot = self._best(prompt)
            self._clock += 1
            slot.prompt, slot.used, slot.busy = prompt, self._clock, True
            try:
                yield slot.number
            finally:
                slot.busy = False

    def _best(self, prompt: Prompt) -> _Slot:
        free = [slot for slot in self._slots if not slot.busy]
        gains = [(_gain(slot.prompt, prompt), -slot.used, -slot.number) for slot in free]
        most = max(range(len(free)), key=lambda index: gains[index])
        if gains[most][0] > 0:
            return free[most]
        return min(free, key=lambda slot: (slot.used, slot.number))


def _gain(kept: Prompt | None, wanted: Prompt) -> int:
    """The letters that a slot saves a prompt, less those that are lost with what it kept.

    The last chunk is the cue, which no later prompt continues, so that nothing is lost with it: in
    ``transcript_first`` it holds the persona, and is longer than a transcript that has just begun.
    """
    if kept is None:
        return 0
    shared = common(kept, wanted)
    worth = 0 if kept.parent is None else kept.parent.length
    return shared - max(0, worth - shared)


def common(one: Prompt, other: Prompt) -> int:
    """The letters of the beginning that two prompts share, in whole chunks.

    >>> head = Prompt.start("text", "Ada: ")
    >>> common(head.then("text", "Yes."), head.then("text", "No."))
    5
    """
    a: Prompt | None = one
    b: Prompt | None = other
    while a is not None and b is not None:
        if a.depth > b.depth:
            a = a.parent
        elif b.depth > a.depth:
            b = b.parent
        elif a.digest == b.digest:
            return a.length
        else:
            a, b = a.parent, b.parent
    return 0
