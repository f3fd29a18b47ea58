"""The Layout protocol: how what an actor can see becomes a prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.events import Turn
from sim.layouts.prompt import Prompt
from sim.probes import Question
from sim.scene import Scene


class Layout(Protocol):
    """All four are pure, and cost as much as the turns that they add, not as those before."""

    @property
    def name(self) -> str:
        """The name by which a scene asks for the layout."""
        ...

    def opening(self, scene: Scene, seat: int) -> Prompt:
        """What the actor at ``seat`` sees before the first turn."""
        ...

    def hear(self, prompt: Prompt, own: str, turns: Sequence[Turn]) -> Prompt:
        """The prompt with the turns added that the actor ``own`` heard or spoke since."""
        ...

    def cue(self, prompt: Prompt, scene: Scene, seat: int, question: Question | None) -> Prompt:
        """The prompt with the request to speak, or to answer a question off stage."""
        ...

    def stops(self, scene: Scene, seat: int) -> tuple[str, ...]:
        """The texts at which a turn of the actor at ``seat`` ends."""
        ...


def spoken(turn: Turn) -> str:
    """A turn as a line with its speaker's name."""
    return f"{turn.speaker}: {turn.text}"


@dataclass(frozen=True, slots=True)
class Said:
    """A reply taken apart: the turn, what came after it, and who spoke in that."""

    text: str
    cut: str
    strangers: tuple[str, ...]


# A new line that begins with a short capitalised name and a colon: somebody else has the floor.
_NEXT_SPEAKER = re.compile(r"\n\s*([A-Z][^\n:]{0,40}):[ \t]")


def take_apart(reply: str, own: str, names: tuple[str, ...]) -> Said:
    """The actor's own turn in a reply, with what the model ran on to write kept apart.

    A leading "Ada:" is dropped, and the turn ends where somebody else begins to speak.

    >>> take_apart("Ada: Well?\\n\\nOld Tom: Evening.", "Ada", ("Ada", "Ben"))
    Said(text='Well?', cut='Old Tom: Evening.', strangers=('Old Tom',))
    """
    text = reply.strip()
    if text.startswith(own) and text[len(own) : len(own) + 1] == ":":
        text = text[len(own) + 1 :].lstrip()
    if "\n" not in text:
        return Said(text, "", ())
    found = _NEXT_SPEAKER.search(text)
    if found is None:
        return Said(text, "", ())
    cut = text[found.start() :].strip()
    strangers: list[str] = []
    for match in _NEXT_SPEAKER.finditer(text, found.start()):
        name = match.group(1)
        if name not in names and name not in strangers:
            strangers.append(name)
    return Said(text[: found.start()].rstrip(), cut, tuple(strangers))
