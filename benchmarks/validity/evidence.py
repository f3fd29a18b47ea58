"""Evidence that has to be asked of a language model: what it finds alone, and beside embeddings.

The statements of people's views of ``spliced``, spliced from fewer lines, since each has to be
scored by a model: of each trait and side so many lines are spoken, and those after them are sample
lines. Traits are split in the same halves; scales, the exponent of length, the weights of kinds
that are read together, gains and alarms are fitted to the first half and used as they are on the
second. What a kind *finds*, *false alarms*, *AUC* and *share* are as in ``spliced``; columns of
``spoken_flips`` have its second criterion, random orders, too.

    python -m benchmarks.validity.evidence --model gguf:gemma3-270m [--as reader judge] \
        [--lines 1 5] [--pool 30] [--cache runs/scores.jsonl] [--fit] [--write]

The model is asked as a reader (log-probabilities), as a judge, or as both. ``--fit`` writes scales
and weights into ``analysis/evidence/tables``. Scores are kept in a file: what was killed goes on
where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analysis.evidence.embeddings import available, embedder
from analysis.evidence.fit_politeness import auc
from analysis.evidence.judged import Judged as Judge
from analysis.evidence.log_probabilities import NAME, LogProbabilities
from analysis.evidence.readings import Scale
from analysis.evidence.scoring import Asked
from analysis.stats import Floats
from benchmarks.validity.document import write_section
from benchmarks.validity.spliced import (
    TABLE,
    Axial,
    Kind,
    fit,
    judged,
    ordered,
    reader,
    scale_columns,
    scored,
    shown,
    write_fits,
)
from benchmarks.validity.splices import SET_ASIDE, Cast, Trait, casts, found_folder, halves
from sim import open_stage

ROLES = ("reader", "judge")
EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
EACH_TO_TUNE, EACH = 20, 6
PREVALENCES = (0.5, 0.0, 0.1, 0.9)
FUSIONS = TABLE.with_name("fusions.tsv")


@dataclass(frozen=True)
class Likelihoods(Kind):
    """Evidence L, with the exponent of length."""

    evidence: LogProbabilities
    exponent: float = 0.0

    def positions(self, cast: Cast, lines: Sequence[str]) -> Floats:
        sides = self.sides(cast)
        raw = self.evidence.raw([(sides, line) for line in lines])
        return np.array([each.ratio / each.tokens**self.exponent for each in raw])

    def vectors(self, lines: Sequence[str]) -> Floats | None:
        return None


@dataclass(frozen=True)
class Verdicts(Kind):
    """Evidence J."""

    judge: Judge

    def positions(self, cast: Cast, lines: Sequence[str]) -> Floats:
        sides = self.sides(cast)
        return np.array(self.judge.raw([(sides, line) for line in lines]))

    def vectors(self, lines: Sequence[str]) -> Floats | None:
        return None


@dataclass(frozen=True)
class Joined(Kind):
    """Kinds that are read together: a weighted sum."""

    kinds: tuple[Kind, ...]
    weights: tuple[float, ...]

    def positions(self, cast: Cast, lines: Sequence[str]) -> Floats:
        parts = [kind.positions(cast, lines) for kind in self.kinds]
        return np.asarray(np.array(self.weights) @ np.array(parts))

    def vectors(self, lines: Sequence[str]) -> Floats | None:
        every = (kind.vectors(lines) for kind in self.kinds)
        return next((vectors for vectors in every if vectors is not None), None)


def pooled(traits: Sequence[Trait], pool: int) -> list[Trait]:
    """The same traits, with so many lines a side that are spoken."""
    fewest = min(len(side) for trait in traits for side in trait.sides)
    if pool + SET_ASIDE > fewest:
        sys.exit(f"--pool {pool}: a side has {fewest} lines, of which {SET_ASIDE} are samples")
    return [replace(trait, pool=pool) for trait in traits]


def both_sides(kind: Kind, trait: Trait) -> list[tuple[Floats, Floats]]:
    """Positions of the spoken lines of a trait, own and opposite, for either side as one's own."""
    found = []
    for place, cast in enumerate(casts(trait, 0.0, 1)):
        own, opposite = (trait.sides[side][: trait.pool] for side in (place, 1 - place))
        found.append((kind.positions(cast, own), kind.positions(cast, opposite)))
    return found


