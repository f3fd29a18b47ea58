"""Are planted biases of judges found, with intervals that hold them, and none where there are none?

No scene is played and nobody is asked: verdicts are drawn. 8 entrants, played by four models, meet
in 56 matches of two legs, on 14 topics. The strong talk more. Three judges see every debate in both
orders. *one* likes whoever is shown first (0.6 logits), length (0.5 for each doubling) and its own
model (0.8); *two* dislikes whoever is shown first (-0.4), and is as sharp again by half; *three*
has no bias. Each world adds one difficulty. Every contest goes through ``biases``, ``panel``'s
alpha, ``results`` and ``adjusted`` as a tournament's does.

The bars: the mean estimate is off by at most 0.05 logits and a tenth; 95% intervals hold the truth
in 93 to 97%, as far as replications can tell (a row is missed where the interval of its share lies
outside); false alarms, where nothing is planted, are 5% or fewer (refused at 0.001). Rows of limits
have no bar.

    .tools/bin/uv run python -m benchmarks.validity.judges [--replications 1000] [--write]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import special
from scipy.stats import binomtest

from analysis.stats import Floats, clopper_pearson
from analysis.stats.agreement import alpha
from analysis.tournaments.judges import biases, judgements, rows
from analysis.tournaments.judges.adjustment import combined, corrected
from analysis.tournaments.judges.biases import KINDS, Kind
from analysis.tournaments.judges.panel import agreement, margins
from analysis.tournaments.ratings.bradley_terry import outcomes
from analysis.tournaments.results import results
from analysis.tournaments.tables import (
    Contest,
    ContestRecord,
    LegRecord,
    VerdictRecord,
    contests_from,
)
from benchmarks.validity.document import write_section
from sim.events import Turn

LOWEST, HIGHEST = 0.93, 0.97
ALARM = 0.001
MODELS = ("ash", "birch", "cedar", "fir")


@dataclass(frozen=True, slots=True)
class Planted:
    """A judge: its model, its biases in logits, how sharp it is, and Davidson's nu of its ties."""

    name: str
    model: str
    position: float = 0.0
    length: float = 0.0
    own: float = 0.0
    sharpness: float = 1.0
    tie: float = 0.4

    def of(self, kind: Kind, world: World) -> float:
        """The planted bias of this kind."""
        truth = {"position": self.position, "length": self.length, "self": self.own}
        return truth.get(kind, world.side if kind == "side" else world.order)


THREE = (
    Planted("one", "ash", position=0.6, length=0.5, own=0.8),
    Planted("two", "birch", position=-0.4, sharpness=1.5),
    Planted("three", "cedar"),
)


