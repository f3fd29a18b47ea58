"""The results of ``elsinore why``, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block

Record = Mapping[str, Any]


def show(record: Record, console: Console) -> None:
    """Print the contributions, the total, the interaction, the sentence and the notes."""
    title = Text(one_line(record["scenario"]), style="bold")
    title.append(f" on {one_line(record['model'])}: {record['outcome']}", style="not bold")
    console.print(title)
    turns = record["turns"]
    if len(turns) == 1:
        [turn] = turns
        line = f"turn {turn['turn']} was {turn['actor']}: {turn['text']}"
        console.print(Text(one_line(line), style="italic"), soft_wrap=not console.is_terminal)
    conditions = len(record["found"]["conditions"])
    once = "This turn was" if len(turns) == 1 else f"One turn in each of {len(turns)} scenes was"
    console.print(
        Text(
            f"{once} spoken again, {record['branches']} times in each of {conditions} conditions "
            f"(evidence {record['evidence']})."
        )
    )
    console.print()
    print_block(console, _main(record))
    if record["matched"] is not None:
        console.print()
        print_block(console, _beside(record))
    console.print()
    console.print(Text(one_line(record["sentence"])))
    for note in record["notes"]:
        console.print(Text(note, style="dim"))


def _main(record: Record) -> Table:
    """The contributions in the declared order, by themselves and over all orders."""
    found, changed = record["found"], _changed(record)
    # Of one trial a share would be a probability of causation, which these data do not give.
    shares = not record["one_trial"] and any(
        each["share"]["low"] is not None for each in found["mechanisms"]
    )
    more = ("share of total",) if shares else ()
    rows = table("mechanism", changed, "by itself", "over all orders", *more)
    for each in found["mechanisms"]:
        cells = [_of(each, name) for name in ("in_order", "alone", "shapley")]
        if each["never"]:
            cells[1:] = [Text(""), Text("")]
        if shares:
            cells.append(_cell(each["share"], share=True))
        rows.add_row(Text(each["mechanism"]), *cells)
    rows.add_row(Text("total", style="bold"), _cell(found["total"]))
    rows.add_row(Text("interaction"), Text(""), _cell(found["interaction"]))
    return rows


def _beside(record: Record) -> Table:
    """The contributions in matched turns, and how much more there is in those that were chosen."""
    beside, more = record["matched"], record["more_than_matched"]
    rows = table("in matched turns", _changed(record), "in those above: more by")
    for each in beside["mechanisms"]:
        name = each["mechanism"]
        rows.add_row(Text(name), _of(each, "in_order"), _cell(more["mechanisms"][name]))
    rows.add_row(Text("total", style="bold"), _cell(beside["total"]), _cell(more["total"]))
    return rows


def _changed(record: Record) -> str:
    return f"{'probability ' if record['share'] else ''}changed by [95%]"


def _of(mechanism: Record, name: str) -> Text:
    if mechanism["never"]:
        return Text("0, in every branch", style="dim")
    return _cell(mechanism[name])


def _cell(interval: Mapping[str, float | None], share: bool = False) -> Text:
    estimate, low, high = interval["estimate"], interval["low"], interval["high"]
    if estimate is None:
        return Text(NONE, style="dim")

    def shown(value: float | None) -> str:
        return NONE if value is None else f"{value:.0%}" if share else f"{value:+.2f}"

    if low is None:
        return Text(shown(estimate))
    clear = high is not None and (low > 0 or high < 0)
    return Text(f"{shown(estimate)} [{shown(low)}, {shown(high)}]", style="bold" if clear else "")
