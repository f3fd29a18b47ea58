"""The layout ``author`` while a scene is played: one context writes blocks of turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sim.engine.interventions import change_of_turn, changed, changed_before, horizon
from sim.engine.lengths import limited
from sim.engine.state import Performance
from sim.errors import StageError
from sim.events import NO_USAGE, Place, Seat, Turn, TurnIndex
from sim.layouts.author import Author
from sim.layouts.prompt import Prompt
from sim.scene.routing.base import Cue, Inquiry
from sim.seeds import request_seed
from sim.stage.base import Reply, Request
from sim.text.blocks import MalformedError, read_block
from sim.text.replies import Reading
from sim.text.thoughts import both, thought_and_speech

_REPAIRS = 2
"""How often a malformed block is sent back with the problem before the turn fails."""


async def write_block(performance: Performance, cues: tuple[Place, ...], author: Author) -> None:
    """Let the author write the next turns, and record them one by one.

    If the scene ends within the block, the rest of the block is dropped. A block whose end cannot
    be read counts as far as it can.
    """
    places = _order(performance, cues)
    order = [performance.floor.names[place] for place in places]
    index = performance.next_turn
    prompt = author.cue(performance.contexts.advance(Seat(0)), performance.scene, order)
    known = _known(performance, index, order, prompt)
    if known and known[0] is not None and known[0].finish == "refusal":
        # A block that was refused is one turn long.
        await performance.heard([known[0]], [places[0]])
        return
    reply, readings = Reply(""), (Reading(""),) * len(order)
    if None in known:
        try:
            reply, readings = await _written(performance, author, prompt, index, order)
        except StageError as error:
            raise performance.failed(index, order[0], error) from None
    for number, (place, name) in enumerate(zip(places, order, strict=True)):
        if number >= len(known):
            return
        turn = known[number]
        if turn is None:
            if number >= len(readings):
                return
            reading = readings[number]
            # What was cut off by the limit of tokens is the last that was written, which need not
            # be a turn that was asked for.
            last = number + 1 == len(readings) and not reading.cut
            within = limited(reading.text, performance.limit)
            turn = Turn(
                index + number,
                name,
                within.text,
                prompt=prompt.digest.hex(),
                finish="stop" if reply.finish == "length" and not last else reply.finish,
                cut="\n\n".join(filter(None, (within.cut, reading.cut))),
                strangers=reading.strangers,
                over=within.over,
                exact=reply.exact,
                # One call wrote the block, so its cost is counted once.
                usage=reply.usage if number == 0 else NO_USAGE,
                seconds=reply.seconds if number == 0 else 0.0,
                thought=reading.thought,
            )
            change = None
            if performance.done:
                change = change_of_turn(performance, TurnIndex(turn.index), name)
            if change is not None:
                turn = changed(performance, change, turn)
            performance.record(turn)
        await performance.heard([turn], [place])
        if performance.scene.ends.reached(performance.view) is not None:
            return


def _known(
    performance: Performance, index: TurnIndex, order: list[str], prompt: Prompt
) -> list[Turn | None]:
    """For each turn of a block, the turn recorded before the scene was cut off, or None.

    A block whose end could not be read was shorter than asked: the next turn has another prompt.
    """
    turns: list[Turn | None] = []
    for number, name in enumerate(order):
        own = TurnIndex(index + number)
        recorded = performance.known.turns.get(own)
        if number and recorded is not None and recorded.prompt not in ("", prompt.digest.hex()):
            break
        change = change_of_turn(performance, own, name) if performance.done else None
        if change is not None:
            changed_before(performance, change, own)
        turns.append(performance.known_turn(own, name, prompt))
        if number == 0 and turns[0] is not None and turns[0].finish == "refusal":
            break
    return turns


def _order(performance: Performance, cues: tuple[Place, ...]) -> list[Place]:
    """The speakers of the next block: the router is run ahead on turns without words.

    A block ends where the words of a turn can decide who is next: at a condition of an edge, at a
    router's question, or at the beginning of a phase.
    """
    said, floor, router = performance.said, performance.floor, performance.router
    most = min(performance.scene.block, performance.bound - len(said), horizon(performance))
    places = list(cues)
    state: Any = performance.state
    if any(row is not None for row in floor.conditions):
        most = 1
    while len(places) < most:
        turn = Turn(len(said) + len(places), floor.names[places[-1]], "")
        state = router.heard(state, turn, places[-1])
        seed = performance.route_seed(TurnIndex(len(said) + len(places) + 1))
        view = replace(performance.view, last=turn, turns=turn.index)
        more = router.next(state, view, seed)
        if isinstance(more, Inquiry):
            break
        if isinstance(more, Cue):
            if more.phase or more.note or more.fallback or more.limit or more.lines:
                break
            state = state if more.state is None else more.state
            more = more.places
        if not more:
            break
        places += more
    return places[:most]


async def _written(
    performance: Performance, author: Author, prompt: Prompt, index: TurnIndex, order: list[str]
) -> tuple[Reply, tuple[Reading, ...]]:
    """The reply with the words of each turn, or a refusal, which becomes the first speaker's turn.

    If no block could be read whole, the longest readable beginning of one: what follows is asked
    for in the next block. Raises ``StageError`` (reason ``malformed``) if there is none.
    """
    problem = ""
    begun: tuple[Reply, tuple[Reading, ...]] = (Reply(""), ())
    for attempt in range(_REPAIRS + 1):
        seed = request_seed(performance.base(index), "block", index, attempt)
        reply = await performance.stage.perform(Request(prompt, seed, order[0], "turn"))
        if reply.finish == "refusal":
            thought, speech = thought_and_speech(reply.text)
            return reply, (Reading(speech.strip(), thought=both(reply.thought, thought)),)
        try:
            return reply, _with_thought(reply, read_block(reply.text, order, performance.names))
        except MalformedError as error:
            problem = str(error)
            if len(error.begun) > len(begun[1]):
                begun = reply, _with_thought(reply, error.begun)
            prompt = author.again(
                prompt, performance.scene, thought_and_speech(reply.text)[1], problem
            )
    if begun[1]:
        return begun
    raise StageError("malformed", f"{problem} (after {_REPAIRS} repeated requests)")


def _with_thought(reply: Reply, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """The turns of a block, the first with all that the author thought."""
    first, *rest = readings
    return (replace(first, thought=both(reply.thought, first.thought)), *rest)
