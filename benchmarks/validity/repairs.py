"""Do repaired intervals cover, and are they as wide as theory says?

Worlds are drawn in which every line has a true value and a judge's score that is biased: it calls
events that are none (one line in ten), misses some, and is worse in one arm. Lines come in scenes,
which differ (``kappa``, the correlation inside a scene). Some lines (or whole scenes) are drawn by
``analysis.labels.sample`` with known probabilities, and labelled without error; then what
``analysis.labels`` would print is compared with the truth, 1,000 times a cell.

*Covers* is the share of all intervals that are printed which hold the truth; *repaired* and *alone*
are those of the two kinds of which there are: *alone* are those from labels alone, where there are
fewer than ten labelled events (with how often that is so). A cell is a *miss* if an exact binomial
test refuses 95% at p < 0.001, and *over* if it covers in more than 97%. *Raw* is how often the
judge's own interval over scenes covers: what the repair is for.

*Width*: the root of the mean variance, as a share of that from labels alone (*found*); *theory* is
sqrt((v + s (1 - r^2)) / (v + s)), where v is the variance of the mean over scenes, s = variance
(1 / n - 1 / N) is what the draw adds, and r the correlation of labels and scores: without a
correlation in scenes sqrt(1 - r^2 (1 - n / N)). The bar is within 10%.

    python -m benchmarks.validity.repairs [--times 1000] [--write]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isnan, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.labels.sample import by_disagreement, stratified, systematic
from analysis.stats import Floats, Interval, beyond, mean_interval
from analysis.stats.prediction_powered import (
    Powered,
    Sample,
    Scale,
    difference,
    enough,
    from_labels,
    labels_alone,
    repaired,
)
from benchmarks.validity.document import write_section

_HUGE = 20_000
"""Scenes from which the truth of a rate is taken, twenty times."""

_HAZARD_ALARM = 0.02
"""How often a judge of hazards sees an event in a turn without one."""


class World(NamedTuple):
    """Units in scenes: true values, a judge's scores, a second judge's, and the scene of each. Of a
    rate the values are events by scene, with turns at risk and what the judge says of these."""

    values: Floats
    scores: Floats
    second: Floats
    scenes: NDArray[np.intp]
    at_risk: Floats | None = None
    scored_at_risk: Floats | None = None


@dataclass(frozen=True)
class Cell:
    """One kind of world and draw: scenes, lines a scene, how many are drawn and how, the share of
    events, the correlation inside scenes, and what is estimated."""

    what: str
    scenes: int
    turns: int
    drawn: int
    how: str = "simple"
    share: float = 0.3
    kappa: float = 0.1
    sees: float = 0.8
    """How often the judge says of an event that it is one."""
    alarm: float = 0.1
    """How often it says so of another line."""

    @property
    def scale(self) -> Scale:
        """The scale on which limits are made."""
        scales: dict[str, Scale] = {"share": "logit", "hazard": "log"}
        return scales.get(self.what, "plain")


def drawn_world(
    cell: Cell, generator: np.random.Generator, worse: float = 0.0, ranks: Floats | None = None
) -> World:
    """A world; ``worse`` is added to the judge's false alarms. ``ranks``, in (0, 1), say of shares
    where each scene stands among all that could be: scenes of one seed in two arms are alike."""
    if cell.what == "hazard":
        return _hazards(cell, generator, worse)
    scenes = np.repeat(np.arange(cell.scenes), cell.turns)
    count = len(scenes)
    if cell.what == "mean":
        # Marks on five steps, as coders give them; scenes differ in level.
        level = generator.normal(0, sqrt(cell.kappa), cell.scenes)[scenes]
        rest = generator.normal(0, sqrt(1 - cell.kappa), count)
        values = np.clip(np.round(level + rest), -2, 2)
        scores = 0.6 * values + generator.normal(0.5 + worse, 0.5, count)
        return World(values, scores, values + generator.normal(0, 1, count), scenes)
    level = np.full(cell.scenes, cell.share)
    if cell.kappa:
        spread = (1 - cell.kappa) / cell.kappa
        shape = cell.share * spread, (1 - cell.share) * spread
        if ranks is None:
            level = generator.beta(*shape, cell.scenes)
        else:
            level = np.asarray(stats.beta.ppf(ranks, *shape), dtype=np.float64)
    values = (generator.random(count) < level[scenes]).astype(float)

    def judged(alarm: float) -> Floats:
        calls = np.where(values == 1, generator.random(count) < cell.sees,
                         generator.random(count) < alarm)  # fmt: skip
        return np.asarray(calls, dtype=np.float64)

    return World(values, judged(cell.alarm + worse), judged(cell.alarm), scenes)


def _hazards(cell: Cell, generator: np.random.Generator, worse: float) -> World:
    """Three actors a scene, who have an event at each own turn with the scene's hazard, whose mean
    is ``share`` and whose squared variation between scenes is ``kappa``."""
    hazard = np.full(cell.scenes, cell.share)
    if cell.kappa:
        hazard = cell.share * generator.gamma(1 / cell.kappa, cell.kappa, cell.scenes)
    shape = (cell.scenes, 3, cell.turns)
    happens = generator.random(shape) < np.minimum(hazard, 0.95)[:, None, None]
    judged = np.where(happens, generator.random(shape) < cell.sees,
                      generator.random(shape) < _HAZARD_ALARM + worse)  # fmt: skip
    events, risk = _first(happens)
    seen, seen_risk = _first(judged)
    return World(events, seen, seen, np.arange(cell.scenes), risk, seen_risk)


def _first(happens: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Events and turns at risk of each scene, over its actors."""
    ever = happens.any(axis=2)
    risk = np.where(ever, happens.argmax(axis=2) + 1, happens.shape[2])
    return ever.sum(axis=1).astype(float), risk.sum(axis=1).astype(float)


