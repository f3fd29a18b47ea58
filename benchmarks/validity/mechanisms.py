"""Does ``elsinore why`` recover what each mechanism contributes, and do its intervals cover?

On the exact stage the probability of what a turn does can be computed for every context, and so the
true contribution of each mechanism is known. 200 scenes are played, one turn of each is chosen by
lot, and all 20 conditions of the crossed design are rolled again.

- *Planted outcomes* are read by the stage's own grammar: the turn *unmasks* (insults or reveals),
  *agrees* (or concedes), or *takes the other side* than the persona's. The estimates from branches
  stand beside the truth, which is computed from the filter and no draw.
- *Coverage*: 1,000 studies or more are drawn from the true probabilities of these scenes, with the
  same random numbers in all conditions and with independent ones. With fewer than 6 scenes the
  interval is for these scenes alone, and is held against their own truth.
- *Our own readings* of words (``flip``, ``agreement``) on the same branches: what an instrument
  that errs makes of the contributions.

    python -m benchmarks.validity.mechanisms [--times 1000] [--rolls 20] [--write]

The embedded stage has no reasons: a line's stance and its tone are all that its hearer takes in.
So *being given a reason* contributes nothing here by construction, and *what the reasons say* is
what the tone does.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import isnan

import numpy as np

from analysis.contributions import contributions
from analysis.stats import Floats, Interval
from analysis.stats.decomposition import FEWEST
from benchmarks.validity.coverage import cell
from benchmarks.validity.document import write_section
from sim import play
from sim.layouts import before, render
from sim.planning.scenarios import build, find
from sim.runs.fork import fork_transcript
from sim.seeds import Stream, derive
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact.acts import ACTS, GRID
from sim.stage.exact.forward_filter import IS_STANCED, REPEAT, Situation
from sim.stage.exact.laws import stance_law, surface
from sim.stage.exact.lines import parse
from sim.stage.exact.parameters import read_parameters
from sim.stage.exact.tables import PARTNER, SELF, SHADOW
from sim.study.mechanisms import Moment, conditions_of, design_without, mechanisms_in, spoken
from sim.study.readings import READ
from sim.study.reasons import InGrammar

DESIGN = design_without()
NAMES = mechanisms_in(DESIGN)
SCENARIOS = (("mousetrap", "Maud"), ("cross_purposes", "Ines"))
SETTINGS = {"provocation": "0.6", "kappa": "0.2", "alpha": "0.3"}
"""A stage on which much is due to what was heard: flips that are provoked, stances that give in."""

PLANTED = ("unmasks", "agrees", "other side")
READINGS = ("flip", "agreement")
SIZES = (1, 3, 6, 10, 20, 40, 200)
BAR = 0.05
"""How far from the truth a contribution may be."""


def planted(act: str, level: int | None, side: float) -> tuple[float, float, float]:
    """The outcomes ``PLANTED`` of a line with an act and a level of stance; ``side`` is the
    persona's own stance."""
    other = level is not None and GRID[level] * side < 0
    return float(act in ("insult", "reveal")), float(act in ("agree", "concede")), float(other)


def decoded(text: str, side: float) -> tuple[float, float, float]:
    """The same, of a text."""
    parses = parse(text)
    return planted(parses[0].act, parses[0].level, side) if parses else (0.0, 0.0, 0.0)


def chances(situation: Situation, side: float) -> Floats:
    """The probability of each planted outcome of the next turn, over all that is hidden."""
    total = np.zeros(len(PLANTED))
    for character, predicted in enumerate(situation.predicted):
        ways = [(1.0, character)]
        if character == SHADOW:
            conceal = situation.acting.conceal
            ways = [(conceal, SELF), (1 - conceal, SHADOW)]
        for share, acts_as in ways:
            for level, stated in enumerate(stance_law(situation.means[acts_as])):
                for meant, chance in enumerate(situation.acting.rows[acts_as]):
                    if chance == 0.0:
                        continue
                    act = surface(meant, GRID[level], situation.partner_stance)
                    if act == REPEAT:
                        own = acts_as != PARTNER
                        lines = situation.own_lines if own else situation.partner_lines
                        does = np.mean([decoded(line, side) for line in lines], axis=0)
                    else:
                        does = np.array(
                            planted(ACTS[act], level if IS_STANCED[act] else None, side)
                        )
                    total += predicted * share * stated * chance * does
    return total


