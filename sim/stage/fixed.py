"""A stage of fixed lines, for tests and for measuring the framework alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b

from sim.events import Usage
from sim.stage.base import LogProb, Reply, Request, StageInfo


class FixedLines:
    """Says its lines in rotation, by the depth of the prompt; questions get the answer 0.

    Like every stage it is a function of the prompt: the number of chunks before the cue chooses the
    line, which ends at the first stop. ``latency`` is in seconds.

    >>> FixedLines(["Yes.", "No."]).identity.startswith("fixed:")
    True
    """

    info = StageInfo(free=True)

    def __init__(self, lines: Sequence[str], latency: float = 0.0) -> None:
        if not lines:
            raise ValueError("a stage of fixed lines needs at least one line")
        self.lines = tuple(lines)
        self.latency = latency
        self.identity = "fixed:" + blake2b(repr(self.lines).encode(), digest_size=8).hexdigest()

    async def perform(self, request: Request) -> Reply:
        """The line for this prompt."""
        if self.latency:
            await asyncio.sleep(self.latency)
        if request.schema is not None:
            if "properties" not in request.schema:  # One of some options.
                return Reply(str(request.schema["enum"][0]), usage=Usage(0, 1))
            field = next(iter(request.schema["properties"]))
            return Reply(f'{{"{field}": 0}}', usage=Usage(0, 1), seconds=self.latency)
        line = self.lines[(request.prompt.depth - 2) % len(self.lines)]
        for stop in request.stop:
            if stop in line:
                line = line[: line.index(stop)]
        return Reply(line, usage=Usage(0, 1), seconds=self.latency)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """None: fixed lines have no distribution."""
        return None
