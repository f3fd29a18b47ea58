"""The list of trials: arms, what is filtered, and rows that are fetched where somebody scrolls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sim.html import Html, element, joined, name
from sim.html.numbers import counted
from sim.store.searching import Found
from sim.view.library import Chosen, Library, Row, Wanted, arm_of
from sim.view.pages.arms import arms_table
from sim.view.pages.frame import address, frame, sign
from sim.view.readings import KINDS

AT_ONCE = 100
"""So many rows come at once."""

_COLUMNS = ("trial", "scenario", "model", "arm", "seed", "turns", "status", "marks")
_FILTERS = ("scenario", "model", "arm", "status")


def asked(wanted: Wanted, **changes: object) -> dict[str, Any]:
    """What the list is asked for, as the query of an address."""
    query: dict[str, Any] = {
        **wanted.facts,
        "mark": wanted.mark,
        "words": wanted.words,
        "sort": wanted.sort,
        "down": "1" if wanted.down else "",
    }
    return {**query, **changes}


def trials_page(library: Library, wanted: Wanted, chosen: Chosen) -> str:
    """The first page."""
    every = library.rows()
    return frame(
        library.path.stem,
        element("h1", name(library.path.stem)),
        element("p", _summary(every), class_="lede"),
        element("p", element("a", "Judge debates, blind", href="/judge"))
        if any(row.debate for row in every)
        else None,
        arms_table(library, every),
        _filters(every, wanted),
        element(
            "p",
            _count(len(chosen.rows), len(every), wanted),
            id="count",
            role="status",
            class_="muted",
        ),
        _head(wanted),
        element(
            "div",
            element("ol", rows_of(library, chosen, 0), class_="rows", id="rows"),
            class_="window" + (" with-words" if chosen.found else ""),
            id="window",
            data_total=len(chosen.rows),
            data_source=address("rows", **asked(wanted)),
        ),
        _more(wanted, len(chosen.rows)),
        _compare_bar(),
        store=library.path,
        page="trials",
        facts={"state": library.state(), "version": library.measured.version},
    )


def rows_of(library: Library, chosen: Chosen, since: int) -> Html:
    """The rows from place ``since`` on, ``AT_ONCE`` of them."""
    some = chosen.rows[since : since + AT_ONCE]
    return joined(
        [
            _row(library, row, chosen.found.get(row.id), since + place)
            for place, row in enumerate(some)
        ]
    )


def _row(library: Library, row: Row, found: Found | None, place: int) -> Html:
    marks = Counter(mark.kind for mark in library.marks(row.id))
    target = address("trial", row.id, fragment=f"t-{found.turn}" if found else "")
    return element(
        "li",
        element(
            "a",
            element("span", row.short, class_="id"),
            element("span", name(row.scenario), class_="what"),
            element("span", name(row.model), class_="model"),
            element("span", name(arm_of(row)), class_="arm") if arm_of(row) else None,
            element("span", f"seed {row.seed}", class_="seed"),
            element("span", counted(row.turns, "turn"), class_="turns"),
            element("span", row.status, class_=f"status {row.status}"),
            element(
                "span", [_times(kind, marks[kind]) for kind in KINDS if marks[kind]], class_="marks"
            ),
            element(
                "span",
                f"{found.turn} {found.actor}: ",
                found.before,
                element("mark", found.words),
                found.after,
                f" · {counted(found.lines, 'line')}",
                class_="words",
            )
            if found
            else None,
            href=target,
        ),
        id=f"r-{place}",
        data_id=row.id,
        class_="row",
    )


def _times(kind: str, count: int) -> Html:
    return joined(sign(kind), element("span", str(count), class_="times") if count > 1 else None)


def _summary(rows: Sequence[Row]) -> str:
    if not rows:
        return "No trial has been planned yet."
    by_status = Counter(row.status for row in rows)
    parts = [counted(len(rows), "trial")]
    for status, words in (("planned", "not at their end"), ("failed", "failed")):
        if by_status[status]:
            parts.append(f"{by_status[status]:,} {words}")
    parts.append(counted(sum(row.turns for row in rows), "turn"))
    return ", ".join(parts) + "."


def _filters(rows: Sequence[Row], wanted: Wanted) -> Html:
    selects = []
    for fact in _FILTERS:
        values = list(dict.fromkeys(str(getattr(row, fact)) for row in rows))[:200]
        if len(values) > 1 or fact in wanted.facts:
            selects.append(_select(fact, values, wanted.facts.get(fact, "")))
    selects.append(_select("mark", list(KINDS), wanted.mark))
    return element(
        "form",
        element(
            "label",
            element("span", "Search all lines"),
            element(
                "input",
                type="search",
                name="words",
                value=wanted.words,
                id="search",
                placeholder="words, or the beginning of an id",
                autocomplete="off",
                maxlength="400",
            ),
            class_="search",
        ),
        selects,
        element("input", type="hidden", name="sort", value=wanted.sort) if wanted.sort else None,
        element("input", type="hidden", name="down", value="1") if wanted.down else None,
        element("button", "Show"),
        element("a", "all", href="/") if any(asked(wanted).values()) else None,
        class_="filters",
        role="search",
        method="get",
        action="/",
    )


def _select(fact: str, values: Sequence[str], chosen: str) -> Html:
    options = [element("option", "any", value="")]
    options += [
        element("option", value[:80], value=value, selected=value == chosen) for value in values
    ]
    return element("label", element("span", fact), element("select", options, name=fact))


def _count(found: int, every: int, wanted: Wanted) -> str:
    if found == every:
        return f"All {counted(every, 'trial')}"
    where = f" with “{wanted.words.strip()}”" if wanted.words.strip() else ""
    return f"{found:,} of {counted(every, 'trial')}{where}"


def _head(wanted: Wanted) -> Html:
    """The names of the columns, each of which sorts."""
    cells = []
    for column in _COLUMNS:
        now = wanted.sort == column
        down = now and not wanted.down
        arrow = (" ↓" if wanted.down else " ↑") if now else ""
        cells.append(
            element(
                "a",
                column,
                arrow,
                class_=f"of-{column}",
                href=address(**asked(wanted, sort=column, down="1" if down else "")),
                aria_label=f"sort by {column}{', downwards' if down else ''}",
            )
        )
    return element("div", cells, class_="columns")


def _more(wanted: Wanted, total: int) -> Html | None:
    """Pages, for who has no scripts."""
    if total <= AT_ONCE:
        return None
    links = [
        element("a", str(since + 1), href=address("rows", **asked(wanted, since=since, whole="1")))
        for since in range(0, min(total, 100 * AT_ONCE), AT_ONCE)
    ]
    return element("noscript", element("nav", "Rows from ", [joined(" ", link) for link in links]))


def _compare_bar() -> Html:
    return element(
        "div",
        element("span", id="chosen-count"),
        element("a", "Compare", href="/compare", id="compare"),
        element("button", "None", type="button", id="choose-none", class_="plain"),
        class_="chosen",
        id="chosen",
        hidden=True,
    )


def plain_rows_page(library: Library, wanted: Wanted, chosen: Chosen, since: int) -> str:
    """Some rows as a page of their own, for who has no scripts."""
    return frame(
        f"Trials from {since + 1}",
        element("h1", f"Trials from {since + 1}"),
        element("ol", rows_of(library, chosen, since), class_="rows"),
        _more(wanted, len(chosen.rows)),
        store=library.path,
        page="rows",
    )
