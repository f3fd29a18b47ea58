"""Events as rows, and rows as events."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from sim.events import (
    NO_USAGE,
    Answer,
    Ended,
    Event,
    Failure,
    FellBack,
    Forgot,
    Intervened,
    Turn,
    Usage,
)
from sim.layouts.prompt import Prompt
from sim.redaction import redact
from sim.stage.base import Reply
from sim.store.shapes import EVENTS, USAGE, check_event, number, read_json, several
from sim.store.shapes import text as is_text


class EventRow(NamedTuple):
    """A row of ``events``."""

    trial: str
    turn: int
    kind: str
    actor: str
    key: str
    sample: int
    payload: str
    seconds: float


class ChunkRow(NamedTuple):
    """A row of ``chunks``: a piece of a prompt, and the digest of the prompt before it."""

    digest: bytes
    parent: bytes | None
    role: str
    text: str | bytes


def chunk_row(chunk: Prompt) -> ChunkRow:
    """The last chunk of a prompt as a row."""
    before = None if chunk.parent is None else chunk.parent.digest
    return ChunkRow(chunk.digest, before, chunk.role, text_to_column(chunk.text))


_lean = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_ascii = json.JSONEncoder(separators=(",", ":")).encode
_sorted = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_sorted_ascii = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def encode(value: Any) -> str:
    """JSON for a column. Half a surrogate pair, which UTF-8 cannot hold, is written as an escape.

    orjson is five times as fast as json, but refuses surrogates, integers of more than 64 bits and
    keys that are no text.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        text = _lean(value)
        return text if text.isascii() or _storable(text) else _ascii(value)


def encode_sorted(value: Any) -> str:
    """JSON with sorted keys: the same value gives the same bytes. For exports and hashes."""
    text = _sorted(value)
    return text if text.isascii() or _storable(text) else _sorted_ascii(value)


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_to_column(text: str) -> str | bytes:
    """A text for a column; as bytes if it holds half a surrogate pair."""
    return text if text.isascii() or _storable(text) else text.encode("utf-8", "surrogatepass")


def text_from_column(column: str | bytes) -> str:
    """The inverse of ``text_to_column``."""
    if isinstance(column, str):
        return column
    if not isinstance(column, bytes):
        raise ValueError(f"{column!r:.40} is no text")
    return column.decode("utf-8", "surrogatepass")


_NO_USAGE_FIELDS = {
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "cached_tokens": 0,
    "usd": None,
}


def usage_to_json(usage: Usage) -> dict[str, Any]:
    """Usage as a JSON object. Callers must not change it: one object stands for all empty usage."""
    if usage is NO_USAGE:
        return _NO_USAGE_FIELDS
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "usd": usage.usd,
    }


@lru_cache(maxsize=4096)
def usage_text(usage: Usage) -> str:
    """Usage as JSON text. Cached, because a stage without counts has the same usage every time."""
    return encode(usage_to_json(usage))


def usage_from_json(fields: dict[str, Any]) -> Usage:
    """The inverse of ``usage_to_json``."""
    return NO_USAGE if fields == _NO_USAGE_FIELDS else Usage(**fields)


@lru_cache(maxsize=4096)
def _usage_from_text(text: str) -> Usage:
    """The inverse of ``usage_text``."""
    return usage_from_json(read_json(text, USAGE, "the usage of a reply"))


def _reasons_from_text(text: Any) -> tuple[str, ...]:
    return tuple(read_json(text, several(is_text), "what failed before a reply"))


REPLY_COLUMNS = "text, finish, exact, usage, seconds, thought, retries"
"""The columns that ``reply_from_row`` reads."""

REPLY_TO_REQUEST = (
    f"SELECT {REPLY_COLUMNS} FROM replies"  # noqa: S608 - a constant
    " WHERE substr(key, 13) = ? AND prompt IS NOT NULL AND cached = 0 LIMIT 1"
)
"""Finds the paid reply to a request by the index ``replies_by_request``."""


def reply_to_row(reply: Reply) -> tuple[Any, ...]:
    """A reply as the columns of ``REPLY_COLUMNS``."""
    return (
        text_to_column(reply.text),
        reply.finish,
        reply.exact,
        usage_text(reply.usage),
        reply.seconds,
        text_to_column(reply.thought),
        encode(reply.retries) if reply.retries else "[]",
    )


def reply_from_row(row: tuple[Any, ...]) -> Reply:
    """The inverse of ``reply_to_row``. Raises ``ValueError`` for a row that nobody wrote."""
    text, finish, exact, usage, seconds, thought, retries = row
    if not isinstance(finish, str) or exact not in (None, 0, 1) or not number(seconds):
        raise ValueError(f"a reply ends as {finish!r:.20}, {exact!r:.20}, {seconds!r:.20}")
    return Reply(
        text=text_from_column(text),
        finish=finish,
        usage=_usage_from_text(usage),
        exact=None if exact is None else bool(exact),
        seconds=seconds,
        thought=text_from_column(thought),
        retries=() if retries in (None, "[]") else _reasons_from_text(retries),
    )


