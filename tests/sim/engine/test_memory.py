"""Contexts that are full: a stated policy, recorded, rendered again, and never silent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from backstage.scenes import debate

from sim import Transcript, after, play
from sim.errors import SceneError
from sim.events import Forgot
from sim.layouts import LAYOUTS, before, render, until
from sim.scene.actor import Context
from sim.scene.scene import Scene
from sim.stage.exact import exact_stage

STAGE = exact_stage("base")
TOKENS = 500


def bounded(policy: Any, layout: str) -> Scene:
    scene = debate(layout=layout, ends=after(turns=40))
    cast = tuple(
        actor.model_copy(update={"context": Context(tokens=TOKENS, policy=policy)})
        for actor in scene.cast
    )
    return scene.model_copy(update={"cast": cast})


def forgotten(transcript: Transcript) -> list[Forgot]:
    return [event for event in transcript.events if isinstance(event, Forgot)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("policy", ["drop_oldest", "summarise"])
def test_what_was_left_out_is_recorded_and_rendered_again(policy: str, layout: str) -> None:
    scene = bounded(policy, layout)
    transcript = asyncio.run(play(scene, STAGE, seed=4))
    events = forgotten(transcript)
    assert len(transcript) == 40
    assert events
    assert all((event.summary != "") == (policy == "summarise") for event in events)
    for turn in transcript.turns:
        prompt = render(scene, before(transcript.events, turn), turn.speaker)
        assert prompt.digest.hex() == turn.prompt
        # The last line heard may take a prompt over the limit; whole turns are never left out
        # for more than that, and nobody sees what was dropped.
        assert prompt.length // 4 < 1.6 * TOKENS
    for event in events:
        prompt = render(scene, until(transcript.events, event.turn - 1), event.actor).joined()
        dropped = transcript.turns[: event.since - 1]
        texts = {turn.text for turn in transcript.turns[event.since - 1 : event.turn - 1]}
        assert dropped
        # A line may have been said again later, or live on in the summary.
        assert not any(
            turn.text in prompt
            for turn in dropped
            if turn.text not in texts and turn.text not in event.summary
        )
        assert f"before turn {event.since}" in prompt


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stop_ends_the_scene_and_says_why(layout: str) -> None:
    transcript = asyncio.run(play(bounded("stop", layout), STAGE, seed=4))
    (event,) = forgotten(transcript)
    assert transcript.ended is not None
    assert transcript.ended.reason == f"the context of {event.actor} is full"
    assert transcript.ended.status == "done"
    assert len(transcript) == event.turn - 1


@pytest.mark.parametrize("policy", ["drop_oldest", "summarise"])
def test_a_scene_cut_off_anywhere_goes_on_as_it_would_have(policy: str) -> None:
    scene = bounded(policy, "persona_first")
    whole = asyncio.run(play(scene, STAGE, seed=4))
    for at in range(0, len(whole.events), 3):
        again = asyncio.run(play(scene, STAGE, seed=4, resume=Transcript(whole.events[:at])))
        assert [turn.text for turn in again.turns] == [turn.text for turn in whole.turns]
        assert forgotten(again) == forgotten(whole)


def test_the_exact_stage_says_that_it_forgot() -> None:
    transcript = asyncio.run(play(bounded("drop_oldest", "persona_first"), STAGE, seed=4))
    first = forgotten(transcript)[0]
    turn = transcript.turns[first.turn - 1]
    assert turn.exact is False


def test_an_author_has_one_context_for_all() -> None:
    scene = debate()
    cast = tuple(actor.model_copy(update={"context": Context(tokens=500)}) for actor in scene.cast)
    with pytest.raises(SceneError, match=r"Scene\.cast: with the layout author"):
        Scene(topic=scene.topic, cast=cast, graph=scene.graph, ends=scene.ends, layout="author")
