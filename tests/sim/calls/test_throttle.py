"""The throttle: never over a limit, first come first served, and nothing lost on the way.

Most tests run in virtual time: the loop's clock jumps to the next timer, so that a minute takes no
time, windows are exact, and waiting for nothing is an error instead of a test that hangs.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.calls import throttle as module
from sim.calls.throttle import WAITED, Limits, PromptSizes, Running, Throttle, Waited
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import Usage
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo

T = TypeVar("T")
PROMPT = Prompt.start("text", "x" * 104)  # 120 bytes with the chunk's own: 40 tokens at first
AT_FIRST = 40


class Wedged(Exception):
    """Everybody waits, and nothing will come."""


class Instant(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    """Instead of waiting, it is later."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or self.now > 5000:
            raise Wedged
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when everybody waits."""

    def __init__(self) -> None:
        self.instant = Instant()
        super().__init__(self.instant)

    def time(self) -> float:
        return self.instant.now


def virtually(what: Coroutine[Any, Any, T]) -> T:
    """Run something in virtual time, the throttle's clock and the library's included."""
    loop = VirtualLoop()
    clock = SimpleNamespace(monotonic=loop.time)
    with (
        patch.object(module, "time", clock),
        patch("asyncio_throttle.throttler.time", clock),
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        return runner.run(what)


@dataclass
class Call:
    """A call that reaches the provider, and what will become of it."""

    number: int = 0
    latency: float = 0.0
    completion: int = 0
    error: StageError | None = None
    prompt: int = 26


class Provider:
    """Does what each call says, by the request's seed, and notes when it came."""

    identity = "provider"

    def __init__(self, *calls: Call) -> None:
        self.calls = {call.number: call for call in calls}
        self.came: list[tuple[float, int]] = []  # when, and which
        self.inside = self.most_inside = 0

    async def perform(self, request: Request) -> Reply:
        call = self.calls.get(request.seed, Call())
        self.came.append((asyncio.get_running_loop().time(), request.seed))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await asyncio.sleep(call.latency)
            if call.error is not None:
                raise call.error
            return Reply("Yes.", usage=Usage(call.prompt, call.completion))
        finally:
            self.inside -= 1

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        self.came.append((asyncio.get_running_loop().time(), request.seed))
        return LogProb(-1.0, len(text))


def ask(stage: Stage, number: int = 0, max_tokens: int | None = None) -> asyncio.Task[Reply]:
    request = Request(PROMPT, number, "Ada", max_tokens=max_tokens)
    return asyncio.ensure_future(stage.perform(request))


def largest(came: Sequence[tuple[float, int]], period: float) -> int:
    """The most that a window of ``period`` holds: one that begins at a call, for the others hold
    no more."""
    return max(
        (sum(n for at, n in came if begin <= at <= begin + period) for begin, _ in came), default=0
    )


# What callers may do, at random


@dataclass
class Caller:
    after: float
    latency: float
    max_tokens: int
    completion: int
    fails: bool
    patience: float | None


@st.composite
def callers(draw: st.DrawFn) -> Caller:
    # Times are multiples of a half, so that things often happen in the same tick.
    max_tokens = draw(st.integers(0, 60))
    return Caller(
        after=draw(st.integers(0, 3)) / 2,
        latency=draw(st.integers(0, 30)) / 2,
        max_tokens=max_tokens,
        completion=draw(st.integers(0, max_tokens)),
        fails=draw(st.booleans()),
        patience=draw(st.none() | st.integers(0, 30).map(lambda n: n / 2)),
    )


