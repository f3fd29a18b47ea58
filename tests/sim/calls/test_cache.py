"""The cache: one call for many askers, whoever of them goes away."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from sim.calls.cache import Cache
from sim.calls.stopping import Stopped
from sim.errors import StageError
from sim.stage.base import Reply


class Shelves:
    """A store in memory that commits in the next tick, as ours does."""

    def __init__(self) -> None:
        self.there: dict[str, Reply] = {}

    def find(self, request: str) -> Reply | None:
        return self.there.get(request)


class Asker:
    """A call that is answered when it is told to be."""

    def __init__(self, shelves: Shelves) -> None:
        self.shelves = shelves
        self.calls: list[asyncio.Future[str]] = []

    async def ask(self) -> Reply:
        call: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.calls.append(call)
        reply = Reply(await call)
        asyncio.get_running_loop().call_soon(self.shelves.there.__setitem__, "key", reply)
        return reply


async def ticks(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def crowd(cache: Cache, asker: Asker) -> list[asyncio.Task[tuple[Reply, bool]]]:
    return [asyncio.create_task(cache.reply("key", asker.ask)) for _ in range(10)]


async def test_ten_at_once_are_one_call_and_later_ones_none() -> None:
    shelves = Shelves()
    cache, asker = Cache(shelves), Asker(shelves)
    tasks = crowd(cache, asker)
    await ticks()
    assert len(asker.calls) == 1
    asker.calls[0].set_result("Yes.")
    answers = await asyncio.gather(*tasks)
    assert [reply.text for reply, _ in answers] == ["Yes."] * 10
    assert sorted(hit for _, hit in answers) == [False] + [True] * 9
    # In the tick before the commit, and after it.
    for _ in range(3):
        assert await cache.reply("key", asker.ask) == (Reply("Yes."), True)
        await ticks(1)
    assert len(asker.calls) == 1


async def test_when_the_first_asker_is_cancelled_the_next_one_asks() -> None:
    shelves = Shelves()
    cache, asker = Cache(shelves), Asker(shelves)
    tasks = crowd(cache, asker)
    await ticks()
    tasks[0].cancel()
    await ticks()
    assert len(asker.calls) == 2, "one of the nine takes over, and only one"
    tasks[5].cancel()  # one who only waits: nothing happens to the others
    await ticks()
    asker.calls[1].set_result("Yes.")
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    cancelled = [number for number, end in enumerate(ends) if isinstance(end, BaseException)]
    assert cancelled == [0, 5]
    assert len(asker.calls) == 2


async def test_an_error_is_everybodys_and_is_not_kept() -> None:
    shelves = Shelves()
    cache, asker = Cache(shelves), Asker(shelves)
    tasks = crowd(cache, asker)
    await ticks()
    asker.calls[0].set_exception(StageError("timeout", "no reply", attempts=("timeout", "timeout")))
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert len(asker.calls) == 1
    assert [type(end) for end in ends] == [StageError] * 10
    assert sorted(len(end.attempts) for end in ends if isinstance(end, StageError)) == [0] * 9 + [2]
    again = asyncio.create_task(cache.reply("key", asker.ask))
    await ticks()
    asker.calls[1].set_result("Yes.")
    assert await again == (Reply("Yes."), False)


async def test_an_error_that_nobody_waits_for_is_not_complained_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache, asker = Cache(Shelves()), Asker(Shelves())
        task = asyncio.create_task(cache.reply("key", asker.ask))
        await ticks()
        asker.calls[0].set_exception(StageError("timeout", "no reply"))
        with pytest.raises(StageError):
            await task
        del task
        gc.collect()


async def test_who_waits_for_a_run_that_stops_finds_out_for_itself() -> None:
    cache, asker = Cache(Shelves()), Asker(Shelves())
    tasks = crowd(cache, asker)
    await ticks()
    for number in range(10):
        asker.calls[number].set_exception(Stopped())
        await ticks()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [Stopped] * 10
