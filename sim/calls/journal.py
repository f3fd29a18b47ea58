"""The journal of a trial, a write-ahead log: all events, and all calls before they are made.

Before a call its *intent* is committed, together with the events queued so far; after it the reply
is queued, and committed with what follows. So a turn is durable before anything that depends on it
is asked, no committed reply is ever asked for again, and after a kill at most as many calls are in
doubt as were in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from sim.calls.keys import first_call_key
from sim.calls.stopping import Stopped
from sim.errors import StageError, StoreFailed
from sim.events import Ended, Event, Turn
from sim.layouts.prompt import Prompt
from sim.stage.base import Purpose, Reply, Request, Stage, Wrapper


class Call(NamedTuple):
    """A call to a stage, as a row of the table ``intents``.

    ``turn`` is the index of the turn that the call makes; for a question, the number of turns
    before it.
    """

    key: str
    trial: str
    run: int
    turn: int
    purpose: Purpose
    actor: str


class Ledger(Protocol):
    """The part of a store that the journal writes to. ``sim.store.Writer`` is one."""

    def event(self, trial: str, event: Event) -> None:
        """Queue an event."""
        ...

    def intent(self, call: Call) -> None:
        """Queue the intent of a call."""
        ...

    def reply(
        self,
        key: str,
        trial: str,
        reply: Reply,
        cached: bool = False,
        prompt: bytes | None = None,
    ) -> None:
        """Queue a reply, and the end of its intent."""
        ...

    def chunks(self, chunks: Iterable[Prompt]) -> None:
        """Queue chunks of a prompt."""
        ...

    def failed(self, call: Call, error: StageError) -> None:
        """Queue that a call failed for good, and the end of its intent."""
        ...

    def settle(self, key: str) -> None:
        """Queue the end of an intent that has no reply."""
        ...

    async def barrier(self) -> None:
        """Wait until everything that was queued before is committed."""
        ...


class Journal:
    """Records the events and calls of one trial; an observer of its scene.

    ``turn`` is the number of turns that are stored already. The ending is kept in ``ended`` and not
    queued: the run commits it together with the trial's status.
    """

    def __init__(self, ledger: Ledger, trial: str, *, run: int = 0, turn: int = 0) -> None:
        self.trial = trial
        self.ended: Ended | None = None
        self._ledger = ledger
        self._run = run
        self._turn = turn
        self._kept: set[bytes] = set()

    def saw(self, event: Event) -> None:
        """Queue an event. Raises ``StoreFailed`` if the store cannot be written any more."""
        if isinstance(event, Ended):
            self.ended = event
            return
        if isinstance(event, Turn):
            self._turn = event.index
        try:
            self._ledger.event(self.trial, event)
        except StoreFailed:
            discard_exception()
            raise

    def intent(self, request: Request) -> None:
        """Queue that a call is about to be made."""
        self._ledger.intent(self._call(request))

    async def committed(self) -> None:
        """Wait until everything that was queued before is committed."""
        await self._ledger.barrier()

    def reply(self, request: Request, reply: Reply, *, cached: bool, prompt: bytes | None) -> None:
        """Queue the reply to a call. ``cached``: it was paid for by another call."""
        self._ledger.reply(request.key, self.trial, reply, cached, prompt)

    def failed(self, request: Request, error: StageError) -> None:
        """Queue that a call failed for good."""
        self._ledger.failed(self._call(request), error)

    def settle(self, key: str) -> None:
        """Queue the end of an intent that has no reply."""
        self._ledger.settle(key)

    def keep(self, prompt: Prompt) -> bytes:
        """Queue the chunks of a prompt that are new in this trial. Returns the prompt's digest.

        The cost grows with the number of new chunks, not with the length of the prompt.
        """
        kept = self._kept
        new: list[Prompt] = []
        chunk: Prompt | None = prompt
        while chunk is not None and chunk.digest not in kept:
            kept.add(chunk.digest)
            new.append(chunk)
            chunk = chunk.parent
        self._ledger.chunks(new)
        return prompt.digest

    def _call(self, request: Request) -> Call:
        # A turn has its own index, a question the number of turns before it.
        turn = self._turn + 1 if request.purpose == "turn" else self._turn
        return Call(request.key, self.trial, self._run, turn, request.purpose, request.speaker)


class Journaled(Wrapper):
    """A stage whose calls are journaled: the intent before, the reply or the failure after.

    ``keep`` stores the prompts, too, so that a replay can show how a prompt differs. ``cached``
    says that the replies were paid for before (the stage is a recording).
    """

    def __init__(
        self, stage: Stage, journal: Journal, *, keep: bool = False, cached: bool = False
    ) -> None:
        super().__init__(stage)
        self._journal = journal
        self._keep = keep
        self._cached = cached

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply. Raises ``StoreFailed`` if the intent cannot be committed."""
        journal = self._journal
        journal.intent(request)
        prompt = journal.keep(request.prompt) if self._keep else None
        await journal.committed()
        try:
            reply = await self.stage.perform(request)
        except StageError as error:
            journal.failed(request, error)
            raise
        except Stopped as stopped:
            if not stopped.in_doubt:
                journal.settle(request.key)
            raise
        journal.reply(request, reply, cached=self._cached, prompt=prompt)
        return reply


class Doubted(Wrapper):
    """A stage some of whose calls were in flight when an earlier run was killed.

    Whether these calls (``doubted``) were answered and paid for is unknown. They are made again;
    with ``refuse`` they fail with the reason ``in-doubt``.
    """

    def __init__(
        self, stage: Stage, journal: Journal, doubted: Collection[str], *, refuse: bool
    ) -> None:
        super().__init__(stage)
        self._journal = journal
        self._doubted = doubted
        self._refuse = refuse

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply. Raises ``StageError`` for a call that must not be repeated."""
        first = first_call_key(self._journal.trial, request)
        if first in self._doubted:
            self._journal.settle(first)
        elif request.key not in self._doubted:
            return await self.stage.perform(request)
        if not self._refuse:
            return await self.stage.perform(request)
        error = StageError(
            "in-doubt",
            f"{request.speaker}'s {request.purpose} was asked before the last run was killed; "
            "whether it was answered (and paid for) is not known",
        )
        self._journal.failed(request, error)
        raise error


class Recalled(Wrapper):
    """A stage that answers the calls of earlier runs of the trial from the store.

    ``of_version_1`` says that ``replies`` contains keys of stores of version 1.
    """

    def __init__(
        self, stage: Stage, trial: str, replies: Mapping[str, Reply], *, of_version_1: bool
    ) -> None:
        super().__init__(stage)
        self._trial = trial
        self._replies = replies
        self._of_version_1 = of_version_1

    async def perform(self, request: Request) -> Reply:
        """The stored reply, or the inner stage's."""
        known = self._replies.get(request.key)
        if known is None and self._of_version_1:
            known = self._replies.get(first_call_key(self._trial, request))
        return await self.stage.perform(request) if known is None else known


def discard_exception() -> None:
    """Keep asyncio from logging the exception of the current task if nobody retrieves it.

    When a run stops or its store fails, every running probe raises the same exception. The run
    raises it once; dozens of copies on stderr would only hide it.
    """
    task = asyncio.current_task()
    if task is not None:
        task.add_done_callback(_retrieve_exception)


def _retrieve_exception(task: asyncio.Task[object]) -> None:
    if not task.cancelled():
        task.exception()
