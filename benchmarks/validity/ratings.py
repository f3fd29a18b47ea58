"""Do the intervals of ratings cover the truth? Are cycles found, and only where there are any?

No scene is played: results are drawn from planted strengths. 12 entrants whose strengths are evenly
spread quantiles of a normal distribution, 300 matches between pairs drawn at random, the side of
the motion (0.4 logits) and the first word (0.2 logits) being worth something. Each world adds one
difficulty. For every world and replication the table of results goes through ``rate`` as a
tournament's does.

The bars: 95% intervals of ratings cover in 93 to 97%; so do those of the side's effect, as far as
the number of replications can tell; Spearman's correlation of the mean rating with the truth is
0.97 or more; false alarms of the test of transitivity are 5% or fewer (refused only if an exact
binomial test refuses it at 0.001), and rock, paper and scissors are found in 95% or more. Where the
last column says nothing, the row shows a limit and no bar.

    .tools/bin/uv run python -m benchmarks.validity.ratings [--replications 1000] [--write]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special
from scipy.stats import binomtest, spearmanr

from analysis.stats import Floats, clopper_pearson
from analysis.tournaments.ratings.bradley_terry import outcomes
from analysis.tournaments.ratings.ratings import rate, transitivity
from benchmarks.validity.document import write_section

LOWEST, HIGHEST, ALIKE = 0.93, 0.97, 0.97
ALARM = 0.001

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class World:
    """Where results are drawn from.

    ``deviation`` is that of strengths, in logits; ``spread`` that of the side's effect over topics;
    ``affinity`` that of an entrant's strength over topics. ``tie`` is Davidson's nu, 0 for no ties.
    With ``cycle``, entrants are rock, paper and scissors in turn, and each has that many logits
    more against the next kind.
    """

    name: str
    entrants: int = 12
    matches: int = 300
    topics: int = 20
    deviation: float = 1.0
    side: float = 0.4
    order: float = 0.2
    spread: float = 0.0
    affinity: float = 0.0
    tie: float = 0.0
    margins: bool = False
    cycle: float = 0.0

    def strengths(self) -> Floats:
        """Planted, with mean zero, the best first."""
        places = (np.arange(self.entrants) + 0.5) / self.entrants
        return np.asarray(-self.deviation * special.ndtri(places))


def entrant(place: int) -> str:
    """The name of the entrant at this place."""
    return f"entrant {place:02}"


def draw(world: World, seed: int) -> pd.DataFrame:
    """A table of results."""
    generator = np.random.default_rng(seed)
    size = world.matches
    first = generator.integers(0, world.entrants, size)
    second = (first + generator.integers(1, world.entrants, size)) % world.entrants
    topic = np.arange(size) % world.topics
    side, order = generator.choice([-1.0, 1.0], (2, size))
    tilt = world.side + world.spread * generator.standard_normal(world.topics)
    likes = world.affinity * generator.standard_normal((world.topics, world.entrants))
    strengths = world.strengths()
    eta = strengths[first] - strengths[second] + tilt[topic] * side + world.order * order
    eta += likes[topic, first] - likes[topic, second]
    ahead = (second - first) % 3
    eta += world.cycle * (np.where(ahead == 1, 1.0, 0.0) - np.where(ahead == 2, 1.0, 0.0))
    chance = generator.random(size)
    if world.tie:
        win, tie, _ = outcomes(eta, np.log(world.tie))
        score = np.where(chance < win, 1.0, np.where(chance < win + tie, 0.5, 0.0))
    else:
        score = (chance < special.expit(eta)).astype(np.float64)
    table = {
        "first": [entrant(place) for place in first],
        "second": [entrant(place) for place in second],
        "score": score,
        "side": side,
        "order": order,
        "topic": [f"topic {place:02}" for place in topic],
    }
    if world.margins:
        # The winner by how far chance was from the line, so that margins and scores agree.
        table["margin"] = np.tanh((eta - special.logit(chance)) / 4)
    return pd.DataFrame(table)


@dataclass(frozen=True, slots=True)
class Replication:
    """What one table gave: ratings in the order of strengths, and whether intervals hold the
    truth."""

    ratings: Floats
    covered: NDArray[np.bool_]
    widths: Floats
    side: bool
    ranked: NDArray[np.bool_]
    rank_width: float
    best: float


def replicate(world: World, replicates: int, seed: int) -> Replication:
    """One replication."""
    found = rate(
        draw(world, seed),
        ties="davidson" if world.tie else "half",
        margins=world.margins,
        replicates=replicates,
        seed=seed,
    )
    truth, effects = world.strengths(), found.effects.set_index("effect")
    table = found.table.set_index("entrant").loc[[entrant(at) for at in range(world.entrants)]]
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    ranks = np.arange(1, world.entrants + 1)
    below, above = table["rank_low"].to_numpy(float), table["rank_high"].to_numpy(float)
    tilt = effects.loc["side"]
    return Replication(
        ratings=table["rating"].to_numpy(),
        covered=(low <= truth) & (truth <= high),
        widths=high - low,
        side=bool(tilt["low"] <= world.side <= tilt["high"]),
        ranked=(below <= ranks) & (ranks <= above),
        rank_width=float(np.mean(above - below)),
        best=float(table["p_best"].iloc[0]),
    )


def alarm(world: World, replicates: int, seed: int) -> float:
    """The p value of the test of transitivity."""
    return transitivity(draw(world, seed), replicates=replicates, seed=seed).p


def many(what: Callable[[int], Found], replications: int, workers: int) -> list[Found]:
    """Replications with seeds of their own, on several processes."""
    if workers == 1:
        return [what(seed) for seed in range(replications)]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(what, range(replications), chunksize=10))


WORLDS = (
    World("20 topics"),
    World("10 topics", topics=10),
    World("30 topics", topics=30),
    World("5 topics", topics=5),
    World("side effects differ by topic (0.7)", spread=0.7),
    World("strengths differ by topic (0.4)", affinity=0.4),
    World("strengths differ by topic, 10 topics", affinity=0.4, topics=10),
    World("strengths twice as far apart", deviation=2.0),
    World("ties (nu 1), Davidson", tie=1.0),
    World("margins", margins=True),
    World("60 matches", matches=60),
)
TRANSITIVE = (
    World("20 topics"),
    World("equals", deviation=0.0),
    World("strengths twice as far apart", deviation=2.0),
    World("side effects differ by topic (0.7)", spread=0.7),
    World("strengths differ by topic (0.4)", affinity=0.4),
    World("ties (nu 1)", tie=1.0),
    World("2,000 matches", matches=2000),
)
CYCLIC = (
    World("rock, paper, scissors", 3, 60, deviation=0.0, cycle=1.5),
    World("twelve of them, strengths apart, 1.5 logits", cycle=1.5),
)
WEAK = (World("the same, 1 logit", cycle=1.0), World("the same, 0.5 logits", cycle=0.5))
"""Cycles that 300 matches do not always show."""


def coverage(world: World, found: Sequence[Replication]) -> str:
    """A row of the table of intervals."""
    covered = np.concatenate([one.covered for one in found])
    each = np.mean([one.covered for one in found], axis=0)
    share = float(covered.mean())
    mean = np.mean([one.ratings for one in found], axis=0)
    # Entrants of one replication are not independent: an interval by replications.
    error = 1.96 * float(np.std([one.covered.mean() for one in found])) / np.sqrt(len(found))
    alike = float(spearmanr(mean, world.strengths()).statistic)
    side = clopper_pearson(sum(one.side for one in found), len(found))
    held = LOWEST <= share <= HIGHEST and side.low <= HIGHEST and side.high >= LOWEST
    held = held and alike >= ALIKE
    width = float(np.mean([one.widths for one in found]))
    ranked = float(np.mean([one.ranked for one in found]))
    across = float(np.mean([one.rank_width for one in found]))
    best = float(np.mean([one.best for one in found]))
    return (
        f"| {world.name} | {share:.1%} ± {error:.1%} | {each.min():.1%} to {each.max():.1%} "
        f"| {width:.2f} | {alike:.3f} | {side.estimate:.1%} [{side.low:.1%}, {side.high:.1%}] "
        f"| {ranked:.1%}, {across:.1f} wide | {best:.2f} | {'pass' if held else 'MISS'} |"
    )


def alarms(world: World, found: Sequence[float]) -> str:
    """A row of the table of cycles."""
    count = sum(p <= 0.05 for p in found)
    rate = clopper_pearson(count, len(found))
    if world.cycle:
        held = rate.estimate >= 0.95
    else:
        held = bool(binomtest(count, len(found), 0.05, alternative="greater").pvalue >= ALARM)
    said = "" if world in WEAK else "pass" if held else "MISS"
    return f"| {world.name} | {rate.estimate:.1%} [{rate.low:.1%}, {rate.high:.1%}] | {said} |"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    covered = [
        "| world | ratings covered | by entrant | width, logits | Spearman | side covered "
        "| rank held | p_best of the best | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(covered))
    for world in WORLDS:
        found = many(partial(replicate, world, 300), options.replications, options.workers)
        covered.append(coverage(world, found))
        print(covered[-1], flush=True)
    alarmed = ["| world | alarms | |", "|---|---|---|"]
    print("\n".join(["", *alarmed]))
    for world in (*TRANSITIVE, *CYCLIC, *WEAK):
        p = many(partial(alarm, world, 199), options.replications, options.workers)
        alarmed.append(alarms(world, p))
        print(alarmed[-1], flush=True)
    print(f"\n[{time.perf_counter() - started:.0f} s]")
    if options.write:
        parts = [
            f"`python -m benchmarks.validity.ratings --replications {options.replications} "
            "--write`: results are drawn from planted strengths (12 entrants, 300 matches unless "
            "it is said), no scene is played; brackets are 95% intervals. Bars: ratings covered in "
            "93 to 97%, the side's effect in a share that the replications cannot tell from that, "
            "Spearman's correlation of the mean rating with the truth at least 0.97.",
            "\n".join(covered),
            "Alarms of the test of transitivity at 5%. Above: no cycles are planted, and a miss is "
            "what an exact binomial test refuses at 0.001. Below: rock, paper, scissors, which "
            "have to be found in 95%; the last two rows show how weak is too weak.",
            "\n".join(alarmed),
        ]
        write_section("benchmarks.validity.ratings", "Ratings and cycles", parts)


if __name__ == "__main__":
    main()
