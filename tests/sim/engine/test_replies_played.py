"""Replies as the engine takes them: empty ones are asked again, thoughts reach nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from backstage.doubles import facts
from backstage.scenes import debate

from sim import Scene, Transcript, after, ask_stance, complete, play
from sim.events import Usage
from sim.scene.audience import Directed
from sim.scene.routing import Simultaneous
from sim.stage.base import LogProb, Reply, Request
from sim.store.rows import from_row, to_row


class Writes:
    """A stage that answers with what a function of the request and the number of the call says."""

    identity = "writes"

    def __init__(self, write: Callable[[Request, int], str | Reply]) -> None:
        self.write = write
        self.asked: list[Request] = []

    async def perform(self, request: Request) -> Reply:
        self.asked.append(request)
        said = self.write(request, len(self.asked))
        return said if isinstance(said, Reply) else Reply(said, usage=Usage(10, 3))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def played(scene: Scene, write: Callable[[Request, int], str | Reply]) -> tuple[Transcript, Writes]:
    stage = Writes(write)
    return asyncio.run(play(scene, stage, seed=3)), stage


EMPTY = ["Ada:", "**Ada:**", "<think>Hm.</think>", "<think>Hm", "Ben: (Ben) I'm sorry.", '""', " "]


@pytest.mark.parametrize("nothing", EMPTY)
def test_a_reply_without_words_is_asked_again_with_a_new_seed(nothing: str) -> None:
    transcript, stage = played(
        debate(ends=after(turns=1)), lambda _, call: nothing if call == 1 else "Well?"
    )
    assert [turn.text for turn in transcript.turns] == ["Well?"]
    assert transcript.turns[0].usage == Usage(20, 6), "both calls were paid"
    first, second = stage.asked
    assert first.prompt.digest == second.prompt.digest
    assert first.seed != second.seed


def test_nothing_said_three_times_is_a_failure() -> None:
    transcript, stage = played(debate(), lambda request, _: f"{request.speaker}:")
    assert [failure.reason for failure in transcript.failures] == ["empty"]
    assert len(stage.asked) == 3


def test_those_who_speak_at_once_are_asked_again_each_alone() -> None:
    seen: set[str] = set()

    def write(request: Request, _: int) -> str:
        if request.speaker in seen:
            return "Well?"
        seen.add(request.speaker)
        return f"{request.speaker}:"

    scene = debate(
        graph=complete("Ada", "Ben", "Cleo"), routing=Simultaneous(), ends=after(turns=3)
    )
    transcript, stage = played(scene, write)
    assert [turn.text for turn in transcript.turns] == ["Well?"] * 3
    assert len(stage.asked) == 6


def secretive(request: Request, call: int) -> str | Reply:
    if request.purpose != "turn":
        return '<think>SECRET {"stance": -1}</think>{"stance": 1}'
    if call % 2:
        return Reply(f"<think>SECRET {call}</think>Line {call}.", usage=Usage(1, 1))
    return Reply(f"Line {call}.", thought=f"SECRET {call}", usage=Usage(1, 1))


LAYOUTS = ("persona_first", "transcript_first", "screenplay")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_thought_is_kept_and_reaches_nobody(layout: str) -> None:
    scene = debate(layout=layout, probes=(ask_stance("sell", every=1),), ends=after(turns=6))
    transcript, stage = played(scene, secretive)
    assert all(turn.thought.startswith("SECRET") for turn in transcript.turns)
    assert not any("SECRET" in turn.text + turn.cut for turn in transcript.turns)
    assert not any("SECRET" in request.prompt.joined() for request in stage.asked)
    assert {answer.value for answer in transcript.answers} == {1.0}, "the thought has no stance"


def test_what_an_author_thought_stands_with_the_first_turn() -> None:
    def write(request: Request, call: int) -> str:
        if call == 1:
            return "<think>SECRET</think>Nobody: Hm."
        order = request.prompt.joined().rpartition("no others: ")[2].partition(".")[0].split(", ")
        lines: Sequence[str] = [f"**{name}:** Line." for name in order]
        return "<think>SECRET</think>Here are the next turns:\n\n" + "\n".join(lines)

    transcript, stage = played(debate(layout="author", block=3, ends=after(turns=3)), write)
    assert [turn.thought for turn in transcript.turns] == ["SECRET", "", ""]
    assert [turn.text for turn in transcript.turns] == ["Line."] * 3
    assert not any("SECRET" in request.prompt.joined() for request in stage.asked)


def test_a_thought_is_stored_only_where_there_is_one() -> None:
    transcript, _ = played(debate(ends=after(turns=2)), secretive)
    for turn in transcript.turns:
        assert from_row(to_row("t", turn)) == turn
    plain, _ = played(debate(ends=after(turns=2)), lambda _, call: f"Line {call}.")
    assert not any("thought" in str(to_row("t", turn)) for turn in plain.turns)
    assert not any("thought" in line for line in facts(plain))


def test_strangers_walk_into_scripts_and_colons_stay_in_speeches() -> None:
    said = "We gain.\n\nEdmund: You do not.\n\nEconomically: Nobody pays."
    [spoken], [written] = (
        played(debate(layout=layout, ends=after(turns=1)), lambda *_: said)[0].turns
        for layout in ("persona_first", "screenplay")
    )
    assert (spoken.text, spoken.strangers) == (said, ())
    assert (written.text, written.strangers) == ("We gain.", ("Edmund",))


WHISPERS = [
    "(to Ben) Not here.",
    "{}: (to Ben) Not here.",
    "{} (to Ben): Not here.",
    "**{} (to Ben alone):** Not here.",
]


@pytest.mark.parametrize("said", WHISPERS)
def test_a_whisper_stays_a_whisper_however_it_is_labelled(said: str) -> None:
    names = ("Ada", "Ben", "Cleo")
    scene = debate(hearing=Directed(cast=names), graph=complete(*names), ends=after(turns=1))
    [turn] = played(scene, lambda request, _: said.format(request.speaker))[0].turns
    assert turn.speaker == "Ada"
    assert turn.audience == ("Ben",)
