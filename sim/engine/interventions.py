"""Interventions while a scene is played: when one is due, and how it changes the scene."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sim.engine.state import Performance
from sim.events import Intervened, Turn, TurnIndex
from sim.scene.graph import holds
from sim.scene.interventions import (
    DeleteTurn,
    Enter,
    Intervention,
    Leave,
    Noise,
    Note,
    Recast,
    Remember,
    ReplaceTurn,
    Restage,
    Say,
    Whisper,
)
from sim.seeds import derive

_OF_A_TURN = (ReplaceTurn, DeleteTurn)


async def next_change(performance: Performance) -> bool:
    """Carry out the first intervention that is due before the next turn; False if none is.

    Only one per call, because the scene may be over after it.
    """
    for number, each in enumerate(performance.scene.interventions):
        if isinstance(each, _OF_A_TURN):
            if each.when is not None and _holds(performance, number, each):
                performance.armed[number] = True
        elif _is_due(performance, number, each):
            _mark(performance, number)
            await _carry_out(performance, number, each)
            return True
    return False


def _is_due(performance: Performance, number: int, each: Intervention) -> bool:
    if performance.done[number] >= each.times:
        return False
    if each.at is not None:
        # ``>=``: in a round several turns are taken at once, which can skip the exact number.
        return performance.next_turn >= each.at
    return _holds(performance, number, each)


def _holds(performance: Performance, number: int, each: Intervention) -> bool:
    """Whether a condition holds after the last turn and has not been acted on there already."""
    said = len(performance.said)
    if said == 0 or performance.done_at[number] == said or performance.done[number] >= each.times:
        return False
    return each.when is not None and holds(each.when, performance.view)


def _mark(performance: Performance, number: int) -> None:
    performance.done[number] += 1
    performance.done_at[number] = len(performance.said)
    performance.armed[number] = False


# --- Turns that are changed ----------------------------------------------------------------------


def change_of_turn(performance: Performance, index: TurnIndex, name: str) -> int | None:
    """The index of the intervention that changes this turn of an actor, or None."""
    for number, each in enumerate(performance.scene.interventions):
        if not isinstance(each, _OF_A_TURN) or performance.done[number] >= each.times:
            continue
        if each.speaker not in (None, name):
            continue
        if each.at == index or performance.armed[number]:
            return number
    return None


def struck(performance: Performance, number: int, index: TurnIndex, name: str) -> Turn | None:
    """Strike a turn without asking the stage, if the intervention holds its words; else None."""
    each = performance.scene.interventions[number]
    if not isinstance(each, DeleteTurn) or each.unsaid is None:
        return None
    _mark(performance, number)
    performance.change(_of_turn(number, index, each.what, name, each.unsaid))
    known = performance.known_turn(index, name, None)
    if known is not None:
        return known
    turn = Turn(index, name, "", absent=performance.view.off, source="intervention")
    performance.record(turn)
    return turn


def changed_before(performance: Performance, number: int, index: TurnIndex) -> None:
    """Record the change of a turn that had been changed before the scene was cut off."""
    each = performance.scene.interventions[number]
    known = performance.known.changes.get((index, f"{number}:{each.what}"))
    if known is not None and index in performance.known.turns:
        _mark(performance, number)
        performance.change(known)


def changed(performance: Performance, number: int, turn: Turn) -> Turn:
    """A turn as it is heard. The original words are stored with the intervention."""
    each = performance.scene.interventions[number]
    _mark(performance, number)
    performance.change(_of_turn(number, TurnIndex(turn.index), each.what, turn.speaker, turn.text))
    text = each.text if isinstance(each, ReplaceTurn) else ""
    return replace(turn, text=text, source="intervention")


def _of_turn(number: int, index: TurnIndex, what: str, name: str, unsaid: str) -> Intervened:
    return Intervened(index, f"{number}:{what}", what, name, detail={"unsaid": unsaid})


# --- What comes before a turn --------------------------------------------------------------------


async def _carry_out(performance: Performance, number: int, each: Intervention) -> None:
    if isinstance(each, Say | Whisper):
        to = each.to if isinstance(each, Whisper) else None
        await _speak(performance, number, each, each.speaker, each.text, to)
    elif isinstance(each, Noise):
        index = performance.next_turn
        text = each.drawn(derive(performance.base(index), "noise", number, index))
        if each.speaker is not None:
            await _speak(performance, number, each, each.speaker, text, each.to)
        else:
            shown = performance.scene.templates.noise.format(text=text)
            _tell(performance, number, each, "", shown, each.to)
    elif isinstance(each, Note):
        _tell(performance, number, each, "", each.text, each.to)
    elif isinstance(each, Enter | Leave):
        _move(performance, number, each)
    elif isinstance(each, Recast):
        seat = performance.scene.seat(each.persona.name)
        performance.contexts.recast(seat, each.persona)
        persona = each.persona.model_dump(mode="json", exclude_defaults=True)
        _tell(performance, number, each, each.persona.name, persona=persona)
    elif isinstance(each, Remember):
        performance.contexts.remember(performance.scene.seat(each.name), each.turns)
        turns = {str(turn): text for turn, text in each.turns.items()}
        _tell(performance, number, each, each.name, turns=turns)
    elif isinstance(each, Restage):
        performance.stage_of[performance.scene.seat(each.name)] = each.stage or ""
        _tell(performance, number, each, each.name, stage=each.stage)
    else:
        raise TypeError(f"{each!r} is an intervention of a kind that the engine does not know")


async def _speak(
    performance: Performance, number: int, each: Intervention, name: str, text: str,
    to: tuple[str, ...] | None,
) -> None:  # fmt: skip
    """Take a turn whose words the intervention gives."""
    if name in performance.view.off:
        _tell(performance, number, each, name, skipped=f"{name} is off stage")
        return
    _tell(performance, number, each, name)
    index = performance.next_turn
    turn = performance.known_turn(index, name, None)
    if turn is None:
        # Without an audience of its own, a line is heard as any other of this scene.
        audience, overheard = performance.audience(name, text, to)
        turn = Turn(
            index, name, text, audience, overheard=overheard, absent=performance.view.off,
            source="intervention",
        )  # fmt: skip
        performance.record(turn)
    await performance.heard([turn], [performance.floor.place[name]])


def _move(performance: Performance, number: int, each: Enter | Leave) -> None:
    name, off, wording = each.name, set(performance.view.off), performance.scene.templates
    if isinstance(each, Enter):
        if name not in off:
            _tell(performance, number, each, name, skipped=f"{name} is on stage")
            return
        performance.set_off_stage(off - {name})
        _tell(performance, number, each, name, wording.enters.format(name=name))
    elif name in off:
        _tell(performance, number, each, name, skipped=f"{name} is off stage")
    else:
        # Told before the actor is off stage, so that it knows of its own leaving.
        _tell(performance, number, each, name, wording.leaves.format(name=name))
        performance.set_off_stage(off | {name})


def _tell(
    performance: Performance, number: int, each: Intervention, actor: str, text: str = "",
    to: tuple[str, ...] | None = None, **detail: Any,
) -> None:  # fmt: skip
    """Record an intervention; those on stage, or in ``to``, are told ``text``."""
    index, off = performance.next_turn, performance.view.off
    audience = None if to is None else tuple(name for name in to if name not in off)
    key = f"{number}:{each.what}"
    performance.change(Intervened(index, key, each.what, actor, text, audience, off, detail))


def horizon(performance: Performance) -> int:
    """How many turns can be taken before an intervention may change the scene: at least 1."""
    index = performance.next_turn
    turns = performance.bound
    for number, each in enumerate(performance.scene.interventions):
        if performance.done[number] >= each.times:
            continue
        if each.at is None:
            return 1
        # A block may end with a turn that is changed, but later turns must know of the change.
        last = each.at if isinstance(each, _OF_A_TURN) else each.at - 1
        turns = min(turns, max(1, last - index + 1))
    return turns
