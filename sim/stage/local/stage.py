"""``GgufStage``: a model of this machine as a stage, for chat layouts and for scripts.

A file with a chat template answers chat prompts as a chat model does, and continues texts as a base
model does. One without a template continues texts; messages are joined to one for it, which is
rarely what is wanted, and is said once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from sim.errors import ModelError, StageClosed
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, StageInfo
from sim.stage.local.child import Child, Serving, refuse_without_server
from sim.stage.local.header import Header, read_header
from sim.stage.local.naming import LocalModel, read_model
from sim.stage.local.slots import Slots
from sim.stage.providers import forced
from sim.stage.providers.chat import ChatStage
from sim.stage.providers.completions import CompletionsStage
from sim.stage.providers.openai import OpenAIChat, Server
from sim.stage.providers.sampling import Sampling

log = logging.getLogger(__name__)

TIMEOUT = 600.0
"""Seconds for one call, unless the sampling says otherwise: a busy machine writes slowly."""

_SLOT: ContextVar[int] = ContextVar("slot")


@dataclass(slots=True)
class Counts:
    """Tokens by the server's own count: of prompts, computed or found in a slot, and of replies.

    >>> Counts(computed=25, cached=75).reused
    0.75
    """

    computed: int = 0
    cached: int = 0
    generated: int = 0

    @property
    def reused(self) -> float | None:
        """The share of the prompts' tokens that was not computed again; None before any."""
        total = self.computed + self.cached
        return self.cached / total if total else None


class LocalServer(Server):
    """The server of a child. Every call is pinned to its slot, and its tokens are counted."""

    def __init__(self, label: str, model: str, sampling: Sampling, counts: Counts) -> None:
        super().__init__(label, model, sampling)
        self._key = "none"  # A key of OpenAI's is none of its business.
        self.counts = counts

    async def post(
        self, path: str, parameters: Mapping[str, Any], name: str = "", encoded: bytes = b""
    ) -> Mapping[str, Any]:
        pinned = {**parameters, "id_slot": _SLOT.get(-1), "cache_prompt": True}
        response = await super().post(path, pinned, name, encoded)
        timings = response.get("timings")
        if isinstance(timings, Mapping):
            self.counts.computed += int(timings.get("prompt_n", 0))
            self.counts.cached += int(timings.get("cache_n", 0))
            self.counts.generated += int(timings.get("predicted_n", 0))
        return response


@dataclass(frozen=True, slots=True)
class Connected:
    """A running child and how to ask it, in one event loop. ``chat`` is None for a base model."""

    loop: asyncio.AbstractEventLoop
    serving: Serving
    header: Header
    server: LocalServer
    completions: CompletionsStage
    chat: ChatStage | None
    slots: Slots


