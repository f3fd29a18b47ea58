"""Do two arms of one kind differ falsely? And does ``rlhf`` differ from ``base``?

Each repetition plays ``cross_purposes`` with the exact stage, 40 trials in either arm, with seeds
that no other repetition has, and compares the convergence of the arms as ``elsinore run`` does
(``analysis.convergence(data).compare``). With two arms of the same kind, a 95% interval that
excludes zero is a false alarm: at most one in twenty may be.

    .tools/bin/uv run python -m benchmarks.validity.equal_arms
"""

from __future__ import annotations

import argparse
import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from analysis.measures.convergence import Convergence
from analysis.tables import Record, tables_from
from scenarios.cross_purposes import cross_purposes
from sim import ask_stance
from sim.engine import play
from sim.stage.exact import exact_stage

TRIALS = 40
ALARM = 0.001
"""The nominal rate is refused only if an exact binomial test refuses it at this level."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One repetition: the difference in C and its interval."""

    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval says that the arms differ."""
        return self.low > 0.0 or self.high < 0.0


async def _records(kind: str, model: str, first: int) -> list[Record]:
    # Only the ends count for C, so only they are probed: more repetitions for the time.
    scene = cross_purposes().model_copy(update={"probes": (ask_stance("hotel"),)})
    stage = exact_stage(kind)
    cast = [actor.persona.model_dump() for actor in scene.cast]
    records: list[Record] = []
    for index in range(TRIALS):
        transcript = await play(scene, stage, seed=first + index)
        events: Any = transcript.answers
        records.append(
            Record(f"{model}-{index}", cast, events, "cross_purposes", {}, model, seed=index)
        )
    return records


def compare(kinds: tuple[str, str], repetition: int) -> Comparison:
    """One repetition: two arms, played with seeds of their own."""
    first = repetition * 2 * TRIALS
    # Arms of one kind must not share seeds, or they would be the same arm twice.
    apart = TRIALS if kinds[0] == kinds[1] else 0

    async def both() -> list[Record]:
        one = await _records(kinds[0], "one", first)
        return one + await _records(kinds[1], "other", first + apart)

    row = Convergence(tables_from(asyncio.run(both()))).compare("one", "other").iloc[0]
    return Comparison(float(row["difference"]), float(row["low"]), float(row["high"]))


def study(kinds: tuple[str, str], repetitions: int, workers: int) -> list[Comparison]:
    """Many repetitions, on several processes."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(compare, [kinds] * repetitions, range(repetitions), chunksize=10))


def report(kinds: tuple[str, str], found: list[Comparison]) -> str:
    """One line: how many intervals exclude zero, and how wide they are."""
    alarms = sum(one.excludes_zero for one in found)
    rate = binomtest(alarms, len(found)).proportion_ci(0.95, "exact")
    width = sum(one.high - one.low for one in found) / len(found)
    difference = sum(one.difference for one in found) / len(found)
    line = (
        f"{kinds[0]} against {kinds[1]}, {len(found)} repetitions of {TRIALS} pairs: "
        f"{alarms} of the 95% intervals exclude zero "
        f"({alarms / len(found):.1%}, 95% {rate.low:.1%} to {rate.high:.1%}); "
        f"mean difference {difference:+.3f}, mean width {width:.3f}"
    )
    if kinds[0] == kinds[1]:
        p = binomtest(alarms, len(found), 0.05, alternative="greater").pvalue
        line += f"; more than 5%: p = {p:.3f}, {'miss' if p < ALARM else 'pass'}"
    return line


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for kinds in (("base", "base"), ("rlhf", "rlhf"), ("rlhf", "base"), ("sft", "base")):
        started = time.perf_counter()
        # Power needs fewer repetitions than a rate of five in a hundred.
        repetitions = options.repetitions if kinds[0] == kinds[1] else options.repetitions // 5
        print(report(kinds, study(kinds, repetitions, options.workers)), end="")
        print(f" [{time.perf_counter() - started:.0f} s]", flush=True)


if __name__ == "__main__":
    main()
