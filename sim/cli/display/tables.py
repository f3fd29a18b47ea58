"""What all of our tables have in common."""

from __future__ import annotations

from rich.table import Table

NONE = "–"
"""What stands in a cell where there is nothing."""


def table(*titles: str, right: tuple[str, ...] = ()) -> Table:
    """A table as all of ours look: no frame but a rule below the titles."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        made.add_column(
            title, no_wrap=title in right, justify="right" if title in right else "left"
        )
    return made
