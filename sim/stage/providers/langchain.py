"""Chat models of every provider of LangChain. Imported only when such a model is opened.

LangChain's classes agree on messages, usage and structured output, but not on the names of
parameters: the settings are looked up in the fields of the class, so that none is ignored silently.
"""

from __future__ import annotations

import asyncio
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from openai import DefaultAsyncHttpxClient

from sim.errors import ModelError, StageError
from sim.events import NO_USAGE, Usage
from sim.layouts.prompt import Prompt
from sim.stage.providers.content import content_of, well_formed
from sim.stage.providers.faults import fault, filtered, malformed, without_keys
from sim.stage.providers.openai import Answered, Asking, ends_at
from sim.stage.providers.sampling import Sampling

KEYS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure_openai": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"),
    "baseten": ("BASETEN_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistralai": ("MISTRAL_API_KEY",),
    "nvidia": ("NVIDIA_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
    "together": ("TOGETHER_API_KEY",),
    "upstage": ("UPSTAGE_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""The environment variables of each provider's key, so that a missing key is reported early."""

_LIMITS = ("max_tokens", "max_output_tokens", "num_predict", "max_new_tokens")
_PACKAGE = re.compile(r"requires the (\S+) package")
_REFUSALS = ("content_filter", "refusal", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "guardrail")
_LENGTHS = ("length", "max_tokens", "MAX_TOKENS")


class LangChainChat:
    """A LangChain chat model as a backend."""

    def __init__(self, label: str, model: str, sampling: Sampling) -> None:
        self.label = label
        self.model = open_model(label, model, sampling)
        self._fields = type(self.model).model_fields
        self._limit = next((name for name in _LIMITS if name in self._fields), None)
        self._timeout = sampling.timeout
        self._structured = True

    async def close(self) -> None:
        """Close the connections of OpenAI's clients, which LangChain does not close itself."""
        client = getattr(self.model, "root_async_client", None)
        if client is not None:
            await client.close()

    async def ask(self, asking: Asking) -> Answered:
        model = self._set(asking)
        said = messages(asking.prompt)
        stop = list(asking.stop) or None
        retries: tuple[str, ...] = ()
        if asking.schema is not None and self._structured:
            try:
                bound = model.with_structured_output(
                    dict(asking.schema), method="json_schema", include_raw=True
                )
            except (NotImplementedError, ValueError, TypeError, ImportError):
                self._structured = False
            else:
                try:
                    response = await self._call(bound.ainvoke(said))
                    return self._read(response["raw"], asking)
                except StageError as error:
                    if error.reason != "bad-request":
                        raise
                    # The class offers structured output, but the server refuses it.
                    retries = ("unsupported",)
        response = await self._call(model.ainvoke(said, stop=stop))
        if retries:
            self._structured = False
        answered = self._read(response, asking)
        return replace(answered, retries=retries)

    async def _call(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                return await call
        except Exception as error:  # noqa: BLE001 - any of thirty packages' exceptions may come
            if filtered(error) or type(error).__name__ == "ContentFilterFinishReasonError":
                return AIMessage("", response_metadata={"finish_reason": "content_filter"})
            raise fault(error, self.label) from None

    def _set(self, asking: Asking) -> BaseChatModel:
        """The model with the call's seed and limit, set as fields, whose names are known."""
        update: dict[str, Any] = {}
        if asking.seed is not None and "seed" in self._fields:
            update["seed"] = asking.seed
        if asking.max_tokens is not None and self._limit is not None:
            update[self._limit] = asking.max_tokens
        return self.model.model_copy(update=update) if update else self.model

    def _read(self, message: object, asking: Asking) -> Answered:
        if not isinstance(message, AIMessage):
            raise malformed(self.label, f"it is a {type(message).__name__} and no message")
        usage = usage_of(message)
        content = content_of({**message.additional_kwargs, "content": message.content})
        if content.refusal:
            return Answered(content.refusal, "refusal", usage, thought=content.thought)
        text, ended = ends_at(well_formed(str(message.text)), asking.stop)
        said = message.response_metadata
        reason = said.get("finish_reason") or said.get("stop_reason") or said.get("done_reason")
        finish = "stop"
        if reason in _REFUSALS:
            finish = "refusal"
        elif reason in _LENGTHS and not ended:
            finish = "length"
        return Answered(text, finish, usage, thought=content.thought)


def open_model(label: str, model: str, sampling: Sampling) -> BaseChatModel:
    """The LangChain model that a string names. Raises ``ModelError`` with the remedy."""
    wanted: dict[str, Any] = {
        name: value
        for name in ("temperature", "top_p", "max_tokens", "base_url", "extra_body")
        if (value := getattr(sampling, name))
    }
    if sampling.temperature is not None:
        wanted["temperature"] = sampling.temperature  # also 0, which the loop above skips
    provider = model.partition(":")[0].replace("-", "_")
    helpful: dict[str, Any] = {"max_retries": 0, "timeout": sampling.timeout}
    if provider == "openai":
        # LangChain shares one client between all its models, and goes on using a closed one.
        helpful["http_async_client"] = DefaultAsyncHttpxClient(timeout=None)
        if sampling.base_url is not None and not os.environ.get("OPENAI_API_KEY"):
            helpful["api_key"] = "none"
    opened = _init(label, provider, model, {**wanted, **helpful})
    known = set(type(opened).model_fields)
    known |= {field.alias for field in type(opened).model_fields.values() if field.alias}
    for name in wanted:
        if name not in known:
            raise ModelError(
                f"model {label!r}: {type(opened).__name__} takes no {name}; "
                "leave it out of the sampling"
            )
    if not known.issuperset(helpful):
        kept = {name: value for name, value in helpful.items() if name in known}
        opened = _init(label, provider, model, {**wanted, **kept})
    return opened


def _init(label: str, provider: str, model: str, arguments: Mapping[str, Any]) -> BaseChatModel:
    keys = KEYS.get(provider, ())
    missing = keys and "api_key" not in arguments and not any(map(os.environ.get, keys))
    try:
        with warnings.catch_warnings():
            # The warnings are about unknown arguments, which the caller checks by the fields.
            warnings.simplefilter("ignore")
            opened: BaseChatModel = init_chat_model(model, **arguments)
    except ImportError as error:
        package = _PACKAGE.search(str(error))
        needs = package.group(1) if package else without_keys(str(error))
        raise ModelError(
            f"model {label!r} needs the package {needs}; install it with: uv pip install {needs}"
        ) from None
    except Exception as error:  # noqa: BLE001 - each class refuses in a way of its own
        if not missing:
            raise ModelError(f"model {label!r}: {without_keys(str(error))}") from None
    if missing:
        raise ModelError(
            f"model {label!r}: no key; set the environment variable {' or '.join(keys)}"
        )
    return opened


def messages(prompt: Prompt) -> list[BaseMessage]:
    """A prompt as LangChain's messages; a screenplay's text is one message of the user's."""
    return [_CLASSES[message.role](content=message.text) for message in prompt.messages()]


def usage_of(message: AIMessage) -> Usage:
    """The usage of a call, as LangChain reports it."""
    usage = message.usage_metadata
    if usage is None:
        return NO_USAGE
    cached = usage.get("input_token_details", {}).get("cache_read") or 0
    return Usage(usage["input_tokens"], usage["output_tokens"], cached)


_CLASSES: Mapping[str, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
    "text": HumanMessage,
}
