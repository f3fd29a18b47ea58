"""``screenplay``: a header with the cast, then ``Name: line``. For base models.

The stage stops at the next name of the cast. A base model may also write lines of speakers that are
not in the cast (strangers): these are recorded with the turn, and nobody hears them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.events import Seat
from sim.layouts.base import Heard, shown
from sim.layouts.prompt import Prompt
from sim.scene.probes import Question
from sim.scene.scene import Scene
from sim.scene.templates import listed


@dataclass(frozen=True, slots=True)
class Screenplay:
    """The layout ``screenplay``."""

    name: str = "screenplay"

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        wording = scene.wording
        people = "\n".join(f"{actor.name}. {actor.persona.brief}".rstrip() for actor in scene.cast)
        return Prompt.start(
            "text",
            f"{wording.scene.format(names=listed(scene.names))}\n"
            f"{wording.about(scene.topic, scene.setting)}\n\n{wording.people}\n{people}\n\n"
            f"{scene.sheet(seat)}\n\n",
        )

    def hear(self, prompt: Prompt, scene: Scene, seat: Seat, heard: Sequence[Heard]) -> Prompt:
        for event in heard:
            prompt = prompt.then("text", shown(scene, event) + "\n\n")
        return prompt

    def cue(self, prompt: Prompt, scene: Scene, seat: Seat, question: Question | None) -> Prompt:
        name = scene.cast[seat].name
        if question is not None:
            return prompt.then("text", f"{scene.wording.asks(question, name)}\n{name}:")
        return prompt.then("text", f"{name}:")

    def stops(self, scene: Scene, seat: Seat) -> tuple[str, ...]:
        return tuple(f"\n{name}:" for name in scene.names)
