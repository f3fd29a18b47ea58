"""Is what becomes of actors estimated right, and do its intervals cover?

*The exact stage.* Scenes of the tests' ancestral simulator, of the half of the stage's lines on
which no instrument was built. The planted truth is what an actor first *showed* to be: a shadow
that did not conceal itself (flip), an assistant (collapse), its partner (echo), a loop. Beside it
the cumulative incidence that ``competing_risks`` estimates from the words alone, and how often what
it says of an actor is right. The truth is used here and nowhere in the measure.

*Coverage.* Studies drawn at the level of events: three actors a scene, two causes, scenes of
different lengths; what happens to the actors of a scene hangs together by a frailty of the scene (a
gamma variate of mean 1), or they share their fate altogether. How often 95% limits hold the true
incidence at the last own turn; beside ours those of a jackknife on the plain scale, and of ours if
all actors are taken for independent. Fewer than 95% is told as a miss if an exact binomial test
rejects at 0.001.

    .tools/bin/uv run python -m benchmarks.validity.risks [--scenes 300] [--studies 1000] [--write]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special
from scipy.stats import binomtest

from analysis.measures.competing_risks import CompetingRisks
from analysis.measures.fates import CAUSES
from analysis.measures.spoken_flips import SpokenFlips
from analysis.stats import Floats, clopper_pearson
from analysis.stats.incidence import Incidence, aalen_johansen, incidence
from analysis.tables import Record, tables_from
from benchmarks.validity.document import write_section
from benchmarks.validity.exact_stage import BRIEFS, TURNS, of_the_tests, table
from sim.stage.exact.parameters import read_parameters

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "base M1": ("base", {"mechanism": "M1"}),
    "base M2": ("base", {"mechanism": "M2"}),
    "rlhf M2": ("rlhf", {"mechanism": "M2"}),
}
PLANTED = {"shadow": "flip", "assistant": "collapse", "partner": "echo", "loop": "loop"}
NEAR = 2
"""Own turns between what is planted and what is found."""


# --- The exact stage -----------------------------------------------------------------------------


def shown_first(said: Sequence[Any], name: str) -> tuple[str, int] | None:
    """What a speaker first showed to be, and at which own turn; None if it stayed itself."""
    own = [one for one in said if one.speaker == name]
    for place, one in enumerate(own, 1):
        if one.character in PLANTED and not one.concealed:
            return PLANTED[one.character], place
    return None


def exact_rows(name: str, scenes: int) -> Iterator[list[str]]:
    """The rows of a setting: planted and estimated incidence, and single actors."""
    ancestral, watching = of_the_tests("ancestral"), of_the_tests("watching")
    kind, values = SETTINGS[name]
    world = ancestral.World(read_parameters(kind, {**values, "half": "held"}))
    cast = [
        {"name": who, "brief": brief, "opposite": opposite}
        for who, (brief, opposite) in BRIEFS.items()
    ]
    truth: dict[tuple[str, str], tuple[str, int] | None] = {}
    records = []
    company = watching.company(ancestral)
    for number, said in enumerate(
        watching.ancestral_scenes(world, company, TURNS, scenes, seed=104)
    ):
        records.append(Record(str(number), cast, watching.as_turns(watching.lines_of(said))))
        truth |= {(str(number), who): shown_first(said, who) for who in BRIEFS}
    tables = tables_from(records)
    yield from compared(name, CompetingRisks(tables), truth)
    by_meaning = CompetingRisks(tables, {"flip": SpokenFlips}, draws=0)
    for row in compared(name, by_meaning, truth):
        if row[1] == "flip":
            yield [name, "flip, by meaning", *row[2:]]


def compared(
    name: str, result: CompetingRisks, truth: Mapping[tuple[str, str], tuple[str, int] | None]
) -> Iterator[list[str]]:
    """A row for each cause."""
    columns = (result.by_actor[column] for column in ("trial", "actor", "first", "own"))
    found = {
        (str(trial), str(actor)): (str(first), int(own))
        for trial, actor, first, own in zip(*columns, strict=True)
        if isinstance(first, str)
    }
    for cause in ("none", *CAUSES):
        planted = {key for key, what in truth.items() if (what or ("none",))[0] == cause}
        reported = {key for key in truth if found.get(key, ("none", 0))[0] == cause}
        estimate = result.estimate(cause)
        both = planted & reported
        near = [
            key for key in both
            if cause == "none" or abs(found[key][1] - (truth[key] or ("", 0))[1]) <= NEAR
        ]  # fmt: skip
        yield [
            name,
            cause,
            f"{len(planted) / len(truth):.3f}",
            f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]",
            "–" if np.isnan(estimate.null.estimate) else f"{estimate.null.estimate:.3f}",
            _share(len(both), len(planted)),
            _share(len(near), len(planted)),
            _share(len(both), len(reported)),
        ]


def _share(part: int, whole: int) -> str:
    if not whole:
        return "–"
    share = clopper_pearson(part, whole)
    return f"{share.estimate:.0%} of {whole} [{share.low:.0%}, {share.high:.0%}]"


# --- Coverage ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """How studies are drawn: ``hazards`` of the causes a turn; ``frailty`` is the variance between
    scenes, None where the actors of a scene share their fate."""

    scenes: int
    hazards: tuple[float, float]
    frailty: float | None
    turns: int = 20
    actors: int = 3

    @property
    def name(self) -> str:
        """What it is, in a table."""
        kind = "one fate a scene" if self.frailty is None else f"frailty {self.frailty:g}"
        return f"{self.scenes} | {self.hazards[0]:g} and {self.hazards[1]:g} | {kind}"

    def _hazard(self, generator: np.random.Generator, count: int) -> Floats:
        if self.frailty is None or self.frailty == 0:
            faster = np.ones(count)
        else:
            faster = generator.gamma(1 / self.frailty, self.frailty, count)
        return np.asarray(np.minimum(sum(self.hazards) * faster, 0.95))

    def truth(self) -> Floats:
        """The true incidence of both causes at the last own turn."""
        hazard = self._hazard(np.random.default_rng(1), 400_000)
        ever = float((1 - (1 - hazard) ** self.turns).mean())
        return np.array(self.hazards) / sum(self.hazards) * ever

    def study(self, generator: np.random.Generator) -> tuple[Any, Any, Any]:
        """Times, causes and scenes of one study's actors."""
        shape = (self.scenes, self.actors)
        drawn = (self.scenes, 1) if self.frailty is None else shape
        hazard = self._hazard(generator, self.scenes)[:, None] * np.ones(drawn)
        first = self.hazards[0] / sum(self.hazards)
        time_ = generator.geometric(hazard) * np.ones(shape, dtype=np.int64)
        cause = (1 + (generator.random(drawn) > first)) * np.ones(shape, dtype=np.int64)
        # Half of the scenes end early, the others at the last turn.
        end = generator.integers(self.turns // 2, 3 * self.turns // 2, (self.scenes, 1))
        end = np.minimum(end, self.turns)
        seen = np.where(time_ <= end, cause, 0)
        owner = np.repeat(np.arange(self.scenes), self.actors)
        return np.minimum(time_, end).ravel(), seen.ravel(), owner


WORLDS = tuple(
    World(scenes, hazards, frailty)
    for scenes in (20, 50, 200)
    for hazards in ((0.001, 0.03), (0.02, 0.04))
    for frailty in (0.0, 1.0, None)
)


def plain(times: Any, causes: Any, owner: Any) -> tuple[Floats, Floats]:
    """The limits at the last turn of a jackknife on the plain scale."""
    count, last = int(owner.max()) + 1, int(times.max())
    places = np.arange(1, last + 1)
    each = times[:, None] >= places
    at_risk = np.array([np.bincount(owner, each[:, t], count) for t in range(last)]).T
    events = np.array(
        [
            [np.bincount(owner, (times == t) & (causes == kind), minlength=count) for t in places]
            for kind in (1, 2)
        ]
    ).transpose(2, 0, 1)
    value = aalen_johansen(at_risk.sum(0), events.sum(0).astype(float))[1:, -1]
    left = aalen_johansen(at_risk.sum(0) - at_risk, (events.sum(0) - events).astype(float))
    left = left[:, 1:, -1]
    spread = np.sqrt(((left - left.mean(axis=0)) ** 2).sum(axis=0) * (count - 1) / count)
    half = float(special.stdtrit(count - 1, 0.975)) * spread
    return value - half, value + half


def coverage_row(world: World, studies: int) -> str:
    """How often limits hold the truth, and how wide they are; cause by cause."""
    generator, truth = np.random.default_rng(105), world.truth()
    held = {name: np.zeros(2) for name in ("ours", "plain", "independent")}
    width = np.zeros(2)
    for _ in range(studies):
        times, causes, owner = world.study(generator)
        ours: Incidence = incidence(times, causes, owner, kinds=2)
        low, high = ours.low[1:, -1], ours.high[1:, -1]
        width += high - low
        held["ours"] += (low <= truth) & (truth <= high)
        low, high = plain(times, causes, owner)
        held["plain"] += (low <= truth) & (truth <= high)
        apart = incidence(times, causes, range(len(times)), kinds=2)
        held["independent"] += (apart.low[1:, -1] <= truth) & (truth <= apart.high[1:, -1])
    cells = []
    for cause in (0, 1):
        covered = int(held["ours"][cause])
        miss = binomtest(covered, studies, 0.95, alternative="less").pvalue < 0.001
        cells += [
            f"{truth[cause]:.3f}",
            f"{covered / studies:.1%}{' miss' if miss else ''}",
            f"{width[cause] / studies:.3f}",
            f"{held['plain'][cause] / studies:.1%}",
            f"{held['independent'][cause] / studies:.1%}",
        ]
    return f"| {world.name} | {' | '.join(cells)} |"


# --- The report ----------------------------------------------------------------------------------


def report(scenes: int, studies: int) -> list[str]:
    """All parts of the section."""
    exact = [row for name in SETTINGS for row in exact_rows(name, scenes)]
    head = "| scenes | hazards | scenes differ |" + (
        " true incidence | covered | width | plain scale | as if independent |" * 2
    )
    return [
        f"`python -m benchmarks.validity.risks --scenes {scenes} --studies {studies} --write`.",
        f"### On the exact stage\n\n{scenes} scenes of {TURNS} turns of three speakers, lines of "
        "the held half. Planted is what an actor first showed to be (a shadow that conceals itself "
        "shows nothing); found are actors of whom the text says the same as what is planted, near "
        f"those within {NEAR} own turns, right the share of what is reported. The null is that of "
        "the measure. Flips are read by the words of a lexicon, and once more by meaning "
        "(`spoken_flips`). Whoever says that it is an AI both steps out of the scene and has "
        "become an assistant; strangers are not recorded here.",
        table(
            ["stage", "first", "planted", "estimated", "null", "found", "found, near", "right"],
            exact,
        ),
        f"### Coverage\n\n{studies} studies each; the left half is the rarer cause.",
        head + "\n|" + "---|" * 13 + "\n" + "\n".join(
            coverage_row(world, studies) for world in WORLDS
        ),
    ]  # fmt: skip


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=300, help="scenes of the exact stage")
    parser.add_argument("--studies", type=int, default=1000, help="studies of each kind")
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    started = time.perf_counter()
    parts = report(options.scenes, options.studies)
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.risks", "What becomes of actors first", parts)
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)


if __name__ == "__main__":
    main()
