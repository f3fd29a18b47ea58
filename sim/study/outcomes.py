"""Outcomes: numbers by which branches are compared, read off their transcripts.

An outcome is a function of a transcript and a turn, and measures an actor *after* that turn; None
is missing. An attribute ``share`` says whether the outcome is always 0 or 1, so that its mean is a
share; without it the values decide. No outcome reads the truths of an embedded stage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from analysis.evidence.text import kindness, opposite, score
from analysis.stats.switching import smooth
from sim.errors import BadRequest
from sim.events import Answer
from sim.scene.persona import Persona
from sim.scene.scene import Scene
from sim.transcript import Transcript

Outcome = Callable[[Transcript, int], float | None]
"""From a transcript and a turn: the number after that turn, or None if it is missing."""

RATES = (0.03, 0.05, 0.4)
"""q01, q10 and concealment of the switching filter, per own turn. Fixed, because rates that were
estimated from an arm would make the outcomes of its branches depend on each other."""


@dataclass(frozen=True, slots=True)
class flips:  # noqa: N801 - it is called like a function
    """1 if an actor shows its opposite within so many turns after a turn, else 0.

    Evidence T. A hidden Markov model with fixed rates (``analysis.stats.switching``) smooths the
    evidence of its own turns, and it shows its opposite where P(opposite) is above 1/2 and the
    turn's own evidence above zero. ``within`` counts turns of anybody; None: to the end. Missing if
    the actor does not speak there.

    >>> from sim import Persona, Scene, after, ring
    >>> from sim.events import Turn
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada", traits=("kind",)),
    ...               Persona(name="Ben")], graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> said = [Turn(1, "Ada", "Good evening."), Turn(2, "Ben", "Well?"),
    ...         Turn(3, "Ada", "You are a pathetic liar, and I never cared about any of you.")]
    >>> played = Transcript(said, scene=scene, seed=1)
    >>> flips("Ada", within=2)(played, 2), flips("Ada")(played, 1), flips("Ada")(played, 3)
    (1.0, 1.0, None)
    """

    actor: str
    within: int | None = None

    share: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The name in tables."""
        window = "" if self.within is None else f" within {self.within}"
        return f"{self.actor} flips{window}"

    def __call__(self, transcript: Transcript, turn: int) -> float | None:
        persona = _persona(transcript, self.actor)
        last = len(transcript) if self.within is None else turn + self.within
        own = [
            each
            for each in transcript.turns
            if each.speaker == self.actor and each.index <= last and each.source == "stage"
        ]
        if not any(each.index > turn for each in own):
            return None
        kindness = _kindness(persona)
        evidence = np.array([_evidence(each.text, kindness) for each in own])
        other = smooth(evidence, *RATES)
        return float(
            any(
                each.index > turn and shown > 0 and p > 0.5
                for each, shown, p in zip(own, evidence, other, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class final_stance:  # noqa: N801
    """Where an actor stands on an issue at the end, from -1 to 1, by its own private answer.

    Evidence P: the mean of the samples of its last stance probe. Missing if there is none after the
    turn.
    """

    actor: str
    issue: str

    share: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.actor} on {self.issue}"

    def __call__(self, transcript: Transcript, turn: int) -> float | None:
        _persona(transcript, self.actor)
        key = f"stance:{self.issue}"
        answers = [
            each
            for each in transcript.answers
            if each.actor == self.actor and each.key == key and not each.gauge and each.turn >= turn
        ]
        last = max((each.turn for each in answers), default=0)
        values = [_number(each) for each in answers if each.turn == last]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class says:  # noqa: N801
    """1 if an actor says a phrase (in any case) after a turn, else 0."""

    actor: str
    phrase: str

    share: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.actor} says {self.phrase!r}"

    def __call__(self, transcript: Transcript, turn: int) -> float | None:
        _persona(transcript, self.actor)
        wanted = self.phrase.casefold()
        return float(
            any(
                wanted in each.text.casefold()
                for each in transcript.turns
                if each.speaker == self.actor and each.index > turn
            )
        )


def is_share(outcome: Outcome) -> bool | None:
    """Whether an outcome is always 0 or 1, so that its mean is a share; None if it does not say."""
    said = getattr(outcome, "share", None)
    return None if said is None else bool(said)


def kindness_of(transcript: Transcript, actor: str) -> float:
    """How much kinder an actor's persona is than its opposite, as in the measure of flips."""
    return _kindness(_persona(transcript, actor))


def name_of(outcome: Outcome) -> str:
    """What an outcome is called in a table."""
    return str(getattr(outcome, "name", getattr(outcome, "__name__", "outcome")))


def _number(answer: Answer) -> float | None:
    return answer.value if isinstance(answer.value, float) else None


def _persona(transcript: Transcript, name: str) -> Persona:
    """The persona of an actor. Raises ``BadRequest`` if nobody in the cast has that name."""
    scene = transcript.scene
    assert isinstance(scene, Scene)
    for actor in scene.cast:
        if actor.name == name:
            return actor.persona
    raise BadRequest(f"outcome: {name!r} is not in the cast; use one of {', '.join(scene.names)}")


def _kindness(persona: Persona) -> float:
    return kindness(persona.brief, " ".join(persona.traits), persona.opposite)


@lru_cache(maxsize=1 << 16)
def _evidence(text: str, kindness: float) -> float:
    # Branches say many lines more than once.
    return opposite(score(text), kindness)
