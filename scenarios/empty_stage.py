"""The empty stage: one actor without a persona, a monologue. Who appears when nobody is asked for?

Source: a model that was not told whom to play still plays somebody: a draw from what the simulator
holds (Shanahan, McDonell and Reynolds, arXiv 2305.16367, as cited). Many trials of this scene are a
census of who comes unasked; ``analysis.census`` counts them.

Known result: none that we know of. A base model is given the head of a play without a cast (layout
``screenplay``), and writes who speaks by itself, up to the end of a paragraph (small models only
repeat themselves after it); a chat model is given an open invitation. The
embedded stage knows no characters but a persona and an assistant, so on ``embedded:base`` somebody
without a name speaks, and on tuned ones an assistant more or less often.
"""

from __future__ import annotations

from sim import Actor, Edge, Graph, Persona, Scene, after
from sim.errors import SceneError
from sim.scene.prose import Prose

_NAME = "Somebody"
_INVITATION = Prose(
    version="empty-stage-1",
    examples=(),
    chat_head="{manner}",
    manner=(
        "A stage, empty. The curtain goes up, somebody comes on, whoever it may be, and speaks. "
        "Write what is said, from the first word on, in at most {words} words."
    ),
    opens="(The curtain goes up.)",
    script_head="{opening}\n\n",
    opening="ACT ONE\n\nThe curtain rises on an empty stage. Somebody comes on.",
    script_stops=("\n\n",),
    line_begins="",
)
_HEADS = {
    "play": {},
    "letter": {"opening": "The letter had lain in the drawer for years. It read:"},
    "voice": {"opening": "A recording. The tape hisses for a moment, then a voice is heard:"},
}


def empty_stage(head: str = "play", words: int = 80) -> Scene:
    """An empty stage, and one actor who is nobody yet: who comes, when nobody is asked for?

    ``head`` is what a script begins with: ``play``, ``letter`` or ``voice``. Of one head alone it
    cannot be said what is the stage's and what the head's.
    """
    if head not in _HEADS:
        raise SceneError(f"empty_stage.head: {head!r} is unknown; use {', '.join(_HEADS)}")
    return Scene(
        topic="Whatever comes.",
        cast=(Actor(Persona(name=_NAME)),),
        graph=Graph(names=(_NAME,), edges=(Edge(source=_NAME, target=_NAME),), first=_NAME),
        wording=_INVITATION.replace(version=f"empty-stage-1-{head}", **_HEADS[head]),
        words=words,
        ends=after(turns=1),
    )
