"""Does ``effect_of`` find a planted trigger, and does it find one where there is none?

On the exact stage, in scenes of 20 turns between a guardian and a calm visitor:

* *A trigger.* At one turn the visitor insults the guardian, which raises the hazard of her flip by
  0.5 for her next turn (``provocation=0.5``). ``triggers_of`` measures the effect of every turn
  that she heard, 50 branches in each arm, on whether she shows her opposite within the next
  turns. The trigger should come first.
* *None.* Nothing that is heard changes the hazard (``provocation=0``), and she flips all the same,
  now and then. The effect of any turn is zero, and 95% of the intervals should cover it. With
  common random numbers nearly all pairs of branches end alike, and intervals cover more than they
  say; so both are measured, with them and with independent arms.

    .tools/bin/uv run python -m benchmarks.validity.effects             # ten minutes on two cores
    .tools/bin/uv run python -m benchmarks.validity.effects --scenes 20 --cases 100
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TypeVar

from scipy.stats import binomtest

from analysis.stats import clopper_pearson
from benchmarks.validity.document import write_section
from sim import Actor, Persona, Scene, after, play, ring
from sim.scene.interventions import say
from sim.stage.exact import exact_stage
from sim.study import effect_of, flips, triggers_of
from sim.transcript import Transcript

TURNS, BRANCHES, WITHIN = 20, 50, 8
RANKED, COVERED = 0.9, (0.93, 0.97)
REFUSED = 0.001
"""A nominal rate is refused if an exact binomial test refuses it at this level."""

INSULT = "You are a liar and a coward, and you disgust me."
"""The hostility of this line is 1, the most there is: see ``sim.stage.exact.reader``."""

Found = TypeVar("Found")


def scene(trigger: int | None = None) -> Scene:
    """A guardian and a calm visitor, who may insult her at one turn."""
    maud = Persona(
        name="Maud",
        brief="The night nurse of the children's ward.",
        opposite="A jailer who enjoys the fear of those in her care.",
        traits=("gentle", "patient"),
        stances={"keys": 0.8},
        points=("the night ward", "the little bell by every bed"),
    )
    lise = Persona(
        name="Lise",
        brief="A cleaner who sees everything and says little of it.",
        traits=("gentle", "fair"),
        stances={"keys": 0.4},
        points=("the corridor at night", "two keys on one ring"),
    )
    return Scene(
        topic="The night nurse should keep the keys of the ward.",
        cast=(Actor(maud), Actor(lise)),
        graph=ring("Maud", "Lise"),
        interventions=() if trigger is None else (say("Lise", INSULT, at=trigger),),
        ends=after(turns=TURNS),
    )


def ranked(seed: int, branches: int = BRANCHES) -> int:
    """The rank of the planted trigger among all that she heard: 1 is first."""
    # Late enough to have something before it, early enough for the whole window after it.
    trigger = 2 * Random(seed).randint(2, 6)
    stage = exact_stage("base", hazard=0.005, provocation=0.5, insistence=0.0)

    async def found() -> list[int]:
        told = await play(scene(trigger), stage, seed=seed)
        outcome = flips("Maud", within=WITHIN)
        effects = await triggers_of(told, "Maud", outcome, stage, n=branches, horizon=WITHIN)
        return [effect.turn for effect in effects]

    return 1 + asyncio.run(found()).index(trigger)


@dataclass(frozen=True, slots=True)
class Case:
    """One interval where the truth is zero."""

    low: float
    high: float
    rate: float

    @property
    def covers(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= 0.0 <= self.high


def case(seed: int, common: bool) -> Case:
    """The effect of a turn that has none."""
    stage = exact_stage("base", hazard=0.1, provocation=0.0, insistence=0.0, kappa=0.2)
    turn = 2 * Random(seed).randint(1, 6)

    async def found() -> Case:
        told: Transcript = await play(scene(), stage, seed=seed)
        outcome = flips("Maud", within=WITHIN)
        effect = await effect_of(
            told, turn, outcome, stage, n=BRANCHES, horizon=WITHIN, common=common
        )
        return Case(effect.difference.low, effect.difference.high, effect.kept)

    return asyncio.run(found())


def study(of: Callable[[int], Found], count: int, workers: int) -> list[Found]:
    """Many repetitions, on several processes."""
    if workers < 2:
        return [of(seed) for seed in range(count)]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(of, range(count), chunksize=2))


def report_ranks(ranks: Sequence[int]) -> str:
    """How often the trigger came first."""
    first = sum(rank == 1 for rank in ranks)
    share = clopper_pearson(first, len(ranks))
    # Refused only if chance would hardly give so few.
    p = binomtest(first, len(ranks), RANKED, alternative="less").pvalue
    verdict = "pass" if first / len(ranks) >= RANKED else "miss" if p < REFUSED else "near"
    return (
        f"trigger: first in {first} of {len(ranks)} scenes ({share.estimate:.1%}, "
        f"95% {share.low:.1%} to {share.high:.1%}); bar {RANKED:.0%}: {verdict}"
    )


def report_cases(what: str, cases: Sequence[Case]) -> str:
    """How often intervals cover a true zero, and how wide they are."""
    covered = sum(one.covers for one in cases)
    share = clopper_pearson(covered, len(cases))
    width = sum(one.high - one.low for one in cases) / len(cases)
    rate = sum(one.rate for one in cases) / len(cases)
    low, high = COVERED
    inside = low <= share.estimate <= high
    p = binomtest(covered, len(cases), 0.95).pvalue
    verdict = "pass" if inside else "near" if p >= REFUSED else "miss"
    return (
        f"no trigger, {what}: {covered} of {len(cases)} 95% intervals cover zero "
        f"({share.estimate:.1%}, 95% {share.low:.1%} to {share.high:.1%}); mean width {width:.3f}, "
        f"outcome in {rate:.0%} of branches; bar {low:.0%} to {high:.0%}: {verdict} "
        f"(95% refused at p = {p:.3f})"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    lines = [report_ranks(study(ranked, options.scenes, options.workers))]
    print(lines[0], end="")
    print(f" [{time.perf_counter() - started:.0f} s]", flush=True)
    for what, common in (("independent arms", False), ("common random numbers", True)):
        started = time.perf_counter()
        found = study(partial(case, common=common), options.cases, options.workers)
        lines.append(report_cases(what, found))
        print(lines[-1], end="")
        print(f" [{time.perf_counter() - started:.0f} s]", flush=True)
    if options.write:
        told = [
            f"`python -m benchmarks.validity.effects --scenes {options.scenes} --cases "
            f"{options.cases} --write`: scenes of {TURNS} turns on the exact stage, {BRANCHES} "
            f"branches in each arm; the outcome is a flip within {WITHIN} turns.",
            "\n".join(f"- {line}" for line in lines),
        ]
        write_section("benchmarks.validity.effects", "The effect of one turn", told)


if __name__ == "__main__":
    main()
