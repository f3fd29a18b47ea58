"""``elsinore recover``: save what can be read of a damaged store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.options import Json, Level, LogLevel, Store


def recover(
    store: Store,
    new: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="NEW", help="The new store; it must not exist."),
    ],
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Copy what can be read of a damaged store into a new one.

    Trials that lost something are not at their end any more: run the same command into the new
    store, and they are played on. The old store is not changed.
    """
    from sim.cli.display.terminal import out
    from sim.store.recovery import recover as save

    found = save(store, new)
    if as_json:
        record = {"store": str(store), "output": str(new), "kept": dict(found.kept),
                  "lost": dict(found.lost), "reopened": list(found.reopened)}  # fmt: skip
        out().out(json.dumps(record))
        return
    kept = ", ".join(f"{count:,} {table}" for table, count in found.kept.items() if count)
    out().print(f"{new}: {kept or 'nothing was left'}", highlight=False)
    if found.lost:
        lost = ", ".join(f"{count:,} in {table}" for table, count in found.lost.items())
        out().print(f"could not be read (rows or pages): {lost}", highlight=False)
    if found.reopened:
        out().print(
            f"{len(found.reopened):,} trials lost something and are to be played on: run the same "
            f"command with --store {new}",
            highlight=False,
        )
