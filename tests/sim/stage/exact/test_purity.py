"""The stage is a function of its prompt and a seed: it remembers nothing but what it can read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from types import ModuleType
from typing import Any

import pytest

from sim.events import Turn
from sim.layouts import LAYOUTS, render
from sim.layouts.prompt import Prompt
from sim.scene.probes import ask_stance
from sim.seeds import derive
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact import speech as speech_module
from sim.stage.exact.observations import Lines
from sim.stage.exact.parameters import MECHANISMS, Parameters
from sim.stage.exact.tables import KINDS
from sim.transcript import Transcript


def replies(stage: ExactStage, requests: list[Request]) -> list[tuple[str, str, bool | None]]:
    async def ask() -> list[tuple[str, str, bool | None]]:
        answers = [await stage.perform(request) for request in requests]
        return [(reply.text, reply.finish, reply.exact) for reply in answers]

    return asyncio.run(ask())


def asked(ancestral: ModuleType, watching: ModuleType, parameters: Parameters) -> list[Request]:
    """Requests of all sorts: of three speakers in two scenes and all layouts, with foreign text."""
    cast = watching.company(ancestral)
    requests: list[Request] = []
    for number, layout in enumerate(LAYOUTS):
        players = cast if number != 1 else [replace(one, temperament=()) for one in cast]
        scene = watching.scene_of(players, 99, layout)
        world = ancestral.World(parameters)
        lines = watching.lines_of(world.play(players, 15, Random(number), watching.TOPIC))
        if number == 2:
            lines[4] = (lines[4][0], "Nonsense. You are a liar, and I have had enough of it.")
        turns = watching.as_turns(lines)
        for heard in range(0, 16, 2):
            for one in players:
                prompt = render(scene, turns[:heard], one.name)
                seed = derive(5, number, heard, one.name)
                requests.append(Request(prompt, seed, one.name, stop=("\nAda:",)))
                requests.append(Request(prompt, seed, one.name, "probe", schema={"type": "number"}))
    return requests


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_reply_does_not_depend_on_what_was_asked_before(
    ancestral: ModuleType, watching: ModuleType, kind: str, mechanism: str
) -> None:
    parameters = Parameters(kind=kind, mechanism=mechanism, window=3)
    requests = asked(ancestral, watching, parameters)
    expected = [replies(ExactStage(parameters), [request])[0] for request in requests[::7]]
    stage = ExactStage(parameters)
    order = list(range(len(requests)))
    Random(1).shuffle(order)
    shuffled = dict(zip(order, replies(stage, [requests[n] for n in order]), strict=True))
    assert [shuffled[n] for n in range(0, len(requests), 7)] == expected
    again = replies(stage, requests)
    assert again == [shuffled[n] for n in range(len(requests))]
    assert {exact for *_, exact in again} == {True, False}


def test_forgetting_changes_nothing(
    ancestral: ModuleType, watching: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = Parameters(kind="sft_rlhf", mechanism="M3", window=3)
    requests = asked(ancestral, watching, parameters)
    expected = replies(ExactStage(parameters), requests)
    forgetful = ExactStage(parameters)
    forgetful._lines = Lines(most=7)
    monkeypatch.setattr(speech_module, "_KEPT_PROMPTS", 5)
    order = list(range(len(requests)))
    for seed in range(2):
        Random(seed).shuffle(order)
        by_request = dict(zip(order, replies(forgetful, [requests[n] for n in order]), strict=True))
        assert [by_request[n] for n in range(len(requests))] == expected
    assert len(forgetful._scripts) <= 5
    assert len(forgetful._lines._nodes) <= 7


def test_thousands_of_other_prompts_change_nothing(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    parameters = Parameters()
    requests = asked(ancestral, watching, parameters)
    stage = ExactStage(parameters)
    stage._lines = Lines(most=500)
    expected = replies(stage, requests)
    others = [
        Request(
            Prompt.start("system", f"You play P{n % 40} in a scene with Q{n}.\nSubject: Tea.").then(
                "user", f"Q{n}: Facts first, feelings later. I am firmly against this."
            ),
            n,
            f"P{n % 40}",
        )
        for n in range(6000)
    ]  # more than facts are kept for, and more than lines
    replies(stage, others)
    assert replies(stage, requests) == expected


def test_a_prompt_that_names_nobody_is_read_for_whoever_is_cued() -> None:
    start = Prompt.start("user", "Ben: You are a fraud, and not even a careful one.")
    prompt = start.then("assistant", "I am firmly against this. What else is there to say?")
    prompt = prompt.then("user", "Cleo: You are a fraud, and not even a careful one.")
    for mechanism in MECHANISMS:
        parameters = Parameters(mechanism=mechanism, provocation=1.0)
        requests = [
            Request(prompt, seed, name, schema={"type": "number"})
            for seed in range(40)
            for name in ("Ada", "Cleo")
        ]
        fresh = [replies(ExactStage(parameters), [request])[0] for request in requests]
        assert replies(ExactStage(parameters), requests) == fresh
        assert replies(ExactStage(parameters), requests[::-1]) == fresh[::-1]


@pytest.mark.parametrize("kind", KINDS)
def test_all_layouts_give_the_same_turns(
    ancestral: ModuleType, watching: ModuleType, kind: str
) -> None:
    cast = watching.company(ancestral)
    stage = ExactStage(Parameters(kind=kind))
    scenes = [watching.scene_of(cast, 30, layout) for layout in LAYOUTS]
    played = [
        [
            [(turn.speaker, turn.text, turn.exact) for turn in one.turns]
            for one in watching.played(stage, scene, range(4))
        ]
        for scene in scenes
    ]
    assert played[0] == played[1] == played[2]
    assert all(exact for scene in played[0] for _, _, exact in scene)


def test_probes_do_not_perturb(ancestral: ModuleType, watching: ModuleType) -> None:
    cast = watching.company(ancestral)
    stage = ExactStage(Parameters(kind="rlhf"))
    probe = ask_stance("it")
    plain, probed = (
        watching.played(stage, watching.scene_of(cast, 30, **more), range(4))
        for more in ({}, {"probes": (probe,)})
    )
    for one, other in zip(plain, probed, strict=True):
        assert [turn.text for turn in one.turns] == [turn.text for turn in other.turns]
        assert other.answers
        assert not other.failures


# --- The truth ------------------------------------------------------------------------------------


def truths(stage: ExactStage, scene: Any, transcript: Transcript, seed: int) -> Any:
    return asyncio.run(stage.truths(scene, transcript, seed))


def test_truths_depend_on_texts_and_their_own_seed_alone(
    ancestral: ModuleType, watching: ModuleType
) -> None:
    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, 30)
    stage = ExactStage(Parameters(mechanism="M0"))
    transcripts = watching.played(stage, scene, range(3))
    expected = [truths(stage, scene, one, 9) for one in transcripts]
    # A stage that did not play them, in another order; and the same words from another seed.
    fresh = ExactStage(Parameters(mechanism="M0"))
    assert [truths(fresh, scene, one, 9) for one in transcripts[::-1]] == expected[::-1]
    retold = Transcript()
    for turn in transcripts[0].turns:
        retold.append(Turn(turn.index, turn.speaker, turn.text))
    assert truths(fresh, scene, retold, 9) == expected[0]
    assert len({str(truths(stage, scene, transcripts[0], seed)) for seed in range(10)}) > 5
    for paths in expected:
        assert [path.actor for path in paths] == ["Ada", "Ben", "Cleo"]
        assert [path.turns for path in paths] == [tuple(range(seat, 31, 3)) for seat in (1, 2, 3)]
        assert all(len(path.characters) == len(path.stances) == 10 for path in paths)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_truths_are_undefined_after_foreign_text(
    ancestral: ModuleType, watching: ModuleType, layout: str
) -> None:
    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, 12, layout)
    stage = ExactStage(Parameters())
    (transcript,) = watching.played(stage, scene, [3])
    assert all(path.undefined is None for path in truths(stage, scene, transcript, 1))
    edited = Transcript()
    for turn in transcript.turns:
        text = "I beg to differ, strongly." if turn.index == 5 else turn.text
        edited.append(Turn(turn.index, turn.speaker, text))
    for path in truths(stage, scene, edited, 1):
        assert path.undefined == "foreign text was heard"
        assert path.characters == path.stances == path.turns == ()


def test_who_never_spoke_has_no_truth(ancestral: ModuleType, watching: ModuleType) -> None:
    scene = watching.scene_of(watching.company(ancestral), 2)
    stage = ExactStage(Parameters())
    (transcript,) = watching.played(stage, scene, [3])
    undefined = [path.undefined for path in truths(stage, scene, transcript, 1)]
    assert undefined == [None, None, "never spoke"]


def test_a_stated_stance_is_the_true_one(ancestral: ModuleType, watching: ModuleType) -> None:
    from sim.stage.exact.grammar import parse

    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, 30)
    stage = ExactStage(Parameters())
    (transcript,) = watching.played(stage, scene, [3])
    texts = {turn.index: turn.text for turn in transcript.turns}
    stated = 0
    for path in truths(stage, scene, transcript, 1):
        for index, z, x in zip(path.turns, path.characters, path.stances, strict=True):
            level = parse(texts[index])[0].level
            if level is not None and z not in ("loop", "partner"):  # who repeats does not state
                stated += 1
                assert x == -1 + level / 4
    assert stated > 8
