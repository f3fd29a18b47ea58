"""Attacks ``elsinore serve`` from this machine, and measures what another client notices.

    python -m benchmarks.faults.serve                    # two to three minutes
    python -m benchmarks.faults.serve --seconds 3        # shorter

For each attack a server is started and attacked. While the attack lasts, another client asks for a
short reply and for /health, on a new connection each time. The table says after how many seconds it
had its first reply, the longest that it waited for one, the longest that it waited for /health
(which is the lag of the server's loop, and of a busy machine), how many of its requests failed, and
after how many seconds SIGTERM, sent in the middle of the attack, ended the server, and with which
exit code. The server may open 1,024 files, as most systems have it. Attackers and server share the
machine. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

Attack = Callable[[int], Awaitable[None]]
"""Attacks the server at a port until it is cancelled."""

_PATIENCE = 10.0
"""Seconds that the other client waits for one answer."""

_SHORT = json.dumps({"model": "base", "prompt": "Ben: Well?\n\nAda:", "seed": 1}).encode()


def head(length: int, path: str = "/v1/completions") -> bytes:
    """The head of a request with a body of so many bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def echoing(prompt: str, **more: Any) -> bytes:
    """A whole request to score a prompt."""
    body = {"model": "base", "prompt": prompt, "echo": True, "logprobs": 0, "max_tokens": 0, **more}
    raw = json.dumps(body).encode()
    return head(len(raw)) + raw


def by(connections: int, sent: bytes, then: bytes = b"", read: bool = True) -> Attack:
    """So many connections that send a text, and then another one every second.

    A connection that the server closes is opened again, after half a second. Without ``read`` the
    attacker leaves the answers where they are.
    """

    async def one(port: int) -> None:
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection("127.0.0.1", port, limit=1 << 10), _PATIENCE
                )
                try:
                    writer.write(sent)
                    if not read:
                        writer.transport.pause_reading()  # type: ignore[attr-defined]
                    while not writer.is_closing():
                        if read:
                            with contextlib.suppress(TimeoutError):
                                await asyncio.wait_for(_read_one_second(reader), 1.0)
                        else:
                            await asyncio.sleep(1.0)
                        if then:
                            writer.write(then)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(0.5)

    async def all_of_them(port: int) -> None:
        await asyncio.gather(*(one(port) for _ in range(connections)))

    return all_of_them


async def _read_one_second(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass
    raise EOFError


CUES = echoing("Ada:\n\n" * 433_000)
ENDLESS = echoing('Subject: x\nStance of a on "b"' + ', from -1 : on "b"' * 3500, max_tokens=1)
TURNS = echoing("".join(f"Ada: Well {place}?\n\n" for place in range(9000)) + "Ada: Yes.")
LARGE = echoing("a " * 90_000, stream=True)
CHUNKED = (
    b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\n \r\n" * 400_000
)

ATTACKS: dict[str, Attack] = {
    "none": by(0, b""),
    "2.6 MB of cues, echoed": by(1, CUES),
    "the same, 8 at once": by(8, CUES),
    "64 kB that take minutes to read, 4 at once": by(4, ENDLESS),
    "an echo of 9,000 turns, 40 at once": by(40, TURNS),
    "1,500 connections that send nothing": by(1500, b""),
    "1,500 half heads": by(1500, b"POST /v1/chat"),
    "1,500 heads of one byte a second": by(1500, b"GET /", then=b"x"),
    "1,500 bodies of one byte a second": by(1500, head(100_000), then=b" "),
    "100 answers of 27 MB that nobody takes": by(100, LARGE, read=False),
    "bodies in chunks of one byte, 4 at once": by(4, CHUNKED),
}


@dataclass(slots=True)
class Noticed:
    """What the other client noticed; seconds. ``first`` is None if it never had a reply."""

    begun: float
    first: float | None = None
    longest: float = 0.0
    lag: float = 0.0
    asked: int = 0
    failed: int = 0


async def answered(port: int, request: bytes) -> bool:
    """Whether a request on a new connection is answered with a status of 200."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def ask(port: int, until: float, noticed: Noticed) -> None:
    """The other client."""
    while time.monotonic() < until:
        sent = time.monotonic()
        served = await answered(port, head(len(_SHORT)) + _SHORT)
        now = time.monotonic()
        noticed.asked += 1
        noticed.failed += not served
        noticed.longest = max(noticed.longest, now - sent)
        if served and noticed.first is None:
            noticed.first = now - noticed.begun
        await asyncio.sleep(0.02)


async def look(port: int, until: float, noticed: Noticed) -> None:
    """Ask for /health, to see the lag of the loop."""
    while time.monotonic() < until:
        sent = time.monotonic()
        await answered(port, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        noticed.lag = max(noticed.lag, time.monotonic() - sent)
        await asyncio.sleep(0.02)


async def attacked(attack: Attack, port: int, seconds: float, end: Callable[[], str]) -> list[str]:
    """A row of the table, but for the name of the attack."""
    attacking = asyncio.ensure_future(attack(port))
    await asyncio.sleep(1.0)
    noticed = Noticed(begun=time.monotonic())
    until = noticed.begun + seconds
    await asyncio.gather(ask(port, until, noticed), look(port, until, noticed))
    ended = await asyncio.to_thread(end)
    attacking.cancel()
    await asyncio.wait((attacking,))
    return [
        "never" if noticed.first is None else f"{noticed.first:.2f}",
        f"{noticed.longest:.2f}",
        f"{noticed.lag:.2f}",
        f"{noticed.failed} of {noticed.asked}",
        ended,
    ]


def row(attack: Attack, seconds: float) -> list[str]:
    """Attack a server of its own."""
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -n 1024; exec "$0" -m sim.cli serve --port 0', sys.executable],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    port = urlsplit(process.stdout.readline().strip()).port or 0

    def end() -> str:
        sent = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_PATIENCE * 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"not within {_PATIENCE * 2:.0f}"
        return f"{time.monotonic() - sent:.1f}, exit code {code}"

    try:
        return asyncio.run(attacked(attack, port, seconds, end))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each attack")
    parser.add_argument("--only", default="", help="attacks whose name has this in it")
    chosen = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    table = Table("attack", "first reply", "longest wait", "health", "failed", "SIGTERM")
    for name, attack in ATTACKS.items():
        if chosen.only in name:
            table.add_row(name, *row(attack, chosen.seconds))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