@dataclass(frozen=True, slots=True)
class World:
    """Where verdicts are drawn from.

    ``deviation`` is that of strengths in logits, ``affinity`` that of an entrant's strength over
    topics, and ``quality`` that of one debate from another of the same two. ``lost`` is the share
    of verdicts that are missing.
    """

    name: str
    judges: tuple[Planted, ...] = THREE
    entrants: int = 8
    matches: int = 56
    topics: int = 14
    deviation: float = 1.0
    side: float = 0.3
    order: float = 0.1
    affinity: float = 0.0
    quality: float = 0.0
    lost: float = 0.0
    bar: bool = field(default=True, compare=False)

    def strengths(self) -> Floats:
        """Planted, with mean zero, the best first."""
        places = (np.arange(self.entrants) + 0.5) / self.entrants
        return np.asarray(-self.deviation * special.ndtri(places))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A contest, and by trial the score of position 0 that is to be expected of a judge who is as
    sharp as *one*, knows no ties, and has no bias."""

    contest: Contest
    fair: pd.Series[float]


def draw(world: World, seed: int) -> Drawn:
    """A contest whose verdicts are drawn."""
    generator = np.random.default_rng(seed)
    strengths = world.strengths()
    likes = world.affinity * generator.standard_normal((world.topics, world.entrants))
    legs, verdicts, fair = [], [], {}
    for match in range(world.matches):
        one = int(generator.integers(world.entrants))
        other = int((one + generator.integers(1, world.entrants)) % world.entrants)
        topic, earlier = match % world.topics, int(generator.integers(2))
        for leg, who in enumerate([(one, other), (other, one)]):
            trial = f"t{match}-{leg}"
            # The strong talk more, which a judge who likes length must not be blamed for.
            talk = 0.3 * strengths[list(who)] + 0.5 * generator.standard_normal(2)
            words = np.maximum(1, np.round(60 * 2**talk)).astype(int)
            places = (earlier, 1 - earlier) if leg == 0 else (1 - earlier, earlier)
            sides = [
                {"entrant": f"entrant {entrant}", "actor": actor, "position": position,
                 "place": place, "stage": MODELS[entrant % len(MODELS)]}
                for entrant, actor, position, place in zip(
                    who, ("Ada", "Ben"), (0, 1), places, strict=True)
            ]  # fmt: skip
            turns = [
                Turn(place + 1, actor, " ".join(["word"] * int(count)))
                for actor, place, count in zip(("Ada", "Ben"), places, words, strict=True)
            ]
            legs.append(LegRecord(1, match, leg, trial, f"topic {topic:02}", sides, turns))
            merit = strengths[who[0]] - strengths[who[1]] + likes[topic, who[0]]
            merit += world.quality * generator.standard_normal() - likes[topic, who[1]]
            told = {
                "length": float(np.log2(words[0] / words[1])),
                "order": 1.0 if places[0] == 0 else -1.0,
                **{model: float(who[0] % 4 == at) - (who[1] % 4 == at)
                   for at, model in enumerate(MODELS)},
            }  # fmt: skip
            level = np.array(merit + world.side + world.order * told["order"])
            fair[trial] = float(special.expit(level))
            for judge in world.judges:
                rest = judge.sharpness * merit + world.side + world.order * told["order"]
                rest += judge.length * told["length"] + judge.own * told[judge.model]
                verdicts += _verdicts(world, judge, trial, rest, generator)
    named = [
        {"name": judge.name, "stage": judge.model, "form": judge.name} for judge in world.judges
    ]
    record = ContestRecord("drawn", {"judges": named}, "Drawn", legs, verdicts)
    return Drawn(contests_from([record])[0], pd.Series(fair))


def _verdicts(
    world: World, judge: Planted, trial: str, rest: float, generator: np.random.Generator
) -> list[VerdictRecord]:
    found = []
    for shown, place in [(("Ada", "Ben"), 1.0), (("Ben", "Ada"), -1.0)]:
        chance, lost = generator.random(2)
        eta = np.array(rest + judge.position * place)
        win, tie, _ = (float(each) for each in outcomes(eta, np.array(np.log(judge.tie))))
        payload: dict[str, Any] = {"winner": "tie", "margin": 0}
        if lost < world.lost:
            payload = {"winner": None, "missing": "it said nothing that can be read"}
        elif not win <= chance < win + tie:
            winner, edge = ("Ada", win - chance) if chance < win else ("Ben", chance - win - tie)
            payload = {"winner": winner, "margin": float(np.ceil(10 * edge + 1e-9))}
        found.append(VerdictRecord(trial, judge.name, judge.name, shown, payload))
    return found


# -- one replication ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replication:
    """Biases as (estimate, low, high, p) by judge and kind; alphas of winner and margin as
    (estimate, low, high), and the judgements that they are of; the correlation of entrants' mean
    scores with those of a judge without bias, and how much higher those of *one*'s own model are,
    in ``results`` and ``adjusted``."""

    biases: Floats
    alphas: Floats
    winners: pd.DataFrame
    margins: pd.DataFrame
    alike: Floats
    own: Floats


def replicate(world: World, seed: int) -> Replication:
    """One contest through the analysis."""
    drawn = draw(world, seed)
    contest = drawn.contest
    table = rows(contest)
    found = biases(table)
    winners = judgements(contest)
    agreed = agreement(contest, winners)
    judged = corrected(contest, table, found)
    adjusted = combined(contest, judged, contest.judges["judge"].tolist())
    alike, own = zip(*(beside(drawn, each) for each in (results(contest), adjusted)), strict=True)
    return Replication(
        biases=np.array([(one.estimate, one.low, one.high, one.p) for one in found]),
        alphas=agreed[["alpha", "low", "high"]].to_numpy(dtype=np.float64),
        winners=winners,
        margins=margins(contest, [str(trial) for trial in winners.columns]),
        alike=np.array(alike),
        own=np.array(own),
    )


def beside(drawn: Drawn, table: pd.DataFrame) -> tuple[float, float]:
    """The correlation of entrants' mean scores with the mean of those that are fair, and how far
    those of the first model are above them."""
    legs = drawn.contest.matches.drop_duplicates("trial")["trial"]
    fair = drawn.fair.loc[legs].to_numpy(dtype=np.float64)
    score = table["score"].to_numpy(dtype=np.float64)
    names = [*table["first"], *table["second"]]
    means = (
        pd.DataFrame({"score": [*score, *(1 - score)], "fair": [*fair, *(1 - fair)]}, index=names)
        .groupby(level=0)
        .mean()
    )
    mine = [int(str(name).split()[1]) % len(MODELS) == 0 for name in means.index]
    return (
        float(means["score"].corr(means["fair"])),
        float((means["score"] - means["fair"])[mine].mean()),
    )


def many(what: Callable[[int], Replication], count: int, workers: int) -> list[Replication]:
    """Replications with seeds of their own, on several processes."""
    if workers == 1:
        return [what(seed) for seed in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(what, range(count), chunksize=5))


WORLDS = (
    World("as above"),
    World("no judge has a bias", tuple(Planted(name, model) for name, model in zip(
        ("one", "two", "three"), MODELS, strict=False))),
    World("a fifth of verdicts missing", lost=0.2),
    World("strengths differ by topic (0.4)", affinity=0.4),
    World("28 matches, 7 topics", matches=28, topics=7),
    World("4 topics: clusters are matches", topics=4),
)  # fmt: skip
LIMITS = (
    World("debates of the same two differ (1 logit)", quality=1.0, bar=False),
    World("*three* sees no merit", (*THREE[:2], replace(THREE[2], sharpness=0.0)), bar=False),
)
BIASED: tuple[Kind, ...] = ("position", "length", "self")


def bias_rows(world: World, found: Sequence[Replication]) -> list[str]:
    """A row for each kind of bias: *one*'s, and what holds for all judges."""
    every = np.array([one.biases for one in found])
    judges = np.arange(len(world.judges))
    made = []
    for kind in BIASED:
        mine = every[:, judges * len(KINDS) + KINDS.index(kind)]
        truth = np.array([judge.of(kind, world) for judge in world.judges])
        known = ~np.isnan(mine[..., 1])
        held = (mine[..., 1] <= truth) & (truth <= mine[..., 2])
        by_judge = [float(held[known[:, at], at].mean()) for at in judges]
        inside = clopper_pearson(int(held[known].sum()), int(known.sum()))
        mean = np.nanmean(mine[:, 0, 0])
        error = float(np.nanstd(mine[:, 0, 0])) / sqrt(len(found))
        told = mine[..., 3] < 0.05
        none = known & (truth == 0)
        alarms = clopper_pearson(int(told[none].sum()), int(none.sum()))
        refused = binomtest(int(told[none].sum()), int(none.sum()), 0.05, alternative="greater")
        power = f"{told[known[:, 0], 0].mean():.0%}" if truth[0] else "–"
        width = float(np.nanmedian(mine[:, 0, 2] - mine[:, 0, 1]))
        near = abs(mean - truth[0]) <= 0.05 + abs(truth[0]) / 10 + 2 * error
        good = near and inside.low <= HIGHEST and inside.high >= LOWEST and refused.pvalue >= ALARM
        made.append(
            f"| {world.name} | {kind} | {truth[0]:+.1f} | {mean:+.3f} ± {2 * error:.3f} "
            f"| {width:.2f} | {inside.estimate:.1%} ({min(by_judge):.1%} to {max(by_judge):.1%}) "
            f"| {alarms.estimate:.1%} of {int(none.sum())} | {power} | {1 - known.mean():.1%} "
            f"| {'' if not world.bar else 'pass' if good else 'MISS'} |"
        )
    return made


