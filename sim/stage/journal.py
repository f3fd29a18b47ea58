"""The journal: a stage around a stage that remembers every call in the store.

Before a call its *intent* is committed, together with whatever events were waiting; after it the
reply is queued, and committed with what follows. So a turn is durable before anything that depends
on it is asked, no committed reply is ever asked for again, and after a kill at most as many calls
are in doubt as were in flight.

The gate lets at most so many calls through at once, over all scenes of a run. A place in it is
taken before the intent is committed and given back after the reply is queued, which is what bounds
the calls in doubt.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Protocol

from sim.errors import StageError, StoreFailed
from sim.events import Ended, Event, Turn
from sim.stage.base import LogProb, Reply, Request, Stage


class Stopped(Exception):
    """No further call is made because the run is stopping. For the run, which catches it."""


class Ledger(Protocol):
    """What the journal needs of a store. ``sim.store.Writer`` is one."""

    def event(self, trial: str, event: Event) -> None:
        """Queue an event."""
        ...

    def intent(self, key: str, trial: str, run: int, turn: int, purpose: str, actor: str) -> None:
        """Queue the intent of a call."""
        ...

    def reply(self, key: str, trial: str, reply: Reply) -> None:
        """Queue a reply, and the end of its intent."""
        ...

    def settle(self, key: str) -> None:
        """Queue the end of an intent that has no reply."""
        ...

    async def barrier(self) -> None:
        """Wait until everything that was queued before is committed."""
        ...


class Gate:
    """At most ``limit`` calls at once: turns and gauges before probes, else in order of arrival.

    After ``stop()`` nobody gets in any more: whoever asks waits until those inside are out and
    then gets ``Stopped``. They wait because a scene that is torn off at once would leave its
    probes, which are in flight, alone.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self.stopping = False
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


class Journal:
    """A stage for one trial that keeps a ledger of its calls, and an observer of its events.

    ``replies`` are those that the store already holds for the trial and ``doubted`` the keys of
    its calls in doubt; with ``refuse_doubted`` the latter are not asked again but go wrong with
    the reason ``in-doubt``. ``turn`` is the number of turns that were stored before.

    The curtain is kept in ``ended`` and not queued: whoever plays the trial commits it together
    with the trial's status.
    """

    def __init__(
        self,
        stage: Stage,
        ledger: Ledger,
        trial: str,
        *,
        gate: Gate,
        run: int = 0,
        replies: Mapping[str, Reply] | None = None,
        doubted: Collection[str] = (),
        refuse_doubted: bool = False,
        turn: int = 0,
    ) -> None:
        self.stage = stage
        self.ended: Ended | None = None
        self.calls: list[Reply] = []
        self.failed_calls = 0
        self._ledger = ledger
        self._trial = trial
        self._gate = gate
        self._run = run
        self._replies = replies or {}
        self._doubted = doubted
        self._refuse_doubted = refuse_doubted
        self._turn = turn

    @property
    def identity(self) -> str:
        """The inner stage's: a ledger changes nothing that is said."""
        return self.stage.identity

    def saw(self, event: Event) -> None:
        """Queue an event. Raises ``StoreFailed`` if the store cannot be written any more."""
        if isinstance(event, Ended):
            self.ended = event
            return
        if isinstance(event, Turn):
            self._turn = event.index
        try:
            self._ledger.event(self._trial, event)
        except StoreFailed:
            _hush()
            raise

    async def perform(self, request: Request) -> Reply:
        """The stored reply, or the inner stage's, with its intent committed before.

        Raises ``StageError`` if there is no answer, ``StoreFailed`` if the intent could not be
        committed, ``Stopped`` if the run is stopping.
        """
        key = call_key(self._trial, request)
        known = self._replies.get(key)
        if known is not None:
            return known
        gate = self._gate
        if self._refuse_doubted and key in self._doubted:
            self._ledger.settle(key)
            raise StageError(
                "in-doubt",
                f"{request.speaker}'s {request.purpose} was asked before the last run was killed; "
                "whether it was answered (and paid for) is not known",
            )
        try:
            await gate.enter(request.purpose != "probe")
            try:
                return await self._call(key, request)
            finally:
                gate.leave()
        except (Stopped, StoreFailed):
            _hush()
            raise

    async def _call(self, key: str, request: Request) -> Reply:
        ledger, purpose = self._ledger, request.purpose
        # A turn is numbered as it will be, a question by the turns that could be heard.
        turn = self._turn + 1 if purpose == "turn" else self._turn
        ledger.intent(key, self._trial, self._run, turn, purpose, request.speaker)
        await ledger.barrier()
        try:
            reply = await self.stage.perform(request)
        except StageError:
            self.failed_calls += 1
            ledger.settle(key)
            raise
        self.calls.append(reply)
        ledger.reply(key, self._trial, reply)
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's; nothing is remembered, since it changes nothing."""
        return await self.stage.log_prob(request, text)


def _hush() -> None:
    """Let asyncio not report what the current task raises, if nobody asks the task for it.

    When a run stops or its store fails, every probe that is out raises the same. Whoever waits for
    them hears of one; dozens of reports on stderr would only hide it.
    """
    task = asyncio.current_task()
    if task is not None:
        task.add_done_callback(_ask_for_exception)


def _ask_for_exception(task: asyncio.Task[object]) -> None:
    if not task.cancelled():
        task.exception()


def call_key(trial: str, request: Request) -> str:
    """What a call is known by: 32 hexadecimal letters, the first 12 of them the trial's.

    Everything that may change the reply is hashed. Keys of one trial sort next to each other.

    >>> from sim.layouts.prompt import Prompt
    >>> request = Request(Prompt.start("system", "You are Ada."), 7, "Ada")
    >>> call_key("0123456789abcdef", request)[:12]
    '0123456789ab'
    """
    schema = request.schema
    what = (
        trial,
        request.prompt.digest,
        request.seed,
        request.purpose,
        request.speaker,
        request.stop,
        request.max_tokens,
        None if schema is None else json.dumps(schema, sort_keys=True),
    )
    # repr() quotes and escapes, so that no two different tuples give the same bytes.
    digest = blake2b(repr(what).encode("utf-8", "backslashreplace"), digest_size=10)
    return trial[:12] + digest.hexdigest()
