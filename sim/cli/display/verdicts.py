"""The verdicts on a debate, printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.display.terminal import one_line
from sim.tournament import TIE


def print_verdicts(
    console: Console, verdicts: Sequence[Mapping[str, Any]], entrants: Mapping[str, str]
) -> None:
    """Print each verdict, with its reasons. Nothing in it is taken for markup."""
    console.print()
    for verdict in verdicts:
        first = one_line(str(verdict["shown"][0]))
        head = Text(one_line(verdict["judge"]), style="bold")
        head.append(f" ({first} shown first): ", style="not bold dim")
        _line(console, head.append_text(_said(verdict, entrants)))
        for reason in verdict.get("reasons") or ():
            line = f'turn {reason["turn"]}: "{reason["quote"]}" {reason["why"]}'
            _line(console, Text(f"    {one_line(line)}", style="dim"))


def _said(verdict: Mapping[str, Any], entrants: Mapping[str, str]) -> Text:
    winner = verdict.get("winner")
    if verdict.get("missing") is not None or winner is None:
        why = one_line(str(verdict.get("missing") or "no winner is named"))
        return Text(f"missing ({why})", style="not bold red")
    if winner == TIE and TIE not in entrants:
        return Text("a tie", style="not bold")
    name = one_line(f"{winner} ({entrants[winner]})" if winner in entrants else str(winner))
    margin = verdict.get("margin")
    return Text(name if margin is None else f"{name}, by {margin:g} of 10", style="not bold")


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=not console.is_terminal)
