"""Routers in a scene: what they ask is asked in private, recorded, retried, and falls back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from backstage.doubles import Around, Murmur, facts, in_virtual_time, turns
from backstage.scenes import debate

from sim import Scene, Transcript, after, ask_stance, complete, play, ring, star
from sim.errors import SceneError, StageError
from sim.events import Answer, FellBack, Intervened, Turn
from sim.scene.routing import (
    Bidding,
    ChosenBy,
    FixedOrder,
    Inquiry,
    Interrupts,
    LongestWait,
    Phase,
    Scripted,
    Simultaneous,
    Walk,
    moderated,
    phases,
)
from sim.stage.base import LogProb, Reply, Request
from sim.stage.exact import exact_stage
from sim.stage.fixed import FixedLines

ALL = complete("Ada", "Ben", "Cleo")


class Answers:
    """Says a line on every turn, and answers questions as a function tells it."""

    free = True
    identity = "answers:"

    def __init__(self, answer: Callable[[Request], str]) -> None:
        self.answer = answer

    async def perform(self, request: Request) -> Reply:
        if request.schema is None:
            return Reply(f"{request.speaker} speaks.")
        return Reply(self.answer(request))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def run(scene: Scene, stage: Any, seed: int = 1, **options: Any) -> Transcript:
    return asyncio.run(play(scene, stage, seed=seed, **options))


def speakers(transcript: Transcript) -> list[str]:
    return [turn.speaker for turn in transcript.turns]


def test_a_moderator_chooses_by_a_typed_answer() -> None:
    scene = debate(graph=star("Ada", "Ben", "Cleo"), routing=moderated("Ada"), ends=after(turns=7))
    stage = Around(Answers(lambda request: '{"next": "Cleo"}'))
    transcript = run(scene, stage)
    assert speakers(transcript) == ["Ada", "Cleo"] * 3 + ["Ada"]
    asked = [(a.turn, a.actor, a.key, a.value, a.gauge) for a in transcript.answers]
    assert asked == [(t, "Ada", "floor:next", "Cleo", True) for t in (1, 3, 5)]
    request = next(one for one in stage.asked if one.purpose == "gauge")
    assert request.schema is not None
    assert request.schema["properties"]["next"]["enum"] == ["Ben", "Cleo"]
    spoken = [one.prompt.joined() for one in stage.asked if one.purpose == "turn"]
    assert not any("Who should speak next" in prompt for prompt in spoken)


def test_nonsense_is_shown_its_error_then_the_fallback_decides_and_both_are_recorded() -> None:
    routing = ChosenBy("Ada", fallback=LongestWait(), attempts=3)
    scene = debate(graph=star("Ada", "Ben", "Cleo"), routing=routing, ends=after(turns=3))
    stage = Around(Answers(lambda request: '{"next": "Old Tom"}'))
    transcript = run(scene, stage)
    samples = [(a.sample, a.raw, a.missing) for a in transcript.answers]
    missing = "'Old Tom' is none of the options"
    assert samples == [(sample, '{"next": "Old Tom"}', missing) for sample in range(3)]
    [fell] = [event for event in transcript.events if isinstance(event, FellBack)]
    assert fell == FellBack(2, "Ada", "floor:next", "no answer named anybody")
    asked = [one.prompt for one in stage.asked if one.purpose == "gauge"]
    assert missing in asked[1].text
    assert [chunk.text for chunk in asked[2].chunks()].count('{"next": "Old Tom"}') == 2
    assert len({one.seed for one in stage.asked}) == len(stage.asked)
    assert len(speakers(transcript)) == 3


def test_a_call_that_fails_falls_back_too() -> None:
    async def broken(request: Request) -> None:
        if request.schema is not None:
            raise StageError("timeout", "no reply")

    scene = debate(graph=ALL, routing=Bidding(), ends=after(turns=4))
    transcript = run(scene, Around(Murmur(), broken))
    fell = [event for event in transcript.events if isinstance(event, FellBack)]
    assert [event.turn for event in fell] == [2, 3, 4]
    assert {event.reason for event in fell} == {"nobody bid"}
    assert {answer.missing for answer in transcript.answers} == {"timeout: no reply"}
    assert len(transcript) == 4


def test_the_last_speaker_chooses() -> None:
    def answer(request: Request) -> str:
        return '{"next": "Cleo"}' if request.speaker == "Ada" else '{"next": "Ada"}'

    scene = debate(graph=ALL, routing=ChosenBy(), ends=after(turns=6))
    assert speakers(run(scene, Answers(answer))) == ["Ada", "Cleo"] * 3


def test_the_highest_bid_has_the_floor_and_ties_are_broken_by_the_seed() -> None:
    bids = {"Ada": 0.2, "Ben": 0.9, "Cleo": 0.5}
    scene = debate(graph=ALL, routing=Bidding(), ends=after(turns=6))
    high = run(scene, Answers(lambda request: f'{{"urge": {bids[request.speaker]}}}'))
    assert speakers(high) == ["Ada", "Ben", "Cleo", "Ben", "Cleo", "Ben"]
    even = [run(scene, Answers(lambda request: '{"urge": 0.5}'), seed) for seed in range(12)]
    assert len({tuple(speakers(one)) for one in even}) > 6


def test_a_bid_above_the_threshold_interrupts() -> None:
    def answer(request: Request) -> str:
        loud = request.speaker == "Cleo" and "Cleo speaks" not in request.prompt.joined()
        return f'{{"urge": {0.9 if loud else 0.1}}}'

    routing = Interrupts(FixedOrder(), threshold=0.8)
    scene = debate(graph=ALL, routing=routing, ends=after(turns=5))
    transcript = run(scene, Answers(answer))
    assert speakers(transcript) == ["Ada", "Cleo", "Ada", "Ben", "Cleo"]
    assert {answer.key for answer in transcript.answers} == {"floor:interrupt"}


def test_a_round_is_answered_at_once_and_recorded_in_seat_order() -> None:
    scene = debate(graph=ALL, routing=Simultaneous(), ends=after(turns=9))
    stage = Around(FixedLines(["Yes."], latency=0.05))
    transcript, seconds = in_virtual_time(play(scene, stage, seed=1))
    assert seconds == pytest.approx(3 * 0.05)
    assert speakers(transcript) == ["Ada", "Ben", "Cleo"] * 3
    assert [turn.cued for turn in transcript.turns] == [0, 0, 0, 3, 3, 3, 6, 6, 6]
    for request, turn in zip(stage.asked, transcript.turns, strict=True):
        told = request.prompt.joined()
        assert told.count("Yes.") == turn.cued, "nobody hears the others of the round"
    second = stage.asked[4].prompt.messages()
    assert [message.role for message in second] == ["system", "user", "assistant", "user"]
    assert second[2].text == "Yes.", "its own turn comes before what the others said meanwhile"
    assert second[3].text == "Ada: Yes.\n\nCleo: Yes."


def test_a_round_is_cut_where_the_scene_is_over() -> None:
    scene = debate(graph=ALL, routing=Simultaneous(), ends=after(turns=7))
    transcript = run(scene, Murmur())
    assert len(transcript) == 7
    assert transcript.ended is not None
    assert transcript.ended.reason == "after 7 turns"


def test_what_is_due_within_a_round_is_asked_when_it_is_over() -> None:
    probes = (ask_stance("sell", every=2),)
    scene = debate(graph=ALL, routing=Simultaneous(), ends=after(turns=6), probes=probes)
    transcript = run(scene, Murmur())
    assert sorted({answer.turn for answer in transcript.answers}) == [0, 3, 6]


def test_a_turn_that_fails_in_a_round_keeps_those_before_it() -> None:
    async def broken(request: Request) -> None:
        if request.speaker == "Ben":
            raise StageError("timeout", "no reply")

    scene = debate(graph=ALL, routing=Simultaneous(), ends=after(turns=6))
    transcript = run(scene, Around(Murmur(), broken))
    assert speakers(transcript) == ["Ada"]
    assert transcript.ended is not None
    assert (transcript.ended.turn, transcript.ended.status) == (1, "failed")
    assert [(failure.turn, failure.actor) for failure in transcript.failures] == [(2, "Ben")]


def test_phases_are_announced_and_conditions_see_them() -> None:
    seen: list[str] = []

    def over(view: Any) -> bool:
        seen.append(view.phase)
        return bool(view.turns >= 5)

    routing = phases(
        Phase(FixedOrder(), turns=3, name="opening", note="(Opening statements.)"),
        Phase(Bidding(), until=over, name="debate", note="(The floor is open.)"),
        Phase(Scripted("Ada"), name="closing"),
    )
    scene = debate(graph=ALL, routing=routing, ends=after(turns=20))
    stage = Around(exact_stage("base"))
    transcript = run(scene, stage)
    told = [e for e in transcript.events if isinstance(e, Intervened)]
    names = [(e.turn, e.detail["phase"]) for e in told]
    assert names[:2] == [(1, "opening"), (4, "debate")]
    assert "debate" in seen
    assert transcript.ended is not None
    assert transcript.ended.reason in (
        "the script is over", "Ada is next in the script and cannot speak",
    )  # fmt: skip
    first_bid = next(r for r in stage.asked if r.purpose == "gauge")
    assert "(The floor is open.)" in first_bid.prompt.joined(), "told before anybody is asked"
    assert any(turn.exact for turn in transcript.turns), "a stage direction is no foreign text"


@pytest.mark.parametrize(
    ("routing", "words"),
    [
        (FixedOrder(("Ada", "Ben")), ("FixedOrder", "'Cleo'", "left out")),
        (FixedOrder(("Ben", "Ada", "Cleo")), ("begins with 'Ben'",)),
        (FixedOrder(("Ada", "Ben", "Dan")), ("'Dan' is not in the graph",)),
        (Scripted("Ada", "Ada"), ("'Ada' follows 'Ada'", "add an edge")),
        (ChosenBy("Dan"), ("ChosenBy.who", "'Dan'")),
        (Interrupts(ChosenBy("Dan")), ("ChosenBy.who", "'Dan'")),
        (phases(Phase(Walk(), turns=2), Phase(Scripted("Ada", "Ada"))), ("Phases.1", "'Ada'")),
    ],
)
def test_a_router_that_cannot_walk_the_graph_is_refused(
    routing: Any, words: tuple[str, ...]
) -> None:
    with pytest.raises(SceneError) as error:
        debate(graph=ALL, routing=routing)
    for word in words:
        assert word in str(error.value)


def test_names_that_differ_in_case_alone_are_refused_where_one_is_chosen() -> None:
    from sim import Actor, Persona

    cast = (Actor(Persona(name="Ada")), Actor(Persona(name="ADA")), Actor(Persona(name="Ben")))
    graph = complete("Ada", "ADA", "Ben")
    Scene(topic="Tea?", cast=cast, graph=graph, routing=Walk(), ends=after(turns=3))
    with pytest.raises(SceneError, match="differ in their case alone"):
        Scene(topic="Tea?", cast=cast, graph=graph, routing=ChosenBy(), ends=after(turns=3))


def test_a_router_that_asks_for_ever_is_told_so() -> None:
    class Circle(Bidding):
        __slots__ = ()

        def answered(self, state: Any, inquiry: Inquiry, answers: Any) -> Any:
            return state

    with pytest.raises(SceneError, match="asked 32 questions before turn 2"):
        run(debate(graph=ALL, routing=Circle()), Answers(lambda request: '{"urge": 0.5}'))


@pytest.mark.parametrize(
    "routing", [Bidding(), ChosenBy(), Interrupts(ChosenBy()), Simultaneous()], ids=repr
)
@pytest.mark.parametrize("layout", ["persona_first", "transcript_first", "screenplay"])
def test_cut_off_anywhere_it_ends_as_it_would_have(routing: Any, layout: Any) -> None:
    scene = debate(graph=ALL, routing=routing, layout=layout, ends=after(turns=8))
    whole = run(scene, Murmur(), 4)
    for cut in range(0, len(whole.events), 3):
        stage = Around(Murmur())
        again = run(scene, stage, 4, resume=Transcript(whole.events[:cut]))
        assert sorted(facts(again)) == sorted(facts(whole))
        known = sum(isinstance(event, Turn | Answer) for event in whole.events[:cut])
        everything = sum(isinstance(event, Turn | Answer) for event in whole.events)
        assert len(stage.asked) == everything - known, "what is known is not asked"


def test_an_author_can_be_routed_by_bids() -> None:
    scene = debate(graph=ALL, routing=Bidding(), layout="author", block=3, ends=after(turns=6))
    transcript = run(scene, exact_stage("base"))
    assert len(transcript) == 6
    assert transcript.ended is not None
    assert transcript.ended.status == "done"
    with pytest.raises(SceneError, match="speak at once"):
        debate(graph=ALL, routing=phases(Phase(Simultaneous())), layout="author")


def test_seeds_of_a_walk_do_not_depend_on_what_is_asked() -> None:
    """A router around a walk that never interrupts leaves the walk as it is."""
    plain = run(debate(graph=ALL, ends=after(turns=9)), Murmur(), 3)
    calm = debate(graph=ALL, routing=Interrupts(Walk(), threshold=1.0), ends=after(turns=9))
    assert turns(run(calm, Murmur(), 3)) == turns(plain)


def test_ring_and_star_still_need_no_question() -> None:
    scene = debate(graph=ring("Ada", "Ben", "Cleo"), routing=ChosenBy(), ends=after(turns=6))
    assert run(scene, Murmur()).answers == []
