"""Requests, read from JSON and checked.

A field that the exact stage does not support is refused by name and never ignored: if a temperature
were ignored, the result would be wrong without notice. Fields that do not change the reply
(``user``, ``store``, ``metadata``) are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sim.serve.errors import Refused, not_understood

MOST_CHOICES = 128
"""Replies to one request."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "temperature": (1,),
    "top_p": (1,),
    "top_k": (-1, 0),
    "min_p": (0,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "repetition_penalty": (1,),
    "logit_bias": ({},),
    "suffix": ("",),
    "tools": ([],),
    "functions": ([],),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
}
"""Fields that would change the reply, with the values at which they do not."""

Few = Annotated[int, Field(ge=1, le=MOST_CHOICES)]
Stop = Annotated[str, Field(min_length=1, max_length=1000)]
Seed = Annotated[int, Field(ge=-(1 << 63), lt=1 << 64)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class TextPart(_Part):
    """A piece of a message; only text can be read."""

    type: Literal["text", "input_text"]
    text: str


class Message(_Part):
    """One message of a chat. ``name`` is who speaks, in clients that say so."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(_Part):
    """Whether a stream ends with the usage."""

    include_usage: bool | None = None


class JsonSchema(_Part):
    """The schema of a typed answer."""

    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(_Part):
    """What form the answer is to have."""

    type: Literal["text", "json_schema"]
    json_schema: JsonSchema | None = None


class Body(BaseModel):
    """The fields that chats and completions share."""

    model_config = ConfigDict(strict=True, extra="allow")

    model: str = Field(max_length=1000)
    seed: Seed | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=64)] | None = None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    n: Few | None = None
    best_of: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """A body from JSON. Raises ``Refused``."""
        try:
            body = cls.model_validate_json(raw)
        except ValidationError as error:
            raise not_understood(error) from None
        _only_neutral(body.model_extra or {})
        if body.best_of not in (None, body.n or 1):
            raise Refused(
                400,
                "best_of: choosing among replies is not supported; leave it out",
                parameter="best_of",
                code="unsupported_value",
            )
        return body

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end a reply."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def with_usage(self) -> bool:
        """Whether a stream is to end with the usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)


class ChatBody(Body):
    """A request to ``/v1/chat/completions``."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @property
    def limit(self) -> int | None:
        """The most words of a reply."""
        given = self.max_completion_tokens
        return self.max_tokens if given is None else given

    def schema_(self) -> dict[str, Any] | None:
        """The schema of the answer, if it is to be typed. Raises ``Refused``."""
        form = self.response_format
        if form is None or form.type == "text":
            return None
        if form.json_schema is None:
            raise Refused(
                400, "response_format.json_schema: is missing", parameter="response_format"
            )
        return form.json_schema.schema_


class CompletionBody(Body):
    """A request to ``/v1/completions``. ``prompt_logprobs`` is vLLM's."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=MOST_CHOICES)]
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    prompt_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @field_validator("prompt", mode="before")
    @classmethod
    def _no_numbers(cls, prompt: Any) -> Any:
        if isinstance(prompt, list) and any(isinstance(one, int | list) for one in prompt):
            raise ValueError("numbers of tokens mean nothing here; send the text")
        return prompt

    @property
    def prompts(self) -> list[str]:
        """One or several."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt


AnyBody = TypeVar("AnyBody", bound=Body)


def _only_neutral(extra: Mapping[str, Any]) -> None:
    for name, neutral in NEUTRAL.items():
        value = extra.get(name)
        if value is None or _is_one_of(value, neutral):
            continue
        allowed = " or ".join(map(repr, neutral))
        raise Refused(
            400,
            f"Unsupported value: {name!r} does not support {value!r} with the exact stage, whose "
            f"law is fixed; {f'only {allowed} is supported, or ' if allowed else ''}leave it out",
            parameter=name,
            code="unsupported_value",
        )


def _is_one_of(value: Any, neutral: Iterable[Any]) -> bool:
    # True == 1 in Python, and is no temperature.
    return not isinstance(value, bool) and value in neutral
