"""The Stage protocol: the one seam between Elsinore and a model.

Everything that can go wrong between us and a model happens behind ``perform``; wrappers
(journal, gate, retry, cache) are stages around stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from sim.events import NO_USAGE, Usage
from sim.layouts.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Request:
    """A request to continue a prompt.

    ``speaker`` is who is cued. ``purpose`` is ``turn``, ``probe``, ``gauge`` or ``summary``.
    ``stop`` are texts at which the reply ends (and which are not part of it). ``schema`` is the
    JSON schema of a typed answer, or None for free text. ``stage`` names the stage that is to
    answer, where the scene casts several; blank is the scene's own.
    """

    prompt: Prompt
    seed: int
    speaker: str
    purpose: str = "turn"
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    stage: str = ""


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
    """One hidden path of one actor, drawn after the curtain. For calibration only.

    ``characters[k]`` and ``stances[k]`` are the hidden state at the actor's turn ``turns[k]``
    (the transcript's index). ``undefined`` says why there is no truth, and then the rest is empty.
    """

    actor: str
    turns: tuple[int, ...] = ()
    characters: tuple[str, ...] = ()
    stances: tuple[float, ...] = ()
    undefined: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def why_no_log_prob(stage: Stage) -> str | None:
    """Why ``log_prob`` of a stage is None, through whatever is around it; None if nothing says."""
    inner: object = stage
    while inner is not None:
        reason = getattr(inner, "why_no_log_prob", None)
        if reason:
            return str(reason)
        inner = getattr(inner, "stage", None)
    return None
