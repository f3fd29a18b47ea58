"""``elsinore analyze --measure``: what single measures say of a store, arm by arm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from analysis.estimates import Estimate
from analysis.measures_by_name import measured
from analysis.results import Arm, ArmEstimate, Result, arm_text
from analysis.tables import ARM, load
from sim.cli.arms import trials_of_an_arm
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, err, one_line, out, print_block
from sim.errors import BadRequest
from sim.store import open_store
from sim.text.suggestions import nearest


def measured_alone(
    store: Path, wanted: Sequence[str], facts: Sequence[str], *, as_json: bool
) -> None:
    """Measure, and print: for each of ``wanted``, a measure or one of its quantities, the estimates
    of all arms. Raises ``BadRequest`` for what is unknown."""
    with open_store(store) as opened:
        kept = trials_of_an_arm(opened, facts, command_line("analyze", store), pool=True)
    tables = load(store, trials=[trial.id for trial in kept])
    found: list[tuple[Result, list[ArmEstimate]]] = []
    for each in wanted:
        name, _, quantity = each.partition(".")
        with err().status(f"measuring {name}"):
            result = measured(name, tables, f"--measure {each}")
            if quantity and quantity not in result.arm:
                raise BadRequest(
                    f"--measure {each}: {name} has no {quantity!r}"
                    f"{nearest(quantity, list(result.arm))}"
                )
            rows = [one for one in result.estimates if quantity in ("", one.quantity)]
        found.append((result, rows))
    if as_json:
        record = {"store": str(store), "measures": [_record(*each) for each in found]}
        out().out(json.dumps(record, allow_nan=False))
        return
    for result, rows in found:
        _show(result, rows, out())


def _record(result: Result, rows: Sequence[ArmEstimate]) -> dict[str, Any]:
    return {
        "measure": result.measure,
        "evidence": result.evidence,
        "trials": len(result.tables.trials),
        "left_out": result.left_out,
        "estimates": [
            {
                **dict(zip(ARM, each.arm, strict=True)),
                "quantity": each.quantity,
                "about": result.arm[each.quantity].about,
                **estimate_record(each.estimate),
            }
            for each in rows
        ],
    }


def estimate_record(estimate: Estimate) -> dict[str, Any]:
    """An estimate as plain values; what is missing is None."""
    null = estimate.null
    numbers = {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "null": null.estimate,
        "null_low": null.low,
        "null_high": null.high,
    }
    return {
        **{name: None if isnan(value) else float(value) for name, value in numbers.items()},
        "n": estimate.n,
        "note": estimate.note,
    }


def _show(result: Result, rows: Sequence[ArmEstimate], console: Console) -> None:
    left = "".join(f", {count} {status}: left out" for status, count in result.left_out.items())
    title = Text(result.measure, style="bold")
    title.append(
        f": {len(result.tables.trials)} trials{left}, evidence {result.evidence}", style="not bold"
    )
    console.print(title)
    if not rows:
        console.print(Text("Nothing to say of these trials.", "dim"))
        return
    several = len({each.arm for each in rows}) > 1
    if not several:
        console.print(Text(one_line(arm_text(rows[0].arm)), "dim"))
    titles = ("quantity", "value [95%]", "null", "n", "what it is")
    lines = table(*(("arm",) if several else ()), *titles, right=("n",))
    for each in rows:
        estimate = each.estimate
        lines.add_row(
            *([Text(one_line(arm_text(_told_apart(each.arm, rows))))] if several else []),
            Text(each.quantity),
            Text(_number(estimate.value, estimate.low, estimate.high)),
            Text(_number(estimate.null.estimate), style="dim"),
            Text(NONE if estimate.n is None else f"{estimate.n:,}"),
            Text(one_line(estimate.note or result.arm[each.quantity].about), style="dim"),
        )
    print_block(console, lines)


def _told_apart(arm: Arm, rows: Sequence[ArmEstimate]) -> Arm:
    """An arm with what it shares with all others left blank."""
    return tuple(
        "" if len({each.arm[place] for each in rows}) == 1 else fact
        for place, fact in enumerate(arm)
    )


def _number(value: float, low: float = float("nan"), high: float = float("nan")) -> str:
    if isnan(value):
        return NONE
    return f"{value:.2f}" + ("" if isnan(low) else f" [{low:.2f}, {high:.2f}]")
