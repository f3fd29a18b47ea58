"""A table: its rows on the page, as far as they are few, and all of them as CSV."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from sim.html.markup import Html, element, joined
from sim.html.numbers import MISSING, counted, number
from sim.output_files import spreadsheet_cell

SHOWN = 60
"""So many rows of a table stand on a page; the rest are in its CSV."""


@dataclass(frozen=True)
class Table:
    """Rows of plain values under names of columns. None and NaN are missing."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def csv(self) -> str:
        """The table as CSV. Missing cells are blank, and no text is taken for a formula.

        >>> Table(["arm", "C"], [["=base", 0.5], ["rlhf", None]]).csv()
        "arm,C\\n'=base,0.5\\nrlhf,\\n"
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([spreadsheet_cell(each) for each in self.columns])
        for row in self.rows:
            writer.writerow(["" if missing(cell) else _csv_cell(cell) for cell in row])
        return text.getvalue()


def missing(value: object) -> bool:
    """Whether a cell has nothing: None, NaN, or the <NA> of pandas.

    >>> missing(None), missing(float("nan")), missing(0), missing("")
    (True, True, False, False)
    """
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and isnan(value))
    )


def _csv_cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return spreadsheet_cell(value if isinstance(value, int | str) else str(value))


def table(data: Table, *, shown: int = SHOWN) -> Html:
    """The table, its first rows at least; numbers stand right, missing ones as a dash."""
    numeric = [_numeric(data, place) for place in range(len(data.columns))]
    head = element(
        "tr",
        [
            element("th", name, scope="col", class_="n" if right else None)
            for name, right in zip(data.columns, numeric, strict=True)
        ],
    )
    body = [
        element("tr", [_cell(cell, right) for cell, right in zip(row, numeric, strict=True)])
        for row in data.rows[:shown]
    ]
    return element("table", element("thead", head), element("tbody", body))


def _numeric(data: Table, place: int) -> bool:
    return any(
        isinstance(row[place], int | float) and not isinstance(row[place], bool)
        for row in data.rows
    )


def _cell(value: object, right: bool) -> Html:
    if isinstance(value, Html):
        told: object = value
    elif missing(value):
        told = MISSING
    elif isinstance(value, bool):
        told = "yes" if value else "no"
    elif isinstance(value, float):
        told = number(value, 3)
    elif isinstance(value, int):
        told = number(value, 0)
    else:
        told = value
    return element("td", told, class_="n" if right else None)


def csv_link(data: Table, file: str, words: str = "CSV") -> Html:
    """A link that saves the table as a file, with the table in it."""
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    raw = ("\ufeff" + data.csv()).encode("utf-8", "replace")
    href = f"data:text/csv;base64,{b64encode(raw).decode()}"
    return element("a", words, href=href, download=f"{file}.csv")


def folded(data: Table, file: str, of: str) -> Html:
    """The table behind a line that opens it, with its CSV; ``of`` is what its numbers are of."""
    count = len(data.rows)
    more = f", the first {SHOWN} here" if count > SHOWN else ""
    return element(
        "details",
        element("summary", f"The numbers ({counted(count, 'row')}{more})"),
        scrolled(table(data), f"The numbers: {of}"),
        element("p", csv_link(data, file, f"Save {file}.csv"), class_="muted"),
    )


def scrolled(content: Html, label: str) -> Html:
    """Something wide that scrolls by itself, also by keyboard."""
    return joined(
        element("div", content, class_="scroll", role="region", aria_label=label, tabindex="0")
    )
