"""Figures: sound SVG, the same for the same numbers, nothing over anything else."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from math import hypot, isfinite, nan
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import BadRequest
from sim.html import Figure, Table
from sim.html.figure import NARROW, WIDE
from sim.html.figures.axes import Frame, labels_beside, ticks
from sim.html.figures.drawing import Dot, Drawing, Panel, Words, extent, fitted
from sim.html.figures.forest import Forest, Row
from sim.html.figures.heat import Heat
from sim.html.figures.lines import Course, Plot
from sim.html.figures.network import Edge, Network, Node, _around
from sim.html.figures.paper import drawn as on_paper
from sim.html.figures.svg import svg, svg_file

TIMES = [0, 2, 4, 6]
BAND = Course(TIMES, [0.2, nan, 0.4, 0.5], [0.1, nan, 0.3, 0.4], [0.3, nan, 0.5, 0.6], "rlhf", "s1")
STEPS = Course(TIMES, [0.0, 0.1, 0.1, 0.4], label="<base>", colour="s0", dash=(4, 3), stepped=True)
PANELS: dict[str, Panel] = {
    "lines": Plot("a & b", [BAND, STEPS], (0, 1), (0, 6), "under it"),
    "no lines": Plot("nothing", [], (0, 1), (0, 6)),
    "heat": Heat("heat", ["Ada", "Ben"], ["1", "2"], [[0.1, nan], [0.9, 0.4]], groups={0: "all"}),
    "forest": Forest(
        [
            Row("one", 0.2, 0.1, 0.3, group="g", null=(0.0, 0.1)),
            Row("missing", nan, nan, nan),
            Row("far", 9, 2, 30),
        ],
        x=(-1, 1),
        ends=("less", "more"),
    ),
    "graph": Network(
        "g",
        [Node("Ada", "s0", 9), Node("Ben", "s1", 3), Node("Cleo", "s2", 1)],
        [Edge("Ada", "Ben", 5, 0.4), Edge("Ben", "Ada", 2, -0.9), Edge("Cleo", "Cleo", 1)],
    ),
    "two": Network("g", [Node("Ada"), Node("Ben")], [Edge("Ada", "Ben", 1)]),
    "alone": Network("g", [Node("Ada")], []),
}


@pytest.mark.parametrize("width", [WIDE, NARROW, 160])
@pytest.mark.parametrize("name", PANELS)
def test_a_panel_is_sound_and_stays_on_its_page(name: str, width: float) -> None:
    drawn = PANELS[name](width)
    text = svg_file(drawn, "what it shows")
    root = ElementTree.fromstring(text.partition("\n")[2])
    assert root.attrib["aria-label"] == "what it shows"
    assert "nan" not in re.sub(r"<text.*?</text>|<title>.*?</title>", "", text)
    for shape in drawn.shapes:
        points = [shape.at] if hasattr(shape, "at") else list(shape.points)
        for x, y in points:
            assert isfinite(x)
            assert isfinite(y)
            assert -1 <= y <= drawn.height + 1
            # Of words it is the anchor; labels beside lines get what room there is.
            assert -1 <= x <= width + 1


def test_the_same_numbers_give_the_same_bytes() -> None:
    for panel in PANELS.values():
        assert svg(panel(400), "x") == svg(panel(400), "x")


@pytest.mark.parametrize(("kind", "beginning"), [("pdf", b"%PDF-"), ("png", b"\x89PNG")])
def test_every_panel_is_drawn_on_paper_and_the_same_each_time(kind: str, beginning: bytes) -> None:
    for panel in PANELS.values():
        assert on_paper(panel(300), kind).startswith(beginning)
    everything = Drawing(300, 300, tuple(s for each in PANELS.values() for s in each(300).shapes))
    assert on_paper(everything, kind) == on_paper(everything, kind)


def test_paper_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BadRequest, match=r"pip install elsinore\[plots\]"):
        on_paper(PANELS["alone"](300), "pdf")


def test_a_missing_point_breaks_a_line_and_is_not_zero() -> None:
    drawn = svg(Plot("t", [BAND], (0, 1), (0, 6))(400), "x")
    lines = re.findall(r'<polyline points="([^"]*)" class="l c-s1"', drawn)
    # A point alone has a bar; the two after the gap have a line.
    assert [len(each.split()) for each in lines] == [2, 2]


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(1e-3, 1e6, allow_nan=False),
    st.integers(2, 9),
)
def test_ticks_are_within_and_even(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    slack = span * 1e-6 + 1e-9 * abs(low)
    assert len(found) <= most
    assert all(low - slack <= each <= low + span + slack for each in found)
    steps = [after - before for before, after in pairwise(found)]
    assert all(abs(step - steps[0]) <= slack + 1e-6 * abs(steps[0]) for step in steps)


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=6))
def test_labels_beside_lines_do_not_touch(heights: list[float]) -> None:
    frame = Frame.of((0, 0, 100, 100), (0, 1), (0, 1))
    made = labels_beside(
        frame, [(y, f"line {place}", "ink") for place, y in enumerate(heights)], 90
    )
    placed = sorted(shape.at[1] for shape in made if isinstance(shape, Words))
    assert len(placed) == len(heights)
    assert all(after - before >= 11 for before, after in pairwise(placed))


def test_a_figure_has_its_numbers_with_it() -> None:
    made = Figure("stance", "Stances", "20 trials, 95%", list(PANELS.values()),
                  Table(["x", "y"], [[1, 0.5], [2, None]])).html()  # fmt: skip
    assert made.count("<svg") == 2
    assert 'id="stance"' in made
    assert 'download="stance.csv"' in made
    assert "data:text/csv;base64," in made
    assert "2 rows" in made


def test_a_figure_with_nothing_to_draw_leaves_no_hole() -> None:
    made = Figure("flips", "Flips", "none of 3", [], Table(["x"], [[1]])).html()
    assert "<svg" not in made
    assert 'download="flips.csv"' in made


def test_turns_at_an_axis_are_whole() -> None:
    drawn = Plot("t", [Course([1, 2], [0, 1])], (0, 1), (1, 2), "", "own turn")(860)
    under = [
        each.text for each in drawn.shapes if isinstance(each, Words) and each.anchor == "middle"
    ]
    assert under == ["1", "2"]


def test_the_name_of_a_group_is_drawn_over_the_lines_of_the_axis() -> None:
    shapes = Forest([Row("a", 0.1, -0.3, 0.3, group="a group with a long name")])(860).shapes
    over = shapes.index(next(each for each in shapes if getattr(each, "text", "")[:3] == "a g"))
    assert all(shapes.index(each) < over for each in shapes
               if getattr(each, "colour", "") in ("grid", "axis"))  # fmt: skip


def test_names_that_begin_alike_are_told_apart_and_letters_stay_whole() -> None:
    names = ["Charlotte von Hohenzollern the Elder", "Charlotte von Hohenzollern the Younger"]
    assert len({fitted(name, 120) for name in names}) == 2
    assert all(extent(fitted(name, 120)) <= 121 for name in names)
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    assert fitted(family * 9, 120).replace(family, "").strip("…") == ""


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_numbers_in_a_crowded_graph_cover_no_name_and_no_other_number(width: float) -> None:
    names = [f"Somebody with a long name {place}" for place in range(12)]
    edges = [
        Edge(one, other, 1 + place % 5)
        for place, one in enumerate(names)
        for other in names
        if one != other
    ]
    drawn = Network("g", [Node(name, "s1") for name in names], edges)(width)
    words = [each for each in drawn.shapes if isinstance(each, Words)][1:]
    boxes = [_around(each) for each in words]
    assert len(boxes) > 12 + 6
    for place, (left, top, right, bottom) in enumerate(boxes):
        assert left >= -1
        assert right <= width + 1
        for other in boxes[:place]:
            # A name has room below its letters, which a number may touch.
            across = min(right, other[2]) - max(left, other[0])
            down = min(bottom, other[3]) - max(top, other[1])
            assert across <= 0 or down <= 3, (words[place].text, other)


def test_a_drawing_without_shapes_is_a_drawing() -> None:
    assert svg(Drawing(10, 10), "nothing").startswith("<svg")


@pytest.mark.parametrize("count", [2, 3, 4, 8])
@pytest.mark.parametrize("width", [WIDE / 3, NARROW, 160])
def test_people_in_a_graph_stand_apart(count: int, width: float) -> None:
    """Between two discs there is room for an arrow: as much as a disc is wide."""
    names = [f"Somebody {place}" for place in range(count)]
    edges = [Edge(one, other, 2) for one in names for other in names if one != other]
    drawn = Network("g", [Node(name) for name in names], edges)(width)
    discs = [shape for shape in drawn.shapes if isinstance(shape, Dot) and shape.colour == "ink"]
    assert len(discs) == count
    for place, one in enumerate(discs):
        for other in discs[:place]:
            apart = hypot(one.at[0] - other.at[0], one.at[1] - other.at[1])
            assert apart > (2 if width > 200 else 1) * (one.radius + other.radius)
