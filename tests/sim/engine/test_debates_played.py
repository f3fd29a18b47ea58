"""What debates need of the engine: answers that become turns, limits of length, actors that are
prompted in their own way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, facts
from hypothesis import given
from hypothesis import strategies as st

from sim import Actor, Edge, Graph, Persona, Scene, Transcript, after, complete, play
from sim.engine.lengths import limited
from sim.errors import SceneError
from sim.events import Answer, FellBack
from sim.layouts import render
from sim.layouts.contexts import before
from sim.scene.interventions import replace_turn
from sim.scene.routing import CrossExamination, FixedOrder, Limit, Phase, phases
from sim.scene.routing.cross_examination import EXAMINED
from sim.stage.base import LogProb, Reply, Request
from sim.stage.exact import exact_stage
from sim.stage.fixed import FixedLines

NAMES = ("Ada", "Ben")


def everybody(*names: str) -> Graph:
    """Anybody may follow anybody, oneself included."""
    edges = [Edge(source=one, target=other) for one in names for other in names]
    return Graph(names=names, edges=tuple(edges), first=names[0])


def examined(**more: Any) -> Scene:
    fields: dict[str, Any] = {
        "topic": "Tea?",
        "cast": [Actor(Persona(name=name, stances={"tea": 0.5})) for name in NAMES],
        "graph": everybody(*NAMES),
        "routing": CrossExamination((("Ada", "Ben"), ("Ben", "Ada"))),
        "ends": after(turns=8),
    }
    return Scene(**fields | more)


class Examined:
    """Asks, and answers as it is told, one answer after the other."""

    free = True
    identity = "examined:"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def perform(self, request: Request) -> Reply:
        self.asked.append(request)
        if request.schema is None:
            return Reply(f"Why, {request.speaker} wonders?")
        answer = self.answers.pop(0)
        return Reply(answer if isinstance(answer, str) else json.dumps(answer))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def test_an_answer_becomes_the_turn() -> None:
    stage = Examined(
        {"answer": "no", "because": "It is cold."}, {"answer": "Yes.", "because": "So."}
    )
    told = asyncio.run(play(examined(), stage, seed=1))
    assert [(turn.speaker, turn.text) for turn in told.turns] == [
        ("Ada", "Why, Ada wonders?"),
        ("Ben", "No. It is cold."),
        ("Ben", "Why, Ben wonders?"),
        ("Ada", "Yes. So."),
    ]
    assert told.ended is not None
    assert told.ended.reason == "the cross-examination is over"
    answers = [event for event in told.events if isinstance(event, Answer)]
    assert [(each.actor, each.key, each.gauge) for each in answers] == [
        ("Ben", EXAMINED, True),
        ("Ada", EXAMINED, True),
    ]
    assert answers[1].value == {"answer": "yes", "because": "So."}
    # Two questions aloud, two answers: nobody was asked twice for one turn.
    assert len(stage.asked) == 4


def test_nonsense_is_asked_again_with_what_is_wrong_and_then_one_speaks_freely() -> None:
    good = {"answer": "in part", "because": "Half."}
    stage = Examined("perhaps", {"answer": "maybe", "because": "x"}, {"answer": "no"}, good)
    told = asyncio.run(play(examined(), stage, seed=1))
    assert [turn.text for turn in told.turns] == [
        "Why, Ada wonders?",
        "Why, Ben wonders?",
        "Why, Ben wonders?",
        "In part. Half.",
    ]
    missing = [each.missing for each in told.answers]
    assert missing == ["no choice", "'maybe' is none of the options", "no reason", None]
    [fell] = [event for event in told.events if isinstance(event, FellBack)]
    assert (fell.turn, fell.actor, fell.key) == (2, "Ben", EXAMINED)
    again = stage.asked[2].prompt.text
    assert "no choice" in again


@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay", "author"])
@pytest.mark.parametrize("kept", range(9))
def test_a_scene_that_was_cut_off_goes_on_the_same(layout: str, kept: int) -> None:
    scene = examined(layout=layout)
    if layout == "author":
        scene = examined(layout=layout, block=1)
    stage = exact_stage("base")
    whole = asyncio.run(play(scene, stage, seed=5))
    part = Transcript(whole.events[:kept])
    around = Around(stage)
    again = asyncio.run(play(scene, around, seed=5, resume=part))
    assert facts(again) == facts(whole)
    known = sum(event.kind in ("turn", "gauge") for event in part.events)
    said = [event for event in part.events if event.kind == "turn" and not event.prompt]  # type: ignore[union-attr]
    assert len(around.asked) == 4 - (known - len(said))


def test_prompts_can_be_rendered_again_around_an_answered_turn() -> None:
    told = asyncio.run(play(examined(), exact_stage("base"), seed=5))
    for turn in told.turns:
        if turn.prompt:
            happened = before(told.events, turn)
            assert render(examined(), happened, turn.speaker).digest.hex() == turn.prompt


def test_a_changed_turn_is_changed_also_where_it_was_answered() -> None:
    stage = Examined(
        {"answer": "no", "because": "It is cold."}, {"answer": "yes", "because": "So."}
    )
    scene = examined(interventions=[replace_turn("Never.", at=2)])
    told = asyncio.run(play(scene, stage, seed=1))
    assert [turn.text for turn in told.turns][1] == "Never."
    [change] = [event for event in told.events if event.kind == "intervention"]
    assert change.detail["unsaid"] == "No. It is cold."  # type: ignore[union-attr]


def test_the_exact_stage_can_be_examined() -> None:
    told = asyncio.run(play(examined(), exact_stage("base"), seed=11))
    assert [turn.speaker for turn in told.turns] == ["Ada", "Ben", "Ben", "Ada"]
    for turn in (told.turns[1], told.turns[3]):
        assert turn.text.startswith(("Yes. ", "No. ", "In part. ", "No answer. "))


# --- Limits --------------------------------------------------------------------------------------


def limits(beyond: str, words: int | None = 3) -> Scene:
    limit = Limit(words, beyond)  # type: ignore[arg-type]
    return Scene(
        topic="Tea?",
        cast=[Actor(Persona(name=name)) for name in NAMES],
        graph=complete(*NAMES),
        routing=phases(
            Phase(FixedOrder(), turns=2, name="opening", limit=limit),
            Phase(FixedOrder(), turns=2, name="free"),
        ),
        ends=after(turns=4),
    )


@pytest.mark.parametrize(
    ("beyond", "heard", "cut"),
    [
        ("cut", "One two three", "four five."),
        ("noted", "One two three four five.", ""),
        ("struck", "", "One two three four five."),
    ],
)
def test_what_is_beyond_the_limit(beyond: str, heard: str, cut: str) -> None:
    around = Around(FixedLines(["One two three four five."]))
    told = asyncio.run(play(limits(beyond), around, seed=1))
    first, second, third, _ = told.turns
    assert (first.text, first.cut, first.over) == (heard, cut, 2)
    assert second.text == heard
    # The next phase has no limit, and says so by saying nothing.
    assert (third.text, third.cut, third.over) == ("One two three four five.", "", 0)
    heard_by_ben = around.asked[1].prompt.text
    assert ("four five" in heard_by_ben) == (beyond == "noted")


def test_no_limit_is_no_limit() -> None:
    told = asyncio.run(play(limits("cut", None), FixedLines(["One two three four."]), seed=1))
    assert [turn.over for turn in told.turns] == [0, 0, 0, 0]


@given(st.text(), st.integers(1, 20), st.sampled_from(["cut", "struck", "noted"]))
def test_nothing_is_lost_and_no_more_is_heard_than_allowed(
    text: str, words: int, beyond: str
) -> None:
    heard, rest, over = limited(text, Limit(words, beyond))  # type: ignore[arg-type]
    assert over == max(0, len(text.split()) - words)
    if beyond != "noted":
        assert len(heard.split()) <= words
    if over:
        assert (heard + rest).split() == text.split() or f"{heard} {rest}".split() == text.split()
    else:
        assert (heard, rest) == (text, "")


@pytest.mark.parametrize("bad", [{"words": 0}, {"words": 2.5}, {"words": True}, {"beyond": "cry"}])
def test_a_limit_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(SceneError, match=r"Limit\."):
        Limit(**bad)


# --- Actors prompted in their own way ------------------------------------------------------------


def test_an_actor_has_a_layout_and_a_prompt_of_its_own() -> None:
    scene = Scene(
        topic="Tea?",
        cast=[
            Actor(Persona(name="Ada"), layout="screenplay", prompt="Ada speaks in threes."),
            Actor(Persona(name="Ben")),
        ],
        graph=complete(*NAMES),
        ends=after(turns=4),
    )
    around = Around(Murmur())
    told = asyncio.run(play(scene, around, seed=1))
    ada, ben = around.asked[2].prompt, around.asked[3].prompt
    assert ada.role == "text"
    assert "Ada speaks in threes." in "".join(chunk.text for chunk in ada.chunks())
    assert ben.role == "user"
    assert "in threes" not in "".join(chunk.text for chunk in ben.chunks())
    for turn in told.turns:
        happened = before(told.events, turn)
        assert render(told.scene, happened, turn.speaker).digest.hex() == turn.prompt


def test_an_author_writes_everybody_or_nobody() -> None:
    for own, layout in (("author", "persona_first"), ("screenplay", "author")):
        with pytest.raises(SceneError, match="give all the same"):
            Scene(
                topic="Tea?",
                cast=[Actor(Persona(name="Ada"), layout=own), Actor(Persona(name="Ben"))],
                graph=complete(*NAMES),
                layout=layout,
                ends=after(turns=4),
            )


def test_an_examination_that_makes_no_sense_is_refused() -> None:
    for pairs in ((), (("Ada", "Ada"),), (("Ada", "Ben", "Cleo"),)):
        with pytest.raises(SceneError, match="CrossExamination"):
            CrossExamination(pairs)  # type: ignore[arg-type]
    with pytest.raises(SceneError, match="at least 1"):
        CrossExamination((("Ada", "Ben"),), attempts=0)
    with pytest.raises(SceneError, match="Cleo"):
        examined(routing=CrossExamination((("Ada", "Cleo"),)))
