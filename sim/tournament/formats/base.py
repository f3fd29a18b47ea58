"""The protocol of formats, the result of a meeting, and the table of standings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sim.errors import SceneError
from sim.seeds import derive

Answer = TypeVar("Answer")

_EVEN = 1e-9
"""Scores that differ by less are equal: they are means, whose last bits depend on the order of
summation."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Who met in a round, and their scores.

    ``round`` counts from 1. ``entrants`` are numbers from 0; one alone has a bye, and the same one
    several times plays itself. ``scores`` are in [0, 1], by entrant; None where there is no
    verdict. Raises ``SceneError`` if the numbers make no sense.

    >>> Meeting(1, (0, 3), (0.75, 0.25)).is_bye, Meeting(1, (4,), None).is_bye
    (False, True)
    """

    round: int
    entrants: tuple[int, ...]
    scores: tuple[float, ...] | None

    def __post_init__(self) -> None:
        different = len(set(self.entrants))
        if self.round < 1:
            raise SceneError(f"Meeting.round: is {self.round}; rounds count from 1")
        if not self.entrants or min(self.entrants) < 0:
            raise SceneError(
                f"Meeting.entrants: {self.entrants!r}; name at least one, by its number from 0"
            )
        if different not in (1, len(self.entrants)):
            raise SceneError(
                f"Meeting.entrants: {self.entrants!r} has somebody twice; name everybody once, or "
                "one alone as often as there are sides (it plays itself)"
            )
        if self.scores is None:
            return
        if len(self.scores) != len(self.entrants):
            raise SceneError(
                f"Meeting.scores: {len(self.scores)} for {len(self.entrants)} entrants; give one "
                "to each, or None if there is no verdict"
            )
        if not all(0 <= score <= 1 for score in self.scores):
            raise SceneError(f"Meeting.scores: {self.scores!r}; give numbers from 0 to 1")

    @property
    def is_bye(self) -> bool:
        """Whether one entrant was alone."""
        return len(self.entrants) == 1

    @property
    def is_self_play(self) -> bool:
        """Whether an entrant met itself."""
        return len(self.entrants) > 1 and self.entrants[0] == self.entrants[1]


class Format(Protocol):
    """Who meets whom: a rule without a state. Entrants are numbers from 0, in order of seeding.

    ``rounds`` is how many rounds there are, and ``pair`` gives the meetings of one of them (which
    counts from 1; after the last there are none): a tuple of entrants for each, of one alone for a
    bye. Only an ``adaptive`` format reads the results of earlier rounds in ``before``, which may be
    in any order. The same arguments give the same pairing.
    """

    @property
    def adaptive(self) -> bool:
        """Whether a round depends on those before."""
        ...

    def rounds(self, entrants: int, sides: int) -> int:
        """How many rounds so many entrants play, in meetings of so many sides."""
        ...

    def pair(
        self,
        entrants: int,
        sides: int,
        round: int,  # noqa: A002
        before: Sequence[Meeting],
        seed: int,
    ) -> list[tuple[int, ...]]:
        """The meetings of a round. Everybody is in one at most, but for playing itself."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """The row of an entrant in the standings: match points, and the results of its meetings.

    ``played`` counts meetings with others; those without a verdict are in none of ``wins``,
    ``ties`` and ``losses``. ``buchholz`` is the sum of the points of its opponents.
    """

    entrant: int
    points: float
    played: int
    wins: int
    ties: int
    losses: int
    byes: int
    buchholz: float


def standings(entrants: int, before: Iterable[Meeting], seed: int | None = None) -> list[Standing]:
    """The table after some meetings, the first rank first.

    A match point for a score above one half and half a point for one half; a bye gives one, and a
    meeting without a verdict half a point to each. Whoever plays itself gets nothing by it. Ranks
    are by points, then by Buchholz (the sum of the points of all opponents, as often as they met;
    the name is Bruno Buchholz's, who proposed it in 1932), then by a draw from the seed, or without
    a seed by number.

    Raises ``SceneError`` for a meeting of somebody who is not among the entrants.

    >>> table = standings(3, [Meeting(1, (0, 1), (0.2, 0.8)), Meeting(1, (2,), None)])
    >>> [(row.entrant, row.points, row.buchholz) for row in table]
    [(1, 1.0, 0.0), (2, 1.0, 0.0), (0, 0.0, 1.0)]
    """
    halves, byes, played = [0] * entrants, [0] * entrants, [0] * entrants
    results = [[0, 0, 0] for _ in range(entrants)]
    opponents: list[list[int]] = [[] for _ in range(entrants)]
    for meeting in before:
        if max(meeting.entrants) >= entrants:
            raise SceneError(
                f"standings: round {meeting.round} has entrant {max(meeting.entrants)}; there are "
                f"{entrants}, counted from 0"
            )
        if meeting.is_self_play:
            continue
        if meeting.is_bye:
            halves[meeting.entrants[0]] += 2
            byes[meeting.entrants[0]] += 1
            continue
        for place, entrant in enumerate(meeting.entrants):
            played[entrant] += 1
            opponents[entrant] += (other for other in meeting.entrants if other != entrant)
            if meeting.scores is None:
                halves[entrant] += 1
            else:
                won = _half_points(meeting.scores[place])
                halves[entrant] += won
                results[entrant][won] += 1
    rows = [
        Standing(
            entrant,
            halves[entrant] / 2,
            played[entrant],
            wins=results[entrant][2],
            ties=results[entrant][1],
            losses=results[entrant][0],
            byes=byes[entrant],
            buchholz=sum(halves[other] for other in opponents[entrant]) / 2,
        )
        for entrant in range(entrants)
    ]
    lots = [0 if seed is None else derive(seed, "lot", entrant) for entrant in range(entrants)]
    rows.sort(key=lambda row: (-row.points, -row.buchholz, lots[row.entrant], row.entrant))
    return rows


def _half_points(score: float) -> int:
    if abs(score - 0.5) < _EVEN:
        return 1
    return 2 if score > 0.5 else 0


def best(scores: Sequence[float]) -> int:
    """The place of the highest score; the first of those that are equal.

    >>> best((0.2, 0.5, 0.5 + 1e-12))
    1
    """
    most = max(scores)
    return next(place for place, score in enumerate(scores) if score > most - _EVEN)


def power_from(entrants: int, sides: int) -> int:
    """The smallest r for which sides to the power of r is at least the number of entrants.

    >>> power_from(8, 2), power_from(9, 2), power_from(1, 2)
    (3, 4, 0)
    """
    power, reach = 0, 1
    while reach < entrants:
        power, reach = power + 1, reach * sides
    return power


def check(kind: str, entrants: int, sides: int, number: int = 1, least: int | None = None) -> None:
    """Raise ``SceneError`` if there are too few to meet, or no such round."""
    needed = sides if least is None else least
    if sides < 2:
        raise SceneError(f"{kind}: meetings of {sides} sides; they have at least 2")
    if entrants < needed:
        raise SceneError(
            f"{kind}: {entrants} entrants for meetings of {sides} sides; enter at least {needed}"
        )
    if number < 1:
        raise SceneError(f"{kind}: there is no round {number}; rounds count from 1")


def answered(kind: str, part: str, ask: Callable[[], Answer]) -> Answer:
    """The answer of a format's method. Whatever a user's format raises becomes a ``SceneError``.

    >>> answered("Mine", "rounds", lambda: 1 // 0)
    Traceback (most recent call last):
    sim.errors.SceneError: Mine.rounds raised ZeroDivisionError: integer division or modulo by zero
    """
    try:
        return ask()
    except SceneError:
        raise
    except Exception as error:
        raise SceneError(f"{kind}.{part} raised {type(error).__name__}: {error}") from error


def counted(kind: str, rounds: object) -> int:
    """A number of rounds, checked: a user's format may return anything. Raises ``SceneError``."""
    if type(rounds) is not int or rounds < 1:
        raise SceneError(f"{kind}.rounds: {rounds!r:.60} is no number of rounds; give 1 or more")
    return rounds


def sound(
    pairing: object, entrants: int, sides: int, number: int, kind: str
) -> list[tuple[int, ...]]:
    """The pairing of a round, checked: a user's format may return anything.

    Raises ``SceneError`` for anything but meetings of so many sides, byes, or one entrant against
    itself. Nobody is in two, but for playing itself.

    >>> sound([[0, 1], (2,)], 3, 2, 1, "Mine")
    [(0, 1), (2,)]
    >>> sound([(0, 3)], 3, 2, 1, "Mine")
    Traceback (most recent call last):
    sim.errors.SceneError: Mine, round 1 pairs (0, 3); there are entrants 0 to 2
    """
    where = f"{kind}, round {number}"
    if not isinstance(pairing, list | tuple):
        raise SceneError(f"{where}: {pairing!r:.60} holds no meetings; give a list of tuples")
    meetings: list[tuple[int, ...]] = []
    playing: set[int] = set()
    for met in pairing:
        if not isinstance(met, list | tuple) or not all(type(one) is int for one in met):
            raise SceneError(f"{where}: {met!r:.60} is no meeting; give a tuple of numbers")
        who = set(met)
        if not all(0 <= one < entrants for one in met):
            raise SceneError(
                f"{where} pairs {tuple(met)!r}; there are entrants 0 to {entrants - 1}"
            )
        if len(met) not in (1, sides) or len(who) not in (1, sides):
            raise SceneError(
                f"{where} pairs {tuple(met)!r}; a meeting has {sides} sides, a bye one, and who "
                f"plays itself is there {sides} times"
            )
        is_self_play = len(met) > len(who)
        if not is_self_play and (twice := who & playing):
            raise SceneError(f"{where}: entrant {min(twice)} is there twice; let it meet once")
        playing |= set() if is_self_play else who
        meetings.append(tuple(met))
    return meetings
