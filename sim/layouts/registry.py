"""The layouts by name, and who heard what."""

from __future__ import annotations

from sim.events import Turn
from sim.layouts.base import Layout
from sim.layouts.persona_first import PersonaFirst
from sim.layouts.screenplay import Screenplay
from sim.layouts.transcript_first import TranscriptFirst
from sim.scene import LayoutName

LAYOUTS: dict[LayoutName, Layout] = {
    "persona_first": PersonaFirst(),
    "transcript_first": TranscriptFirst(),
    "screenplay": Screenplay(),
}
"""The layouts that give each actor a prompt of its own. ``author``, which does not, is apart."""


def heard_by(name: str, turn: Turn) -> bool:
    """Whether an actor heard (or spoke) a turn. The one place that decides it.

    A refusal without words was heard by nobody.
    """
    if not turn.text:
        return False
    return turn.audience is None or turn.speaker == name or name in turn.audience
