"""Full contexts: what an actor forgets, by its policy, and the summary that replaces it."""

from __future__ import annotations

from sim.engine.state import Over, Performance
from sim.errors import StageError
from sim.events import Ended, Forgot, Seat, TurnIndex
from sim.scene.actor import Context
from sim.seeds import request_seed
from sim.stage.base import Request
from sim.text.replies import read_reply


async def forget(performance: Performance, seat: Seat, index: TurnIndex, limit: Context) -> None:
    """Apply the policy of an actor whose context is full, and record what it forgot."""
    name, contexts = performance.names[seat], performance.contexts
    tokens = contexts.tokens(seat)
    event = performance.known.forgets.get((index, name))
    known = event is not None
    if event is None:
        since = contexts.first_kept(seat, int(limit.tokens * limit.keep))
        if limit.policy == "stop":
            since = 1
        summary = ""
        if limit.policy == "summarise":
            summary = await _summary(performance, seat, index)
        event = Forgot(index, name, limit.policy, since, summary, tokens)
    performance.record(event, known)
    if limit.policy == "stop":
        raise Over(Ended(len(performance.said), f"the context of {name} is full"))
    contexts.forget(seat, event)


async def _summary(performance: Performance, seat: Seat, index: TurnIndex) -> str:
    """Ask an actor for a summary, in its own words, of the context that will be dropped."""
    name, contexts = performance.names[seat], performance.contexts
    seed = request_seed(performance.base(index), "summary", index, name)
    stage = performance.stage_of[seat]
    request = Request(contexts.told(seat), seed, name, "summary", contexts.stops[seat], stage=stage)
    try:
        reply = await performance.stage.perform(request)
    except StageError as error:
        raise performance.failed(index, name, error) from None
    return " ".join(read_reply(reply.text, name, performance.names).text.split())
