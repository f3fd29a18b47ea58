"""A server that answers without an end, with a bomb, or sends on to somebody else."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from sim.errors import StageClosed, StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.stage.open import open_model
from sim.stage.providers import bounds
from sim.stage.providers.sampling import Sampling

CHAT = Request(Prompt.start("system", "You are Ada.").then("user", "Well?"), 7, "Ada")
Sends = Callable[[asyncio.StreamWriter], "AsyncIterator[bytes]"]


def reply(text: str = "Good evening.") -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()


def head(body: bytes | None, *lines: str, status: str = "200 OK") -> bytes:
    length = [] if body is None else [f"Content-Length: {len(body)}"]
    told = [f"HTTP/1.1 {status}", "Content-Type: application/json", *length, *lines]
    return "\r\n".join([*told, "", ""]).encode("latin-1")


class Server:
    """Sends some bytes to whoever asks, and counts what went out and what was asked."""

    def __init__(self, first: bytes, again: bytes = b"") -> None:
        self.first, self.again = first, again
        self.sent = 0
        self.asked: list[bytes] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.first)
            while self.again:
                writer.write(self.again)
                await writer.drain()
                self.sent += len(self.again)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(first: bytes, again: bytes = b"") -> AsyncIterator[Server]:
    server = Server(first, again)
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/v1"
    async with listening:
        yield server


async def error_of(server: Server, model: str = "openai:x") -> StageError:
    stage = open_model(model, Sampling(base_url=server.url, timeout=20))
    request = (
        CHAT if model.startswith("openai") else Request(Prompt.start("text", "Ada:"), 7, "Ada")
    )
    try:
        with pytest.raises(StageError) as caught:
            await stage.perform(request)
    finally:
        await stage.close()  # type: ignore[attr-defined]
    return caught.value


@pytest.mark.parametrize("model", ["openai:x", "completions:x"])
@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error", "400 Bad Request"])
async def test_a_body_without_an_end(model: str, status: str) -> None:
    async with serving(head(None, status=status), b'{"x": "' + b"y" * 65536) as server:
        error = await error_of(server, model)
    assert "too large" in str(error)
    assert not error.transient, "the next answer would be no shorter"
    assert server.sent < 2 * bounds.ANSWER + (8 << 20)  # What waits in the sockets counts too.


async def test_a_length_that_is_too_large_is_not_read() -> None:
    async with serving(head(None, f"Content-Length: {1 << 40}")) as server:
        assert "1099511627776 bytes" in str(await error_of(server))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb(encoding: str) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(400)) + packer.flush()
    assert len(bomb) < 500_000
    async with serving(head(bomb, f"Content-Encoding: {encoding}") + bomb) as server:
        tracemalloc.start()
        error = await error_of(server)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "too large" in str(error)
    assert peak < 64 << 20


async def test_compression_that_was_not_asked_for_is_read() -> None:
    body = gzip.compress(reply())
    async with serving(head(body, "Content-Encoding: gzip", "Connection: close") + body) as server:
        stage = open_model("openai:x", Sampling(base_url=server.url))
        said = await stage.perform(CHAT)
        await stage.close()  # type: ignore[attr-defined]
    assert said.text == "Good evening."
    assert b"accept-encoding: identity" in server.asked[0].lower()


async def test_compression_that_cannot_be_bounded_is_refused() -> None:
    async with serving(head(b"xx", "Content-Encoding: br") + b"xx") as server:
        assert "compressed as 'br'" in str(await error_of(server))
    async with serving(head(b"xx", "Content-Encoding: gzip") + b"xx") as server:
        assert "cannot be unpacked" in str(await error_of(server))


async def test_a_cookie_is_not_kept() -> None:
    """One that is no ASCII would break every call after it."""
    body = reply()
    async with serving(head(body, "Set-Cookie: a=\xff", "Connection: close") + body) as server:
        stage = open_model("openai:x", Sampling(base_url=server.url))
        said = [await stage.perform(CHAT) for _ in range(2)]
        await stage.close()  # type: ignore[attr-defined]
    assert [each.text for each in said] == ["Good evening."] * 2
    assert b"cookie" not in server.asked[1].lower()


async def test_a_reply_of_millions_of_letters() -> None:
    body = reply("a: b\n" * 1_000_000)
    async with serving(head(body) + body) as server:
        error = await error_of(server)
    assert "5,000,000 letters" in str(error)


@pytest.mark.parametrize("nested", ["[" * 400_000, '{"a":' * 400_000])
async def test_json_nested_too_deep(nested: str) -> None:
    body = nested.encode()
    async with serving(head(body) + body) as server:
        assert (await error_of(server)).reason == "malformed"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("model", ["openai:x", "completions:x"])
async def test_prompts_are_not_sent_on(status: str, model: str) -> None:
    async with (
        serving(head(reply()) + reply()) as other,
        serving(head(b"", f"Location: {other.url}/x?key=k", status=status)) as server,
    ):
        error = await error_of(server, model)
    assert isinstance(error, StageClosed)
    assert f"sends on to {other.url}/x," in str(error)
    assert other.asked == []
