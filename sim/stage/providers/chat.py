"""``ChatStage``: any chat model as a stage.

``openai:`` models, also on servers of one's own, are called through OpenAI's client (``openai``),
those of every other provider through LangChain (``langchain``). CPU time of client, stage and
engine together, per call at concurrency 16, in a ring of three with lines of 65 words, on a busy
machine of 2 cores:

======================  ========  =========  =========  ==========
turns of history              30        100        300         965
======================  ========  =========  =========  ==========
OpenAI's client, bytes    1.1 ms     1.5 ms     1.7 ms      2.3 ms
LangChain                 7.6 ms    15.7 ms    40.4 ms    > 100 ms
======================  ========  =========  =========  ==========

Most of LangChain's time is spent in OpenAI's typed methods, which take 103 ms for 668 messages.
"""

from __future__ import annotations

import json
from time import perf_counter

from sim.errors import StageClosed, StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, StageInfo
from sim.stage.providers import forced
from sim.stage.providers.faults import no_room
from sim.stage.providers.openai import Answered, Asking, Backend, OpenAIChat
from sim.stage.providers.sampling import Sampling
from sim.stage.providers.structured_output import REPAIR, complaint

SEED_BITS = (1 << 31) - 1
"""A mask for seeds: servers accept at most signed 32-bit integers."""

_UNSCORED = "chat endpoints do not score a given text; use completions:MODEL"


class ChatStage:
    """A chat model behind a backend.

    A blank reply is returned with its usage, since it was paid for, and ``Retry`` or the engine
    decides whether it is an error. After a typed answer that cannot be read, the model is asked
    once more, with the problem (``retries`` then contains ``repair``); if the second answer is
    invalid, too, it is returned as it is, and its reader records it as missing.
    """

    def __init__(self, label: str, backend: Backend, sampling: Sampling) -> None:
        self.label = label
        self.backend = backend
        self.sampling = sampling
        self.identity = label + sampling.suffix()
        self.why_no_log_prob: str | None = _UNSCORED
        # Whether texts can be scored: llama.cpp's server can, and the first call finds it out.
        self._scores = isinstance(backend, OpenAIChat) and not backend.server.official
        # First answers whose second request was interrupted: a retried call continues with that
        # request, so that the first answer is neither paid for again nor lost from the usage.
        self._in_repair: dict[tuple[object, ...], Answered] = {}

    async def perform(self, request: Request) -> Reply:
        """The model's reply."""
        started = perf_counter()
        if request.schema is None:
            asking = self._asking(request, request.prompt)
            answered = await self._ask(asking)
        else:
            answered = await self._typed(request)
        return Reply(
            answered.text,
            answered.finish,
            answered.usage,
            seconds=perf_counter() - started,
            retries=answered.retries,
            thought=answered.thought,
        )

    @property
    def info(self) -> StageInfo:
        """What is known so far of the abilities of the server."""
        return StageInfo(token_limit=self.sampling.max_tokens, why_no_log_prob=self.why_no_log_prob)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log p(text | prompt) on llama.cpp's server, after the model's chat template.

        None on any other (then see ``why_no_log_prob``). Raises ``StageError``.
        """
        if not self._scores:
            return None
        if not text:
            return LogProb(0.0, 0, exact=True)
        assert isinstance(self.backend, OpenAIChat)
        server = self.backend.server
        try:
            prompt = await forced.as_chat(server, request.prompt)
            scored = await forced.score(server, prompt, text)
        except StageError as error:
            if not forced.not_served(error):
                raise
            self._scores, self.why_no_log_prob = False, f"{_UNSCORED} ({error})"
            return None
        self.why_no_log_prob = scored if isinstance(scored, str) else None
        return None if isinstance(scored, str) else scored.log_prob

    async def close(self) -> None:
        """Close the connections."""
        await self.backend.close()

    def _asking(self, request: Request, prompt: Prompt) -> Asking:
        sampling = self.sampling
        limit = sampling.max_tokens if request.max_tokens is None else request.max_tokens
        # The user's own stops end turns; a JSON answer ends by itself.
        stop = request.stop if request.schema is not None else request.stop + sampling.stop
        seed = request.seed & SEED_BITS if sampling.seed else None
        return Asking(prompt, seed, tuple(dict.fromkeys(stop)), limit, request.schema)

    async def _ask(self, asking: Asking) -> Answered:
        answered = await self.backend.ask(asking)
        if answered.finish == "length" and not answered.text.strip():
            raise no_room(self.label, answered.usage)
        return answered

    async def _typed(self, request: Request) -> Answered:
        schema = request.schema
        assert schema is not None
        key = (request.prompt.digest, request.seed, request.speaker, request.purpose)
        first = self._in_repair.get(key)
        if first is None:
            first = await self._ask(self._asking(request, request.prompt))
        problem = complaint(first.text, schema)
        if problem is None or first.finish == "refusal":
            return first
        self._in_repair[key] = first
        told = Prompt(request.prompt, "assistant", first.text)
        told = Prompt(told, "user", REPAIR.format(problem=problem, schema=json.dumps(schema)))
        try:
            second = await self.backend.ask(self._asking(request, told))
        except StageError as error:
            if error.transient or isinstance(error, StageClosed):
                raise
            second = Answered("", first.finish)
        self._in_repair.pop(key, None)
        return Answered(
            second.text if second.text.strip() else first.text,
            second.finish,
            first.usage + second.usage,
            (*first.retries, "repair", *second.retries),
            second.thought if second.text.strip() else first.thought,
        )
