"""What a server can do, as a table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from sim.cli.display.terminal import one_line
from sim.stage.providers.capabilities import Report

_STYLES = {"yes": "green", "no": "red", "unknown": "yellow"}


def table(report: Report) -> Table:
    """One row for each capability."""
    rows = Table(title=Text(one_line(report.model)), box=None, title_justify="left", pad_edge=False)
    for name in ("capability", "", "took", "reason"):
        rows.add_column(name, justify="right" if name == "took" else "left")
    for each in report.capabilities:
        rows.add_row(
            each.name,
            Text(each.verdict, style=_STYLES[each.verdict]),
            "" if each.seconds is None else f"{each.seconds * 1000:.0f} ms",
            Text(one_line(each.reason)),
        )
    return rows
