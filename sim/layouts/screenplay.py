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


@dataclass(frozen=True, slots=True)
class Screenplay:
    """The layout ``screenplay``. Each actor's header tells more of its own character alone."""

    name: str = "screenplay"

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        cast = [actor.persona for actor in scene.cast]
        head = scene.templates.script(scene.occasion, cast, scene.role(seat))
        return Prompt.start("text", head)

    def hear(self, prompt: Prompt, scene: Scene, seat: Seat, heard: Sequence[Heard]) -> Prompt:
        for event in heard:
            prompt = prompt.then("text", shown(scene, event, script=True) + "\n\n")
        return prompt

    def cue(self, prompt: Prompt, scene: Scene, seat: Seat, question: Question | None) -> Prompt:
        name = scene.cast[seat].name
        if question is not None:
            return prompt.then(
                "text", scene.templates.asks_in_script(question, name, scene.occasion)
            )
        return prompt.then("text", scene.templates.begins_line(name))

    def stops(self, scene: Scene, seat: Seat) -> tuple[str, ...]:
        return (*(f"\n{name}:" for name in scene.names), *scene.templates.ends_of_lines)


@dataclass(frozen=True, slots=True)
class AuthorScript(Screenplay):
    """The layout ``author_script``: ``author`` for base models, which cannot be asked for a block.

    One header tells everything about everybody, and the stage is stopped after each line, because a
    script that is continued follows no order.
    """

    name: str = "author_script"

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        cast = [scene.role(each) for each in scene.seats]
        return Prompt.start("text", scene.templates.script_of_all(scene.occasion, cast))
