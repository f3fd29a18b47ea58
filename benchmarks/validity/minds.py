"""Theory of mind in the telling room, and conformity at the Asch table, on the exact stage.

* *Theory of mind.* A guess of B's private stance leans on what A heard B say and, by
  ``projection``, on A's own view: planted. Accuracy, and the skill against three nulls, for several
  projections; guesses about what was said while A was out stand apart. Answers are drawn: each is
  asked for five times, and the mean counts.
* *Conformity.* The pull of a majority of k grows with k/(k + crowd): planted. The curve of the
  subject's private shift over k, with 95% intervals, beside what the planted law implies.

    .tools/bin/uv run python -m benchmarks.validity.minds              # two minutes
    .tools/bin/uv run python -m benchmarks.validity.minds --trials 40
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any, get_args

import pandas as pd

from analysis.measures.conformity import Conformity
from analysis.measures.theory_of_mind import NULLS, Known, TheoryOfMind
from analysis.tables import Record, Tables, tables_from
from benchmarks.validity.document import write_section
from scenarios.asch_table import asch_table
from scenarios.telling_room import telling_room
from sim import Scene, play
from sim.stage.exact import exact_stage

PROJECTIONS = (0.0, 0.3, 1.0)
MAJORITIES = (0, 1, 2, 3, 4, 6, 8)
STAGE = {"alpha": 0.3, "crowd": 1.5, "hazard": 0.0, "provocation": 0.0, "insistence": 0.0}


async def _records(
    scene: Scene, parameters: Mapping[str, Any], trials: int, model: str, stage: Mapping[str, Any]
) -> list[Record]:
    own = exact_stage("base", **stage)
    cast = [actor.persona.model_dump() for actor in scene.cast]
    found: list[Record] = []
    for seed in range(trials):
        transcript = await play(scene, own, seed=seed)
        name = f"{model} {dict(parameters)} {seed}"
        found.append(
            Record(name, cast, transcript.events, "scene", parameters, model, own.identity, seed)
        )
    return found


def told(trials: int, projection: float) -> Tables:
    """The telling room, played ``trials`` times."""
    stage = {"projection": projection}
    return tables_from(asyncio.run(_records(telling_room(samples=5), {}, trials, "base", stage)))


def seated(trials: int, majorities: tuple[int, ...] = MAJORITIES) -> Tables:
    """The Asch table with each majority, ``trials`` times each."""

    async def all_of_them() -> list[Record]:
        return [
            record
            for k in majorities
            for record in await _records(asch_table(k=k), {"k": k}, trials, "base", STAGE)
        ]

    return tables_from(asyncio.run(all_of_them()))


def report_minds(trials: int) -> list[str]:
    """The table of theory of mind, as Markdown."""
    lines = [
        "| projection | guesses | n | error | vs the mean | vs one's own view | vs what was said |",
        "|---|---|---|---|---|---|---|",
    ]
    for projection in PROJECTIONS:
        tables = told(trials, projection)
        for known in get_args(Known)[1:]:
            result = TheoryOfMind(tables, known)
            if not result.estimates:
                continue
            skills = [result.estimate(f"skill_{null}") for null in NULLS]
            cells = [_interval(each.value, each.low, each.high) for each in skills]
            read = result.guesses[["guess", "truth"]].notna().all(axis=1)
            lines.append(
                f"| {projection} | {known} | {read.sum()} | {result.estimate('error').value:.3f} | "
                f"{' | '.join(cells)} |"
            )
    return lines


def report_curve(trials: int) -> list[str]:
    """The curve of conformity, as Markdown."""
    table = Conformity(seated(trials), "Nora").curve()
    lines = [
        "| k | shift | yielded | complied | beyond k = 0 |",
        "|---|---|---|---|---|",
    ]
    for k, rows in table.groupby("k", sort=True):
        values = rows.set_index("quantity")[["value", "low", "high"]]
        cells = [_interval(*values.loc[name]) for name in ("shift", "yielded", "complied", "more")]
        lines.append(f"| {k} | {' | '.join(cells)} |")
    return lines


def _interval(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return "–"
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="write its section of the details")
    options = parser.parse_args()
    parts = [
        f"`python -m benchmarks.validity.minds --trials {options.trials} --write`, on the exact "
        "stage; intervals are 95%.",
        "Theory of mind in `telling_room`: the skill of guesses against three nulls. *Untold* are "
        "those whose target has taken no stance aloud, in words that can be read.",
        "\n".join(report_minds(options.trials)),
        "Conformity at `asch_table`, subject Nora, by the number of those against her "
        f"(alpha {STAGE['alpha']}, crowd {STAGE['crowd']}):",
        "\n".join(report_curve(options.trials)),
    ]
    print("\n\n".join(parts))
    if options.write:
        write_section("benchmarks.validity.minds", "Minds and majorities", parts)


if __name__ == "__main__":
    main()
