"""``author``: one context writes the next turns of everybody. One mind simulating many.

The router still decides who speaks: the author is told the order and writes the words. A block that
does not have the requested form is refused, and the author is told why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.layouts.base import Heard, shown
from sim.layouts.prompt import Prompt
from sim.scene.probes import Question
from sim.scene.scene import Scene


@dataclass(frozen=True, slots=True)
class Author:
    """The layout ``author``. Its one prompt serves all actors, so that it takes no seat."""

    name: str = "author"

    def opening(self, scene: Scene) -> Prompt:
        """The scene, with everything about everybody."""
        cast = [scene.role(seat) for seat in scene.seats]
        return Prompt.start("system", scene.templates.authored(scene.occasion, cast, scene.words))

    def hear(self, prompt: Prompt, scene: Scene, heard: Sequence[Heard]) -> Prompt:
        """The prompt with what was said, and what was told, since."""
        for event in heard:
            prompt = prompt.then("user", shown(scene, event, script=True) + "\n\n")
        return prompt

    def cue(self, prompt: Prompt, scene: Scene, order: Sequence[str]) -> Prompt:
        """The prompt with the request for the next turns."""
        return prompt.then("user", scene.templates.next_lines(order))

    def ask(self, prompt: Prompt, scene: Scene, name: str, question: Question) -> Prompt:
        """The prompt with a question off stage to one of the cast."""
        return prompt.then("user", scene.templates.asks(question, name, scene.occasion))

    def again(self, prompt: Prompt, scene: Scene, reply: str, problem: str) -> Prompt:
        """The prompt with a block that could not be read, and why."""
        told = scene.templates.malformed.format(problem=problem)
        after = prompt.then("assistant", reply) if reply.strip() else prompt
        return after.then("user", told)