def alpha_row(world: World, found: Sequence[Replication]) -> str:
    """Alphas, and whether intervals hold those of very many debates."""
    every = np.array([one.alphas for one in found])
    cells, good = [], True
    for place in range(2):
        tables = [(one.winners, one.margins)[place] for one in found]
        truth = alpha(pd.concat(tables, axis=1), "interval" if place else "nominal")
        estimate, low, high = every[:, place].T
        held = clopper_pearson(int(np.sum((low <= truth) & (truth <= high))), len(found))
        good = good and held.low <= HIGHEST and held.high >= LOWEST
        cells.append(
            f"{truth:.3f} | {np.nanmean(estimate):.3f} "
            f"| {held.estimate:.1%} [{held.low:.1%}, {held.high:.1%}] "
        )
    said = "" if not world.bar else "pass" if good else "MISS"
    return f"| {world.name} | {'| '.join(cells)}| {said} |"


def adjusted_row(world: World, found: Sequence[Replication]) -> str:
    """What taking out biases and weighting is worth."""
    alike = np.array([one.alike for one in found])
    own = np.array([one.own for one in found]).mean(axis=0)
    gain = alike[:, 1] - alike[:, 0]
    error = 2 * float(gain.std()) / sqrt(len(found))
    return (
        f"| {world.name} | {alike[:, 0].mean():.4f} | {alike[:, 1].mean():.4f} "
        f"| {gain.mean():+.4f} ± {error:.4f} | {own[0]:+.4f} | {own[1]:+.4f} |"
    )


