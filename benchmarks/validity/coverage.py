"""Do the intervals cover, and do the tests keep their level, with few units?

Samples of n units (trials, pairs) are drawn from laws whose truth is known; each interval that is
offered for comparing arms is made of each sample, 1,000 times or more. *Covers* is the share of
intervals that hold the truth, *alarms* the share of tests with p <= 0.05 where there is no
difference. A cell is a *miss* only if an exact binomial test refuses 95% (an alarm rate of 5%) at
p < 0.001; covering more, or alarming less, is no miss and is reported as it is. *Unknown* is how
often no interval is given, which is an answer, too: such samples do not count.

    python -m benchmarks.validity.coverage [--times 1000] [--cells FILE] [--write]

It goes on where it was stopped: cells that are done are in FILE (``benchmarks.validity.cells``).
Laws of clusters are in ``benchmarks.validity.clusters``.

Laws: *normal*; *skewed* (exponential); *shares* (0 or 1, with chance 0.3); *heaped* (answers on
five steps of a scale). In pairs, members share a level of their own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import inf, isnan
from pathlib import Path

import numpy as np
from scipy import stats

from analysis.comparison import within_margin
from analysis.stats import (
    Floats,
    Interval,
    benjamini_hochberg,
    bounded_mean_interval,
    clopper_pearson,
    difference,
    holm,
    jackknife_ratio,
    max_t,
    mean_interval,
    paired_difference,
    permuted,
    sign_flip,
)
from analysis.stats.effects import cliffs_delta, ratio_of_means
from benchmarks.validity.cells import FOLDER, Cells
from benchmarks.validity.clusters import CLUSTERED, Clustered, topics
from benchmarks.validity.document import write_section

SIZES = (3, 5, 10, 20, 40)
LAWS = ("normal", "skewed", "shares", "heaped")
SHIFT = 0.5
_MANY = 400_000
"""Units for the truth."""


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
    Offer("mean, bounded", False, ("skewed",), lambda a, b: float(a.mean()),
          lambda a, b: bounded_mean_interval(a, SHIFT, inf)),
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


def over_clusters(offer: Clustered, count: int, times: int) -> tuple[int, int]:
    """As ``covered``, of clusters."""
    generator = np.random.default_rng([count, len(offer.name), len(offer.law)])
    held = given = 0
    for _ in range(times):
        found, truth = offer.made(count, generator)
        if not isnan(found.low):
            given += 1
            held += found.low <= truth <= found.high
    return held, given


# --- Tests over topics, of families, and of equivalence -----------------------------------------


def family(count: int, planted: int, generator: np.random.Generator) -> Floats:
    """Differences of pairs in twelve quantities that hang together (correlation 0.6), of which so
    many are shifted by 0.8."""
    common = generator.normal(size=(count, 1))
    values = np.sqrt(0.6) * common + np.sqrt(0.4) * generator.normal(size=(count, 12))
    return np.asarray(values + 0.8 * (np.arange(12) < planted))


CORRECTIONS: dict[str, Callable[[Floats], list[float]]] = {
    "Benjamini and Hochberg": lambda values: benjamini_hochberg(_each_p(values)),
    "Holm": lambda values: holm(_each_p(values)),
    "max-T": lambda values: max_t(values, exact_up_to=10, draws=999),
}


def _each_p(values: Floats) -> list[float]:
    nothing = np.zeros(len(values))
    return [sign_flip(column, nothing, exact_up_to=10, draws=999) for column in values.T]


def corrected(name: str, count: int, planted: int, times: int) -> tuple[float, float, int]:
    """Of the planted differences how many are found, the mean share of false ones among what was
    found, and in how many studies there was a false one."""
    generator = np.random.default_rng([count, planted])
    power, false, any_false = 0.0, 0.0, 0
    for _ in range(times):
        found = np.array(CORRECTIONS[name](family(count, planted, generator))) <= 0.05
        wrong = int(found[planted:].sum())
        power += found[:planted].mean() if planted else 0.0
        false += wrong / max(1, int(found.sum()))
        any_false += wrong > 0
    return power / times, false / times, any_false


def topic_alarms(law: str, count: int, times: int) -> int:
    """How many sign-flip tests over topics have p <= 0.05 where arms differ in every topic, but not
    on average."""
    generator = np.random.default_rng([count, len(law)])
    found = 0
    for _ in range(times):
        one, two = (topics(law, count, generator).mean(axis=1) for _ in range(2))
        found += sign_flip(one, two, draws=999) <= 0.05
    return found


@cache
def _margin(law: str) -> float:
    """How far the means of a law are apart when it is shifted by 1."""
    generator = np.random.default_rng(6)
    return float(drawn(law, _MANY, generator, 1.0).mean() - drawn(law, _MANY, generator).mean())


def called_alike(law: str, count: int, times: int, *, paired: bool) -> int:
    """How many differences are called alike that lie exactly at the margin."""
    generator = np.random.default_rng([count, len(law), paired])
    margin = _margin(law)
    found = 0
    for _ in range(times):
        one = drawn(law, count, generator, 1.0)
        interval = (paired_difference if paired else difference)(one, drawn(law, count, generator))
        found += within_margin(interval, margin) is True
    return found


# --- The report ---------------------------------------------------------------------------------

TOLD = {
    "mean": "by_arm takes `mean, bounded` where there is a bound; else *few and skewed*",
    "mean, bounded": "nothing: a little under 95% with strong skewness",
}
"""What a user is told where an interval of samples holds the truth too seldom."""


def tables(times: int, cells: Cells) -> list[str]:
    """All tables in Markdown."""
    misses: list[str] = []

    def row(name: str, law: str, told: str, made: dict[int, str], sizes: Sequence[int]) -> str:
        misses.extend(
            f"| {name} | {law} | {size} | {text.partition(' **')[0]} | {told or 'nothing'} |"
            for size, text in made.items()
            if "miss" in text
        )
        return f"| {name} | {law} | {' | '.join(made.get(size, '') for size in sizes)} |"

    head = f"| n = {' | '.join(map(str, SIZES))} |"
    rule = "|---" * (2 + len(SIZES)) + "|"
    first = [f"| interval (95%) | law {head}", rule]
    for offer in OFFERS:
        for law in offer.laws:
            made = {}
            for size in SIZES:
                key = f"interval|{offer.name}|{law}|{size}|{times}"
                held, given = cells.made(key, partial(covered, offer, law, size, times))
                made[size] = cell(held, given, times, 0.95, more=True)
            first.append(row(offer.name, law, TOLD.get(offer.name, ""), made, SIZES))
    second = [f"| interval (95%) over clusters | law {head}", rule]
    for each in CLUSTERED:
        made = {}
        for size in each.sizes:
            key = f"clusters|{each.name}|{each.law}|{size}|{times}"
            held, given = cells.made(key, partial(over_clusters, each, size, times))
            made[size] = cell(held, given, times, 0.95, more=True)
        second.append(row(each.name, each.law, each.told, made, SIZES))
    third = [f"| test (5%) | law {head}", rule]
    kinds: list[tuple[str, Sequence[str], Callable[[str, int, int], int]]] = [
        ("by permutation, pairs", LAWS, partial(alarms, "pairs")),
        ("by permutation, samples", LAWS, partial(alarms, "samples")),
        ("sign flips over topics", ("normal", "skewed"), topic_alarms),
        ("alike at the margin, pairs", LAWS, partial(called_alike, paired=True)),
        ("alike at the margin, samples", LAWS, partial(called_alike, paired=False)),
    ]
    for name, laws, count_of in kinds:
        for law in laws:
            made = {}
            for size in SIZES:
                key = f"test|{name}|{law}|{size}|{times}"
                found = cells.made(key, partial(count_of, law, size, times))
                made[size] = cell(found, times, times, 0.05, more=False)
            third.append(row(name, law, "", made, SIZES))
    fourth = ["| correction | pairs | planted | found of them | false among found | any false |",
              "|---|---|---|---|---|---|"]  # fmt: skip
    for planted in (0, 4):
        for size in (10, 20):
            for name in CORRECTIONS:
                key = f"family|{name}|{size}|{planted}|{times}"
                power, false, wrong = cells.made(
                    key, partial(corrected, name, size, planted, times)
                )
                told = f"{power:.1%}" if planted else ""
                fourth.append(
                    f"| {name} | {size} | {planted} of 12 | {told} | {false:.1%} "
                    f"| {wrong / times:.1%} |"
                )
    fifth = ["| what falls short | law | n | holds | what is printed |", "|---|---|---|---|---|"]
    return ["\n".join(part) for part in (first, second, third, fourth, [*fifth, *misses])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--cells", type=Path, default=FOLDER / "coverage.jsonl")
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    parts = tables(chosen.times, Cells(chosen.cells))
    about = (
        f"`python -m benchmarks.validity.coverage --times {chosen.times} --write`: how many "
        "95% intervals hold the truth, and how many tests of nothing have p <= 0.05, with n "
        "units or clusters. A miss is refused by an exact binomial test at p < 0.001."
    )
    families = (
        "Twelve quantities of the same pairs with a correlation of 0.6: what each correction finds "
        "of planted differences. Benjamini and Hochberg's keeps the share of false ones among what "
        "is found, the others the rate of studies with any."
    )
    whole = [about, *parts[:3], "### Families of quantities", families, parts[3],
             "### What falls short, and what is printed then", parts[4]]  # fmt: skip
    print("\n\n".join(whole))
    if chosen.write:
        write_section("benchmarks.validity.coverage", "Intervals and tests with few units", whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
