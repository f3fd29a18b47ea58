"""Scores from verdicts: of a leg, and of a match. Formats pair by them, and tables show them.

A judge's score of a debate is the mean over the orders in which it was shown; the panel's is the
mean over judges; a match's the mean over legs. Missing verdicts are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import fsum
from typing import Any

from sim.tournament.formats import Meeting
from sim.tournament.rubric import TIE
from sim.tournament.tournament import Leg, Tournament

Scores = Mapping[str, tuple[float, ...]]
"""The scores of legs, by trial: one score for each side, in the order of ``Leg.sides``."""


def scores_of_verdict(
    winner: str | None, scores: Mapping[str, Mapping[str, float]], actors: Sequence[str]
) -> tuple[float, ...] | None:
    """The share of the others that each actor beats, by one verdict; None if it is missing.

    The winner beats all, a tie is half a win each. With more than two sides the others are compared
    by the sum of their scores.

    >>> scores_of_verdict("Ben", {}, ("Ada", "Ben"))
    (0.0, 1.0)
    >>> by = {"wit": {"Ada": 3, "Ben": 9, "Cleo": 5}}
    >>> scores_of_verdict("Ben", by, ("Ada", "Ben", "Cleo"))
    (0.0, 1.0, 0.5)
    """
    if winner is None:
        return None
    count = len(actors)
    if winner == TIE:
        return (0.5,) * count
    # Summed exactly, so that the order of criteria cannot break a tie.
    totals = {actor: fsum(by.get(actor, 0.0) for by in scores.values()) for actor in actors}

    def beats(one: str, other: str) -> float:
        if winner in (one, other):
            return float(one == winner)
        return (totals[one] > totals[other]) + 0.5 * (totals[one] == totals[other])

    return tuple(
        sum(beats(one, other) for other in actors if other != one) / (count - 1) for one in actors
    )


def score_of_leg(
    verdicts: Iterable[Mapping[str, Any]], actors: Sequence[str]
) -> tuple[float, ...] | None:
    """The panel's score of a debate. ``verdicts`` have ``judge`` and the fields of the payload.

    >>> tie = {"judge": "j", "winner": "tie", "scores": {}}
    >>> won = {"judge": "j", "winner": "Ada", "scores": {}}
    >>> score_of_leg([tie, won], ("Ada", "Ben"))
    (0.75, 0.25)
    """
    by_judge: dict[str, list[tuple[float, ...]]] = {}
    for verdict in verdicts:
        score = scores_of_verdict(verdict["winner"], verdict.get("scores") or {}, actors)
        if score is not None:
            by_judge.setdefault(verdict["judge"], []).append(score)
    return mean(tuple(mean(each) for each in by_judge.values()))


def mean(scores: Sequence[tuple[float, ...] | None]) -> tuple[float, ...] | None:
    """The mean of the scores that are known, side by side; None if none is."""
    known = [each for each in scores if each is not None]
    if not known:
        return None
    return tuple(sum(column) / len(known) for column in zip(*known, strict=True))


def with_scores(
    tournament: Tournament, meetings: Sequence[Meeting], legs: Mapping[str, Leg], scores: Scores
) -> list[Meeting]:
    """Meetings with their scores. ``meetings`` are whole rounds, match after match.

    Meetings without a verdict have no scores; byes stay as they are.
    """
    by_match: dict[tuple[int, int], list[tuple[Leg, tuple[float, ...] | None]]] = {}
    for trial, leg in legs.items():
        by_match.setdefault((leg.round, leg.match), []).append((leg, scores.get(trial)))
    number = {entrant.name: place for place, entrant in enumerate(tournament.entrants)}
    scored: list[Meeting] = []
    matches: dict[int, int] = {}
    for meeting in meetings:
        matches[meeting.round] = match = matches.get(meeting.round, 0) + 1
        played = by_match.get((meeting.round, match))
        if played is None:
            scored.append(meeting)
            continue
        # Sides are in one order in all legs of a match.
        entrants = tuple(number[side.entrant.name] for side in played[0][0].sides)
        total = mean([score for _, score in played])
        scored.append(replace(meeting, entrants=entrants, scores=total))
    return scored
