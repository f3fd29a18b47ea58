"""Do the intervals cover, and do the tests keep their level, with few units?

Samples of n units (trials, pairs) are drawn from laws whose truth is known; each interval that is
offered for comparing arms is made of each sample, 1,000 times or more. *Covers* is the share of
intervals that hold the truth, *alarms* the share of tests with p <= 0.05 where there is no
difference. A cell is a *miss* only if an exact binomial test refuses 95% (an alarm rate of 5%) at
p < 0.001; covering more, or alarming less, is no miss and is reported as it is. *Unknown* is how
often no interval is given, which is an answer, too: such samples do not count.

    python -m benchmarks.validity.coverage [--times 1000] [--write]

Laws: *normal*; *skewed* (exponential); *shares* (0 or 1, with chance 0.3); *heaped* (answers on
five steps of a scale). In pairs, members share a level of their own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from scipy import stats

from analysis.stats import (
    Floats,
    Interval,
    clopper_pearson,
    difference,
    jackknife_ratio,
    mean_interval,
    paired_difference,
    permuted,
    sign_flip,
)
from analysis.stats.effects import cliffs_delta, ratio_of_means
from benchmarks.validity.document import write_section

SIZES = (3, 5, 10, 20, 40)
LAWS = ("normal", "skewed", "shares", "heaped")
SHIFT = 0.5
_MANY = 400_000


def drawn(law: str, count: int, generator: np.random.Generator, shift: float = 0.0) -> Floats:
    """A sample of a law; ``shift`` moves it (the chance of a share by a fifth of it)."""
    if law == "normal":
        return generator.normal(shift, 1, count)
    if law == "skewed":
        return generator.exponential(1, count) + shift
    if law == "shares":
        return (generator.random(count) < 0.3 + shift / 5).astype(float)
    steps = np.clip(np.round(generator.normal(shift, 1, count)), -2, 2)
    return np.asarray(steps / 2)


@dataclass(frozen=True)
class Offer:
    """Something that is offered: its name, whether it takes pairs, for which laws, the truth of two
    samples (as large as can be), and what is made of two samples."""

    name: str
    paired: bool
    laws: tuple[str, ...]
    truth: Callable[[Floats, Floats], float]
    made: Callable[[Floats, Floats], Interval]


def _share(one: Floats, _: Floats) -> Interval:
    return clopper_pearson(int(one.sum()), len(one))


def _jackknife(one: Floats, two: Floats) -> Interval:
    return jackknife_ratio(one + 2, two + 2)


def _delta(one: Floats, two: Floats) -> float:
    values = np.sort(two)
    below = np.searchsorted(values, one, "left") / len(values)
    above = 1 - np.searchsorted(values, one, "right") / len(values)
    return float((below - above).mean())


NUMBERS = ("normal", "skewed", "heaped")
OFFERS = (
    Offer("mean", False, NUMBERS, lambda a, b: float(a.mean()), lambda a, b: mean_interval(a)),
    Offer("share, exact", False, ("shares",), lambda a, b: float(a.mean()), _share),
    Offer("difference in pairs", True, LAWS, lambda a, b: float(a.mean() - b.mean()),
          paired_difference),
    Offer("difference of samples", False, LAWS, lambda a, b: float(a.mean() - b.mean()),
          difference),
    Offer("Cliff's delta in pairs", True, LAWS, _delta,
          lambda a, b: cliffs_delta(a, b, paired=True)),
    Offer("Cliff's delta of samples", False, LAWS, _delta, cliffs_delta),
    Offer("ratio of means in pairs", True, ("skewed",), lambda a, b: float(a.mean() / b.mean()),
          lambda a, b: ratio_of_means(a, b, paired=True)),
    Offer("ratio of means of samples", False, ("skewed",),
          lambda a, b: float(a.mean() / b.mean()), ratio_of_means),
    Offer("ratio by jackknife", True, ("normal", "skewed"),
          lambda a, b: float((a + 2).mean() / (b + 2).mean()), _jackknife),
)  # fmt: skip


def two(
    offer: Offer, law: str, count: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Two samples, a shift apart; in pairs, half of the spread is common to both members."""
    one, other = drawn(law, count, generator, SHIFT), drawn(law, count, generator)
    if offer.paired and law in ("normal", "skewed"):
        common = drawn(law, count, generator)
        one, other = one + common, other + common
    if offer.paired and law == "shares":
        same = generator.random(count) < 0.4
        other = np.where(same, one, other)
    return one, other


def covered(offer: Offer, law: str, count: int, times: int) -> tuple[int, int]:
    """How many intervals hold the truth, of how many that were given."""
    truth = offer.truth(*two(offer, law, _MANY, np.random.default_rng(1)))
    generator = np.random.default_rng([count, LAWS.index(law), len(offer.name)])
    held = given = 0
    for _ in range(times):
        found = offer.made(*two(offer, law, count, generator))
        if not isnan(found.low):
            given += 1
            held += found.low <= truth <= found.high
    return held, given


def cell(happened: int, of: int, times: int, wanted: float, *, more: bool) -> str:
    """A share with what is unknown; *miss* where the wanted rate is refused. ``more``: whether more
    than wanted is no miss (coverage), else less is none (alarms)."""
    if not of:
        return "unknown"
    share = happened / of
    worse = share < wanted if more else share > wanted
    refused = worse and stats.binomtest(happened, of, wanted).pvalue < 0.001
    unknown = f", {1 - of / times:.0%} unknown" if of < times else ""
    return f"{share:.1%}{' **miss**' if refused else ''}{unknown}"


def alarms(name: str, law: str, count: int, times: int) -> int:
    """How many tests of no difference have p <= 0.05."""
    generator = np.random.default_rng([count, LAWS.index(law), len(name)])
    found = 0
    for _ in range(times):
        one, other = drawn(law, count, generator), drawn(law, count, generator)
        p = sign_flip(one, other, draws=999) if name == "pairs" else permuted(one, other, draws=999)
        found += p <= 0.05
    return found


def tables(times: int) -> list[str]:
    """Both tables in Markdown."""
    head = f"| n = {' | '.join(map(str, SIZES))} |"
    first = [f"| interval (95%) | law {head}", "|---" * (2 + len(SIZES)) + "|"]
    for offer in OFFERS:
        for law in offer.laws:
            cells = []
            for count in SIZES:
                held, given = covered(offer, law, count, times)
                cells.append(cell(held, given, times, 0.95, more=True))
            first.append(f"| {offer.name} | {law} | {' | '.join(cells)} |")
            print(first[-1], flush=True)
    second = [f"| test (5%) | law {head}", "|---" * (2 + len(SIZES)) + "|"]
    for name in ("pairs", "samples"):
        for law in LAWS:
            cells = [
                cell(alarms(name, law, count, times), times, times, 0.05, more=False)
                for count in SIZES
            ]
            second.append(f"| by permutation, {name} | {law} | {' | '.join(cells)} |")
            print(second[-1], flush=True)
    return ["\n".join(first), "\n".join(second)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="write a section of docs/validity.md")
    chosen = parser.parse_args(arguments)
    parts = tables(chosen.times)
    if chosen.write:
        about = (
            f"`python -m benchmarks.validity.coverage --times {chosen.times} --write`: how many "
            "95% intervals hold the truth, and how many tests of nothing have p <= 0.05, with n "
            "units. A miss is refused by an exact binomial test at p < 0.001."
        )
        write_section(
            "benchmarks.validity.coverage", "Intervals and tests with few units", [about, *parts]
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
