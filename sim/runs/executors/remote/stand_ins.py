"""What stands in a worker for the store, the budget, the cache and the limits of the run.

Each has the methods of what it stands for, so that scenes and the wrappers of a call do not know
where they are. The real ones are at the other end of the line (``desk``).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.calls.budget import Reserved
from sim.calls.journal import Call
from sim.calls.limiter import Limiter
from sim.calls.throttle import Limits, Reservation
from sim.errors import StageError
from sim.events import NO_USAGE, Ended, Event, Usage
from sim.layouts.prompt import Prompt
from sim.runs.executors.remote.line import Line
from sim.runs.executors.remote.messages import fault_of
from sim.stage.base import Reply, Truth
from sim.store import VerdictKey, chunk_row


class LedgerOnLine:
    """The ledger of trials (``sim.runs.playing.TrialLedger``), committed at the other end."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def event(self, trial: str, event: Event) -> None:
        """Send an event."""
        self._line.tell("event", trial, event)

    def intent(self, call: Call) -> None:
        """Send the intent of a call."""
        self._line.tell("intent", tuple(call))

    def reply(
        self,
        key: str,
        trial: str,
        reply: Reply,
        cached: bool = False,
        prompt: bytes | None = None,
    ) -> None:
        """Send a reply."""
        self._line.tell("reply", key, trial, reply, cached, prompt)

    def chunks(self, chunks: Iterable[Prompt]) -> None:
        """Send chunks of a prompt."""
        rows = [tuple(chunk_row(chunk)) for chunk in chunks]
        if rows:
            self._line.tell("chunks", rows)

    def failed(self, call: Call, error: StageError) -> None:
        """Send that a call failed for good."""
        self._line.tell("failed", tuple(call), fault_of(error))

    def settle(self, key: str) -> None:
        """Send the end of an intent without a reply."""
        self._line.tell("settle", key)

    async def barrier(self) -> None:
        """Wait until everything that was sent before is committed."""
        await self._line.committed()

    async def finish_trial(
        self, trial: str, run: int, ended: Ended, turns: int, truths: Sequence[Truth] = ()
    ) -> None:
        """Have the end of a trial committed."""
        self._line.tell("finish", trial, ended, turns, tuple(truths))
        await self._line.committed()

    def verdict(self, key: VerdictKey, payload: Mapping[str, object]) -> None:
        """Send a verdict."""
        self._line.tell("verdict", key, payload)

    async def verdict_keys(self, trial: str, *, also_missing: bool) -> set[VerdictKey]:
        """The keys of the committed verdicts on a trial."""
        found: set[VerdictKey] = await self._line.ask("verdict keys", trial, also_missing)
        return found


class BudgetOnLine:
    """The budget of the run (``sim.calls.budget.Purse``)."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._numbers: dict[int, int] = {}

    async def reserve(
        self, expect: Callable[[], Usage], seconds: Callable[[], float] = lambda: 0.0
    ) -> Reserved:
        """Reserve the expected usage of a call. Raises ``BudgetSpent``."""
        usage = expect()
        number = await self._line.ask(
            "reserve", usage, seconds(),
            undo=lambda granted: self._line.tell("used", granted, NO_USAGE),
        )  # fmt: skip
        tokens = usage.prompt_tokens + usage.completion_tokens
        reserved = Reserved(usage, tokens, usage.usd or 0.0)
        self._numbers[id(reserved)] = number
        return reserved

    def settle(self, reserved: Reserved, used: Usage = NO_USAGE) -> None:
        """Replace a reservation by what the call used."""
        self._line.tell("used", self._numbers.pop(id(reserved)), used)


class CacheOnLine:
    """The replies of all trials of the run (``sim.calls.cache.Replies``)."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def reply(self, request: str, ask: Callable[[], Awaitable[Reply]]) -> tuple[Reply, bool]:
        """The reply to a request, and whether another call had it. As ``Cache.reply``."""
        line = self._line
        number, found = await line.ask(
            "look up", request, undo=lambda it: line.tell("unanswered", it[0], None)
        )
        if found is not None:
            return found, True
        try:
            reply = await ask()
        except StageError as error:
            line.tell("unanswered", number, fault_of(error))
            raise
        except BaseException:
            line.tell("unanswered", number, None)
            raise
        line.tell("answered", number, reply)
        return reply, False


@dataclass(slots=True)
class Lease(Reservation):
    """A place and tokens of a provider's limits, by its number at the other end."""

    number: int = 0


class LimitsOnLine(Limits):
    """The limits of a provider, which all workers share; ``account`` is its number."""

    def __init__(self, line: Line, account: int, limits: LimitValues) -> None:
        super().__init__(*limits.values, period=limits.period)
        self._line_out = line
        self._account = account

    async def enter(self, tokens: int = 0) -> Lease:
        """Wait until a call that needs so many tokens may start."""
        number = await self._line_out.ask(
            "enter", self._account, tokens,
            undo=lambda granted: self._line_out.tell("leave", granted, 0),
        )  # fmt: skip
        return Lease(time.monotonic(), tokens, number=number)

    def leave(self, reservation: Reservation, tokens: int) -> None:
        """End a call, with the tokens that it used."""
        assert isinstance(reservation, Lease)
        self._line_out.tell("leave", reservation.number, tokens)


@dataclass(frozen=True, slots=True)
class LimitValues:
    """The numbers of a provider's limits: requests and tokens a window, calls at once."""

    values: tuple[int | None, int | None, int | None]
    period: float

    @classmethod
    def of(cls, limits: Limits) -> LimitValues:
        """Those of limits."""
        return cls(
            (limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency),
            limits.period,
        )


class LimiterOnLine(Limiter):
    """The limiter of a worker, for its share of the calls at once; it says why it is closed."""

    def __init__(self, line: Line, limit: int) -> None:
        super().__init__(limit)
        self._line = line

    def close(self, reason: Exception) -> None:
        """Stop, and have all others stop."""
        if self.reason is None:
            self._line.tell("closed", fault_of(reason))
        super().close(reason)
