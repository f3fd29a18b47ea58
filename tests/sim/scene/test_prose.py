"""Wordings in prose: no machine forms, one for each kind of stage, and named."""

from __future__ import annotations

import asyncio
import re

import pytest
from backstage.scenes import ADA, debate
from hypothesis import given
from hypothesis import strategies as st

from sim import Actor, Persona, Scene, after, ask_stance, play, ring
from sim.errors import BadRequest, SceneError
from sim.events import Seat
from sim.layouts import LAYOUTS, render
from sim.layouts.author import Author
from sim.layouts.prompt import Prompt
from sim.planning import canonical, plan_scene
from sim.scene.prose import GRADES, PROSE, WORDINGS, Example, Prose, graded, wording_for
from sim.scene.prose import wording_named as named
from sim.scene.templates import Wording
from sim.stage.fixed import FixedLines

PROSES = [each for each in WORDINGS.values() if isinstance(each, Prose)]


def text_of(scene: Scene, name: str = "Ada") -> str:
    return "".join(chunk.text for chunk in render(scene, [], name).chunks())


def plain_scene(**fields: object) -> Scene:
    return debate(probes=(ask_stance("sell"),), **fields)


@pytest.mark.parametrize("wording", PROSES, ids=lambda wording: wording.version)
@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay"])
def test_nothing_looks_like_a_form(wording: Prose, layout: str) -> None:
    told = text_of(plain_scene(wording=wording, layout=layout))
    assert not re.search(r"^(Subject|Character|Traits|Goals|Brings up|Stance)\b.*:", told, re.M)
    assert "-0.8" not in told
    assert "firmly for" not in told or "firmly against" not in told
    if ADA.opposite is not None:
        assert ADA.opposite not in told
    assert wording.version not in told


@given(st.floats(-1, 1))
def test_stances_are_words_of_a_graded_scale(stance: float) -> None:
    assert graded(stance) in GRADES
    assert GRADES.index(graded(-1)) <= GRADES.index(graded(stance)) <= GRADES.index(graded(1))


def test_the_head_of_a_script_does_not_look_like_its_lines() -> None:
    for wording in PROSES:
        told = text_of(plain_scene(wording=wording, layout="screenplay"))
        head = told[: told.rindex("Ada:")]
        spoken = [line for line in head.splitlines() if re.match(r"(Ada|Ben|Cleo): ", line)]
        assert spoken == [], wording.version


def test_each_kind_of_stage_gets_what_it_reads() -> None:
    scene = Scene(topic="Tea?", cast=(Actor(Persona(name="Ada")), Actor(Persona(name="Ben"))),
                  graph=ring("Ada", "Ben"), ends=after(turns=1))  # fmt: skip
    models = [("a", "embedded:base"), ("b", "openai:gpt"), ("c", "openai:embedded:rlhf")]
    trials = plan_scene(scene, name="x", models=models)
    versions = [trial.scene.templates.version for trial in trials]
    assert versions == ["plain-1", "prose-9", "plain-1"]
    assert canonical(scene) == canonical(scene.worded(Wording())), "older trials keep their ids"
    assert wording_for(["openai:gpt", "embedded:base"]).version == "plain-1", "who is not alone"
    transcript = asyncio.run(play(scene, FixedLines(["Yes."]), seed=1))
    assert transcript.scene.templates.version == "plain-1"


def test_wordings_have_names() -> None:
    assert {name: wording.version for name, wording in WORDINGS.items()} == {
        name: name for name in WORDINGS
    }
    assert named("prose-9") is PROSE
    with pytest.raises(BadRequest, match="'prose-99' is unknown"):
        named("prose-99")


@pytest.mark.parametrize(
    ("layout", "name"),
    [("persona_first", "prose-3"), ("transcript_first", "prose-6"), ("screenplay", "prose-1"),
     ("author_script", "prose-6")],
)  # fmt: skip
def test_the_default_is_what_was_counted_best_in_each_layout(layout: str, name: str) -> None:
    """docs/real-models.md reports these versions, so the texts have to be theirs."""
    default, counted = (
        _cued(plain_scene(wording=WORDINGS[version], layout=layout)).joined()
        for version in (PROSE.version, name)
    )
    assert default == counted


def test_an_author_is_asked_as_was_counted_best() -> None:
    cue, author = ["Ada", "Ben"], Author()
    texts = {
        version: author.cue(author.opening(scene), scene, cue).joined()
        for version in ("prose-9", "plain-1", "prose-6", "prose-8")
        for scene in [plain_scene(wording=WORDINGS[version], layout="author")]
    }
    assert texts["prose-9"] == texts["plain-1"]
    assert "Ada: A hydrologist" in texts["prose-6"]
    assert "This is Ada. A hydrologist" in texts["prose-8"]
    assert len(set(texts.values())) == 3


def test_sample_lines_examples_and_an_opening_are_told() -> None:
    ada = ADA.replace(lines=("Not while I live.",))
    wording = Prose(examples=(Example(heard="Well?", answer="Never."),))
    scene = plain_scene(wording=wording, cast=(Actor(ada), *debate().cast[1:]),
                        opening="The lamp goes out.")  # fmt: skip
    told = text_of(scene)
    assert "“Not while I live.”" in told
    assert "Never." in told
    assert "The lamp goes out." in text_of(scene.replace(layout="screenplay"))
    assert canonical(plain_scene()) == canonical(plain_scene(opening=""))


def test_a_template_that_gets_no_such_field_is_refused() -> None:
    with pytest.raises(SceneError, match=r"it gets no \{mood\}"):
        Prose(talk="They are {mood}.")


@pytest.mark.parametrize("wording", PROSES, ids=lambda wording: wording.version)
@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay"])
def test_an_actor_is_told_all_that_is_its_own(wording: Prose, layout: str) -> None:
    ada = Actor(ADA.replace(secret="She has signed."), prompt="Ada speaks in threes.")
    scene = plain_scene(wording=wording, layout=layout, cast=(ada, *debate().cast[1:]))
    own = text_of(scene) + "".join(chunk.text for chunk in _cued(scene).chunks())
    for told in ("She has signed.", "Ada speaks in threes.", graded(ADA.stances["sell"])):
        assert told in own
    assert "She has signed." not in text_of(scene, "Ben")


def _cued(scene: Scene) -> Prompt:
    layout = LAYOUTS[scene.layout]
    return layout.cue(layout.opening(scene, Seat(0)), scene, Seat(0), None)


@pytest.mark.parametrize("wording", PROSES, ids=lambda wording: wording.version)
def test_the_script_of_an_author_tells_everything_about_everybody(wording: Prose) -> None:
    ada = Actor(ADA.replace(secret="She has signed."), prompt="Ada speaks in threes.")
    scene = plain_scene(wording=wording, layout="author_script", cast=(ada, *debate().cast[1:]))
    opening = LAYOUTS["author_script"].opening
    heads = {opening(scene, seat).joined() for seat in scene.seats}
    assert len(heads) == 1, "one mind: everybody's prompt is the same"
    head = heads.pop()
    for actor in scene.cast:
        assert head.count(actor.persona.brief.rstrip(".")) == 1, "what is said twice is said again"
        assert graded(actor.persona.stances["sell"]) in head
    assert "She has signed." in head
    assert "Ada speaks in threes." in head
    assert "\n\n\n" not in head


def test_every_layout_can_be_told() -> None:
    for layout in LAYOUTS:
        assert text_of(plain_scene(wording=PROSE, layout=layout))
