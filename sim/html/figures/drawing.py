"""The few shapes of which figures are made, in pixels from the upper left corner."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Point = tuple[float, float]

Anchor = Literal["start", "middle", "end"]

_TINTS = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""Colours of skin, which follow the emoji that they are for."""

SIZE = 12.0
"""The size of letters, in pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points. ``colour`` is a name of ``style.css``; ``dash`` lengths of ink and
    gap; ``title`` what a pointer that rests on it reads; ``key`` is by what a page finds it."""

    points: tuple[Point, ...]
    colour: str = "ink"
    width: float = 1.5
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    title: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """A filled shape."""

    points: tuple[Point, ...]
    colour: str = "ink"
    opacity: float = 1.0
    title: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A disc, or a ring if it is ``hollow``."""

    at: Point
    radius: float = 3.5
    colour: str = "ink"
    hollow: bool = False
    title: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; ``at`` is on its baseline, at its ``anchor``. ``halo`` puts the colour of the
    page around the letters, so that lines behind them do not disturb."""

    at: Point
    text: str
    colour: str = "ink"
    size: float = SIZE
    anchor: Anchor = "start"
    bold: bool = False
    halo: bool = False


Shape = Line | Area | Dot | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on a page of a size."""

    width: float
    height: float
    shapes: tuple[Shape, ...] = ()


def box(x: float, y: float, width: float, height: float) -> tuple[Point, ...]:
    """The corners of a box."""
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def moved(shape: Shape, x: float, y: float) -> Shape:
    """A shape at another place."""
    if isinstance(shape, Dot | Words):
        return replace(shape, at=(shape.at[0] + x, shape.at[1] + y))
    return replace(shape, points=tuple((one + x, other + y) for one, other in shape.points))


def padded(drawing: Drawing, margin: float) -> Drawing:
    """A drawing with a margin on all sides."""
    return Drawing(
        drawing.width + 2 * margin,
        drawing.height + 2 * margin,
        tuple(moved(shape, margin, margin) for shape in drawing.shapes),
    )


Panel = Callable[[float], Drawing]
"""A part of a figure, drawn for a width."""


def side_by_side(
    panels: Sequence[Panel], width: float, least: float = 230, gap: float = 28, most: int = 4
) -> Drawing:
    """Panels in rows: as many beside each other as have ``least`` pixels each, ``most`` of them.

    >>> dot = lambda width: Drawing(width, 50, (Dot((0, 0)),))
    >>> drawn = side_by_side([dot] * 3, 500)
    >>> drawn.height, [shape.at for shape in drawn.shapes]
    (128.0, [(0.0, 0.0), (264.0, 0.0), (0.0, 78.0)])
    """
    fitting = max(1, min(most, len(panels), int((width + gap) // (least + gap))))
    each = (width - gap * (fitting - 1)) / fitting
    shapes: list[Shape] = []
    top = 0.0
    for start in range(0, len(panels), fitting):
        row = [panel(each) for panel in panels[start : start + fitting]]
        for place, drawn in enumerate(row):
            shapes += [moved(shape, place * (each + gap), top) for shape in drawn.shapes]
        top += max(drawn.height for drawn in row) + gap
    return Drawing(width, max(top - gap, 0), tuple(shapes))


def extent(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """About how wide a text is, in pixels: no font is known before the page is shown."""
    wide = sum(1.6 if ord(letter) > 0x2E7F else 1.0 for letter in text)
    return wide * size * (0.7 if bold else 0.58)


def fitted(text: str, width: float, size: float = SIZE, *, bold: bool = False) -> str:
    """A text that is no wider than that, its middle left out if it has to be: of two long names
    that begin alike, the ends tell which is which.

    >>> fitted("Maximiliane the Elder", 100), fitted("Maximiliane the Younger", 100)
    ('Maximili…Elder', 'Maximili…unger')
    """
    if extent(text, size, bold=bold) <= width:
        return text
    letters = _letters(text)
    kept = len(letters) - 1
    while kept > 1 and extent("".join(letters[:kept]), size, bold=bold) > width - size * 0.6:
        kept -= 1
    # So short, a name is known by its beginning.
    last = 2 * kept // 5 if kept > 5 else 0
    end = "".join(letters[len(letters) - last :]).lstrip()
    return "".join(letters[: kept - last]).rstrip() + "…" + end


def _letters(text: str) -> list[str]:
    """What is seen as one letter each: marks, tints and what a joiner joins stay with theirs."""
    found: list[str] = []
    for each in text:
        joins = each == "\u200d" or unicodedata.combining(each) or each in _TINTS
        if found and (joins or unicodedata.category(each) == "Mn" or found[-1][-1] == "\u200d"):
            found[-1] += each
        else:
            found.append(each)
    return found


def broken(text: str, width: float, size: float = SIZE, *, bold: bool = False) -> list[str]:
    """A text on one line, or on two if it has to be: at a space where that suffices, else after a
    sign inside a name. What fits no two lines loses the middle of its second.

    >>> broken("embedded:base rounds=2", 140, bold=True), broken("embedded:base", 80)
    (['embedded:base', 'rounds=2'], ['embedded:', 'base'])
    """

    def fits(line: str) -> bool:
        return extent(line, size, bold=bold) <= width

    if fits(text):
        return [text]
    places = [match.end() for match in re.finditer(r"[ :=,/_-]", text[:-1])]
    cuts = [(text[:place].rstrip(), text[place:]) for place in places]
    cuts = [cut for cut in cuts if fits(cut[0])]
    spaces = [cut for cut in cuts if text[len(cut[0])] == " "]
    whole = [cut for cut in (*reversed(spaces), *reversed(cuts)) if fits(cut[1])]
    found = [*whole[:1], *spaces[-1:], *cuts[-1:], (text,)][0]
    return [fitted(line, width, size, bold=bold) for line in found]


def headed(title: str, below: str, width: float) -> tuple[list[Shape], float]:
    """The title of a panel, what stands below it, both on two lines if they have to be, and where
    the panel goes on.

    >>> shapes, top = headed("embedded:base rounds=2", "12 trials", 140)
    >>> [shape.text for shape in shapes], top
    (['embedded:base', 'rounds=2', '12 trials'], 57.0)
    """
    y = 12.0
    shapes: list[Shape] = []
    for line in broken(title, width * 0.9, 13, bold=True):
        shapes.append(Words((0, y), line, "ink", 13, bold=True))
        y += 15
    for line in broken(below, width, 11) if below else ():
        shapes.append(Words((0, y + 1), line, "muted", 11))
        y += 15
    return shapes, y - (0 if below else 1)
