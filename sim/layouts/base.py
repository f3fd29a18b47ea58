"""The Layout protocol: how what an actor can see becomes a prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.events import Intervened, Seat, Turn
from sim.layouts.prompt import Prompt
from sim.scene.probes import Question
from sim.scene.scene import Scene

Heard = Turn | Intervened
"""An event that actors can hear: a turn, or a change of the scene that they are told of."""


class Layout(Protocol):
    """Turns what an actor can see into a prompt.

    All methods are pure. Their cost depends on the turns that they add, not on those before.
    """

    @property
    def name(self) -> str:
        """The name by which a scene asks for the layout."""
        ...

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        """What the actor at ``seat`` sees before the first turn."""
        ...

    def hear(self, prompt: Prompt, scene: Scene, seat: Seat, heard: Sequence[Heard]) -> Prompt:
        """The prompt with what the actor at ``seat`` heard or said since."""
        ...

    def cue(self, prompt: Prompt, scene: Scene, seat: Seat, question: Question | None) -> Prompt:
        """The prompt with the request to speak, or to answer a question off stage."""
        ...

    def stops(self, scene: Scene, seat: Seat) -> tuple[str, ...]:
        """The texts at which a turn of the actor at ``seat`` ends."""
        ...


def shown(scene: Scene, event: Heard) -> str:
    """An event as a line of a prompt: a turn with its speaker's name, or a stage direction."""
    return scene.wording.said(event) if isinstance(event, Turn) else event.text


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of a reply.

    ``text`` is the actor's own turn, ``cut`` what the model wrote after it, ``strangers`` the
    speakers in ``cut`` who are not in the cast.
    """

    text: str
    cut: str
    strangers: tuple[str, ...]


_LABEL = re.compile(r"\n\s*([^\s:][^\n:]{0,60}):[ \t]")


def _next_speakers(text: str, names: tuple[str, ...]) -> list[tuple[int, str]]:
    """Position and name of every speaker who begins on a new line.

    A speaker is a name of the cast, or a short name that begins with a capital letter.
    """
    starts: list[tuple[int, str]] = []
    for match in _LABEL.finditer(text):
        name = match.group(1)
        if name in names or (len(name) <= 41 and name[0].isupper()):
            starts.append((match.start(), name))
    return starts


def take_apart(reply: str, own: str, names: tuple[str, ...]) -> Said:
    """Separate the actor's own turn in a reply from what the model wrote after it.

    A leading "Ada:" is dropped, and the turn ends where another speaker begins.

    >>> take_apart("Ada: Well?\\n\\nOld Tom: Evening.", "Ada", ("Ada", "Ben"))
    Said(text='Well?', cut='Old Tom: Evening.', strangers=('Old Tom',))
    """
    text = reply.strip()
    if text.startswith(own) and text[len(own) : len(own) + 1] == ":":
        text = text[len(own) + 1 :].lstrip()
    if "\n" not in text:
        return Said(text, "", ())
    speakers = _next_speakers(text, names)
    if not speakers:
        return Said(text, "", ())
    start = speakers[0][0]
    strangers = tuple(dict.fromkeys(name for _, name in speakers if name not in names))
    return Said(text[:start].rstrip(), text[start:].strip(), strangers)
