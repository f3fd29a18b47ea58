"""The results of ``elsinore why``, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
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
    found, beside, more = record["found"], record["matched"], record["more_than_matched"]
    conditions = len(found["conditions"])
    which = "turn" if len(turns) == 1 else f"turns of {len(turns)} scenes"
    console.print(
        Text(
            f"{len(turns) if len(turns) > 1 else 'This'} {which} spoken again, "
            f"{record['branches']} times in each of {conditions} conditions (evidence "
            f"{record['evidence']})."
            if len(turns) == 1
            else f"One turn in each of {len(turns)} scenes, spoken again {record['branches']} "
            f"times in each of {conditions} conditions (evidence {record['evidence']})."
        )
    )
    console.print()
    changed = "probability changed by" if record["share"] else "changed by"
    titles = ["mechanism", f"{changed} [95%]", "by itself", "over all orders"]
    shares = not record["one_trial"] and any(
        each["share"]["low"] is not None for each in found["mechanisms"]
    )
    if shares:
        titles.append("share of total")
    if beside is not None:
        titles += ["in matched turns", "more than there"]
    rows = table(*titles)
    matched = {} if beside is None else {each["mechanism"]: each for each in beside["mechanisms"]}
    for each in found["mechanisms"]:
        cells = [Text(each["mechanism"])]
        if each["never"]:
            cells += [Text("0, in every branch", style="dim"), Text(""), Text("")]
        else:
            cells += [_cell(each["in_order"]), _cell(each["alone"]), _cell(each["shapley"])]
        if shares:
            cells.append(_cell(each["share"], share=True))
        if beside is not None:
            name = each["mechanism"]
            cells += [_cell(matched[name]["in_order"]), _cell(more["mechanisms"][name])]
        rows.add_row(*cells)
    blank = Text("")
    last = [Text("total", style="bold"), _cell(found["total"]), blank, blank]
    joint = [Text("interaction"), blank, _cell(found["interaction"]), blank]
    if shares:
        last.append(blank)
        joint.append(blank)
    if beside is not None:
        last += [_cell(beside["total"]), _cell(more["total"])]
        joint += [blank, blank]
    rows.add_row(*last)
    rows.add_row(*joint)
    print_block(console, rows)
    console.print(Text(one_line(record["sentence"])))
    for note in record["notes"]:
        console.print(Text(note, style="dim"))


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
