"""The results of ``elsinore fork``, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, one_line, print_block

Record = Mapping[str, Any]


def show(record: Record, console: Console) -> None:
    """Print the outcomes of both arms, and who appeared."""
    said = record["text"]
    title = Text(one_line(record["scenario"]), style="bold")
    title.append(f" on {one_line(record['model'])}, from turn {record['at']} on", style="not bold")
    console.print(title)
    if said is not None:
        line = f"turn {record['at']} was {record['speaker']}: {said}" if said else "a turn unsaid"
        console.print(Text(one_line(line), style="italic"), soft_wrap=not console.is_terminal)
    one, other = record["told"]
    console.print(Text(f"{record['branches']} branches each: {one}; against: {other}"))
    console.print()
    titles = ("after it", "this [95%]", "against [95%]", "difference [95%]", "pairs")
    rows = table(*titles, right=("pairs",))
    for each in record["outcomes"]:
        if each["pairs"] == 0:
            continue
        rows.add_row(
            Text(one_line(each["outcome"])),
            _cell(each["one"]),
            _cell(each["other"]),
            _cell(each["difference"], signed=True),
            Text(str(each["pairs"])),
        )
    print_block(console, rows)
    again = record["appears"]
    if again is not None:
        counts = ", ".join(f"{who} {count}" for who, count in again["counts"].items())
        console.print(
            Text(
                f"In {again['of']} generations of turn {record['at']}: {counts}; "
                f"{again['bits']:.2f} bits, {again['distinct']} different texts."
            )
        )
    if str(record["model"]).startswith("embedded:"):
        console.print(
            Text(
                "An embedded stage is no language model: these numbers test the instruments.",
                style="dim",
            )
        )
    first = record["trials"][0][0]
    console.print(
        Text(f"Read a branch: {command_line('show', record['store'], first)}", style="dim"),
        soft_wrap=True,
    )


def _cell(interval: Mapping[str, float | None], signed: bool = False) -> Text:
    values = [interval["estimate"], interval["low"], interval["high"]]
    if values[0] is None:
        return Text(NONE, style="dim")
    sign = "+" if signed else ""
    shown = [NONE if value is None else f"{value:{sign}.2f}" for value in values]
    low, high = interval["low"], interval["high"]
    clear = signed and low is not None and high is not None and (low > 0 or high < 0)
    return Text(f"{shown[0]} [{shown[1]}, {shown[2]}]", style="bold" if clear else "")
