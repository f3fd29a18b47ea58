"""Opens the stage that a model string names: ``embedded:base``, ``openai:gpt-5-mini``.

A model string is ``PROVIDER:NAME``; the embedded stage also takes ``?parameter=value&...``. The
client of a provider is imported only when a model of the provider is opened. Other packages add
providers by entry points in ``elsinore.stages`` (``sim.extensions``).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sim import extensions
from sim.errors import ModelError
from sim.redaction import redact
from sim.stage.base import Stage
from sim.stage.fixed import FixedLines
from sim.text.suggestions import meant, nearest

if TYPE_CHECKING:
    from sim.stage.providers.sampling import Sampling

PROVIDERS = (
    "anthropic", "anthropic_bedrock", "azure_ai", "azure_openai", "baseten", "bedrock",
    "bedrock_converse", "bedrock_mantle_anthropic", "bedrock_mantle_openai", "cohere", "deepseek",
    "fireworks", "google_anthropic_vertex", "google_genai", "google_vertexai", "groq",
    "huggingface", "ibm", "langsmith", "litellm", "meta", "mistralai", "nvidia", "ollama",
    "openrouter", "perplexity", "together", "upstage", "xai",
)  # fmt: skip
"""The providers of LangChain besides OpenAI. They are listed here because importing LangChain takes
two seconds, too long to report a typing error. ``langchain:PROVIDER:NAME`` reaches all others."""

OTHERS = ("embedded", "fixed", "human", "imported", "recorded")
"""The schemes of what is no language model."""

OWN = (*OTHERS, "openai", "completions", "gguf", "langchain", *PROVIDERS)
"""All schemes of Elsinore's own, which no other package can take."""

# fixed:ONE|TWO?latency=0.05. Anything else after a question mark belongs to the line.
_LATENCY = re.compile(r"\?latency=(\d+(?:\.\d+)?)$")


def open_model(model: str, sampling: Sampling | None = None) -> Stage:
    """The stage that a model string names, without retries and throttle.

    Most callers want ``sim.calls.guard.open_stage``, which adds a retry and a throttle.

    ========================================  =====================================================
    ``embedded:KIND?parameter=value&...``     the exact stage
    ``fixed:ONE|TWO``                         says its lines in turn, for tests
                                              (``?latency=SECONDS`` makes it slow)
    ``openai:NAME``                           a chat model of OpenAI's, or of a server of one's own
                                              with ``Sampling(base_url=...)``
    ``completions:NAME``                      a base model on a completions endpoint
    ``gguf:NAME``, ``gguf:FILE``              a model on this machine, run by llama.cpp
                                              (``?threads=2&context=4096&slots=4``)
    ``PROVIDER:NAME``                         a chat model through LangChain (``PROVIDERS``)
    ``langchain:PROVIDER:NAME``               the same for any provider, ``openai`` too
    ``SCHEME:NAME``                           a stage of another package (``sim.extensions``)
    ========================================  =====================================================

    ``sampling`` is for real models. Raises ``ModelError`` with the names that come closest, the
    package that has to be installed, or the environment variable of a key that is missing.

    >>> open_model("fixed:Yes.|No.").identity.startswith("fixed:")
    True
    """
    provider, _, name = model.partition(":")
    if name and provider == "gguf":
        return _gguf(model, sampling)
    added = None if provider in OWN else extensions.find("stages", provider)
    if name and added is not None:
        return _added(added, model, name, sampling)
    if name and is_real(model):
        return _real(model, provider, name, sampling)
    if sampling is not None and provider in ("embedded", "fixed"):
        raise ModelError(
            f"model {model!r} takes no sampling; leave it out (embedded: has parameters of its "
            "own, as in embedded:base?kappa=0.8)"
        )
    if provider == "embedded" and ":" in model:
        return _embedded(name)
    if provider == "fixed" and ":" in model:
        return _fixed(model, name)
    known = known_models()
    if _of_language(provider):
        raise ModelError(f"model {model!r} names no model; write {provider}:NAME")
    if ":" not in model:
        raise ModelError(
            f"unknown model {model!r}{meant(model, known)}; write PROVIDER:NAME, as in "
            f"{', '.join(known[:2])} or openai:NAME"
        )
    ways = ("openai", "completions", "gguf", *PROVIDERS, *extensions.names("stages", OWN))
    close = get_close_matches(provider, ways, n=1, cutoff=0.7)
    if close:
        raise ModelError(f"unknown model {model!r}; did you mean {close[0]}:{name}?")
    raise ModelError(
        f"unknown model {model!r}{nearest(model, known)}, openai:NAME, completions:NAME, "
        "gguf:NAME, PROVIDER:NAME with a provider of LangChain's"
    )


