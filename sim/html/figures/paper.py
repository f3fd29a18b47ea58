"""A drawing as PDF or PNG, by matplotlib, which the extra ``elsinore[plots]`` installs."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Literal

from sim.errors import BadRequest
from sim.html.figures.drawing import Area, Dot, Drawing, Line, Shape
from sim.html.style import light

_DOTS = 200
"""Pixels an inch of a PNG."""

_PIXEL = 72 / 96
"""A pixel of a page in points."""


def drawn(drawing: Drawing, kind: Literal["pdf", "png"] | str) -> bytes:
    """The drawing as a file, on white. Raises ``BadRequest`` if matplotlib is not there."""
    try:
        import matplotlib
    except ImportError:
        raise BadRequest(
            f"a .{kind} needs matplotlib, which is not installed: pip install elsinore[plots]; "
            "an .svg needs nothing"
        ) from None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Page

    # Letters stay letters in a PDF, and the same numbers give the same bytes.
    settings: dict[Any, Any] = {"pdf.fonttype": 42, "font.family": "sans-serif"}
    with matplotlib.rc_context(settings):
        page = Page(figsize=(drawing.width / 96, drawing.height / 96), dpi=_DOTS)
        FigureCanvasAgg(page)
        axes = page.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, drawing.width)
        axes.set_ylim(drawing.height, 0)
        axes.axis("off")
        for shape in drawing.shapes:
            _draw(axes, shape)
        stream = BytesIO()
        facts: dict[str, Any] = {"CreationDate": None} if kind == "pdf" else {"Software": None}
        page.savefig(stream, format=kind, dpi=_DOTS, metadata=facts)
    return stream.getvalue()


def _draw(axes: Any, shape: Shape) -> None:
    colours = light() | {"paper": "#ffffff"}
    if isinstance(shape, Line):
        x, y = zip(*shape.points, strict=True)
        wide = shape.width * _PIXEL
        dash = (
            (0, tuple(max(0.1, part / shape.width) for part in shape.dash)) if shape.dash else "-"
        )
        axes.plot(
            x, y, color=colours[shape.colour], linewidth=wide, linestyle=dash, alpha=shape.opacity,
            solid_capstyle="butt", clip_on=False,
        )  # fmt: skip
    elif isinstance(shape, Area):
        x, y = zip(*shape.points, strict=True)
        axes.fill(x, y, color=colours[shape.colour], alpha=shape.opacity, linewidth=0)
    elif isinstance(shape, Dot):
        colour = colours[shape.colour]
        axes.plot(
            *shape.at, marker="o", markersize=2 * shape.radius * _PIXEL, markeredgewidth=1.3,
            markerfacecolor="#ffffff" if shape.hollow else colour, markeredgecolor=colour,
            clip_on=False,
        )  # fmt: skip
    else:
        across, down = shape.at
        side = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
        # A dollar would begin a formula.
        axes.text(
            across, down, shape.text.replace("$", r"\$"), color=colours.get(f"{shape.colour}-ink")
            or colours[shape.colour], fontsize=shape.size * _PIXEL, ha=side, va="baseline",
            fontweight="bold" if shape.bold else "normal",
        )  # fmt: skip
