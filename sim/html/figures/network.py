"""A directed graph: who is how large, who turns to whom how often, and with what sign.

Nodes stand on a circle in the order in which they are given, so that the same cast looks the same
everywhere and nothing depends on chance. An edge is bent to its right, so that both directions
are seen; its width is its weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin, sqrt

from sim.html.figures.drawing import (
    Anchor,
    Area,
    Dot,
    Drawing,
    Line,
    Point,
    Shape,
    Words,
    box,
    extent,
    fitted,
    headed,
)
from sim.html.numbers import number


@dataclass(frozen=True, slots=True)
class Node:
    """Somebody: the name, the colour, and how much they said."""

    name: str
    colour: str = "ink"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Edge:
    """From one to another: how often (``weight``), and whether that agrees.

    ``sign`` is from -1 (all contradicts) to 1 (all agrees); None is no sign. ``told`` is what a
    pointer reads.
    """

    source: str
    target: str
    weight: float
    sign: float | None = None
    told: str = ""


@dataclass(frozen=True)
class Network:
    """A graph with a title; edges of a small sign are grey, dashed ones contradict."""

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    below: str = ""
    height: float = 250.0
    counts: bool = True

    def __call__(self, width: float) -> Drawing:
        """The graph, drawn for a width."""
        shapes, top = headed(self.title, self.below, width)
        height = self.height if len(self.nodes) > 2 else 110.0
        places = self._places(width, height, top)
        most = max((edge.weight for edge in self.edges), default=1) or 1
        sizes = self._sizes()
        for edge in sorted(self.edges, key=lambda each: (each.weight, each.source, each.target)):
            if edge.source in places and edge.target in places:
                shapes += self._edge(edge, places, sizes, most)
        middle = (width / 2, top + height / 2)
        for seat, node in enumerate(self.nodes):
            at = places[node.name]
            shapes.append(Dot(at, sizes[node.name] + 2, "paper"))
            title = f"{node.name}: {number(node.weight, 0)}"
            shapes.append(Dot(at, sizes[node.name], node.colour, title=title, key=f"n{seat}"))
            shapes.append(self._name(node, at, sizes[node.name], middle, width))
        return Drawing(width, top + height + 6, tuple(shapes))

    def _places(self, width: float, height: float, top: float) -> dict[str, Point]:
        count = len(self.nodes)
        middle = (width / 2, top + height / 2)
        names = max((extent(fitted(node.name, 90)) for node in self.nodes), default=0)
        across = max(width / 2 - names - 26, width * 0.18)
        down = height / 2 - 40
        if count == 1:
            return {self.nodes[0].name: middle}
        # Two stand beside each other; more begin at the top.
        start = pi if count == 2 else -pi / 2
        across = min(across, width * 0.3 if count == 2 else down * 1.7)
        return {
            node.name: (
                middle[0] + across * cos(start + 2 * pi * place / count),
                middle[1] + (0 if count == 2 else down) * sin(start + 2 * pi * place / count),
            )
            for place, node in enumerate(self.nodes)
        }

    def _sizes(self) -> dict[str, float]:
        most = max((node.weight for node in self.nodes), default=1) or 1
        # Where many stand on the circle, their discs are smaller.
        scale = min(1.0, max(0.45, 4 / max(len(self.nodes), 1)))
        return {
            node.name: scale * (5 + 9 * sqrt(max(node.weight, 0) / most)) for node in self.nodes
        }

    def _name(self, node: Node, at: Point, size: float, middle: Point, width: float) -> Words:
        beside = at[0] - middle[0]
        anchor: Anchor = "middle" if abs(beside) < 12 else "end" if beside < 0 else "start"
        if anchor == "middle":
            y = at[1] + (size + 16 if at[1] > middle[1] else -size - 8)
            return Words((at[0], y), fitted(node.name, 120), node.colour, 12.5, anchor, True, True)
        x = at[0] + (-size - 7 if beside < 0 else size + 7)
        room = x if beside < 0 else width - x
        told = fitted(node.name, max(room, 30), 12.5)
        return Words((x, at[1] + 4), told, node.colour, 12.5, anchor, True, True)

    def _edge(
        self, edge: Edge, places: dict[str, Point], sizes: dict[str, float], most: float
    ) -> list[Shape]:
        sign = edge.sign
        colour = "muted" if sign is None or abs(sign) < 0.05 else "agree" if sign > 0 else "against"
        opacity = 0.9 if sign is None else 0.45 + 0.5 * min(1.0, abs(sign) * 1.5)
        wide = 1.0 + 4.5 * edge.weight / most
        key = self._key(edge)
        dash = (7.0, 4.0) if colour == "against" else ()
        start, end = places[edge.source], places[edge.target]
        if edge.source == edge.target:
            return self._loop(edge, start, sizes[edge.source], colour, wide)
        points, tip = _bent(start, end, sizes[edge.source] + 3, sizes[edge.target] + 3, 5 + wide)
        shapes: list[Shape] = [
            Line(tuple(points), colour, wide, dash, opacity, edge.told, key),
            Area(_head(points[-1], tip, 4 + wide), colour, opacity, key=key),
        ]
        if self.counts and edge.weight >= most * 0.12:
            at = points[len(points) // 2]
            told = number(edge.weight, 0 if edge.weight >= 2 or edge.weight == 1 else 1)
            wide = extent(told, 11) + 5
            # Without a ground of its own, a line behind a number reads as a mark in it.
            shapes.append(Area(box(at[0] - wide / 2, at[1] - 7, wide, 14), "paper"))
            shapes.append(Words((at[0], at[1] + 4), told, "ink", 11, "middle"))
        return shapes

    def _key(self, edge: Edge) -> str:
        """By what a page finds an edge: the places of its two ends among the nodes."""
        seats = {node.name: seat for seat, node in enumerate(self.nodes)}
        return f"e{seats[edge.source]}-{seats[edge.target]}"

    def _loop(self, edge: Edge, at: Point, size: float, colour: str, wide: float) -> list[Shape]:
        """A small circle above, for who follows themselves."""
        radius = 9.0
        centre = (at[0], at[1] - size - radius + 2)
        points = tuple(
            (centre[0] + radius * cos(angle), centre[1] + radius * sin(angle))
            for angle in (pi / 2 + 2 * pi * step / 24 for step in range(25))
        )
        return [Line(points, colour, min(wide, 3), (), 0.6, edge.told)]


def _bent(
    start: Point, end: Point, from_start: float, to_end: float, head: float
) -> tuple[list[Point], Point]:
    """Points of an arc between two discs, up to where the arrow's head begins; and its tip."""
    across = (end[0] - start[0], end[1] - start[1])
    distance = hypot(*across) or 1.0
    bend = 0.16
    control = (
        (start[0] + end[0]) / 2 - across[1] * bend, (start[1] + end[1]) / 2 + across[0] * bend
    )  # fmt: skip
    whole = [_quadratic(start, control, end, step / 48) for step in range(49)]
    kept = [
        point
        for point in whole
        if hypot(point[0] - start[0], point[1] - start[1]) >= from_start
        and hypot(point[0] - end[0], point[1] - end[1]) >= to_end
    ]
    if len(kept) < 3:
        kept = whole
    tip = kept[-1]
    line = [p for p in kept if hypot(p[0] - tip[0], p[1] - tip[1]) >= min(head, distance / 4)]
    return (line if len(line) > 1 else kept[:-1]), tip


def _quadratic(start: Point, control: Point, end: Point, t: float) -> Point:
    """A point of the Bézier curve of degree two."""
    one, two, three = (1 - t) ** 2, 2 * t * (1 - t), t**2
    return (
        one * start[0] + two * control[0] + three * end[0],
        one * start[1] + two * control[1] + three * end[1],
    )


def _head(base: Point, tip: Point, wide: float) -> tuple[Point, ...]:
    """The head of an arrow."""
    angle = atan2(tip[1] - base[1], tip[0] - base[0])
    side = (-sin(angle) * wide / 2, cos(angle) * wide / 2)
    return (tip, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1]))
