"""Answers as the protocol writes them: whole, and as a stream of events."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from sim import __version__
from sim.serve.generation import Answer, Choice, all_tokens, fields
from sim.serve.tokens import Token, words

DONE = b"data: [DONE]\n\n"
_FINGERPRINT = f"elsinore-{__version__}"


def encode(value: Any) -> bytes:
    """JSON, escaped to ASCII: a client may have sent halves of surrogate pairs."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Envelope:
    """The fields that all objects of one answer repeat."""

    model: str
    chat: bool
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def around(self, choices: list[dict[str, Any]], streamed: bool = False) -> dict[str, Any]:
        """The object with these choices."""
        kind = "text_completion"
        if self.chat:
            kind = "chat.completion.chunk" if streamed else "chat.completion"
        return {
            "id": f"{'chatcmpl' if self.chat else 'cmpl'}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": _FINGERPRINT,
            "choices": choices,
        }


def whole(envelope: Envelope, answer: Answer) -> dict[str, Any]:
    """The answer as one object; ``elsinore`` holds the fields that other servers do not have."""
    write = _chat_choice if envelope.chat else _text_choice
    choices = [write(index, choice) for index, choice in enumerate(answer.choices)]
    more = {"usage": _usage(answer), "elsinore": fields(answer)}
    return envelope.around(choices) | more


def stream(envelope: Envelope, answer: Answer, with_usage: bool) -> Iterator[bytes]:
    """The answer as events, a word at a time."""
    for index, choice in enumerate(answer.choices):
        deltas = _chat_deltas(choice) if envelope.chat else _text_deltas(choice)
        for delta in deltas:
            chunk = envelope.around([{"index": index, **delta}], streamed=True)
            yield _event(chunk | ({"usage": None} if with_usage else {}))
    if with_usage:
        chunk = envelope.around([], streamed=True)
        yield _event(chunk | {"usage": _usage(answer), "elsinore": fields(answer)})
    yield DONE


def _event(value: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % encode(value)


def _usage(answer: Answer) -> dict[str, Any]:
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


# --- Chats ---------------------------------------------------------------------------------------


def _chat_choice(index: int, choice: Choice) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant", "content": choice.text, "refusal": None},
        "logprobs": _chat_log_probs(choice.tokens),
        "finish_reason": choice.finish,
    }


def _chat_deltas(choice: Choice) -> Iterator[dict[str, Any]]:
    begun = {"role": "assistant", "content": ""}
    yield {"delta": begun, "logprobs": None, "finish_reason": None}
    for token in _tokens(choice):
        log_probs = _chat_log_probs(None if choice.tokens is None else [token])
        yield {"delta": {"content": token.text}, "logprobs": log_probs, "finish_reason": None}
    yield {"delta": {}, "logprobs": None, "finish_reason": choice.finish}


def _chat_log_probs(tokens: Sequence[Token] | None) -> dict[str, Any] | None:
    """None where a probability is unknown: in chats the protocol requires a number."""
    if tokens is None or any(token.log_prob is None for token in tokens):
        return None
    content = [
        {
            "token": token.text,
            "logprob": token.log_prob,
            "bytes": list(token.text.encode("utf-8", "surrogatepass")),
            "top_logprobs": [],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


# --- Completions ---------------------------------------------------------------------------------


def _text_choice(index: int, choice: Choice) -> dict[str, Any]:
    echo = "".join(token.text for token in choice.echo or [])
    record: dict[str, Any] = {
        "index": index,
        "text": echo + choice.text,
        "logprobs": None if choice.tokens is None else _text_log_probs(all_tokens(choice), 0),
        "finish_reason": choice.finish,
    }
    if choice.prompt is not None:
        record["prompt_logprobs"] = _of_vllm(choice.prompt)
    return record


def _text_deltas(choice: Choice) -> Iterator[dict[str, Any]]:
    offset = 0
    for token in [*(choice.echo or []), *_tokens(choice)]:
        log_probs = None if choice.tokens is None else _text_log_probs([token], offset)
        yield {"text": token.text, "logprobs": log_probs, "finish_reason": None}
        offset += len(token.text)
    ended: dict[str, Any] = {"text": "", "logprobs": None, "finish_reason": choice.finish}
    if choice.prompt is not None:
        ended["prompt_logprobs"] = _of_vllm(choice.prompt)
    yield ended


def _text_log_probs(tokens: Sequence[Token], offset: int) -> dict[str, Any]:
    """An unknown log-probability is null. There are no alternatives to a word."""
    offsets: list[int] = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.text)
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.log_prob for token in tokens],
        "top_logprobs": None,
        "text_offset": offsets,
    }


def _of_vllm(tokens: Sequence[Token]) -> list[dict[str, Any] | None]:
    """vLLM's ``prompt_logprobs``: for each token but the first an object, by the token's number."""
    return [
        None
        if place == 0
        else {
            str(crc32(token.text.encode("utf-8", "surrogatepass"))): {
                "logprob": token.log_prob,
                "rank": None,
                "decoded_token": token.text,
            }
        }
        for place, token in enumerate(tokens)
    ]


def _tokens(choice: Choice) -> list[Token]:
    if choice.tokens is not None:
        return choice.tokens
    return [Token(word) for word in words(choice.text)]
