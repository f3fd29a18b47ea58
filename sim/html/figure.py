"""A figure: what it shows, how many, which interval; the drawing; and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.html.figures.drawing import Drawing, Panel, padded, side_by_side
from sim.html.figures.svg import svg, svg_file
from sim.html.markup import Html, Part, element
from sim.html.pages import fragment
from sim.html.tables import Table, folded

WIDE, NARROW = 860.0, 350.0
"""The widths in pixels for which a figure is drawn: for a desk and for a phone."""

MARGIN = 12.0
"""The margin of a figure in a file of its own, in pixels."""


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

    def sheet(self, width: float = WIDE) -> Drawing:
        """The drawing with a margin, for a file of its own that is so wide."""
        return padded(self.drawing(width - 2 * MARGIN), MARGIN)

    def svg(self, width: float = WIDE) -> str:
        """The drawing as an SVG file."""
        return svg_file(self.sheet(width), f"{self.title}. {self.about}")

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
            # An empty drawing would leave a hole on the page.
            [svg(self.drawing(WIDE), label, "wide"), svg(self.drawing(NARROW), label, "narrow")]
            if self.panels
            else None,
            folded(self.table, self.key, self.title),
            id=self.key,
        )

    def __repr__(self) -> str:
        return f"<Figure: {self.title}>"

    def _repr_html_(self) -> str:
        return fragment(self.html())
