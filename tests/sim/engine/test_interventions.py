"""Interventions in a scene: when they are made, what they do, who knows of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, facts
from backstage.scenes import ADA, BEN, CLEO, debate

from sim import Actor, Persona, Scene, Transcript, after, ask_stance, complete, play
from sim.errors import SceneError
from sim.events import Intervened, Turn
from sim.layouts import LAYOUTS, before, render
from sim.scene.audience import groups, whispers
from sim.scene.graph import PublicView
from sim.scene.interventions import (
    Intervention,
    delete_turn,
    enter,
    leave,
    noise,
    note,
    recast,
    remember,
    replace_turn,
    restage,
    say,
    whisper,
)
from sim.scene.routing import Simultaneous
from sim.stage.exact import exact_stage
from sim.stage.fixed import FixedLines

ALL = complete("Ada", "Ben", "Cleo")


def run(*interventions: Intervention, stage: Any = None, seed: int = 1, **fields: Any) -> Any:
    fields = {"graph": ALL, "ends": after(turns=8), **fields}
    scene = debate(interventions=interventions, **fields)
    return asyncio.run(play(scene, stage or Murmur(), seed=seed))


def changes(transcript: Transcript) -> list[Intervened]:
    return [event for event in transcript.events if isinstance(event, Intervened)]


def test_a_line_is_put_into_a_mouth() -> None:
    stage = Around(Murmur())
    transcript = run(say("Cleo", "I was wrong.", at=3), stage=stage)
    third = transcript.turns[2]
    assert (third.speaker, third.text, third.audience) == ("Cleo", "I was wrong.", None)
    assert (third.source, third.prompt) == ("intervention", "")
    assert [e.turn for e in changes(transcript)] == [3]
    assert sum(request.purpose == "turn" for request in stage.asked) == 7
    later = [r.prompt.joined() for r in stage.asked if r.speaker != "Cleo"][3:]
    assert all("Cleo: I was wrong." in prompt for prompt in later)


def test_a_whisper_is_heard_by_some_and_an_aside_by_nobody() -> None:
    stage = Around(Murmur())
    transcript = run(
        whisper("Ada", "Ben", "He lies.", at=2), whisper("Cleo", (), "I am tired.", at=3),
        stage=stage,
    )  # fmt: skip
    assert [turn.audience for turn in transcript.turns[1:3]] == [("Ben",), ()]
    told = {name: [r.prompt.joined() for r in stage.asked if r.speaker == name] for name in "ABC"}
    for request in stage.asked:
        told.setdefault(request.speaker, []).append(request.prompt.joined())
    assert any("Ada (to Ben alone): He lies." in prompt for prompt in told["Ben"])
    assert not any("He lies" in prompt for prompt in told["Cleo"])
    assert not any("tired" in prompt for name in ("Ada", "Ben") for prompt in told[name])


def test_conditions_read_public_text_alone() -> None:
    """A whisper is not what a condition sees, even when it is the last thing said."""
    seen: list[str] = []

    def looks(view: PublicView) -> bool:
        seen.extend(turn.text for turn in view.public)
        return bool(view.last is not None and "secret" in view.last.text)

    transcript = run(
        whisper("Ada", "Ben", "A secret.", at=2), note("(Thunder.)", when=looks), stage=Murmur()
    )
    assert "A secret." not in seen
    assert [event.what for event in changes(transcript)] == ["whisper"]


def test_a_condition_fires_so_often_and_not_twice_for_one_turn() -> None:
    def always(view: PublicView) -> bool:
        return True

    transcript = run(note("(Thunder.)", when=always, times=3))
    assert [event.turn for event in changes(transcript)] == [2, 3, 4]
    once = run(say("Ben", "Hush.", when=always))
    assert [turn.source for turn in once.turns].count("intervention") == 1


def test_a_condition_that_cannot_be_computed_says_which() -> None:
    with pytest.raises(SceneError, match=r"condition .*<lambda>.* raised ZeroDivisionError"):
        run(note("(Thunder.)", when=lambda view: bool(1 / 0)))
    with pytest.raises(SceneError, match="no gauge of this scene; add its probe"):
        run(note("(Thunder.)", when=lambda view: view.gauge("stance:sell", "Ada") > 0))


def test_a_condition_reads_a_declared_gauge() -> None:
    def moved(view: PublicView) -> bool:
        stance = view.gauge("stance:sell", "Ada")
        return stance is not None and stance > -2

    gauge = ask_stance("sell", every=2, to=("Ada",))
    transcript = run(note("(Thunder.)", when=moved), gauges=(gauge,))
    assert [event.turn for event in changes(transcript)] == [2], "asked before the first turn, too"
    asked = [(a.turn, a.actor) for a in transcript.answers if a.gauge]
    assert asked == [(turn, "Ada") for turn in (0, 2, 4, 6, 8)]


def test_a_turn_is_replaced_and_what_was_said_is_kept() -> None:
    plain = run()
    transcript = run(replace_turn("Never.", at=4))
    assert transcript.turns[:3] == plain.turns[:3]
    fourth = transcript.turns[3]
    assert (fourth.text, fourth.source) == ("Never.", "intervention")
    assert fourth.prompt == plain.turns[3].prompt
    [event] = changes(transcript)
    assert event.detail == {"unsaid": plain.turns[3].text}
    assert transcript.turns[4].prompt != plain.turns[4].prompt


def test_a_struck_turn_was_heard_by_nobody() -> None:
    stage = Around(Murmur())
    transcript = run(delete_turn(at=2), stage=stage)
    [event] = changes(transcript)
    struck = transcript.turns[1]
    assert (struck.text, struck.speaker) == ("", event.actor)
    assert event.detail["unsaid"]
    assert not any(event.detail["unsaid"] in r.prompt.joined() for r in stage.asked)


def test_the_next_turn_of_somebody_is_changed_when_a_condition_has_held() -> None:
    transcript = run(
        replace_turn("Never.", speaker="Cleo", when=lambda view: view.turns == 2, at=None)
    )
    changed = [turn for turn in transcript.turns if turn.source == "intervention"]
    assert [(turn.speaker, turn.text) for turn in changed] == [("Cleo", "Never.")]
    assert changed[0].index > 2
    assert not [t for t in transcript.turns[2 : changed[0].index - 1] if t.speaker == "Cleo"]


def test_entrances_and_exits() -> None:
    cast = (Actor(ADA), Actor(BEN), Actor(CLEO, on_stage=False))
    stage = Around(Murmur())
    transcript = run(enter("Cleo", at=4), leave("Ben", at=6), cast=cast, stage=stage)
    assert {turn.speaker for turn in transcript.turns[:3]} == {"Ada", "Ben"}
    assert {turn.speaker for turn in transcript.turns[5:]} == {"Ada", "Cleo"}
    assert [turn.absent for turn in transcript.turns] == [("Cleo",)] * 3 + [()] * 2 + [("Ben",)] * 3
    cleo = [r.prompt.joined() for r in stage.asked if r.speaker == "Cleo"]
    assert all("(Cleo enters.)" in prompt for prompt in cleo)
    for turn in transcript.turns[:3]:
        assert not any(turn.text in prompt for prompt in cleo)


def test_nobody_left_on_stage_ends_the_scene_and_says_who_is_away() -> None:
    transcript = run(leave("Ben", at=2), leave("Cleo", at=2))
    assert transcript.ended is not None
    assert transcript.ended.reason == "nobody may take the floor from Ada (Ben, Cleo off stage)"


def test_what_cannot_be_done_is_recorded_as_skipped() -> None:
    transcript = run(
        leave("Ben", at=2), say("Ben", "Hello?", at=3), leave("Ben", at=4), enter("Ben", at=5),
        enter("Ben", at=6),
    )  # fmt: skip
    moves = [(event.what, event.detail.get("skipped")) for event in changes(transcript)]
    assert moves == [
        ("leave", None), ("say", "Ben is off stage"), ("leave", "Ben is off stage"),
        ("enter", None), ("enter", "Ben is on stage"),
    ]  # fmt: skip


def test_noise_is_drawn_by_the_seed_and_as_long_as_asked() -> None:
    one, two = run(noise(12, at=3), seed=1), run(noise(12, at=3), seed=2)
    [first], [second] = changes(one), changes(two)
    assert first.text.startswith("(")
    assert len(first.text.split()) == 12
    assert first.text != second.text
    assert run(noise(12, at=3), seed=1).turns == one.turns
    spoken = run(noise(7, speaker="Ben", at=3)).turns[2]
    assert (spoken.speaker, len(spoken.text.split())) == ("Ben", 7)


def test_an_actor_becomes_another_person_and_remembers() -> None:
    other = Persona(name="Ada", brief="She sold it long ago.", stances={"sell": 0.9})
    stage = Around(Murmur())
    transcript = run(recast(other, at=5), stage=stage)
    prompts = [r.prompt.joined() for r in stage.asked if r.speaker == "Ada"]
    early = [turn for turn in transcript.turns[:4] if turn.speaker == "Ada"]
    assert all("hydrologist" in prompt for prompt in prompts[: len(early)])
    for prompt in prompts[len(early) :]:
        assert "sold it long ago" in prompt
        assert "hydrologist" not in prompt
        assert all(turn.text in prompt for turn in early)


def test_an_actor_remembers_other_words_and_nobody_else_does() -> None:
    stage = Around(Murmur())
    plain = run(stage=Around(Murmur()))
    lost, other = (turn.index for turn in plain.turns[:2])
    transcript = run(remember("Ada", {lost: "", other: "The mill burnt."}, at=5), stage=stage)
    assert [turn.text for turn in transcript.turns[:4]] == [turn.text for turn in plain.turns[:4]]
    for request in stage.asked[4:]:
        prompt = request.prompt.joined()
        assert (plain.turns[0].text in prompt) is (request.speaker != "Ada")
        assert (plain.turns[1].text in prompt) is (request.speaker != "Ada")
        assert ("The mill burnt." in prompt) is (request.speaker == "Ada")


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_prompt_can_be_rendered_again(layout: str) -> None:
    other = Persona(name="Ada", brief="She sold it long ago.")
    interventions = (
        say("Ben", "I was wrong.", at=2), whisper("Ada", "Ben", "He lies.", at=4),
        note("(Thunder.)", at=5), leave("Cleo", at=6), noise(5, at=7), recast(other, at=8),
        remember("Ada", {1: "", 2: "Perhaps."}, at=8),
        enter("Cleo", at=9), replace_turn("Never.", at=10), delete_turn(at=12),
    )  # fmt: skip
    for routing in ({}, {"routing": Simultaneous()}):
        scene = debate(
            graph=ALL, ends=after(turns=16), layout=layout, interventions=interventions,
            hearing=whispers({"Cleo": "Ada"}), **routing,
        )  # fmt: skip
        transcript = asyncio.run(play(scene, Murmur(), seed=3))
        cued = [turn for turn in transcript.turns if turn.prompt]
        assert len(cued) > 10
        for turn in cued:
            prompt = render(scene, before(transcript.events, turn), turn.speaker)
            assert prompt.digest.hex() == turn.prompt, turn


@pytest.mark.parametrize("layout", [*sorted(LAYOUTS), "author"])
def test_cut_off_anywhere_it_ends_as_it_would_have(layout: str) -> None:
    some = [say("Ben", "I was wrong.", at=2), note("(Thunder.)", when=lambda view: view.turns == 4)]
    some += [replace_turn("Never.", at=5), delete_turn(at=7)]
    if layout != "author":
        some += [leave("Cleo", at=3), enter("Cleo", at=6), noise(4, speaker="Cleo", at=8)]
        some += [remember("Ben", {2: "", 4: "I was wrong."}, at=8)]
    scene = debate(graph=ALL, ends=after(turns=9), layout=layout, interventions=tuple(some))
    stage = exact_stage("base")
    whole = asyncio.run(play(scene, stage, seed=5))
    assert len(changes(whole)) == len(some)
    for cut in range(len(whole.events)):
        resume = Transcript(whole.events[:cut])
        again = asyncio.run(play(scene, stage, seed=5, resume=resume))
        assert facts(again) == facts(whole)


def test_another_stage_plays_an_actor_from_the_start_or_from_a_turn_on() -> None:
    cast = (Actor(ADA), Actor(BEN, stage="b"), Actor(CLEO))
    scene = debate(
        cast=cast, graph=ALL, ends=after(turns=9), interventions=(restage("Ada", "c", at=5),)
    )
    stages = {"b": FixedLines(["Bee."]), "c": FixedLines(["Sea."])}
    transcript = asyncio.run(play(scene, FixedLines(["Own."]), seed=2, stages=stages))
    for turn in transcript.turns:
        late = turn.speaker == "Ada" and turn.index >= 5
        assert turn.text == ("Bee." if turn.speaker == "Ben" else "Sea." if late else "Own.")
    assert scene.stages == ("b", "c")
    with pytest.raises(SceneError, match=r"the stage 'c' is named and not given"):
        asyncio.run(play(scene, FixedLines(["Own."]), seed=2, stages={"b": stages["b"]}))


@pytest.mark.parametrize(
    ("interventions", "words"),
    [
        ((say("Dan", "No.", at=1),), ("interventions.0", "'Dan'")),
        ((say("Ada", "No.", at=9),), ("due at turn 9", "over after 8")),
        ((enter("Ada", at=2),), ("'Ada' enters and is on stage all the time",)),
        ((replace_turn("No.", at=2), delete_turn(at=2)), ("turn 2 is changed by", "once")),
        ((recast(Persona(name="Dan"), at=2),), ("'Dan'",)),
        ((remember("Dan", {}, at=2),), ("'Dan'",)),
    ],
)
def test_what_makes_no_sense_is_refused(interventions: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(SceneError) as error:
        debate(graph=ALL, ends=after(turns=8), interventions=interventions)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: say("Ada", "No."), lambda: say("Ada", "No.", at=1, when=lambda view: True),
        lambda: say("Ada", " ", at=1), lambda: say("Ada", "No.", at=0),
        lambda: remember("Ada", {3: ""}, at=3), lambda: remember("Ada", {0: ""}, at=3),
        lambda: note("", at=1), lambda: noise(0, at=1), lambda: say("Ada", "No.", at=1, times=2),
    ],
)  # fmt: skip
def test_half_an_intervention_is_refused(make: Any) -> None:
    with pytest.raises(SceneError):
        make()


def test_somebody_off_stage_who_never_enters_is_refused() -> None:
    cast = (Actor(ADA), Actor(BEN), Actor(CLEO, on_stage=False))
    with pytest.raises(SceneError, match="off stage and never enters"):
        debate(cast=cast, graph=ALL)
    with pytest.raises(SceneError, match="opens the scene and is off stage"):
        debate(
            cast=(Actor(ADA, on_stage=False), Actor(BEN), Actor(CLEO)), graph=ALL,
            interventions=(enter("Ada", at=2),),
        )  # fmt: skip


def test_an_author_hears_everything_so_what_is_for_some_is_refused() -> None:
    for fields in (
        {"hearing": whispers({"Ada": "Ben"})},
        {"interventions": (whisper("Ada", "Ben", "He lies.", at=2),)},
        {"interventions": (note("(Thunder.)", to=("Ada",), at=2),)},
        {"cast": (Actor(ADA), Actor(BEN, stage="b"), Actor(CLEO))},
    ):
        with pytest.raises(SceneError, match="another layout"):
            debate(graph=ALL, layout="author", **fields)


def test_the_truth_is_undefined_after_an_intervention() -> None:
    stage = exact_stage("base")
    for interventions in ((), (say("Ben", "I was wrong.", at=2),)):
        scene = debate(graph=ALL, ends=after(turns=8), interventions=interventions)
        transcript = asyncio.run(play(scene, stage, seed=1))
        truths = asyncio.run(stage.truths(scene, transcript, 1))
        undefined = {truth.undefined for truth in truths}
        assert undefined == ({"the scene was changed"} if interventions else {None})


def test_a_scene_without_interventions_is_as_it_was() -> None:
    assert [turn for turn in run().turns if turn.source != "stage"] == []
    assert isinstance(debate(), Scene)
    assert not changes(run())
    assert all(isinstance(turn, Turn) for turn in run().turns)


def test_a_given_line_is_heard_as_any_other_of_the_scene() -> None:
    """By the scene's hearing, and not by everybody because nobody said otherwise."""
    cast = run(say("Ada", "Hush.", at=2), hearing=groups(("Ada", "Ben"), ("Cleo",)))
    assert cast.turns[1].audience == ("Ben",)
    noisy = run(noise(3, speaker="Cleo", at=2), hearing=groups(("Ada", "Ben"), ("Cleo",)))
    assert noisy.turns[1].audience == ()
    open_ = run(say("Ada", "Hush.", at=2))
    assert open_.turns[1].audience is None