@dataclass(frozen=True)
class Played:
    """One scene: the truth (cells by planted outcomes), what branches did (branches by cells by
    outcomes), and what our readings say of the same branches (likewise)."""

    truth: Floats
    done: Floats
    read: Floats


def scene(number: int, rolls: int) -> Played:
    """Play a scene, choose a turn by lot, and roll it again in all conditions."""
    return asyncio.run(_scene(number, rolls))


async def _scene(number: int, rolls: int) -> Played:
    name, actor = SCENARIOS[number % len(SCENARIOS)]
    stage = ExactStage(read_parameters("base", dict(SETTINGS)))
    whole = await play(build(find(name), {}), stage, seed=number)
    own = [turn.index for turn in whole.turns if turn.speaker == actor and spoken(turn)]
    # Not the first ones, which heard nothing; any later one, whatever was said in it.
    turn = own[2 + Stream(derive(number, "moment")).below(len(own) - 2)]
    moment = Moment(whole, turn, rewriter=InGrammar())
    side = next(iter(moment.persona.stances.values()))
    truth, done, said = [], [], []
    for condition in conditions_of(DESIGN):
        branches = await fork_transcript(
            moment.parent(), stage, at=moment.at, n=rolls, change=moment.change(condition), turns=1
        )
        prompt = render(
            branches[0].scene, before(branches[0].events, branches[0].turns[turn - 1]), actor
        )
        assert prompt.digest.hex() == branches[0].turns[turn - 1].prompt
        request = Request(prompt, 0, actor)
        script, facts = stage.read(request)
        belief = stage.inference.belief(facts, script.node)
        truth.append(chances(stage.inference.situation(facts, belief, script.node), side))
        texts = [branch.turns[turn - 1].text for branch in branches]
        done.append([decoded(text, side) for text in texts])
        persona = moment.scene.cast[moment.scene.seat(actor)].persona
        said.append(
            np.column_stack([READ[r][1](texts, persona, moment.answers_to) for r in READINGS])
        )
    return Played(np.array(truth), np.array(done).swapaxes(0, 1), np.array(said).swapaxes(0, 1))


# --- Recovery -------------------------------------------------------------------------------------

Quantity = tuple[str, Floats]


def quantities() -> list[Quantity]:
    """What is reported: the total, each mechanism in three ways, the interaction."""
    return [
        ("total", DESIGN.total),
        *((f"{name}, in order", row) for name, row in zip(NAMES, DESIGN.in_order, strict=True)),
        *((f"{name}, alone", row) for name, row in zip(NAMES, DESIGN.alone, strict=True)),
        *((f"{name}, Shapley", row) for name, row in zip(NAMES, DESIGN.shapley, strict=True)),
        ("interaction", DESIGN.interaction),
    ]


def estimates(values: Floats) -> dict[str, Interval]:
    """The estimates of all quantities, as ``analysis.contributions`` gives them."""
    found = contributions(values, DESIGN, NAMES)
    named = {"total": found.total, "interaction": found.interaction}
    for each in found.steps:
        named[f"{each.mechanism}, in order"] = each.in_order
        named[f"{each.mechanism}, alone"] = each.alone
        named[f"{each.mechanism}, Shapley"] = each.shapley
    return named


def _shown(value: Interval) -> str:
    return f"{value.estimate:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"