def truth(cell: Cell) -> float:
    """The mean over all scenes that could be: exact for shares, drawn once for the others."""
    if cell.what == "share":
        return cell.share
    huge = Cell(cell.what, _HUGE, cell.turns, 0, "simple", cell.share, cell.kappa)
    total, below = 0.0, 0.0
    for part in range(20):
        world = drawn_world(huge, np.random.default_rng([1, part]))
        total += float(world.values.sum())
        below += float(len(world.values) if world.at_risk is None else world.at_risk.sum())
    return total / below


def sampled(cell: Cell, world: World, generator: np.random.Generator) -> Sample:
    """Some of the world, drawn and labelled."""
    count = len(world.values)
    strata: list[int] = [0] * count
    if cell.how == "score":
        strata = [int(each) for each in world.scores >= 0.5]
    if cell.how == "disagreement":
        chance = by_disagreement(np.column_stack([world.scores, world.second]), cell.drawn)
    else:
        chance = stratified(strata, cell.drawn)
    taken = np.zeros(count, dtype=bool)
    for stratum in set(strata):
        here = np.flatnonzero(np.array(strata) == stratum)
        taken[here] = systematic(chance[here], generator)
    above = np.where(taken, world.values, nan)
    if world.at_risk is None:
        return Sample(above, world.scores, chance, list(world.scenes))
    below = np.where(taken, world.at_risk, nan)
    return Sample(above, world.scores, chance, list(world.scenes), below, world.scored_at_risk)


@dataclass
class Tally:
    """What came of a cell."""

    covered: int = 0
    given: int = 0
    alone: int = 0
    covered_alone: int = 0
    raw: int = 0
    variances: list[float] = field(default_factory=list)
    variances_alone: list[float] = field(default_factory=list)
    theory: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)


def printed(sample: Sample, scale: Scale) -> tuple[Interval, Powered | None]:
    """The interval that a user gets, and the repaired estimate, if there is one."""
    if enough(sample):
        found = repaired(sample)
        return found.interval(scale), found
    if scale == "plain":
        return Interval(nan, nan, nan), None
    return from_labels(sample), None


def of_one_arm(cell: Cell, times: int) -> Tally:
    """Replications of one arm."""
    generator = np.random.default_rng([7, cell.scenes, cell.drawn, len(cell.how), len(cell.what)])
    wanted, tally = truth(cell), Tally()
    for _ in range(times):
        world = drawn_world(cell, generator)
        sample = sampled(cell, world, generator)
        interval, found = printed(sample, cell.scale)
        own = Sample(world.scores, world.scores, np.ones(len(world.scores)), list(world.scenes),
                     world.scored_at_risk, world.scored_at_risk)  # fmt: skip
        raw = labels_alone(own).interval(cell.scale)
        tally.raw += raw.low <= wanted <= raw.high
        if isnan(interval.low):
            continue
        tally.given += 1
        holds = bool(interval.low <= wanted <= interval.high)
        tally.covered += holds
        if found is None:
            tally.alone += 1
            tally.covered_alone += holds
            continue
        tally.errors.append(found.estimate - wanted)
        tally.variances.append(found.variance)
        tally.variances_alone.append(labels_alone(sample).variance)
        tally.theory.append(_theory(cell, world, wanted))
    return tally


