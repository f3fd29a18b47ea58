"""Whoever waits for a call that was not made is woken when the run stops."""

from __future__ import annotations

import asyncio

import pytest

from sim.calls.limiter import Limited, Limiter
from sim.calls.retry import Retry
from sim.calls.stopping import Halt, Stopped
from sim.calls.throttle import Throttle
from sim.errors import StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request

REQUEST = Request(Prompt.start("system", "You are Ada."), 7, "Ada")


class Busy:
    """Says "come back in an hour"."""

    identity = "busy"

    def __init__(self, reason: str = "rate-limit") -> None:
        self.reason = reason
        self.calls = 0

    async def perform(self, request: Request) -> Reply:
        self.calls += 1
        raise StageError(self.reason, "busy", transient=True, retry_after=3600)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


@pytest.mark.parametrize(("reason", "in_doubt"), [("rate-limit", False), ("timeout", True)])
async def test_a_wait_for_another_attempt_ends_at_once(reason: str, in_doubt: bool) -> None:
    limiter, busy = Limiter(2), Busy(reason)
    retry = Retry(busy, longest_wait=3600, total=7200)
    seen: list[Stopped] = []

    class Watched(Retry):
        async def perform(self, request: Request) -> Reply:
            try:
                return await retry.perform(request)
            except Stopped as stopped:
                seen.append(stopped)
                raise

    task = asyncio.create_task(Limited(Watched(busy), limiter).perform(REQUEST))
    await asyncio.sleep(0.01)
    assert busy.calls == 1
    limiter.stop()
    with pytest.raises(Stopped):
        await asyncio.wait_for(task, 1)
    assert busy.calls == 1
    assert [stopped.in_doubt for stopped in seen] == [in_doubt]
    assert limiter.inside == 0


async def test_a_wait_for_room_ends_at_once_and_holds_nothing() -> None:
    release = asyncio.Event()

    class Slow(Busy):
        async def perform(self, request: Request) -> Reply:
            self.calls += 1
            await release.wait()
            return Reply("Yes.")

    slow, limiter = Slow(), Limiter(4)
    throttle = Throttle(slow, concurrency=1)
    calls = [asyncio.create_task(Limited(throttle, limiter).perform(REQUEST)) for _ in range(3)]
    await asyncio.sleep(0.01)
    limiter.stop()
    await asyncio.sleep(0.01)
    release.set()
    done = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 1)
    assert [type(each) for each in done] == [Reply, Stopped, Stopped]
    assert slow.calls == 1, "the call in flight went on, and no other began"
    assert throttle.limits.inside == 0
    assert (await asyncio.wait_for(throttle.perform(REQUEST), 1)).text == "Yes."


async def test_somebody_elses_cancellation_is_passed_on() -> None:
    halt = Halt()

    async def waits() -> None:
        async with halt.waiting():
            await asyncio.Event().wait()

    for both in (False, True):
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
        if both:
            halt.now()
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(Stopped):
        await waits()
