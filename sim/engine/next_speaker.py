"""The next speakers: the router is asked, and the questions that it asks are answered."""

from __future__ import annotations

from typing import NamedTuple

from sim.engine.state import Performance
from sim.errors import SceneError
from sim.events import FellBack, Intervened, Place, TurnIndex
from sim.scene.routing.base import Cue, Inquiry, Next, answered

_MOST_QUESTIONS = 32
"""The most questions a router may ask before one cue. Each nested router may ask once; more means
that a router asks without end."""


class Settled(NamedTuple):
    """The next speakers, after all questions of the router have been answered.

    ``together``: they speak at once. ``over`` is why the scene is over if there are no ``places``.
    ``lines`` are words that the speakers have already given as answers.
    """

    places: tuple[Place, ...]
    together: bool = False
    over: str = ""
    lines: tuple[str, ...] = ()


async def settled(performance: Performance, answer: Next, seed: int) -> Settled:
    """Resolve a router's answer: ask its questions until it cues somebody or the scene is over."""
    router, index = performance.router, performance.next_turn
    for _ in range(_MOST_QUESTIONS):
        if isinstance(answer, Cue):
            return _cued(performance, answer, index)
        if not isinstance(answer, Inquiry):
            return Settled(answer, over="" if answer else _nobody(performance))
        await _inquire(performance, answer)
        answer = router.next(performance.state, performance.view, seed)
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
    # A round is cut off at the latest possible end of the scene.
    places = cue.places[: performance.bound - len(performance.said)]
    over = "" if places else cue.over or _nobody(performance)
    return Settled(places, cue.together, over, cue.lines)


def _announce(performance: Performance, opening: Cue | Inquiry) -> None:
    """Apply the limit of a phase that begins, and tell those on stage of it."""
    if opening.limit is not None:
        performance.limit = opening.limit
    if opening.phase or opening.note:
        performance.view.phase = opening.phase
        performance.change(
            Intervened(
                performance.next_turn,
                f"phase:{opening.phase}",
                "phase",
                text=opening.note,
                absent=performance.view.off,
                detail={"phase": opening.phase},
            )
        )


def _nobody(performance: Performance) -> str:
    """Why nobody may take the floor."""
    said, off = performance.said, performance.view.off
    last = f" from {said[-1].speaker}" if said else ""
    away = f" ({', '.join(off)} off stage)" if off else ""
    return f"nobody may take the floor{last}{away}"
