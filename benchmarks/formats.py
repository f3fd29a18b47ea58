"""Measures the time to pair a round of a large Swiss tournament.

    .tools/bin/uv run python -m benchmarks.formats [--entrants 200] [--seeds 5]

The stronger wins more often; some matches are tied or have no verdict. The time is the wall-clock
time of ``pair``, from the meetings before to the pairing. More rows have hard cases: tournaments so
long that opponents run out, and groups of three. Rematches are counted by pairs, beside the least
number that so many rounds must have. The bar is one second for the slowest round. With 200 entrants
it is met up to some 40 rounds; the hundredth round takes 15 seconds.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from math import exp

from sim.seeds import Stream, derive
from sim.tournament.formats import Format, Meeting, RoundRobin, Swiss, standings
from sim.tournament.formats.meetings import met_in

BAR = 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """The seconds of each round, the meetings, and the mean difference in points of a pair."""

    seconds: tuple[float, ...]
    meetings: tuple[Meeting, ...]
    apart: float


def hold(form: Format, entrants: int, sides: int, seed: int) -> Held:
    """Pair all rounds; results are drawn."""
    before: list[Meeting] = []
    taken: list[float] = []
    apart: list[float] = []
    for number in range(1, form.rounds(entrants, sides) + 1):
        started = time.perf_counter()
        pairing = form.pair(entrants, sides, number, before, seed)
        taken.append(time.perf_counter() - started)
        points = {row.entrant: row.points for row in standings(entrants, before)}
        for met in pairing:
            if len(met) > 1:
                apart.append(max(points[one] for one in met) - min(points[one] for one in met))
            before.append(Meeting(number, met, _scores(met, derive(seed, number, *met))))
    return Held(tuple(taken), tuple(before), sum(apart) / len(apart))


def _scores(met: tuple[int, ...], seed: int) -> tuple[float, ...] | None:
    """Random scores. A lower number is a stronger entrant: a difference of 10 is one logit."""
    stream = Stream(seed)
    drawn = stream.unit()
    if len(met) == 1 or drawn < 0.05:
        return None
    if drawn < 0.15:
        return (0.5,) * len(met)
    winner = stream.choose([exp(-one / 10) for one in met])
    return tuple(float(place == winner) for place in range(len(met)))


def row(what: str, form: Format, entrants: int, sides: int, seeds: int) -> str:
    """A row of the table, over several tournaments."""
    held = [hold(form, entrants, sides, seed) for seed in range(seeds)]
    seconds = sorted(second for one in held for second in one.seconds)
    again = least = 0
    for one in held:
        met = met_in(meeting for meeting in one.meetings if not meeting.is_bye)
        total = sum(met.values())
        again += total - len(met)
        least += max(0, total - entrants * (entrants - 1) // 2)
    median, slowest = seconds[len(seconds) // 2], seconds[-1]
    apart = sum(one.apart for one in held) / seeds
    verdict = "pass" if slowest < BAR else "MISS"
    return (
        f"| {what} | {form.rounds(entrants, sides)} | {1000 * median:.1f} | {1000 * slowest:.1f} "
        f"| {apart:.2f} | {again} of {least} | {verdict} |"
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entrants", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    many, seeds = options.entrants, options.seeds
    # The first pairing imports modules, which must not be timed.
    Swiss().pair(4, 2, 1, (), 0)
    print(
        f"{seeds} tournaments each; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n\n"
        "| what | rounds | median ms a round | slowest ms | points apart | again, least | |\n"
        "|---|---|---|---|---|---|---|"
    )
    print(row(f"Swiss, {many} entrants", Swiss(), many, 2, seeds), flush=True)
    print(row(f"Swiss, {many - 1} entrants", Swiss(), many - 1, 2, seeds), flush=True)
    print(row("Swiss, 40 entrants, 60 rounds", Swiss(rounds=60), 40, 2, seeds), flush=True)
    print(row("Swiss, 41 entrants, 60 rounds", Swiss(rounds=60), 41, 2, seeds), flush=True)
    print(row(f"Swiss, {many} entrants, 3 sides", Swiss(), many, 3, seeds), flush=True)
    print(row("Swiss, 41 entrants, 3 sides, 30 rounds", Swiss(rounds=30), 41, 3, seeds), flush=True)
    print(row(f"round robin, {many} entrants", RoundRobin(), many, 2, 1), flush=True)


if __name__ == "__main__":
    main()
