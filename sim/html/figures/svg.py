"""A drawing as SVG: within a page, whose style gives the colours, or as a file of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sim.html.figures.drawing import Area, Dot, Drawing, Point, Shape, Words
from sim.html.markup import Html, attribute, element, escaped, joined
from sim.html.style import figure_style


def svg(drawing: Drawing, label: str, kind: str = "") -> Html:
    """A drawing for a page. ``label`` says in words what is drawn, for who does not see it."""
    return _element(drawing, label, class_=f"drawing {kind}".strip())


def svg_file(drawing: Drawing, label: str) -> str:
    """A drawing as a file of its own, on white, with its style in it."""
    style = Html(f"<style>{figure_style()}</style>")
    made = _element(
        drawing, label, style, class_="drawing",
        width=_length(drawing.width), height=_length(drawing.height),
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{made}\n'


def _element(drawing: Drawing, label: str, *more: Html, **attributes: object) -> Html:
    told = "".join(attribute(name, value) for name, value in attributes.items())
    size = f"0 0 {_length(drawing.width)} {_length(drawing.height)}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img"'
        f"{attribute('aria-label', label)}{told}>"
    )
    shapes = joined(*map(shape_as_svg, drawing.shapes))
    return Html(f"{head}{joined(*more)}{shapes}</svg>")


def shape_as_svg(shape: Shape) -> Html:
    """One shape. Colours are classes, all else attributes, so that a page needs no inline style."""
    if isinstance(shape, Words):
        return element(
            "text", shape.text, x=_length(shape.at[0]), y=_length(shape.at[1]),
            class_=" ".join(
                ["w", f"c-{shape.colour}", *["bold"] * shape.bold, *["halo"] * shape.halo]
            ),
            font_size=None if shape.size == 12 else _length(shape.size),
            text_anchor=None if shape.anchor == "start" else shape.anchor,
        )  # fmt: skip
    title = Html(f"<title>{escaped(shape.title)}</title>") if shape.title else None
    if isinstance(shape, Dot):
        return element(
            "circle", title, cx=_length(shape.at[0]), cy=_length(shape.at[1]),
            r=_length(shape.radius), class_=f"{'r' if shape.hollow else 'a'} c-{shape.colour}",
            data_key=shape.key or None,
        )  # fmt: skip
    opacity = None if shape.opacity == 1 else f"{shape.opacity:.3g}"
    if isinstance(shape, Area):
        return element(
            "polygon", title, points=_points(shape.points), class_=f"a c-{shape.colour}",
            fill_opacity=opacity, data_key=shape.key or None,
        )  # fmt: skip
    return element(
        "polyline", title, points=_points(shape.points), class_=f"l c-{shape.colour}",
        stroke_width=_length(shape.width), stroke_opacity=opacity,
        stroke_dasharray=" ".join(map(_length, shape.dash)) or None, data_key=shape.key or None,
    )  # fmt: skip


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{_length(x)},{_length(y)}" for x, y in points)


def _length(value: float) -> str:
    """A length with one digit after the point at most: nobody sees more, and files stay small."""
    told = f"{value:.1f}"
    return told[:-2] if told.endswith(".0") else told
