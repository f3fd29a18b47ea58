"""A heat map: rows by columns, darker for more, a dash where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from sim.html.figures.axes import SMALL
from sim.html.figures.drawing import Area, Drawing, Shape, Words, box, extent, fitted
from sim.html.numbers import MISSING, number


@dataclass(frozen=True)
class Heat:
    """A heat map from ``low`` (the colour of the page) to ``high`` (the full colour).

    ``values`` has a row for each of ``rows``; NaN is missing. ``groups`` names what stands above
    some rows, by the index of the first of them.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]
    low: float = 0.0
    high: float = 1.0
    below: str = ""
    x_label: str = ""
    unit: str = ""
    colours: Sequence[str] = ()
    groups: dict[int, str] | None = None

    def __call__(self, width: float) -> Drawing:
        """The map, drawn for a width."""
        shapes: list[Shape] = []
        top = 8.0
        if self.title:
            shapes.append(Words((0, 12), fitted(self.title, width, 13), "ink", 13, bold=True))
            top = 26.0
        if self.below:
            shapes.append(Words((0, 28), fitted(self.below, width, 11), "muted", 11))
            top = 42.0
        left = min(width * 0.3, max((extent(row, bold=True) for row in self.rows), default=0) + 14)
        across = (width - left) / max(len(self.columns), 1)
        tall = 24.0
        y = top
        groups = self.groups or {}
        for place, (row, values) in enumerate(zip(self.rows, self.values, strict=True)):
            if place in groups:
                y += 6 if place else 0
                shapes.append(Words((0, y + 12), fitted(groups[place], width, 12), "muted", 12))
                y += 20
            colour = self.colours[place] if self.colours else "ink"
            shapes.append(
                Words(
                    (left - 9, y + 16),
                    fitted(row, left - 9, bold=True),
                    colour,
                    anchor="end",
                    bold=True,
                )
            )
            for column, value in enumerate(values):
                x = left + column * across
                shapes += self._cell(x, y, (across, tall), value, f"{row}, {self.columns[column]}")
            y += tall + 2
        skipped = max(1, int(len(self.columns) * 30 / max(width - left, 1)) + 1)
        for column in range(0, len(self.columns), skipped):
            x = left + (column + 0.5) * across
            told = fitted(self.columns[column], across * skipped, SMALL)
            shapes.append(Words((x, y + 13), told, "muted", SMALL, "middle"))
        y += 20
        shapes += self._key(left, y + 6, width)
        return Drawing(width, y + 40, tuple(shapes))

    def _cell(
        self, x: float, y: float, size: tuple[float, float], value: float, where: str
    ) -> list[Shape]:
        wide, tall = size[0] - 1.5, size[1]
        if isnan(value):
            missing = Words((x + wide / 2, y + tall / 2 + 4), MISSING, "muted", 10.5, "middle")
            return [Area(box(x, y, wide, tall), "paper", 1.0, f"{where}: missing"), missing]
        depth = self._depth(value)
        cell: list[Shape] = [
            Area(box(x, y, wide, tall), "grid", 0.55),
            Area(box(x, y, wide, tall), "heat", depth, f"{where}: {number(value)}{self.unit}"),
        ]
        told = number(value)
        if wide > extent(told, 10.5) + 4:
            colour = "onheat" if depth > 0.55 else "ink"
            cell.append(Words((x + wide / 2, y + tall / 2 + 4), told, colour, 10.5, "middle"))
        return cell

    def _depth(self, value: float) -> float:
        span = self.high - self.low
        return max(0.0, min(1.0, (value - self.low) / span if span else 0.0))

    def _key(self, left: float, y: float, width: float) -> list[Shape]:
        """The scale of colours with its ends, and what the columns are."""
        shapes: list[Shape] = []
        low, high = number(self.low), f"{number(self.high)}{self.unit}"
        x = left + extent(low, SMALL) + 5
        each = max(2.0, min(8.0, (width - x - extent(high, SMALL) - 5) / 12))
        shapes.append(Words((left, y + 9), low, "muted", SMALL))
        shapes += [
            Area(box(x + step * each, y, each, 10), "heat", (step + 0.5) / 12) for step in range(12)
        ]
        shapes.append(Words((x + 12 * each + 5, y + 9), high, "muted", SMALL))
        if self.x_label:
            shapes.append(Words((width, y + 9), self.x_label, "muted", SMALL, "end"))
        return shapes
