"""Stages, observers and a clock that stand in for the real ones in tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from sim.events import Event
from sim.stage.base import LogProb, Reply, Request
from sim.testing.stages import Around as Around
from sim.transcript import Transcript


class Murmur:
    """Says a few words that depend on every bit of the prompt and on the seed; answers likewise.

    Whatever leaks into a prompt or into a seed changes what is said, and everything after it.
    """

    free = True
    identity = "murmur:"

    async def perform(self, request: Request) -> Reply:
        key = repr((request.prompt.digest, request.seed, request.speaker, request.stop))
        bits = blake2b(key.encode(), digest_size=8).digest()
        if request.schema is not None:
            parts = request.schema["properties"].items()
            return Reply(json.dumps({field: _value(part, bits) for field, part in parts}))
        return Reply(" ".join(f"w{byte}" for byte in bits[:4]) + ".")

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def _value(part: Mapping[str, Any], bits: bytes) -> Any:
    """A value for a part of a schema of ours."""
    if "enum" in part:
        return part["enum"][bits[0] % len(part["enum"])]
    if part["type"] == "string":
        return f"w{bits[0]}."
    if part["type"] == "array":
        options = part["items"]["enum"]
        turned = bits[0] % len(options)
        return options[turned:] + options[:turned]
    if part["type"] == "object":
        return {name: bits[place % 8] + 1 for place, name in enumerate(part["properties"])}
    value = part["minimum"] + bits[0] / 255 * (part["maximum"] - part["minimum"])
    return round(value, 2)


class Says:
    """Says one thing on every turn, and another to every question."""

    identity = "says:"

    def __init__(self, turn: str, answer: str = '{"stance": 0}') -> None:
        self.turn = turn
        self.answer = answer

    async def perform(self, request: Request) -> Reply:
        return Reply(self.turn if request.schema is None else self.answer)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


class Watching:
    """An observer that keeps what it saw."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def saw(self, event: Event) -> None:
        self.events.append(event)


class VirtualClock(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time: its clock jumps to the next timer.

    So a test can say how long a scene takes when each call takes 50 ms, exactly.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready:  # type: ignore[attr-defined]
            timers = [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
            if timers:
                self._now = max(self._now, min(timer.when() for timer in timers))
            elif not self._stopping:  # type: ignore[attr-defined]
                # A real loop would wait here for ever, and so would the test.
                raise RuntimeError("everybody waits, and nothing is going to happen")
        super()._run_once()  # type: ignore[misc]


def in_virtual_time(main: Coroutine[Any, Any, Any]) -> tuple[Any, float]:
    """The result of a coroutine, and how many seconds of virtual time it took."""
    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        result = runner.run(main)
        return result, runner.get_loop().time()


def facts(events: Transcript | Sequence[Event]) -> list[str]:
    """Events without the facts of the clock, in order: equal lists mean equal histories."""
    found = events.events if isinstance(events, Transcript) else events
    lines: list[str] = []
    for event in found:
        fields = asdict(event)
        fields.pop("seconds", None)
        if not fields.get("thought"):
            # As it is stored: only where a model thought something.
            fields.pop("thought", None)
        lines.append(f"{event.kind} {fields!r}")
    return lines


def turns(transcript: Transcript) -> list[str]:
    """The turns alone, likewise."""
    return facts(transcript.turns)
