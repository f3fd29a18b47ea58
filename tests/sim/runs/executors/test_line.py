"""What a line sends at once, and who waits for the commit of it."""

from __future__ import annotations

import asyncio

from sim.runs.executors.remote.line import MOST, Line
from sim.runs.executors.remote.messages import Message, packed, unpacked


def answers(batch: list[Message]) -> bytes:
    """What the other end answers when it has committed a batch."""
    return packed(
        [Message(0, "answer", (each.number, None)) for each in batch if each.name == "commit"]
    )


async def test_a_burst_is_sent_in_parts_and_the_first_goes_on_before_the_last_is_sent() -> None:
    line, begun = Line(), list[int]()

    async def turn(number: int) -> None:
        for _ in range(MOST // 4):
            line.tell("event", number)
        await line.committed()
        begun.append(number)

    turns = [asyncio.create_task(turn(number)) for number in range(10)]
    await asyncio.sleep(0)
    sent: list[Message] = []
    while len(begun) < 10:
        before = len(begun)
        batch = unpacked(await line.collect())
        assert len(batch) <= MOST + 1
        sent += batch
        line.deliver(answers(batch))
        await asyncio.sleep(0.001)
        assert len(begun) == min(before + 4, 10)
    await asyncio.gather(*turns)
    told = [each.arguments[0] for each in sent if each.name == "event"]
    assert told == sorted(told)
    assert len(told) == 10 * (MOST // 4)


async def test_nobody_goes_on_before_what_it_told_is_committed() -> None:
    line = Line()
    for _ in range(MOST + 1):
        line.tell("event")
    waiting = asyncio.create_task(line.committed())
    await asyncio.sleep(0)
    first = unpacked(await line.collect())
    assert [each.name for each in first if each.name == "commit"] == []
    line.deliver(answers(first))
    await asyncio.sleep(0)
    assert not waiting.done()
    last = unpacked(await line.collect())
    assert [each.name for each in last] == ["event", "commit"]
    line.deliver(answers(last))
    await waiting


async def test_what_is_told_last_goes_with_the_last_of_it() -> None:
    line = Line()
    line.before_collecting = lambda: line.tell("used by")
    for _ in range(2 * MOST):
        line.tell("event")
    first, last = unpacked(await line.collect()), unpacked(await line.collect())
    assert {each.name for each in first} == {"event"}
    assert [each.name for each in last[-2:]] == ["event", "used by"]
    assert len(last) == MOST + 1
    line.tell("event")
    assert [each.name for each in unpacked(await line.collect())] == ["event", "used by"]
