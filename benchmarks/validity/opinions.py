"""Are weights, susceptibilities and a common pull recovered? Is interaction taken for a pull?

Stances are drawn by a planted law (no text): what actors say differs from what they think, all hear
what is said, and answers differ from both. Everything is drawn on a grid of 25 values around its
mean, so that the scale is bounded and no mean is bent (*binomial*); or answers are normal around
the stance (0.15), rounded to 0.1 and cut off at the ends, which bends means there (*rounded*).

* *Recovery*: coverage, bias and width of intervals of W, alpha, beta and beta b.
* *Puppeteer*: how often the score test says that there is a pull, at p < 0.05, where there is
  interaction alone and where a pull is planted. Beside it a t test of the mean shift.
* *End to end*: scenes of the exact stage, through a store.

Each replication has a seed of its own; with ``--keep FILE`` those that are done are kept.

    .tools/bin/uv run python -m benchmarks.validity.opinions --keep opinions.jsonl --write
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

import sim
from analysis.estimates import Estimate
from analysis.measures.opinion_dynamics import OpinionDynamics
from analysis.measures.puppeteer import Puppeteer
from analysis.opinions.fit import fit, pull_test
from analysis.opinions.models import Coefficients
from analysis.opinions.panel import Panel
from analysis.stats import Floats, Interval, clopper_pearson, mean_interval
from benchmarks.validity.document import write_section
from sim import Actor, Persona, Scene, after, ask_stance

Shape = Literal["ring", "star", "complete"]
Answered = Literal["binomial", "rounded"]

WAVES = 6
GRID = 24
BLOCK = 50
"""Replications that are kept together."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is planted: the graph, how many scenes, how they begin, how strong the bias node is.

    ``begin`` is *apart* (drawn in each scene), *cast* (the same in all scenes, spread over the
    scale), *one side* (the same in all, all on one side) or *leader* (the same in all, the hub at
    one end). ``wording`` is a pull toward whatever the motion says; half of the scenes are then
    negated.
    """

    shape: Shape
    actors: int
    scenes: int
    begin: str = "apart"
    answered: Answered = "binomial"
    beta: float = 0.1
    pull: float = 0.05
    wording: float = 0.0

    @property
    def key(self) -> str:
        """The name in the file of what is kept."""
        return "/".join(map(str, (
            self.shape, self.actors, self.scenes, self.begin, self.answered, self.beta, self.pull,
            self.wording,
        )))  # fmt: skip

    @property
    def heard(self) -> np.ndarray:
        """Who hears whom, listeners by speakers."""
        heard = np.eye(self.actors, dtype=bool)
        for one in range(self.actors):
            if self.shape == "ring":
                heard[one, [(one - 1) % self.actors, (one + 1) % self.actors]] = True
        if self.shape == "star":
            heard[0, :] = heard[:, 0] = True
        return np.ones_like(heard) if self.shape == "complete" else heard

    @property
    def law(self) -> Coefficients:
        """The planted law: weights and susceptibilities are drawn once for each graph."""
        generator = np.random.default_rng([self.actors, len(self.shape)])
        weights = np.where(self.heard, generator.uniform(0.3, 1, (self.actors, self.actors)), 0)
        if self.begin == "leader":
            weights[:, 0] *= 3
        weights += 0.5 * np.eye(self.actors)
        weights /= weights.sum(axis=1, keepdims=True)
        alpha = generator.uniform(0.6, 0.9, self.actors)
        place = self.pull / self.beta if self.beta else 0.0
        return replace(Coefficients.of(weights, alpha, self.beta, place), wording=self.wording)

    def begun(self, generator: np.random.Generator) -> Floats:
        """Where the actors begin, scenes by actors."""
        size = (self.scenes, self.actors)
        if self.begin == "apart":
            return generator.uniform(-0.9, 0.9, size)
        places = np.linspace(-0.8, 0.8, self.actors)
        if self.begin == "one side":
            places = np.linspace(0.3, 0.95, self.actors)
        if self.begin == "leader":
            places = np.concatenate([[0.9], np.linspace(-0.8, 0.2, self.actors - 1)])
        return np.asarray(np.broadcast_to(places, size))

    def panel(self, replication: int) -> Panel:
        """The answers of one replication."""
        generator = np.random.default_rng([replication, *self.key.encode()])
        law, begun = self.law, self.begun(generator)
        sign = np.ones(self.scenes)
        if self.wording:
            sign[1::2] = -1.0
        thought = [begun]
        for _ in range(WAVES - 1):
            said = drawn(thought[-1], generator)
            pull = law.drift + sign[:, None] * law.wording
            thought.append(said @ law.transition.T + begun * law.anchor + pull)
        stances = np.stack(thought, axis=1)
        if self.answered == "binomial":
            answers = drawn(stances, generator)
        else:
            noisy = stances + generator.normal(0, 0.15, stances.shape)
            answers = np.clip(np.round(noisy, 1), -1, 1)
        return replace(Panel.of(answers, self.heard), sign=sign)


def drawn(mean: Floats, generator: np.random.Generator) -> Floats:
    """Values on the grid with these means."""
    share = np.clip((1 + mean) / 2, 0, 1)
    return np.asarray(2 * generator.binomial(GRID, share) / GRID - 1, dtype=np.float64)


RECOVERY = (
    Cell("ring", 4, 200),
    Cell("ring", 5, 200),
    Cell("star", 3, 200),
    Cell("star", 5, 200),
    Cell("complete", 3, 200),
    Cell("complete", 4, 200),
    Cell("complete", 5, 200),
    Cell("complete", 3, 200, begin="cast"),
    Cell("complete", 3, 200, answered="rounded"),
    Cell("complete", 3, 100),
    Cell("complete", 3, 30),
    Cell("complete", 3, 10),
)
_STILL = Cell("complete", 3, 200, beta=0.0, pull=0.0)
ALONE = tuple(
    replace(cell, scenes=scenes)
    for cell in (
        _STILL,
        replace(_STILL, shape="star", actors=4, begin="leader"),
        replace(_STILL, shape="star", actors=4, begin="leader", answered="rounded"),
        replace(_STILL, shape="ring", actors=4, begin="one side", answered="rounded"),
    )
    for scenes in (200, 20)
    if scenes == 200 or cell.begin != "leader" or cell.answered == "rounded"
)
WORDED = (Cell("complete", 3, 200, "apart", "rounded", 0.1, 0.0, 0.05),)
PULLED = tuple(
    replace(cell, scenes=scenes, pull=pull)
    for cell in (Cell("complete", 3, 200), Cell("star", 4, 200, begin="leader"))
    for scenes, pulls in ((200, (0.005, 0.01, 0.02)), (20, (0.03, 0.06)))
    for pull in pulls
    if scenes == 200 or cell.shape == "complete"
)


# --- Recovery ------------------------------------------------------------------------------------


def read_off(cell: Cell) -> Callable[[Coefficients], Floats]:
    """What is recovered: the weights that can be above zero, alpha, beta and beta b."""
    heard = cell.heard
    return lambda law: np.concatenate(
        [law.weights[heard], law.susceptibility, [law.beta, law.drift]]
    )


def recovered(cell: Cell, replication: int) -> list[float]:
    """The estimates, then the halves of the widths of their intervals; NaN without a fit."""
    found = fit(cell.panel(replication), steady=cell.begin == "apart").intervals(read_off(cell))
    return [*(each.estimate for each in found), *((each.high - each.low) / 2 for each in found)]


def tested(cell: Cell, replication: int) -> list[float]:
    """p of the score test, and of a t test of the mean shift."""
    panel = cell.panel(replication)
    p, _ = pull_test(fit(panel, "centred", steady=False), panel)
    shift = mean_interval((panel.values[:, -1] - panel.values[:, 0]).mean(axis=1))
    return [p, 0.0 if shift.excludes_zero else 1.0]


class Kept:
    """The replications that are done, in a file of JSON Lines."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.blocks: dict[tuple[str, str, int], list[list[float]]] = {}
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                what, key, block, rows = json.loads(line)
                self.blocks[what, key, block] = rows

    def rows(self, of: Callable[[Cell, int], list[float]], cell: Cell, replications: int) -> Floats:
        """The rows of a cell, replications by numbers, computed where they are not kept."""
        found: list[list[float]] = []
        size = min(BLOCK, replications)
        for block in range(-(-replications // size)):
            name = (of.__name__, cell.key, block)
            if name not in self.blocks:
                rows = [of(cell, block * size + place) for place in range(size)]
                self.blocks[name] = rows
                if self.path is not None:
                    with self.path.open("a") as file:
                        file.write(json.dumps([*name, rows]) + "\n")
            found += self.blocks[name]
        return np.array(found[:replications], dtype=np.float64)


def share(interval: Interval) -> str:
    """A share in percent, with its interval."""
    if np.isnan(interval.low):
        return f"{interval.estimate:.1%}"
    return f"{interval.estimate:.1%} [{max(interval.low, 0):.1%}, {min(interval.high, 1):.1%}]"


def recovery_row(cell: Cell, rows: Floats) -> str:
    """A row of the table of recovery."""
    truth = read_off(cell)(cell.law)
    size, weights = len(truth), int(cell.heard.sum())
    known = ~np.isnan(rows).any(axis=1)
    estimates, halves = rows[known, :size], rows[known, size:]
    hits = np.abs(estimates - truth) <= halves
    bias, width = (estimates - truth).mean(axis=0), 2 * np.median(halves, axis=0)
    parts = (range(weights), range(weights, size - 2), [size - 2], [size - 1])
    cells = []
    for part in parts:
        chosen = list(part)
        if len(chosen) == 1:
            covered = clopper_pearson(int(hits[:, chosen].sum()), len(hits))
        else:
            covered = mean_interval(hits[:, chosen].mean(axis=1))
        worst = bias[chosen][np.abs(bias[chosen]).argmax()]
        cells.append(f"{share(covered)} | {worst:+.3f} | {width[chosen].mean():.3f}")
    about = f"{cell.shape} | {cell.actors} | {cell.scenes} | {cell.begin}, {cell.answered}"
    return f"| {about} | {len(rows)} | {(~known).sum()} | {' | '.join(cells)} |"


def test_row(cell: Cell, rows: Floats) -> str:
    """A row of the tables of the puppeteer."""
    found, shifted = (
        clopper_pearson(int((rows[:, place] < 0.05).sum()), len(rows)) for place in (0, 1)
    )
    about = f"{cell.shape} | {cell.actors} | {cell.scenes} | {cell.begin}, {cell.answered}"
    return (
        f"| {about} | {cell.pull:g} | {cell.wording:g} | {len(rows)} | {share(found)} "
        f"| {share(shifted)} |"
    )


# --- End to end ----------------------------------------------------------------------------------


def neighbours(rounds: int = 8) -> Scene:
    """Three neighbours talk about the spring, and are asked after every round."""
    places = {"Ada": -0.8, "Ben": 0.6, "Cleo": 0.1}
    cast = tuple(
        Actor(Persona(name=name, brief="A neighbour.", stances={"sell": place}))
        for name, place in places.items()
    )
    return Scene(
        topic="The town should sell its spring.",
        cast=cast,
        graph=sim.complete(*places),
        probes=(ask_stance("sell", every=3),),
        ends=after(turns=3 * rounds),
    )


STAGES = (
    "embedded:base",
    "embedded:rlhf",
    "embedded:base?alpha=0.3",
    "embedded:base?alpha=0.3&beta=0.2&bias=0.8",
)


def end_to_end(trials: int) -> Iterator[str]:
    """Rows of the table: what both measures say of scenes of the exact stage in a store."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "neighbours.db"
        played = sim.run(neighbours, list(STAGES), trials=trials, store=store)
        dynamics, puppeteer = OpinionDynamics(played), Puppeteer(played)
        for model in STAGES:
            pull = puppeteer.estimate("pull", model=model)
            p = puppeteer.estimate("p", model=model).value
            cells = [
                number(dynamics.estimate(name, model=model))
                for name in (
                    "alpha",
                    "second_eigenvalue",
                    "decay",
                    "gain_friedkin_johnsen",
                    "gain_biased",
                )
            ]
            shift = number(puppeteer.estimate("shift", model=model))
            yield f"| `{model}` | {' | '.join(cells)} | {shift} | {number(pull)} | {p:.3f} |"


def number(estimate: Estimate) -> str:
    """An estimate with its interval."""
    if not estimate.known:
        return estimate.note or "missing"
    return f"{estimate.value:+.2f} [{estimate.low:+.2f}, {estimate.high:+.2f}]"


# --- The report ----------------------------------------------------------------------------------


def times(cell: Cell, replications: int) -> int:
    """How often a cell is drawn: those that a bar is about most often.

    With few scenes a fit takes as many fits.
    """
    if cell.scenes <= 30 and cell not in (*ALONE, *PULLED):
        return replications // 50
    if cell.pull == 0 and not cell.wording:
        return replications * (4 if cell.scenes == 200 else 2) // 10
    main = cell.pull == 0.05 and cell.scenes == 200 and cell.begin == "apart"
    return replications // (1 if main and cell.answered == "binomial" else 20)


def report(replications: int, trials: int, kept: Kept) -> list[str]:
    """All parts of the section."""
    head = "| graph | actors | scenes | begin, answers |"
    recovery = [
        recovery_row(cell, kept.rows(recovered, cell, times(cell, replications)))
        for cell in RECOVERY
    ]
    alone, pulled = (
        [test_row(cell, kept.rows(tested, cell, times(cell, replications))) for cell in cells]
        for cells in ((*ALONE, *WORDED), PULLED)
    )
    tested_head = (
        f"{head} planted beta b | toward the wording | replications | pull found at p < 0.05 "
        "| shift found |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    return [
        f"`python -m benchmarks.validity.opinions --replications {replications} --trials {trials} "
        f"--write`: stances drawn by a planted law at {WAVES} waves, no text. What is said and "
        "what is answered differ from what is thought; the size of both is unknown to the fit. "
        "Intervals are 95%, of Monte Carlo.",
        "Recovery. Of W and alpha: the mean coverage over entries, the worst bias of an entry, "
        "the mean width. *No fit* counts climbs that did not come to their end, or laws that are "
        "not identifiable; the others are counted. *Cast*: everybody begins at one place in all "
        "scenes; shocks may then differ at the first step (`steady=False`), as they may in all "
        "that follows. Cells that no bar is about are drawn less often: their shares are rough.",
        f"{head} replications | no fit | W: coverage | bias | width | alpha: coverage | bias "
        "| width | beta: coverage | bias | width | beta b: coverage | bias | width |\n"
        f"|{'---|' * 18}\n" + "\n".join(recovery),
        "Puppeteer, where there is interaction alone. *Leader*: the hub of the star weighs three "
        "times as much and stands at one end, so that all go its way. *One side*: all stand on one "
        "side. *Shift* is a t test of how far all went. In the last row actors are pulled toward "
        "whatever the motion says, and half of the motions are negated: no pull on the topic.",
        tested_head + "\n".join(alone),
        "Puppeteer, where a pull is planted (beta = 0.1):",
        tested_head + "\n".join(pulled),
        f"End to end: {trials} scenes of three neighbours of each stage, through a store. In the "
        "last two the weight of the persona is 0.3, in the last a bias node of 0.2 at 0.8 is "
        "planted; what it had done before the first answer is part of where actors begin.",
        "| stage | alpha | second eigenvalue | decay | gain, Friedkin–Johnsen | gain, biased "
        "| shift | pull | p |\n|---|---|---|---|---|---|---|---|---|\n"
        + "\n".join(end_to_end(trials)),
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=100, help="scenes of each stage, end to end")
    parser.add_argument("--keep", type=Path, help="a file for replications that are done")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    parts = report(options.replications, options.trials, Kept(options.keep))
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.opinions", "Opinion dynamics and the puppeteer", parts)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