def best_exponent(kind: Likelihoods, tune: Sequence[Trait]) -> float:
    """The exponent of length whose positions tell lines of both sides best (mean AUC)."""

    def area(exponent: float) -> float:
        tried = replace(kind, exponent=exponent)
        areas = [
            auc(np.concatenate(both), np.repeat([0.0, 1.0], [len(part) for part in both]))
            for trait in tune
            for both in both_sides(tried, trait)
        ]
        return float(np.mean(areas))

    return max(EXPONENTS, key=area)


def discriminant(kinds: Sequence[Kind], tune: Sequence[Trait]) -> tuple[float, ...]:
    """Fisher's weights of kinds: S^-1 d, with S the covariance within a side and d the mean step,
    scaled so that the first kind weighs 1."""
    within = np.zeros((len(kinds), len(kinds)))
    steps = np.zeros(len(kinds))
    for trait in tune:
        every = [both_sides(kind, trait) for kind in kinds]
        for place in range(2):
            own = np.array([both[place][0] for both in every])
            opposite = np.array([both[place][1] for both in every])
            within += np.cov(own) + np.cov(opposite)
            steps += opposite.mean(axis=1) - own.mean(axis=1)
    weights = np.linalg.solve(within / (4 * len(tune)), steps / (2 * len(tune)))
    return tuple(float(f"{weight:.6g}") for weight in weights / abs(weights[0]))


def told_apart(kind: Kind, scale: Scale) -> bool:
    """Whether a kind, and each that it is made of, moves towards the opposite where it speaks. One
    that does not gets no scale: its evidence would be noise, and beside another noise, too."""
    if isinstance(kind, Joined):
        return all(weight > 0 for weight in kind.weights)
    return scale.shift.step > 0


def rows(kind: Kind, scale: Scale, score: Sequence[Trait]) -> list[str]:
    """The rows of a kind: one for each prevalence."""
    found = []
    for prevalence in PREVALENCES:
        some = judged(
            kind, scale, [c for t in score for c in casts(t, prevalence, EACH)], orders=True
        )
        placed, false, area, share = scored(some, scale.alarm)
        spoken = ordered(some, scale.alarm)
        cells = [shown(placed), shown(false), shown(area, percent=False), shown(share),
                 *map(shown, spoken)]  # fmt: skip
        found.append(f"| {kind.label} | {prevalence:.0%} | {' | '.join(cells)} |")
    return found


