"""``persona_first``: the character in the system message, own turns as the assistant's.

What others said since the actor's own last turn is one user message, with names: official clients
spend CPU time on every message. For chat models; most in character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.events import Seat, Turn
from sim.layouts.base import Heard, shown
from sim.layouts.prompt import Prompt
from sim.scene.probes import Question
from sim.scene.scene import Scene
from sim.scene.templates import Wording


@dataclass(frozen=True, slots=True)
class PersonaFirst:
    """The layout ``persona_first``."""

    name: str = "persona_first"

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        wording = scene.templates
        told = wording.briefing(scene.occasion, scene.role(seat), scene.manner(seat))
        return Prompt.start("system", told)

    def hear(self, prompt: Prompt, scene: Scene, seat: Seat, heard: Sequence[Heard]) -> Prompt:
        own = scene.cast[seat].persona.name
        others: list[str] = []
        for event in heard:
            if isinstance(event, Turn) and event.speaker == own:
                if others:
                    prompt = prompt.then("user", "\n\n".join(others))
                    others = []
                prompt = _after_something_said(prompt, scene.templates, own)
                prompt = prompt.then("assistant", event.text)
            else:
                others.append(shown(scene, event))
        return prompt.then("user", "\n\n".join(others)) if others else prompt

    def cue(self, prompt: Prompt, scene: Scene, seat: Seat, question: Question | None) -> Prompt:
        name = scene.cast[seat].name
        if question is not None:
            gap = "\n\n" if prompt.role == "user" else ""
            return prompt.then("user", gap + scene.templates.asks(question, name, scene.occasion))
        return _after_something_said(prompt, scene.templates, name)

    def stops(self, scene: Scene, seat: Seat) -> tuple[str, ...]:
        return tuple(f"\n{name}:" for name in scene.names if name != scene.cast[seat].name)


def _after_something_said(prompt: Prompt, wording: Wording, name: str) -> Prompt:
    """The prompt with a user message at its end, which chat models need before they speak.

    Used for the cue and again when the turn is part of the past, so that a prompt which was sent
    is a prefix of the next one.
    """
    if prompt.role == "system":
        return prompt.then("user", wording.opens_for(name))
    if prompt.role == "assistant":
        return prompt.then("user", wording.goes_on_for(name))
    reminder = wording.reminder_for(name)
    return prompt.then("user", f"\n\n{reminder}") if reminder else prompt