def to_row(trial: str, event: Event) -> EventRow:
    """An event as a row of ``events``."""
    payload: dict[str, Any]
    if isinstance(event, Turn):
        payload = {
            "text": event.text,
            "audience": event.audience,
            "prompt": event.prompt,
            "finish": event.finish,
            "cut": event.cut,
            "strangers": event.strangers,
            "exact": event.exact,
            "usage": usage_to_json(event.usage),
        }
        # Fields that older stores do not have are written only where they are set, so that their
        # exports stay the same.
        if event.overheard:
            payload["overheard"] = event.overheard
        if event.absent:
            payload["absent"] = event.absent
        if event.source != "stage":
            payload["source"] = event.source
        if event.cued is not None:
            payload["cued"] = event.cued
        if event.over:
            payload["over"] = event.over
        if event.thought:
            payload["thought"] = event.thought
        if event.at:
            payload["at"] = event.at
        if event.answers is not None:
            payload["answers"] = event.answers
        return EventRow(
            trial, event.index, "turn", event.speaker, "", 0, encode(payload), event.seconds,
        )  # fmt: skip
    if isinstance(event, Answer):
        payload = {
            "value": event.value,
            "raw": event.raw,
            # What a provider says about a refused key may quote the key.
            "missing": None if event.missing is None else redact(event.missing),
            "prompt": event.prompt,
            "exact": event.exact,
            "usage": usage_to_json(event.usage),
        }
        return EventRow(
            trial, event.turn, event.kind, event.actor, event.key, event.sample,
            encode(payload), event.seconds,
        )  # fmt: skip
    if isinstance(event, Failure):
        payload = {"reason": event.reason, "message": redact(event.message)}
        return EventRow(
            trial, event.turn, "failure", event.actor, event.doing, 0, encode(payload), 0.0
        )
    if isinstance(event, Forgot):
        payload = {
            "policy": event.policy,
            "since": event.since,
            "summary": event.summary,
            "tokens": event.tokens,
        }
        return EventRow(trial, event.turn, "forgot", event.actor, "", 0, encode(payload), 0.0)
    if isinstance(event, Intervened):
        payload = {
            "what": event.what,
            "text": event.text,
            "audience": event.audience,
            "absent": event.absent,
            "detail": dict(event.detail),
        }
        return EventRow(
            trial, event.turn, event.kind, event.actor, event.key, 0, encode(payload), 0.0,
        )  # fmt: skip
    if isinstance(event, FellBack):
        payload = {"reason": event.reason}
        return EventRow(
            trial, event.turn, event.kind, event.actor, event.key, 0, encode(payload), 0.0,
        )  # fmt: skip
    payload = {"reason": event.reason, "status": event.status}
    return EventRow(trial, event.turn, "ended", "", "", 0, encode(payload), 0.0)


def from_row(row: tuple[Any, ...]) -> Event:
    """The inverse of ``to_row``. ``row`` has the fields of ``EventRow``, as SQLite gives them.

    Raises ``ValueError`` for a row that nobody wrote.
    """
    check_event(row)
    _, turn, kind, actor, key, sample, text, seconds = row
    payload = read_json(text, EVENTS[kind], f"the payload of a {kind}")
    if kind == "turn":
        audience = payload["audience"]
        return Turn(
            index=turn,
            speaker=actor,
            text=payload["text"],
            audience=None if audience is None else tuple(audience),
            prompt=payload["prompt"],
            finish=payload["finish"],
            cut=payload["cut"],
            strangers=tuple(payload["strangers"]),
            exact=payload["exact"],
            usage=usage_from_json(payload["usage"]),
            seconds=seconds,
            overheard=tuple(payload.get("overheard", ())),
            absent=tuple(payload.get("absent", ())),
            source=payload.get("source", "stage"),
            cued=payload.get("cued"),
            over=payload.get("over", 0),
            thought=payload.get("thought", ""),
            at=payload.get("at", ""),
            answers=payload.get("answers"),
        )
    if kind in ("probe", "gauge"):
        return Answer(
            turn=turn,
            actor=actor,
            key=key,
            value=payload["value"],
            gauge=kind == "gauge",
            sample=sample,
            raw=payload["raw"],
            missing=payload["missing"],
            prompt=payload["prompt"],
            exact=payload["exact"],
            usage=usage_from_json(payload["usage"]),
            seconds=seconds,
        )
    if kind == "forgot":
        return Forgot(
            turn=turn,
            actor=actor,
            policy=payload["policy"],
            since=payload["since"],
            summary=payload["summary"],
            tokens=payload["tokens"],
        )
    if kind == "intervention":
        audience = payload["audience"]
        return Intervened(
            turn=turn,
            key=key,
            what=payload["what"],
            actor=actor,
            text=payload["text"],
            audience=None if audience is None else tuple(audience),
            absent=tuple(payload["absent"]),
            detail=payload["detail"],
        )
    if kind == "fallback":
        return FellBack(turn=turn, actor=actor, key=key, reason=payload["reason"])
    if kind == "failure":
        return Failure(
            turn=turn,
            actor=actor,
            doing=key,
            reason=payload["reason"],
            message=payload["message"],
        )
    return Ended(turn=turn, reason=payload["reason"], status=payload["status"])
