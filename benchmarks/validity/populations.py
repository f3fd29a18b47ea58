"""One kind of mind or two, who appears, whom it moves: sizes and powers where the truth is planted.

Minds are drawn from distributions with one mode or two, none of which is the Beta distribution that
the bootstrap of ``population`` draws from (but for the uniform one), and answer three items twice,
rounded to multiples of 1, 0.5 and 0.1 with the chances of a heap: 40%, 40% and 20% of answers.

    .tools/bin/uv run python -m benchmarks.validity.populations [--times 1000] [--write]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.measures.influence import Influence
from analysis.stats import Floats, clopper_pearson, entropy_interval
from analysis.stats.modes import OneMode, bimodality, folding, two_normals
from analysis.tables import Record, tables_from
from benchmarks.validity.document import write_section
from sim.events import Answer, Turn

DRAWS = 99
ITEMS, TIMES = 3, 2
HEAPS, CHANCES = np.array([1.0, 0.5, 0.1]), [0.4, 0.4, 0.2]

Draw = Callable[[np.random.Generator, int], Floats]


def _two(apart: float, upper: float = 0.5) -> Draw:
    return lambda generator, count: (
        np.where(generator.random(count) < upper, apart, -apart) + generator.normal(0, 0.2, count)
    )


ONE: dict[str, Draw] = {
    "normal, sd 0.35": lambda generator, count: generator.normal(0.1, 0.35, count),
    "normal, sd 0.6, cut off at the ends": lambda generator, count: generator.normal(0, 0.6, count),
    "skewed, at the upper end": lambda generator, count: 1 - generator.exponential(0.35, count),
    "uniform": lambda generator, count: generator.uniform(-1, 1, count),
    "narrow, sd 0.1": lambda generator, count: generator.normal(0.3, 0.1, count),
}
TWO: dict[str, Draw] = {
    "halves at ±0.4": _two(0.4),
    "halves at ±0.6": _two(0.6),
    "halves at ±0.8": _two(0.8),
    "30% at -0.6, 70% at 0.6": _two(0.6, 0.7),
}
TESTS: dict[str, tuple[Callable[[Floats], Floats], int]] = {
    "bimodality": (bimodality, 1),
    "folding": (folding, -1),
    "mixture": (lambda scores: two_normals(scores)[0], 1),
}


def answers(minds: Floats, generator: np.random.Generator) -> Floats:
    """What minds answer: minds by items by samples, on the grid."""
    own = minds[:, None, None] + generator.normal(scale=0.15, size=(len(minds), ITEMS, 1))
    said = np.clip(own + generator.normal(scale=0.15, size=(len(minds), ITEMS, TIMES)), -1, 1)
    coarse = HEAPS[generator.choice(3, size=said.shape, p=CHANCES)]
    rounded: Floats = np.round(said / coarse) * coarse
    return rounded


def p_values(draw: Draw, minds: int, generator: np.random.Generator) -> list[float]:
    """p of each test, and the largest, which ``analysis.population`` says."""
    values = answers(draw(generator, minds), generator)
    null = OneMode.fitted(values, generator).draw(DRAWS, minds, TIMES, generator).mean(axis=(2, 3))
    scores = values.mean(axis=(1, 2))[None, :]
    found = []
    for statistic, side in TESTS.values():
        reached = side * statistic(null) >= side * statistic(scores)[0] - 1e-12
        found.append((1 + float(reached.sum())) / (DRAWS + 1))
    return [*found, max(found)]


def rejected(draw: Draw, minds: int, times: int, seed: int) -> list[str]:
    """How often each test rejects one mode at 5%, with an interval for the largest p."""
    generator = np.random.default_rng([seed, minds])
    table = np.array([p_values(draw, minds, generator) for _ in range(times)]) <= 0.05
    share = clopper_pearson(int(table[:, -1].sum()), times)
    cells = [f"{part:.1%}" for part in table[:, :-1].mean(axis=0)]
    return [*cells, f"{share.estimate:.1%} [{share.low:.1%}, {share.high:.1%}]"]


def modes(times: int) -> str:
    """The table of one mode and two."""
    rows = []
    for kinds, repetitions in ((ONE, times), (TWO, max(20, times // 10))):
        for seed, (name, draw) in enumerate(kinds.items()):
            for minds in (60,) if kinds is ONE else (30, 60, 120):
                cells = rejected(draw, minds, repetitions, seed)
                rows.append(f"| {name} | {minds} | {repetitions} | {' | '.join(cells)} |")
    head = "| minds drawn | minds | times | bimodality | folding | mixture | all three (`p`) |\n"
    return head + "|---|---|---|---|---|---|---|\n" + "\n".join(rows)


def entropies(times: int) -> str:
    """Coverage of the limits of superposition."""
    rows = []
    for shares in ([1.0], [0.95, 0.05], [0.8, 0.2], [0.5, 0.5], [0.6, 0.3, 0.1],
                   [0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02]):  # fmt: skip
        chances = np.array(shares + [0.0] * (7 - len(shares)))
        true = sum(part * np.log2(1 / part) for part in shares)
        cells = []
        for count in (20, 50):
            generator = np.random.default_rng([count, len(shares)])
            covered, width, bits = 0, 0.0, 0.0
            for _ in range(times):
                found = entropy_interval([int(n) for n in generator.multinomial(count, chances)])
                covered += found.low - 1e-9 <= true <= found.high + 1e-9
                width, bits = width + found.high - found.low, bits + found.estimate
            cells.append(f"{covered / times:.1%} | {width / times:.2f} | {bits / times:.2f}")
        told = ", ".join(f"{part:.0%}" for part in shares)
        rows.append(f"| {told} | {true:.2f} | {' | '.join(cells)} |")
    return (
        "| who appears | bits | covered (20 branches) | width | mean | covered (50) | width "
        "| mean |\n|---|---|---|---|---|---|---|---|\n" + "\n".join(rows)
    )


def listeners(times: int) -> str:
    """How often a turn is said to move its listener, at 5%."""
    rows = []
    for spread in (0.0, 0.05, 0.1, 0.2, 0.4):
        cells = []
        for branches in (10, 25):
            generator = np.random.default_rng([branches, int(100 * spread)])
            repetitions = times if spread == 0 else max(20, times // 5)
            records = [
                each for n in range(repetitions)
                for each in branched(f"t{n}-", spread, branches, generator)
            ]  # fmt: skip
            table = Influence(tables_from(records), draws=DRAWS).by_trial
            found = clopper_pearson(int((table["p"] <= 0.05).sum()), len(table))
            inside = (table["low"] <= spread**2) & (table["high"] >= spread**2)
            cells.append(
                f"{found.estimate:.1%} [{found.low:.1%}, {found.high:.1%}] | {inside.mean():.1%}"
            )
        rows.append(f"| {spread:.2f} | {' | '.join(cells)} |")
    return (
        "| sd that the words cause | 10 branches: p ≤ 5% | limits cover | 25 branches: p ≤ 5% "
        "| limits cover |\n|---|---|---|---|---|\n" + "\n".join(rows)
    )


def branched(of: str, spread: float, branches: int, generator: np.random.Generator) -> list[Record]:
    """Branches of a turn of A, after each of which B is asked three times; sd of an answer 0.15."""
    made = []
    for number in range(branches):
        where = generator.normal(scale=spread or 1e-12)
        said: list[Any] = [Turn(1, "A", f"Line {number}.")]
        said += [
            Answer(1, "B", "stance:x", float(where + generator.normal(scale=0.15)), sample=sample)
            for sample in range(3)
        ]
        made.append(
            Record(f"{of}{number}", [{"name": "A"}, {"name": "B"}], said, of=of, at=1,
                   branch=number, arm="fork@1")
        )  # fmt: skip
    return made


def report(times: int) -> list[str]:
    """All parts of the section."""
    return [
        f"`python -m benchmarks.validity.populations --times {times} --write`. Planted minds "
        "answer three items twice on a scale on which four of five answers heap on 0, ±0.5 and ±1. "
        "How often one mode is rejected at 5%: by each statistic against its parametric bootstrap "
        "on the grid, and by all three, which is `p` of `analysis.population`. The first rows have "
        "one mode, and should be 5% at most.",
        modes(times),
        "`analysis.superposition`: 95% limits of the entropy (in bits) over who appears, and the "
        "mean of the estimate, by how often each of seven appears.",
        entropies(times),
        "`analysis.influence`: a turn moves its listener by a normal shift of this sd, an answer "
        "varies by 0.15, three answers a branch. The first row is the size of `p`.",
        listeners(times),
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=1000, help="replications of each size")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    parts = report(options.times)
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.populations", "Populations of minds", parts)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
