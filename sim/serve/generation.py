"""Asking the stage: from a request to the answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.errors import StageError
from sim.seeds import derive
from sim.serve.answer_sizes import check_size
from sim.serve.errors import Refused
from sim.serve.prompt_sizes import check_echo, check_prompts
from sim.serve.prompts import of_messages, of_text
from sim.serve.requests import MOST_CHOICES, ChatBody, CompletionBody
from sim.serve.tokens import Token, count, scored, with_probabilities, without_probabilities
from sim.stage.base import Reply, Request
from sim.stage.exact.stage import ExactStage


@dataclass(frozen=True, slots=True)
class Choice:
    """One reply. ``echo`` are the tokens of the prompt, if it is to be repeated.

    ``tokens`` are those of the reply if log-probabilities were asked for; ``prompt`` those of the
    prompt if they were asked for by vLLM's field.
    """

    text: str
    finish: str
    tokens: list[Token] | None = None
    echo: list[Token] | None = None
    prompt: list[Token] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The choices of an answer. ``seed`` was used for it, and gives the same answer again."""

    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int
    seed: int
    exact: bool


def chat(stage: ExactStage, body: ChatBody) -> Answer:
    """The answer to a chat. Raises ``Refused``."""
    if body.limit == 0:
        raise Refused(400, "max_tokens: is 0; ask for at least 1", parameter="max_tokens")
    schema = body.schema_()
    if schema is not None:
        check_size(schema)
    check_prompts([message.text for message in body.messages], "messages")
    prompt, speaker = of_messages(body.messages)
    seed = _seed(body.seed)
    request = Request(prompt, seed, speaker, "turn", body.stops, body.limit, schema)
    choices: list[Choice] = []
    reply_tokens = 0
    exact = True
    for number in range(body.n or 1):
        asked = replace(request, seed=_seed_of_choice(seed, number))
        reply = _perform(stage, asked)
        tokens = _tokens(stage, asked, reply) if body.logprobs else None
        choices.append(Choice(reply.text, reply.finish, tokens))
        reply_tokens += count(reply.text)
        exact = exact and bool(reply.exact)
    prompt_tokens = sum(count(message.text) for message in body.messages)
    return Answer(tuple(choices), prompt_tokens, reply_tokens, seed, exact)


def completions(stage: ExactStage, body: CompletionBody) -> Answer:
    """The answer to a request for completions. Raises ``Refused``."""
    wanted = body.n or 1
    if wanted * len(body.prompts) > MOST_CHOICES:
        raise Refused(400, f"n: more than {MOST_CHOICES} choices in all", parameter="n")
    check_prompts(body.prompts, "prompt")
    if body.echo or body.prompt_logprobs is not None:
        check_echo(body.prompts, wanted)
    seed = _seed(body.seed)
    choices: list[Choice] = []
    reply_tokens = 0
    exact = True
    for place, text in enumerate(body.prompts):
        # The first of several prompts has the request's own seed, as a single prompt has.
        seed_here = seed if place == 0 else derive(seed, "prompt", place)
        request = Request(of_text(text), seed_here, "", "turn", body.stops, body.max_tokens)
        tokens = _of_prompt(stage, body, text)
        for number in range(wanted):
            asked = replace(request, seed=_seed_of_choice(seed_here, number))
            reply = Reply("", "length", exact=True)
            if body.max_tokens != 0:
                reply = _perform(stage, asked)
            choices.append(
                Choice(
                    reply.text,
                    reply.finish,
                    None if body.logprobs is None else _tokens(stage, asked, reply),
                    tokens if body.echo else None,
                    None if body.prompt_logprobs is None else tokens,
                )
            )
            reply_tokens += count(reply.text)
            exact = exact and bool(reply.exact)
    prompt_tokens = sum(map(count, body.prompts))
    return Answer(tuple(choices), prompt_tokens, reply_tokens, seed, exact)


def _of_prompt(stage: ExactStage, body: CompletionBody, text: str) -> list[Token]:
    """The prompt's tokens, scored if that is asked for: it costs as much as a reply."""
    if (body.echo and body.logprobs is not None) or body.prompt_logprobs is not None:
        return scored(stage, text, body.stops)
    return without_probabilities(text) if body.echo else []


def _tokens(stage: ExactStage, request: Request, reply: Reply) -> list[Token]:
    if reply.finish == "stop" and reply.text:
        return with_probabilities(stage, request, reply.text)
    # The stage knows the probability of whole lines; this one was cut off.
    return without_probabilities(reply.text)


def _perform(stage: ExactStage, request: Request) -> Reply:
    coroutine = stage.perform(request)
    try:
        # The exact stage never waits, so its coroutine runs to its end in one step.
        coroutine.send(None)
    except StopIteration as done:
        reply: Reply = done.value
        return reply
    except StageError as error:
        raise Refused(400, str(error), parameter="response_format") from None
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        if request.schema is None:
            raise
        # The stage takes schemas to be well-formed; a client's may not be.
        raise Refused(
            400, "response_format: the schema makes no sense", parameter="response_format"
        ) from None
    raise RuntimeError("the exact stage waited for something, which it never does")


def _seed(given: int | None) -> int:
    """The seed of a request; without one every reply is new, as from any model."""
    return secrets.randbits(63) if given is None else given


def _seed_of_choice(seed: int, number: int) -> int:
    """The seed of a choice; the first has the request's own, as a single choice has."""
    return seed if number == 0 else derive(seed, "choice", number)


def all_tokens(choice: Choice) -> Sequence[Token]:
    """The tokens of what is sent: the prompt, if it is repeated, and the reply."""
    return [*(choice.echo or []), *(choice.tokens or [])]


def fields(answer: Answer) -> dict[str, Any]:
    """Fields of an answer that other servers do not have."""
    return {"seed": answer.seed, "exact": answer.exact}
