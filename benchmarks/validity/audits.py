"""Does an audit tell a fragile study from a robust one, and do its intervals cover?

    python -m benchmarks.validity.audits [--times 200] [--cases 1000] [--pools FOLDER] [--write]

*Planted studies*, on the embedded stage, in scenes of 8 turns:

* ``temper`` is fragile: harsh people are more hostile than kind ones. The stage reads traits off
  their label alone, so that the effect is gone wherever the persona is told in prose.
* ``assent`` is fragile: a stage that leans toward whatever the motion says moves people toward it.
  Negated, the same lean moves them away from what was proposed.
* ``apart`` is robust: people who begin further apart end further apart, however they are told.
* ``nothing`` has no effect anywhere.

Each is played once as a pool in all worlds (``--pools`` keeps it, and a run that was stopped goes
on there); a repetition draws the seeds of each world from it without replacement. Repetitions share
scenes, so that the error of a rate is larger than that of as many audits of their own.

*Simulated worlds*: effects with a known spread, of which a share is a factor's. How often does the
prediction interval hold the effect of a new world, how often do the limits of a factor's effect and
of its share hold the truth, and how often is a spread said to be there where there is none?
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import pandas as pd

from analysis.equivalent_worlds import p_of_spread
from analysis.stats import UNKNOWN, clopper_pearson
from analysis.stats.factorial import factorial
from analysis.stats.hierarchical import explained, hierarchical, spread_beyond_sampling
from benchmarks.validity.document import write_section
from sim import Actor, Arm, Contrast, Persona, Scene, Study, after, ask_stance, ring
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.store import open_store
from sim.study.audits.design import AuditDesign, audit_design
from sim.study.audits.verdicts import findings, numbers_by_world

TITLE = "Equivalent worlds"
SEEDS, POOL = 6, 18
BAR = 0.95
LEANING = "embedded:base?beta=0.3&bias=1"


def neighbours(temper: str = "loyal", apart: float = 0.6, turns: int = 8) -> Scene:
    """Two neighbours of one temper, ``apart`` from 0 on either side, argue about a spring."""
    ada = Persona(
        name="Ada",
        brief="A hydrologist who measured the spring for thirty years.",
        opposite="A cynic who sells data to the highest bidder.",
        traits=(temper,),
        stances={"sell": -apart},
        points=("thirty years of readings", "the dry summer of the bridge"),
    )
    ben = Persona(
        name="Ben",
        brief="A miller who closed the mill last winter.",
        opposite="A speculator who has never met a worker.",
        traits=(temper,),
        stances={"sell": apart},
        points=("forty jobs by spring", "the empty mill"),
    )
    return Scene(
        topic="The town should sell its spring.",
        cast=(Actor(ada), Actor(ben)),
        graph=ring("Ada", "Ben"),
        probes=(ask_stance("sell", every=4),),
        ends=after(turns=turns),
    )


def _study(
    name: str, measure: str, negated: Literal["same", "opposite"], high: Arm, low: Arm
) -> Study:
    contrast = Contrast(measure=measure, weights={"high": 1, "low": -1}, negated=negated)
    roles = dict.fromkeys((high.stage, low.stage))
    return Study(
        name=name,
        question=f"{name}?",
        source="here",
        known="planted",
        refuted_by="nothing",
        arms={"high": high, "low": low},
        primary=(contrast,),
        stages={role: LEANING if role == "leaning" else "embedded:base" for role in roles},
    )


def planted() -> dict[str, tuple[Study, str, str]]:
    """The studies, each with the outcome that its audit should have, and the factor it is due to
    (blank: none)."""
    return {
        "temper": (
            _study("temper", "conflict.hostility", "same",
                   Arm(scenario=neighbours, parameters={"temper": "provoking"}),
                   Arm(scenario=neighbours, parameters={"temper": "gentle"})),
            "fragile", "persona format",
        ),
        "assent": (
            _study("assent", "population.score", "opposite",
                   Arm(scenario=neighbours, stage="leaning"), Arm(scenario=neighbours)),
            "fragile", "polarity",
        ),
        "apart": (
            _study("apart", "convergence.end", "same",
                   Arm(scenario=neighbours, parameters={"apart": 1.0}),
                   Arm(scenario=neighbours, parameters={"apart": 0.1})),
            "robust", "",
        ),
        "nothing": (
            _study("nothing", "convergence.end", "same",
                   Arm(scenario=neighbours), Arm(scenario=neighbours)),
            "not shown", "",
        ),
    }  # fmt: skip


def pool(study: Study, folder: Path, seeds: int = POOL) -> tuple[AuditDesign, pd.DataFrame]:
    """The numbers of a study in all its worlds, played once."""
    design = audit_design(study, seeds=seeds, moderators=False)
    path = folder / f"audit-{study.name}.db"

    async def played() -> None:
        await run_trials(design.trials, design.stages, path)
        await close_all(design.stages.values())

    asyncio.run(played())
    with open_store(path) as store:
        return design, numbers_by_world(design, store)


@dataclass(frozen=True)
class Found:
    """What the audits of one study found."""

    name: str
    expected: str
    factor: str
    outcomes: Counter[str]
    factors: Counter[str]
    times: int

    @property
    def right(self) -> int:
        """How often the outcome was the expected one."""
        return self.outcomes[self.expected]

    def row(self) -> str:
        """A row of the table."""
        share = clopper_pearson(self.right, self.times)
        others = ", ".join(
            f"{name} {count / self.times:.1%}"
            for name, count in self.outcomes.most_common()
            if name != self.expected
        )
        named = f"{self.factors[self.factor] / self.times:.1%}" if self.factor else ""
        return (
            f"| {self.name} | {self.expected} | {self.times} | {share.estimate:.1%} "
            f"[{share.low:.1%}, {share.high:.1%}] | {others} | {self.factor} | {named} |"
        )


def repeated(name: str, folder: Path, times: int, seeds: int = SEEDS, size: int = POOL) -> Found:
    """What audits of ``seeds`` seeds a world find, drawn from a pool."""
    study, expected, factor = planted()[name]
    design, numbers = pool(study, folder, size)
    generator = np.random.default_rng(len(name))
    outcomes: Counter[str] = Counter()
    factors: Counter[str] = Counter()
    keys = numbers["world"] * 10_000 + numbers["seed"]
    by_world = {world: keys[rows.index].unique() for world, rows in numbers.groupby("world")}
    for _ in range(times):
        drawn = np.concatenate(
            [generator.choice(some, seeds, replace=False) for some in by_world.values()]
        )
        [(_, found)] = findings(design, numbers[keys.isin(drawn)])
        outcomes[found.outcome] += 1
        if found.main is not None:
            factors[found.factors[found.main]] += 1
    return Found(name, expected, factor, outcomes, factors, times)


@dataclass(frozen=True)
class Truth:
    """Simulated worlds: the standard deviation of what no factor explains, and half the difference
    that the first factor makes."""

    worlds: int
    tau: float
    effect: float

    def table(self, cases: int) -> str:
        """How often everything covers, over so many cases."""
        generator = np.random.default_rng([self.worlds, int(1000 * self.tau + self.effect * 100)])
        design = factorial(7, self.worlds)
        hits = np.zeros(4)
        width, spread = 0.0, 0.0
        total = self.effect**2 + self.tau**2
        share = self.effect**2 / total if total else 0.0
        make = np.kron(np.eye(design.worlds), np.full(SEEDS, 1 / SEEDS))
        for _ in range(cases):
            true = 0.5 + generator.normal(0, self.tau, design.worlds)
            true += self.effect * design.levels[:, 0]
            blocks = true[:, None] + generator.normal(0, 0.3, (design.worlds, SEEDS))
            means = blocks.mean(axis=1)
            errors = np.full(design.worlds, blocks.var(axis=1, ddof=1).mean() / SEEDS)
            alone, whole = hierarchical(means, errors), hierarchical(means, errors, design.levels)
            assert alone is not None
            found = alone.new().interval()
            one = UNKNOWN if whole is None else whole.coefficient(1).interval()
            part = explained(means, errors, design.levels[:, :1])[0].share
            new = 0.5 + generator.normal(0, self.tau) + self.effect * generator.choice([-1, 1])
            hits += (
                found.low <= new <= found.high,
                one.low <= self.effect <= one.high,
                part.low <= share <= part.high,
                p_of_spread(blocks.ravel(), make, np.zeros(blocks.size)) <= 0.05,
            )
            width += found.high - found.low
            spread += spread_beyond_sampling(means, errors)
        covered = [clopper_pearson(int(each), cases) for each in hits]
        cells = [f"{each.estimate:.1%} [{each.low:.1%}, {each.high:.1%}]" for each in covered]
        return (
            f"| {self.worlds} | {self.tau:g} | {self.effect:g} | {cells[0]} | {width / cases:.2f} "
            f"| {cells[1]} | {cells[2]} | {cells[3]} | {spread / cases:+.4f} ({total:.4f}) |"
        )


TRUTHS = tuple(
    Truth(worlds, tau, effect)
    for worlds in (12, 48)
    for tau, effect in ((0.0, 0.0), (0.2, 0.0), (0.05, 0.2))
)


def simulated(cases: int, truths: Sequence[Truth] = TRUTHS) -> str:
    """The table of simulated worlds."""
    head = (
        "| worlds | tau | effect of a factor | new world covered | width | effect covered | share "
        "covered | said to differ | variance beyond sampling (true) |\n" + "|---" * 9 + "|\n"
    )
    rows = []
    for each in truths:
        rows.append(each.table(cases))
        print(rows[-1], flush=True)
    return head + "\n".join(rows)


def studies(times: int, folder: Path, names: Sequence[str]) -> tuple[str, bool]:
    """The table of planted studies, and whether all are told as often as they have to be."""
    head = (
        "| study | planted | audits | told so | else | due to | named so |\n" + "|---" * 7 + "|\n"
    )
    rows, fine = [], True
    for name in names:
        began = time.perf_counter()
        found = repeated(name, folder, times)
        rows.append(found.row())
        # Where there is nothing, five in a hundred intervals leave out 0 by right.
        fine = fine and (name == "nothing" or found.right / times >= BAR)
        print(f"{rows[-1]} [{time.perf_counter() - began:.0f} s]", flush=True)
    return head + "\n".join(rows), fine


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=200, help="audits of each planted study")
    parser.add_argument("--cases", type=int, default=1000, help="cases of each simulation")
    parser.add_argument("--study", action="append", choices=list(planted()))
    parser.add_argument("--pools", type=Path, help="a folder to keep the scenes in")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    run = partial(studies, options.times, names=options.study or list(planted()))
    if options.pools is None:
        with TemporaryDirectory() as folder:
            table, fine = run(folder=Path(folder))
    else:
        options.pools.mkdir(parents=True, exist_ok=True)
        table, fine = run(folder=options.pools)
    worlds = simulated(options.cases) if options.cases else ""
    if options.write:
        write_section(
            "benchmarks.validity.audits",
            TITLE,
            [
                f"`python -m benchmarks.validity.audits --times {options.times} --cases "
                f"{options.cases} --write`: planted studies on the embedded stage, {SEEDS} seeds a "
                f"world drawn from a pool of {POOL}, which repetitions share.",
                table,
                f"Simulated worlds: 7 factors, {SEEDS} blocks a world with a standard deviation of "
                "0.3, mean effect 0.5.",
                worlds,
            ],
        )
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
