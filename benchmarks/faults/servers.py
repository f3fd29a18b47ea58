"""Readers of what servers answer: whole responses of HTTP, sent over a socket of this process."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import os
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from benchmarks.faults.attempts import SECONDS, Reader
from benchmarks.faults.mutations import as_bytes, odd_bytes, odd_json, odd_version
from sim.errors import ElsinoreError
from sim.layouts.prompt import Prompt
from sim.scene.answers import Number
from sim.stage.base import Reply, Request
from sim.stage.providers.capabilities import check
from sim.stage.providers.chat import ChatStage
from sim.stage.providers.completions import CompletionsStage
from sim.stage.providers.openai import OpenAIChat, Server
from sim.stage.providers.sampling import Sampling
from sim.store import encode, reply_to_row

_USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "prompt_tokens_details": {"cached_tokens": 5},
}


def _message(**fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Well, Ben?", **fields}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": _USAGE}


CHATS: tuple[Any, ...] = (
    _message(),
    _message(content='{"stance": 0.5}'),
    _message(content=[{"type": "text", "text": "Well."}, {"type": "thinking", "thinking": "No."}]),
    _message(content=None, refusal="I cannot."),
    _message(content="", reasoning_content="He lies.", reasoning=[{"text": "a"}, "b"]),
    _message(content=None, tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]),
    _message(error={"code": 429, "message": "Slow down."}),
    _message(content=[{"type": "refusal", "refusal": "No."}, "a text"]),
)

TEXTS: tuple[Any, ...] = tuple(
    {"choices": [{"text": text, "finish_reason": finish, "logprobs": None}], "usage": _USAGE}
    for text, finish in (
        (" Well?\n\nBen: No.", "length"),
        ('{"stance": 0.5}', "stop"),
        ("", "stop"),
    )
)

_FINE = json.dumps(_message()).encode()

ERRORS: tuple[Any, ...] = (
    {"error": {"message": "Unsupported parameter: 'seed' is not supported with this model.",
               "type": "invalid_request_error", "param": "seed", "code": "unsupported_parameter"}},
    {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}},
    {"error": {"message": "This model's maximum context length is 8192 tokens"}},
    {"error": {"message": "Conversation roles must alternate user/assistant/user", "code": 400}},
    {"error": "response_format is not supported"}, {"detail": [{"msg": "stop: too many"}]},
    {"object": "error", "message": "max_tokens is too large", "code": 40001}, ["no"], "no", {},
    {"error": {"message": "content_filter", "code": "content_filter"}}, {"message": None},
    {"error": {"message": "temperature, top_p, stop, seed, max_tokens, response_format"}},
)  # fmt: skip

_ECHOED = "Ben: Well?\n\nAda: Yes."
SCORES: tuple[Any, ...] = (
    {"choices": [{"text": _ECHOED, "finish_reason": "length", "logprobs": {
        "tokens": ["Ben:", " Well?", "\n\n", "Ada:", " Yes."],
        "token_logprobs": [None, -1.0, -0.5, -0.1, -2.0], "top_logprobs": None}}]},
    {"choices": [{"text": " and", "prompt_logprobs": [None, *(
        {"7": {"logprob": -0.5, "rank": 1, "decoded_token": token}}
        for token in ("Ben: Well?", "\n\nAda:", " Yes."))]}]},
    {"tokens": [{"id": 1, "piece": ""}, {"id": 2, "piece": "Ben: Well?\n\nAda:"},
                {"id": 3, "piece": [32, 89, 101]}, {"id": 4, "piece": "s."}],
     "completion_probabilities": [{"id": 3, "logprob": -1.5, "top_logprobs": [
         {"id": 4, "logprob": -0.5}]}], "content": " Yes"},
)  # fmt: skip

MODELS: Any = {
    "object": "list",
    "data": [{"id": "x", "max_model_len": 8192, "meta": {"n_ctx_train": 100}}],
    **_message(),
}

_STATUSES = ("200 OK", "400 Bad Request", "401 Unauthorized", "404 Not Found", "429 Slow down",
             "500 Oops", "503 Busy", "302 Found", "204 No Content", "999 Odd",
             "100 Continue")  # fmt: skip
_HEADERS = ("Retry-After: 0", "Retry-After: 1e400", "Retry-After: nan", "Retry-After-Ms: -5",
            "Retry-After: Fri, 31 Dec 99999 23:59:59 GMT",
            "Retry-After: Mon, 0 Jan 0000 0:0:0 +9999",
            "Content-Encoding: gzip", "Content-Encoding: br", "Content-Type: text/html",
            "Content-Type: application/json; charset=utf-16", "Content-Type: text/plain; charset=x",
            "Transfer-Encoding: chunked", "Location: http://[::1", "Set-Cookie: a=\xff",
            "X: " + "y" * 9000, "Content-Type: ")  # fmt: skip


def response(values: tuple[Any, ...], dice: Random, well: float = 0.75) -> bytes:
    """A response, mostly with status 200 and a body made from one of the values."""
    status = _STATUSES[0] if dice.random() < well else dice.choice(_STATUSES)
    value = dice.choice(values if dice.random() < well else ERRORS)
    text = odd_json(value, dice) if dice.random() < 0.9 else json.dumps(value)
    if dice.random() < 0.1:
        text = odd_version(text, dice)
    body = as_bytes(text, dice)
    headers = [dice.choice(_HEADERS) for _ in range(dice.choice([0, 0, 0, 1, 2]))]
    if "Content-Encoding: gzip" in headers and dice.random() < 0.7:
        body = gzip.compress(body, 1)
    if not any(header.startswith("Content-Type") for header in headers):
        headers.append("Content-Type: application/json")
    if dice.random() < 0.9:
        length = len(body) if dice.random() < 0.95 else dice.choice([0, 5, 10**15, -1])
        headers.append(f"Content-Length: {length}")
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1")
    if dice.random() < 0.03:
        head = odd_bytes(head, dice)
    return head + body


class _Sender:
    """Sends the same bytes to whoever asks, and closes."""

    def __init__(self) -> None:
        self.content = b""
        self.runner = asyncio.Runner()
        self.url = f"http://127.0.0.1:{self.runner.run(self._listen())}/v1"
        os.environ.setdefault("OPENAI_API_KEY", "none")
        sampling = Sampling(base_url=self.url, timeout=10)
        self.server = Server("openai:x", "x", sampling)
        self.sampling = sampling

    async def _listen(self) -> int:
        self.listening = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return int(self.listening.sockets[0].getsockname()[1])

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.partition(b":")[2]))
            writer.write(self.content)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        """Close the connections, and the loop."""
        self.runner.run(self._stop())
        self.runner.close()

    async def _stop(self) -> None:
        await self.server.close()
        self.listening.close()
        await asyncio.sleep(0.05)  # Connections that are being closed need a turn of the loop.

    def chat(self) -> ChatStage:
        """A stage that knows nothing of the server yet."""
        return ChatStage("openai:x", OpenAIChat(self.server), self.sampling)


@lru_cache(maxsize=1)
def _sender_of(process: int) -> _Sender:
    return _Sender()


def _sender(content: bytes) -> _Sender:
    sender = _sender_of(os.getpid())  # A process that was forked needs a loop of its own.
    sender.content = content
    return sender


def close() -> None:
    """Close what the readers of this process have opened."""
    if _sender_of.cache_info().currsize:
        _sender_of(os.getpid()).close()
        _sender_of.cache_clear()


_CHAT = Prompt.start("system", "You play Ada.").then("user", "Ben: Well?")
_TEXT = Prompt.start("text", "Ben: Well?\n\nAda:")
_SCHEMA = Number(field="stance", low=-1, high=1).schema_()


def _request(prompt: Prompt, given: bytes) -> Request:
    schema = _SCHEMA if crc32(given) % 2 else None
    return Request(prompt, 7, "Ada", stop=("\nBen:", "\n\n", "a", "b", "c"), schema=schema)


def _storable(reply: Reply) -> None:
    """Raise whatever a store would if it could not hold the reply."""
    encode([*reply_to_row(reply)]).encode()
    reply.text.encode()
    reply.thought.encode()


def _read_chat(given: bytes, folder: Path) -> None:
    sender = _sender(given)
    try:
        _storable(sender.runner.run(sender.chat().perform(_request(_CHAT, given))))
    finally:
        if crc32(given) % 8 == 0:
            _still_reads(sender)


def _still_reads(sender: _Sender) -> None:
    """Raise ``AssertionError`` if an answer has spoilt the answers after it."""
    sender.content = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + _FINE
    try:
        said = sender.runner.run(sender.chat().perform(Request(_CHAT, 7, "Ada")))
    except ElsinoreError as error:
        raise AssertionError(f"a right answer is not read after it: {error}") from error
    if said.text != "Well, Ben?":
        raise AssertionError(f"a right answer is read as {said.text!r} after it")


def _read_completion(given: bytes, folder: Path) -> None:
    sender = _sender(given)
    stage = CompletionsStage(sender.server)
    _storable(sender.runner.run(stage.perform(_request(_TEXT, given))))


def _read_scores(given: bytes, folder: Path) -> None:
    sender = _sender(given)
    request = Request(_CHAT if crc32(given) % 3 == 0 else _TEXT, 7, "Ada")
    stage = sender.chat() if crc32(given) % 3 == 0 else CompletionsStage(sender.server)
    scored = sender.runner.run(stage.log_prob(request, " Yes."))
    if scored is not None and not math.isfinite(scored.value):
        raise AssertionError(f"a log-probability of {scored.value}")


def _read_abilities(given: bytes, folder: Path) -> None:
    sender = _sender(given)
    found = sender.runner.run(check(sender.chat(), 5.0))
    "\n".join(each.reason for each in found.capabilities).encode()


def _chat(dice: Random) -> bytes:
    return response(CHATS, dice)


def _text(dice: Random) -> bytes:
    return response(TEXTS, dice)


def _scores(dice: Random) -> bytes:
    return response(SCORES, dice, 0.9)


def _abilities(dice: Random) -> bytes:
    return response((MODELS, *CHATS), dice, 0.8)


READERS = (
    Reader("chat", 100, _chat, _read_chat, (ElsinoreError,)),
    Reader("completions", 60, _text, _read_completion, (ElsinoreError,)),
    Reader("scores", 50, _scores, _read_scores, (ElsinoreError,)),
    # About fourteen calls are answered by one input.
    Reader("abilities", 5, _abilities, _read_abilities, (ElsinoreError,), 14 * SECONDS),
)
