"""``elsinore watch``: follow a run from another terminal, or say once how far it is."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import Annotated

import typer

from sim.cli.options import Json, Level, LogLevel, Store


def watch(
    store: Store,
    once: Annotated[
        bool, typer.Option("--once", help="Say how far it is, and end at once.")
    ] = False,
    lines: Annotated[
        int, typer.Option(min=0, max=100, help="How many of the last lines are shown.")
    ] = 8,
    every: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Look again after so many seconds.")
    ] = 1.0,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Follow a run from another terminal: trials, turns, cost, what is being said.

    The store is only read. Ends when the run does, or with Ctrl-C; the run goes on. In a pipe, and
    with --json (one line), it looks once.
    """
    from sim.cli.display.activities import Pace, as_record, panel
    from sim.cli.display.terminal import out, print_block
    from sim.store.activity import Follower

    console = out()
    with closing(Follower(store, lines)) as follower:
        seen = follower.look()
        if as_json:
            console.out(json.dumps({"store": str(store), **as_record(seen)}, allow_nan=False))
            return
        pace = Pace(time.monotonic(), seen)
        if once or not console.is_terminal:
            print_block(console, panel(store, seen, pace))
            return
        from rich.live import Live

        try:
            with Live(panel(store, seen, pace), console=console, refresh_per_second=4) as live:
                while seen.written:
                    time.sleep(every)
                    seen = follower.look()
                    pace.saw(time.monotonic(), seen)
                    live.update(panel(store, seen, pace))
        except KeyboardInterrupt:
            return  # It is how one ends watching; the run goes on.
