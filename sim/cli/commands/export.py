"""``elsinore export``: everything in a store, as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.options import Json, Level, LogLevel, Store

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
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Write everything in a store to a file: the same trials give the same bytes."""
    from sim.cli.display.terminal import err, out
    from sim.errors import BadRequest

    if as_json and output == "-":
        raise BadRequest("--output -: with --json standard output is taken; name a file")
    if form == CANONICAL:
        from sim.store import export_jsonl

        export_jsonl(store, output)
        if as_json:
            out().out(json.dumps(_record(store, output, form, "")))
        return
    from sim.runs.exporting import export_conversations

    if output == "-":
        raise BadRequest(f"--output -: {form} is written to a file; name one")
    lost = export_conversations(store, output, form)
    if as_json:
        out().out(json.dumps(_record(store, output, form, lost)))
        return
    err().print(f"{form} does not hold: {lost}", style="dim", markup=False, soft_wrap=True)


def _record(store: Path, output: str, form: str, lost: str) -> dict[str, str]:
    return {"store": str(store), "output": output, "format": form, "does_not_hold": lost}
