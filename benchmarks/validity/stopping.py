"""Stopping when a difference is decided: how often that is wrong, what it saves, what it covers.

Studies of differences between two arms are drawn from laws whose mean is known, block by block, and
a rule looks after each block. *False decisions*: the share of studies without a difference that are
said to differ, and of studies that differ by the margin that are called alike. *Covers*: the share
of studies that differ by the margin in which the interval at stopping holds it. A rate is a
*miss* only if an exact binomial test refuses 5% (95%) at p < 0.001. *Saving*: the rule is allowed
as many blocks as give it 90% power for the effect; how many of these are left in the median, if
there is that effect, and if there is twice as much. Beside it what that is of the blocks of
Student's t test with the same power, which looks once.

    python -m benchmarks.validity.stopping [--times 2000] [--write]

Laws, of differences between -1 and 1: *normal* (beta, symmetric); *shares* (one arm's 0 or 1 less
the other's, with chance 0.3); *zeros* (nine in ten are 0, else -1 or 1); *heaped* (answers on five
steps); *skewed* (beta, most a little below the mean); *rare* (one arm has 1 in one of twenty, the
other always 0.05).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np
from scipy import stats

from analysis.power import blocks_for, blocks_for_rule
from analysis.stats import Floats
from analysis.stopping import FEWEST_PLANNED, Method, StoppingRule, decide, stops
from benchmarks.validity.document import write_section

SIZES = (10, 20, 64, 200)
MARGIN = 0.25


def _normal(count: int, mean: float, generator: np.random.Generator) -> Floats:
    whole = (mean + 1) / 2
    return np.asarray(2 * generator.beta(8 * whole, 8 * (1 - whole), count) - 1)


def _shares(count: int, mean: float, generator: np.random.Generator) -> Floats:
    one, other = generator.random(count) < 0.3 + mean, generator.random(count) < 0.3
    return one.astype(float) - other


def _zeros(count: int, mean: float, generator: np.random.Generator) -> Floats:
    chance = max(0.1, abs(mean) + 0.05)
    signs = np.where(generator.random(count) < (1 + mean / chance) / 2, 1.0, -1.0)
    return np.where(generator.random(count) < chance, signs, 0.0)


def _heaped(count: int, mean: float, generator: np.random.Generator) -> Floats:
    one, other = (np.clip(np.round(generator.normal(0, 1.2, count)), -2, 2) / 8 for _ in range(2))
    # Some move by half of the scale, all the way.
    moved = generator.random(count) < 2 * abs(mean)
    return np.asarray(one - other + np.sign(mean) * 0.5 * moved)


def _skewed(count: int, mean: float, generator: np.random.Generator) -> Floats:
    return np.asarray(0.7 * (generator.beta(0.5, 2.0, count) - 0.2) + mean)


def _rare(count: int, mean: float, generator: np.random.Generator) -> Floats:
    return (generator.random(count) < 0.05 + mean).astype(float) - 0.05


LAWS: dict[str, Callable[[int, float, np.random.Generator], Floats]] = {
    "normal": _normal,
    "shares": _shares,
    "zeros": _zeros,
    "heaped": _heaped,
    "skewed": _skewed,
    "rare": _rare,
}
METHODS: tuple[Method, ...] = get_args(Method)


def cell(happened: int, of: int, wanted: float, *, more: bool) -> str:
    """A share; *miss* where the wanted rate is refused and the share is worse."""
    share = happened / of
    worse = share < wanted if more else share > wanted
    refused = worse and stats.binomtest(happened, of, wanted).pvalue < 0.001
    return f"{share:.1%}{' **miss**' if refused else ''}"


def wrong(method: Method, law: str, blocks: int, times: int) -> tuple[int, int, int]:
    """How many studies without a difference are said to differ, how many that differ by the margin
    are called alike, and in how many of these the interval at stopping holds the margin."""
    generator = np.random.default_rng([blocks, list(LAWS).index(law)])
    differ = alike = covered = 0
    rule = StoppingRule(0, 1, blocks, None, method)
    with_margin = StoppingRule(0, 1, blocks, MARGIN, method)
    for _ in range(times):
        differ += stops(rule, LAWS[law](blocks, 0.0, generator))[0] == "differs"
        moved = LAWS[law](blocks, MARGIN, generator)
        alike += stops(with_margin, moved)[0] == "alike"
        found = decide(rule, moved).difference
        covered += found.low <= MARGIN <= found.high
    return differ, alike, covered


def false_decisions(times: int) -> str:
    """The table of false decisions and of coverage, in Markdown."""
    head = " | ".join(f"{blocks} blocks" for blocks in SIZES)
    rows = [f"| rule | law | | {head} |", "|---" * (3 + len(SIZES)) + "|"]
    for method in METHODS:
        for law in LAWS:
            found = {
                blocks: wrong(method, law, blocks, times)
                for blocks in SIZES
                if method == "betting" or blocks >= FEWEST_PLANNED
            }
            for place, what in enumerate(("differ", "alike", "covers")):
                wanted, more = (0.95, True) if what == "covers" else (0.05, False)
                cells = [
                    cell(found[blocks][place], times, wanted, more=more)
                    if blocks in found
                    else "refused"
                    for blocks in SIZES
                ]
                rows.append(f"| {method} | {law} | {what} | {' | '.join(cells)} |")
                print(rows[-1], flush=True)
    return "\n".join(rows)


PLANS: tuple[tuple[str, float], ...] = (
    ("normal", 0.1), ("normal", 0.2), ("shares", 0.15), ("shares", 0.3), ("zeros", 0.15),
    ("heaped", 0.1), ("skewed", 0.1),
)  # fmt: skip


def saving(method: Method, law: str, effect: float, times: int) -> list[str]:
    """The cells of one plan: blocks allowed, power, and the saving at the effect and at twice."""
    generator = np.random.default_rng(7)
    sample = LAWS[law](200_000, effect, generator)
    sd = float(sample.std())
    fixed = blocks_for(effect, sd)
    blocks = blocks_for_rule(method, effect, sd, 1.0)
    assert fixed is not None
    assert blocks is not None
    rule = StoppingRule(0, 1, blocks, None, method)
    cells = [f"{fixed}", f"{blocks}"]
    for times_effect in (1, 2):
        studies = [LAWS[law](blocks, times_effect * effect, generator) for _ in range(times)]
        found = [stops(rule, values) for values in studies]
        median = float(np.median([count for _, count in found]))
        if times_effect == 1:
            decided = [
                float(values[:count].mean())
                for values, (outcome, count) in zip(studies, found, strict=True)
                if outcome == "differs"
            ]
            cells.append(f"{len(decided) / times:.0%}")
            inflated = np.mean(decided)
        bar = 0.2 if times_effect == 1 else 0.5
        left = 1 - median / blocks
        cells.append(f"{left:.0%}{'' if left >= bar else ' **miss**'} ({1 - median / fixed:.0%})")
    cells.append(f"{inflated / effect:.2f}")
    return cells


def savings(times: int) -> str:
    """The table of savings, in Markdown."""
    rows = [
        "| rule | law | effect | blocks of a t test | blocks allowed | power | saved in the median "
        "(of the t test) | at twice the effect | estimate at stopping / effect |",
        "|---" * 9 + "|",
    ]
    for method in METHODS:
        for law, effect in PLANS:
            told = saving(method, law, effect, times)
            rows.append(f"| {method} | {law} | {effect:g} | {' | '.join(told)} |")
            print(rows[-1], flush=True)
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    first, second = false_decisions(chosen.times), savings(max(400, chosen.times // 4))
    if chosen.write:
        about = (
            f"`python -m benchmarks.validity.stopping --times {chosen.times} --write`: studies of "
            "differences in [-1, 1] with a look after every block. *Differ*: studies without a "
            f"difference that are said to differ; *alike*: studies that differ by {MARGIN:g} that "
            f"are called alike within {MARGIN:g}; *covers*: studies of these in which the interval "
            "at stopping (without a margin) holds the truth. A miss is refused by an exact "
            "binomial test at p < 0.001."
        )
        between = (
            "What is saved where the rule is allowed the blocks that give it 90% power, in the "
            "median study: of the blocks allowed, and (in brackets) of those of a t test with that "
            "power. The bars are 20%, and 50% at twice the effect. The last column is how far the "
            "estimate at stopping is inflated, at the planned effect."
        )
        write_section(
            "benchmarks.validity.stopping", "Stopping when it is decided",
            [about, first, between, second],
        )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
