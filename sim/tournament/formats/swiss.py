"""Swiss: in each round those meet who have as many points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import ConfigDict, Field

from sim.scene.base_model import AuthoredModel
from sim.tournament.formats.base import Meeting, check, power_from, standings
from sim.tournament.formats.grouping import grouped
from sim.tournament.formats.matching import paired
from sim.tournament.formats.meetings import bye_order, met_in


class Swiss(AuthoredModel):
    """Rounds in which those meet who have as many points, and nobody meets twice.

    The first round is drawn. Then entrants are ranked (``standings``), and of all pairings without
    a rematch one is taken that has the smallest differences of points (their squares summed), and
    among equal points sets the top half against the bottom half: first against first of the other
    half, and so on. Only where every pairing has a rematch are there some, as few as can be,
    between those who have met least often. With an odd number one has a bye: of those who have had
    the fewest the lowest in rank, unless that forces a rematch.

    ``Swiss(rounds=7)`` has seven rounds; left out there are as many as tell a first from all others
    if the better always wins (log2 of the number, rounded up) and one more, but no more than there
    are opponents. With more than two sides neighbours in rank form groups, with as few rematches as
    a search by exchanges finds, and who is left over has a bye.

    *References.* FIDE Handbook, C.04 (pairing within score groups, byes); Edmonds, "Paths, trees,
    and flowers", 1965 (the matching). It is not the Dutch system to the letter.

    >>> Swiss().rounds(200, 2), Swiss(rounds=5).rounds(200, 2), Swiss().rounds(3, 2)
    (9, 5, 3)
    >>> [len(meeting) for meeting in Swiss().pair(5, 2, 1, (), seed=3)]
    [2, 2, 1]
    """

    adaptive: ClassVar[bool] = True
    # `rounds` is what users write; a field of that name would hide the method of the protocol.
    model_config = ConfigDict(populate_by_name=True)

    length: int | None = Field(default=None, alias="rounds", ge=1, le=10_000)

    def rounds(self, entrants: int, sides: int) -> int:
        check("Swiss", entrants, sides)
        if self.length is not None:
            return self.length
        most = entrants - 1 + entrants % 2 if sides == 2 else (entrants - 1) // (sides - 1)
        return min(power_from(entrants, sides) + 1, most)

    def pair(
        self,
        entrants: int,
        sides: int,
        round: int,  # noqa: A002
        before: Sequence[Meeting],
        seed: int,
    ) -> list[tuple[int, ...]]:
        check("Swiss", entrants, sides, round)
        if round > self.rounds(entrants, sides):
            return []
        earlier = [meeting for meeting in before if meeting.round < round]
        table, met = standings(entrants, earlier, seed), met_in(earlier)
        if sides == 2:
            return paired(table, met)
        off = {row.entrant for row in bye_order(table)[: entrants % sides]}
        playing = [row.entrant for row in table if row.entrant not in off]
        return [*grouped(playing, sides, met), *((one,) for one in sorted(off))]
