"""Turns: one actor is cued and speaks, or several speak at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sim.engine.interventions import change_of_turn, changed, changed_before, struck
from sim.engine.lengths import limited
from sim.engine.memory import forget
from sim.engine.state import Performance
from sim.errors import StageError
from sim.events import Place, Seat, Turn, TurnIndex
from sim.layouts.base import take_apart
from sim.layouts.prompt import Prompt
from sim.scene.actor import HUMAN
from sim.seeds import request_seed
from sim.stage.base import Reply, Request
from sim.stage.human import LATE


async def take_turn(performance: Performance, place: Place) -> Turn:
    """Cue an actor and record its turn. Raises ``Over`` if the turn fails for good."""
    seat, index = performance.seats[place], performance.next_turn
    name = performance.names[seat]
    number = change_of_turn(performance, index, name) if performance.done else None
    if number is not None and (turn := struck(performance, number, index, name)) is not None:
        return turn
    contexts, limit = performance.contexts, performance.limits[seat]
    contexts.advance(seat)
    if limit is not None and contexts.tokens(seat) > limit.tokens:
        await forget(performance, seat, index, limit)
    prompt = contexts.cued(seat)
    if number is not None:
        changed_before(performance, number, index)
    known = performance.known_turn(index, name, prompt)
    if known is not None:
        return known
    try:
        reply = await performance.stage.perform(_request(performance, seat, index, prompt))
        turn = _spoken(performance, seat, index, prompt, reply)
    except StageError as error:
        raise performance.failed(index, name, error) from None
    if number is not None:
        turn = changed(performance, number, turn)
    performance.record(turn)
    return turn


class _Waiting(NamedTuple):
    """A turn of a round whose speaker has not answered yet."""

    turn: TurnIndex
    seat: Seat
    prompt: Prompt
    known: bool


async def speak_at_once(performance: Performance, places: Sequence[Place]) -> list[Turn]:
    """Cue several actors with the same state of the scene; record their turns in the given order.

    Raises ``Over`` if one of them fails for good; the turns before it are recorded.
    """
    said, contexts = len(performance.said), performance.contexts
    contexts.rounds = True
    seats = [performance.seats[place] for place in places]
    waiting: list[_Waiting] = []
    for number, seat in enumerate(seats):
        index = TurnIndex(said + number + 1)
        contexts.advance(seat)
        limit = performance.limits[seat]
        if limit is not None and contexts.tokens(seat) > limit.tokens:
            await forget(performance, seat, index, limit)
        prompt = contexts.cued(seat)
        waiting.append(_Waiting(index, seat, prompt, index in performance.known.turns))
    calls = [
        asyncio.ensure_future(
            performance.stage.perform(_request(performance, one.seat, one.turn, one.prompt))
        )
        for one in waiting
        if not one.known
    ]
    try:
        replies = iter(await asyncio.gather(*calls, return_exceptions=True))
    except asyncio.CancelledError:
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        raise
    turns: list[Turn] = []
    for index, seat, prompt, _ in waiting:
        name = performance.names[seat]
        change = change_of_turn(performance, index, name) if performance.done else None
        if change is not None:
            changed_before(performance, change, index)
        turn = performance.known_turn(index, name, prompt)
        if turn is None:
            reply = next(replies)
            try:
                if isinstance(reply, BaseException):
                    raise reply
                turn = _spoken(performance, seat, index, prompt, reply, said)
            except StageError as error:
                raise performance.failed(index, name, error) from None
            if change is not None:
                turn = changed(performance, change, turn)
            performance.record(turn)
        turns.append(turn)
    return turns


def say_what_was_answered(performance: Performance, place: Place, line: str) -> Turn:
    """Record a turn whose words the actor has already given as the answer to a question."""
    seat, index = performance.seats[place], performance.next_turn
    name = performance.names[seat]
    number = change_of_turn(performance, index, name) if performance.done else None
    performance.contexts.advance(seat)
    if number is not None:
        changed_before(performance, number, index)
    turn = performance.known_turn(index, name, None)
    if turn is None:
        try:
            turn = _made(performance, seat, index, Reply(line))
        except StageError as error:
            raise performance.failed(index, name, error) from None
        if number is not None:
            turn = changed(performance, number, turn)
        performance.record(turn)
    return turn


def _request(performance: Performance, seat: Seat, index: TurnIndex, prompt: Prompt) -> Request:
    name = performance.names[seat]
    return Request(
        prompt,
        request_seed(performance.base(index), "turn", index, name),
        name,
        "turn",
        performance.contexts.stops[seat],
        None,
        None,
        performance.stage_of[seat],
    )


def _spoken(
    performance: Performance, seat: Seat, index: TurnIndex, prompt: Prompt, reply: Reply,
    cued: int | None = None,
) -> Turn:  # fmt: skip
    """A reply as a turn. Raises ``StageError`` if nothing was said."""
    return _made(performance, seat, index, reply, prompt.digest.hex(), cued)


def _made(
    performance: Performance, seat: Seat, index: TurnIndex, reply: Reply, prompt: str = "",
    cued: int | None = None,
) -> Turn:  # fmt: skip
    name = performance.names[seat]
    said = take_apart(reply.text, name, performance.names)
    # A refusal is a valid outcome, even without words.
    if not said.text and reply.finish != "refusal":
        raise StageError("empty", f"{name} said nothing at turn {index}")
    text, cut, over = said.text, said.cut, 0
    if performance.limit.words is not None:
        within = limited(text, performance.limit)
        text, over = within.text, within.over
        cut = f"{within.cut}\n\n{cut}" if within.cut and cut else within.cut or cut
    audience: tuple[str, ...] | None = None
    overheard: tuple[str, ...] = ()
    if performance.scene.hearing is not None:
        audience, overheard = performance.audience(name, text)
    human = performance.stage_of[seat] == HUMAN and LATE not in reply.retries
    return Turn(
        index,
        name,
        text,
        audience,
        prompt,
        reply.finish,
        cut,
        said.strangers,
        reply.exact,
        reply.usage,
        reply.seconds,
        overheard,
        performance.view.off,
        "human" if human else "stage",
        cued,
        over,
    )
