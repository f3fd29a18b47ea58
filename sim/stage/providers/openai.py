"""The OpenAI protocol, through OpenAI's own client.

The body of a request is given to the client as bytes, because its typed methods take 100 ms of CPU
for the 670 messages of a scene of 1000 turns (see ``encoding``). The client handles connections,
the key, headers and errors. Its own retries are off: every attempt has to pass the throttle.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError

from sim.errors import ModelError, StageClosed, StageError
from sim.events import NO_USAGE, Usage
from sim.layouts.prompt import Prompt
from sim.redaction import remember
from sim.stage.providers import bounds
from sim.stage.providers.content import content_of
from sim.stage.providers.encoding import Encoder
from sim.stage.providers.faults import fault, filtered, malformed, reported, too_large
from sim.stage.providers.manner import Manner
from sim.stage.providers.sampling import Sampling

KEY = "OPENAI_API_KEY"

_NO_KEY = "none"
"""The key that is sent to a server of one's own, which requires the header but no key."""

FINISHES = {
    "stop": "stop",
    "length": "length",
    "content_filter": "refusal",
    "refusal": "refusal",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of a backend. ``retries`` are the reasons of the calls that failed before it,
    ``thought`` what the model thought, as far as the server gives it."""

    text: str
    finish: str = "stop"
    usage: Usage = NO_USAGE
    retries: tuple[str, ...] = ()
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """The prompt and the parameters of one call. ``seed`` is None if none is to be sent."""

    prompt: Prompt
    seed: int | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None


class Backend(Protocol):
    """The interface of a chat stage to a provider."""

    async def ask(self, asking: Asking) -> Answered:
        """Make the call, again if the server refuses parameters. Raises ``StageError``."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Unsupported(StageError):
    """The server refuses one of the parameters: ``parameter``, if it says which one."""

    def __init__(self, message: str, parameter: str | None) -> None:
        super().__init__("bad-request", message)
        self.parameter = parameter

    def names(self, parameter: str) -> bool:
        """Whether the server refuses this parameter."""
        return self.parameter == parameter or parameter in str(self)


class Filtered(StageError):
    """The provider's content filter refuses the prompt. A backend turns it into a refusal."""


class Server:
    """One model on a server of the protocol. ``label`` is its name in messages."""

    def __init__(self, label: str, model: str, sampling: Sampling) -> None:
        self.label = label
        self.model = model
        self.sampling = sampling
        self.official = sampling.base_url is None
        self._key = os.environ.get(KEY) or ("" if self.official else _NO_KEY)
        if not self._key:
            raise ModelError(
                f"model {label!r}: no key; set the environment variable {KEY}, "
                "or name a server of your own by its base URL"
            )
        remember(self._key)
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def client(self) -> AsyncOpenAI:
        """The client. Connections belong to an event loop, so each loop has its own."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            # ``post`` and ``get`` bound the whole call; the client's timeout bounds each read only.
            # Nothing is sent on to another address: the prompts would go along.
            http = DefaultAsyncHttpxClient(
                timeout=None, follow_redirects=False, event_hooks={"response": [bounds.bound]}
            )
            # No cookies: one that is no ASCII would break every call after it.
            http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
            self._client = AsyncOpenAI(
                api_key=self._key,
                base_url=self.sampling.base_url,
                max_retries=0,
                timeout=None,
                http_client=http,
                default_headers={"Accept-Encoding": "identity"},
            )
        return self._client

    async def close(self) -> None:
        """Close the connections of this event loop."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    def parameters(self, **parameters: Any) -> dict[str, Any]:
        """The parameters that are set, together with those of the sampling."""
        sampling = self.sampling
        body = {
            "model": self.model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            **parameters,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return {**body, **sampling.extra_body}

    async def post(
        self, path: str, parameters: Mapping[str, Any], name: str = "", encoded: bytes = b""
    ) -> Mapping[str, Any]:
        """Send the parameters, with ``encoded`` as the value of ``name``; return the JSON object.

        Raises ``StageError`` (``Unsupported``, ``Filtered``) or ``StageClosed``.
        """
        body = json.dumps(parameters, separators=(",", ":")).encode()
        if name:
            body = b'{"%b":%b,%b' % (name.encode(), encoded, body[1:])
        client = self.client()  # Before the timeout starts, since the first call creates it.
        try:
            async with asyncio.timeout(self.sampling.timeout):
                response = await client.post(
                    path,
                    cast_to=object,
                    content=body,
                    options={"headers": {"Content-Type": "application/json"}},
                )
        except (OpenAIError, TimeoutError, ValueError, OSError, RecursionError) as error:
            raise self._meaning(error) from None
        return self._object(response)

    async def get(self, path: str) -> Mapping[str, Any]:
        """The JSON object at a path."""
        client = self.client()
        try:
            async with asyncio.timeout(self.sampling.timeout):
                response = await client.get(path, cast_to=object)
        except (OpenAIError, TimeoutError, ValueError, OSError, RecursionError) as error:
            raise self._meaning(error) from None
        return self._object(response)

    def _meaning(self, error: Exception) -> StageError:
        meaning = fault(error, self.label)
        if filtered(error):
            return Filtered("refusal", str(meaning))
        if meaning.reason == "bad-request":
            body = getattr(error, "body", None)
            parameter = body.get("param") if isinstance(body, Mapping) else None
            return Unsupported(str(meaning), parameter if isinstance(parameter, str) else None)
        return meaning

    def _object(self, response: object) -> Mapping[str, Any]:
        if not isinstance(response, Mapping):
            # The client returns a text if the content type is not JSON.
            raise malformed(self.label, f"it is no JSON object but {str(response)[:80]!r}")
        # Some gateways send errors with status 200.
        error = reported(response)
        if error is not None:
            raise self._meaning(error)
        return response

    def choice(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        """The first choice of a response."""
        choices = response.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
            raise malformed(self.label, "it holds no choice")
        return choices[0]


class OpenAIChat:
    """Chat completions. What the server refuses is found out once and then left out.

    ``manner`` is how the server is asked by now: parameters that reasoning models refuse, the name
    of the limit, the form of structured output, whether there is a system role. The user need not
    know it; every refused call is recorded with the reply. ``extra_body`` is never left out.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        official = server.official
        self.manner = Manner(
            "max_completion_tokens" if official else "max_tokens", 4 if official else None
        )
        self._encoders = (Encoder(roles=True), Encoder(roles=True, system=False))

    async def close(self) -> None:
        await self.server.close()

    async def ask(self, asking: Asking) -> Answered:
        tried = self.manner
        retries: tuple[str, ...] = ()
        while True:
            parameters = self._parameters(asking, tried)
            encoded = self._encoders[tried.without_system].encode(asking.prompt)
            try:
                response = await self.server.post(
                    "/chat/completions", parameters, "messages", encoded
                )
            except Filtered:
                return Answered("", "refusal", retries=retries)
            except Unsupported as error:
                tried, why = self._instead(error, parameters, tried)
                retries = (*retries, why)
                continue
            self.manner = tried
            return self._read(response, asking, retries)

    def _parameters(self, asking: Asking, manner: Manner) -> dict[str, Any]:
        schema = asking.schema
        parameters = self.server.parameters(
            seed=asking.seed,
            stop=list(asking.stop[: manner.most_stops]) or None,
            response_format=None if schema is None else manner.response_format(schema),
        )
        if asking.max_tokens is not None:
            parameters[manner.limit_name] = asking.max_tokens
        own = self.server.sampling.extra_body
        return {k: v for k, v in parameters.items() if k not in manner.left_out or k in own}

    def _instead(
        self, error: Unsupported, parameters: Mapping[str, Any], manner: Manner
    ) -> tuple[Manner, str]:
        """How to ask next. Raises ``StageClosed`` if what the user set cannot be had."""
        own = self.server.sampling.extra_body
        found = manner.instead(str(error), error.parameter, parameters, own)
        if found is not None:
            return found
        for name in ("temperature", "top_p", *own):
            if name in parameters and error.names(name):
                raise StageClosed("bad-request", f"{error}; leave {name} out of the sampling")
        raise error

    def _read(
        self, response: Mapping[str, Any], asking: Asking, retries: tuple[str, ...]
    ) -> Answered:
        choice = self.server.choice(response)
        message = choice.get("message")
        if not isinstance(message, Mapping):
            raise malformed(self.server.label, "it holds no message")
        usage, finish = usage_of(response), FINISHES.get(str(choice.get("finish_reason")), "stop")
        content = content_of(message)
        if content.unknown:
            raise malformed(self.server.label, f"its content is no text but {content.unknown}")
        if content.refusal:
            return Answered(content.refusal, "refusal", usage, retries, content.thought)
        if len(content.text) > bounds.LETTERS:
            raise too_large(self.server.label, f"it has {len(content.text):,} letters")
        text, ended = ends_at(content.text, asking.stop)
        return Answered(text, "stop" if ended else finish, usage, retries, content.thought)


def ends_at(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """The text up to the first stop, and whether there was one, as some servers ignore stops.

    >>> ends_at("Well?\\nBen: No.", ("\\nBen:",))
    ('Well?', True)
    """
    places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)


def usage_of(response: Mapping[str, Any]) -> Usage:
    """The usage in a response.

    >>> usage_of({"usage": {"prompt_tokens": 9, "completion_tokens": 2}})
    Usage(prompt_tokens=9, completion_tokens=2, cached_tokens=0, usd=None)
    """
    usage = response.get("usage")
    if not isinstance(usage, Mapping):
        return NO_USAGE
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    if cached is None:
        cached = usage.get("prompt_cache_hit_tokens")  # DeepSeek's name for it
    return Usage(
        _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), _count(cached)
    )


def _count(value: object) -> int:
    """A number of tokens; some servers write it as a float or as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0
    return int(number) if 0 < number < 1e15 else 0
