"""A figure: what it shows, how many, which interval; the drawing; and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.html.figures.drawing import Drawing, Panel, side_by_side
from sim.html.figures.svg import svg, svg_file
from sim.html.markup import Html, Part, element
from sim.html.pages import fragment
from sim.html.tables import Table, folded

WIDE, NARROW = 860.0, 350.0
"""The widths in pixels for which a figure is drawn: for a desk and for a phone."""


@dataclass(frozen=True)
class Figure:
    """A figure, to be drawn at any width.

    ``panels`` are drawn in rows, at least ``least`` pixels wide each. ``about`` says what is
    shown, of how many, and which interval; ``finding`` is one sentence on what is seen.
    """

    key: str
    title: str
    about: str
    panels: Sequence[Panel]
    table: Table
    least: float = 230.0
    most: int = 4
    finding: Part = None
    notes: Sequence[str] = ()

    def drawing(self, width: float = WIDE) -> Drawing:
        """All panels, drawn for a width."""
        return side_by_side(self.panels, width, self.least, most=self.most)

    def svg(self, width: float = WIDE) -> str:
        """The drawing as an SVG file."""
        return svg_file(self.drawing(width), f"{self.title}. {self.about}")

    def html(self) -> Html:
        """The figure for a page: caption, drawing for desks and for phones, and numbers."""
        label = f"{self.title}. {self.about}"
        return element(
            "figure",
            element(
                "figcaption",
                element("h3", self.title),
                element("p", self.finding, class_="finding") if self.finding else None,
                element("p", self.about),
                [element("p", note) for note in self.notes],
            ),
            svg(self.drawing(WIDE), label, "wide"),
            svg(self.drawing(NARROW), label, "narrow"),
            folded(self.table, self.key),
            id=self.key,
        )

    def _repr_html_(self) -> str:
        return fragment(self.html())
