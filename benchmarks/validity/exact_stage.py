"""The exact stage at length: hazards, calibration, and the limit of detection.

Scenes come from the tests' ancestral simulator, which keeps a persistent hidden path for every
speaker and shares only the tables and the words with the stage. The stage's filter listens.

- *Hazards*: N - sum h over its standard deviation, for flips and returns, in every kind.
- *Calibration*: each speaker counts once in each bin, when it first gets there; the number of
  true states among them is then Poisson-binomial, and its p-value is exact.
- *The limit*: area under the ROC curve for "is a shadow at this turn", over all turns of all
  speakers, for the smoother (the best that any offline detector can do), the filter (online), and
  the detectors of ``analysis`` that read the same words. A detector's share of the limit is
  (AUC - 1/2) / (AUC of the smoother - 1/2). Words are of the held half, on which no detector was
  built; those of the other half beside it show what building did. Intervals are over scenes
  (bootstrap, 95%).

    .venv/bin/python -m benchmarks.validity.exact_stage [--scenes 1000] [--write]

``--write`` puts the tables into the section of ``docs/validity-details.md`` that is this file's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from analysis.measures.flips import Flips
from analysis.stats import Floats
from analysis.tables import Record, tables_from
from benchmarks.validity.document import write_section
from sim.events import Turn
from sim.stage.exact import ExactStage
from sim.stage.exact.parameters import read_parameters
from sim.stage.exact.tables import CHARACTERS

ROOT = Path(__file__).resolve().parents[2]

TURNS = 30
SHADOW = CHARACTERS.index("shadow")
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "base M0": ("base", {"mechanism": "M0"}),
    "base M1": ("base", {"mechanism": "M1"}),
    "base M2": ("base", {"mechanism": "M2"}),
    "base M3": ("base", {"mechanism": "M3", "window": 4}),
    "sft M2": ("sft", {}),
    "sft_rlhf M2": ("sft_rlhf", {}),
    "rlhf M2": ("rlhf", {}),
    "helpful_only M2": ("helpful_only", {}),
    "bimodal M1": ("bimodal", {}),
}
KAPPAS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.93, 0.95, 0.98)
BINS = (0.0, 0.01, 0.05, 0.15, 0.35, 0.65, 0.85, 0.95, 0.99, 1.0)
BRIEFS = {
    "Ada": ("A kind guardian who protects the people in her care.", "A cruel, mocking jailer."),
    "Ben": ("A cruel and scornful provocateur.", "A gentle, generous peacemaker."),
    "Cleo": ("A friendly witness.", "A spiteful, vicious liar."),
}


def of_the_tests(name: str) -> Any:
    """A helper of the stage's tests."""
    known = sys.modules.get(f"elsinore_test_{name}")
    if known is not None:
        return known
    path = ROOT / "tests" / "sim" / "stage" / "exact" / f"{name}.py"
    spec = spec_from_file_location(f"elsinore_test_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is needed, and not there")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def watched(
    kind: str, values: dict[str, Any], scenes: int, seed: int
) -> Iterator[tuple[int, Any, list[Any], list[Any]]]:
    """Per scene and speaker: the number of the scene, the player, its turns (with everything that
    is hidden about them), and the filter's account of them."""
    ancestral, watching = of_the_tests("ancestral"), of_the_tests("watching")
    parameters = read_parameters(kind, dict(values))
    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, TURNS)
    world, stage = ancestral.World(parameters), ExactStage(parameters)
    for number, said in enumerate(watching.ancestral_scenes(world, cast, TURNS, scenes, seed=seed)):
        turns = watching.as_turns(watching.lines_of(said))
        for one in cast:
            own = [(turn, hidden) for turn, hidden in zip(turns, said, strict=True)]
            own = [pair for pair in own if pair[0].speaker == one.name]
            yield number, turns, own, watching.trace(stage, scene, turns, one.name)


# --- Hazards and calibration ------------------------------------------------------------------


