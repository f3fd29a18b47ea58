"""The retry: what is asked again, how long it waits, and what is told of it. No test sleeps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean
from typing import Any

import pytest
from backstage.effort import effort
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.calls.retry import Retry
from sim.calls.throttle import WAITED, Throttle
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import Usage
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo

REQUEST = Request(Prompt.start("system", "You are Ada."), 7, "Ada")
GOOD = Reply("Here.", usage=Usage(10, 2), seconds=0.5)
BLANK = Reply(" \n")


def failed(reason: str, **more: Any) -> StageError:
    return StageError(reason, f"it said {reason}", transient=True, **more)


BUSY = failed("rate-limit")


class Scripted:
    """Answers by the script, each time with its next line; an attempt takes ``seconds``."""

    identity = "scripted"

    def __init__(self, *script: Reply | BaseException, seconds: float = 0.0) -> None:
        self.script = list(script)
        self.seconds = seconds
        self.asked: list[Request] = []
        self.clock = Clock()

    async def perform(self, request: Request) -> Reply:
        self.asked.append(request)
        self.clock.now += self.seconds
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(line, BaseException):
            raise line
        return line

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        reply = await self.perform(request)
        return LogProb(-1.5, len(text)) if reply.text else None


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(float(seconds))
        self.now += seconds

    def time(self) -> float:
        return self.now


def patient(stage: Scripted, **options: Any) -> Retry:
    return Retry(stage, sleep=stage.clock.sleep, clock=stage.clock.time, **options)


async def given_up(stage: Scripted, **options: Any) -> StageError:
    with pytest.raises(StageError) as raised:
        await patient(stage, **options).perform(REQUEST)
    return raised.value


# What is asked again


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (failed("rate-limit", retry_after=2.0), True),
        (failed("timeout"), True),
        (failed("connection"), True),
        (failed("server"), True),
        (StageError("empty", "nothing"), True),
        (StageError("cut", "half"), True),
        (BLANK, True),
        (Reply("", finish="length"), True),
        (Reply("", finish="refusal"), False),
        (Reply("I cannot do that.", finish="refusal"), False),
        (StageError("bad-request", "400"), False),
        (StageError("in-doubt", "who knows"), False),
        (StageError("too-large", "never fits"), False),
        (StageClosed("key", "401"), False),
        (StageClosed("key", "401", transient=True), False),
        (StageClosed("empty", "403"), False),
        (ZeroDivisionError("a defect"), False),
        (asyncio.CancelledError(), False),
        (KeyboardInterrupt(), False),
    ],
    ids=repr,
)
async def test_only_what_may_go_through_is_asked_again(
    fault: Reply | BaseException, again: bool
) -> None:
    stage = Scripted(fault, GOOD)
    if again:
        reply = await patient(stage).perform(REQUEST)
        reason = fault.reason if isinstance(fault, StageError) else "empty"
        assert reply == replace(GOOD, retries=(reason,))
        assert stage.asked == [REQUEST, REQUEST]
        return
    if isinstance(fault, Reply):
        assert await patient(stage).perform(REQUEST) is fault
    else:
        with pytest.raises(type(fault)) as raised:
            await patient(stage).perform(REQUEST)
        assert raised.value is fault
    assert len(stage.asked) == 1
    assert not stage.clock.slept


@pytest.mark.parametrize("purpose", ["probe", "gauge"])
async def test_a_blank_answer_is_for_the_probe_to_read(purpose: str) -> None:
    stage = Scripted(BLANK, GOOD)
    assert await patient(stage).perform(replace(REQUEST, purpose=purpose)) is BLANK


# What is told of it


async def test_a_reply_carries_the_reasons_of_the_attempts_before_it() -> None:
    stage = Scripted(BUSY, BLANK, failed("server"), replace(GOOD, retries=("inner",)))
    reply = await patient(stage).perform(REQUEST)
    assert reply.retries == ("rate-limit", "empty", "server", "inner")
    assert reply.text == "Here."


async def test_a_reply_at_once_is_passed_on_as_it_is() -> None:
    assert await patient(Scripted(GOOD)).perform(REQUEST) is GOOD


async def test_the_last_error_carries_the_reasons_of_all_attempts() -> None:
    stage = Scripted(BUSY, failed("server"), BUSY, failed("timeout", retry_after=3.0))
    error = await given_up(stage, attempts=4)
    assert error.attempts == ("rate-limit", "server", "rate-limit", "timeout")
    assert (error.reason, error.transient, error.retry_after) == ("timeout", True, 3.0)
    assert str(error) == (
        "it said timeout (given up after 4 attempts: rate-limit 2×, server 1×, timeout 1×)"
    )
    assert len(stage.asked) == 4


async def test_one_attempt_is_told_too() -> None:
    error = await given_up(Scripted(StageError("bad-request", "400")))
    assert (error.attempts, str(error)) == (("bad-request",), "400")


async def test_a_stage_that_closes_between_attempts_is_closed() -> None:
    stage = Scripted(BUSY, closed := StageClosed("key", "the key was withdrawn"))
    error = await given_up(stage)
    assert error is closed
    assert error.attempts == ("rate-limit", "key")
    assert len(stage.asked) == 2


@pytest.mark.parametrize(
    ("blank", "good", "together"),
    [
        (Usage(10, 5), Usage(10, 2), Usage(20, 7)),
        (Usage(10, 5, 4, 0.25), Usage(10, 2, 8, 0.5), Usage(20, 7, 12, 0.75)),
        (Usage(10, 5), Usage(10, 2, 0, 0.5), Usage(20, 7, 0, None)),
        (Usage(), Usage(10, 2, 0, 0.5), Usage(10, 2, 0, 0.5)),
        (Usage(), Usage(), Usage()),
    ],
)
async def test_what_a_blank_reply_cost_is_counted(
    blank: Usage, good: Usage, together: Usage
) -> None:
    stage = Scripted(replace(BLANK, usage=blank), BUSY, replace(GOOD, usage=good))
    assert (await patient(stage).perform(REQUEST)).usage == together


@pytest.mark.parametrize("last", [BUSY, StageError("bad-request", "400"), "blank", "closed"])
async def test_what_blank_replies_cost_is_told_when_no_attempt_is_left(
    last: StageError | str,
) -> None:
    blank = replace(BLANK, usage=Usage(10, 5, 4, 0.25))
    closed = StageClosed("key", "401")
    end = blank if last == "blank" else closed if isinstance(last, str) else last
    error = await given_up(Scripted(blank, BUSY, blank, end), attempts=4)
    assert len(error.attempts) == 4
    times = 3 if last == "blank" else 2
    assert error.usage == Usage(10 * times, 5 * times, 4 * times, 0.25 * times)


async def test_what_an_error_cost_is_counted_whatever_comes_of_the_call() -> None:
    paid = failed("malformed", usage=Usage(10, 5))
    assert (await patient(Scripted(paid, GOOD)).perform(REQUEST)).usage == Usage(20, 7)
    assert (await given_up(Scripted(paid), attempts=1)).usage == Usage(10, 5)
    assert (await given_up(Scripted(paid), attempts=3)).usage == Usage(30, 15)
    assert (await given_up(Scripted(BUSY))).usage == Usage()


async def test_log_probabilities_are_asked_again_too() -> None:
    stage = Scripted(BUSY, BUSY, GOOD)
    assert await patient(stage).log_prob(REQUEST, "Yes.") == LogProb(-1.5, 4)
    assert len(stage.asked) == 3
    nothing = Scripted(Reply(""))
    assert await patient(nothing).log_prob(REQUEST, "Yes.") is None
    assert len(nothing.asked) == 1


# How long it waits


@pytest.mark.parametrize(
    ("asked_for", "waited"), [(0.5, 0.5), (20.0, 20.0), (3600.0, 60.0), (math.inf, 60.0)]
)
async def test_what_the_provider_asks_for_is_waited_up_to_our_bound(
    asked_for: float, waited: float
) -> None:
    stage = Scripted(failed("rate-limit", retry_after=asked_for), GOOD)
    await patient(stage).perform(REQUEST)
    assert stage.clock.slept == [waited]


@pytest.mark.parametrize("nonsense", [0.0, -5.0, math.nan])
async def test_a_wait_that_is_none_is_ours_to_choose(nonsense: float) -> None:
    stage = Scripted(failed("rate-limit", retry_after=nonsense), GOOD)
    await patient(stage).perform(REQUEST)
    assert 0 < stage.clock.slept[0] < 1


@given(
    seed=st.integers(0, 2**64 - 1),
    longest=st.floats(0, 100),
    first=st.floats(0, 10),
    attempts=st.integers(1, 80),
)
@example(seed=7, longest=60.0, first=1.0, attempts=1100)
@settings(max_examples=effort(20, 50), deadline=None)
def test_waits_grow_up_to_the_bound(seed: int, longest: float, first: float, attempts: int) -> None:
    stage = Scripted(BUSY)
    retry = patient(
        stage, attempts=attempts, longest_wait=longest, first_wait=first, total=math.inf
    )
    with pytest.raises(StageError):
        asyncio.run(retry.perform(replace(REQUEST, seed=seed)))
    assert len(stage.asked) == attempts
    assert len(stage.clock.slept) == attempts - 1
    for number, seconds in enumerate(stage.clock.slept):
        assert 0 <= seconds <= min(longest, first * 2 ** min(number, 64))


async def test_jitter_is_full_and_repeatable() -> None:
    async def waits(request: Request) -> Sequence[float]:
        stage = Scripted(BUSY)
        with pytest.raises(StageError):
            await patient(stage).perform(request)
        return stage.clock.slept

    assert await waits(REQUEST) == await waits(REQUEST)
    others = [
        replace(REQUEST, seed=8),
        replace(REQUEST, speaker="Ben"),
        replace(REQUEST, purpose="probe"),
        replace(REQUEST, prompt=REQUEST.prompt.then("user", "Well?")),
    ]
    assert len({tuple(await waits(one)) for one in [REQUEST, *others]}) == 5
    many = [await waits(replace(REQUEST, seed=seed)) for seed in range(300)]
    for number in range(5):
        drawn = [one[number] / 2**number for one in many]
        assert 0.45 < mean(drawn) < 0.55
        assert min(drawn) < 0.05
        assert max(drawn) > 0.95


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    stage = Scripted(failed("timeout"), seconds=120.0)
    error = await given_up(stage)
    assert error.attempts == ("timeout",) * 3
    # Not begun: a wait after which there would be no time left.
    stage = Scripted(failed("rate-limit", retry_after=50.0))
    assert (await given_up(stage, total=120.0)).attempts == ("rate-limit",) * 3
    assert stage.clock.slept == [50.0, 50.0]


async def test_time_in_the_throttles_line_is_no_fault_of_the_provider() -> None:
    class Queued(Scripted):
        async def perform(self, request: Request) -> Reply:
            waited = WAITED.get()
            assert waited is not None
            waited.seconds += 1000.0
            self.clock.now += 1000.0
            return await super().perform(request)

    stage = Queued(BUSY, BUSY, GOOD)
    reply = await patient(stage).perform(REQUEST)
    assert reply.retries == ("rate-limit", "rate-limit")
    assert WAITED.get() is None


async def test_every_attempt_passes_the_throttle_again() -> None:
    stage = Scripted(BUSY, BUSY, BLANK, GOOD)
    throttle = Throttle(stage, requests_per_minute=100, tokens_per_minute=10_000, concurrency=1)
    retry = Retry(throttle, sleep=stage.clock.sleep)
    assert (await retry.perform(REQUEST)).retries == ("rate-limit", "rate-limit", "empty")
    requests: Any = throttle.limits._requests
    assert len(requests._task_logs) == 4
    assert throttle.limits.inside == 0


async def test_calls_at_the_same_time_do_not_disturb_each_other() -> None:
    """tenacity keeps the state of a call apart by thread, and all of these are in one."""

    class Flaky(Scripted):
        async def perform(self, request: Request) -> Reply:
            self.asked.append(request)
            await asyncio.sleep(0)
            so_far = sum(one.seed == request.seed for one in self.asked)
            if so_far <= request.seed % 5:
                raise failed(f"{request.seed} {so_far}")
            return GOOD

    retry = Retry(Flaky(), sleep=lambda seconds: asyncio.sleep(0))
    replies = await asyncio.gather(
        *(retry.perform(replace(REQUEST, seed=seed)) for seed in range(200))
    )
    for seed, reply in enumerate(replies):
        assert reply.retries == tuple(f"{seed} {n}" for n in range(1, seed % 5 + 1))


async def test_a_wait_can_be_cancelled() -> None:
    stage = Scripted(failed("rate-limit", retry_after=50.0))
    task = asyncio.create_task(Retry(stage).perform(REQUEST))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(stage.asked) == 1


# A wrapper changes nothing


def test_what_the_stage_is_goes_through() -> None:
    stage = Scripted(GOOD)
    assert isinstance(Retry(stage), Stage)
    assert (Retry(stage).identity, Retry(stage).info.free) == ("scripted", False)
    stage.info = StageInfo(free=True)  # type: ignore[attr-defined]
    assert Retry(stage).info.free


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts", 0),
        ("attempts", -1),
        ("longest_wait", -1.0),
        ("longest_wait", math.nan),
        ("total", -0.1),
        ("first_wait", math.nan),
    ],
)
def test_numbers_that_make_no_sense_are_refused(name: str, value: Any) -> None:
    with pytest.raises(BadRequest, match=name):
        Retry(Scripted(GOOD), **{name: value})