def is_real(model: str) -> bool:
    """Whether a model string names a language model: it costs money or time, and takes a sampling.

    Stages of other packages count as such, since nothing else is known of them before they are
    opened; one that is free says so in its ``StageInfo``.

    >>> is_real("openai:gpt-5-mini"), is_real("embedded:base")
    (True, False)
    """
    provider, colon, _ = model.partition(":")
    return bool(colon) and _of_language(provider)


def _of_language(provider: str) -> bool:
    if provider in OTHERS:
        return False
    return provider.replace("-", "_") in OWN or provider in extensions.names("stages", OWN)


def _real(model: str, provider: str, name: str, sampling: Sampling | None) -> Stage:
    """A stage around a client. The imports are local because OpenAI's client takes half a second to
    import, and LangChain two."""
    from sim.stage.providers import sampling as settings

    if redact(model) != model:
        raise ModelError(
            f"model {redact(model)!r}: it holds what looks like a key; "
            "keys come from the environment only"
        )
    chosen = settings.Sampling() if sampling is None else sampling
    if provider in ("openai", "completions"):
        from sim.stage.providers.openai import OpenAIChat, Server

        chosen = settings.at_the_address_of_the_environment(chosen)
        server = Server(model, name, chosen)
        if provider == "completions":
            from sim.stage.providers.completions import CompletionsStage

            return CompletionsStage(server)
        from sim.stage.providers.chat import ChatStage

        return ChatStage(model, OpenAIChat(server), chosen)
    from sim.stage.providers.chat import ChatStage
    from sim.stage.providers.langchain import LangChainChat

    named = name if provider == "langchain" else model
    if named.startswith("openai:"):
        chosen = settings.at_the_address_of_the_environment(chosen)
    return ChatStage(model, LangChainChat(model, named, chosen), chosen)


def _added(added: extensions.Extension, model: str, name: str, sampling: Sampling | None) -> Stage:
    """A stage of another package, opened by its function of the name and the sampling."""
    from sim.stage.providers.sampling import Sampling

    stage = opener(added)(name, Sampling() if sampling is None else sampling)
    if not isinstance(stage, Stage):
        raise added.wrong(f"opened {type(stage).__name__}, which is no Stage")
    if stage.identity.partition(":")[0] != added.name:
        # Stores know stages by their identity alone, and ask whether it is a language model's.
        raise added.wrong(
            f"opened a stage for {model!r} whose identity is {stage.identity!r} and does not "
            f"begin with {added.name}:"
        )
    return stage


def opener(added: extensions.Extension) -> Callable[[str, Sampling], Any]:
    """The function of another package that opens its stages. Raises ``ExtensionError``."""
    opens = added.load()
    if not callable(opens):
        raise added.wrong("is no function that opens a stage")
    try:
        inspect.signature(opens).bind("name", None)
    except (TypeError, ValueError) as error:
        raise added.wrong(
            f"takes other things than what follows the scheme and a Sampling ({error})"
        ) from error
    found: Callable[[str, Sampling], Any] = opens
    return found


def _gguf(model: str, sampling: Sampling | None) -> Stage:
    """A model on this machine. The imports are local for the same reason as in ``_real``."""
    from sim.stage.local.stage import open_gguf
    from sim.stage.providers.sampling import Sampling

    return open_gguf(model, Sampling() if sampling is None else sampling)


def known_models() -> tuple[str, ...]:
    """The model strings of the embedded stage, one for each kind."""
    from sim.stage.exact import KINDS

    return tuple(f"embedded:{kind}" for kind in KINDS)


def _embedded(name: str) -> Stage:
    from sim.stage import exact

    kind, question, query = name.partition("?")
    if kind not in exact.KINDS:
        raise ModelError(f"unknown model 'embedded:{kind}'{nearest(kind, exact.KINDS)}")
    parameters: dict[str, Any] = {}
    for part in query.split("&") if question else ():
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            raise ModelError(
                f"model 'embedded:{name}': {part!r} is no parameter; "
                "write them as ?name=value&name=value"
            )
        if key not in exact.PARAMETERS:
            raise ModelError(
                f"model 'embedded:{name}': no parameter {key!r}{nearest(key, exact.PARAMETERS)}"
            )
        if key in parameters:
            raise ModelError(f"model 'embedded:{name}': {key!r} is given twice; give it once")
        parameters[key] = _value(unquote(value))
    return exact.exact_stage(kind, **parameters)


def _value(text: str) -> float | int | bool | str:
    """The text as a boolean or a number, if it is one; else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _fixed(model: str, text: str) -> Stage:
    latency = 0.0
    latency_option = _LATENCY.search(text)
    if latency_option is not None:
        latency = float(latency_option.group(1))
        text = text[: latency_option.start()]
    lines = text.split("|")
    if not all(line.strip() for line in lines):
        raise ModelError(
            f"model {model!r}: a line is blank, and a turn needs words; use fixed:ONE|TWO"
        )
    return FixedLines(lines, latency)