@given(
    crowd=st.lists(callers(), min_size=1, max_size=40),
    requests=st.none() | st.integers(1, 8),
    tokens=st.none() | st.integers(AT_FIRST + 60, 400),
    concurrency=st.none() | st.integers(1, 4),
)
@settings(max_examples=effort(60, 150), deadline=None)
def test_no_window_holds_more_than_the_limits_and_who_comes_first_goes_first(
    crowd: list[Caller], requests: int | None, tokens: int | None, concurrency: int | None
) -> None:
    provider = Provider(
        *(
            Call(n, one.latency, one.completion, StageError("busy", "busy") if one.fails else None)
            for n, one in enumerate(crowd)
        )
    )

    async def scene() -> None:
        stage = Throttle(
            provider,
            requests_per_minute=requests,
            tokens_per_minute=tokens,
            concurrency=concurrency,
            period=10.0,
        )
        loop, tasks = asyncio.get_running_loop(), []
        for number, one in enumerate(crowd):
            await asyncio.sleep(one.after)
            tasks.append(ask(stage, number, one.max_tokens))
            if one.patience is not None:
                loop.call_later(one.patience, tasks[-1].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert stage.limits.inside == 0
        await ask(stage, len(crowd), 0)  # nobody has wedged the line
        await asyncio.sleep(11)
        assert stage.limits.tokens_in_window == 0

    virtually(scene())
    numbers = [number for _, number in provider.came]
    assert numbers == sorted(numbers)
    if concurrency is not None:
        assert provider.most_inside <= concurrency
    if requests is not None:
        assert largest([(at, 1) for at, _ in provider.came], 10.0) <= requests
    if tokens is not None:
        # A provider counts what it reads and, unless it failed, writes: also for who has gone.
        used = [
            (at, call.prompt + (0 if call.error else call.completion))
            for at, number in provider.came
            for call in [provider.calls.get(number, Call())]
        ]
        assert largest(used, 10.0) <= tokens


@pytest.mark.parametrize("tick", range(24))
@pytest.mark.parametrize(
    "limits",
    [{"concurrency": 1}, {"requests_per_minute": 1}, {"tokens_per_minute": 60}],
    ids=lambda limits: next(iter(limits)),
)
def test_a_caller_can_be_cancelled_in_any_tick(limits: dict[str, int], tick: int) -> None:
    """Ticks of no duration, around the moments at which places are handed over."""

    async def scene(victim: int) -> list[int]:
        provider = Provider(*(Call(n, 0.0, 0) for n in range(5)))
        stage = Throttle(provider, period=0.01, **limits)
        tasks = [ask(stage, n, 10) for n in range(5)]
        for _ in range(tick):
            await asyncio.sleep(0)
        tasks[victim].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert stage.limits.inside == 0
        return [n for _, n in provider.came]

    for victim in range(5):
        came = virtually(scene(victim))
        others = [n for n in range(5) if n != victim]
        assert [n for n in came if n != victim] == others


def test_a_head_that_is_cancelled_as_it_is_handed_over_hands_it_on() -> None:
    async def scene() -> None:
        limits = Limits(concurrency=1)
        inside = await limits.enter()
        first, second, third = (asyncio.ensure_future(limits.enter()) for _ in range(3))
        await asyncio.sleep(0)  # the first waits for room, the others behind it
        first.cancel()
        await asyncio.sleep(0)  # the first has handed the head to the second ...
        second.cancel()  # ... which does not know yet
        limits.leave(inside, 0)
        limits.leave(await third, 0)
        assert second.cancelled()
        assert limits.inside == 0

    virtually(scene())


def test_who_is_cancelled_leaves_the_line_at_once() -> None:
    async def scene() -> None:
        stage = Throttle(Provider(), requests_per_minute=1)
        tasks = [ask(stage, n) for n in range(100)]
        await asyncio.sleep(1)
        for task in tasks[2:]:
            task.cancel()
        await asyncio.sleep(1)
        assert not stage.limits._line.behind  # one is at the head, nobody behind it
        await tasks[1]

    virtually(scene())


def test_a_window_can_be_filled_to_the_last_token() -> None:
    async def scene() -> None:
        limits = Limits(tokens_per_minute=1000)
        for _ in range(4):
            limits.leave(await limits.enter(250), 250)
        assert limits.tokens_in_window == 1000
        assert asyncio.get_running_loop().time() == 0
        await limits.enter(1)
        assert asyncio.get_running_loop().time() > 60

    virtually(scene())


def test_the_limits_are_used_under_load() -> None:
    async def scene(**limits: int) -> float:
        provider = Provider(*(Call(n, 0.1, 74) for n in range(950)))
        stage = Throttle(provider, **limits)
        await asyncio.gather(*(ask(stage, n, 100) for n in range(950)))
        return provider.came[-1][0]

    # 950 calls of a hundred tokens are 95% of what ten windows hold, and the tenth begins after
    # nine periods. It may take a hundredth longer.
    assert virtually(scene(requests_per_minute=100)) <= 9 * 60 * 1.015
    assert virtually(scene(tokens_per_minute=10_000)) <= 9 * 60 * 1.015


# What is settled

WHOLE = 900 + AT_FIRST


@pytest.mark.parametrize(
    ("call", "free_after"),
    [
        (Call(completion=50), 0),
        (Call(completion=900), 1),
        (Call(error=StageError("server", "500")), 0),
        (Call(error=StageError("rate-limit", "429", transient=True)), 0),
        (Call(error=StageClosed("key", "401")), 0),
        (Call(error=StageError("timeout", "took too long", transient=True)), 1),
        (Call(error=StageError("cut", "cut", transient=True)), 1),
        (Call(error=StageError("malformed", "no JSON", transient=True)), 1),
        (Call(error=StageError("length", "all of it went into thinking")), 1),
    ],
)
def test_what_a_call_did_not_use_is_given_back(call: Call, free_after: int) -> None:
    async def scene() -> None:
        provider = Provider(call)
        stage = Throttle(provider, tokens_per_minute=1000)
        await asyncio.gather(ask(stage, 0, 900), return_exceptions=True)
        await ask(stage, 1, 800)
        windows = [at // 60 for at, _ in provider.came]
        assert windows == [0, free_after]

    virtually(scene())


def test_a_reply_that_tells_no_usage_is_counted_by_its_length() -> None:
    async def scene() -> None:
        stage = Throttle(Provider(Call(prompt=0, completion=0)), tokens_per_minute=1000)
        await ask(stage, 0, 900)
        assert stage.limits.tokens_in_window == AT_FIRST + 2  # "Yes."

    virtually(scene())


def test_what_nobody_expected_counts_from_when_it_is_known() -> None:
    async def scene() -> None:
        provider = Provider(Call(latency=30.0, completion=1800))
        stage = Throttle(provider, tokens_per_minute=1000)
        await ask(stage, 0, 100)
        assert stage.limits.tokens_in_window == 1826
        await ask(stage, 1, 100)
        assert 90 < provider.came[-1][0] < 92

    virtually(scene())


def test_a_call_that_is_cancelled_in_flight_keeps_its_tokens_till_the_window_ends() -> None:
    async def scene() -> None:
        provider = Provider(Call(latency=5.0))
        stage = Throttle(provider, tokens_per_minute=1000, concurrency=1)
        task = ask(stage, 0, 900)
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(0)
        assert stage.limits.tokens_in_window == WHOLE
        assert stage.limits.inside == 0
        await ask(stage, 1, 900)
        assert 60 <= provider.came[-1][0] < 62

    virtually(scene())


def test_a_call_that_outlives_its_window_settles_nothing_twice() -> None:
    async def scene() -> None:
        stage = Throttle(Provider(Call(latency=100.0, completion=5)), tokens_per_minute=1000)
        task = ask(stage, 0, 900)
        await asyncio.sleep(90)
        assert stage.limits.tokens_in_window == 0
        await task
        assert stage.limits.tokens_in_window == 0

    virtually(scene())


def test_a_call_larger_than_a_window_is_refused_at_once_and_keeps_nobody_waiting() -> None:
    async def scene() -> None:
        provider = Provider()
        stage = Throttle(provider, tokens_per_minute=1000, requests_per_minute=1)
        for max_tokens in (961, 5000):
            with pytest.raises(StageError, match="never fit into 1000") as refused:
                await ask(stage, 0, max_tokens)
            assert refused.value.reason == "too-large"
            assert not refused.value.transient
        with pytest.raises(StageError, match="never fit"):
            await stage.limits.enter(1001)
        await ask(stage, 1, 960)
        assert [at for at, _ in provider.came] == [0.0]

    virtually(scene())


def test_a_reply_of_unknown_length_is_no_reason_to_refuse() -> None:
    async def scene() -> None:
        await ask(Throttle(Provider(), tokens_per_minute=100), 0, None)  # 40 and a guess of 256

    virtually(scene())


def test_guesses_follow_what_replies_use_apart_by_purpose() -> None:
    async def scene() -> None:
        stage = Throttle(Provider(*(Call(n, 1.0, 60, prompt=30) for n in range(101))))
        stage = Throttle(stage.stage, tokens_per_minute=10**9)
        for n in range(100):
            await ask(stage, n)
        await asyncio.sleep(61)
        task = ask(stage, 100)
        await asyncio.sleep(0.5)
        assert 90 <= stage.limits.tokens_in_window <= 95
        await task
        probe = Request(PROMPT, 101, "Ada", purpose="probe")
        before = stage.limits.tokens_in_window
        task = asyncio.ensure_future(stage.perform(probe))
        await asyncio.sleep(0)
        assert 286 <= stage.limits.tokens_in_window - before <= 287
        await task

    virtually(scene())


def test_a_running_mean_allows_for_the_spread() -> None:
    steady, wild = Running(10.0), Running(10.0)
    for n in range(200):
        steady.learn(100)
        wild.learn(50 if n % 2 else 150)
    assert steady.mean == pytest.approx(100)
    assert steady.at_most == pytest.approx(100)
    assert wild.at_most > 150


def test_a_long_prompt_is_walked_once() -> None:
    sizes, prompt, walked = PromptSizes(), Prompt.start("system", "You are Ada."), 0
    count: Callable[[str], int] = module._bytes

    def counted(text: str) -> int:
        nonlocal walked
        walked += 1
        return count(text)

    with patch.object(module, "_bytes", counted):
        for n in range(1000):
            prompt = prompt.then("user", f"Turn {n}, as said by Zoë.")
        sizes.of(prompt)
        assert walked == 1001
        for n in range(10):
            prompt = prompt.then("user", f"Turn {n}.")
            sizes.of(prompt.then("user", "What now?"))
        assert walked == 1001 + 20
    assert sizes.of(prompt) == sum(len(c.text.encode()) + 16 for c in prompt.chunks())


def test_sizes_are_right_when_most_of_them_were_forgotten() -> None:
    with patch.object(PromptSizes, "REMEMBERED", 3):
        sizes, prompt = PromptSizes(), Prompt.start("system", "You are Ada.")
        for n in range(50):
            prompt = prompt.then("user", "x" * n)
            assert sizes.of(prompt) == sum(len(c.text) + 16 for c in prompt.chunks())
            assert len(sizes._young) + len(sizes._old) <= 8


# A wrapper changes nothing


def test_what_is_said_goes_through_unchanged() -> None:
    async def scene() -> None:
        inner = Provider(Call(completion=3))
        stage = Throttle(inner, requests_per_minute=1, tokens_per_minute=1000)
        assert isinstance(stage, Stage)
        assert (stage.identity, stage.info.free) == ("provider", False)
        assert await ask(stage) == Reply("Yes.", usage=Usage(26, 3))
        # log_prob is a request like others: it waits for the next window.
        log_prob = await stage.log_prob(Request(PROMPT, 1, "Ada"), "Yes.")
        assert log_prob == LogProb(-1.0, 4)
        assert inner.came[1][0] > 60
        inner.info = StageInfo(free=True)  # type: ignore[attr-defined]
        assert Throttle(inner).info.free

    virtually(scene())


def test_stages_of_one_provider_share_its_limits() -> None:
    async def scene() -> None:
        provider, limits = Provider(), Limits(requests_per_minute=3)
        stages = [Throttle(provider, limits=limits) for _ in range(2)]
        await asyncio.gather(*(ask(stage, n) for n in range(5) for stage in stages))
        assert largest([(at, 1) for at, _ in provider.came], 60.0) == 3

    virtually(scene())


def test_what_is_waited_in_line_is_told_to_who_asks() -> None:
    async def scene() -> None:
        stage = Throttle(Provider(Call(latency=7.0)), concurrency=1)
        ask(stage)
        await asyncio.sleep(1)
        waited = Waited()
        WAITED.set(waited)
        await ask(stage, 1)
        assert waited.seconds == pytest.approx(6.0)

    virtually(scene())


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute", "concurrency"])
@pytest.mark.parametrize("limit", [0, -1, 0.5, float("nan")])
def test_a_limit_that_lets_nothing_through_is_refused(name: str, limit: Any) -> None:
    with pytest.raises(BadRequest, match=name):
        Throttle(Provider(), **{name: limit})


@pytest.mark.parametrize("period", [0.0, -1.0, float("inf"), float("nan")])
def test_a_period_that_is_none_is_refused(period: float) -> None:
    with pytest.raises(BadRequest, match="period"):
        Throttle(Provider(), period=period)


def test_limits_are_given_once() -> None:
    with pytest.raises(BadRequest, match="shared"):
        Throttle(Provider(), limits=Limits(), concurrency=3)


# Real time


def test_one_throttle_serves_loops_one_after_the_other() -> None:
    provider = Provider()
    stage = Throttle(provider, requests_per_minute=2, concurrency=1, period=0.2)

    async def scene() -> None:
        waiting = [ask(stage, n) for n in range(50)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        # The loop ends now, and with it those who wait.

    for _ in range(3):
        asyncio.run(scene())
    assert largest([(at, 1) for at, _ in provider.came], 0.2) <= 2
    assert stage.limits.inside == 0


async def test_five_thousand_wait_and_one_polls() -> None:
    provider = Provider()
    stage = Throttle(provider, requests_per_minute=50, tokens_per_minute=10**9, period=1.0)
    requests: Any = stage.limits._requests
    began = time.monotonic()
    with patch.object(requests, "flush", wraps=requests.flush) as polled:
        tasks = [ask(stage, n) for n in range(5000)]
        await asyncio.sleep(1.2)
        polls, seconds = polled.call_count, time.monotonic() - began
    # One poll in a thousandth of a period, and one for each that got in.
    assert polls <= 1000 * seconds + len(provider.came) + 10
    assert len(provider.came) >= 50
    # The machine may put the process aside between the leave and the call.
    assert largest([(at, 1) for at, _ in provider.came], 0.9) <= 50
    for task in tasks[::-1]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not stage.limits._line.behind
    await asyncio.wait_for(ask(stage), 30)
