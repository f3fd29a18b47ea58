"""What every layout obeys. A layout of ``LAYOUTS`` is tested by being there."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest
from backstage.doubles import Around, Murmur
from backstage.effort import effort
from backstage.scenes import debate
from backstage.strategies import scenes, turns_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import Scene, after, play
from sim.events import Seat, Turn
from sim.layouts import LAYOUTS, render
from sim.layouts.author import Author
from sim.layouts.persona_first import PersonaFirst
from sim.layouts.prompt import Prompt
from sim.scene.actor import LayoutName
from sim.stage.exact import exact_stage
from sim.testing.layouts import (
    check_layout,
    is_pure,
    keeps_what_is_private,
    names_whoever_is_cued,
    only_grows,
    stops_at_others,
    tells_what_was_heard,
)
from sim.testing.promises import Broken
from sim.testing.scenes import planted, token

ALL = pytest.mark.parametrize("layout", sorted(LAYOUTS))
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=effort(10, 25))


def test_every_layout_that_a_scene_can_name_is_there() -> None:
    # One context for all is no layout of an actor's own prompt; it has tests of its own.
    assert {*LAYOUTS, Author().name} == set(get_args(LayoutName))
    assert all(layout.name == name for name, layout in LAYOUTS.items())


@ALL
@SLOW
@given(st.data())
def test_incremental_is_rebuilt(layout: str, data: st.DataObject) -> None:
    """The prompt rendered from the transcript is the one that was sent, to the last bit."""
    scene = data.draw(scenes(layout=layout))
    stage = Around(Murmur())
    transcript = asyncio.run(play(scene, stage, seed=data.draw(st.integers(0, 99))))
    sent = [request.prompt for request in stage.asked if request.purpose == "turn"]
    for turn, prompt in zip(transcript.turns, sent, strict=True):
        rendered = render(scene, transcript.turns[: turn.index - 1], turn.speaker)
        assert rendered.digest.hex() == turn.prompt == prompt.digest.hex()
        assert rendered.joined() == prompt.joined()


@ALL
def test_incremental_is_rebuilt_on_the_exact_stage(layout: str) -> None:
    scene = debate(layout=layout, ends=after(turns=30))
    turns = asyncio.run(play(scene, exact_stage("base"), seed=2)).turns
    for turn in turns:
        assert render(scene, turns[: turn.index - 1], turn.speaker).digest.hex() == turn.prompt


@ALL
@SLOW
@given(st.data())
def test_a_layout_is_pure(layout: str, data: st.DataObject) -> None:
    """The same input, the same digest; what it is given is left as it was."""
    scene = data.draw(scenes(layout=layout))
    is_pure(LAYOUTS[scene.layout], scene, data.draw(turns_of(scene)))


@ALL
@SLOW
@given(st.data())
def test_hearing_adds_what_is_new_and_no_more(layout: str, data: st.DataObject) -> None:
    """A page only grows: its earlier chunks are the same objects."""
    scene = data.draw(scenes(layout=layout))
    only_grows(LAYOUTS[scene.layout], scene, data.draw(turns_of(scene, whispers=False)))


@ALL
def test_nobody_is_told_what_is_private_to_another(layout: str) -> None:
    scene = planted(layout=layout)
    for told in ([], [Turn(1, "Ada", "One."), Turn(2, "Ben", "Two.")]):
        keeps_what_is_private(LAYOUTS[scene.layout], scene, told)


@ALL
@SLOW
@given(st.data())
def test_nobody_hears_what_was_not_said_to_them(layout: str, data: st.DataObject) -> None:
    scene = planted(layout=layout)
    turns = [
        Turn(turn.index, turn.speaker, token("line", turn.index), turn.audience, cut=token("cut"))
        for turn in data.draw(turns_of(scene))
    ]
    tells_what_was_heard(LAYOUTS[scene.layout], scene, turns)


@ALL
def test_a_prompt_names_whoever_is_cued_and_asked(layout: str) -> None:
    scene = planted(layout=layout)
    names_whoever_is_cued(LAYOUTS[scene.layout], scene)


@ALL
def test_stops_are_the_names_of_others(layout: str) -> None:
    scene = debate(layout=layout)
    stops_at_others(LAYOUTS[scene.layout], scene)


class Gossip(PersonaFirst):
    """A layout that does not keep its promises: it tells everything to everybody."""

    def opening(self, scene: Scene, seat: Seat) -> Prompt:
        told = [other.persona.secret or "" for other in scene.cast]
        return super().opening(scene, seat).then("user", " ".join(told))


def test_the_check_for_authors_finds_what_is_broken() -> None:
    check_layout(PersonaFirst())
    with pytest.raises(Broken, match="tells Ada the secret of Ben"):
        check_layout(Gossip())
