"""A person on stage: what she is shown, how long she has, and who speaks if she does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from backstage.doubles import Murmur, Says, in_virtual_time
from backstage.scenes import ADA, BEN, CLEO, debate

from sim import Actor, Transcript, after, ask_stance, complete, play
from sim.errors import StageError
from sim.events import Usage
from sim.layouts.prompt import Prompt
from sim.scene.actor import HUMAN
from sim.scene.audience import heard_by, whispers
from sim.scene.interventions import enter, leave, note
from sim.stage.base import Reply, Request, Stage
from sim.stage.human import LATE, HumanStage, Seen

LAYOUTS = ("persona_first", "transcript_first", "screenplay")
PAGE = Prompt.start("system", "You play Ada.").then("user", "Ben: Well?")


def turn(text: str = "Ben: Well?", speaker: str = "Ada") -> Request:
    return Request(Prompt.start("system", f"You play {speaker}.").then("user", text), 7, speaker)


def question(page: Prompt = PAGE) -> Request:
    schema = {"title": "answer", "type": "object", "properties": {"stance": {"type": "number"}}}
    return Request(page.then("user", "\n\n[Off stage] Where?"), 7, "Ada", "probe", schema=schema)


def after_seconds(seconds: float, text: str = "I am here.") -> Callable[[Seen], Awaitable[str]]:
    async def speak(seen: Seen) -> str:
        await asyncio.sleep(seconds)
        return text

    return speak


def performed(stage: HumanStage, request: Request) -> tuple[Reply, float]:
    reply, seconds = in_virtual_time(stage.perform(request))
    return reply, seconds


# -- the time limit and what is said otherwise -----------------------------------------------------


@pytest.mark.parametrize("seconds", [None, 5.5])
def test_what_she_says_in_time_is_said(seconds: float | None) -> None:
    stage = HumanStage(after_seconds(5, "  I am here. \n"), seconds=seconds, fallback="Hm.")
    reply, took = performed(stage, turn())
    assert (reply.text, reply.finish, reply.retries, took) == ("I am here.", "stop", (), 5)


@pytest.mark.parametrize(
    ("speak", "took"),
    [(after_seconds(9), 4), (after_seconds(1, " \n"), 1), (after_seconds(0, ""), 0)],
    ids=["late", "blank", "nothing"],
)
def test_else_the_fallback_speaks(speak: Any, took: float) -> None:
    class Model(Murmur):
        async def perform(self, request: Request) -> Reply:
            usage = Usage(5, 3, 1, 0.25)
            return Reply("A model.", "length", usage, True, 2.0, ("rate-limit",))

    reply, seconds = performed(HumanStage(speak, seconds=4, fallback=Model()), turn())
    assert (reply.text, reply.finish, reply.exact) == ("A model.", "length", True)
    assert (reply.usage, reply.retries) == (Usage(5, 3, 1, 0.25), (LATE, "rate-limit"))
    assert seconds == took
    reply, _ = performed(HumanStage(speak, seconds=4, fallback="I pass."), turn())
    assert (reply.text, reply.retries) == ("I pass.", (LATE,))
    for fallback, request in ((None, turn()), (None, question()), ("I pass.", question())):
        with pytest.raises(StageError) as error:
            performed(HumanStage(speak, seconds=4, fallback=fallback), request)
        assert (error.value.reason, str(error.value).split()[0]) == (LATE, "Ada")


def test_a_model_answers_a_question_in_its_form() -> None:
    stage = HumanStage(after_seconds(9), seconds=4, fallback=Says("No.", '{"stance": 0.5}'))
    reply, _ = performed(stage, question())
    assert (reply.text, reply.retries) == ('{"stance": 0.5}', (LATE,))


def test_she_is_asked_one_thing_at_a_time_and_has_the_time_for_each() -> None:
    asked: list[str] = []
    running = most = 0

    async def speak(seen: Seen) -> str:
        nonlocal running, most
        asked.append(seen.speaker)
        running += 1
        most = max(most, running)
        await asyncio.sleep(3)
        running -= 1
        return f"{seen.speaker} it is."

    async def all_at_once() -> list[Reply]:
        stage = HumanStage(speak, seconds=3.5)
        return await asyncio.gather(*(stage.perform(turn(speaker=name)) for name in "ABC"))

    replies, seconds = in_virtual_time(all_at_once())
    assert [reply.text for reply in replies] == ["A it is.", "B it is.", "C it is."]
    assert (asked, most, seconds) == (["A", "B", "C"], 1, 9)


def test_a_question_that_is_taken_back_makes_way_for_the_next() -> None:
    async def main() -> Reply:
        stage = HumanStage(after_seconds(2))
        first = asyncio.ensure_future(stage.perform(turn()))
        second = asyncio.ensure_future(stage.perform(turn()))
        await asyncio.sleep(1)
        first.cancel()
        return await second

    reply, seconds = in_virtual_time(main())
    assert (reply.text, seconds) == ("I am here.", 3)


def test_what_breaks_is_not_taken_for_silence() -> None:
    async def speak(seen: Seen) -> str:
        raise KeyError("defect")

    with pytest.raises(KeyError):
        performed(HumanStage(speak, seconds=4, fallback="Hm."), turn())


async def test_a_person_is_a_stage_like_others() -> None:
    stage = HumanStage(after_seconds(0))
    assert isinstance(stage, Stage)
    assert (stage.identity, stage.info.free) == (HUMAN, True)
    assert await stage.log_prob(turn(), "Well?") is None


# -- what she is shown -----------------------------------------------------------------------------


def test_she_is_told_what_is_wanted() -> None:
    seen: list[Seen] = []

    async def speak(one: Seen) -> str:
        seen.append(one)
        return "0.5"

    async def main() -> None:
        stage = HumanStage(speak, seconds=9)
        await stage.perform(turn())
        await stage.perform(question())
        page = PAGE.then("assistant", "0.5").then("user", "Ben: So?")
        await stage.perform(Request(page, 8, "Ada"))

    in_virtual_time(main())
    assert [(one.purpose, one.typed, one.seconds) for one in seen] == [
        ("turn", False, 9), ("probe", True, 9), ("turn", False, 9),
    ]  # fmt: skip
    assert [one.new for one in seen] == [
        "You play Ada.\n\nBen: Well?", "[Off stage] Where?", "0.5\n\nBen: So?",
    ]  # fmt: skip
    assert seen[2].page == "You play Ada.\n\nBen: Well?\n\n0.5\n\nBen: So?"


def company(layout: str, **fields: Any) -> Any:
    """Ada, whom a person plays, with two who whisper to one another; each has a secret."""
    cast = (
        Actor(ADA, stage=HUMAN),
        Actor(BEN.model_copy(update={"secret": "He sold it already."})),
        Actor(CLEO.model_copy(update={"secret": "She owns a share."})),
    )
    return debate(
        cast=cast, graph=complete("Ada", "Ben", "Cleo"), layout=layout, ends=after(turns=14),
        hearing=whispers({"Ben": "Cleo"}), probes=(ask_stance("sell", every=3),),
        interventions=(
            note("(Thunder.)", at=2), note("(A knock, for Cleo.)", to=("Cleo",), at=3),
            leave("Ada", at=7), enter("Ada", at=10),
        ),
        **fields,
    )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_she_sees_what_her_actor_can_see(layout: str) -> None:
    shown: list[Seen] = []

    async def speak(seen: Seen) -> str:
        shown.append(seen)
        return f"Line {len(shown)}."

    scene = company(layout)
    stages = {HUMAN: HumanStage(speak)}
    transcript: Transcript = asyncio.run(play(scene, Murmur(), seed=3, stages=stages))
    hers = [t for t in transcript.turns if t.speaker == "Ada"]
    assert len(hers) >= 3
    assert {one.speaker for one in shown} == {"Ada"}
    told = "".join(one.new for one in shown)
    for turn in transcript.turns:
        assert any(turn.text in one.page for one in shown) <= heard_by("Ada", turn)
        if turn.index < hers[-1].index and heard_by("Ada", turn):
            assert turn.text in told
        assert turn.source == ("human" if turn.speaker == "Ada" else "stage")
    secret = [t for t in transcript.turns if t.speaker == "Ben" or t.absent]
    assert len(secret) > 4
    for words in ("He sold it", "She owns", "for Cleo"):
        assert not any(words in one.page for one in shown)
    assert "Her own well has run dry." in shown[0].new
    assert told.count("(Thunder.)") == 1
    # What a question has shown of the past is not shown again with the next turn.
    for turn in transcript.turns:
        assert sum(turn.text in one.new for one in shown) <= 1


def test_who_said_it_is_kept() -> None:
    answers = iter([""])

    async def speak(seen: Seen) -> str:
        return next(answers)

    for fallback in (Says("A model."), "A line."):
        answers = iter(["I say no.", *[""] * 30])
        stages = {HUMAN: HumanStage(speak, fallback=fallback)}
        told = asyncio.run(play(company("screenplay"), Murmur(), seed=3, stages=stages))
        hers = [(t.text, t.source) for t in told.turns if t.speaker == "Ada"]
        other = "A line." if fallback == "A line." else "A model."
        assert hers == [("I say no.", "human"), *[(other, "stage")] * (len(hers) - 1)]
        values = {(a.value, a.missing) for a in told.answers if a.actor == "Ada"}
        if fallback == "A line.":
            assert values == {(None, "late: Ada gave no answer")}
        else:
            assert values == {(0.0, None)}


def test_nobody_there_is_a_failed_turn() -> None:
    stages = {HUMAN: HumanStage(after_seconds(9), seconds=2)}
    told, _ = in_virtual_time(play(company("screenplay"), Murmur(), seed=3, stages=stages))
    [failure] = told.failures
    assert (failure.actor, failure.reason) == ("Ada", LATE)
    assert failure.message == "Ada said nothing within 2 s"
    assert told.ended.status == "failed"


def shown_in(*pages: Prompt) -> list[str]:
    """What is new on each page, of turns one after another."""
    new: list[str] = []

    async def speak(seen: Seen) -> str:
        new.append(seen.new)
        return "Yes."

    async def main() -> None:
        stage = HumanStage(speak)
        for page in pages:
            await stage.perform(Request(page, 1, "Ada"))

    asyncio.run(main())
    return new


def test_in_another_scene_everything_is_new() -> None:
    opening = Prompt.start("system", "You play Ada.")
    first = opening.then("user", "Ben: We must wait.").then("assistant", "No.")
    second = opening.then("user", "Ben: We must walk.")
    assert shown_in(first.then("user", "Ben: Why?"), second)[1].endswith("Ben: We must walk.")
    assert shown_in(second, second)[1] != ""


def test_a_name_is_shown_whole() -> None:
    opening = Prompt.start("system", "A scene.")
    cue = "You play Yorick."
    second = opening.then("user", "Yorick: Alas.\n\n").then("user", cue)
    assert shown_in(opening.then("user", cue), second)[1].startswith("Yorick: Alas.")
