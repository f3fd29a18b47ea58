"""``elsinore report``: what was found in a store, on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import Json, Level, LogLevel, Store


def report(
    store: Store,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.html", help="The page; STORE.html unless given."
        ),
    ] = None,
    turns: Annotated[
        int,
        typer.Option(
            "--turns", min=0, metavar="N",
            help="Read the words of so many turns at most, whole trials of the same seeds; "
            "0 reads all, however long it takes.",
        ),
    ] = 3_000,
    trials: Annotated[
        int,
        typer.Option(
            "--trials", min=0, metavar="N", help="So many transcripts come onto the page at most."
        ),
    ] = 40,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:  # fmt: skip
    """Write a report: the answer in words, figures, and the turns behind it.

    One HTML file that needs no network and runs nothing. Trials that came to their end count.
    """
    from sim.cli.display.terminal import err, one_line, out
    from sim.output_files import check_output, write_text
    from sim.planning.scenarios import own
    from sim.store import open_store

    own("analysis")
    place = output if output is not None else store.with_suffix(".html")
    check_output(place, "--output")
    with open_store(store):
        pass  # What is no store is refused before anything is loaded.
    from analysis.reports.document import report as made

    with err().status("measuring"):
        page = made(store, most=turns, trials=trials)
    write_text(place, page, "--output")
    if as_json:
        size = len(page.encode())
        out().out(json.dumps({"store": str(store), "output": str(place), "bytes": size}))
        return
    out().print(f"{one_line(str(place))} ({len(page.encode()) / 1e6:.1f} MB)", soft_wrap=True)
