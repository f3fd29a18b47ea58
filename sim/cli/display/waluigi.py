"""The Waluigi number on a terminal: its cost, how far it is, and what came out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from math import isinf, isnan
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.stats.interval import Interval
from analysis.waluigi import Direction, Estimates
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line, print_block
from sim.study.waluigi.asking import Cost
from sim.study.waluigi.results import Results, record_of

_EVERY = 15.0
"""Seconds between two lines of progress where there is no terminal."""


class Progress:
    """How many texts are scored, and how long the rest takes at this pace."""

    def __init__(self, console: Console, *, drawn: bool) -> None:
        self.console = console
        self.drawn = drawn
        self.began = time.monotonic()
        self.latest = self.began
        self._status = console.status("asking") if drawn and console.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def told(self, done: int, of: int) -> None:
        """So many of so many texts are scored."""
        now = time.monotonic()
        if done >= of or not self.drawn:
            return
        left = (now - self.began) / done * (of - done)
        line = f"{done:,} of {of:,} texts scored; {left / 60:.0f} minutes left"
        if self._status is not None:
            self._status.update(line)
        elif now - self.latest >= _EVERY:
            self.latest = now
            self.console.print(line)


def show_cost(cost: Cost, console: Console, *, as_json: bool = False) -> None:
    """Print what asking takes."""
    if as_json:
        console.out(json.dumps(asdict(cost)))
        return
    console.print(
        f"{cost.prompts:,} prompts, {cost.texts:,} texts scored after them: about "
        f"{cost.prompt_tokens:,} tokens of prompts if what they share is computed once, "
        f"{cost.text_tokens:,} of texts (from scratch {cost.sent_tokens:,} in all)",
        soft_wrap=True,
    )


def show(
    found: Sequence[tuple[Results, Estimates]],
    console: Console,
    *,
    as_json: bool,
    quiet: bool = False,
) -> None:
    """Print the numbers of all models in one table, and of a single one everything else."""
    if as_json:
        records = [
            {
                "model": results.model.identity, "layout": results.layout,
                "wording": results.wording, "bank": results.bank.model_dump(),
                "design": results.design_key, **record_of(each),
            }
            for results, each in found
        ]  # fmt: skip
        console.out(json.dumps(records[0] if len(records) == 1 else {"models": records}))
        return
    if quiet:
        return
    _numbers(found, console)
    if len({results.design_key for results, _ in found}) > 1:
        console.print(
            "These were asked different things (see design): their numbers are not comparable.",
            style="bold",
        )
    if len(found) == 1:
        _one(*found[0], console)


def _numbers(found: Sequence[tuple[Results, Estimates]], console: Console) -> None:
    right = ("number", "p", "good to bad", "bad to good", "neutral")
    rows = table("model", "memory", "pairs", *right, "layout", "design", right=right)
    for results, each in found:
        for number in each.numbers:
            slopes = {
                one.group: one.slope for one in each.directions if one.memory == number.memory
            }
            rows.add_row(
                Text(one_line(results.model.identity.partition("?")[0])),
                number.memory,
                str(len(number.asymmetries)),
                told(number.number, sign=True),
                NONE if isnan(number.p) else f"{number.p:.3g}",
                *(told(slopes[group]) if group in slopes else NONE for group in right[2:]),
                results.layout,
                results.design_key[:6],
            )
    console.print("Waluigi number and slopes, nats a flipped line [95%]", style="bold")
    print_block(console, rows)


def _one(results: Results, each: Estimates, console: Console) -> None:
    for number in each.numbers:
        console.print(Text(f"{number.memory}: {number.sentence}"), soft_wrap=True)
        if not isnan(number.new_pairs.low):
            console.print(f"{number.memory}: for new pairs {told(number.new_pairs, sign=True)}")
    console.print("\nHow they turn", style="bold")
    print_block(console, _directions(each.directions, results))
    if each.controls:
        console.print("\nControls, the whole context: slope over the dose", style="bold")
        rows = table("what the lines are", "slope", right=("slope",))
        for control in each.controls:
            rows.add_row(_ARMS[control.arm], told(control.slope))
        print_block(console, rows)
    if each.missing:
        console.print(f"{each.missing} answers are missing")
    console.print(
        "Intervals are over held-out lines, for these pairs. Hazard and return are forced choices "
        "between matched lines; rates in a scene that is played are not measured.",
        style="dim",
        soft_wrap=True,
    )


_ARMS = {
    "lines": "the opposite's",
    "masked": "the opposite's, forgotten",
    "shuffled": "the opposite's, words shuffled",
    "another": "another pair's",
}


def _directions(found: Sequence[Direction], results: Results) -> Table:
    right = ("turns at", "hazard at rest", "returns", "repair", "per own line", "area")
    rows = table("memory", "direction", *right, right=right)
    doses, repairs = results.doses[-1], results.repairs[-1]
    for each in found:
        rows.add_row(
            each.memory,
            each.group,
            told(each.turning, beyond=doses),
            told(each.rest),
            told(each.back),
            "not turned" if isnan(each.repair.estimate) else told(each.repair, beyond=repairs),
            told(each.mending, sign=True),
            told(each.area, sign=True),
        )
    return rows


def told(found: Interval, *, sign: bool = False, beyond: float | None = None) -> str:
    """An estimate with its interval; what lies beyond the largest that was tried is said to.

    >>> told(Interval(0.5, 0.25, 1.0)), told(Interval(float("inf"), 3.0, float("inf")), beyond=8)
    ('0.50 [0.25, 1.00]', '>8 [3.00, >8]')
    """

    def number(value: float) -> str:
        if isinf(value):
            return f">{beyond:g}" if beyond is not None else "beyond"
        rounded = round(value, 2) + 0.0  # No zero has a minus.
        return f"{rounded:+.2f}" if sign else f"{rounded:.2f}"

    if isnan(found.estimate):
        return NONE
    if isnan(found.low):
        return number(found.estimate)
    return f"{number(found.estimate)} [{number(found.low)}, {number(found.high)}]"
