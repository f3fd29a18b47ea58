"""The Stage protocol: the one seam between Elsinore and a model.

Everything that can go wrong between us and a model happens behind ``perform``. What a call goes
through on its way (``sim.calls``) are stages around stages, which have ``Wrapper`` as their base.
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
"""What a reply is for: a turn (or a block of them), a question beside the scene, one that the scene
depends on, an actor's own summary, the probability of a given text, a judge's verdict."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to continue a prompt.

    ``speaker`` is who is cued, ``purpose`` what the reply is for.
    ``stop`` are texts at which the reply ends (and which are not part of it). ``schema`` is the
    JSON schema of a typed answer, or None for free text. ``stage`` names the stage that is to
    answer, where the scene casts several; blank is the scene's own. ``key`` is what a journal knows
    the call by; it is no part of what is asked.
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
    the attempts that failed before this one.
    """

    text: str
    finish: str = "stop"
    usage: Usage = NO_USAGE
    exact: bool | None = None
    seconds: float = 0.0
    retries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogProb:
    """log p(text | prompt), in nats, with the number of tokens it is the sum over."""

    value: float
    tokens: int
    exact: bool | None = None


@runtime_checkable
class Stage(Protocol):
    """A language model as a simulator: it has no goals, it continues contexts."""

    @property
    def identity(self) -> str:
        """What the stage is, with everything that changes what it says. Part of a trial's hash."""
        ...

    async def perform(self, request: Request) -> Reply:
        """Continue the prompt. Raises ``StageError`` if there is no answer."""
        ...

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """log p(text | prompt), or None where the stage cannot say."""
        ...


@dataclass(frozen=True, slots=True)
class Truth:
    """One hidden path of one actor, drawn when the scene is over. For calibration only.

    ``characters[k]`` and ``stances[k]`` are the hidden state at the actor's turn ``turns[k]``
    (the transcript's index). ``undefined`` says why there is no truth, and then the rest is empty.
    """

    actor: str
    turns: tuple[int, ...] = ()
    characters: tuple[str, ...] = ()
    stances: tuple[float, ...] = ()
    undefined: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Omniscient(Protocol):
    """A stage that can tell, when a scene is over, what went on in the actors (the exact one)."""

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> Sequence[Truth]:
        """A hidden path for each actor."""
        ...


# -- what a stage says of itself, and stages around stages --------------------------------------


@dataclass(frozen=True, slots=True)
class StageInfo:
    """What is to be known of a stage besides what it says. A stage without an ``info`` has these.

    ``free`` stages cost nothing. ``recorded`` ones answer from a store. ``token_limit`` is the most
    tokens that a reply may have, if that is known. ``why_no_log_prob`` says why ``log_prob`` is
    None, as far as that is known. ``cast`` are the names by which a scene can ask for other stages
    behind this one. ``focal`` is the one actor whose calls reach a model, where it is only one.
    ``priced_as`` is the identity by which its price is known, where that is not its own.
    """

    free: bool = False
    recorded: bool = False
    token_limit: int | None = None
    why_no_log_prob: str | None = None
    cast: tuple[str, ...] = ()
    focal: str | None = None
    priced_as: str | None = None


@runtime_checkable
class Described(Protocol):
    """A stage that says more of itself than its identity."""

    @property
    def info(self) -> StageInfo:
        """What is to be known of it now."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """A stage that has something to close: connections, a process."""

    async def close(self) -> None:
        """Close it. May be called twice."""
        ...


def info_of(stage: Stage) -> StageInfo:
    """What is to be known of a stage; the defaults for one that says nothing."""
    return stage.info if isinstance(stage, Described) else StageInfo()


async def close_stage(stage: Stage) -> None:
    """Close a stage, if there is something to close."""
    if isinstance(stage, Closeable):
        await stage.close()


class Wrapper:
    """The base of stages around a stage: everything is the inner stage's, until it is overridden.

    A wrapper of one's own is as free as what it stands around, and closes it.

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
        """The inner stage's. A wrapper that changes what is said has to say so here."""
        return self.stage.identity

    @property
    def info(self) -> StageInfo:
        """The inner stage's."""
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
    """What wrappers stand around, in the end."""
    while isinstance(stage, Wrapper):
        stage = stage.stage
    return stage
