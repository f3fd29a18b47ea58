"""A specification curve: estimates from the lowest to the highest, and under each what it is of.

The drawing of Simonsohn, Simmons and Nelson (Nature Human Behaviour 4, 2020): above, estimates
with their intervals; below, a row for each factor, marked where the factor has its other level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from sim.html.figures.axes import SMALL, Frame, range_of
from sim.html.figures.drawing import (
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

TALL, ROW = 210.0, 17.0


@dataclass(frozen=True)
class Specification:
    """One estimate with its limits, and which of the factors have their other level."""

    value: float
    low: float
    high: float
    marks: tuple[bool, ...]
    told: str = ""


@dataclass(frozen=True)
class Curve:
    """A specification curve. ``factors`` name the rows of the matrix, ``null`` is a line across,
    ``band`` a range that is shaded (the prediction interval), ``strong`` the row that explains
    most."""

    specifications: Sequence[Specification]
    factors: Sequence[str]
    null: float = 0.0
    band: tuple[float, float] | None = None
    strong: int | None = None

    def __call__(self, width: float) -> Drawing:
        """The curve, drawn for a width; what has no number is left out."""
        known = [each for each in self.specifications if not isnan(each.value)]
        known.sort(key=lambda each: each.value)
        left = min(width * 0.34, max(map(extent, self.factors), default=0) + 14)
        left = max(left, 46.0)
        ends = [end for each in known for end in (each.value, each.low, each.high)]
        low, high = range_of([*ends, *(self.band or ())], (self.null,))
        more = (high - low) * 0.04
        frame = Frame.of(
            (left, 8.0, width - 6, TALL), (0.0, max(len(known), 1)), (low - more, high + more)
        )
        step = (frame.right - frame.left) / max(len(known), 1)
        shapes: list[Shape] = []
        if self.band is not None:
            top, bottom = frame.y.within(self.band[1]), frame.y.within(self.band[0])
            shapes.append(
                Area(box(left, top, frame.right - left, bottom - top), "muted", 0.16,
                     "a new equivalent world lies here, 95%")
            )  # fmt: skip
        shapes += self._levels(frame)
        for place, each in enumerate(known):
            x = left + (place + 0.5) * step
            y = frame.y.within(each.value)
            if not isnan(each.low):
                limits = ((x, frame.y.within(each.low)), (x, frame.y.within(each.high)))
                shapes.append(Line(limits, "ink", min(2.0, step * 0.4), (), 0.4))
            shapes.append(Dot((x, y), min(3.4, step * 0.42), "ink", title=each.told))
        shapes += self._matrix(known, left, step, width)
        return Drawing(width, TALL + 16 + ROW * len(self.factors) + 8, tuple(shapes))

    def _levels(self, frame: Frame) -> list[Shape]:
        """The numbers of the axis, without any under it, and the line of the null."""
        shapes = [
            each
            for each in frame.axes()
            if not _under(each, frame.bottom)
        ]  # fmt: skip
        y = frame.y.within(self.null)
        shapes.append(Line(((frame.left, y), (frame.right, y)), "axis", 1.4))
        return shapes

    def _matrix(
        self, known: Sequence[Specification], left: float, step: float, width: float
    ) -> list[Shape]:
        """A row for each factor, with a mark where it has its other level."""
        shapes: list[Shape] = []
        for row, name in enumerate(self.factors):
            top = TALL + 16 + row * ROW
            strong = row == self.strong
            if row % 2 == 0:
                shapes.append(Area(box(0, top, width, ROW), "grid", 0.4))
            shapes.append(
                Words((left - 8, top + 12.5), fitted(name, left - 8, SMALL, bold=strong), "ink",
                      SMALL, "end", strong)
            )  # fmt: skip
            for place, each in enumerate(known):
                if each.marks[row]:
                    x = left + place * step + step * 0.15
                    shapes.append(
                        Area(box(x, top + 3.5, step * 0.7, ROW - 7), "ink", 1.0 if strong else 0.6)
                    )
        return shapes


def _under(shape: Shape, bottom: float) -> bool:
    """Whether a shape belongs to the axis below the frame."""
    if isinstance(shape, Words):
        return shape.at[1] > bottom + 8
    return isinstance(shape, Line) and max(y for _, y in shape.points) > bottom
