"""Events: frozen records of what happens in a scene, one class for each kind.

Events hold facts. Everything that is computed from them (who flipped, who agreed) is a measure and
lives in ``analysis``. ``seconds`` is measured by the clock: it is stored, and left out of the
canonical export.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NewType

TurnIndex = NewType("TurnIndex", int)
"""The number of a turn in its scene, from 1. (A count of turns is a plain ``int``, from 0.)"""

Seat = NewType("Seat", int)
"""An index into the cast of a scene, from 0. Layouts and the engine identify actors by it."""

Status = Literal["planned", "done", "failed"]
"""The state of a trial: not played to its end yet; played to an ending; stopped by a failure."""

Place = NewType("Place", int)
"""An index into the names of the conversation graph, from 0. Routers identify actors by it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one call used, as the stage counts them.

    ``usd`` is None if the price is unknown.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """The sum of both. Its price is unknown if one of the two prices is.

        ``NO_USAGE`` (no tokens and no price) costs nothing: it leaves the other price as it is.

        >>> Usage(9, 2, usd=0.5) + Usage(1, 1, usd=0.25) + NO_USAGE
        Usage(prompt_tokens=10, completion_tokens=3, cached_tokens=0, usd=0.75)
        """
        if other == NO_USAGE:
            return self
        if self == NO_USAGE:
            return other
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
        )


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was said, by whom, who heard it, and how it was made.

    ``index`` counts from 1. ``audience`` is None for a public turn, else the names of those whom it
    was meant for; ``overheard`` are those who listened in. ``absent`` are the actors who were off
    stage, and so heard nothing. ``prompt`` is the chained hash of the prompt (hexadecimal).
    ``cut`` is what the stage wrote after the turn was over, which nobody heard; ``strangers`` are
    the speakers in it who are not in the cast. ``exact`` says whether an exact stage could infer
    exactly (None for a stage that infers nothing). ``source`` is where the words come from:
    ``stage``, ``human``, ``intervention`` or ``imported``. ``cued`` is set in rounds in which
    several actors speak at once: how many turns had been said when the actor was cued. ``over`` is
    by how many words the turn exceeded its limit. ``thought`` is what was thought before: it is
    shown to nobody, and no measure reads it. A turn without a prompt was given as the answer to a
    question before it (the last gauge), or an intervention put it there, or it was imported.
    An imported turn (``source`` is ``imported``) has the time ``at`` which it was said, in ISO
    8601, and the number of the turn that it ``answers``, where its file says so.

    ``sim.scene.audience.heard_by`` decides who heard a turn. A turn without words was heard by
    nobody: the stage refused, or an intervention struck it.
    """

    kind: ClassVar[str] = "turn"

    index: int
    speaker: str
    text: str
    audience: tuple[str, ...] | None = None
    prompt: str = ""
    finish: str = "stop"
    cut: str = ""
    strangers: tuple[str, ...] = ()
    exact: bool | None = None
    usage: Usage = NO_USAGE
    seconds: float = 0.0
    overheard: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    source: str = "stage"
    cued: int | None = None
    over: int = 0
    thought: str = ""
    at: str = ""
    answers: int | None = None

    def __str__(self) -> str:
        """The line as a reader sees it.

        >>> print(Turn(3, "Ada", "Not here.", audience=("Ben",)))
        3 Ada (to Ben alone): Not here.
        """
        heard = ""
        if self.audience is not None:
            heard = f" (to {', '.join(self.audience)} alone)" if self.audience else " (aside)"
        return f"{self.index} {self.speaker}{heard}: {self.text}"


@dataclass(frozen=True, slots=True)
class Intervened:
    """A change of the scene: an intervention, or the beginning of a phase.

    ``turn`` is the turn that it came before, or that it changed. ``key`` is unique within a turn
    (``2:enter``: the intervention with index 2); ``what`` is its kind. ``actor`` is the actor that
    it concerns, or blank. ``text`` is what those on stage are told of it, as a stage direction, and
    ``audience`` who is told (None: everybody on stage); ``absent`` are those off stage. ``detail``
    holds further facts as JSON values (the line that was struck, say).
    """

    kind: ClassVar[str] = "intervention"

    turn: int
    key: str
    what: str
    actor: str = ""
    text: str = ""
    audience: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        """What those on stage are told, as a stage direction; blank if they are told nothing."""
        return f"  ({self.text})" if self.text else ""


@dataclass(frozen=True, slots=True)
class FellBack:
    """A router's question got no valid answer, so that its fallback chose the next speaker.

    ``turn`` is the turn that was to be taken, ``actor`` who was asked (blank: several), ``key`` the
    question, ``reason`` what was wrong with the answers. The answers themselves are gauges.
    """

    kind: ClassVar[str] = "fallback"

    turn: int
    actor: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An actor's answer to an off-stage question.

    ``turn`` is the number of turns that the actor could have heard (0: before the first). ``key``
    names the question (``stance:sell``). ``value`` is the parsed answer, or None if it is missing,
    and then ``missing`` says why. ``gauge`` is True for a gauge, on which the scene may depend, and
    False for a probe, on which nothing depends.
    """

    turn: int
    actor: str
    key: str
    value: Any
    gauge: bool = False
    sample: int = 0
    raw: str = ""
    missing: str | None = None
    prompt: str = ""
    exact: bool | None = None
    usage: Usage = NO_USAGE
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """``"gauge"`` or ``"probe"``."""
        return "gauge" if self.gauge else "probe"


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed for good, after all retries. It is recorded, and the run goes on."""

    kind: ClassVar[str] = "failure"

    turn: int
    actor: str
    doing: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Forgot:
    """An actor's context was full, and its policy removed a part of it.

    ``turn`` is the turn that the actor was about to take, ``since`` the first turn that it still
    sees, ``summary`` what it sees instead of the rest (its own words, where the policy is
    ``summarise``), ``tokens`` the estimated size before.
    """

    kind: ClassVar[str] = "forgot"

    turn: int
    actor: str
    policy: str
    since: int
    summary: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a scene: after how many turns, and why.

    ``status`` is ``"done"`` if an ending was reached and ``"failed"`` if the scene could not go on.
    """

    kind: ClassVar[str] = "ended"

    turn: int
    reason: str
    status: Literal["done", "failed"] = "done"


Event = Turn | Answer | Failure | Forgot | Intervened | FellBack | Ended
