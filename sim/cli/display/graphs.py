"""A graph, printed: its edges, and the centrality of its nodes."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block


def show(record: dict[str, Any], central: pd.DataFrame, console: Console) -> None:
    """Print the edges, the heaviest first, and the table of who is central."""
    rows = table("from", "to", "weight", right=("weight",))
    for edge in sorted(record["edges"], key=lambda each: -abs(each.get("weight", 0))):
        rows.add_row(
            Text(one_line(edge["source"])),
            Text(one_line(edge["target"])),
            Text(f"{edge.get('weight', 0):g}"),
        )
    print_block(console, rows)
    names = [str(name) for name in central.columns]
    central_rows = table(*names, right=tuple(names[1:]))
    for row in central.itertuples(index=False):
        cells = [one_line(str(row[0]))]
        cells += [NONE if value != value else f"{value:.2f}" for value in row[1:]]
        central_rows.add_row(*map(Text, cells))
    print_block(console, central_rows)
    facts = [
        f"{name} {value:.2f}"
        for name, value in record.items()
        if name in ("reciprocity", "balance", "balance_p") and value is not None
    ]
    if facts:
        console.print(Text(", ".join(facts).replace("balance_p", "p")))
