"""Budgets in money, tokens and time: a run stops before the call that would exceed one.

A call reserves a high estimate of its usage; its actual usage replaces the estimate afterwards. A
call that does not fit beside those in flight waits for them, since they may use less than they
reserved; if none is in flight and it still does not fit, the budget is spent. So a budget can be
exceeded only by as much as the estimates of the calls in flight were too low. A failed call counts
with what its attempts cost; the store keeps no usage of failures, so that this counts in the run
that made the call, and not in runs that resume it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sim.calls.limiter import Limiter
from sim.calls.usage import Account, usage_of
from sim.errors import BadRequest, RunFailed, StageError
from sim.events import NO_USAGE, Usage
from sim.stage.base import Reply, Request, Stage, Wrapper


class BudgetSpent(RunFailed):
    """The next call would exceed the budget. What was played is stored, and can be resumed."""


@dataclass(slots=True, eq=False)
class Reserved:
    """The reservation of a call in flight: the expected usage, its tokens and its price."""

    expected: Usage
    tokens: int
    usd: float


class Purse(Protocol):
    """What a call reserves its usage of. ``Budget`` is one."""

    async def reserve(
        self, expect: Callable[[], Usage], seconds: Callable[[], float] = lambda: 0.0
    ) -> Reserved:
        """Reserve the expected usage of a call. Raises ``BudgetSpent``."""
        ...

    def settle(self, reserved: Reserved, used: Usage = NO_USAGE) -> None:
        """Replace a reservation by the actual usage of the call."""
        ...


class Budget:
    """The limits of a run: ``usd``, ``tokens`` (of prompts and replies together), ``minutes``.

    None is no limit. Money and tokens include what earlier runs of the trials used, according to
    the store; minutes are for each run. Use it for one run at a time, on one event loop.

    >>> async def main() -> float:
    ...     budget = Budget(usd=1.0)
    ...     reserved = await budget.reserve(lambda: Usage(usd=0.9))
    ...     budget.settle(reserved, Usage(usd=0.5))
    ...     await budget.reserve(lambda: Usage(usd=0.6))
    >>> asyncio.run(main())
    Traceback (most recent call last):
    ...
    sim.calls.budget.BudgetSpent: the budget of $1 is spent: $0.5 are used, and the next call may \
take $0.6
    """

    def __init__(
        self,
        usd: float | None = None,
        tokens: int | None = None,
        minutes: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, limit in (("usd", usd), ("tokens", tokens), ("minutes", minutes)):
            if limit is not None and not 0 < limit < float("inf"):
                raise BadRequest(f"budget_{name}: {limit!r} is no budget; give more than 0")
        self.usd = usd
        self.tokens = tokens
        self.minutes = minutes
        self.used_tokens = 0
        self.used_usd = 0.0
        self._clock = clock
        self._began = clock()
        self._reserved_tokens = 0
        self._reserved_usd = 0.0
        self._in_flight = 0
        self._waiting: dict[asyncio.Future[None], None] = {}

    def begin(self, used: Usage) -> None:
        """Start the clock, and count what earlier runs used."""
        self._began = self._clock()
        self.used_tokens = used.prompt_tokens + used.completion_tokens
        self.used_usd = used.usd or 0.0

    async def reserve(
        self, expect: Callable[[], Usage], seconds: Callable[[], float] = lambda: 0.0
    ) -> Reserved:
        """Reserve the expected usage of a call, and check the seconds that it is expected to take.

        Both are estimated again after each wait, as the calls before improve the estimates.
        Raises ``BudgetSpent`` if the call would exceed the budget and no call is in flight.
        """
        while True:
            usage = expect()
            wanted = Reserved(usage, usage.prompt_tokens + usage.completion_tokens, usage.usd or 0)
            self._in_time(seconds())
            if self._fits(wanted):
                break
            if not self._in_flight:
                raise BudgetSpent(self._why(wanted))
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[place] = None
            try:
                await place
            finally:
                self._waiting.pop(place, None)
        self._reserved_tokens += wanted.tokens
        self._reserved_usd += wanted.usd
        self._in_flight += 1
        return wanted

    def settle(self, reserved: Reserved, used: Usage = NO_USAGE) -> None:
        """Replace a reservation by the actual usage of the call."""
        self._reserved_tokens -= reserved.tokens
        self._reserved_usd -= reserved.usd
        self._in_flight -= 1
        if not self._in_flight:
            self._reserved_usd = 0.0  # not a rounding error of sums and differences
        self.used_tokens += used.prompt_tokens + used.completion_tokens
        self.used_usd += used.usd or 0.0
        for place in self._waiting:
            if not place.done():
                place.set_result(None)

    def _fits(self, wanted: Reserved) -> bool:
        tokens = self.used_tokens + self._reserved_tokens + wanted.tokens
        if self.tokens is not None and tokens > self.tokens:
            return False
        usd = self.used_usd + self._reserved_usd + wanted.usd
        return self.usd is None or usd <= self.usd * (1 + 1e-9)

    def _in_time(self, seconds: float) -> None:
        if self.minutes is None:
            return
        passed = self._clock() - self._began
        if passed + seconds > self.minutes * 60:
            raise BudgetSpent(f"the budget of {self.minutes:g} minutes is spent")

    def _why(self, wanted: Reserved) -> str:
        if self.usd is not None and self.used_usd + wanted.usd > self.usd:
            return (
                f"the budget of ${self.usd:g} is spent: ${self.used_usd:.4g} are used, and the "
                f"next call may take ${wanted.usd:.4g}"
            )
        return (
            f"the budget of {self.tokens:,} tokens is spent: {self.used_tokens:,} are used, and "
            f"the next call may take {wanted.tokens:,}"
        )


class Budgeted(Wrapper):
    """A stage whose calls reserve their usage; a call that exceeds the budget closes the limiter.

    ``focal`` is the only actor whose calls are paid, or None if all are.
    """

    def __init__(
        self, stage: Stage, budget: Purse, account: Account, limiter: Limiter, focal: str | None
    ) -> None:
        super().__init__(stage)
        self._budget = budget
        self._account = account
        self._limiter = limiter
        self._focal = focal

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply, if the budget allows the call. Raises ``Stopped``."""
        if self._focal not in (None, request.speaker):
            return await self.stage.perform(request)
        account, budget = self._account, self._budget
        reserved: Reserved | None = None
        try:
            reserved = await budget.reserve(lambda: account.expected(request), lambda: account.pace)
        except BudgetSpent as spent:
            self._limiter.close(spent)
        # Outside the except block, so that ``BudgetSpent`` does not become the context.
        if reserved is None:
            raise await self._limiter.turned_away()
        used = NO_USAGE
        try:
            reply = await self.stage.perform(request)
            # A server that reports no usage is not free: the expected usage counts instead.
            used = reply.usage if reply.usage != NO_USAGE else reserved.expected
            return reply
        except StageError as error:
            used = usage_of(error)
            raise
        finally:
            budget.settle(reserved, used)
