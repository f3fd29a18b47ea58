"""Measures the time to rate a large tournament.

    .tools/bin/uv run python -m benchmarks.ratings [--matches 100000] [--entrants 200]

Results are simulated; no scene is played. The time is the wall-clock time of ``rate`` (effects,
side effects of topics, robust intervals, 1,000 replicates of the bootstrap over topics, Elo). The
bar is 10 s on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import time

from analysis.tournaments.ratings.ratings import rate, transitivity
from benchmarks.validity.ratings import World, draw

BAR = 10.0


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--matches", type=int, default=100_000)
    parser.add_argument("--entrants", type=int, default=200)
    parser.add_argument("--replicates", type=int, default=1000)
    options = parser.parse_args()
    print(
        f"{options.matches:,} matches, {options.entrants} entrants, {options.replicates:,} "
        f"replicates; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n\n"
        "| what | seconds | |\n|---|---|---|"
    )
    rate(draw(World("to load everything"), 0))
    for topics in (100, 1000):
        world = World("large", options.entrants, options.matches, topics, spread=0.3)
        table = draw(world, 0)
        started = time.perf_counter()
        rate(table, replicates=options.replicates)
        print_row(f"rate, {topics:,} topics", started)
    started = time.perf_counter()
    rate(table.drop(columns="topic"), replicates=options.replicates)
    print_row("rate, without topics", started)
    started = time.perf_counter()
    transitivity(table, replicates=199)
    print(f"| transitivity, 199 replicates | {time.perf_counter() - started:.1f} | |")


def print_row(what: str, started: float) -> None:
    """Print a row of the table, with the bar."""
    seconds = time.perf_counter() - started
    print(f"| {what} | {seconds:.1f} | {'pass' if seconds < BAR else 'MISS'} |", flush=True)


if __name__ == "__main__":
    main()
