"""``elsinore standings``: how strong everybody is, and how sure that is."""

from __future__ import annotations

import csv as csv_module
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.option_groups import grouped
from sim.cli.options import Json, Level, LogLevel, Store, WhichTournament
from sim.output_files import check_output, spreadsheet_cell, write_text

Record = dict[str, Any]


@dataclass(frozen=True)
class RatingOptions:
    """How entrants are rated."""

    ties: Annotated[
        str,
        typer.Option(
            metavar="half|davidson", help="A tie is half a win each, or an outcome of its own."
        ),
    ] = "half"
    margins: Annotated[bool, typer.Option("--margins", help="Rate by margins instead of wins.")] = (
        False
    )
    adjusted: Annotated[
        bool,
        typer.Option(
            "--adjusted",
            help="Rate by verdicts from which the judges' biases were taken out, each judge "
            "weighted by its reliability.",
        ),
    ] = False


@dataclass(frozen=True)
class ShowOptions:
    """What is shown besides the table."""

    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the table of ratings as CSV."),
    ] = None
    judges: Annotated[bool, typer.Option("--judges", help="Also say what the judges are like.")] = (
        False
    )
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Also show who is expected to beat whom.")
    ] = False
    concessions: Annotated[
        bool, typer.Option("--concessions", help="Also show who gives in how often.")
    ] = False


@grouped
def standings(
    store: Store,
    rating: RatingOptions,
    shown: ShowOptions,
    which: WhichTournament = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Who is how strong, and how sure that is: ratings, ranks, effects and cycles."""
    from sim.planning.scenarios import own

    own("analysis")
    csv = shown.csv
    if csv is not None:
        check_output(csv, "--csv")
    from sim.cli.display.standings import show
    from sim.cli.display.terminal import out
    from sim.cli.ratings import measured

    record = measured(
        store, which, ties=rating.ties, margins=rating.margins, unbiased=rating.adjusted,
        grants=shown.concessions,
    )  # fmt: skip
    if csv is not None:
        _write(csv, record)
    if as_json:
        out().out(json.dumps(record, allow_nan=False))
        return
    show(record, out(), judges=shown.judges, matrix=shown.matrix)


def _write(path: Path, record: Mapping[str, Any]) -> None:
    """The table of ratings as CSV. No name in it is taken for a formula by a spreadsheet."""
    from sim.cli.ratings import RATED

    columns = ("entrant", "points", "matches", "wins", "ties", "losses", "byes", *RATED)
    text = io.StringIO()
    writer = csv_module.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in record["standings"]:
        writer.writerow({name: spreadsheet_cell(value) for name, value in row.items()})
    write_text(path, text.getvalue(), "--csv")
