"""Who hears what: the rules, and what a scene makes of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, Says
from backstage.scenes import debate

from sim import after, complete, play
from sim.errors import SceneError
from sim.events import Turn
from sim.scene.audience import directed, groups, heard_by, overheard, whispers
from sim.stage.exact import exact_stage

ALL = complete("Ada", "Ben", "Cleo")
NAMES = ("Ada", "Ben", "Cleo", "Dan")


def hearers(turn: Turn) -> list[str]:
    return [name for name in NAMES if heard_by(name, turn)]


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (Turn(1, "Ada", "No."), ["Ada", "Ben", "Cleo", "Dan"]),
        (Turn(1, "Ada", "No.", absent=("Ben",)), ["Ada", "Cleo", "Dan"]),
        (Turn(1, "Ada", "No.", audience=("Ben",)), ["Ada", "Ben"]),
        (Turn(1, "Ada", "No.", audience=()), ["Ada"]),
        (Turn(1, "Ada", "No.", audience=("Ben",), overheard=("Dan",)), ["Ada", "Ben", "Dan"]),
        (Turn(1, "Ada", "No.", audience=("Ben",), absent=("Ben",)), ["Ada"]),
        (Turn(1, "Ada", ""), []),
    ],
)
def test_one_place_decides_who_heard_a_turn(turn: Turn, expected: list[str]) -> None:
    assert hearers(turn) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He lies.", None), ("(to Ben) He lies.", ("Ben",)),
        ("(To Ben and Cleo) He lies.", ("Ben", "Cleo")),
        ("(whispering to Cleo) He lies.", ("Cleo",)), ("(aside) He lies.", ()), ("(ASIDE) He.", ()),
        ("(to Dan) He lies.", None), ("(to Ada) I lie.", None), ("I said (to Ben) that.", None),
        ("(to Bench) He lies.", None), ("(aside to Ben) He lies.", ("Ben",)),
    ],
)  # fmt: skip
def test_a_direction_says_whom_a_line_is_for(text: str, expected: Any) -> None:
    assert directed("Ada", "Ben", "Cleo").audience("Ada", text) == expected


def test_actors_who_choose_are_told_that_they_may() -> None:
    stage = Around(Says("(to Cleo) He lies."))
    scene = debate(graph=ALL, hearing=directed("Ada", "Ben", "Cleo"), ends=after(turns=2))
    transcript = asyncio.run(play(scene, stage, seed=1))
    assert transcript.turns[0].audience == ("Cleo",)
    assert "begin with (to NAME)" in stage.asked[0].prompt.joined()


def test_whoever_cannot_be_heard_by_all_is_told_so() -> None:
    stage = Around(Murmur())
    rule = whispers({"Ada": "Ben", "Cleo": ()})
    asyncio.run(play(debate(graph=ALL, hearing=rule, ends=after(turns=9)), stage, seed=2))
    told = {request.speaker: request.prompt.joined() for request in stage.asked}
    assert "Only Ben can hear you." in told["Ada"]
    assert "Nobody can hear you." in told["Cleo"]
    assert "can hear you" not in told["Ben"]


def test_tables_hear_their_own() -> None:
    rule = groups(("Ada", "Ben"), ("Cleo", "Dan"))
    assert rule.audience("Ada", "x") == ("Ben",)
    assert rule.audience("Dan", "x") == ("Cleo",)
    assert groups(("Ada", "Ben")).audience("Cleo", "x") is None


def test_an_eavesdropper_hears_and_the_speaker_does_not_know() -> None:
    stage = Around(Murmur())
    rule = overheard(whispers({"Ada": "Ben"}), "Cleo", of=("Ada",))
    scene = debate(graph=ALL, hearing=rule, layout="screenplay", ends=after(turns=9))
    transcript = asyncio.run(play(scene, stage, seed=2))
    whispered = [turn for turn in transcript.turns if turn.speaker == "Ada"]
    assert {(turn.audience, turn.overheard) for turn in whispered} == {(("Ben",), ("Cleo",))}
    own = [request.prompt.joined() for request in stage.asked if request.speaker == "Ada"]
    assert "Ada (to Ben alone):" in own[-1]
    assert "Cleo alone" not in own[-1]
    ears = [request.prompt.joined() for request in stage.asked if request.speaker == "Cleo"]
    assert any(turn.text in ears[-1] for turn in whispered)


@pytest.mark.parametrize(
    "make",
    [
        lambda: whispers({"Ada": "Ada"}),
        lambda: debate(graph=ALL, hearing=whispers({"Ada": "Dan"})),
        lambda: debate(graph=ALL, hearing=overheard(groups(("Ada", "Ben")), "Eve")),
    ],
)
def test_rules_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(SceneError):
        make()


def test_a_whisper_is_exact_on_the_exact_stage() -> None:
    """Each actor's law depends on what it heard alone, and all of that is in its prompt."""
    stage = exact_stage("base")
    scene = debate(graph=ALL, hearing=whispers({"Ada": "Ben"}), ends=after(turns=12))
    transcript = asyncio.run(play(scene, stage, seed=4))
    assert all(turn.exact for turn in transcript.turns)
    truths = asyncio.run(stage.truths(scene, transcript, 4))
    assert {truth.undefined for truth in truths} == {None}
