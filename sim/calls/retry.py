"""The retry: a stage around a stage that repeats calls that may succeed later.

It is outside the throttle, so that every attempt counts against the provider's limits. A call is
repeated if its ``StageError`` is transient, or if the reply was empty or cut off; never after
``StageClosed``, so that a wrong key ends a run at once. The waits are drawn from the request's
seed: with the same faults a run waits equally long again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from sim.calls.stopping import Stopped, waiting
from sim.calls.throttle import ANSWERED_PERHAPS, WAITED, Waited
from sim.calls.usage import usage_of
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import NO_USAGE, Usage
from sim.redaction import without_secrets
from sim.seeds import Stream, derive
from sim.stage.base import LogProb, Reply, Request, Stage, Wrapper

Result = TypeVar("Result")

# Reasons after which a call is repeated even if the error is not marked as transient.
ASK_AGAIN = frozenset({"empty", "cut"})


def may_go_through(error: BaseException) -> bool:
    """Whether the same call may succeed later.

    >>> may_go_through(StageError("rate-limit", "429", transient=True))
    True
    >>> may_go_through(StageClosed("key", "401", transient=True))
    False
    """
    if not isinstance(error, StageError) or isinstance(error, StageClosed):
        return False
    return error.transient or error.reason in ASK_AGAIN


class Retry(Wrapper):
    """A stage that makes a call up to ``attempts`` times, for up to ``total`` seconds.

    The n-th wait is drawn uniformly from 0 to 2**(n-1) times ``first_wait`` seconds (exponential
    backoff with full jitter: callers that failed together do not come back together), or is what
    the provider asked for; in both cases no longer than ``longest_wait``. ``total`` covers attempts
    and waits, but not the time that attempts wait in the throttle's queue.

    A reply carries the reasons of the attempts before it in ``retries``, and the tokens of those
    that were paid but empty in ``usage``. When no attempt is left, the last ``StageError`` is
    raised with the reasons of all attempts, its own among them, in ``attempts``, and the tokens
    of those that were paid in ``usage``.

    ``sleep`` and ``clock`` are for tests.

    >>> class Busy:
    ...     identity, calls = "busy", 0
    ...     async def perform(self, request: Request) -> Reply:
    ...         self.calls += 1
    ...         if self.calls < 3:
    ...             raise StageError("rate-limit", "429", transient=True, retry_after=0.01)
    ...         return Reply("Here.")
    ...     async def log_prob(self, request: Request, text: str) -> LogProb | None:
    ...         return None
    >>> from sim.layouts.prompt import Prompt
    >>> request = Request(Prompt.start("system", "You are Ada."), 7, "Ada")
    >>> reply = asyncio.run(Retry(Busy()).perform(request))
    >>> reply.text, reply.retries
    ('Here.', ('rate-limit', 'rate-limit'))
    """

    def __init__(
        self,
        stage: Stage,
        *,
        attempts: int = 6,
        longest_wait: float = 60.0,
        total: float = 300.0,
        first_wait: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not attempts >= 1:
            raise BadRequest(f"attempts: {attempts!r} would never ask; give at least 1")
        for name, seconds in (
            ("longest_wait", longest_wait),
            ("total", total),
            ("first_wait", first_wait),
        ):
            if not seconds >= 0:
                raise BadRequest(f"{name}: {seconds!r} is no number of seconds; give 0 or more")
        super().__init__(stage)
        self.attempts = attempts
        self.longest_wait = longest_wait
        self.total = total
        self.first_wait = first_wait
        self._sleep = sleep
        self._clock = clock

    async def perform(self, request: Request) -> Reply:
        """The first valid reply. Raises ``StageError`` when there is none."""
        reasons: list[str] = []
        wasted: list[Usage] = []

        async def ask() -> Reply:
            reply = _without_secrets(await self.stage.perform(request))
            # A refusal is a valid outcome, even without words; probes check their own answers.
            if request.purpose == "turn" and reply.finish != "refusal" and not reply.text.strip():
                said = f"{request.speaker} said nothing"
                raise StageError("empty", said, transient=True, usage=reply.usage)
            return reply

        reply = await self._until_through(request, ask, reasons, wasted)
        if reasons:
            usage = sum([*wasted, reply.usage], NO_USAGE)
            reply = replace(reply, usage=usage, retries=(*reasons, *reply.retries))
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's log-probability, with the same retries."""

        async def ask() -> LogProb | None:
            return await self.stage.log_prob(request, text)

        return await self._until_through(request, ask, [], [])

    async def _until_through(
        self,
        request: Request,
        ask: Callable[[], Awaitable[Result]],
        reasons: list[str],
        wasted: list[Usage],
    ) -> Result:
        """Call ``ask`` until it succeeds.

        The reason of each failure is added to ``reasons``, and its usage to ``wasted``.
        """
        waited = Waited()
        began = self._clock()

        async def attempt() -> Result:
            token = WAITED.set(waited)
            try:
                return await ask()
            except StageError as error:
                reasons.append(error.reason)
                wasted.append(usage_of(error))
                raise
            finally:
                WAITED.reset(token)

        def wait(state: RetryCallState) -> float:
            return self._wait(request, state)

        def stop(state: RetryCallState) -> bool:
            spent = self._clock() - began - waited.seconds
            out_of_time = spent + state.upcoming_sleep > self.total
            return out_of_time or state.attempt_number >= self.attempts

        async def sleep(seconds: float) -> None:
            async with waiting():
                await self._sleep(seconds)

        # A new object for each call: tenacity keeps the state of a call in it, one per thread.
        retrying = AsyncRetrying(
            sleep=sleep,
            stop=stop,
            wait=wait,
            retry=retry_if_exception(may_go_through),
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except Stopped:
            raise Stopped(in_doubt=not ANSWERED_PERHAPS.isdisjoint(reasons)) from None
        except StageError as error:
            if len(reasons) > 1 and not isinstance(error, StageClosed):
                raise _given_up(error, reasons, wasted) from error
            error.attempts = tuple(reasons)
            error.usage = sum(wasted, NO_USAGE)
            raise

    def _wait(self, request: Request, state: RetryCallState) -> float:
        """Seconds until the next attempt."""
        error = None if state.outcome is None else state.outcome.exception()
        asked_for = error.retry_after if isinstance(error, StageError) else None
        # A provider may send any number; 0 says nothing of when to come back.
        if asked_for is not None and asked_for > 0:
            return min(asked_for, self.longest_wait)
        number: int = state.attempt_number
        ceiling = min(self.longest_wait, self.first_wait * 2.0 ** min(number - 1, 64))
        path = (request.purpose, request.speaker, request.prompt.digest.hex(), number)
        return ceiling * Stream(derive(request.seed, "retry", *path)).unit()


def _without_secrets(reply: Reply) -> Reply:
    """The reply without a key that it may echo, before anybody stores, logs or hears it."""
    text, thought = without_secrets(reply.text), without_secrets(reply.thought)
    if (text, thought) == (reply.text, reply.thought):
        return reply
    return replace(reply, text=text, thought=thought)


def _given_up(error: StageError, reasons: list[str], wasted: list[Usage]) -> StageError:
    """The last error, with the attempts before it, also in its message, which is stored alone."""
    times = ", ".join(f"{reason} {count}×" for reason, count in Counter(reasons).items())
    return StageError(
        error.reason,
        f"{error} (given up after {len(reasons)} attempts: {times})",
        transient=error.transient,
        retry_after=error.retry_after,
        attempts=tuple(reasons),
        usage=sum(wasted, NO_USAGE),
    )
