"""One context that writes for everybody: the order is the router's, the words are read strictly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from backstage.scenes import debate
from hypothesis import given
from hypothesis import strategies as st

from sim import Edge, Graph, Scene, Transcript, after, ask_stance, play
from sim.events import Usage
from sim.stage.base import LogProb, Reply, Request
from sim.stage.exact import exact_stage
from sim.text.blocks import MalformedError, read_block

words = st.text("abc ?!,.", min_size=1).map(str.strip).filter(bool)


class Writer:
    """A stage that writes what a function of the asked order and the number of the call says."""

    identity = "writer"

    def __init__(self, write: Callable[[list[str], int], str]) -> None:
        self.write = write
        self.requests: list[Request] = []

    async def perform(self, request: Request) -> Reply:
        self.requests.append(request)
        asked = next(
            chunk.text for chunk in reversed(request.prompt.chunks()) if "no others: " in chunk.text
        )
        order = asked.split("no others: ")[1].rstrip(".").split(", ")
        return Reply(self.write(order, len(self.requests)), usage=Usage(10, 3))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def well(order: list[str], call: int) -> str:
    return "\n\n".join(f"{name}: line {call}.{place}" for place, name in enumerate(order))


@given(st.lists(st.tuples(st.sampled_from(["Ada", "Ben", "The Mayor"]), words), min_size=1))
def test_a_block_reads_back(block: list[tuple[str, str]]) -> None:
    text = "\n\n".join(f"{name}: {said}" for name, said in block)
    turns = read_block(text, [name for name, _ in block])
    assert [turn.text for turn in turns] == [said for _, said in block]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "There are 0 turns where 2 were asked for"),
        ("Ada: One.", "There are 1 turns where 2"),
        ("Ben: One.\n\nAda: Two.", 'should begin with "Ada:"'),
        ("Ada: One.\n\nBen:", "Turn 2, of Ben, has no words"),
    ],
)
def test_a_malformed_block_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(MalformedError, match=problem):
        read_block(text, ["Ada", "Ben"])


def test_a_block_is_one_call_and_several_turns() -> None:
    stage = Writer(well)
    scene = debate(layout="author", block=4, ends=after(turns=6))
    turns = asyncio.run(play(scene, stage, seed=1)).turns
    assert [turn.speaker for turn in turns] == ["Ada", "Ben", "Cleo", "Ada", "Ben", "Cleo"]
    assert len(stage.requests) == 2, "four turns, and the two that are left"
    assert [turn.text for turn in turns][3:5] == ["line 1.3", "line 2.0"]
    assert [turn.usage.prompt_tokens for turn in turns] == [10, 0, 0, 0, 10, 0]
    assert len({turn.prompt for turn in turns}) == 2


def test_a_malformed_block_is_shown_its_error_and_written_again() -> None:
    stage = Writer(lambda order, call: "Nobody: Hm." if call == 1 else well(order, call))
    transcript = asyncio.run(play(debate(layout="author", ends=after(turns=3)), stage, seed=1))
    assert [turn.text for turn in transcript.turns] == ["line 2.0", "line 2.1", "line 2.2"]
    assert transcript.failures == []
    first, second = stage.requests
    shown = second.prompt.joined()
    assert shown.startswith(first.prompt.joined())
    assert 'should begin with "Ada:" and begins with "Nobody: Hm."' in shown
    assert first.seed != second.seed


def test_a_block_that_stays_malformed_is_a_failure() -> None:
    stage = Writer(lambda order, call: "Hm.")
    transcript = asyncio.run(play(debate(layout="author"), stage, seed=1))
    assert len(stage.requests) == 3
    assert [failure.reason for failure in transcript.failures] == ["malformed"]
    assert transcript.ended is not None
    assert transcript.ended.status == "failed"


def half(order: list[str], call: int) -> str:
    """The first turn asked for, and then one of somebody who is not due."""
    others = [name for name in ("Ada", "Ben", "Cleo") if name not in order[1:2]]
    return f"{order[0]}: line {call}.\n\n{others[-1]}: I was not asked."


def test_a_block_whose_end_cannot_be_read_counts_as_far_as_it_can() -> None:
    """After two repeated requests: what follows is asked for in the next block."""
    stage = Writer(half)
    scene = debate(layout="author", block=2, ends=after(turns=4))
    transcript = asyncio.run(play(scene, stage, seed=1))
    assert transcript.failures == []
    assert [turn.speaker for turn in transcript.turns] == ["Ada", "Ben", "Cleo", "Ada"]
    assert transcript.turns[0].text == "line 1."
    assert "I was not asked." in transcript.turns[0].cut
    assert [turn.usage.prompt_tokens for turn in transcript.turns] == [10] * 4
    assert len(stage.requests) == 3 * 3 + 1, "the last block is one turn long, and is read whole"


def test_a_short_block_goes_on_where_it_was_cut_off() -> None:
    scene = debate(layout="author", block=3, ends=after(turns=5))
    whole = asyncio.run(play(scene, Writer(lambda order, call: half(order, len(order))), seed=1))
    for at in range(len(whole.turns) + 1):
        stage = Writer(lambda order, call: half(order, len(order)))
        again = asyncio.run(play(scene, stage, seed=1, resume=Transcript(whole.turns[:at])))
        assert [turn.text for turn in again.turns] == [turn.text for turn in whole.turns]
        assert [turn.prompt for turn in again.turns] == [turn.prompt for turn in whole.turns]


def test_a_turn_is_cut_by_the_limit_only_if_it_is_the_last_that_was_written() -> None:
    class Long(Writer):
        async def perform(self, request: Request) -> Reply:
            reply = await super().perform(request)
            return Reply(reply.text, "length", reply.usage)

    def finishes(write: Callable[[list[str], int], str]) -> list[str]:
        scene = debate(layout="author", block=2, ends=after(turns=2))
        return [turn.finish for turn in asyncio.run(play(scene, Long(write), seed=1)).turns]

    assert finishes(well) == ["stop", "length"]
    more = "\n\nAda: And a turn that nobody asked for"
    assert finishes(lambda order, call: well(order, call) + more) == ["stop", "stop"]


def conditional() -> Scene:
    scene = debate()
    edges = tuple(
        Edge(source=a, target=b, when=(lambda view: True) if b == "Ben" else None)
        for a in scene.names
        for b in scene.names
        if a != b
    )
    graph = Graph(names=scene.names, edges=edges, first="Ada")
    return debate(layout="author", graph=graph, ends=after(turns=5))


def test_where_words_decide_who_is_next_a_block_is_one_turn() -> None:
    stage = Writer(well)
    asyncio.run(play(conditional(), stage, seed=1))
    assert len(stage.requests) == 5


def test_the_exact_stage_writes_blocks_in_the_order_of_the_router() -> None:
    """Exactly, since every speaker heard the same; and it goes on where it was cut off."""
    stage = exact_stage("base")
    scene = debate(layout="author", block=4, probes=(ask_stance("sell", every=2),))
    whole = asyncio.run(play(scene, stage, seed=4))
    apart = asyncio.run(play(debate(), stage, seed=4))
    assert [turn.speaker for turn in whole.turns] == [turn.speaker for turn in apart.turns]
    assert all(turn.exact for turn in whole.turns)
    for at in range(len(whole.turns)):
        again = asyncio.run(play(scene, stage, seed=4, resume=Transcript(whole.turns[:at])))
        assert [turn.text for turn in again.turns] == [turn.text for turn in whole.turns]


def test_a_refused_block_is_an_outcome_of_one_turn() -> None:
    """And it goes on from there, also where it was cut off."""

    class Refuses(Writer):
        async def perform(self, request: Request) -> Reply:
            reply = await super().perform(request)
            if len(request.prompt.chunks()) in (2, 6):
                return Reply("I would rather not.", "refusal", reply.usage)
            return reply

    def make() -> Refuses:
        return Refuses(lambda order, call: well(order, len(order)))

    scene = debate(layout="author", block=3, ends=after(turns=8))
    whole = asyncio.run(play(scene, make(), seed=1))
    assert whole.failures == []
    assert [turn.finish for turn in whole.turns][:2] == ["refusal", "stop"]
    assert whole.turns[0].text == "I would rather not."
    assert len(whole) == 8
    for at in range(len(whole.turns) + 1):
        again = asyncio.run(play(scene, make(), seed=1, resume=Transcript(whole.turns[:at])))
        assert [turn.text for turn in again.turns] == [turn.text for turn in whole.turns]
