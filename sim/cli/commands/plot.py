"""``elsinore plot``: one figure of a store, for a paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.options import Json, Level, LogLevel, Store
from sim.errors import BadRequest


def plot(
    store: Store,
    figure: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.figures,
            metavar="FIGURE",
            help="stance, distance, half-life, c, flips, posterior, graph, conflict, effects, "
            "standings, meetings, judges or instruments.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE",
            help="An .svg; a .pdf or .png (with elsinore[plots]); a .csv with the numbers. "
            "FIGURE.svg unless given.",
        ),
    ] = None,
    width: Annotated[
        int, typer.Option("--width", min=160, max=4000, metavar="PIXELS", help="How wide it is.")
    ] = 860,
    turns: Annotated[
        int,
        typer.Option(
            "--turns", min=0, metavar="N",
            help="Read the words of so many turns at most, whole trials of the same seeds; "
            "0 reads all, however long it takes.",
        ),
    ] = 3_000,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:  # fmt: skip
    """Draw one figure of a report into a file, for a paper.

    What it shows, of how many, and which interval is printed: a caption.
    """
    from sim.cli.display.terminal import err, one_line, out
    from sim.output_files import check_output, write_file
    from sim.planning.scenarios import own
    from sim.store import open_store

    own("analysis")
    place = output if output is not None else Path(f"{figure}.svg")
    kind = place.suffix.lower().removeprefix(".")
    if figure not in completion.FIGURES:
        from sim.text.suggestions import nearest

        raise BadRequest(
            f"plot {figure}: there is no such figure{nearest(figure, completion.FIGURES)}"
        )
    if kind not in ("svg", "pdf", "png", "csv"):
        raise BadRequest(f"--output {place}: name an .svg, .pdf, .png or .csv file")
    check_output(place, "--output")
    with open_store(store):
        pass  # What is no store is refused before anything is loaded.
    from analysis.reports.answer import Answer
    from analysis.reports.catalogue import figure as named
    from analysis.reports.material import Material

    with err().status("measuring"):
        made = named(Answer(Material(store, turns)), figure, drawn=kind != "csv")
    if kind == "csv":
        data = made.table.csv().encode("utf-8", "replace")
    elif kind == "svg":
        data = made.svg(width).encode("utf-8", "replace")
    else:
        from sim.html.figures.paper import drawn

        data = drawn(made.sheet(width), kind)
    write_file(place, [data], "--output")
    if as_json:
        told = {"store": str(store), "figure": figure, "output": str(place)}
        out().out(json.dumps({**told, "title": made.title, "caption": made.about}))
        return
    out().print(f"{one_line(str(place))}: {made.title}. {made.about}", soft_wrap=True)
