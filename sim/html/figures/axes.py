"""Scales, ticks, and the frame in which lines are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from sim.html.figures.drawing import Line, Point, Shape, Words, extent, fitted
from sim.html.numbers import number

SMALL = 11.0
"""The size of the letters at axes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers ``low`` to ``high`` to pixels ``start`` to ``end``.

    >>> Scale(0, 10, 100, 200)(5)
    150.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def within(self, value: float) -> float:
        """The same, no further than the ends."""
        return self(min(max(value, self.low), self.high))


def ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Round numbers from ``low`` to ``high``, ``most`` of them or fewer; ``whole`` ones if asked.

    >>> ticks(0, 16), ticks(-1, 1), ticks(0, 0.13, 4)
    ([0, 5, 10, 15], [-1.0, -0.5, 0.0, 0.5, 1.0], [0.0, 0.05, 0.1])
    """
    if not (isfinite(low) and isfinite(high)) or high <= low:
        return [low] if isfinite(low) else []
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** floor(log10(rough))
    steps = [factor * power for factor in (1, 2, 2.5, 5, 10, 20)]
    whole = whole or (all(float(end).is_integer() for end in (low, high)) and high - low >= 4)
    step = next(
        each
        for each in steps
        if (high - low) / each <= most - 1 + 1e-9 and not (whole and each % 1)
    )
    digits = max(0, ceil(-log10(step)) + 1)
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    found = [round(place * step, digits) for place in range(first, last + 1)]
    return [int(each) for each in found] if step % 1 == 0 else found


def tick_text(value: float) -> str:
    """A number at an axis, with no more digits than it needs.

    >>> tick_text(0.5), tick_text(-1), tick_text(1500)
    ('0.5', '−1', '1,500')
    """
    for digits in range(4):
        if abs(round(value, digits) - value) < 1e-9:
            return number(value, digits)
    return number(value, 3)


def range_of(values: Iterable[float], least: Sequence[float] = ()) -> tuple[float, float]:
    """The range of the known numbers, ``least`` among them, a little wider."""
    known = [value for value in (*values, *least) if isfinite(value)]
    if not known:
        return (0.0, 1.0)
    low, high = min(known), max(known)
    if low == high:
        return (low - 0.5, high + 0.5)
    return (low, high)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a panel has its lines: pixels of the left, top, right and bottom edge, and scales."""

    left: float
    top: float
    right: float
    bottom: float
    x: Scale
    y: Scale

    @classmethod
    def of(
        cls, edges: tuple[float, float, float, float],
        x_range: tuple[float, float], y_range: tuple[float, float],
    ) -> Frame:  # fmt: skip
        """A frame from its edges (left, top, right, bottom) and the ranges of its axes."""
        left, top, right, bottom = edges
        return cls(*edges, Scale(*x_range, left, right), Scale(*y_range, bottom, top))

    def point(self, x: float, y: float) -> Point:
        """The place of two numbers; what is outside is moved to the edge."""
        return (self.x.within(x), self.y.within(y))

    def axes(
        self, x_label: str = "", y_ticks: Sequence[float] | None = None, share: bool = False
    ) -> list[Shape]:
        """Thin lines at round numbers of y, and the numbers of both axes."""
        shapes: list[Shape] = []
        marks = ticks(self.y.low, self.y.high, 5) if y_ticks is None else y_ticks
        for value in marks:
            y = self.y(value)
            zero = value == 0
            shapes.append(Line(((self.left, y), (self.right, y)), "axis" if zero else "grid", 1.0))
            told = f"{tick_text(100 * value)}%" if share else tick_text(value)
            shapes.append(Words((self.left - 7, y + 3.8), told, "muted", SMALL, "end"))
        across = ticks(
            self.x.low,
            self.x.high,
            max(2, min(7, int((self.right - self.left) / 36))),
            whole=self.x.high - self.x.low >= 1,
        )
        for value in across:
            x = self.x(value)
            shapes.append(Line(((x, self.bottom), (x, self.bottom + 4)), "axis", 1.0))
            shapes.append(Words((x, self.bottom + 17), tick_text(value), "muted", SMALL, "middle"))
        if x_label:
            shapes.append(Words((self.right, self.bottom + 33), x_label, "muted", SMALL, "end"))
        return shapes


def labels_beside(
    frame: Frame, wanted: Sequence[tuple[float, str, str]], room: float, size: float = SMALL + 0.5
) -> list[Shape]:
    """Labels at the right of lines, at about the height of their ends, none over another.

    ``wanted`` has for each the pixel of its height, its text and its colour.
    """
    step = size + 3.5
    placed = sorted(enumerate(wanted), key=lambda each: each[1][0])
    heights = [each[1][0] for each in placed]
    # Pool neighbours that are too close, each pool around its mean (isotonic regression).
    pools: list[list[int]] = []
    for place in range(len(heights)):
        pools.append([place])
        while len(pools) > 1 and _start(pools[-1], heights, step) < (
            _start(pools[-2], heights, step) + step * len(pools[-2])
        ):
            last = pools.pop()
            pools[-1] += last
    placed_at: list[float] = []
    for pool in pools:
        start = _start(pool, heights, step)
        placed_at += [start + offset * step for offset in range(len(pool))]
    # Within the frame: down from its top first, then up from its bottom.
    for place, y in enumerate(placed_at):
        placed_at[place] = max(y, placed_at[place - 1] + step if place else frame.top)
    for place in reversed(range(len(placed_at))):
        most = placed_at[place + 1] - step if place + 1 < len(placed_at) else frame.bottom
        placed_at[place] = min(placed_at[place], most)
    return [
        Words(
            (frame.right + 8, y + size * 0.35), fitted(text, room, size, bold=True), colour, size,
            "start", True,
        )
        for y, (_, (_, text, colour)) in zip(placed_at, placed, strict=True)
    ]  # fmt: skip


def _start(pool: Sequence[int], heights: Sequence[float], step: float) -> float:
    """Where a pool of labels begins, so that its middle is at the mean of its heights."""
    return sum(heights[place] for place in pool) / len(pool) - step * (len(pool) - 1) / 2


def room_for(texts: Iterable[str], most: float, size: float = SMALL + 0.5) -> float:
    """How much room labels beside lines need, in pixels."""
    return min(most, max((extent(text, size, bold=True) for text in texts), default=0) + 10)
