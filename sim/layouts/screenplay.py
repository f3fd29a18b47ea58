"""``screenplay``: a header with the cast, then ``Name: line``. For base models.

The stage stops at the next name of the cast. Somebody who is not in the cast may walk in: what
such strangers say is recorded with the turn, and nobody hears it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.events import Turn
from sim.layouts import wording
from sim.layouts.base import spoken
from sim.layouts.prompt import Prompt
from sim.probes import Question
from sim.scene import Scene


@dataclass(frozen=True, slots=True)
class Screenplay:
    """See the module."""

    name: str = "screenplay"

    def opening(self, scene: Scene, seat: int) -> Prompt:
        persona = scene.cast[seat].persona
        people = "\n".join(
            f"{actor.name}. {actor.persona.brief}".rstrip() for actor in scene.cast
        )
        return Prompt.start(
            "text",
            f"A scene with {wording.listed(scene.names)}.\n{wording.subject(scene)}\n\n"
            f"The people of the scene:\n{people}\n\n{wording.character(persona)}\n\n",
        )

    def hear(self, prompt: Prompt, own: str, turns: Sequence[Turn]) -> Prompt:
        for turn in turns:
            prompt = prompt.then("text", spoken(turn) + "\n\n")
        return prompt

    def cue(self, prompt: Prompt, scene: Scene, seat: int, question: Question | None) -> Prompt:
        name = scene.cast[seat].name
        if question is not None:
            return prompt.then("text", f"{wording.aside(question, name)}\n{name}:")
        return prompt.then("text", f"{name}:")

    def stops(self, scene: Scene, seat: int) -> tuple[str, ...]:
        return tuple(f"\n{name}:" for name in scene.names)
