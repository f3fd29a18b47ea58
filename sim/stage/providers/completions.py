"""``CompletionsStage``: a base model as a stage, over the completions endpoint.

The prompt is one string, and the continuation is returned unchanged up to a stop: a base model also
writes lines of other speakers, which the layout separates.

For log p(text | prompt) the server scores the tokens of prompt and text together, with ``echo``
(``max_tokens=0``, or 1 and the extra token dropped), vLLM's ``prompt_logprobs``, or, on llama.cpp's
server, which has neither, one token at a time (``forced``). The sum is over
the last tokens, those that cover the text; their texts have to match it letter by letter. A token
that spans the boundary between prompt and text (if the prompt ends in a space, say) is counted
whole, and the result is marked ``exact=False``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, NamedTuple

from sim.errors import StageClosed, StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, StageInfo
from sim.stage.providers import bounds, forced
from sim.stage.providers.chat import SEED_BITS
from sim.stage.providers.content import well_formed
from sim.stage.providers.encoding import Encoder
from sim.stage.providers.faults import malformed, no_room, too_large
from sim.stage.providers.grammar import grammar_of
from sim.stage.providers.openai import (
    FINISHES,
    Filtered,
    Server,
    Unsupported,
    ends_at,
    usage_of,
)
from sim.stage.providers.structured_output import REPAIR, complaint

_PATH = "/completions"
_DEFAULT_LIMIT = 256
"""The default limit in tokens. Without one, that of the protocol holds: 16, half a sentence."""

WAYS = ("echo", "echo and a token", "prompt_logprobs", "one token at a time")
"""The ways to request the log-probabilities of a given text, in the order in which we try them."""


class CompletionsStage:
    """A model on a completions endpoint.

    ``why_no_log_prob`` is the reason why the server did not score the last text, or None.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.label = server.label
        self.sampling = server.sampling
        self.identity = server.label + server.sampling.suffix()
        self.why_no_log_prob: str | None = None
        self._encoder = Encoder(roles=False)
        self._most_stops = 4 if server.official else None
        self._seeds = self.sampling.seed
        # Servers that know no grammars ignore it, or refuse it once.
        self._grammars = not server.official
        self._way: str | None = None
        self._refused: dict[str, str] = {}
        self._in_repair: dict[tuple[bytes, int, str, str], Reply] = {}

    @property
    def info(self) -> StageInfo:
        """What is known so far of the abilities of the server."""
        return StageInfo(token_limit=self.sampling.max_tokens, why_no_log_prob=self.why_no_log_prob)

    async def perform(self, request: Request) -> Reply:
        """The continuation. A typed answer is held to a grammar, where the server has grammars
        (llama.cpp's); after one that cannot be read the model is asked again."""
        schema = request.schema
        if schema is None:
            return await self._write(request)
        key = (request.prompt.digest, request.seed, request.speaker, request.purpose)
        first = self._in_repair.get(key)
        if first is None:
            first = await self._write(request)
        problem = complaint(first.text, schema)
        if problem is None or first.finish == "refusal":
            return first
        # Kept: if the second request is interrupted and retried, the first is not paid for again.
        self._in_repair[key] = first
        told = REPAIR.format(problem=problem, schema=json.dumps(schema))
        prompt = Prompt(request.prompt, "text", f" {first.text}\n\n[{told}]\n{request.speaker}:")
        second = await self._write(replace(request, prompt=prompt))
        self._in_repair.pop(key, None)
        return Reply(
            second.text if second.text.strip() else first.text,
            second.finish,
            first.usage + second.usage,
            seconds=first.seconds + second.seconds,
            retries=(*first.retries, "repair", *second.retries),
        )

    async def _write(self, request: Request) -> Reply:
        started = perf_counter()
        stops = tuple(dict.fromkeys(request.stop + self.sampling.stop))
        limit = self.sampling.max_tokens if request.max_tokens is None else request.max_tokens
        encoded = self._encoder.encode(request.prompt)
        retries: tuple[str, ...] = ()
        most_stops, seeds, grammars = self._most_stops, self._seeds, self._grammars
        grammar = None if request.schema is None else grammar_of(request.schema)
        while True:
            parameters = self.server.parameters(
                seed=request.seed & SEED_BITS if seeds else None,
                stop=list(stops[:most_stops]) or None,
                max_tokens=_DEFAULT_LIMIT if limit is None else limit,
                grammar=grammar if grammars else None,
            )
            try:
                response = await self.server.post(_PATH, parameters, "prompt", encoded)
                break
            except Filtered:
                return Reply("", "refusal", seconds=perf_counter() - started, retries=retries)
            except Unsupported as error:
                if "seed" in parameters and seeds and error.names("seed"):
                    seeds = False
                elif "grammar" in parameters and grammars and error.names("grammar"):
                    grammars = False
                elif "stop" in parameters and error.names("stop"):
                    most_stops = 4 if len(parameters["stop"]) > 4 else 0
                elif name := self._asked_for(error, parameters):
                    raise StageClosed(
                        "bad-request", f"{error}; leave {name} out of the sampling"
                    ) from None
                else:
                    raise
                retries = (*retries, "unsupported")
        self._most_stops, self._seeds, self._grammars = most_stops, seeds, grammars
        choice = self.server.choice(response)
        text = choice.get("text")
        if not isinstance(text, str):
            raise malformed(self.label, "it holds no text")
        if len(text) > bounds.LETTERS:
            raise too_large(self.label, f"it has {len(text):,} letters")
        text, ended = ends_at(well_formed(text), stops)
        finish = "stop" if ended else FINISHES.get(str(choice.get("finish_reason")), "stop")
        if finish == "length" and not text:
            raise no_room(self.label, usage_of(response))
        return Reply(
            text, finish, usage_of(response), seconds=perf_counter() - started, retries=retries
        )

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log p(text | prompt), or None (then see ``why_no_log_prob``). Raises ``StageError``."""
        if not text:
            return LogProb(0.0, 0, exact=True)
        ways = WAYS if self._way is None else (self._way,)
        for way in ways:
            if way in self._refused:
                continue
            score = await self._scored(request.prompt, text, way)
            if score is None:
                continue
            self._way = way
            self.why_no_log_prob = score if isinstance(score, str) else None
            return score if isinstance(score, LogProb) else None
        self.why_no_log_prob = "; ".join(f"{way}: {why}" for way, why in self._refused.items())
        return None

    async def score(self, way: str) -> str | None:
        """Why the server does not score texts in one of the ``WAYS``; None if it does.

        The text is one that the model itself has just written, because the exact stage scores no
        texts that it cannot produce.
        """
        self._refused.pop(way, None)
        prompt = Prompt.start("text", "Ada: Good evening, Ben.\n\nBen:")
        said = await self.perform(Request(prompt, 1, "Ben", stop=("\n",), max_tokens=64))
        text = f" {said.text.strip() or 'Good evening.'}"
        score = await self._scored(prompt, text, way)
        if score is None:
            return self._refused[way]
        return score if isinstance(score, str) else None

    async def close(self) -> None:
        """Close the connections."""
        await self.server.close()

    def _asked_for(self, error: Unsupported, parameters: Mapping[str, Any]) -> str | None:
        names = ("temperature", "top_p", *self.sampling.extra_body)
        return next((name for name in names if name in parameters and error.names(name)), None)

    async def _scored(self, prompt: Prompt, text: str, way: str) -> LogProb | str | None:
        """The log-probability, or why this text has none; None if the server refuses the way."""
        if way != WAYS[-1]:
            scored = await self._score(prompt, text, way)
            return None if scored is None else covering(*scored, text)
        if self.server.official:
            self._refused[way] = "OpenAI's server is not llama.cpp's"
            return None
        try:
            found = await forced.score(self.server, prompt.joined(), text)
        except StageError as error:
            if not forced.not_served(error):
                raise
            self._refused[way] = str(error)
            return None
        return found if isinstance(found, str) else found.log_prob

    async def _score(self, prompt: Prompt, text: str, way: str) -> ScoredTokens | None:
        """The tokens of prompt and text with their log-probabilities.

        None if the server refuses; ``_refused`` then holds the reason. The temperature is not sent,
        because the probabilities of the model itself are wanted.
        """
        parameters: dict[str, Any] = {"model": self.server.model, **self.sampling.extra_body}
        if way == "prompt_logprobs":
            parameters |= {"max_tokens": 1, "prompt_logprobs": 1}
        else:
            parameters |= {"max_tokens": int(way != "echo"), "echo": True, "logprobs": 1}
        whole = Prompt(prompt, "text", text)
        try:
            with bounds.at_most(bounds.SCORES):
                response = await self.server.post(
                    _PATH, parameters, "prompt", self._encoder.encode(whole)
                )
        except Unsupported as error:
            self._refused[way] = str(error)
            return None
        choice = self.server.choice(response)
        try:
            if way == "prompt_logprobs":
                return _of_vllm(choice["prompt_logprobs"])
            scored = _of_echo(choice["logprobs"])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            self._refused[way] = "the answer holds no log-probabilities of the prompt"
            return None
        extra = str(choice.get("text", ""))
        joined = whole.joined()
        if not extra.startswith(joined):
            self._refused[way] = "the prompt is not echoed"
            return None
        return _without_extra(scored, len(extra) - len(joined))


class ScoredTokens(NamedTuple):
    """Tokens with their log-probabilities; that of the first token is None."""

    tokens: list[str]
    log_probs: list[float | None]


def covering(tokens: Sequence[str], log_probs: Sequence[float | None], text: str) -> LogProb | str:
    """The sum over the last tokens, those that cover a text, or why they do not cover it.

    >>> covering(["Ada:", " Well", "?"], [None, -1.0, -0.5], " Well?")
    LogProb(value=-1.5, tokens=2, exact=True)
    >>> covering(["Ada:", " Well", "?"], [None, -1.0, -0.5], "Well?")
    LogProb(value=-1.5, tokens=2, exact=False)
    """
    left, total, count = len(text), 0.0, 0
    for token, log_prob in zip(reversed(tokens), reversed(log_probs), strict=True):
        if left <= 0:
            break
        start = left - len(token)
        if text[max(start, 0) : left] != token[max(-start, 0) :]:
            return "the tokens' texts do not add up to the text (letters split between tokens?)"
        if log_prob is None:
            return "the first token of all has no probability: the prompt is blank"
        total += log_prob
        count += 1
        left = start
    if left > 0:
        return "the tokens do not cover the text"
    return LogProb(total, count, exact=left == 0)


def _of_echo(echoed: Mapping[str, Any]) -> ScoredTokens:
    return _numbers(echoed["tokens"], echoed["token_logprobs"])


def _of_vllm(places: Sequence[Any]) -> ScoredTokens:
    """vLLM lists, for each position, the prompt's own token first and then likelier ones."""
    if not places or not all(place is None or place for place in places):
        raise ValueError("there are no tokens")
    own = [None if place is None else next(iter(place.values())) for place in places]
    return _numbers(
        ["" if place is None else place["decoded_token"] for place in own],
        [None if place is None else place["logprob"] for place in own],
    )


def _numbers(tokens: Iterable[Any], log_probs: Iterable[Any]) -> ScoredTokens:
    texts = [str(token) for token in tokens]
    values = [None if value is None else float(value) for value in log_probs]
    if len(texts) != len(values):
        raise ValueError("the numbers of tokens and of log-probabilities differ")
    return ScoredTokens(texts, values)


def _without_extra(scored: ScoredTokens, letters: int) -> ScoredTokens:
    """Drop the generated tokens at the end, which have so many letters."""
    tokens, log_probs = scored
    while letters > 0 and tokens:
        letters -= len(tokens[-1])
        tokens, log_probs = tokens[:-1], log_probs[:-1]
    return ScoredTokens(tokens, log_probs)
