"""The layouts by name."""

from __future__ import annotations

from sim.events import Seat
from sim.layouts.base import Layout
from sim.layouts.persona_first import PersonaFirst
from sim.layouts.screenplay import AuthorScript, Screenplay
from sim.layouts.transcript_first import TranscriptFirst
from sim.scene.actor import LayoutName
from sim.scene.scene import Scene

LAYOUTS: dict[LayoutName, Layout] = {
    "persona_first": PersonaFirst(),
    "transcript_first": TranscriptFirst(),
    "screenplay": Screenplay(),
    "author_script": AuthorScript(),
}
"""The layouts that give each actor a prompt of its own; ``author`` (one prompt) is not here."""


def layout_of(scene: Scene, seat: Seat) -> Layout:
    """The layout of an actor: its own, or the scene's."""
    return LAYOUTS[scene.cast[seat].layout or scene.layout]


def continues_a_script(scene: Scene, seat: Seat) -> bool:
    """Whether an actor's layout has a script continued, so that strangers may walk in."""
    return (scene.cast[seat].layout or scene.layout) in ("screenplay", "author_script")
