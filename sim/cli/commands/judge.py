"""``elsinore judge``: people judge debates, blind, at the terminal or on a sheet."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sim.cli.display.terminal import err, one_line, out, visible
from sim.errors import BadRequest, RunFailed
from sim.store import open_readonly, tournament_named
from sim.tournament.human_judging import (
    Sheet,
    from_csv,
    keep,
    number_of,
    sheets_for,
    to_csv,
    verdict_of,
)
from sim.tournament.rubric import TIE, Verdict

Read = Callable[[str], str]
"""Asks for a line, after a text. Raises ``EOFError`` at the end."""


class _Enough(Exception):
    """Whoever judges has had enough."""


def command(
    store: Path,
    which: str | None,
    name: str,
    *,
    debates: int | None,
    to: Path | None,
    given: Path | None,
    seed: int,
) -> None:
    """Judge, write a sheet, or read one."""
    if to is not None and given is not None:
        raise BadRequest("--to and --from: write a sheet or read one; use one of them")
    if not name.strip() or name != one_line(name):
        raise BadRequest(f"--name {name!r}: is no name; use one line of text")
    with closing(open_readonly(store)) as connection:
        tournament = tournament_named(connection, which, store)
    # A sheet is read whole: what was written for a part is a part of it.
    most = None if given is not None else debates
    sheets = sheets_for(store, tournament, name, most=most, seed=seed)
    if given is not None:
        count = keep(store, name, from_csv(_text(given), sheets, str(given)))
        out().print(f"{count} verdict{'' if count == 1 else 's'} by human:{name}")
    elif not sheets:
        out().print(f"nothing is left to judge for {name}")
    elif to is not None:
        _write(to, to_csv(sheets))
        out().print(
            f"{_debates(len(sheets))} in {to}: fill in winner (A, B, ... or tie) and margin (1 to "
            f"10), and what else you like; then: elsinore judge {store} --name {name} --from {to}"
        )
    else:
        _at_the_terminal(store, name, sheets)


def _debates(count: int) -> str:
    return f"{count} debate{'' if count == 1 else 's'}"


def _at_the_terminal(store: Path, name: str, sheets: list[Sheet]) -> None:
    if not sys.stdin.isatty():
        raise BadRequest("judge: there is no terminal; write a sheet with --to FILE")
    console = err()
    done = 0
    try:
        for number, sheet in enumerate(sheets, 1):
            console.rule(f"debate {number} of {len(sheets)}")
            show(sheet, console)
            verdict = ask(sheet, console, lambda text: console.input(Text(text)))
            if verdict is not None:
                keep(store, name, [(sheet, verdict)])
                done += 1
    except (_Enough, EOFError, KeyboardInterrupt):
        console.print()
    out().print(f"{done} verdict{'' if done == 1 else 's'} by human:{name}; kept in {store}")


def show(sheet: Sheet, console: Console) -> None:
    """The debate, and what is judged."""
    for paragraph in sheet.page.page.split("\n\n"):
        console.print(Text(visible(paragraph)))
        console.print()
    for name, meant in sheet.rubric.criteria.items():
        console.print(Text.assemble((f"{one_line(name)}: ", "bold"), (one_line(meant), "dim")))


def ask(sheet: Sheet, console: Console, read: Read) -> Verdict | None:
    """A verdict, or None if this debate is passed over. Raises ``_Enough``."""
    options = "/".join([*sheet.letters, TIE])
    while True:
        winner = read(f"Who debated better ({options}; s: skip, q: quit)? ").strip()
        if winner in ("s", "S"):
            return None
        if winner in ("q", "Q"):
            raise _Enough
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
    """Scores by criterion; blank is none."""
    found: dict[str, dict[str, float]] = {}
    for name in sheet.rubric.criteria:
        while True:
            told = read(f"{name}: {', '.join(sheet.letters)} from 0 to 10 (blank: none)? ")
            cells = told.replace(",", " ").split()
            if not cells:
                break
            try:
                if len(cells) != len(sheet.letters):
                    raise BadRequest(f"{name}: give {len(sheet.letters)} numbers, or none")
                found[name] = {
                    letter: number_of(cell, name)
                    for letter, cell in zip(sheet.letters, cells, strict=True)
                }
                break
            except BadRequest as error:
                console.print(Text(str(error), style="yellow"))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadRequest(f"--from {path}: there is no such file") from None
    except UnicodeDecodeError:
        raise BadRequest(f"--from {path}: is no text in UTF-8; save it as CSV in UTF-8") from None
    except OSError as error:
        raise BadRequest(f"--from {path}: cannot be read ({error.strerror})") from None


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise BadRequest(f"--to {path}: is there already, and may be filled in; use another name")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunFailed(f"--to {path}: cannot be written ({error.strerror})") from None
