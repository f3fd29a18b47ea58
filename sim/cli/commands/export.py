"""``elsinore export``: everything in a store, as a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sim.cli.options import Level, LogLevel, Store


class Format(StrEnum):
    """Formats of an export."""

    jsonl = "jsonl"


def export(
    store: Store,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")
    ],
    form: Annotated[
        Format, typer.Option("--format", help="jsonl: the canonical export, one record a line.")
    ] = Format.jsonl,
    log_level: LogLevel = Level.warning,
) -> None:
    """Write everything in a store to a file: the same trials give the same bytes."""
    from sim.store import export_jsonl

    assert form is Format.jsonl
    export_jsonl(store, output)
