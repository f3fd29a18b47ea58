"""The end of the line in the process that writes the store: one desk for each worker.

Messages are handled in their order, and what they queue is committed before the answer that says
so. What comes from a worker that is lost afterwards is a beginning of what it did, as a killed
process leaves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from sim.calls.budget import Reserved
from sim.calls.journal import Call
from sim.calls.throttle import Limits, Reservation
from sim.calls.usage import Totals
from sim.errors import ElsinoreError, StageError
from sim.events import NO_USAGE, Ended, Event, Usage
from sim.planning import Trial
from sim.runs.executors.remote.messages import (
    Fault,
    Message,
    error_of,
    fault_of,
    packed,
    unpacked,
)
from sim.runs.playing import Brief, Played, PortableFollowUp
from sim.stage.base import Reply, Truth
from sim.store import ChunkRow, VerdictKey

if TYPE_CHECKING:
    from sim.runs.executors import DividedJob


class Desk:
    """What one worker asks for, and how far its trials are.

    ``playing`` are the trials it has; ``progress`` counts what was recorded of each since it was
    given out. ``silent`` are those of which only the follow-up is missing. ``ended`` is told of
    each that is over. ``packed_briefs`` pickles trials, with the functions that their scenes hold.
    """

    def __init__(
        self,
        job: DividedJob,
        limits: tuple[Limits, ...],
        ended: Callable[[str], None],
        packed_briefs: Callable[[Sequence[Brief]], bytes],
    ) -> None:
        self.playing: dict[str, Trial] = {}
        self.progress: dict[str, int] = {}
        self.something = asyncio.Event()
        self._packed_briefs = packed_briefs
        self._job = job
        self._writer = job.session.writer
        self._limits = limits
        self._ended = ended
        self.silent: set[str] = set()
        self._out: list[Message] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._commits: list[int] = []
        self._reserved: dict[int, Reserved] = {}
        self._leases: dict[int, tuple[Limits, Reservation]] = {}
        self._owed: dict[int, asyncio.Future[Reply]] = {}
        self._totals: dict[str, Totals] = {}
        self._handlers: dict[str, Callable[..., None]] = {
            "event": self._event,
            "intent": lambda call: self._writer.intent(Call(*call)),
            "reply": self._reply,
            "chunks": lambda rows: self._writer.chunk_rows(ChunkRow(*row) for row in rows),
            "failed": self._failed,
            "settle": self._writer.settle,
            "finish": self._finish,
            "verdict": self._verdict,
            "used": self._used,
            "leave": self._leave,
            "answered": self._answered,
            "unanswered": self._unanswered,
            "closed": self._closed,
            "used by": self._used_by,
            "over": self._over,
        }
        self._questions: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {
            "reserve": self._reserve,
            "enter": self._enter,
            "look up": self._look_up,
            "verdict keys": self._verdict_keys,
        }

    # -- what is sent ------------------------------------------------------------------------

    def tell(self, name: str, *arguments: Any) -> None:
        """Queue a message for the worker."""
        self._out.append(Message(0, name, arguments))
        self.something.set()

    def take(self) -> bytes:
        """What is queued for the worker."""
        out, self._out = self._out, []
        self.something.clear()
        return packed(out)

    def give_out(self, briefs: Sequence[Brief]) -> None:
        """Give the worker trials to play."""
        for brief in briefs:
            trial = brief.trial
            self.playing[trial.id] = trial
            self.progress[trial.id] = 0
            if brief.played:
                self.silent.add(trial.id)
            else:
                self._job.began(trial)
        self.tell("play", self._packed_briefs(briefs))

    # -- what is received ----------------------------------------------------------------------

    async def handle(self, batch: bytes) -> None:
        """Carry out what a worker sent, and wait for the commit. Raises ``StoreFailed``."""
        for number, name, arguments in unpacked(batch):
            if name == "commit":
                self._commits.append(number)
            elif number:
                self._start(self._answer(number, name, arguments))
            else:
                self._handlers[name](*arguments)
        await self._writer.barrier()
        commits, self._commits = self._commits, []
        for number in commits:
            self.tell("answer", number, None)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            value = await self._questions[name](number, *arguments)
        except ElsinoreError as error:
            value = fault_of(error)
        except Exception as error:  # noqa: BLE001 - a defect, which ends the run
            self._job.failed(error)
            value = fault_of(error)
        self.tell("answer", number, value)

    async def close(self) -> None:
        """The worker is gone, or has nothing more to do: what it holds is given back.

        What was reserved counts as used, since the calls may be paid.
        """
        for task in self._tasks:
            task.cancel()
        for future in self._owed.values():
            future.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for number in list(self._reserved):
            self._used(number, self._reserved[number].expected)
        for number in list(self._leases):
            self._leave(number, self._leases[number][1].tokens)

    # -- the ledger ------------------------------------------------------------------------------

    def _event(self, trial: str, event: Event) -> None:
        self._writer.event(trial, event)
        self.progress[trial] += 1
        self._job.saw(self.playing[trial], event)

    def _reply(
        self, key: str, trial: str, reply: Reply, cached: bool, prompt: bytes | None
    ) -> None:
        self._writer.reply(key, trial, reply, cached, prompt)
        self.progress[trial] += 1

    def _failed(self, call: tuple[Any, ...], fault: Fault) -> None:
        error = error_of(fault)
        assert isinstance(error, StageError)
        self._writer.failed(Call(*call), error)

    def _finish(self, trial: str, ended: Ended, turns: int, truths: tuple[Truth, ...]) -> None:
        self._writer.trial_over(trial, self._job.session.number, ended, turns, truths)
        self._job.saw(self.playing[trial], ended)

    def _verdict(self, key: VerdictKey, payload: dict[str, Any]) -> None:
        self._writer.verdict(key, payload)
        self.progress[key.trial] += 1
        follow_up = self._job.follow_up
        if isinstance(follow_up, PortableFollowUp):
            follow_up.heard(key, payload)

    async def _verdict_keys(self, _: int, trial: str, also_missing: bool) -> set[VerdictKey]:
        return await self._writer.verdict_keys(trial, also_missing=also_missing)

    # -- budget, limits, cache -------------------------------------------------------------------

    async def _reserve(self, number: int, usage: Usage, seconds: float) -> int:
        budget = self._job.session.options.budget
        assert budget is not None
        self._reserved[number] = await budget.reserve(lambda: usage, lambda: seconds)
        return number

    def _used(self, number: int, used: Usage = NO_USAGE) -> None:
        budget = self._job.session.options.budget
        assert budget is not None
        budget.settle(self._reserved.pop(number), used)

    async def _enter(self, number: int, account: int, tokens: int) -> int:
        limits = self._limits[account]
        self._leases[number] = (limits, await limits.enter(tokens))
        return number

    def _leave(self, number: int, tokens: int) -> None:
        limits, reservation = self._leases.pop(number)
        limits.leave(reservation, tokens)

    async def _look_up(self, number: int, request: str) -> tuple[int, Reply | None]:
        """The reply from the cache; else None, and the worker is the one that asks."""
        asked: asyncio.Future[tuple[int, Reply | None]] = asyncio.get_running_loop().create_future()

        async def ask() -> Reply:
            owed = self._owed[number] = asyncio.get_running_loop().create_future()
            asked.set_result((number, None))
            try:
                reply: Reply = await owed
                return reply
            finally:
                del self._owed[number]

        async def found() -> None:
            try:
                reply, hit = await self._job.session.cache.reply(request, ask)
            except StageError as error:
                if not asked.done():  # it is the call of another trial that failed
                    asked.set_exception(error)
                return
            if hit:
                asked.set_result((number, reply))

        self._start(found())
        return await asked

    def _answered(self, number: int, reply: Reply) -> None:
        self._owed[number].set_result(reply)

    def _unanswered(self, number: int, fault: Fault | None) -> None:
        owed = self._owed[number]
        if fault is None:
            owed.cancel()  # somebody else who waits asks
        else:
            owed.set_exception(error_of(fault))

    # -- trials ----------------------------------------------------------------------------------

    def _closed(self, fault: Fault) -> None:
        self._job.session.limiter.close(error_of(fault))

    def _used_by(self, identity: str, totals: Totals, facts: dict[str, Any]) -> None:
        before = self._totals.get(identity, Totals())
        self._totals[identity] = totals
        self._job.session.accounts.used_elsewhere(identity, totals.since(before), facts)

    def _over(self, trial: str, played: Played | None, fault: Fault | None) -> None:
        of = self.playing.pop(trial)
        del self.progress[trial]
        if fault is not None:
            self._job.failed(error_of(fault))
        if trial in self.silent:
            self.silent.discard(trial)
        else:
            self._job.over(of, played)
        self._ended(trial)
