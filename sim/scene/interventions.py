"""Interventions: changes that the experimenter makes while a scene is played.

Each is due at a turn (``at`` k: before turn k, or in it) or when a condition on public text and
declared gauges holds (``when``, up to ``times`` times). The transcript records it as the event
``Intervened``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel
from sim.scene.graph import Condition, PublicView
from sim.scene.persona import Persona
from sim.seeds import Stream

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Intervention(AuthoredModel):
    """The base class of all interventions.

    Exactly one of ``at`` and ``when`` is given. ``at`` counts turns from 1; ``times`` bounds how
    often an intervention with a condition takes place.
    """

    what: ClassVar[str] = ""

    at: int | None = Field(default=None, ge=1)
    when: Condition | None = None
    times: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _due_once(self) -> Self:
        kind = type(self).__name__
        if (self.at is None) == (self.when is None):
            raise SceneError(
                f"{kind}: say at which turn (at=7) or on what condition (when=...), one of the two"
            )
        if self.at is not None and self.times > 1:
            raise SceneError(f"{kind}.times: a turn comes once; leave times out, or use when=...")
        return self

    def actors(self) -> tuple[str, ...]:
        """The names of actors in it."""
        return ()


def never(view: PublicView) -> bool:
    """The condition of an intervention that is disabled: it never holds."""
    return False


class _Line(Intervention):
    """The base class of interventions that give an actor's words."""

    speaker: str
    text: str

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip():
            raise SceneError(f"{type(self).__name__}.text: is blank; give it words")
        return self


class Say(_Line):
    """An actor takes a turn and says ``text`` to everybody; its stage is not asked."""

    what = "say"

    def actors(self) -> tuple[str, ...]:
        return (self.speaker,)


class Whisper(_Line):
    """An actor says ``text`` to those in ``to`` alone; if ``to`` is empty, it is an aside."""

    what = "whisper"

    to: tuple[str, ...]

    def actors(self) -> tuple[str, ...]:
        return (self.speaker, *self.to)


class Noise(Intervention):
    """``words`` words of random letters, of usual length: context without meaning.

    They are a turn of ``speaker`` or (None) a stage direction, and are heard by those in ``to``
    (None: by everybody on stage).
    """

    what = "noise"

    words: int = Field(ge=1, le=100_000)
    speaker: str | None = None
    to: tuple[str, ...] | None = None

    def actors(self) -> tuple[str, ...]:
        return (*(() if self.speaker is None else (self.speaker,)), *(self.to or ()))

    def drawn(self, seed: int) -> str:
        """The text for a seed.

        >>> len(Noise(words=12, at=1).drawn(3).split())
        12
        """
        stream = Stream(seed)
        made = (
            "".join(_LETTERS[stream.below(26)] for _ in range(2 + stream.below(8)))
            for _ in range(self.words)
        )
        return " ".join(made)


class Note(Intervention):
    """A stage direction: everybody on stage (or those in ``to``) sees ``text``."""

    what = "note"

    text: str
    to: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip():
            raise SceneError("Note.text: is blank; give it words")
        return self

    def actors(self) -> tuple[str, ...]:
        return self.to or ()


class _Change(Intervention):
    """The base class of interventions that change a turn while it is taken.

    With ``at`` they change the turn with that index; with ``when`` the next turn after the
    condition holds. If ``speaker`` is given, they change only turns of this actor.
    """

    speaker: str | None = None

    def actors(self) -> tuple[str, ...]:
        return () if self.speaker is None else (self.speaker,)


class ReplaceTurn(_Change):
    """All actors, the speaker included, hear ``text`` instead of what the speaker said."""

    what = "replace"

    text: str

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text.strip():
            raise SceneError("ReplaceTurn.text: is blank; use delete_turn() to have nothing heard")
        return self


class DeleteTurn(_Change):
    """The turn is struck: nobody hears it, not even its speaker.

    ``unsaid`` is what would have been said, where that is known already (in a fork); then the stage
    is not asked.
    """

    what = "delete"

    unsaid: str | None = None


class Enter(Intervention):
    """An actor comes on stage."""

    what = "enter"

    name: str

    def actors(self) -> tuple[str, ...]:
        return (self.name,)


