"""``transcript_first``: the shared scene and transcript first, the persona and the cue last.

The bytes before the persona are the same for every actor and only grow at the end, so that a
server with a prefix cache computes each token of the transcript once instead of once per actor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.events import Seat
from sim.layouts.base import Heard, shown
from sim.layouts.prompt import Prompt
from sim.scene.probes import Question
from sim.scene.scene import Scene


@dataclass(frozen=True, slots=True)
class TranscriptFirst:
    """The layout ``transcript_first``."""

    name: str = "transcript_first"

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        return Prompt.start("system", scene.templates.shared(scene.occasion))

    def hear(self, prompt: Prompt, scene: Scene, seat: Seat, heard: Sequence[Heard]) -> Prompt:
        for event in heard:
            prompt = prompt.then("user", shown(scene, event) + "\n\n")
        return prompt

    def cue(self, prompt: Prompt, scene: Scene, seat: Seat, question: Question | None) -> Prompt:
        wording, name = scene.templates, scene.cast[seat].name
        told = f"{wording.private(scene.occasion, scene.role(seat))}\n\n"
        if question is not None:
            return prompt.then("user", told + wording.asks(question, name, scene.occasion))
        opens = f"{wording.opens_for(name)}\n" if prompt.role == "system" else ""
        return prompt.then("user", f"{told}{opens}{scene.manner(seat)}")

    def stops(self, scene: Scene, seat: Seat) -> tuple[str, ...]:
        return tuple(f"\n{name}:" for name in scene.names if name != scene.cast[seat].name)
