"""``elsinore export``: everything in a store, as a file."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.options import Level, LogLevel, Store

CANONICAL = "jsonl"
"""The canonical export, which holds everything."""


def export(
    store: Store,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            autocompletion=completion.transcript_formats,
            help="jsonl: the canonical export, one record a line; or a format of transcripts "
            "(csv, script, openai, ...), in which the words alone are kept.",
        ),
    ] = CANONICAL,
    log_level: LogLevel = Level.warning,
) -> None:
    """Write everything in a store to a file: the same trials give the same bytes."""
    if form == CANONICAL:
        from sim.store import export_jsonl

        export_jsonl(store, output)
        return
    from sim.cli.display.terminal import err
    from sim.errors import BadRequest
    from sim.runs.exporting import export_conversations

    if output == "-":
        raise BadRequest(f"--output -: {form} is written to a file; name one")
    lost = export_conversations(store, output, form)
    err().print(f"{form} does not hold: {lost}", style="dim", markup=False, soft_wrap=True)
