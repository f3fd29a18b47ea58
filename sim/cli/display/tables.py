"""The style of all tables."""

from __future__ import annotations

from rich.table import Table

NONE = "–"
"""The text of an empty cell."""


def table(*titles: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """A table without a frame; the columns ``right`` are aligned to the right. They and those in
    ``whole`` are not cut on a narrow terminal, as long as others can give way."""
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        rows.add_column(
            title, no_wrap=title in (*right, *whole), justify="right" if title in right else "left"
        )
    return rows