class Leave(Intervention):
    """An actor goes off stage: it hears nothing and does not speak until it enters again."""

    what = "leave"

    name: str

    def actors(self) -> tuple[str, ...]:
        return (self.name,)


class Recast(Intervention):
    """An actor gets another persona from here on, and keeps its name and memory."""

    what = "recast"

    persona: Persona

    def actors(self) -> tuple[str, ...]:
        return (self.persona.name,)


class Remember(Intervention):
    """From here on an actor remembers earlier turns in other words; blank words: not at all.

    ``turns`` are the other words by the index of the turn. What anybody else heard stays as it was,
    and so does the transcript. With an empty ``turns`` the actor's context is built anew, from
    everything that it heard.
    """

    what = "remember"

    name: str
    turns: dict[int, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_earlier_turns(self) -> Self:
        late = [turn for turn in self.turns if turn < 1 or turn >= (self.at or turn + 1)]
        if late:
            raise SceneError(
                f"Remember.turns: turn {late[0]} is not before turn {self.at}; "
                "only what was said can be remembered otherwise"
            )
        return self

    def actors(self) -> tuple[str, ...]:
        return (self.name,)


class Restage(Intervention):
    """Another stage plays an actor from here on (None: the scene's own stage)."""

    what = "restage"

    name: str
    stage: str | None

    def actors(self) -> tuple[str, ...]:
        return (self.name,)


def say(speaker: str, text: str, **due: Any) -> Say:
    """Let an actor say a given line: ``say("Ada", "I was wrong.", at=7)`` is turn 7.

    Who hears it is decided by the scene's ``hearing``, as for every other turn.

    ``due`` is ``at=`` a turn, or ``when=`` a condition (with ``times=``).
    """
    return Say(speaker=speaker, text=text, **due)


def whisper(speaker: str, to: str | tuple[str, ...], text: str, **due: Any) -> Whisper:
    """Let an actor say a line in private: ``whisper("Rook", "Maud", "They know.", at=3)``."""
    return Whisper(speaker=speaker, to=(to,) if isinstance(to, str) else to, text=text, **due)


def noise(
    words: int, *, speaker: str | None = None, to: tuple[str, ...] | None = None, **due: Any
) -> Noise:
    """Random text of so many words, as a stage direction or as a turn of ``speaker``."""
    return Noise(words=words, speaker=speaker, to=to, **due)


def note(text: str, *, to: tuple[str, ...] | None = None, **due: Any) -> Note:
    """A stage direction: ``note("(A shot is heard.)", at=5)``."""
    return Note(text=text, to=to, **due)


def replace_turn(text: str, *, speaker: str | None = None, **due: Any) -> ReplaceTurn:
    """Replace what an actor says by another line: ``replace_turn("Never.", at=7)``."""
    return ReplaceTurn(text=text, speaker=speaker, **due)


def delete_turn(*, speaker: str | None = None, **due: Any) -> DeleteTurn:
    """Strike a turn: the actor speaks, and nobody hears it."""
    return DeleteTurn(speaker=speaker, **due)


def enter(name: str, **due: Any) -> Enter:
    """An actor comes on stage: ``enter("Ben", at=4)``, before turn 4."""
    return Enter(name=name, **due)


def leave(name: str, **due: Any) -> Leave:
    """An actor goes off stage."""
    return Leave(name=name, **due)


def recast(persona: Persona, **due: Any) -> Recast:
    """Give the actor with the persona's name this persona from here on."""
    return Recast(persona=persona, **due)


def remember(name: str, turns: Mapping[int, str], **due: Any) -> Remember:
    """Let an actor remember turns in other words: ``remember("Ada", {3: "", 5: "Well."}, at=7)``.

    Blank words stand for a turn that it does not remember.
    """
    return Remember(name=name, turns=dict(turns), **due)


def restage(name: str, stage: str | None, **due: Any) -> Restage:
    """Let another stage play an actor from here on: ``restage("Ada", "embedded:rlhf", at=9)``.

    ``stage`` is a model string, which the caller of ``play()`` opens.
    """
    return Restage(name=name, stage=stage, **due)
