"""A forest: estimates under one another with their intervals, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isnan

from sim.html.figures.axes import SMALL, Scale, range_of, tick_text, ticks
from sim.html.figures.drawing import (
    SIZE,
    Area,
    Dot,
    Drawing,
    Line,
    Shape,
    Words,
    box,
    extent,
    fitted,
)
from sim.html.numbers import MISSING, interval, number

LABELS = 0.36
"""The part of the width that labels may take beside the marks."""


@dataclass(frozen=True)
class Row:
    """An estimate: its name, the number and its limits (NaN: missing), and what is said of it.

    ``told`` stands at the right; blank is the number with its interval. Rows of one ``group`` stand
    under its name. ``null`` is a range that the same procedure gives where nothing is to be found.
    ``strong`` rows have a full mark, others a ring.
    """

    label: str
    value: float
    low: float
    high: float
    told: str = ""
    group: str = ""
    colour: str = "ink"
    null: tuple[float, float] | None = None
    strong: bool = True


@dataclass(frozen=True)
class Forest:
    """Estimates on one axis, which has a line at ``zero`` unless that is None.

    ``share`` writes the axis in percent. ``tiers`` shades every other run of rows of one group.
    """

    rows: Sequence[Row]
    x_label: str = ""
    zero: float | None = 0.0
    x: tuple[float, float] | None = None
    signed: bool = False
    tiers: bool = False
    ends: tuple[str, str] | None = None
    share: bool = False

    def __call__(self, width: float) -> Drawing:
        """The forest, drawn for a width: labels beside the marks, or above them where these would
        have too little room."""
        told = [self._told(row) for row in self.rows]
        most = max((extent(row.label, bold=row.strong) for row in self.rows), default=0) + 16
        narrow = width < 520 or most > width * LABELS
        tall = 40.0 if narrow else 25.0
        left = 0.0 if narrow else most
        right = width - (0 if narrow else min(width * 0.3, max(map(extent, told), default=0) + 14))
        scale = Scale(*self._range(), left + 8, right - 8)
        shapes: list[Shape] = []
        groups: list[Shape] = []
        y, places = 4.0, []
        for number_of, (group, members) in enumerate(groupby(enumerate(self.rows), _group)):
            some = list(members)
            start = y
            if group:
                groups.append(Words((0, y + 15), fitted(group, width), "muted", SIZE, halo=True))
                y += 24
            for place, _ in some:
                places.append((place, y))
                y += tall
            if self.tiers and number_of % 2 == 0:
                shapes.insert(0, Area(box(0, start, width, y - start), "grid", 0.45))
            y += 6 if group else 0
        bottom = y
        # After the lines of the axis, which would go through their words.
        shapes += [*self._axis(scale, bottom), *groups]
        for place, top in places:
            row = self.rows[place]
            middle = top + (28.0 if narrow else 12.5)
            base = top + (13.0 if narrow else 16.5)
            room = width - extent(told[place]) - 14 if narrow else left - 8
            shapes.append(
                Words(
                    (0, base),
                    fitted(row.label, room, bold=row.strong),
                    row.colour,
                    bold=row.strong,
                    halo=True,
                )
            )
            shapes.append(Words((width, base), told[place], "ink", anchor="end"))
            shapes += self._mark(row, scale, middle)
        return Drawing(width, bottom + (52 if self.ends or self.x_label else 26), tuple(shapes))

    def _told(self, row: Row) -> str:
        if row.told:
            return row.told
        if isnan(row.value):
            return MISSING
        sign = self.signed
        limits = interval(row.low, row.high, sign=sign)
        return f"{number(row.value, sign=sign)} {limits}".strip()

    def _range(self) -> tuple[float, float]:
        if self.x is not None:
            return self.x
        ends = [end for row in self.rows for end in (row.value, row.low, row.high)]
        least = () if self.zero is None else (self.zero,)
        low, high = range_of(ends, least)
        more = (high - low) * 0.04
        return (low - more, high + more)

    def _axis(self, scale: Scale, bottom: float) -> list[Shape]:
        shapes: list[Shape] = []
        for value in ticks(scale.low, scale.high, 5):
            x = scale(value)
            shapes.append(Line(((x, 2), (x, bottom)), "grid", 1))
            told = f"{tick_text(100 * value)}%" if self.share else tick_text(value)
            # At the left edge of a phone half of a number would be off the page.
            shapes.append(
                Words(
                    (max(x, extent(told, SMALL) / 2), bottom + 15), told, "muted", SMALL, "middle"
                )
            )
        if self.zero is not None and scale.low <= self.zero <= scale.high:
            x = scale(self.zero)
            shapes.append(Line(((x, 2), (x, bottom)), "axis", 1.2))
        if self.ends:
            below, above = self.ends
            half = (scale.end - scale.start) / 2
            shapes.append(
                Words((scale.start, bottom + 33), fitted(f"← {below}", half, SMALL), "muted", SMALL)
            )
            shapes.append(
                Words((scale.end, bottom + 33), fitted(f"{above} →", half, SMALL), "muted", SMALL,
                      "end")
            )  # fmt: skip
        elif self.x_label:
            middle = (scale.start + scale.end) / 2
            shapes.append(Words((middle, bottom + 33), self.x_label, "muted", SMALL, "middle"))
        return shapes

    def _mark(self, row: Row, scale: Scale, y: float) -> list[Shape]:
        shapes: list[Shape] = []
        if row.null is not None and not any(map(isnan, row.null)):
            low, high = (scale.within(end) for end in row.null)
            wide = max(high - low, 3.0)
            shapes.append(
                Area(box(low, y - 7, wide, 14), "muted", 0.22, "what the same procedure gives "
                     "where there is nothing to be found")
            )  # fmt: skip
        if isnan(row.value):
            return shapes
        if not isnan(row.low):
            ends = ((scale.within(row.low), y), (scale.within(row.high), y))
            shapes.append(Line(ends, row.colour, 2.4, (), 0.75))
            for value, inward in ((row.low, 5), (row.high, -5)):
                if not scale.low <= value <= scale.high:  # It goes on beyond the axis.
                    x = scale.within(value)
                    tip = ((x, y), (x + inward, y - 4), (x + inward, y + 4))
                    shapes.append(Area(tip, row.colour))
        title = f"{row.label}: {self._told(row)}"
        at = (scale.within(row.value), y)
        shapes.append(Dot(at, 4.2, row.colour, hollow=not row.strong, title=title))
        return shapes


def _group(each: tuple[int, Row]) -> str:
    return each[1].group
