"""A person judges a debate at the terminal: it is shown, and a verdict is asked for."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from sim.cli.display.terminal import one_line, visible
from sim.errors import BadRequest
from sim.tournament.human_judging import Sheet, number_of, verdict_of
from sim.tournament.rubric import TIE, Verdict

Read = Callable[[str], str]
"""Asks for a line, after a text. Raises ``EOFError`` at the end."""


class JudgingStopped(Exception):
    """The judge wants to stop."""


def show(sheet: Sheet, console: Console) -> None:
    """Print the debate and the criteria."""
    for paragraph in sheet.page.page.split("\n\n"):
        console.print(Text(visible(paragraph)))
        console.print()
    for name, meant in sheet.rubric.criteria.items():
        console.print(Text.assemble((f"{one_line(name)}: ", "bold"), (one_line(meant), "dim")))


def ask(sheet: Sheet, console: Console, read: Read) -> Verdict | None:
    """A verdict, or None if this debate is skipped. Raises ``JudgingStopped``."""
    options = "/".join([*sheet.letters, TIE])
    while True:
        winner = read(f"Who debated better ({options}; s: skip, q: quit)? ").strip()
        if winner in ("s", "S"):
            return None
        if winner in ("q", "Q"):
            raise JudgingStopped
        try:
            verdict_of(sheet, winner, "" if winner.casefold() == TIE else "1", {}, "winner")
            break
        except BadRequest as error:
            console.print(Text(str(error), style="yellow"))
    margin = ""
    while winner.casefold() != TIE:
        margin = read("By how much (1: barely, 10: no contest)? ").strip()
        try:
            verdict_of(sheet, winner, margin, {}, "margin")
            break
        except BadRequest as error:
            console.print(Text(str(error), style="yellow"))
    scores = _scores(sheet, console, read)
    why = read("Why (blank: no reason)? ").strip()
    return verdict_of(sheet, winner, margin, scores, "verdict", why)


def _scores(sheet: Sheet, console: Console, read: Read) -> dict[str, dict[str, float]]:
    """Scores by criterion; a blank answer leaves a criterion out."""
    scores: dict[str, dict[str, float]] = {}
    for name in sheet.rubric.criteria:
        while True:
            line = read(f"{name}: {', '.join(sheet.letters)} from 0 to 10 (blank: none)? ")
            cells = line.replace(",", " ").split()
            if not cells:
                break
            try:
                if len(cells) != len(sheet.letters):
                    raise BadRequest(f"{name}: give {len(sheet.letters)} numbers, or none")
                scores[name] = {
                    letter: number_of(cell, name)
                    for letter, cell in zip(sheet.letters, cells, strict=True)
                }
                break
            except BadRequest as error:
                console.print(Text(str(error), style="yellow"))
    return scores