def _theory(cell: Cell, world: World, wanted: float) -> float:
    """The width of the repaired interval as a share of that from labels alone, if drawn simply."""
    values, scores = world.values, world.scores
    if world.at_risk is not None and world.scored_at_risk is not None:
        values = values - wanted * world.at_risk
        scores = scores - wanted * world.scored_at_risk
    count = len(values)
    r = float(np.corrcoef(values, scores)[0, 1])
    spread = float(values.var())
    if cell.what == "hazard":
        within = spread / count
    else:
        means = values.reshape(cell.scenes, -1).mean(axis=1)
        within = float(means.var(ddof=1)) / cell.scenes
    added = spread * (1 / cell.drawn - 1 / count)
    return (within + added * (1 - r * r)) / (within + added)


def of_two_arms(cell: Cell, times: int, *, paired: bool) -> Tally:
    """Replications of the difference of two arms, in one of which the judge is worse."""
    generator = np.random.default_rng([8, cell.scenes, cell.drawn, len(cell.what), paired])
    other = Cell(cell.what, cell.scenes, cell.turns, cell.drawn, cell.how, cell.share * 0.7,
                 cell.kappa)  # fmt: skip
    wanted, tally = truth(cell) - truth(other), Tally()
    for _ in range(times):
        ranks = generator.random(cell.scenes) if paired else None
        worlds = (drawn_world(cell, generator, ranks=ranks),
                  drawn_world(other, generator, 0.1, ranks))  # fmt: skip
        samples = [sampled(each, world, generator)
                   for each, world in zip((cell, other), worlds, strict=True)]  # fmt: skip
        shown = [printed(sample, cell.scale) for sample in samples]
        (one, first), (two, second) = shown
        if first is not None and second is not None:
            interval = difference(first, second, paired=paired)
        else:
            interval = beyond(one, two)
        gap = [world.scores.reshape(cell.scenes, -1).mean(axis=1) for world in worlds]
        if cell.what != "hazard":
            raw = mean_interval(gap[0] - gap[1])
            tally.raw += raw.low <= wanted <= raw.high
        if not isnan(interval.low):
            holds = bool(interval.low <= wanted <= interval.high)
            alone = first is None or second is None
            tally.given += 1
            tally.covered += holds
            tally.alone += alone
            tally.covered_alone += holds and alone
    return tally


def missed(covered: int, given: int) -> bool:
    """Whether 95% is refused."""
    return covered < 0.95 * given and stats.binomtest(covered, given, 0.95).pvalue < 0.001


def _covers(tally: Tally) -> str:
    if not tally.given:
        return "–"
    over = tally.covered > 0.97 * tally.given
    mark = " **miss**" if missed(tally.covered, tally.given) else " over" if over else ""
    return f"{tally.covered / tally.given:.1%}{mark}"


def _kind(covered: int, given: int, times: int) -> str:
    """How often one kind of interval covers; of a handful it would say nothing."""
    return f"{covered / given:.1%}" if given >= max(20, times / 100) else "–"


def _row(cell: Cell, tally: Tally, times: int, extra: Sequence[str]) -> str:
    judge = "–" if cell.what == "mean" else f"{cell.sees:g}, {cell.alarm:g}"
    if cell.what == "hazard":
        judge = f"{cell.sees:g}, {_HAZARD_ALARM:g}"
    alone = _kind(tally.covered_alone, tally.alone, times)
    often = f" ({tally.alone / times:.0%})" if tally.alone else ""
    numbers = (cell.what, str(cell.scenes), str(cell.turns), str(cell.drawn), cell.how,
               f"{cell.share:g}" if cell.what != "mean" else "–", f"{cell.kappa:g}", judge,
               _covers(tally),
               _kind(tally.covered - tally.covered_alone, tally.given - tally.alone, times),
               alone + often)  # fmt: skip
    return f"| {' | '.join((*numbers, *extra))} |"


def widths(tally: Tally, cell: Cell) -> tuple[str, str, str]:
    """The width found, that of theory, and the spread of estimates over their standard error."""
    if len(tally.variances) < 50:
        return "–", "–", "–"
    found = sqrt(float(np.mean(tally.variances)) / float(np.mean(tally.variances_alone)))
    theory = sqrt(float(np.mean(tally.theory)))
    spread = float(np.std(tally.errors)) / sqrt(float(np.mean(tally.variances)))
    if cell.how != "simple":
        return f"{found:.2f}", "–", f"{spread:.2f}"
    beside = found / theory - 1
    return f"{found:.2f}", f"{theory:.2f} ({beside:+.0%})", f"{spread:.2f}"


