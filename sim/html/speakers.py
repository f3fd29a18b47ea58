"""A colour for each speaker: the same on every page, told apart by the colour-blind.

The colour is that of the seat. There are eight; whoever sits beyond them has a pattern, too (a
dashed line, a hatched bar). The values stand in ``style.css``: for graphics (at least 3 to 1
against the page) and for names as text (at least 4.5 to 1), on light pages and dark ones. Each pair
of the eight stays apart for people who lack one kind of cone (``tests/sim/html/test_colours.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COLOURS = 8
"""So many colours are told apart; beyond them patterns help."""

DASHES: tuple[tuple[float, ...], ...] = ((), (7, 3), (2, 3), (9, 3, 2, 3))
"""The dashes of lines, by pattern: lengths of ink and gap."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a speaker looks: one of ``COLOURS`` colours, and a pattern, 0 for none."""

    colour: int
    pattern: int = 0

    @property
    def classes(self) -> str:
        """The classes of HTML that give it.

        >>> Look(2).classes, Look(2, 1).classes
        ('s2', 's2 pattern1')
        """
        return f"s{self.colour}" + (f" pattern{self.pattern}" if self.pattern else "")

    @property
    def name(self) -> str:
        """The colour's name in figures."""
        return f"s{self.colour}"

    @property
    def dash(self) -> tuple[float, ...]:
        """The dash of its lines."""
        return DASHES[self.pattern]


class Speakers:
    """The looks of a cast, in the order of its seats. Whoever is not in it gets the looks after.

    >>> speakers = Speakers(["Ada", "Ben"])
    >>> speakers["Ben"], speakers["a stranger"], speakers["Ben"]
    (Look(colour=1, pattern=0), Look(colour=2, pattern=0), Look(colour=1, pattern=0))
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._seats: dict[str, int] = {}
        for name in names:
            self._seats.setdefault(name, len(self._seats))

    def __getitem__(self, name: str) -> Look:
        seat = self._seats.setdefault(name, len(self._seats))
        return Look(seat % COLOURS, min(seat // COLOURS, 3))

    def __iter__(self) -> Iterator[str]:
        return iter(self._seats)

    def __len__(self) -> int:
        return len(self._seats)