def measured(
    evidence: LogProbabilities | None,
    judge: Judge | None,
    known: Sequence[int],
    pools: tuple[int, int],
) -> tuple[list[str], dict[tuple[str, int], list[float]], dict[tuple[str, int], list[float]]]:
    """The table in Markdown, the scales, and the weights of joined kinds."""
    folder = found_folder()
    if folder is None:
        sys.exit("The statements are not at hand.")
    tune, score = halves(folder)
    tune, score = pooled(tune, pools[0]), pooled(score, pools[1])
    table = [
        "| evidence | flips | found within ±1 | false alarms | AUC | share estimated "
        "| found by `spoken_flips` | its false alarms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    scales: dict[tuple[str, int], list[float]] = {}
    weights: dict[tuple[str, int], list[float]] = {}
    for lines in known:
        alone: list[Kind] = []
        if evidence is not None:
            likely = Likelihoods(NAME, lines, evidence)
            alone.append(replace(likely, exponent=best_exponent(likely, tune)))
        if judge is not None:
            alone.append(Verdicts(judge.name, lines, judge))
        by_meaning = [Axial(name, lines, reader(embedder(name))) for name in available()]
        together = [
            Joined(" + ".join(k.reader for k in kinds), lines, kinds, discriminant(kinds, tune))
            for other in alone
            for axial in by_meaning
            for kinds in [(axial, other)]
        ]
        for kind in (*by_meaning, *alone, *together):
            scale = fit(kind, tune, EACH_TO_TUNE)
            if isinstance(kind, Likelihoods):
                scale = replace(scale, exponent=kind.exponent)
            if told_apart(kind, scale):
                if not isinstance(kind, Axial):
                    scales[kind.reader, lines] = scale_columns(scale)
                if isinstance(kind, Joined):
                    weights[kind.reader, lines] = list(kind.weights)
            table += rows(kind, scale, score)
            print("\n".join(table[-len(PREVALENCES) :]), flush=True)
    return table, scales, weights


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="gguf:gemma3-270m")
    parser.add_argument(
        "--as",
        dest="roles",
        nargs="+",
        choices=ROLES,
        default=ROLES[:1],
        help="what the model is asked as",
    )
    parser.add_argument("--lines", type=int, nargs="+", default=[1], help="lines a side known")
    parser.add_argument("--pool", type=int, default=30, help="lines a side that are spoken")
    parser.add_argument(
        "--tune-pool", type=int, default=20, help="the same, where scales are fitted"
    )
    parser.add_argument("--cache", type=Path, default=Path("runs/scores.jsonl"))
    parser.add_argument("--fit", action="store_true", help="write scales and weights")
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    stage = open_stage(chosen.model)
    asked = Asked(stage, chosen.cache, told=tell)
    likely = LogProbabilities(asked) if "reader" in chosen.roles else None
    judge = Judge(asked) if "judge" in chosen.roles else None
    try:
        table, scales, weights = measured(
            likely, judge, chosen.lines, (chosen.tune_pool, chosen.pool)
        )
    finally:
        asked.close()
    if judge is not None:
        print(judge.agreement.to_string())
    if chosen.fit:
        folder = found_folder()
        tune, _ = halves(folder) if folder else ([], [])
        write_fits(TABLE, scales, tune)
        write_fits(FUSIONS, weights, tune)
    if chosen.write:
        write(chosen, [*table, *([] if judge is None else agreement(judge))])
    return 0


def agreement(judge: Judge) -> list[str]:
    """How often the judge says the same in the other order, in Markdown."""
    rows = judge.agreement.itertuples(index=False)
    return [
        "",
        *(
            f"The judge says the same of {row.agreed:.0%} [{row.low:.0%}, {row.high:.0%}] of "
            f"{row.lines:,} lines ({row.other})."
            for row in rows
        ),
    ]


def write(chosen: argparse.Namespace, table: Sequence[str]) -> None:
    """Write the section of what was asked for: that of readers, or that of judges."""
    # Where a file lies is nobody's business.
    model = Path(chosen.model.partition(":")[2]).stem
    judged_alone = chosen.roles == ["judge"]
    about = (
        f"`python -m benchmarks.validity.evidence --model gguf:{model} --as "
        f"{' '.join(chosen.roles)} --lines {' '.join(map(str, chosen.lines))} --pool {chosen.pool} "
        f"--tune-pool {chosen.tune_pool} --write`: {2 * EACH} actors of each of 12 traits held "
        f"out, of {chosen.pool} lines a side; fitted to {chosen.tune_pool} lines a side."
    )
    write_section(
        f"benchmarks.validity.evidence{' judge' if judged_alone else ''}",
        f"Flips by a {'judge' if judged_alone else 'language model'}",
        [about, "\n".join(table)],
    )


def tell(done: int, of: int) -> None:
    """Say now and then how far the scoring is."""
    if done % 50 == 0 or done == of:
        print(f"{done:,} of {of:,} scores", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
