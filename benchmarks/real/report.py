"""The counts as a table in Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from analysis.stats import Interval
from benchmarks.real.cells import Cell
from benchmarks.real.counts import COUNTED, Summary

FAULTS = ("own label", "other label", "form", "sheet", "refusal", "too long")
"""What makes a turn no turn, beside one that cannot be read. Exact repeats are a result: loops that
a model makes by itself are what it does."""


def faults(summary: Summary) -> float:
    """The sum of the shares of all faults: what the best wording has least of."""
    shares = [summary.shares[name].estimate for name in FAULTS]
    return sum(shares) + 1 - summary.shares["parsed"].estimate


def table(rows: Sequence[tuple[Cell, Summary]]) -> str:
    """A table in Markdown: percentages of turns with 95% intervals over trials."""
    heads = ["model", "layout", "wording", "turns", *COUNTED, "words of the form", "cast heard",
             "probes answered", "distinct-2", "words a turn"]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for cell, counts in rows:
        cells = [
            cell.model,
            cell.layout,
            cell.wording,
            str(counts.turns),
            *(percent(counts.shares[name]) for name in COUNTED),
            percent(counts.form_words),
            percent(counts.coverage),
            percent(counts.probes),
            _number(counts.distinct_2),
            _number(counts.words_a_turn, 0),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def percent(share: Interval) -> str:
    """A share with its interval.

    >>> percent(Interval(0.25, 0.1, 0.4))
    '25% [10, 40]'
    """
    if isnan(share.estimate):
        return "–"
    if isnan(share.low):
        return f"{share.estimate:.0%}"
    return f"{100 * share.estimate:.3g}% [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def as_json(rows: Sequence[tuple[Cell, Summary]]) -> list[dict[str, Any]]:
    """The rows as JSON has them; missing numbers are None."""
    return [
        {
            "model": cell.model,
            "layout": cell.layout,
            "wording": cell.wording,
            "scenarios": list(cell.scenarios),
            "trials": counts.trials,
            "turns": counts.turns,
            "shares": {name: _plain(share) for name, share in counts.shares.items()},
            "form_words": _plain(counts.form_words),
            "coverage": _plain(counts.coverage),
            "probes": _plain(counts.probes),
            "distinct_2": counts.distinct_2,
            "words_a_turn": counts.words_a_turn,
        }
        for cell, counts in rows
    ]


def _plain(share: Interval) -> list[float | None]:
    return [None if isnan(x) else x for x in (share.estimate, share.low, share.high)]


def _number(value: float, places: int = 2) -> str:
    return "–" if isnan(value) else f"{value:.{places}f}"