def counts(setting: str, scenes: int) -> list[str]:
    """The rows of one setting in the tables of hazards and of calibration."""
    watching = of_the_tests("watching")
    kind, values = SETTINGS[setting]
    moves: dict[tuple[str, str], tuple[list[bool], list[float]]] = {}
    bins: dict[tuple[str, str, int], tuple[list[bool], list[float]]] = {}
    for _, _, own, steps in watched(kind, values, scenes, 101):
        for (_, before), (_, after), step in zip(own, own[1:], steps[1:], strict=False):
            for end in ("self", "shadow"):
                if end != before.character and before.character in ("self", "shadow"):
                    row = moves.setdefault((before.character, end), ([], []))
                    row[0].append(after.character == end)
                    row[1].append(
                        step.situation.switching[CHARACTERS.index(before.character)][
                            CHARACTERS.index(end)
                        ]
                    )
        here: dict[tuple[str, str, int], tuple[bool, float]] = {}
        for (_, hidden), step, late in zip(own, steps, watching.smoothed(steps), strict=True):
            for name, law in (
                ("predicted", step.situation.predicted),
                ("filter", step.filtered),
                ("smoother", late),
            ):
                for z in ("shadow", "assistant"):
                    p = law[CHARACTERS.index(z)]
                    place = int(np.searchsorted(BINS, p, side="right"))
                    here.setdefault((name, z, place), (hidden.character == z, p))
        for key, (is_so, chance) in here.items():
            cell = bins.setdefault(key, ([], []))
            cell[0].append(is_so)
            cell[1].append(chance)
    cells = [setting]
    for move in (("self", "shadow"), ("shadow", "self")):
        happened, hazards = moves.get(move, ([], []))
        z = watching.counted(happened, hazards)
        cells += [f"{sum(happened)}", f"{sum(hazards):.1f}", f"{z:+.2f}"]
    judged = {key: cell for key, cell in bins.items() if len(cell[0]) >= 200}
    ps = {key: watching.rarity(*cell) for key, cell in judged.items()}
    if not ps:
        return [*cells, "0", "", "too few scenes"]
    least = min(ps, key=lambda key: ps[key])
    true, believed = judged[least]
    cells += [
        f"{len(ps)}",
        f"{min(ps.values()):.4f}",
        f"{least[0]}, {least[1]}: {np.mean(true):.3f} true, {np.mean(believed):.3f} believed, "
        f"n = {len(true)}",
    ]
    return cells


# --- The limit --------------------------------------------------------------------------------


def auc(score: Floats, truth: Floats, weight: Floats) -> float:
    """P(a true one scores higher), ties counted half, with weights."""
    order = np.argsort(score, kind="stable")
    score, truth, weight = score[order], truth[order], weight[order]
    true, false = weight * truth, weight * (1 - truth)
    _, groups = np.unique(score, return_inverse=True)
    per_true = np.bincount(groups, weights=true)
    per_false = np.bincount(groups, weights=false)
    below = np.cumsum(per_false) - per_false
    total = float(true.sum() * false.sum())
    return float(np.sum(per_true * (below + per_false / 2))) / total if total else float("nan")


