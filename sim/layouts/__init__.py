"""Layouts: how what an actor can see becomes a prompt. One file per layout, all pure."""

from __future__ import annotations

from collections.abc import Sequence

from sim.events import Turn
from sim.layouts.base import Layout
from sim.layouts.persona_first import PersonaFirst
from sim.layouts.prompt import Prompt
from sim.layouts.screenplay import Screenplay
from sim.layouts.transcript_first import TranscriptFirst
from sim.scene import LayoutName, Scene

LAYOUTS: dict[LayoutName, Layout] = {
    "persona_first": PersonaFirst(),
    "transcript_first": TranscriptFirst(),
    "screenplay": Screenplay(),
}


def heard_by(name: str, turn: Turn) -> bool:
    """Whether an actor heard (or spoke) a turn. The one place that decides it."""
    return turn.audience is None or turn.speaker == name or name in turn.audience


def render(scene: Scene, turns: Sequence[Turn], name: str) -> Prompt:
    """The exact prompt with which an actor was cued after ``turns``.

    It is built in the same steps as while playing, so its digest is the one that is stored with
    the turn. Raises ``ValueError`` if the actor is not in the cast.
    """
    layout = LAYOUTS[scene.layout]
    seat = scene.names.index(name)
    prompt = layout.opening(scene, seat)
    heard: list[Turn] = []
    for turn in turns:
        # While playing, the turns since the actor's own last one were added when it was cued.
        if turn.speaker == name and heard:
            prompt = layout.hear(prompt, scene, seat, heard)
            heard = []
        if heard_by(name, turn):
            heard.append(turn)
    if heard:
        prompt = layout.hear(prompt, scene, seat, heard)
    return layout.cue(prompt, scene, seat, None)
