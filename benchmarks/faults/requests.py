"""Readers of what clients ask ``elsinore serve`` for: bodies of requests, up to the prompt."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from benchmarks.faults.attempts import Reader
from benchmarks.faults.mutations import as_bytes, odd_json, odd_version
from sim.errors import ElsinoreError
from sim.scene.answers import Choice, Distribution, Ranking
from sim.serve.answer_sizes import check_size
from sim.serve.errors import Refused
from sim.serve.models import Models
from sim.serve.prompts import of_messages, of_text
from sim.serve.requests import ChatBody, CompletionBody

_SAID = "You play Ada.\n\nAda: Well?\n\nBen: No.\n\nAda:"


def _asking(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


BODIES: tuple[Any, ...] = (
    {"model": "embedded:base", "messages": [
        {"role": "system", "content": "You play Ada."},
        {"role": "user", "content": [{"type": "text", "text": "Ben: No."}], "name": "Ben"},
        {"role": "assistant", "content": "Well?"}], "seed": 7, "n": 2, "stop": ["\n"],
     "temperature": 1, "max_completion_tokens": 20, "logprobs": True, "top_logprobs": 0},
    {"model": "base", "messages": [{"role": "user", "content": "Well?"}], "stream": True,
     "stream_options": {"include_usage": True}, "response_format": {"type": "text"}},
    *({"model": "base", "messages": [{"role": "user", "content": "Well?"}],
       "response_format": _asking(kind.schema_())}
      for kind in (Choice(options=("yes", "no")), Ranking(options=("a", "b", "c")),
                   Distribution(options=("a", "b")))),
    {"model": "rlhf?kappa=0.2", "prompt": _SAID, "echo": True, "logprobs": 1, "max_tokens": 0},
    {"model": "base", "prompt": [_SAID, "Ben:"], "best_of": 1, "prompt_logprobs": 1, "n": 3},
)  # fmt: skip

MODELS = Models()


def _body(dice: Random) -> bytes:
    value = dice.choice(BODIES)
    text = odd_json(value, dice) if dice.random() < 0.9 else odd_version(json.dumps(value), dice)
    return as_bytes(text, dice)


def _read(given: bytes, folder: Path) -> None:
    if b"prompt" in given or crc32(given) % 9 == 0:
        completion = CompletionBody.read(given)
        for prompt in completion.prompts:
            of_text(prompt)
        body: ChatBody | CompletionBody = completion
    else:
        chat = ChatBody.read(given)
        of_messages(chat.messages)
        schema = chat.schema_()
        if schema is not None:
            check_size(schema)
        body = chat
    MODELS.stage(body.model)
    json.dumps([*body.stops, body.with_usage]).encode()


READERS = (Reader("requests", 40, _body, _read, (ElsinoreError, Refused)),)
