"""Tests what a server can do, by short calls; the command shows the result as a table.

Servers of the OpenAI protocol differ widely. A capability is ``yes`` if a call showed that it
works, ``no`` if the server refused or did something else, and ``unknown`` if the calls did not
show either, each with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal
from urllib.parse import quote

from sim.errors import StageError
from sim.events import NO_USAGE
from sim.layouts.prompt import Prompt
from sim.stage.base import Request, Stage, info_of, innermost
from sim.stage.local.stage import GgufStage
from sim.stage.providers.chat import ChatStage
from sim.stage.providers.completions import CompletionsStage
from sim.stage.providers.content import content_of
from sim.stage.providers.grammar import grammar_of
from sim.stage.providers.openai import OpenAIChat, Server, Unsupported, usage_of
from sim.stage.providers.structured_output import complaint

Verdict = Literal["yes", "no", "unknown"]

_PROMPT = "Write eight words at random, on one line."
_TOKENS = 48
_SCHEMA: Mapping[str, Any] = {
    "title": "answer",
    "type": "object",
    "properties": {"stance": {"type": "number", "minimum": -1, "maximum": 1}},
    "required": ["stance"],
    "additionalProperties": False,
}
_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length", "n_ctx")


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability of a server. ``seconds`` is the time of the test, None if there was none."""

    name: str
    verdict: Verdict
    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The capabilities of a stage. ``model`` is the stage's identity."""

    model: str
    capabilities: tuple[Capability, ...]

    def of(self, name: str) -> Capability:
        """One capability. Raises ``KeyError``."""
        for capability in self.capabilities:
            if capability.name == name:
                return capability
        raise KeyError(name)


Finding = tuple[Verdict, str]
"""A verdict and the reason for it."""


async def check(stage: Stage, at_most: float = 60.0) -> Report:
    """Test the capabilities of a stage (inside its wrappers), with about ten short calls.

    Errors are not raised; each is the reason of a capability. A test that takes longer than
    ``at_most`` seconds is stopped, and its capability is unknown. Only a model of this machine that
    cannot be loaded is a ``StageError``.
    """
    inner = innermost(stage)
    if isinstance(inner, GgufStage):
        now = await inner.connected()
        questions = _of_server(now.server, now.completions, chat=now.chat is not None)
        if now.chat is None:
            questions["chat"] = _no_template
    elif isinstance(inner, CompletionsStage):
        questions = _of_server(inner.server, inner, chat=False)
    elif isinstance(inner, ChatStage) and isinstance(inner.backend, OpenAIChat):
        server = inner.backend.server
        questions = _of_server(server, CompletionsStage(server), chat=True)
    else:
        questions = _of_stage(inner)
    found = [await _asked(name, ask, at_most) for name, ask in questions.items()]
    return Report(stage.identity, tuple(found))


async def _no_template() -> Finding:
    """llama.cpp's server answers messages all the same, by a template of other models."""
    return (
        "no",
        "the file has no chat template: a base model, for the layouts screenplay and author_script",
    )


async def _asked(name: str, ask: Callable[[], Awaitable[Finding]], at_most: float) -> Capability:
    started = perf_counter()
    verdict: Verdict
    try:
        async with asyncio.timeout(at_most):
            verdict, reason = await ask()
    except TimeoutError:
        verdict, reason = "unknown", f"stopped: no answer within {at_most:g} s; raise --timeout"
    except StageError as error:
        refused = isinstance(error, Unsupported) or error.reason == "not-found"
        verdict, reason = ("no" if refused else "unknown"), str(error)
    return Capability(name, verdict, reason, perf_counter() - started)


