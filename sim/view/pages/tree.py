"""The tree of branches: where each leaves its parent, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sim.html import Html, element, joined, name
from sim.html.markup import Part
from sim.html.numbers import counted, number
from sim.view.library import Library, Row
from sim.view.pages.alternatives import Alternatives, both_bars
from sim.view.pages.frame import address, frame, sign, trail
from sim.view.readings import KINDS

_SHOWN = 60
"""So many branches of an arm are listed."""


Bars = Mapping[tuple[str, str, int], Alternatives]
"""Who appears at the first own turn of branches: by parent, arm, and the turn where they leave."""


def tree_page(library: Library, here: Row, family: Sequence[Row], bars: Bars) -> str:
    """The page of a family: the trial at the root, then branches below the trials they leave."""
    root = family[0] if family else here
    below: dict[str, list[Row]] = {}
    for row in family[1:]:
        below.setdefault(str(row.of), []).append(row)
    count = len(family) - 1
    return frame(
        f"Branches of {root.short}",
        trail(("/", "Trials"), (address("trial", root.id), root.short)),
        element("h1", "Branches of ", root.short),
        element(
            "p",
            counted(count, "branch", "branches") + ", each below the turn at which it leaves."
            if count
            else "Nothing was played otherwise yet. Fork at any line: press f there.",
            class_="lede",
        ),
        element(
            "p",
            element(
                "a",
                "As JSON, with all lines",
                href=address("trial", root.id, "tree.json"),
                download=True,
            ),
            class_="small",
        )
        if count
        else None,
        element("ul", _node(library, root, below, bars, here), class_="tree"),
        store=library.path,
        page="tree",
        up=address("trial", here.id),
        facts={"trial": here.id, "state": library.state(), "version": library.measured.version},
    )


def _node(
    library: Library,
    row: Row,
    below: Mapping[str, Sequence[Row]],
    bars: Bars,
    here: Row,
) -> Html:
    arms: dict[tuple[int, str], list[Row]] = {}
    for child in sorted(
        below.get(row.id, ()), key=lambda each: (each.at or 0, each.arm, each.branch or 0)
    ):
        arms.setdefault((child.at or 0, child.arm), []).append(child)
    return element(
        "li",
        _leaf(library, row, here),
        element(
            "ul",
            [
                _arm(library, row, at, arm, some, below, bars, here)
                for (at, arm), some in arms.items()
            ],
        )
        if arms
        else None,
    )


def _arm(
    library: Library,
    parent: Row,
    at: int,
    arm: str,
    rows: Sequence[Row],
    below: Mapping[str, Sequence[Row]],
    bars: Bars,
    here: Row,
) -> Html:
    others = bars.get((parent.id, arm, at))
    marks = Counter(
        kind
        for row in rows
        for kind in {mark.kind for mark in library.marks(row.id) if mark.turn >= at}
    )
    done = sum(row.status == "done" for row in rows)
    found = [
        joined(" ", sign(kind), f" {marks[kind]} of {done}")
        for kind in KINDS
        if marks[kind] and done
    ]
    grown = [row.turns for row in rows if row.status == "done"]
    mean = f", {number(sum(grown) / len(grown), 1)} turns on average" if grown else ""
    return element(
        "li",
        element(
            "details",
            element(
                "summary",
                element("b", name(arm)),
                element(
                    "span", f" {counted(len(rows), 'branch', 'branches')}{mean}", class_="muted"
                ),
                found,
                both_bars(others) if others is not None else None,
            ),
            element(
                "p",
                element(
                    "a",
                    f"turn {at} of {parent.short}",
                    href=address("trial", parent.id, fragment=f"t-{at}"),
                ),
                " · ",
                element("a", "its alternatives", href=address("trial", parent.id, "turn", at)),
                class_="small",
            )
            if others is not None
            else None,
            element("ul", [_node(library, row, below, bars, here) for row in rows[:_SHOWN]]),
            element("p", f"and {len(rows) - _SHOWN} more", class_="muted")
            if len(rows) > _SHOWN
            else None,
            open=len(rows) <= 12,
        ),
    )


def _leaf(library: Library, row: Row, here: Row) -> Html:
    marks: list[Part] = [
        joined(" ", sign(mark.kind), element("small", f" {mark.actor} {mark.turn}"))
        for mark in library.marks(row.id)[:6]
        if row.at is None or mark.turn >= row.at
    ]
    beside = (
        joined(" ", element("a", "beside", href=address("compare", a=row.of, b=row.id)))
        if row.at is not None
        else None
    )
    reason = f", {row.reason}" if row.reason else ""
    return element(
        "span",
        element(
            "a",
            row.short,
            href=address("trial", row.id, fragment=f"t-{row.at}" if row.at else ""),
            aria_current="page" if row.id == here.id else None,
        ),
        element("span", f" {counted(row.turns, 'turn')}, {row.status}{reason}", class_="muted"),
        marks,
        beside,
        class_="leaf",
    )