def recovery(played: Sequence[Played]) -> tuple[list[str], float]:
    """A table of truth and estimate, and the largest error."""
    rows = [
        "| what is contributed | "
        + " | ".join(f"{o}: truth | estimate [95%]" for o in PLANTED)
        + " |",
        "|---" * (1 + 2 * len(PLANTED)) + "|",
    ]
    largest = 0.0
    found = [estimates(np.array([one.done[..., place] for one in played]))
             for place in range(len(PLANTED))]  # fmt: skip
    for name, weights in quantities():
        cells = []
        for place in range(len(PLANTED)):
            truth = float(np.mean([one.truth[:, place] @ weights for one in played]))
            got = found[place][name]
            largest = max(largest, abs(got.estimate - truth))
            cells.append(f"{truth:+.3f} | {_shown(got)}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows, largest


def readings(played: Sequence[Played]) -> list[str]:
    """What our readings of words make of the contributions, beside the planted outcome."""
    rows = [
        "| reading | of what | sensitivity | false alarms | total, planted | total, read | "
        "largest mechanism, planted | read |",
        "|---" * 8 + "|",
    ]
    for place, name in enumerate(READINGS):
        done = np.array([one.done[..., place] for one in played])
        read = np.array([one.read[..., place] for one in played])
        truth, seen = estimates(done), estimates(read)
        first = max(
            (f"{each}, in order" for each in NAMES), key=lambda each: abs(truth[each].estimate)
        )
        rows.append(
            f"| {name} | {PLANTED[place]} | {read[done == 1].mean():.2f} | "
            f"{read[done == 0].mean():.3f} | {truth['total'].estimate:+.3f} | "
            f"{_shown(seen['total'])} | {first.removesuffix(', in order')} "
            f"{truth[first].estimate:+.3f} | {_shown(seen[first])} |"
        )
    return rows


# --- Coverage -------------------------------------------------------------------------------------


def drawn(chance: Floats, rolls: int, common: bool, generator: np.random.Generator) -> Floats:
    """Outcomes from their probabilities (scenes by cells): scenes by branches by cells.

    With ``common`` random numbers a branch has one number for all cells.
    """
    scenes, cells = chance.shape
    numbers = generator.random((scenes, rolls, 1 if common else cells))
    return np.asarray(numbers < chance[:, None, :], dtype=np.float64)


Counts = dict[str, list[int]]
"""By quantity: intervals that hold the truth, those that were given, and how many there were."""


def covered(pool: Floats, scenes: int, rolls: int, common: bool, times: int) -> Counts:
    """How often intervals hold the truth. ``pool`` are true probabilities, scenes by cells."""
    generator = np.random.default_rng([scenes, rolls, common])
    # Where nothing is contributed in any scene an interval cannot miss.
    asked = [each for each in quantities() if np.abs(pool @ each[1]).max() > 1e-9]
    counts: Counts = {name: [0, 0, times] for name, _ in asked}
    for _ in range(times):
        chosen = pool[generator.integers(0, len(pool), scenes)]
        found = estimates(drawn(chosen, rolls, common, generator))
        target = chosen if scenes < FEWEST else pool
        for name, weights in asked:
            truth, got = float((target @ weights).mean()), found[name]
            if not isnan(got.low):
                counts[name][1] += 1
                counts[name][0] += got.low - 1e-9 <= truth <= got.high + 1e-9
    return counts


def kind_of(name: str) -> str:
    """What a quantity is in the table: how a contribution is counted, or the total."""
    return name.rpartition(", ")[2]


def scenes_told(count: int) -> str:
    """So many scenes, in words."""
    return f"{count} scene{'s' if count > 1 else ''}"


def coverage(pools: dict[str, Floats], rolls: int, times: int) -> tuple[list[str], list[str]]:
    """The table of coverage, kinds of quantity by number of scenes, and the misses one by one.

    ``pools`` are scenes of one scenario with one planted outcome, as an arm is.
    """
    rows = [f"| quantity | draws | {' | '.join(map(scenes_told, SIZES))} |",
            "|---" * (2 + len(SIZES)) + "|"]  # fmt: skip
    misses: list[str] = []
    kinds = list(dict.fromkeys(kind_of(name) for name, _ in quantities()))
    work = [(label, size, common) for common in (True, False) for size in SIZES for label in pools]
    with ProcessPoolExecutor() as workers:
        jobs = [
            workers.submit(covered, pools[label], size, rolls, common, times)
            for label, size, common in work
        ]
        found = {key: job.result() for key, job in zip(work, jobs, strict=True)}
    for common in (True, False):
        how = "common" if common else "independent"
        for kind in kinds:
            cells = []
            for size in SIZES:
                joint = [0, 0, 0]
                for label in pools:
                    for name, counted in found[label, size, common].items():
                        if kind_of(name) == kind:
                            joint = [a + b for a, b in zip(joint, counted, strict=True)]
                held, given, of = joint
                cells.append(cell(held, given, of, 0.95, more=True))
            rows.append(f"| {kind} | {how} | {' | '.join(cells)} |")
    for label in pools:
        for size in SIZES:
            for name, (held, given, _) in found[label, size, True].items():
                if given and held / given < LEAST:
                    misses.append(f"{label}, {name}, {scenes_told(size)}: {held / given:.1%}")
    return rows, misses


LEAST = 0.93
"""A coverage below this is listed by itself."""

READ_ABOUT = (
    "Our own readings of words on the same branches. A reading that errs shrinks what it reports "
    "by about its sensitivity less its false alarms, and where its errors depend on the condition "
    "it is not only shrunk."
)
COVER_ABOUT = (
    "How many 95% intervals hold the truth, in studies drawn from the true probabilities of the "
    "scenes of one scenario, by the number of scenes. Below 6 scenes the interval is for these "
    "scenes alone and is held against their own truth. Mechanisms that contribute nothing in any "
    "scene are left out: their intervals cannot miss. Contributions that are rare (0.001, say) are "
    "covered nearly always, since limits do not go below what re-rolls can show. A miss is refused "
    "by an exact binomial test at p < 0.001."
)
MISS_ABOUT = (
    f"Single quantities that are covered in less than {LEAST:.0%}, with draws in common. Below 40 "
    "scenes these are contributions that few of the scenes carry; `elsinore why` says so where it "
    'sees it ("Few scenes carry these, and their limits can be too narrow").'
)


def about(times: int, rolls: int, scenes: int, largest: float) -> str:
    """What was done, in Markdown."""
    stage = "&".join(f"{name}={value}" for name, value in SETTINGS.items())
    return (
        f"`python -m benchmarks.validity.mechanisms --times {times} --rolls {rolls} --write`: "
        f"{scenes} scenes of {' and '.join(name for name, _ in SCENARIOS)} on "
        f"`embedded:base?{stage}`, one turn of each, chosen by lot, rolled again {rolls} times in "
        f"each of {len(DESIGN.cells)} conditions. Truth is computed from the stage's filter; the "
        f"largest error of a contribution is {largest:.3f} (bar: {BAR}). The embedded stage has no "
        "reasons: *being given a reason* is 0 by construction, *what the reasons say* is the tone "
        "in which they are said."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 if a contribution is farther from the truth than the bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--rolls", type=int, default=20)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    one: Callable[[int], Played] = partial(scene, rolls=chosen.rolls)
    with ProcessPoolExecutor() as workers:
        played = list(workers.map(one, range(chosen.scenes), chunksize=5))
    recovered, largest = recovery(played)
    read = readings(played)
    print("\n".join([*recovered, "", *read, "", f"largest error {largest:.3f}"]), flush=True)
    pools = {
        f"{name}, {outcome}": np.array(
            [each.truth[:, place] for each in played[first :: len(SCENARIOS)]]
        )
        for first, (name, _) in enumerate(SCENARIOS)
        for place, outcome in enumerate(PLANTED)
    }
    table, misses = coverage(pools, chosen.rolls, chosen.times)
    listed = [f"- {each}" for each in misses] or ["- none"]
    print("\n".join([*table, "", *listed]))
    if chosen.write:
        write_section(
            "benchmarks.validity.mechanisms",
            "Why: contributions of mechanisms",
            [about(chosen.times, chosen.rolls, chosen.scenes, largest),
             "\n".join(recovered), READ_ABOUT, "\n".join(read), COVER_ABOUT, "\n".join(table),
             MISS_ABOUT, "\n".join(listed)],
        )  # fmt: skip
    return int(largest > BAR)


if __name__ == "__main__":
    sys.exit(main())