def _of_server(
    server: Server, completions: CompletionsStage, *, chat: bool
) -> dict[str, Callable[[], Awaitable[Finding]]]:
    """The tests of a server of the protocol; ``chat`` says whether the model is used for chat."""
    asked = _Protocol(server, chat)

    async def scored(way: str) -> Finding:
        why = await completions.score(way)
        return ("yes", "a given text was scored") if why is None else ("no", why)

    async def echoed() -> Finding:
        first = await scored("echo")
        if first[0] == "yes":
            return first
        second = await scored("echo and a token")
        return second if second[0] == "yes" else first

    return {
        "models": asked.models,
        "context length": asked.context,
        "chat": asked.chat,
        "completions": asked.completions,
        "usage": asked.usage,
        "seed": asked.seed,
        "structured output": asked.structured,
        "log-probabilities of the answer": asked.log_probs,
        "log-probabilities of the prompt (echo)": echoed,
        "log-probabilities of the prompt (vLLM)": lambda: scored("prompt_logprobs"),
        "log-probabilities of the prompt (llama.cpp)": lambda: scored("one token at a time"),
    }


class _Protocol:
    """Tests of a server, at the endpoint at which its model is used."""

    def __init__(self, server: Server, chat: bool) -> None:
        self.server = server
        self.is_chat = chat
        self.listed: Mapping[str, Any] | None = None
        self.listing: StageError | None = None
        self.answer: Mapping[str, Any] | None = None

    async def models(self) -> Finding:
        try:
            response = await self.server.get("/models")
        except StageError as error:
            self.listing = error
            raise
        entries = response.get("data")
        names = []
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                names.append(str(entry.get("id")))
                if entry.get("id") == self.server.model:
                    self.listed = entry
        shown = f"{', '.join(names[:5])}{', …' if len(names) > 5 else ''}" or "none"
        if self.listed is None:
            try:
                # Servers may know more models, or other names of them, than they list.
                self.listed = await self.server.get(f"/models/{quote(self.server.model)}")
            except StageError:
                return "no", f"{self.server.model} is not among: {shown}"
            return "yes", f"{self.server.model} is known, though not listed"
        return "yes", f"{self.server.model} is among {len(names)}"

    async def context(self) -> Finding:
        if self.listing is not None:
            return "unknown", f"the list of models could not be had: {self.listing}"
        entry = self.listed or {}
        meta = entry.get("meta")
        for holder in (entry, meta if isinstance(meta, Mapping) else {}):
            for name in (*_CONTEXT, "n_ctx_train"):
                value = holder.get(name)
                if isinstance(value, int) and value > 0:
                    return "yes", f"{value} tokens ({name})"
        return "unknown", "the list of models does not tell it"

    async def chat(self) -> Finding:
        return await self._says(chat=True)

    async def completions(self) -> Finding:
        return await self._says(chat=False)

    async def _says(self, chat: bool) -> Finding:
        response = await self._ask(chat)
        if chat == self.is_chat:
            self.answer = response
        text = self._text(response, chat)
        return ("yes", f"said {text[:40]!r}") if text.strip() else ("unknown", "said nothing")

    async def usage(self) -> Finding:
        if self.answer is None:
            return "unknown", "there was no answer"
        used = usage_of(self.answer)
        if used == NO_USAGE:
            return "no", "the answer tells none; budgets in tokens count nothing"
        cached = "cached tokens apart" if _tells_cached(self.answer) else "cached tokens not told"
        return "yes", f"{used.prompt_tokens} + {used.completion_tokens} tokens; {cached}"

    async def seed(self) -> Finding:
        said = []
        for seed in (1, 1, 2, 3):
            response = await self._ask(self.is_chat, seed=seed, temperature=1)
            said.append(self._text(response, self.is_chat))
            if len(said) == 2 and said[0] != said[1]:
                return "no", "the same seed gave two replies at temperature 1"
            if len(said) > 2 and said[-1] != said[0]:
                return "yes", "the same seed gave the same reply, and another seed another"
        return "unknown", "three seeds gave one reply at temperature 1: it may be fixed"

    async def structured(self) -> Finding:
        if not self.is_chat:
            return await self._grammar()
        format_ = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(_SCHEMA), "strict": True},
        }
        response = await self._ask(True, response_format=format_)
        problem = complaint(self._text(response, True), _SCHEMA)
        if problem is not None:
            return "no", f"the server took the schema and did not keep to it: {problem}"
        return "yes", "the answer keeps to the schema"

    async def _grammar(self) -> Finding:
        response = await self._ask(False, grammar=grammar_of(_SCHEMA))
        problem = complaint(self._text(response, False), _SCHEMA)
        if problem is not None:
            return "no", f"the server keeps to no grammar: {problem}"
        return "yes", "the answer keeps to a grammar"

    async def log_probs(self) -> Finding:
        response = await self._ask(self.is_chat, logprobs=True if self.is_chat else 1)
        held = self.server.choice(response).get("logprobs")
        values = None
        if isinstance(held, Mapping):
            # llama.cpp's server has the form of chat also at the other endpoint.
            values = held.get("content") or held.get("token_logprobs")
        if not values:
            return "no", "the answer holds none"
        return "yes", f"of {len(values)} tokens"

    async def _ask(self, chat: bool, **parameters: Any) -> Mapping[str, Any]:
        server = self.server
        limit = "max_completion_tokens" if chat and server.official else "max_tokens"
        # Models that think before they speak need room for both.
        parameters[limit] = server.sampling.max_tokens or (1024 if server.official else _TOKENS)
        # The parameters of a test override the user's sampling.
        wanted = {**server.parameters(), **parameters}
        if chat:
            wanted["messages"] = [{"role": "user", "content": _PROMPT}]
            return await server.post("/chat/completions", wanted)
        wanted["prompt"] = f"{_PROMPT}\n"
        return await server.post("/completions", wanted)

    def _text(self, response: Mapping[str, Any], chat: bool) -> str:
        choice = self.server.choice(response)
        message = choice.get("message") if chat else choice
        if not isinstance(message, Mapping):
            return ""
        return content_of(message).text if chat else str(message.get("text") or "")


