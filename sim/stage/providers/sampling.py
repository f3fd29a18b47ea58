"""The sampling of a model: temperature, limits, seed and address, but never a key.

All settings that change replies are part of a stage's identity, and so of a trial's id. A setting
of None is not sent, so that the provider's own default holds.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sim.errors import ModelError
from sim.redaction import names_a_secret, redact
from sim.scene.base_model import explain


class Sampling(BaseModel):
    """How a model is called.

    ``seed`` says whether requests carry their seed. ``stop`` are texts that end a reply besides
    those of the layout. ``extra_body`` is added to the body of every request. ``timeout`` is in
    seconds, for one call; it can prevent a reply but not change it, so it is not part of the
    identity.

    >>> Sampling(temperature=0.7, seed=False).suffix()
    '?seed=false&temperature=0.7'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: float | None = Field(default=None, ge=0, le=10)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: bool = True
    stop: tuple[str, ...] = ()
    base_url: str | None = None
    extra_body: Mapping[str, Any] = Field(default_factory=dict)
    timeout: float = Field(default=120.0, gt=0)

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ModelError(explain(type(self), error)) from None

    @classmethod
    def read(cls, table: Mapping[str, Any], where: str) -> Self:
        """A sampling from options or a table of a TOML file; ``where`` names these in messages.

        >>> Sampling.read({"temperature": 0.7, "stop": "END"}, "elsinore.toml, [sampling]").stop
        ('END',)
        """
        given = dict(table)
        if isinstance(given.get("stop"), str):
            given["stop"] = (given["stop"],)
        try:
            return cls(**given)
        except ModelError as error:
            raise ModelError(f"{where}: {error}") from None

    @field_validator("stop")
    @classmethod
    def _stops_are_texts(cls, stop: tuple[str, ...]) -> tuple[str, ...]:
        if "" in stop:
            raise ValueError("a blank text ends every reply before it begins; leave it out")
        return stop

    @field_validator("base_url")
    @classmethod
    def _address_without_secrets(cls, address: str | None) -> str | None:
        if address is None:
            return None
        try:
            parts = urlsplit(address)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        # The address itself is not shown: it may be a key that was given in the wrong place.
        if host is None or parts.scheme not in ("http", "https"):
            raise ValueError("is no address; write one like http://localhost:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(
                "holds more than an address; keys come from the environment only (OPENAI_API_KEY)"
            )
        if redact(address) != address:
            raise ValueError(
                "holds what looks like a key; keys come from the environment only (OPENAI_API_KEY)"
            )
        if any(ord(letter) < 32 or ord(letter) == 127 or letter.isspace() for letter in address):
            raise ValueError("holds a blank or a control character; leave it out")
        return address.rstrip("/")

    @field_validator("extra_body")
    @classmethod
    def _body_without_secrets(cls, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if _nests_deeper(body, _DEEPEST):
            raise ValueError(f"nests more than {_DEEPEST} deep; no server reads that")
        secret = _secret_in(body)
        if secret is not None:
            raise ValueError(
                f"{secret!r} would be stored with every trial; keys come from the environment"
            )
        for name in ("messages", "prompt", "model", "stream", "n"):
            if name in body:
                raise ValueError(f"{name!r} is Elsinore's to fill in; leave it out")
        try:
            json.dumps(body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"cannot be written as JSON: {error}") from None
        return body

    def suffix(self) -> str:
        """The settings that differ from the defaults, as a part of a stage's identity."""
        default = type(self).model_fields
        said = []
        for name, value in sorted(self):
            if name == "timeout" or value == default[name].get_default(call_default_factory=True):
                continue
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            said.append(f"{name}={text}")
        return f"?{'&'.join(said)}" if said else ""


_DEEPEST = 64
"""The most levels of a body: with more, whoever walks through it would run out of stack."""


def _nests_deeper(value: Any, most: int) -> bool:
    """Whether something has more than so many levels of lists and tables.

    >>> _nests_deeper({"a": [1]}, 2), _nests_deeper({"a": [[1]]}, 2)
    (False, True)
    """
    level = [value]
    for _ in range(most + 1):
        level = [each for each in level if isinstance(each, Mapping | list | tuple)]
        if not level:
            return False
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
    return True


def _secret_in(value: Any) -> str | None:
    """The name under which something holds a credential, at any depth; None if there is none."""
    if isinstance(value, str):
        return "what looks like a key" if redact(value) != value else None
    if isinstance(value, Mapping):
        for name, item in value.items():
            if names_a_secret(str(name)):
                return str(name)
            if redact(str(name)) != str(name):
                return "a name that looks like a key"
            found = _secret_in(item)
            if found is not None:
                return str(name) if isinstance(item, str) else found
    if isinstance(value, list | tuple):
        return next((found for item in value if (found := _secret_in(item)) is not None), None)
    return None


_PARTS = re.compile(r"[?&](?=(?:base_url|extra_body|max_tokens|seed|stop|temperature|top_p)=)")


def read_identity(identity: str) -> tuple[str, Sampling] | None:
    """The model string and the sampling in a stage's identity; None if it cannot be parsed.

    >>> read_identity("openai:gpt-5-mini?seed=false&temperature=0.7")[1].temperature
    0.7
    """
    label, *parts = _PARTS.split(identity)
    given: dict[str, Any] = {}
    for part in parts:
        name, _, text = part.partition("=")
        try:
            given[name] = text if name == "base_url" else json.loads(text)
        except (ValueError, RecursionError):
            return None
    try:
        sampling = Sampling(**given)
    except ModelError:
        return None
    # A stop text can look like another setting; then the identity is ambiguous.
    return (label, sampling) if label + sampling.suffix() == identity else None


def at_the_address_of_the_environment(sampling: Sampling) -> Sampling:
    """The sampling with the address in ``OPENAI_BASE_URL``, which OpenAI's client would use anyway.

    An address changes replies, so it has to be part of the identity.
    """
    address = os.environ.get("OPENAI_BASE_URL")
    if sampling.base_url is not None or not address:
        return sampling
    given = sampling.model_dump(exclude_unset=True)
    return Sampling.read({**given, "base_url": address}, "environment, OPENAI_BASE_URL")
