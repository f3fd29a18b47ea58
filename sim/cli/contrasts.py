"""``elsinore analyze --by``: arms beside each other, as a table, in words, and with warnings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from analysis.comparison import MEASURES, Comparison, Difference, compare
from analysis.lineage import read_lineage
from analysis.stats import Interval
from analysis.tables import load
from sim.cli.arms import trials_of_an_arm
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, err, one_line, out, print_block
from sim.errors import BadRequest
from sim.store import open_store
from sim.study.sequential import stored_rules

STOPPED = (
    "Trials were played until a difference was decided: these intervals and p take their number as "
    "fixed, and are too optimistic; quote the interval of that run."
)
"""The warning at comparisons in a store that was played by a stopping rule."""


class Contrast(NamedTuple):
    """What tells the arms apart, what is compared, with what, how little is no difference, and the
    file that says what the models are."""

    by: str
    measures: Sequence[str]
    against: str | None
    margins: Sequence[str]
    lineage: Path | None


def contrasted(store: Path, wanted: Contrast, facts: Sequence[str], *, as_json: bool) -> None:
    """Compare the arms of a store, and print. Raises ``BadRequest`` for what is unknown."""
    by, measures, against, margins, path = wanted
    wide = dict(_margin(each) for each in margins)
    lineage = {} if path is None else read_lineage(path)
    with open_store(store) as opened:
        what = command_line("analyze", store)
        if by == "arm" and not facts:
            trials = [trial.id for trial in opened.trials() if trial.status == "done"]
        else:
            kept = trials_of_an_arm(opened, facts, what, pool=True)
            trials = [trial.id for trial in kept]
        ruled = next(stored_rules(opened), None)
    with err().status("measuring"):
        found = compare(
            load(store, trials=trials), by, measures=measures or MEASURES, against=against,
            margins=wide, lineage=lineage,
        )  # fmt: skip
    if ruled is not None:
        found = replace(found, warnings=(*found.warnings, STOPPED))
    if as_json:
        out().out(json.dumps({"store": str(store), **record(found)}, allow_nan=False))
    else:
        _show(found, out())


def record(found: Comparison) -> dict[str, Any]:
    """A comparison as plain values; what is missing is None."""
    rows = found.table.astype("object").where(found.table.notna(), None).to_dict("records")
    return {"by": found.by, "differences": rows, "warnings": list(found.warnings)}


def _margin(text: str) -> tuple[str, float]:
    name, equals, size = text.partition("=")
    try:
        value = float(size)
    except ValueError:
        value = -1.0
    if not equals or not value > 0:
        raise BadRequest(f"--margin {text}: write NAME=SIZE, as in convergence.c=0.1")
    return name, value


def _show(found: Comparison, console: Console) -> None:
    groups: dict[tuple[str, str, str], list[Difference]] = {}
    for each in found.differences:
        groups.setdefault((each.of, each.a, each.b), []).append(each)
    for (of, a, b), some in groups.items():
        text = Text(f"{one_line(a)} less {one_line(b)}", style="bold")
        console.print(text.append(f": {one_line(of)}" if of else "", style="not bold"))
        print_block(console, _table(some))
    primary = [each for each in found.differences if each.primary]
    for each in primary:
        console.print(Text(f"Primary: {each.sentence}"), soft_wrap=not console.is_terminal)
    others = len(found.differences) - len(primary)
    if others:
        console.print(
            Text(f"The other {others} are exploratory: p corrected together (Benjamini and "
                 "Hochberg); that of the primary one by Holm.", "dim"),
            soft_wrap=not console.is_terminal,
        )  # fmt: skip
    for warning in found.warnings:
        console.print(Text(warning, "dim"), soft_wrap=not console.is_terminal)


def _table(some: Sequence[Difference]) -> Any:
    numbers = ("n", "a", "b")
    rows = table("", *numbers, "difference [95%]", "Cliff's delta [95%]", "p corrected", "",
                 right=numbers)  # fmt: skip
    for each in some:
        count = f"{each.n_a}" if each.paired else f"{each.n_a}, {each.n_b}"
        units = f"{count} {'pairs' if each.paired else 'trials'}"
        rows.add_row(
            Text(each.quantity, style="bold" if each.primary else ""),
            Text(f"{each.clusters} topics" if each.clusters > 1 else units),
            Text(_number(each.value_a)),
            Text(_number(each.value_b)),
            Text(
                _interval(each.difference, "+"),
                style="" if each.difference.excludes_zero else "dim",
            ),
            Text(_interval(each.delta, "+"), style="dim"),
            Text(NONE if isnan(each.adjusted) else _p(each.adjusted)),
            Text("alike" if each.equivalent else "", style="dim"),
        )
    return rows


def _number(value: float) -> str:
    return NONE if isnan(value) else f"{value:.2f}"


def _interval(found: Interval, sign: str = "") -> str:
    if isnan(found.estimate):
        return NONE
    limits = "" if isnan(found.low) else f" [{found.low:{sign}.2f}, {found.high:{sign}.2f}]"
    return f"{found.estimate:{sign}.2f}{limits}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