def _tells_cached(response: Mapping[str, Any]) -> bool:
    usage = response.get("usage")
    return isinstance(usage, Mapping) and isinstance(usage.get("prompt_tokens_details"), Mapping)


def _of_stage(stage: Stage) -> dict[str, Callable[[], Awaitable[Finding]]]:
    """The tests of any other stage, through ``perform`` and ``log_prob``."""

    def request(seed: int, schema: Mapping[str, Any] | None = None) -> Request:
        prompt = Prompt.start("system", "You play Ada.").then("user", _PROMPT)
        return Request(prompt, seed, "Ada", max_tokens=_TOKENS, schema=schema)

    async def chat() -> Finding:
        reply = await stage.perform(request(1))
        return "yes", f"said {reply.text[:40]!r}"

    async def usage() -> Finding:
        used = (await stage.perform(request(1))).usage
        if used == NO_USAGE:
            return "no", "the answer tells none; budgets in tokens count nothing"
        return "yes", f"{used.prompt_tokens} + {used.completion_tokens} tokens"

    async def seed() -> Finding:
        said = [(await stage.perform(request(seed))).text for seed in (1, 1, 2, 3)]
        if said[0] != said[1]:
            return "no", "the same seed gave two replies"
        if len(set(said)) == 1:
            return "unknown", "three seeds gave one reply: it may be fixed"
        return "yes", "the same seed gave the same reply, and another seed another"

    async def structured() -> Finding:
        reply = await stage.perform(request(1, _SCHEMA))
        problem = complaint(reply.text, _SCHEMA)
        return ("yes", "the answer keeps to the schema") if problem is None else ("no", problem)

    async def scored() -> Finding:
        if await stage.log_prob(request(1), "Well.") is not None:
            return "yes", "a given text was scored"
        return "no", info_of(stage).why_no_log_prob or "the stage has none"

    return {
        "chat": chat,
        "usage": usage,
        "seed": seed,
        "structured output": structured,
        "log-probabilities of a given text": scored,
    }
