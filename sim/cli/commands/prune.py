"""``elsinore prune``: list trials that did not come to their end, and remove them if asked."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from sim.cli.options import Json, Level, LogLevel, Store
from sim.errors import BadRequest

STATUSES = ("planned", "failed")


def prune(
    store: Store,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="planned|failed",
            help="Only trials that were torn off, or that failed.",
            show_default="both",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove them without a question.")] = (
        False
    ),
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """List trials that were torn off or failed, and remove them if that is wanted.

    Measures leave them out anyway. Their replies stay: if the same trial is planned again, nothing
    is paid for twice.
    """
    from sim.cli.display.terminal import command_line, one_line, out
    from sim.store.pruning import remove, stale_in

    wanted = tuple(status or STATUSES)
    for each in wanted:
        if each not in STATUSES:
            raise BadRequest(f"--status {each}: is none; use {' or '.join(STATUSES)}")
    trials, lines, kept = stale_in(store, wanted)
    if as_json:
        count = remove(store, trials) if yes and trials else 0
        record = {"store": str(store), "stale": list(trials), "lines": list(lines),
                  "kept": list(kept), "removed": count}  # fmt: skip
        out().out(json.dumps(record))
        return
    for line in (*lines, *kept):
        out().print(one_line(line), markup=False, highlight=False, soft_wrap=True)
    if not trials:
        out().print(f"{one_line(str(store))}: nothing to remove", highlight=False)
        return
    told = f"{len(trials)} trial{'' if len(trials) == 1 else 's'}"
    if not yes:
        if not sys.stdin.isatty():
            command = command_line("prune", store, "--yes")
            out().print(f"to remove {told}: {command}", highlight=False, soft_wrap=True)
            return
        if not typer.confirm(f"Remove {told}?"):
            return
    count = remove(store, trials)
    out().print(f"removed {count} of {told}; replies were kept", highlight=False)
