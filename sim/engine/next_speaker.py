"""Who is next: the router is asked, and asks in turn."""

from __future__ import annotations

from typing import NamedTuple

from sim.engine.state import Performance
from sim.errors import SceneError
from sim.events import FellBack, Intervened, Place, TurnIndex
from sim.scene.routing.base import Cue, Inquiry, Next, answered

_MOST_QUESTIONS = 32
"""Of a router before one cue. Each router within another may ask once; more is a circle."""


class Settled(NamedTuple):
    """Who is cued, when all questions have been asked: places, whether together, why the scene is
    over if there are none, and the words that they gave already."""

    places: tuple[Place, ...]
    together: bool = False
    over: str = ""
    lines: tuple[str, ...] = ()


async def settled(performance: Performance, found: Next, seed: int) -> Settled:
    """What a router answered, with its questions asked."""
    router, index = performance.router, performance.next_turn
    for _ in range(_MOST_QUESTIONS):
        if isinstance(found, Cue):
            return _cued(performance, found, index)
        if not isinstance(found, Inquiry):
            return Settled(found, over="" if found else _nobody(performance))
        await _inquire(performance, found)
        found = router.next(performance.state, performance.view, seed)
    raise SceneError(
        f"Scene.routing: {type(router).__name__} asked {_MOST_QUESTIONS} questions before turn "
        f"{index} and cued nobody; its method `answered` has to change its state"
    )


async def _inquire(performance: Performance, inquiry: Inquiry) -> None:
    if inquiry.state is not None:
        performance.state = inquiry.state
    _announce(performance, inquiry)
    seats = [performance.seats[place] for place in inquiry.places]
    values = await performance.off_stage.inquire(
        inquiry.question, seats, inquiry.attempts, len(performance.said)
    )
    answers = {place: values[seat] for place, seat in zip(inquiry.places, seats, strict=True)}
    performance.state = answered(performance.router, performance.state, inquiry, answers)


def _cued(performance: Performance, cue: Cue, index: TurnIndex) -> Settled:
    if cue.state is not None:
        performance.state = cue.state
    if cue.fallback:
        asked = performance.floor.names[cue.asked[0]] if len(cue.asked) == 1 else ""
        event = FellBack(index, asked, cue.key, cue.fallback)
        known = performance.known.fallbacks.get((index, cue.key))
        performance.record(event if known is None else known, known is not None)
    _announce(performance, cue)
    # A round is cut where the scene is over at the latest.
    places = cue.places[: performance.bound - len(performance.said)]
    over = "" if places else cue.over or _nobody(performance)
    return Settled(places, cue.together, over, cue.lines)


def _announce(performance: Performance, found: Cue | Inquiry) -> None:
    """A phase begins: those on stage are told."""
    if found.limit is not None:
        performance.limit = found.limit
    if found.phase or found.note:
        performance.view.phase = found.phase
        performance.change(
            Intervened(
                performance.next_turn,
                f"phase:{found.phase}",
                "phase",
                text=found.note,
                absent=performance.view.off,
                detail={"phase": found.phase},
            )
        )


def _nobody(performance: Performance) -> str:
    """Why nobody may take the floor."""
    said, off = performance.said, performance.view.off
    last = f" from {said[-1].speaker}" if said else ""
    away = f" ({', '.join(off)} off stage)" if off else ""
    return f"nobody may take the floor{last}{away}"
