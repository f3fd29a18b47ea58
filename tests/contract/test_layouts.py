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

from sim import Actor, Persona, Scene, after, ask_stance, play, ring
from sim.events import Turn
from sim.layouts import LAYOUTS, render
from sim.layouts.author import Author
from sim.layouts.prompt import Prompt
from sim.scene.actor import TELLS_ALL, LayoutName
from sim.scene.audience import heard_by
from sim.stage.exact import exact_stage

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
    turns = data.draw(turns_of(scene))
    question = ask_stance("sell").question
    built = LAYOUTS[scene.layout]
    before = (scene.model_dump_json(exclude={"ends", "graph", "routing"}), list(turns))
    for seat, name in enumerate(scene.names):
        opening = built.opening(scene, seat)
        heard = [turn for turn in turns if heard_by(name, turn)]
        shape = [(chunk.role, chunk.text) for chunk in opening.chunks()]
        page = built.hear(opening, scene, seat, heard)
        cues = [built.cue(page, scene, seat, asked) for asked in (None, question, None)]
        assert cues[0].digest == cues[2].digest != cues[1].digest
        assert all(cue.chunks()[: page.depth] == page.chunks() for cue in cues)
        assert [(chunk.role, chunk.text) for chunk in opening.chunks()] == shape
        again = built.hear(built.opening(scene, seat), scene, seat, tuple(heard))
        assert again.digest == page.digest
        assert built.stops(scene, seat) == built.stops(scene, seat)
    assert (scene.model_dump_json(exclude={"ends", "graph", "routing"}), turns) == before


@ALL
@SLOW
@given(st.data())
def test_hearing_adds_what_is_new_and_no_more(layout: str, data: st.DataObject) -> None:
    """A page only grows: its earlier chunks are the same objects."""
    scene = data.draw(scenes(layout=layout))
    turns = data.draw(turns_of(scene, whispers=False))
    built = LAYOUTS[scene.layout]
    for seat in range(len(scene.names)):
        page = built.opening(scene, seat)
        for turn in turns:
            longer = built.hear(page, scene, seat, [turn])
            assert any(chunk is page for chunk in longer.chunks())
            assert longer.depth - page.depth <= 2
            assert turn.text in longer.text
            page = longer
        assert built.hear(page, scene, seat, []) is page


def token(*parts: object) -> str:
    """A word that stands nowhere by chance."""
    return f"<{'-'.join(map(str, parts))}>"


def planted(layout: str) -> Scene:
    """A scene in which every field of every persona holds a word of its own."""
    cast = [
        Persona(
            name=name,
            brief=token(name, "brief"),
            opposite=token(name, "opposite"),
            traits=(token(name, "traits"),),
            stances={token(name, "issue"): 0.5, "sell": 0.25},
            goals=(token(name, "goals"),),
            points=(token(name, "points"),),
            secret=token(name, "secret"),
            voice=token(name, "voice"),
        )
        for name in ("Ada", "Ben", "Cleo")
    ]
    return Scene(
        topic=token("topic"),
        setting=token("setting"),
        cast=tuple(Actor(persona) for persona in cast),
        graph=ring("Ada", "Ben", "Cleo"),
        ends=after(turns=6),
        layout=layout,
    )


def prompts(scene: Scene, turns: list[Turn], name: str) -> list[Prompt]:
    """Every prompt that an actor may be given after these turns: to speak, and to answer."""
    built, seat = LAYOUTS[scene.layout], scene.names.index(name)
    page = built.hear(
        built.opening(scene, seat), scene, seat, [turn for turn in turns if heard_by(name, turn)]
    )
    aside = built.cue(page, scene, seat, ask_stance("sell").question)
    return [render(scene, turns, name), aside]


PRIVATE = ("traits", "issue", "goals", "points", "secret", "voice")


@ALL
def test_nobody_is_told_what_is_private_to_another(layout: str) -> None:
    scene = planted(layout)
    turns = [Turn(1, "Ada", "One."), Turn(2, "Ben", "Two.")]
    for told in ([], turns):
        for name in scene.names:
            for prompt in prompts(scene, told, name):
                text = prompt.joined()
                assert token("topic") in text
                assert token("setting") in text
                for part in ("brief", *PRIVATE):
                    assert token(name, part) in text, f"{name} knows their own {part}"
                for other in scene.names:
                    assert token(other, "opposite") not in text
                    if other != name and layout not in TELLS_ALL:
                        assert not [part for part in PRIVATE if token(other, part) in text]


@ALL
@SLOW
@given(st.data())
def test_nobody_hears_what_was_not_said_to_them(layout: str, data: st.DataObject) -> None:
    scene = planted(layout)
    turns = [
        Turn(turn.index, turn.speaker, token("line", turn.index), turn.audience, cut=token("cut"))
        for turn in data.draw(turns_of(scene))
    ]
    for name in scene.names:
        for prompt in prompts(scene, turns, name):
            text = prompt.joined()
            heard = {turn.index for turn in turns if token("line", turn.index) in text}
            assert heard == {turn.index for turn in turns if heard_by(name, turn)}
            assert token("cut") not in text
            places = [text.index(token("line", index)) for index in sorted(heard)]
            assert places == sorted(places), "in the order in which it was said"


@ALL
def test_a_prompt_names_whoever_is_cued_and_asked(layout: str) -> None:
    scene = planted(layout)
    for name in scene.names:
        speak, aside = prompts(scene, [Turn(1, "Ben", "One.")], name)
        assert name in speak.joined()
        assert f"[Off stage, to {name} alone]" in aside.joined()
        assert '"stance"' in aside.joined()
        assert "Off stage" not in speak.joined()


@ALL
def test_stops_are_the_names_of_others(layout: str) -> None:
    scene = debate(layout=layout)
    for seat, name in enumerate(scene.names):
        stops = LAYOUTS[scene.layout].stops(scene, seat)
        assert {f"\n{other}:" for other in scene.names if other != name} <= set(stops)
