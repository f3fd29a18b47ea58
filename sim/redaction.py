"""Redaction: API keys are never stored, logged or shown.

Two things are replaced. The *known* secrets, wherever they stand, in what a model says, too: the
values of environment variables that are named like a key, and credentials that a stage was opened
with (``remember``). And, in everything but prose (messages, addresses, parameters), whatever *looks
like* a key. Both take time in proportion to the text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

BLOT = "[redacted]"

_SHORTEST = 8
"""A shorter value is no secret, and to replace it would cut ordinary words."""

_NAMES_A_SECRET = re.compile(r"(?i)(?:key|token|secret|password|passwd)$")

_NAME = (
    r"(?:api[-_]?key|access[-_]?key|access[-_]?token|auth[-_]?token|secret[-_]?key|password|passwd)"
)

# Not after a slash: "/etc/passwd: cannot be read" names a file.
# Each pattern begins with fixed letters, or looks at a bounded number of them: linear time.
_ASSIGNED = re.compile(
    rf"(?i)((?<!/){_NAME}[\w-]{{0,40}}[\"']?\s{{0,9}}[=:]\s{{0,9}}[\"']?)([^\s\"'&,;]+)"
)
_OPTION = re.compile(rf"(?i)^--?[\w-]{{0,60}}{_NAME}$")
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[-_.])(?:authorization|secret|token|credentials?)$|"
    rf"{_NAME}$"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s{1,9}[\w.~+/=-]{8,}")
_IN_URL = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://)[^/\s@]{1,1000}@")
_TOLD = re.compile(r"(?i)(\bkey provided:\s{0,9})[^\s.]\S*?(?=[.,;]?(?:\s|$))")
_SHAPES = re.compile(
    r"\b(?:"
    r"(?:sk|pk|rk)-[\w*-]{8,}"  # OpenAI, Anthropic, Langfuse and others
    r"|gh[pousr]_\w{16,}|github_pat_\w{16,}"
    r"|hf_\w{16,}|gsk_\w{16,}|xai-\w{16,}|r8_\w{16,}"
    r"|AIza[\w-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|eyJ[\w-]{10,500}\.[\w-]{10,2000}\.[\w-]{5,}"  # a JSON web token
    r")"
)

_remembered: set[str] = set()


def remember(secret: str) -> None:
    """From now on, a credential is replaced wherever it stands; one of under 8 letters is not."""
    if len(secret) >= _SHORTEST:
        _remembered.add(secret)


def secrets() -> list[str]:
    """The known secrets, the longest first, since one may be a part of another."""
    # Asked for several times a trial: only values that may be secrets are read.
    named = [name for name in os.environ if _names_one(name)]
    known = {value for name in named if len(value := os.environ.get(name, "")) >= _SHORTEST}
    return sorted(known | _remembered, key=lambda secret: (-len(secret), secret))


@lru_cache(maxsize=4096)
def _names_one(variable: str) -> bool:
    return _NAMES_A_SECRET.search(variable) is not None


def without_secrets(text: str) -> str:
    """The text without the known secrets: for prose, of which nothing else is cut.

    >>> remember("swordfish-12")
    >>> without_secrets("Say swordfish-12, friend. The password: melon.")
    'Say [redacted], friend. The password: melon.'
    """
    for secret in secrets():
        if secret in text:
            text = text.replace(secret, BLOT)
    return text


def redact(text: str) -> str:
    """The text without the known secrets, and without anything that looks like a key.

    >>> redact("Incorrect API key provided: sk-abcdefgh12345678.")
    'Incorrect API key provided: [redacted].'
    >>> redact("https://me:hunter2@host/v1?api_key=abc&x=1")
    'https://[redacted]@host/v1?api_key=[redacted]&x=1'
    """
    text = without_secrets(text)
    text = _IN_URL.sub(rf"\1{BLOT}@", text)
    text = _SHAPES.sub(BLOT, text)
    text = _TOLD.sub(rf"\1{BLOT}", text)
    text = _BEARER.sub(rf"\1 {BLOT}", text)
    return _ASSIGNED.sub(rf"\1{BLOT}", text)


def names_a_secret(name: str) -> bool:
    """Whether a setting's name says that its value is a credential.

    >>> names_a_secret("x-api-key"), names_a_secret("Authorization"), names_a_secret("max_tokens")
    (True, True, False)
    """
    return _SECRET_NAME.search(name) is not None


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
    """A JSON value without keys: in its texts, in its names, and under names that say that they
    hold one.

    >>> redact_tree({"auth": {"api_key": "abc"}, "note": ["Bearer abcdefgh12"]})
    {'auth': {'api_key': '[redacted]'}, 'note': ['Bearer [redacted]']}
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list | tuple):
        return [redact_tree(item) for item in value]
    if isinstance(value, dict):
        return {
            redact(name) if isinstance(name, str) else name: BLOT
            if isinstance(item, str) and item and names_a_secret(str(name))
            else redact_tree(item)
            for name, item in value.items()
        }
    return value
