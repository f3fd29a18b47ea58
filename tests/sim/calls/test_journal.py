"""The journal and its limiter: what is asked, in which order, and what is known afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calls.journal import Call, Journal
from sim.calls.keys import call_key, first_call_key, request_key
from sim.calls.limiter import Limiter
from sim.calls.stopping import Stopped
from sim.calls.trial_stage import Before, Player, TrialStage
from sim.calls.usage import Account
from sim.errors import StageError, StoreFailed
from sim.events import Ended, Event, Turn
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request

PROMPT = Prompt.start("system", "You are Ada.")
REQUEST = Request(PROMPT, 7, "Ada")


class Ledger:
    """A ledger in memory that writes down what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.replies: dict[str, Reply] = {}

    def event(self, trial: str, event: Event) -> None:
        self.told.append(("event", event.kind))

    def intent(self, call: Call) -> None:
        self.told.append(("intent", call.key, call.turn))

    def reply(
        self,
        key: str,
        trial: str,
        reply: Reply,
        cached: bool = False,
        prompt: bytes | None = None,
    ) -> None:
        self.told.append(("hit" if cached else "reply", key))
        if prompt is not None and not cached:
            self.replies[key[12:]] = reply

    def chunks(self, chunks: Iterable[Prompt]) -> None:
        self.told.append(("chunks", [chunk.text for chunk in chunks]))

    def failed(self, call: Call, error: StageError) -> None:
        self.told.append(("failed", call.key, error.reason, error.attempts))

    def find(self, request: str) -> Reply | None:
        return self.replies.get(request)

    def settle(self, key: str) -> None:
        self.told.append(("settle", key))

    async def barrier(self) -> None:
        if self.error is not None:
            raise self.error
        self.told.append(("barrier",))
        await asyncio.sleep(0)


class Scripted:
    """Answers when it is told to."""

    identity = "scripted"

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.ledger = ledger
        self.asked: list[str] = []
        self.waiting: list[asyncio.Future[Reply]] = []

    async def perform(self, request: Request) -> Reply:
        self.asked.append(f"{request.purpose} {request.seed}")
        if self.ledger is not None:
            self.ledger.told.append(("asked",))
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return await future

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return LogProb(-1.0, 1)


def staged(
    stage: Scripted,
    ledger: Ledger,
    trial: str,
    *,
    limiter: Limiter,
    turn: int = 0,
    account: Account | None = None,
    **before: Any,
) -> TrialStage:
    """The stage of a trial, whose own is ``stage``."""
    return TrialStage(
        Player(stage, account or Account()),
        Journal(ledger, trial, turn=turn),
        limiter,
        before=Before(**before),
    )