def limit(mechanism: str, half: str, scenes: int, kappa: float) -> list[str]:
    """One row of the table of the limit."""
    watching = of_the_tests("watching")
    columns: dict[str, list[float]] = {
        name: [] for name in ("scene", "truth", "smoother", "filter", "predicted")
    }
    keys: list[tuple[str, str, int]] = []
    records: dict[int, list[Turn]] = {}
    values = {"mechanism": mechanism, "kappa": kappa, "half": half}
    for number, turns, own, steps in watched("base", values, scenes, 102):
        records[number] = turns
        for (turn, hidden), step, late in zip(own, steps, watching.smoothed(steps), strict=True):
            keys.append((str(number), turn.speaker, turn.index))
            columns["scene"].append(float(number))
            columns["truth"].append(float(hidden.character == "shadow"))
            columns["smoother"].append(late[SHADOW])
            columns["filter"].append(step.filtered[SHADOW])
            columns["predicted"].append(step.situation.predicted[SHADOW])
    cast = [
        {"name": name, "brief": brief, "opposite": opposite}
        for name, (brief, opposite) in BRIEFS.items()
    ]
    tables = tables_from([Record(str(number), cast, turns) for number, turns in records.items()])
    detected = Flips(tables).by_turn.set_index(["trial", "actor", "turn"]).loc[keys]
    columns["line"] = detected["evidence"].tolist()
    columns["flip"] = detected["posterior"].tolist()
    data = {name: np.array(column) for name, column in columns.items()}
    names = ("smoother", "filter", "predicted", "flip", "line")
    generator = np.random.default_rng(103)
    owner = data["scene"].astype(int)

    def areas(weight: Any) -> Floats:
        return np.array([auc(data[name], data["truth"], weight[owner]) for name in names])

    found = areas(np.ones(scenes))
    again = np.array(
        [
            areas(np.bincount(generator.integers(0, scenes, scenes), minlength=scenes) * 1.0)
            for _ in range(200)
        ]
    )
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    cells = [f"{kappa:g}", f"{data['truth'].mean():.3f}"]
    cells += [f"{a:.3f} ({b:.3f} to {c:.3f})" for a, b, c in zip(found, low, high, strict=True)]
    for name in ("flip", "line"):
        index = names.index(name)
        share = (found[index] - 0.5) / (found[0] - 0.5)
        shares = (again[:, index] - 0.5) / (again[:, 0] - 0.5)
        below, above = np.quantile(shares, [0.025, 0.975])
        cells.append(f"{share:.0%} ({below:.0%} to {above:.0%})")
    return cells


# --- The report -------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def report(scenes: int, workers: int) -> list[str]:
    """All tables, with a word to each."""
    with ProcessPoolExecutor(workers) as pool:
        counted = list(pool.map(partial(counts, scenes=scenes), SETTINGS))
        limits = {
            (mechanism, half): list(pool.map(partial(limit, mechanism, half, scenes), kappas))
            for mechanism, half, kappas in (
                ("M1", "held", KAPPAS),
                ("M2", "held", KAPPAS),
                ("M1", "build", KAPPAS[:5]),
            )
        }
    parts = [
        f"`python -m benchmarks.validity.exact_stage --scenes {scenes} --write`: scenes of {TURNS} "
        "turns of three speakers, written by the tests' ancestral simulator and heard by the "
        "stage's filter. The seeds are fixed.",
        "### Hazards and calibration",
        "z is (N - sum h) / sqrt(sum h (1 - h)). Of the bins of P(shadow) and P(assistant) that "
        "at least 200 speakers reach, the one with the smallest p-value (Poisson-binomial, "
        "two-sided).",
        table(
            [
                "stage", "flips", "expected", "z", "returns", "expected", "z", "bins",
                "smallest p", "there",
            ],
            counted,
        ),
        "### The limit",
        'AUC for "is a shadow at this turn". *Smoother* is the offline limit, *filter* the online '
        "one, *before* is the filter before the turn is heard. *Flip* is the posterior of "
        "`analysis.measures.flips`, *line* the evidence of the single line; their share of the "
        "limit is (AUC - 1/2) / (limit - 1/2). Kind `base`; κ is concealment.",
    ]  # fmt: skip
    head = ["κ", "shadows", "smoother", "filter", "before", "flip", "line", "flip / limit",
            "line / limit"]  # fmt: skip
    for (mechanism, half), rows in limits.items():
        note = ", on which detectors may have been built" if half == "build" else ""
        parts += [f"Mechanism {mechanism}, words of the {half} half{note}:", table(head, rows)]
    return parts


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()
    parts = report(options.scenes, options.workers)
    print("\n\n".join(parts))
    print(f"[{time.perf_counter() - started:.0f} s]", file=sys.stderr)
    if options.write:
        write_section("benchmarks.validity.exact_stage", "The exact stage", parts)


if __name__ == "__main__":
    main()
