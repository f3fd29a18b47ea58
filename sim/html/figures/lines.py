"""Lines over time with bands, steps, and ribbons: one panel for each thing that is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan

from sim.html.figures.axes import Frame, labels_beside, room_for
from sim.html.figures.drawing import Area, Dot, Drawing, Line, Point, Shape, headed


@dataclass(frozen=True)
class Course:
    """A line over ``x``, with a band from ``low`` to ``high`` where these are known.

    ``label`` stands at its end; blank leaves it out. ``stepped`` lines hold their height until the
    next point (a cumulative incidence). A missing point (NaN) breaks the line.
    """

    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    label: str = ""
    colour: str = "ink"
    dash: tuple[float, ...] = ()
    width: float = 2.0
    opacity: float = 1.0
    band: float = 0.16
    stepped: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Mark:
    """Something that happened at a point: a dot with words for the pointer that rests on it."""

    x: float
    y: float
    title: str
    colour: str = "accent"


@dataclass(frozen=True)
class Plot:
    """A panel: its title and the line under it, courses, and the ranges of its axes.

    ``call`` makes it: a ``Panel`` is drawn for a width. ``share`` writes the numbers of y in
    percent.
    """

    title: str
    courses: Sequence[Course]
    y: tuple[float, float]
    x: tuple[float, float]
    below: str = ""
    x_label: str = "turn"
    y_ticks: Sequence[float] | None = None
    share: bool = False
    height: float = 170.0
    marks: Sequence[Mark] = field(default_factory=tuple)
    labels: bool = True

    def __call__(self, width: float) -> Drawing:
        """The panel, drawn for a width."""
        named = [each for each in self.courses if each.label and self.labels]
        room = room_for([each.label for each in named], width * 0.34)
        shapes, top = headed(self.title, self.below, width)
        edges = (38.0, top, width - (room if named else 8.0), top + self.height)
        frame = Frame.of(edges, self.x, self.y)
        shapes += frame.axes(self.x_label, self.y_ticks, self.share)
        for course in self.courses:
            shapes += _band(frame, course)
        ends: list[tuple[float, str, str]] = []
        for course in self.courses:
            points = _line(frame, course)
            for part in points:
                if len(part) > 1:
                    shapes.append(
                        Line(tuple(part), course.colour, course.width, course.dash, course.opacity)
                    )
                if course.dots or len(part) == 1:
                    shapes += [Dot(point, 2.6, course.colour) for point in part]
            if points and course.label and self.labels:
                ends.append((points[-1][-1][1], course.label, course.colour))
        for mark in self.marks:
            shapes.append(Dot(frame.point(mark.x, mark.y), 4, mark.colour, title=mark.title))
        shapes += labels_beside(frame, ends, room - 8)
        return Drawing(width, edges[3] + (38 if self.x_label else 22), tuple(shapes))


def _stretches(course: Course, *columns: Sequence[float]) -> list[list[tuple[float, ...]]]:
    """The rows of x and these columns, broken where one is missing."""
    parts: list[list[tuple[float, ...]]] = [[]]
    for row in zip(course.x, *columns, strict=True):
        if any(isnan(value) for value in row):
            if parts[-1]:
                parts.append([])
        else:
            parts[-1].append(tuple(map(float, row)))
    return [part for part in parts if part]


def _stepped(points: Sequence[Point]) -> list[Point]:
    """The corners of steps that hold until the next point."""
    corners = [points[0]]
    for (_, before), (x, y) in pairwise(points):
        corners += [(x, before), (x, y)]
    return corners


def _line(frame: Frame, course: Course) -> list[list[Point]]:
    parts = []
    for part in _stretches(course, course.y):
        points = [frame.point(x, y) for x, y in part]
        parts.append(_stepped(points) if course.stepped else points)
    return parts


def _band(frame: Frame, course: Course) -> list[Shape]:
    if not course.low:
        return []
    shapes: list[Shape] = []
    for part in _stretches(course, course.low, course.high):
        below = [frame.point(x, low) for x, low, _ in part]
        above = [frame.point(x, high) for x, _, high in part]
        if course.stepped:
            below, above = _stepped(below), _stepped(above)
        if len(part) == 1:  # A single point has a bar for a band.
            (x, low), (_, high) = below[0], above[0]
            shapes.append(Line(((x, low), (x, high)), course.colour, 4, (), course.band * 2))
        else:
            shapes.append(Area((*above, *reversed(below)), course.colour, course.band))
    return shapes
