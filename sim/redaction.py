"""Redaction: API keys are never stored, logged or shown; what looks like one is replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

BLOT = "[redacted]"

_NAME = r"(?:api[-_]?key|apikey|access[-_]?key|access[-_]?token|auth[-_]?token|password|passwd)"

_ASSIGNED = re.compile(rf"(?i)([\w-]*{_NAME}[\"']?\s*[=:]\s*[\"']?)([^\s\"'&,;]+)")
_OPTION = re.compile(rf"(?i)^--?[\w-]*{_NAME}$")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_IN_URL = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@")
_TOLD = re.compile(r"(?i)(\bkey provided:\s*)[^\s.]\S*?(?=[.,;]?(?:\s|$))")
_SHAPES = re.compile(
    r"\b(?:"
    r"(?:sk|pk|rk)-[\w*-]{8,}"  # OpenAI, Anthropic, Langfuse and others
    r"|gh[pousr]_\w{16,}|github_pat_\w{16,}"
    r"|hf_\w{16,}|gsk_\w{16,}|xai-\w{16,}|r8_\w{16,}"
    r"|AIza[\w-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"  # a JSON web token
    r")"
)


def redact(text: str) -> str:
    """The text without anything that looks like a key.

    >>> redact("Incorrect API key provided: sk-abcdefgh12345678.")
    'Incorrect API key provided: [redacted].'
    >>> redact("https://me:hunter2@host/v1?api_key=abc&x=1")
    'https://[redacted]@host/v1?api_key=[redacted]&x=1'
    """
    text = _IN_URL.sub(rf"\1{BLOT}@", text)
    text = _SHAPES.sub(BLOT, text)
    text = _TOLD.sub(rf"\1{BLOT}", text)
    text = _BEARER.sub(rf"\1 {BLOT}", text)
    return _ASSIGNED.sub(rf"\1{BLOT}", text)


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """A command line without keys, also where a key is an argument after its option.

    >>> redact_arguments(["run", "--api-key", "abc", "-P", "rounds=8"])
    ['run', '--api-key', '[redacted]', '-P', 'rounds=8']
    """
    kept: list[str] = []
    secret_next = False
    for argument in arguments:
        kept.append(BLOT if secret_next else redact(argument))
        secret_next = _OPTION.match(argument) is not None
    return kept


def redact_tree(value: Any) -> Any:
    """A JSON value without keys in its texts, or under names that say that they hold one."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list | tuple):
        return [redact_tree(item) for item in value]
    if isinstance(value, dict):
        return {
            name: BLOT
            if isinstance(item, str) and item and _OPTION.match(f"-{name}")
            else redact_tree(item)
            for name, item in value.items()
        }
    return value
