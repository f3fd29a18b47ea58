"""Turns: one actor is cued and speaks, or several speak at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sim.engine.interventions import change_of_turn, changed, changed_before, struck
from sim.engine.lengths import limited
from sim.engine.memory import forget
from sim.engine.state import Performance
from sim.errors import StageError
from sim.events import NO_USAGE, Place, Seat, Turn, TurnIndex, Usage
from sim.layouts.prompt import Prompt
from sim.scene.actor import HUMAN
from sim.seeds import request_seed
from sim.stage.base import Reply, Request
from sim.stage.human import LATE
from sim.text.labels import labels_of
from sim.text.replies import Reading, read_reply
from sim.text.thoughts import both

OTHER_LABEL = "other_label"
"""The ``finish`` of a turn that was written under the name of another, also when asked again."""

_ASKED_AGAIN = 2
"""How often an actor is asked again whose reply has no words in it, each time with a new seed."""


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
        spoken = await _asked(performance, seat, index, prompt)
        turn = _turn(performance, seat, index, spoken, prompt.digest.hex())
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
        asyncio.ensure_future(_asked(performance, one.seat, one.turn, one.prompt))
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
            spoken = next(replies)
            try:
                if isinstance(spoken, BaseException):
                    raise spoken
                turn = _turn(performance, seat, index, spoken, prompt.digest.hex(), said)
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
            reading = _read(performance, seat, line)
            if not reading.text:
                raise _nothing_said(name, index, NO_USAGE)
            turn = _turn(performance, seat, index, _Spoken(Reply(line), reading))
        except StageError as error:
            raise performance.failed(index, name, error) from None
        if number is not None:
            turn = changed(performance, number, turn)
        performance.record(turn)
    return turn


class _Spoken(NamedTuple):
    """A reply, and what was said in it."""

    reply: Reply
    reading: Reading


async def _asked(performance: Performance, seat: Seat, index: TurnIndex, prompt: Prompt) -> _Spoken:
    """Ask an actor for its turn, and again where it says nothing.

    A reply is empty that is nothing but a label, a thought, or the lines of others. The usage is
    that of all attempts together. Raises ``StageError`` if nothing was said in the end.
    """
    usage, seconds = NO_USAGE, 0.0
    for attempt in range(1 + _ASKED_AGAIN):
        request = _request(performance, seat, index, prompt, attempt)
        reply = await performance.stage.perform(request)
        if attempt:
            reply = replace(reply, usage=usage + reply.usage, seconds=seconds + reply.seconds)
        reading = _read(performance, seat, reply.text)
        # A refusal is a valid outcome, even without words.
        if reading.text or reply.finish == "refusal":
            return _Spoken(reply, reading)
        usage, seconds = reply.usage, reply.seconds
    mistaken = _under_another_label(performance, seat, reading)
    if mistaken is not None:
        return _Spoken(replace(reply, finish=OTHER_LABEL), mistaken)
    raise _nothing_said(performance.names[seat], index, usage)


def _under_another_label(performance: Performance, seat: Seat, reading: Reading) -> Reading | None:
    """What a chat model said for an actor under the label of another, time and again.

    Small models copy the label that stands before the line they answer. The words are the actor's,
    who was asked three times and is on stage; the turn's ``finish`` says how they came. A script's
    labels say who speaks, and there nothing is taken for another's.
    """
    label = labels_of(performance.names).at(reading.cut, 0)
    if performance.scripts[seat] or label is None or label.form != "colon":
        return None
    words = _read(performance, seat, reading.cut[label.end :])
    return replace(words, thought=reading.thought) if words.text else None


def _nothing_said(name: str, index: TurnIndex, usage: Usage) -> StageError:
    return StageError("empty", f"{name} said nothing at turn {index}", usage=usage)


def _read(performance: Performance, seat: Seat, text: str) -> Reading:
    script = performance.scripts[seat]
    return read_reply(text, performance.names[seat], performance.names, script=script)


def _request(
    performance: Performance, seat: Seat, index: TurnIndex, prompt: Prompt, attempt: int
) -> Request:
    name = performance.names[seat]
    again = ("again", attempt) if attempt else ()
    return Request(
        prompt,
        request_seed(performance.base(index), "turn", index, name, *again),
        name,
        "turn",
        performance.contexts.stops[seat],
        None,
        None,
        performance.stage_of[seat],
    )


def _turn(
    performance: Performance, seat: Seat, index: TurnIndex, spoken: _Spoken, prompt: str = "",
    cued: int | None = None,
) -> Turn:  # fmt: skip
    """The turn that a reply makes, within the limit, for whom it is meant."""
    name, (reply, reading) = performance.names[seat], spoken
    text, cut, over = reading.text, reading.cut, 0
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
        reading.strangers,
        reply.exact,
        reply.usage,
        reply.seconds,
        overheard,
        performance.view.off,
        "human" if human else "stage",
        cued,
        over,
        both(reply.thought, reading.thought),
    )
