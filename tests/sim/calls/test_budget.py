"""Budgets: how far they go, who waits, and what an expectation is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calls.budget import Budget, BudgetSpent
from sim.calls.journal import Journal
from sim.calls.limiter import Limiter
from sim.calls.prices import Price
from sim.calls.trial_stage import Player, TrialStage
from sim.calls.usage import Account
from sim.errors import BadRequest, StageError
from sim.events import NO_USAGE, Usage
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request
from sim.store import Writer

PROMPT = Prompt.start("system", "You are Ada.")


def of(tokens: int) -> Usage:
    return Usage(tokens, 0)


async def ticks(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_budget_is_used_to_its_last_token() -> None:
    budget = Budget(tokens=100)
    for _ in range(10):
        budget.settle(await budget.reserve(lambda: of(10)), of(10))
    assert budget.used_tokens == 100
    with pytest.raises(BudgetSpent, match="100 tokens is spent: 100 are used"):
        await budget.reserve(lambda: of(1))


async def test_what_is_left_is_given_and_one_token_more_is_not() -> None:
    budget = Budget(tokens=100)
    budget.begin(Usage(50, 10, 0, 0.5))
    with pytest.raises(BudgetSpent):
        await budget.reserve(lambda: of(41))
    await budget.reserve(lambda: of(40))


async def test_money_is_counted_like_tokens() -> None:
    budget = Budget(usd=0.3)
    for _ in range(3):  # 0.1 three times is more than 0.3 in floating point
        budget.settle(await budget.reserve(lambda: Usage(usd=0.1)), Usage(usd=0.1))
    with pytest.raises(BudgetSpent, match=r"the budget of \$0.3 is spent"):
        await budget.reserve(lambda: Usage(usd=0.001))


async def test_who_does_not_fit_beside_others_waits_for_what_they_really_use() -> None:
    budget = Budget(tokens=100)
    first, second = await budget.reserve(lambda: of(50)), await budget.reserve(lambda: of(50))
    third = asyncio.create_task(budget.reserve(lambda: of(50)))
    await ticks()
    assert not third.done()
    budget.settle(first, of(10))
    await ticks()
    assert not third.done() or third.exception() is None
    budget.settle(second, of(10))
    await ticks()
    budget.settle(await third, of(80))
    assert budget.used_tokens == 100


async def test_who_waits_in_vain_is_told_when_nothing_is_in_flight() -> None:
    budget = Budget(tokens=100)
    first = await budget.reserve(lambda: of(90))
    waiting = [asyncio.create_task(budget.reserve(lambda: of(20))) for _ in range(3)]
    await ticks()
    waiting[0].cancel()
    await ticks()
    budget.settle(first, of(90))
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, BudgetSpent, BudgetSpent]


async def test_who_waits_learns_what_calls_really_use() -> None:
    budget, known = Budget(tokens=100), [60]
    first = await budget.reserve(lambda: of(known[0]))
    waiting = [asyncio.create_task(budget.reserve(lambda: of(known[0]))) for _ in range(5)]
    await ticks()
    known[0] = 5
    budget.settle(first, of(60))
    await ticks()
    assert all(task.done() and task.exception() is None for task in waiting)


async def test_a_call_that_failed_gives_back_what_it_reserved() -> None:
    budget = Budget(tokens=100)
    budget.settle(await budget.reserve(lambda: of(100)), NO_USAGE)
    await budget.reserve(lambda: of(100))


class Failing:
    """Fails each call, and has it paid or not."""

    identity = "failing"

    def __init__(self, usage: Usage | None) -> None:
        self.usage = usage

    async def perform(self, request: Request) -> Reply:
        raise StageError("empty", "nothing", attempts=("empty", "empty"), usage=self.usage)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


@pytest.mark.parametrize(
    ("usage", "tokens", "usd"), [(Usage(60, 20), 80, 0.001), (None, 0, 0.0), (NO_USAGE, 0, 0.0)]
)
async def test_what_a_failed_call_cost_is_counted_with_its_price(
    tmp_path: Path, usage: Usage | None, tokens: int, usd: float
) -> None:
    budget, told = Budget(tokens=1000), list[Usage]()
    account = Account(price=Price(10.0, 1.0, 20.0), paid=told.append)
    with closing(Writer.open(tmp_path / "failed.db")) as ledger:
        player = Player(Failing(usage), account, budget=budget)
        journal = TrialStage(player, Journal(ledger, "t"), Limiter(1))
        with pytest.raises(StageError):
            await journal.perform(Request(PROMPT, 1, "Ada", max_tokens=50))
    assert budget.used_tokens == tokens
    assert budget.used_usd == pytest.approx(usd)
    assert account.usage.prompt_tokens + account.usage.completion_tokens == tokens
    assert account.usage.usd == pytest.approx(usd)
    assert (account.calls, account.failed_calls, account.retries) == (0, 1, 2)
    assert len(told) == (tokens > 0)


def test_what_a_failed_call_cost_is_unknown_where_the_price_is() -> None:
    error = StageError("empty", "nothing", usage=Usage(60, 20))
    request = Request(PROMPT, 1, "Ada")
    unknown, free, recorded = Account(), Account(free=True), Account(free=True, recorded=True)
    for account in (unknown, free, recorded):
        account.failed(request, error)
    assert unknown.usage == Usage(60, 20, 0, None)
    assert free.usage == Usage(60, 20, 0, 0.0)
    assert recorded.usage == Usage(0, 0, 0, 0.0)


async def test_time_is_up_before_the_call_that_would_take_longer() -> None:
    now = 100.0
    budget = Budget(minutes=1, clock=lambda: now)
    now = 200.0
    budget.begin(NO_USAGE)
    now = 250.0
    await budget.reserve(lambda: of(1), lambda: 10)
    with pytest.raises(BudgetSpent, match="1 minutes is spent"):
        await budget.reserve(lambda: of(1), lambda: 10.1)


@pytest.mark.parametrize(
    "wrong",
    [lambda: Budget(usd=0), lambda: Budget(tokens=-1), lambda: Budget(minutes=float("nan"))],
)
def test_no_budget_at_all_is_refused(wrong: Callable[[], Budget]) -> None:
    with pytest.raises(BadRequest, match="is no budget; give more than 0"):
        wrong()


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40), st.integers(0, 3)), max_size=20))
def test_never_more_is_used_than_the_budget_if_no_guess_was_too_low(
    calls: list[tuple[int, int, int]],
) -> None:
    async def main() -> None:
        budget = Budget(tokens=100)

        async def call(expected: int, used: int, steps: int) -> bool:
            try:
                reserved = await budget.reserve(lambda: of(expected))
            except BudgetSpent:
                return False
            await ticks(steps)
            budget.settle(reserved, of(min(used, expected)))
            return True

        async with asyncio.timeout(5):
            done = await asyncio.gather(*(call(*script) for script in calls))
        assert budget.used_tokens <= 100
        if sum(expected for expected, _, _ in calls) <= 100:
            assert all(done)

    asyncio.run(main())


def test_what_a_call_is_expected_to_use_comes_from_what_was_counted() -> None:
    request = Request(Prompt.start("system", "x" * 400), 1, "Ada")
    account = Account(price=Price(10.0, 1.0, 20.0))
    first = account.expected(request)
    assert first.prompt_tokens >= 100
    assert first.completion_tokens >= 100
    assert first.usd == pytest.approx(
        (first.prompt_tokens * 10 + first.completion_tokens * 20) / 1e6
    )
    # This stage counts one token a letter, and says little.
    for letter in "abc":
        said = Request(Prompt.start("system", letter * 200), 1, "Ada")
        account.answered(said, Reply("Yes.", usage=Usage(200, 7)))
    later = account.expected(request)
    assert 400 <= later.prompt_tokens <= 430
    assert later.completion_tokens == 7
    limited = Account(limit=50).expected(request)
    assert (limited.completion_tokens, limited.usd) == (50, None)
    asked = Request(request.prompt, 1, "Ada", max_tokens=9)
    assert Account(limit=50).expected(asked).completion_tokens == 9
    assert Account(free=True).expected(request).usd == 0.0