async def ticks(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_the_intent_is_committed_before_the_call_and_the_reply_ends_it() -> None:
    ledger = Ledger()
    stage = Scripted(ledger)
    journal = staged(stage, ledger, "t" * 32, limiter=Limiter(1), turn=4)
    task = asyncio.create_task(journal.perform(REQUEST))
    await ticks()
    key = call_key("t" * 32, "scripted", REQUEST)
    assert ledger.told == [("intent", key, 5), ("barrier",), ("asked",)]
    stage.waiting[0].set_result(Reply("Yes."))
    assert (await task).text == "Yes."
    assert ledger.told[3:] == [("reply", key)]
    assert journal.identity == "scripted"
    assert await journal.log_prob(REQUEST, "Yes.") == LogProb(-1.0, 1)


async def test_a_stored_reply_is_not_asked_for() -> None:
    ledger, stage = Ledger(), Scripted()
    key = call_key("t", "scripted", REQUEST)
    journal = staged(stage, ledger, "t", limiter=Limiter(1), replies={key: Reply("Stored.")})
    assert (await journal.perform(REQUEST)).text == "Stored."
    # As version 1 stored it.
    old = {first_call_key("t", REQUEST): Reply("Old.")}
    journal = staged(stage, ledger, "t", limiter=Limiter(1), replies=old, of_version_1=True)
    assert (await journal.perform(REQUEST)).text == "Old."
    assert stage.asked == []
    assert ledger.told == []


async def test_a_call_that_goes_wrong_is_not_in_doubt() -> None:
    ledger, stage = Ledger(), Scripted()
    account = Account()
    journal = staged(stage, ledger, "t", limiter=Limiter(1), account=account)
    task = asyncio.create_task(journal.perform(REQUEST))
    await ticks()
    attempts = ("rate-limit", "timeout")
    stage.waiting[0].set_exception(StageError("timeout", "no reply", attempts=attempts))
    with pytest.raises(StageError):
        await task
    key = call_key("t", "scripted", REQUEST)
    assert ledger.told[-1] == ("failed", key, "timeout", attempts)
    assert account.failed_calls == 1
    assert account.retries == 2
    task = asyncio.create_task(journal.perform(REQUEST))
    await ticks()
    stage.waiting[1].set_exception(StageError("server", "status 500"))
    with pytest.raises(StageError):
        await task
    assert ledger.told[-1] == ("failed", key, "server", ("server",))
    assert account.retries == 3


async def test_a_call_that_is_cancelled_stays_in_doubt_and_gives_its_place_back() -> None:
    ledger, stage = Ledger(), Scripted()
    limiter = Limiter(1)
    journal = staged(stage, ledger, "t", limiter=limiter)
    task = asyncio.create_task(journal.perform(REQUEST))
    await ticks()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [entry[0] for entry in ledger.told] == ["intent", "barrier"]
    assert limiter.inside == 0


async def test_a_call_in_doubt_is_asked_again_or_missing() -> None:
    key = call_key("t", "scripted", REQUEST)
    ledger, stage = Ledger(), Scripted()
    missing = staged(stage, ledger, "t", limiter=Limiter(1), doubted=[key], refuse_doubted=True)
    with pytest.raises(StageError) as caught:
        await missing.perform(REQUEST)
    assert caught.value.reason == "in-doubt"
    assert ledger.told == [("failed", key, "in-doubt", ())]
    asking = staged(stage, ledger, "t", limiter=Limiter(1), doubted=[key])
    task = asyncio.create_task(asking.perform(REQUEST))
    await ticks()
    stage.waiting[0].set_result(Reply("Yes."))
    assert (await task).text == "Yes."


async def test_the_ending_is_kept_for_the_run() -> None:
    ledger = Ledger()
    journal = staged(Scripted(), ledger, "t", limiter=Limiter(1))
    journal.saw(Turn(1, "Ada", "Yes."))
    journal.saw(Ended(1, "after 1 turns"))
    assert ledger.told == [("event", "turn")]
    assert journal.journal.ended == Ended(1, "after 1 turns")


async def test_no_call_without_a_committed_intent() -> None:
    ledger, stage = Ledger(), Scripted()
    ledger.error = StoreFailed("full")
    limiter = Limiter(1)
    with pytest.raises(StoreFailed):
        await staged(stage, ledger, "t", limiter=limiter).perform(REQUEST)
    assert stage.asked == []
    assert limiter.inside == 0


async def test_turns_and_gauges_go_before_probes() -> None:
    stage = Scripted()
    journal = staged(stage, Ledger(), "t", limiter=Limiter(1))
    order = ["probe", "probe", "turn", "gauge", "probe", "turn"]
    tasks = [
        asyncio.create_task(journal.perform(replace(REQUEST, seed=seed, purpose=purpose)))
        for seed, purpose in enumerate(order)
    ]
    for number in range(len(order)):
        await ticks()
        stage.waiting[number].set_result(Reply("Yes."))
    await asyncio.gather(*tasks)
    assert stage.asked == ["probe 0", "turn 2", "gauge 3", "turn 5", "probe 1", "probe 4"]


async def test_stopping_lets_nobody_in_and_waits_for_those_inside() -> None:
    stage = Scripted()
    limiter = Limiter(2)
    journal = staged(stage, Ledger(), "t", limiter=limiter)
    tasks = [asyncio.create_task(journal.perform(replace(REQUEST, seed=seed))) for seed in range(4)]
    await ticks()
    limiter.stop()
    late = asyncio.create_task(journal.perform(replace(REQUEST, seed=9)))
    await ticks()
    assert stage.asked == ["turn 0", "turn 1"]
    assert not any(task.done() for task in [*tasks, late])
    stage.waiting[0].set_result(Reply("Yes."))
    await ticks()
    assert [task.done() for task in tasks] == [True, False, False, False]
    stage.waiting[1].set_result(Reply("No."))
    ends = await asyncio.gather(*tasks, late, return_exceptions=True)
    assert [type(end) for end in ends] == [Reply, Reply, Stopped, Stopped, Stopped]
    with pytest.raises(Stopped):
        await journal.perform(replace(REQUEST, seed=10))


async def test_aborting_cancels_those_inside_too() -> None:
    stage = Scripted()
    limiter = Limiter(2)
    journal = staged(stage, Ledger(), "t", limiter=limiter)
    tasks = [asyncio.create_task(journal.perform(replace(REQUEST, seed=seed))) for seed in range(4)]
    await ticks()
    limiter.abort()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 4
    assert limiter.inside == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=30))