ONE = (
    *(Cell("share", scenes, max(30, 600 // scenes), 120, kappa=kappa)
      for scenes in (3, 5, 10, 20, 40) for kappa in (0.0, 0.1)),
    *(Cell("share", scenes, max(30, 600 // scenes), 120, share=0.08)
      for scenes in (3, 5, 10, 20, 40)),
    Cell("share", 40, 30, 120, share=0.03),
    Cell("share", 40, 30, 400), Cell("share", 40, 30, 40),
    Cell("share", 20, 30, 120, sees=0.12),  # A judge that sees nothing, and one that sees all.
    Cell("share", 40, 30, 120, sees=0.98, alarm=0.01),
    *(Cell("share", scenes, max(30, 600 // scenes), 120, how, share=0.08)
      for how in ("score", "disagreement") for scenes in (5, 20, 40)),
    *(Cell("share", 40, 30, 120, how) for how in ("score", "disagreement")),
    *(Cell("mean", scenes, max(30, 600 // scenes), 120) for scenes in (3, 5, 10, 40)),
    Cell("mean", 40, 30, 120, "disagreement"),
    *(Cell("hazard", scenes, 10, drawn, share=0.06, kappa=kappa)
      for scenes, drawn in ((12, 10), (30, 12), (60, 20), (100, 30), (200, 60))
      for kappa in (0.0, 0.5)),
    Cell("hazard", 10, 10, 5, share=0.1),
    Cell("hazard", 100, 30, 30, share=0.005), Cell("hazard", 200, 10, 60, "score", share=0.02),
)  # fmt: skip
TWO = (
    *((Cell("share", scenes, max(30, 600 // scenes), 120), paired)
      for scenes in (3, 5, 10, 40) for paired in (False, True)),
    (Cell("share", 40, 30, 120, share=0.12), False), (Cell("mean", 10, 60, 120), False),
    (Cell("hazard", 60, 10, 20, share=0.08, kappa=0.5), False),
    (Cell("hazard", 200, 10, 60, share=0.06, kappa=0.5), False),
)  # fmt: skip


def tables(times: int, say: Callable[[str], None]) -> Iterator[str]:
    """Both tables in Markdown."""
    head = (
        "| of | scenes | turns | drawn | how | share or hazard | kappa | judge sees, alarms | "
        "covers | repaired | alone |"
    )
    rows = [f"{head} raw | width found | theory | spread / error |", "|---" * 15 + "|"]
    for cell in ONE:
        tally = of_one_arm(cell, times)
        rows.append(_row(cell, tally, times, (f"{tally.raw / times:.0%}", *widths(tally, cell))))
        say(rows[-1])
    yield "\n".join(rows)
    rows = [f"{head} raw | in pairs |", "|---" * 13 + "|"]
    for cell, paired in TWO:
        tally = of_two_arms(cell, times, paired=paired)
        raw = "–" if cell.what == "hazard" else f"{tally.raw / times:.0%}"
        rows.append(_row(cell, tally, times, (raw, "yes" if paired else "no")))
        say(rows[-1])
    yield "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    parts = list(tables(chosen.times, lambda row: print(row, flush=True)))
    if chosen.write:
        about = (
            f"`python -m benchmarks.validity.repairs --times {chosen.times} --write`: how many 95% "
            "intervals of `elsinore label read` hold the truth, where the judge is biased (it sees "
            "events in one line of ten that has none, and misses one in five, unless it is said) "
            "and lines come in scenes that differ (kappa: correlation inside a scene; of hazards, "
            "their squared variation between scenes). *Covers*: of all intervals that are printed. "
            "*Repaired*: of those that are repaired. *Alone*: of those from labels alone, which "
            "are printed where there are fewer than ten labelled events (with how often that is). "
            "(Of fewer than twenty such, or one in a hundred, no share is shown.) *Raw*: how "
            "often the judge's own interval covers. *Width*: of the "
            "repaired interval as a share of that from labels alone, beside theory. *Spread / "
            "error*: the spread of estimates over their mean standard error; below 1 the interval "
            "is wider than it need be. A miss is refused by an exact binomial test at p < 0.001; "
            "*over* covers in more than 97%."
        )
        told = (
            "Where it falls short. (1) Where about ten events are expected, which of the two "
            "intervals is printed hangs on the labels, and each kind by itself may cover less than "
            "both (a draw that happens to hold few events of a share of 0.3 gives an interval that "
            "lies too low). The number of events stands in each row that is printed, and below ten "
            "the note `N labelled events, or lines that are none, fewer than 10: labels alone`. "
            "(2) Draws by score or disagreement cover too often, since an "
            "event that was missed where lines are drawn seldom is allowed for: they are for rare "
            "events and for calibrating a judge, a simple draw for the narrowest interval. (3) "
            "Fewer than ten labelled scenes give a hazard from labels alone, and one labelled "
            "scene no interval; both are said."
        )
        between = (
            "Differences between two arms, the other with 0.7 of the events and a judge who sees "
            "ten events in a hundred more that are none. In pairs: scenes of one seed are alike in "
            "both arms."
        )
        write_section(
            "benchmarks.validity.repairs", "Judges repaired by labels",
            [about, parts[0], between, parts[1], told],
        )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
