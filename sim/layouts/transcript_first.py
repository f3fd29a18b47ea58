"""``transcript_first``: the shared scene and transcript first, the persona and the cue last.

The bytes before the persona are the same for every actor and only grow at the end, so that a
server with a prefix cache computes each token of the transcript once instead of once per actor.
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
class TranscriptFirst:
    """See the module."""

    name: str = "transcript_first"

    def opening(self, scene: Scene, seat: int) -> Prompt:
        return Prompt.start(
            "system", f"A scene with {wording.listed(scene.names)}.\n{wording.subject(scene)}"
        )

    def hear(self, prompt: Prompt, own: str, turns: Sequence[Turn]) -> Prompt:
        for turn in turns:
            prompt = prompt.then("user", spoken(turn) + "\n\n")
        return prompt

    def cue(self, prompt: Prompt, scene: Scene, seat: int, question: Question | None) -> Prompt:
        persona = scene.cast[seat].persona
        told = f"{wording.part(scene, persona.name)}\n{wording.character(persona)}\n\n"
        if question is not None:
            return prompt.then("user", told + wording.aside(question, persona.name))
        opens = f"{wording.OPENS.format(name=persona.name)}\n" if prompt.role == "system" else ""
        return prompt.then("user", f"{told}{opens}{wording.manner(scene, persona.name)}")

    def stops(self, scene: Scene, seat: int) -> tuple[str, ...]:
        return tuple(f"\n{name}:" for name in scene.names if name != scene.cast[seat].name)
