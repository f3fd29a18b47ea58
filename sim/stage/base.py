"""The Stage protocol: the one interface between Elsinore and a model.

Every call to a model is a call of ``perform`` or ``log_prob``. Retries, throttles and the like
(``sim.calls``) are stages around stages, with the base class ``Wrapper``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from sim.events import NO_USAGE, Usage
from sim.layouts.prompt import Prompt
from sim.scene.scene import Scene
from sim.transcript import Transcript

Purpose = Literal["turn", "probe", "gauge", "summary", "score", "verdict"]
"""The purpose of a reply: a turn (or a block of turns), the answer to a probe, the answer to a
gauge, an actor's own summary, the log-probability of a given text, a judge's verdict."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to continue a prompt.

    ``speaker`` is who is cued, ``purpose`` what the reply is for.
    ``stop`` are texts at which the reply ends (and which are not part of it). ``schema`` is the
    JSON schema of a typed answer, or None for free text. ``stage`` names the stage that is to
    answer, where the scene has several (blank: the scene's own). ``key`` is the key of the call in
    a journal; it does not change the reply.
    """

    prompt: Prompt
    seed: int
    speaker: str
    purpose: Purpose = "turn"
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    stage: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a stage answered.

    ``finish`` is ``stop``, ``length`` or ``refusal``. ``exact`` is for stages that infer: whether
    the inference was exact. ``seconds`` is how long the stage took. ``retries`` are the reasons of
    the attempts that failed before this one. ``thought`` is what a model thought before it
    answered, where the server gives that apart from the text: it is no part of what is said.
    """

    text: str
    finish: str = "stop"
    usage: Usage = NO_USAGE
    exact: bool | None = None
    seconds: float = 0.0
    retries: tuple[str, ...] = ()
    thought: str = ""


@dataclass(frozen=True, slots=True)
class LogProb:
    """log p(text | prompt) in nats, and the number of tokens over which it is summed."""

    value: float
    tokens: int
    exact: bool | None = None


@runtime_checkable
class Stage(Protocol):
    """A language model as a simulator: it continues prompts."""

    @property
    def identity(self) -> str:
        """The name of the stage with all settings that change its replies; part of a trial's id."""
        ...

    async def perform(self, request: Request) -> Reply:
        """Continue the prompt. Raises ``StageError`` if there is no answer."""
        ...

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log p(text | prompt), or None if the stage cannot compute it."""
        ...


@dataclass(frozen=True, slots=True)
class Truth:
    """One hidden path of one actor, drawn when the scene is over. For calibration only.

    ``characters[k]`` and ``stances[k]`` are the hidden state at the actor's turn ``turns[k]``
    (an index of the transcript). If there is no path, ``undefined`` says why and the rest is empty.
    """

    actor: str
    turns: tuple[int, ...] = ()
    characters: tuple[str, ...] = ()
    stances: tuple[float, ...] = ()
    undefined: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Omniscient(Protocol):
    """A stage that can give the hidden states of the actors after a scene (the exact stage)."""

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> Sequence[Truth]:
        """A hidden path for each actor."""
        ...


# --- Facts about a stage, and stages around stages ---------------------------------------------


@dataclass(frozen=True, slots=True)
class StageInfo:
    """Facts about a stage besides its replies. A stage without an ``info`` has these defaults.

    ``free`` stages cost nothing. ``recorded`` ones answer from a store. ``token_limit`` is the most
    tokens that a reply may have, if that is known. ``why_no_log_prob`` is the reason why
    ``log_prob`` is None, if that is known. ``cast`` are the names by which a scene can use other
    stages behind this one. ``focal`` is the only actor whose calls reach a model, or None if all
    do. ``priced_as`` is the identity under which to look up the price, if not the stage's own.
    ``facts`` are kept with a run: what served the model, and how fast.
    """

    free: bool = False
    recorded: bool = False
    token_limit: int | None = None
    why_no_log_prob: str | None = None
    cast: tuple[str, ...] = ()
    focal: str | None = None
    priced_as: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Described(Protocol):
    """A stage with an ``info``."""

    @property
    def info(self) -> StageInfo:
        """The present facts about the stage."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """A stage with resources to close: connections, a process."""

    async def close(self) -> None:
        """Close it. May be called twice."""
        ...


def info_of(stage: Stage) -> StageInfo:
    """The facts about a stage; the defaults for a stage without an ``info``."""
    return stage.info if isinstance(stage, Described) else StageInfo()


async def close_stage(stage: Stage) -> None:
    """Close a stage, if it can be closed."""
    if isinstance(stage, Closeable):
        await stage.close()


class Wrapper:
    """The base class of stages around a stage: everything is delegated to the inner stage.

    >>> import asyncio
    >>> from sim.layouts.prompt import Prompt
    >>> from sim.stage.fixed import FixedLines
    >>> class Shouting(Wrapper):
    ...     async def perform(self, request: Request) -> Reply:
    ...         reply = await super().perform(request)
    ...         return Reply(reply.text.upper(), usage=reply.usage)
    >>> loud = Shouting(FixedLines(["Well?"]))
    >>> request = Request(Prompt.start("system", "You are Ada.").then("user", "Speak."), 7, "Ada")
    >>> asyncio.run(loud.perform(request)).text, loud.info.free
    ('WELL?', True)
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @property
    def identity(self) -> str:
        """The inner stage's identity. A wrapper that changes replies must override it."""
        return self.stage.identity

    @property
    def info(self) -> StageInfo:
        """The inner stage's info."""
        return info_of(self.stage)

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply."""
        return await self.stage.perform(request)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's log-probability."""
        return await self.stage.log_prob(request, text)

    async def close(self) -> None:
        """Close the inner stage."""
        await close_stage(self.stage)


def innermost(stage: Stage) -> Stage:
    """The stage inside all wrappers."""
    while isinstance(stage, Wrapper):
        stage = stage.stage
    return stage
