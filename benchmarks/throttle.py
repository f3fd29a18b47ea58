"""Measures whether the throttle keeps to its limits and uses them, and its CPU time under load.

    .venv/bin/python -m benchmarks.throttle                  # about 45 seconds
    .venv/bin/python -m benchmarks.throttle --period 2       # shorter, and a coarser clock
    .venv/bin/python -m benchmarks.throttle --json

The inner stage takes a time stamp when it is called. From these follow the largest number of calls
in any window (exact, not sampled), and the mean over all windows while calls were waiting, as a
share of the limit. CPU is the CPU time of the process over wall-clock time. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from asyncio_throttle.throttler import Throttler
from rich.console import Console
from rich.table import Table

from benchmarks.tables import Bar
from sim.calls.throttle import Throttle
from sim.errors import StageError
from sim.events import Usage
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request

Call = tuple[float, int]


class Provider:
    """A stage that answers after a delay and records the time and the tokens of each call.

    A token has about four bytes, as in English; one in twenty calls fails and costs its prompt.
    """

    identity = "provider"

    def __init__(self, latency: tuple[float, float]) -> None:
        self.calls: list[Call] = []
        self._latency = latency
        self._chance = random.Random(7)

    async def perform(self, request: Request) -> Reply:
        """A reply of 20 to 160 tokens."""
        prompt = len(request.prompt.text) // 4 + 4
        completion = self._chance.randint(20, 160)
        fails = self._chance.random() < 0.05
        self.calls.append((time.monotonic(), prompt + (0 if fails else completion)))
        await asyncio.sleep(self._chance.uniform(*self._latency))
        if fails:
            raise StageError("rate-limit", "429", transient=True)
        return Reply("x " * completion, usage=Usage(prompt, completion))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """None; it is never called."""
        return None


@dataclass(frozen=True)
class Load:
    """What was measured under one limit."""

    what: str
    limit: int
    largest: int
    use: float
    waiting: int
    calls: int
    cpu: float


def largest_window(calls: Sequence[Call], period: float) -> int:
    """The most that any window of ``period`` holds, wherever it begins.

    A window that begins at a call holds no less than those that begin just before it, so it is
    enough to look at these. Windows are closed: calls exactly a period apart are in one.

    >>> largest_window([(0.0, 1), (0.5, 1), (1.0, 1), (1.1, 1)], 1.0)
    3
    """
    inside: deque[Call] = deque()
    held = most = 0
    for call in calls:
        inside.append(call)
        held += call[1]
        while call[0] - inside[0][0] > period:
            held -= inside.popleft()[1]
        most = max(most, held)
    return most


def mean_window(calls: Sequence[Call], period: float, begin: float, end: float) -> float:
    """The mean of what a window holds, over all windows between ``begin`` and ``end``.

    A call is in the windows that begin at most a period before it.

    >>> mean_window([(0.5, 1), (1.5, 1), (2.5, 1)], 1.0, 0.0, 3.0)
    1.0
    """
    last = end - period
    held = sum(n * max(0.0, min(at, last) - max(at - period, begin)) for at, n in calls)
    return held / (last - begin)


async def under_load(
    what: str,
    throttle: Callable[[Provider], Throttle],
    *,
    tokens: bool,
    limit: int,
    period: float,
    windows: float,
    waiting: int,
    max_tokens: int | None,
    latency: tuple[float, float],
) -> Load:
    """Keep ``waiting`` calls waiting for some windows, and measure the calls at the provider.

    Each answered call is followed by another, so that the queue never gets shorter.
    """
    provider = Provider(latency)
    stage = throttle(provider)
    chance = random.Random(11)
    prompts = [Prompt.start("text", "x" * chance.randint(200, 1600)) for _ in range(200)]

    async def caller(number: int) -> None:
        while True:
            number += 1
            prompt = prompts[number % len(prompts)]
            try:
                await stage.perform(Request(prompt, number, "Ada", max_tokens=max_tokens))
            except StageError:
                continue

    # The tasks are created before the clocks start: in a run, scenes exist before they wait.
    callers = [asyncio.create_task(caller(number)) for number in range(waiting)]
    begin = time.monotonic()
    await asyncio.sleep(0.2)
    wall, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(period * windows)
    end = time.monotonic()
    share = (time.process_time() - cpu) / (end - wall)
    calls = [(at, n if tokens else 1) for at, n in provider.calls]
    for task in callers:
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return Load(
        what,
        limit,
        largest_window(calls, period),
        mean_window(calls, period, begin, end) / limit,
        waiting,
        len(calls),
        share,
    )


async def library_alone(waiting: int, limit: int, period: float, seconds: float) -> float:
    """The CPU share of as many callers of asyncio-throttle without a queue in front of it."""
    throttler = Throttler(limit, period=period)

    async def caller() -> None:
        while True:
            await throttler.acquire()  # type: ignore[no-untyped-call]

    callers = [asyncio.create_task(caller()) for _ in range(waiting)]
    await asyncio.sleep(0.2)
    wall, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    share = (time.process_time() - cpu) / (time.monotonic() - wall)
    for task in callers:
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return share


def measure(options: argparse.Namespace) -> tuple[list[Load], float]:
    """All measurements, one after the other."""
    period, requests, tokens = options.period, options.requests, options.tokens
    common = {"period": period, "waiting": options.waiting, "latency": (0.02, 0.08)}
    runs: list[Coroutine[Any, Any, Load]] = [
        under_load(
            "requests",
            lambda inner: Throttle(inner, requests_per_minute=requests, period=period),
            tokens=False,
            limit=requests,
            max_tokens=None,
            windows=3.2,
            **common,
        ),
        under_load(
            "tokens, max_tokens given",
            lambda inner: Throttle(inner, tokens_per_minute=tokens, period=period),
            tokens=True,
            limit=tokens,
            max_tokens=200,
            windows=2.4,
            **common,
        ),
        under_load(
            "tokens, replies guessed",
            lambda inner: Throttle(inner, tokens_per_minute=tokens, period=period),
            tokens=True,
            limit=tokens,
            max_tokens=None,
            windows=2.4,
            **common,
        ),
    ]
    loads = [asyncio.run(run) for run in runs]
    alone = asyncio.run(library_alone(options.waiting, requests, period, 2.0))
    return loads, alone


def bars(loads: Sequence[Load], cpu_bar: float = 0.05) -> list[Bar]:
    """The promises, with their measured values."""
    return [
        bar
        for one in loads
        for bar in (
            Bar(f"{one.what}: the largest window", one.largest, one.limit),
            Bar(f"{one.what}: use of the limit", 100 * one.use, 95, " %", at_least=True),
            Bar(f"{one.what}: CPU of {one.waiting:,} waiters", 100 * one.cpu, 100 * cpu_bar, " %"),
        )
    ]


def show(loads: Sequence[Load], alone: float, period: float) -> None:
    """Print the table."""
    console = Console(highlight=False, soft_wrap=True)
    calls = ", ".join(f"{one.calls} under {one.what.partition(',')[0]}" for one in loads)
    table = Table(title=f"Windows of {period:g} s; calls: {calls}")
    for heading in ("", "measured", "bar", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for bar in bars(loads):
        table.add_row(
            bar.what,
            f"{bar.value:,.4g}{bar.unit}" if bar.unit else f"{bar.value:,}",
            f"{'≥' if bar.at_least else '≤'} {bar.bar:,g}{bar.unit}",
            "[green]pass[/]" if bar.met else "[red]miss[/]",
        )
    console.print(table)
    console.print(
        f"asyncio-throttle with no line before it, as many waiters: {alone:.1%} of a core"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the throttle.")
    parser.add_argument("--period", type=float, default=5.0, help="seconds in a window")
    parser.add_argument("--requests", type=int, default=400, help="requests in a window")
    parser.add_argument("--tokens", type=int, default=100_000, help="tokens in a window")
    parser.add_argument("--waiting", type=int, default=5000, help="calls that wait")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    loads, alone = measure(options)
    if options.json:
        print(json.dumps({"found": [asdict(one) for one in loads], "library_alone_cpu": alone}))
    else:
        show(loads, alone, options.period)


if __name__ == "__main__":
    main()
