"""The exact prompt that a stored turn answered, rendered again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from sim.errors import BadRequest
from sim.events import Event, Turn
from sim.layouts import before, render
from sim.layouts.prompt import Prompt
from sim.scene.actor import LayoutName
from sim.scene.scene import Scene
from sim.store import StoredTrial


@dataclass(frozen=True, slots=True)
class TurnPrompt:
    """A turn and the prompt that is rendered for it.

    ``same`` is whether its hash is the stored one: if not, the layout or the store has changed.
    """

    turn: Turn
    prompt: Prompt

    @property
    def same(self) -> bool:
        return self.prompt.digest.hex() == self.turn.prompt


def prompt_of(trial: StoredTrial, events: Sequence[Event], index: int) -> TurnPrompt:
    """The prompt of turn ``index``. ``events`` are those of the trial.

    Raises ``BadRequest`` if there is no such turn, or if this version lacks the trial's layout.
    """
    turns = [event for event in events if isinstance(event, Turn)]
    wanted = next((turn for turn in turns if turn.index == index), None)
    if wanted is None:
        raise BadRequest(f"trial {trial.id[:8]} has no turn {index}; it has {len(turns)}")
    scene = _scene(trial)
    # An author wrote the turns of a block in answer to one prompt.
    block = [turn for turn in turns if turn.prompt == wanted.prompt] or [wanted]
    first = block[0] if scene.layout == "author" else wanted
    happened = before(events, first)
    prompt = render(scene, happened, wanted.speaker, [turn.speaker for turn in block])
    if scene.layout == "author":
        # Of a block that was refused, or whose end could not be read, fewer turns were taken than
        # asked for: those asked for are whoever spoke next.
        speakers = [turn.speaker for turn in turns[first.index - 1 :]]
        for many in range(len(block) + 1, scene.block + 1):
            if prompt.digest.hex() != wanted.prompt:
                prompt = render(scene, happened, wanted.speaker, speakers[:many])
    return TurnPrompt(wanted, prompt)


def _scene(trial: StoredTrial) -> Scene:
    """The scene without a user's own code, on which no prompt depends."""
    layout = trial.canonical.get("layout")
    if layout not in get_args(LayoutName):
        raise BadRequest(f"trial {trial.id[:8]}: this version has no layout {layout!r}")
    return trial.prompt_scene
