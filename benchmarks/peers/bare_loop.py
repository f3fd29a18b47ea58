"""The least that a loop can cost: asyncio, a reply, a list. It builds no prompt."""

from __future__ import annotations

import asyncio

from benchmarks.measuring import REPLY, Play, Subject, main


def prepare(turns: int, latency: float) -> Play:
    """A scene of ``turns`` turns."""

    async def reply() -> str:
        if latency:
            await asyncio.sleep(latency)
        return REPLY

    async def play() -> list[str]:
        transcript: list[str] = []
        for _ in range(turns):
            transcript.append(await reply())  # noqa: PERF401 - a loop is what is measured
        return transcript

    return play


if __name__ == "__main__":
    main(Subject("bare asyncio loop", prepare, "import asyncio"))
