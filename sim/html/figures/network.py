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

_MOST_COUNTS = 30
"""How many numbers a graph has: among more, none is found."""


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
        height = self._height(width)
        places = self._places(width, height, top)
        most = max((edge.weight for edge in self.edges), default=1) or 1
        sizes = self._sizes()
        middle = (width / 2, top + height / 2)
        named = {
            node.name: self._name(node, places[node.name], sizes[node.name], middle, width)
            for node in self.nodes
        }
        known = [edge for edge in self.edges if edge.source in places and edge.target in places]
        known.sort(key=lambda each: (each.weight, each.source, each.target))
        arcs: list[tuple[Edge, Sequence[Point]]] = []
        for edge in known:
            lines, arc = self._edge(edge, places, sizes, most)
            shapes += lines
            arcs.append((edge, arc))
        if self.counts:
            # The heaviest first; what would cover another number, a name or a disc stands in the
            # table.
            taken = [_around(words) for words in named.values()]
            for name, (x, y) in places.items():
                size = sizes[name]
                taken.append((x - size, y - size, x + size, y + size))
            for edge, arc in arcs[: -_MOST_COUNTS - 1 : -1]:
                shapes += _count(edge, arc, taken) if edge.weight >= most * 0.12 else []
        for seat, node in enumerate(self.nodes):
            at = places[node.name]
            shapes.append(Dot(at, sizes[node.name] + 2, "paper"))
            title = f"{node.name}: {number(node.weight, 0)}"
            shapes.append(Dot(at, sizes[node.name], node.colour, title=title, key=f"n{seat}"))
            shapes.append(named[node.name])
        return Drawing(width, top + height + 6, tuple(shapes))

    def _height(self, width: float) -> float:
        """Where many stand on the circle it is larger, as far as there is room for a round one."""
        count = len(self.nodes)
        if count <= 2:
            return 110.0
        more = min(28.0 * max(0, count - 6), max(0.0, width * 0.62 - self.height))
        return self.height + more

    def _places(self, width: float, height: float, top: float) -> dict[str, Point]:
        count = len(self.nodes)
        middle = (width / 2, top + height / 2)
        names = max(
            (extent(fitted(node.name, 90), 12.5, bold=True) for node in self.nodes), default=0
        )
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
            told = fitted(node.name, 150, 12.5, bold=True)
            return Words((at[0], y), told, node.colour, 12.5, anchor, True, True)
        x = at[0] + (-size - 7 if beside < 0 else size + 7)
        room = x if beside < 0 else width - x
        told = fitted(node.name, max(room, 30), 12.5, bold=True)
        return Words((x, at[1] + 4), told, node.colour, 12.5, anchor, True, True)

    def _edge(
        self, edge: Edge, places: dict[str, Point], sizes: dict[str, float], most: float
    ) -> tuple[list[Shape], Sequence[Point]]:
        """An edge, and the points of its arc along which its number may stand."""
        sign = edge.sign
        colour = "muted" if sign is None or abs(sign) < 0.05 else "agree" if sign > 0 else "against"
        opacity = 0.9 if sign is None else 0.45 + 0.5 * min(1.0, abs(sign) * 1.5)
        # Among so many, all as wide as a few would be a thicket.
        wide = 1.0 + 4.5 * edge.weight / most * max(0.4, min(1.0, 24 / len(self.edges)))
        key = self._key(edge)
        dash = (7.0, 4.0) if colour == "against" else ()
        start, end = places[edge.source], places[edge.target]
        if edge.source == edge.target:
            return self._loop(edge, start, sizes[edge.source], colour, wide), ()
        points, tip = _bent(start, end, sizes[edge.source] + 3, sizes[edge.target] + 3, 5 + wide)
        shapes: list[Shape] = [
            Line(tuple(points), colour, wide, dash, opacity, edge.told, key),
            Area(_head(points[-1], tip, 4 + wide), colour, opacity, key=key),
        ]
        return shapes, points

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


_Edges = tuple[float, float, float, float]
"""Left, top, right and bottom of what something covers."""


def _around(words: Words) -> _Edges:
    """What a name covers."""
    wide = extent(words.text, words.size, bold=words.bold)
    left = words.at[0] - {"start": 0.0, "middle": wide / 2, "end": wide}[words.anchor]
    return (left, words.at[1] - words.size, left + wide, words.at[1] + 4)


def _count(edge: Edge, arc: Sequence[Point], taken: list[_Edges]) -> list[Shape]:
    """The number of an edge, at the middle of its arc or near it, where nothing is covered."""
    told = number(edge.weight, 0 if edge.weight >= 2 or edge.weight == 1 else 1)
    wide = extent(told, 11) + 5
    for share in (0.5, 0.36, 0.64) if arc else ():
        x, y = arc[int(len(arc) * share)]
        own = (x - wide / 2, y - 7, x + wide / 2, y + 7)
        if not any(
            own[0] < right and left < own[2] and own[1] < bottom and top < own[3]
            for left, top, right, bottom in taken
        ):
            taken.append(own)
            # Without a ground of its own, a line behind a number reads as a mark in it.
            ground = Area(box(own[0], own[1], wide, 14), "paper")
            return [ground, Words((x, y + 4), told, "ink", 11, "middle")]
    return []


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
