"""The capacity model of docs/scale.md: hours and first bottleneck, from measured constants.

A turn passes four places: the provider (limits and latency), a worker's processor, the driver's
processor, the store on its disk. ``hours_of`` is the time that each of them alone would take; the
largest is the bottleneck. ``simulated`` plays a closed network of calls that go round these places
and gives the turns a second, so that the bound is not taken for the rate.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Constants:
    """Measured, for one turn: processor seconds of the driver, of a worker with the embedded stage
    and with the client of a provider, and bytes of the store for each."""

    driver: float
    embedded: float
    client: float
    embedded_size: float
    client_size: float

    def worker(self, setting: Setting) -> float:
        """Processor seconds of a worker."""
        return self.client if setting.tokens else self.embedded

    def size(self, setting: Setting) -> float:
        """Bytes of the store."""
        return self.client_size if setting.tokens else self.embedded_size

    @classmethod
    def of(cls, measured: Mapping[str, Any]) -> Constants:
        """From the figures of ``benchmarks.cluster constants``."""
        part = measured["constants"]
        return cls(
            part["embedded_ray"]["processor_seconds_a_turn"],
            part["embedded_local"]["processor_seconds_a_turn"],
            part["client_local"]["processor_seconds_a_turn"],
            part["embedded_local"]["bytes_a_turn"],
            part["client_local"]["bytes_a_turn"],
        )


@dataclass(frozen=True)
class Setting:
    """What is played, and with what: limits a minute (None: none), seconds a call, calls at once,
    processors of workers, and dollars a million tokens."""

    name: str
    scenes: int = 1_000_000
    turns: int = 10
    tokens: int = 900
    requests: int | None = None
    tokens_a_minute: int | None = None
    latency: float = 1.5
    at_once: int = 1000
    workers: int = 8
    usd: float = 0.0


SETTINGS = (
    Setting("embedded, 2 workers", latency=0.0, tokens=0, workers=2),
    Setting("embedded, 8 workers", latency=0.0, tokens=0, workers=8),
    Setting("a provider: 10,000 requests, 10 M tokens a minute", requests=10_000,
            tokens_a_minute=10_000_000, usd=0.30),
    Setting("a provider: 30,000 requests, 150 M tokens a minute", requests=30_000,
            tokens_a_minute=150_000_000, usd=0.30),
    Setting("a server of one's own on each of 8 nodes, 64 calls at once each", at_once=512),
)  # fmt: skip


def hours_of(constants: Constants, setting: Setting) -> dict[str, float]:
    """The hours that each place alone would take."""
    turns = setting.scenes * setting.turns
    hours = {
        "driver": turns * constants.driver / 3600,
        "workers": turns * constants.worker(setting) / setting.workers / 3600,
        "calls at once": turns * setting.latency / setting.at_once / 3600,
    }
    if setting.requests is not None:
        hours["requests a minute"] = turns / setting.requests / 60
    if setting.tokens_a_minute is not None:
        hours["tokens a minute"] = turns * setting.tokens / setting.tokens_a_minute / 60
    return hours


def simulated(constants: Constants, setting: Setting, turns: int = 20_000) -> float:
    """Turns a second of a closed network: so many calls at once go round the places, each of which
    serves in order of arrival; service times are exponential, the provider's limits are even."""
    dice = random.Random(1)
    free = {"driver": [0.0], "worker": [0.0] * setting.workers}
    every = 0.0
    if setting.requests is not None:
        every = 60 / setting.requests
    if setting.tokens_a_minute is not None:
        every = max(every, 60 * setting.tokens / setting.tokens_a_minute)
    gate, worker, halfway = 0.0, constants.worker(setting), 0.0

    def served(place: str, at: float, mean: float) -> float:
        start = max(at, heapq.heappop(free[place]))
        end = start + dice.expovariate(1 / mean)
        heapq.heappush(free[place], end)
        return end

    calls = [(0.0, number) for number in range(setting.at_once)]
    heapq.heapify(calls)
    at = 0.0
    for turn in range(turns):
        if turn == turns // 2:
            halfway = at
        at, number = heapq.heappop(calls)
        end = served("driver", served("worker", at, worker), constants.driver)
        gate = max(gate + every, end)
        heapq.heappush(calls, (gate + setting.latency, number))
    return turns / 2 / (at - halfway)


def lines(constants: Constants) -> list[str]:
    """The table of docs/scale.md."""
    found = [
        f"A turn: {constants.driver * 1e3:.2f} ms of the driver's processor, "
        f"{constants.embedded * 1e3:.2f} ms of a worker's with the embedded stage and "
        f"{constants.client * 1e3:.2f} ms with a client; {constants.embedded_size:,.0f} and "
        f"{constants.client_size:,.0f} bytes.",
        "",
        "| setting | calls | tokens | dollars | disk | hours at least | bottleneck | simulated |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setting in SETTINGS:
        turns = setting.scenes * setting.turns
        hours = hours_of(constants, setting)
        first = max(hours, key=lambda place: hours[place])
        rate = simulated(constants, setting)
        tokens = turns * setting.tokens
        found.append(
            f"| {setting.name} | {turns / 1e6:g} M | {tokens / 1e9:g} G | "
            f"{tokens / 1e6 * setting.usd:,.0f} | {turns * constants.size(setting) / 1e9:.0f} GB | "
            f"{hours[first]:.1f} | {first} | {turns / rate / 3600:.1f} h |"
        )
    return found