BIAS_HEAD = (
    "| world | bias | planted in *one* | mean estimate | width | covered, all judges (each) "
    "| false alarms | found in *one* | not told | |\n|---|---|---|---|---|---|---|---|---|---|"
)
ALPHA_HEAD = (
    "| world | winner: true | mean | covered | margin: true | mean | covered | |\n"
    "|---|---|---|---|---|---|---|---|"
)
ADJUSTED_HEAD = (
    "| world | correlation of results | of adjusted | gain | own model in results | in adjusted |\n"
    "|---|---|---|---|---|---|"
)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--others", type=int, help="of all worlds but the first two")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the section of the details")
    options = parser.parse_args()
    others = options.others or options.replications
    started = time.perf_counter()
    tables: dict[str, list[str]] = {head: [head] for head in (BIAS_HEAD, ALPHA_HEAD, ADJUSTED_HEAD)}
    for place, world in enumerate((*WORLDS, *LIMITS)):
        count = options.replications if place < 2 else others
        found = many(partial(replicate, world), count, options.workers)
        tables[BIAS_HEAD] += bias_rows(world, found)
        tables[ALPHA_HEAD].append(alpha_row(world, found))
        tables[ADJUSTED_HEAD].append(adjusted_row(world, found))
        print(f"{world.name}: {time.perf_counter() - started:.0f} s", flush=True)
    bias, alphas, fairer = ("\n".join(table) for table in tables.values())
    counted = f"--replications {options.replications} --others {others}"
    parts = [
        f"`python -m benchmarks.validity.judges {counted} --write`: no scene is played, verdicts "
        f"are drawn; {options.replications} contests of each of the first two worlds and {others} "
        "of each other. The module says what is drawn. Widths are medians, ± two standard errors.",
        "Biases, in logits; intervals are 95%. *Covered* is of all three judges, *false alarms* of "
        f"those without this bias.\n\n{bias}",
        "Krippendorff's alpha; the true one is that of the debates of all contests together.\n\n"
        + alphas,
        "Results with biases taken out and judges weighted (`adjusted`): the correlation of "
        "entrants' mean scores with those to be expected of a judge without bias, and how far "
        f"those of the two entrants that *one*'s model plays are above these.\n\n{fairer}",
    ]
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.judges", "Judges and their biases", parts)
    print(f"\n[{time.perf_counter() - started:.0f} s]")


if __name__ == "__main__":
    main()