class GgufStage:
    """A model in a GGUF file. Its process starts with the first call, and ends with ``close``.

    After a crash the calls under way fail with a transient ``StageError``, and the next call
    starts the process again.
    """

    def __init__(self, model: LocalModel, sampling: Sampling) -> None:
        if sampling.base_url is not None:
            raise ModelError(
                f"model {model.model!r} runs on this machine and takes no base_url; leave it out, "
                "or write openai:NAME for a server of your own"
            )
        self.model = model
        self.label = model.model
        self.sampling = sampling
        self.identity = model.identity + sampling.suffix()
        self.child = Child(model)
        self.counts = Counts()
        self.why_no_log_prob: str | None = None
        self._connected: Connected | None = None
        self._told = False

    @property
    def info(self) -> StageInfo:
        """The facts about the stage."""
        return StageInfo(
            token_limit=self.sampling.max_tokens,
            why_no_log_prob=self.why_no_log_prob,
            facts=self._facts(),
        )

    async def connected(self) -> Connected:
        """The running child; it is started if there is none. Raises ``StageError``."""
        loop, now = asyncio.get_running_loop(), self._connected
        if now is not None and now.loop is loop and self.child.lives:
            return now
        serving = await asyncio.to_thread(self.child.serving)
        before = self._connected
        if before is not None and before.loop is loop and before.serving == serving:
            return before  # Another call was here first.
        header = before.header if before is not None else read_header_of(self.model)
        now = self._connected = self._connect(loop, serving, header)
        if before is not None:
            await before.server.close()  # Its connections lead to a child that is no more.
        return now

    async def perform(self, request: Request) -> Reply:
        """The model's reply."""
        connected = await self.connected()
        async with connected.slots.take(request.prompt) as slot:
            token = _SLOT.set(slot)
            try:
                return await self._stage(connected, request.prompt).perform(request)
            finally:
                _SLOT.reset(token)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log p(text | prompt), by forced decoding; for messages, after the chat template."""
        if not text:
            return LogProb(0.0, 0, exact=True)
        connected = await self.connected()
        async with connected.slots.take(request.prompt) as slot:
            token = _SLOT.set(slot)
            try:
                prompt = await self._as_text(connected, request.prompt)
                scored = await forced.score(connected.server, prompt, text)
            finally:
                _SLOT.reset(token)
        self.why_no_log_prob = scored if isinstance(scored, str) else None
        return None if isinstance(scored, str) else scored.log_prob

    async def close(self) -> None:
        """Close the connections, and end the process."""
        connected, self._connected = self._connected, None
        if connected is not None:
            await connected.server.close()
        await asyncio.to_thread(self.child.close)

    def _facts(self) -> dict[str, Any]:
        """What served the model: the threads by its last start, and the server's own counts."""
        now = self._connected
        if now is None:
            return {}
        return {
            "server": f"xllamacpp {version('xllamacpp')}",
            "sha256": self.model.sha256,
            "threads": now.serving.threads,
            "trial": dict(now.serving.trial),
            "slots": self.model.slots,
            "context": self.model.context,
            "starts": self.child.starts,
            "computed_tokens": self.counts.computed,
            "cached_tokens": self.counts.cached,
            "generated_tokens": self.counts.generated,
        }

    def _stage(self, connected: Connected, prompt: Prompt) -> CompletionsStage | ChatStage:
        if prompt.role == "text":
            return connected.completions
        if connected.chat is not None:
            return connected.chat
        if not self._told:
            self._told = True
            log.warning(
                "%s is a base model (its file has no chat template) and reads messages as one "
                "text; use the layout screenplay, or author_script",
                self.label,
            )
        return connected.completions

    async def _as_text(self, connected: Connected, prompt: Prompt) -> str:
        if prompt.role == "text" or connected.chat is None:
            return prompt.joined()
        return await forced.as_chat(connected.server, prompt)

    def _connect(
        self, loop: asyncio.AbstractEventLoop, serving: Serving, header: Header
    ) -> Connected:
        given = self.sampling.model_fields_set
        timeout = self.sampling.timeout if "timeout" in given else TIMEOUT
        sampling = self.sampling.model_copy(
            update={"base_url": serving.base_url, "timeout": timeout}
        )
        server = LocalServer(self.label, self.model.name, sampling, self.counts)
        chat = ChatStage(self.label, OpenAIChat(server), sampling) if header.is_chat else None
        completions = CompletionsStage(server)
        return Connected(loop, serving, header, server, completions, chat, Slots(self.model.slots))


def read_header_of(model: LocalModel) -> Header:
    """The header of a model's file. Raises ``StageClosed`` if it cannot be read."""
    try:
        return read_header(model.weights().path)
    except (OSError, ValueError) as error:
        raise StageClosed("provider", f"{model.model}: {error}") from None


def open_gguf(model: str, sampling: Sampling) -> GgufStage:
    """The stage of a ``gguf:`` string. Raises ``ModelError`` with what has to be installed."""
    refuse_without_server(model)
    return GgufStage(read_model(model), sampling)
