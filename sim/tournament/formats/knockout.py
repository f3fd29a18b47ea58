"""Knockout: the loser of a meeting is out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel
from sim.seeds import Stream, derive
from sim.tournament.formats.base import Meeting, best, check, power_from

Group = tuple[int, ...]
"""The seeds that meet in one place of the bracket, from 0, the best first."""


class Knockout(AuthoredModel):
    """A bracket in which the best of each meeting goes on.

    Seeds are the entrants in the order given, or drawn. The best seeds meet last, and have the byes
    where the number of entrants is no power of the number of sides: all in the first round. The
    higher score goes on; if scores are equal, or there is no verdict, the better seed. In the last
    round the losers of the semifinals meet for the third place, if ``third_place`` says so (two
    sides alone, four entrants at least).

    With more than two sides each meeting takes all out but one; so that all have as many sides, the
    entrants have to be one more than a multiple of what a meeting takes out. Raises ``SceneError``
    for another number.

    >>> Knockout().pair(6, 2, 1, (), 0)
    [(0,), (3, 4), (1,), (2, 5)]
    >>> Knockout().rounds(6, 2), Knockout().rounds(9, 3)
    (3, 2)
    """

    adaptive: ClassVar[bool] = True

    seeding: Literal["given", "random"] = "given"
    third_place: bool = False

    def rounds(self, entrants: int, sides: int) -> int:
        self._check(entrants, sides)
        return power_from(entrants, sides)

    def pair(
        self,
        entrants: int,
        sides: int,
        round: int,  # noqa: A002
        before: Sequence[Meeting],
        seed: int,
    ) -> list[tuple[int, ...]]:
        self._check(entrants, sides, round)
        last = power_from(entrants, sides)
        if round > last:
            return []
        names = list(range(entrants))
        if self.seeding == "random":
            names = Stream(derive(seed, "knockout")).shuffled(range(entrants))
        results = {(one.round, frozenset(one.entrants)): one for one in before}
        groups = _first(entrants, sides)
        beaten: Group = ()
        for earlier in range(1, round):
            kept = []
            beaten = ()
            for group in groups:
                first = _winner(group, names, earlier, results)
                beaten += tuple(one for one in group if one != first)
                kept.append(first)
            groups = [
                tuple(sorted(kept[place : place + sides])) for place in range(0, len(kept), sides)
            ]
        if self.third_place and round == last and len(beaten) == 2:
            groups.append(tuple(sorted(beaten)))
        return [tuple(names[one] for one in group) for group in groups]

    def _check(self, entrants: int, sides: int, number: int = 1) -> None:
        check("Knockout", entrants, sides, number)
        if self.third_place and sides > 2:
            raise SceneError(
                f"Knockout.third_place: is for meetings of two sides, and these have {sides}; "
                "leave it out"
            )
        over = (entrants - 1) % (sides - 1)
        if over:
            raise SceneError(
                f"Knockout: {entrants} entrants do not end with one, if each meeting of {sides} "
                f"takes {sides - 1} out; enter {entrants - over} or "
                f"{entrants - over + sides - 1}, or use Swiss"
            )


def _first(entrants: int, sides: int) -> list[Group]:
    """The first round, in the order of the bracket.

    The second round has a power of ``sides`` places. The best seeds stand for one each; the worst
    of them have to play for it against the seeds beyond, the best of them against the worst.
    """
    places = sides ** (power_from(entrants, sides) - 1)
    playing = (entrants - places) // (sides - 1)
    groups = []
    for one in _bracket(places, sides):
        group = [one]
        if one >= places - playing:
            for row in range(sides - 1):
                # Alternately from the worst and from the best, as in a bracket without byes.
                across = places - 1 - one if row % 2 == 0 else one - (places - playing)
                group.append(places + row * playing + across)
        groups.append(tuple(group))
    return groups


def _bracket(places: int, sides: int) -> list[int]:
    """The order of seeds in a bracket, in which the best meet as late as possible."""
    order = [0]
    while len(order) < places:
        size = len(order)
        order = [
            row * size + (one if row % 2 == 0 else size - 1 - one)
            for one in order
            for row in range(sides)
        ]
    return order


def _winner(
    group: Group,
    names: Sequence[int],
    number: int,
    results: dict[tuple[int, frozenset[int]], Meeting],
) -> int:
    """The seed that goes on."""
    if len(group) == 1:
        return group[0]
    met = tuple(names[one] for one in group)
    meeting = results.get((number, frozenset(met)))
    if meeting is None:
        raise SceneError(
            f"Knockout: what came of round {number} between {' and '.join(map(str, met))} is "
            "needed; give it in `before` (scores=None if there is no verdict)"
        )
    if meeting.scores is None:
        return group[0]
    scores = dict(zip(meeting.entrants, meeting.scores, strict=True))
    return group[best([scores[name] for name in met])]
