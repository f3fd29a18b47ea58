"""The Layout protocol: how what an actor can see becomes a prompt."""

from __future__ import annotations

from collections.abc import Sequence
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


def shown(scene: Scene, event: Heard, *, script: bool = False) -> str:
    """What was heard as a line: a turn with its speaker's name, or a stage direction."""
    if not isinstance(event, Turn):
        return event.text
    return scene.templates.line(event) if script else scene.templates.said(event)
