"""Which turns are looked at: those in which something happened, and matched ones in which not.

A turn that is chosen because an outcome was read in it tells of such turns: the same context rolled
again does less of it (regression to the mean). So the outcome of the original turn is used to
choose and never counted, and beside each chosen turn stands one of the same actor, in another
scene, at a place as near as there is, in which the outcome was not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.errors import BadRequest
from sim.planning.trials import Trial
from sim.study.mechanisms import Moment, spoken
from sim.study.readings import LineOutcome
from sim.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scene that was played: its trial and its transcript, and how its moments are made."""

    live: Trial
    transcript: Transcript
    moment: Callable[[int], Moment]


@dataclass(frozen=True, slots=True)
class Case:
    """A turn to be spoken again, in its scene, with a matched turn beside it (None: there is
    none, or none was wanted)."""

    live: Trial
    moment: Moment
    matched: Case | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A moment with the outcome that was read in the original turn."""

    case: Case
    happened: bool


def at_turn(scenes: Sequence[Candidate], turn: int, actor: str | None = None) -> list[Case]:
    """The same turn of each scene, whatever was said in it; scenes without it are left out.

    Raises ``BadRequest`` if no scene has such a turn.
    """
    cases = [
        Case(scene.live, scene.moment(turn))
        for scene in scenes
        if turn <= len(scene.transcript) and _can_be(scene, turn, actor)
    ]
    if not cases:
        who = "" if actor is None else f" of {actor}"
        raise BadRequest(
            f"--at {turn}: in no scene is it a turn{who} that a stage spoke; choose another one"
        )
    return cases


def in_which_it_happened(
    scenes: Sequence[Candidate],
    outcome: LineOutcome,
    actor: str | None = None,
    *,
    among: Sequence[Candidate] = (),
) -> list[Case]:
    """The first turn of each scene in which an outcome was read, with matched turns beside.

    Only turns whose speaker had heard something. Matched turns are taken from ``scenes`` and from
    the scenes ``among``, each once as long as there are others. Raises ``BadRequest`` if the
    outcome was read in no turn, or is not read off words.
    """
    if outcome.lines is None:
        raise BadRequest("--outcome: a stance is not read off a turn; say which one with --at")
    own = [_read(scene, outcome, actor) for scene in scenes]
    chosen = [
        next(each.case for each in turns if each.happened)
        for turns in own
        if any(each.happened for each in turns)
    ]
    if not chosen:
        who = "" if actor is None else f" of {actor}"
        raise BadRequest(f"--outcome: in no turn{who} {_that(outcome)}; say which one with --at")
    others = [each for turns in own for each in turns]
    others += [each for scene in among for each in _read(scene, outcome, actor)]
    quiet = [each.case for each in others if not each.happened]
    return _with_matches(chosen, quiet)


def _that(outcome: LineOutcome) -> str:
    return f"it is read that {outcome.name}"


def _can_be(scene: Candidate, turn: int, actor: str | None) -> bool:
    said = scene.transcript.turns[turn - 1]
    return spoken(said) and actor in (None, said.speaker)


def _read(scene: Candidate, outcome: LineOutcome, actor: str | None) -> list[_Read]:
    """Every turn that could be spoken again, with what was read in it."""
    found: list[_Read] = []
    for turn in scene.transcript.turns:
        if not _can_be(scene, turn.index, actor):
            continue
        moment = scene.moment(turn.index)
        if moment.answers_to:
            persona = moment.scene.cast[moment.scene.seat(turn.speaker)].persona
            [value] = outcome.of_lines([turn.text], persona, moment.answers_to)
            found.append(_Read(Case(scene.live, moment), bool(value > 0)))
    return found


def _with_matches(chosen: Sequence[Case], quiet: Sequence[Case]) -> list[Case]:
    """Cases with the nearest turn of the same actor in which nothing happened: in another scene if
    there is one, each used once if there are enough."""
    left = list(quiet)
    found: list[Case] = []
    for case in chosen:
        fits = [each for each in left if each.moment.actor == case.moment.actor]
        if not fits:
            fits = [each for each in quiet if each.moment.actor == case.moment.actor]
        match = min(fits, key=lambda each: _distance(case, each), default=None)
        left = [each for each in left if each is not match]
        found.append(Case(case.live, case.moment, match))
    return found


def _distance(case: Case, other: Case) -> tuple[bool, int]:
    return other.live.id == case.live.id, abs(other.moment.turn - case.moment.turn)
