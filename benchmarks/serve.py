"""Measures how many requests ``elsinore serve`` answers in a second, and the CPU time of one.

    .venv/bin/python -m benchmarks.serve                 # about 40 seconds
    .venv/bin/python -m benchmarks.serve --seconds 0.5   # coarser
    .venv/bin/python -m benchmarks.serve --json

The server is a process of its own; client and server share the machine. The bare client writes
prepared bytes, so that only the server is timed; with Elsinore's own stages the client's work is
timed, too. A prompt is that of a scene after so many turns. Each request has a seed of its own.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from scenarios.mousetrap import mousetrap
from sim import play
from sim.layouts import render
from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.stage.exact import exact_stage
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling

Call = Callable[[int, int], Awaitable[None]]
"""Make one call, on the connection of this number and with this seed."""


@dataclass(frozen=True)
class Row:
    """One row. CPU and memory are the server's; the latency is the waiting time of a caller."""

    what: str
    turns: int
    at_once: int
    a_second: float
    latency_ms: float
    cpu_ms: float
    memory_mb: float


class Server:
    """``elsinore serve`` as a process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim.cli", "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.port = urlsplit(self.url).port or 0

    def cpu(self) -> float:
        """CPU seconds of the server so far; 0 if the system does not report them."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8")
        except OSError:
            return 0.0
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident memory of the server in MB; 0 if the system does not report it."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("utf-8").split()[1])
        except OSError:
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


class BareClient:
    """HTTP by hand, one connection for each caller."""

    def __init__(self, port: int, path: str, body: dict[str, Any]) -> None:
        self.port = port
        self.path = path
        # The seed is last, so that each request only appends its digits.
        self.body = json.dumps({**body, "seed": 0}, separators=(",", ":"))
        assert self.body.endswith('"seed":0}')
        self.head = self.body.removesuffix("0}")
        self.open: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def __call__(self, caller: int, seed: int) -> None:
        """One call."""
        if caller not in self.open:
            self.open[caller] = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.open[caller]
        body = f"{self.head}{seed}}}".encode()
        writer.write(
            b"POST /v1%b HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
            % (self.path.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        await reader.readexactly(length)

    async def close(self) -> None:
        """Close the connections."""
        for _, writer in self.open.values():
            writer.close()


async def measure(
    server: Server, what: str, turns: int, at_once: int, call: Call, seconds: float
) -> Row:
    """Measure calls of ``at_once`` callers, each of which calls again when it is answered."""
    waits: list[float] = []
    number = 0

    async def caller(place: int) -> None:
        nonlocal number
        while time.perf_counter() < until:
            number += 1
            begun = time.perf_counter()
            await call(place, number)
            waits.append(time.perf_counter() - begun)

    until = time.perf_counter() + seconds / 4
    await asyncio.gather(*map(caller, range(at_once)))
    waits.clear()
    cpu, started = server.cpu(), time.perf_counter()
    until = started + seconds
    await asyncio.gather(*map(caller, range(at_once)))
    took = time.perf_counter() - started
    return Row(
        what, turns, at_once, len(waits) / took, 1000 * statistics.median(waits),
        1000 * (server.cpu() - cpu) / len(waits), server.memory(),
    )  # fmt: skip


async def prompt_after(turns: int, layout: str) -> Prompt:
    """The next prompt of a scene."""
    scene = mousetrap(turns=turns)
    fields = {name: getattr(scene, name) for name in type(scene).model_fields}
    scene = type(scene)(**{**fields, "layout": layout, "probes": ()})
    transcript = await play(scene, exact_stage("base"), seed=1)
    return render(scene, transcript.turns, "Maud")


async def rows(server: Server, seconds: float) -> list[Row]:
    """Every row."""
    table: list[Row] = []
    for turns in (1, 30, 300, 1000):
        chat = await prompt_after(turns, "persona_first")
        messages = [{"role": one.role, "content": one.text} for one in chat.messages()]
        text = (await prompt_after(turns, "screenplay")).joined()
        bodies: Sequence[tuple[str, str, dict[str, Any]]] = (
            ("chat", "/chat/completions", {"messages": messages}),
            ("completions", "/completions", {"prompt": text}),
            ("echo", "/completions", {
                "prompt": f"{text} Good.", "echo": True, "logprobs": 1, "max_tokens": 0,
            }),
        )  # fmt: skip
        for what, path, body in bodies:
            for at_once in (1, 16) if what == "chat" else (16,):
                bare = BareClient(server.port, path, {"model": "base", **body})
                table.append(await measure(server, what, turns, at_once, bare, seconds))
                await bare.close()
        for model in ("openai:base", "langchain:openai:base"):
            stage: Any = open_model(model, Sampling(base_url=server.url))

            async def through(_: int, seed: int, stage: Any = stage, chat: Prompt = chat) -> None:
                await stage.perform(Request(chat, seed, "Maud"))

            table.append(await measure(server, f"stage {model}", turns, 16, through, seconds))
            await stage.close()
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.5, help="for each row")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    server = Server()
    try:
        table_rows = asyncio.run(rows(server, chosen.seconds))
    finally:
        server.close()
    if chosen.json:
        print(json.dumps([asdict(row) for row in table_rows], indent=1))
        return
    table = Table("", "turns", "at once", "a second", "median ms", "server CPU ms", "MB")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in table_rows:
        table.add_row(
            row.what, str(row.turns), str(row.at_once), f"{row.a_second:,.0f}",
            f"{row.latency_ms:.1f}", f"{row.cpu_ms:.2f}", f"{row.memory_mb:.0f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