def test_never_more_inside_than_the_limit_and_nobody_is_forgotten(
    scripts: list[tuple[int, bool, bool]],
) -> None:
    async def main() -> None:
        limiter = Limiter(3)
        most = done = 0

        async def call(steps: int, urgent: bool, broken: bool) -> None:
            nonlocal most, done
            await limiter.enter(urgent)
            try:
                most = max(most, limiter.inside)
                await ticks(steps)
            finally:
                limiter.leave()
            done += 1

        tasks = [asyncio.create_task(call(*script)) for script in scripts]
        for task, (steps, _, broken) in zip(tasks, scripts, strict=True):
            await ticks(steps)
            if broken:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert limiter.inside == 0
        assert most <= 3
        assert done >= sum(not broken for _, _, broken in scripts)

    asyncio.run(main())


requests = st.builds(
    Request,
    st.lists(st.text(max_size=3), min_size=1, max_size=3).map(
        lambda parts: [Prompt.start("system", parts[0]).then("user", "".join(parts[1:]))][0]
    ),
    st.integers(0, 3),
    st.text(max_size=2),
    st.sampled_from(["turn", "probe", "gauge"]),
    st.lists(st.text(max_size=2), max_size=2).map(tuple),
    st.none() | st.integers(1, 3),
    st.none() | st.fixed_dictionaries({"title": st.text(max_size=2)}),
)
trials = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(trials, requests, trials, requests)
def test_a_key_is_a_function_of_everything_that_may_change_the_reply(
    trial: str, request: Request, other_trial: str, other: Request
) -> None:
    def facts(request: Request) -> tuple[Any, ...]:
        return (request.prompt.digest, replace(request, prompt=PROMPT))

    key, other_key = call_key(trial, "stage", request), call_key(other_trial, "stage", other)
    assert len(key) == len(first_call_key(trial, request)) == 32
    assert key.startswith(trial[:12])
    assert (key[12:] == other_key[12:]) == (facts(request) == facts(other))
    assert key != call_key(trial, "another stage", request)


@given(requests, st.sampled_from(["seed", "speaker", "purpose", "stop", "max_tokens", "schema"]))
def test_each_part_of_a_request_counts(request: Request, part: str) -> None:
    other: dict[str, Any] = {
        "seed": request.seed + 1,
        "speaker": request.speaker + "x",
        "purpose": request.purpose + "x",
        "stop": (*request.stop, ""),
        "max_tokens": (request.max_tokens or 0) + 1,
        "schema": {"title": "else", "nested": {"b": 1, "a": [2]}},
    }
    changed = replace(request, **{part: other[part]})
    assert request_key("s", request) != request_key("s", changed)
    assert first_call_key("t", request) != first_call_key("t", changed)


def test_the_order_of_a_schema_does_not_count() -> None:
    one = replace(REQUEST, schema={"a": {"x": 1, "y": 2}, "b": 3})
    other = replace(REQUEST, schema={"b": 3, "a": {"y": 2, "x": 1}})
    assert request_key("s", one) == request_key("s", other)
