"""``elsinore judge``: people judge debates, blind, at the terminal or on a sheet."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.option_groups import grouped
from sim.cli.options import Json, Level, LogLevel, Store, WhichTournament
from sim.errors import BadRequest
from sim.input_files import read_text
from sim.output_files import write_text
from sim.text.printing import command_line

if TYPE_CHECKING:
    from sim.tournament.human_judging import Sheet


@dataclass(frozen=True)
class SheetOptions:
    """A sheet, in place of the terminal."""

    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="Write a sheet (CSV) to fill in, instead of asking here."
        ),
    ] = None
    given: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Read a sheet that was filled in.")
    ] = None


@grouped
def judge(
    store: Store,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Who judges: verdicts are by human:NAME.")
    ],
    sheet: SheetOptions,
    which: WhichTournament = None,
    debates: Annotated[
        int | None,
        typer.Option("--debates", "-n", min=1, help="So many at most.", show_default="all"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For which debates, in what order.")] = 0,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Judge debates of a tournament yourself, blind: at the terminal, or on a sheet."""
    from sim.cli.display.terminal import one_line, out
    from sim.store import open_store
    from sim.tournament.human_judging import from_csv, keep, sheets_for, to_csv

    to, given = sheet.to, sheet.given
    if to is not None and given is not None:
        raise BadRequest("--to and --from: write a sheet or read one; use one of them")
    if not name.strip() or name != one_line(name):
        raise BadRequest(f"--name {name!r}: is no name; use one line of text")
    with open_store(store) as opened:
        tournament = opened.tournament(which).id
    # All debates may be on a sheet that is read, whatever --debates said when it was written.
    most = None if given is not None else debates
    sheets = sheets_for(store, tournament, name, most=most, seed=seed)
    told = {"store": str(store), "judge": f"human:{name}", "sheet": None, "debates": len(sheets)}
    if given is not None:
        count = keep(store, name, from_csv(read_text(given, "--from"), sheets, str(given)))
        if as_json:
            out().out(json.dumps({**told, "sheet": str(given), "verdicts": count}))
            return
        out().print(f"{count} verdict{'' if count == 1 else 's'} by human:{name}")
    elif as_json and (to is not None or not sheets):
        if sheets and to is not None:
            _write(to, to_csv(sheets))
            told["sheet"] = str(to)
        out().out(json.dumps({**told, "verdicts": 0}))
    elif as_json:
        raise BadRequest("--json: takes no answers at the terminal; write a sheet with --to FILE")
    elif not sheets:
        out().print(f"nothing is left to judge for {name}")
    elif to is not None:
        _write(to, to_csv(sheets))
        command = command_line("judge", store, "--name", name, "--from", to)
        out().print(
            f"{_debates(len(sheets))} in {one_line(str(to))}: fill in winner (A, B, ... or tie) "
            f"and margin (1 to 10), and what else you like; then: {command}"
        )
    else:
        _at_the_terminal(store, name, sheets)


def _debates(count: int) -> str:
    return f"{count} debate{'' if count == 1 else 's'}"


def _at_the_terminal(store: Path, name: str, sheets: list[Sheet]) -> None:
    if not sys.stdin.isatty():
        raise BadRequest("judge: there is no terminal; write a sheet with --to FILE")
    from rich.text import Text

    from sim.cli.display.terminal import err, out
    from sim.cli.judging_dialogue import JudgingStopped, ask, show
    from sim.tournament.human_judging import keep

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
    except (JudgingStopped, EOFError, KeyboardInterrupt):
        console.print()
    out().print(f"{done} verdict{'' if done == 1 else 's'} by human:{name}; kept in {store}")


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise BadRequest(f"--to {path}: is there already, and may be filled in; use another name")
    write_text(path, text, "--to")
