"""Writes the measured part of ``docs/real-models.md``: the tables, and example scenes in full.

    .tools/bin/uv run python -m benchmarks.real.page runs/one.json runs/other.json \\
        --scene runs/one.db:3f2a --scene runs/other.db:77c1

The JSON files are those that ``python -m benchmarks.real`` leaves beside its stores. What stands
between the marks in the page is replaced; the words around it are by hand. With ``--keep``, rows of
the page stay whose model, layout and wording no file has, and so do the scenes if none is named.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

from analysis.stats import Interval
from benchmarks.real.cells import Cell
from benchmarks.real.counts import COUNTED, Summary
from benchmarks.real.report import table
from sim import open_store
from sim.errors import ElsinoreError

PAGE = Path(__file__).parents[2] / "docs" / "real-models.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def read_rows(path: Path, part: str) -> list[tuple[Cell, Summary]]:
    """The rows of a JSON file. ``part`` is ``screened`` or ``chosen``."""
    rows = json.loads(path.read_text(encoding="utf-8"))[part]
    return [(_cell(row), _summary(row)) for row in rows]


def _cell(row: dict[str, Any]) -> Cell:
    return Cell(
        named(row["model"]), row["layout"], row["wording"], tuple(row["scenarios"]), row["turns"]
    )


def named(model: str) -> str:
    """A model string without the folder and the settings of a file of weights.

    >>> named("gguf:/models/qwen-1.5b.gguf?threads=2&slots=16"), named("gguf:gemma3-270m")
    ('qwen-1.5b', 'gguf:gemma3-270m')
    """
    name = model.partition("?")[0]
    return name.rpartition("/")[2].removesuffix(".gguf") if name.endswith(".gguf") else name


def _summary(row: dict[str, Any]) -> Summary:
    return Summary(
        trials=row["trials"],
        turns=row["turns"],
        shares={name: _interval(row["shares"].get(name)) for name in COUNTED},
        form_words=_interval(row["form_words"]),
        coverage=_interval(row["coverage"]),
        probes=_interval(row["probes"]),
        distinct_2=row["distinct_2"],
        words_a_turn=row["words_a_turn"],
    )


def _interval(values: Sequence[float | None] | None) -> Interval:
    numbers = [nan if value is None else value for value in values or (None, None, None)]
    return Interval(*numbers)


def measured(paths: Sequence[Path], scenes: Sequence[str], kept: str = "") -> str:
    """The measured part: what is counted, the tables, the scenes.

    ``kept`` is a measured part whose rows and scenes stay where these files and scenes have none.
    """
    lines = ["### What is counted", ""]
    lines += [f"- **{name}**: {about}" for name, about in COUNTED.items()]
    for part, title in (
        ("screened", "Wordings, on the scenarios of the choice"),
        ("chosen", "The chosen wording, on other scenarios"),
    ):
        rows = [row for path in paths for row in read_rows(path, part)]
        lines += ["", f"### {title}", "", _merged(table(rows), _section(kept, title))]
    for scene in scenes:
        store, _, beginning = scene.rpartition(":")
        with open_store(store) as opened:
            trial = opened.trial(beginning)
            model = named(trial.model)
            wording = trial.prompt_scene.templates.version
            title = f"{trial.scenario} on {model}, {trial.prompt_scene.layout}, {wording}"
            lines += [
                "",
                f"### {title}, seed {trial.seed}",
                "",
                "```",
                str(trial.transcript),
                "```",
            ]
    shown = "```\n" if kept and not scenes else ""
    if shown and shown in kept:
        first = kept.rindex("\n### ", 0, kept.index(shown))
        lines += ["", kept[first:].strip()]
    return "\n".join(lines)


def _section(part: str, title: str) -> str:
    """What stands under a heading of a measured part; blank if it has none."""
    return part.partition(f"### {title}\n")[2].partition("\n### ")[0]


def _merged(new: str, old: str) -> str:
    """A table with the rows of an older one whose model, layout and wording it lacks.

    >>> print(_merged("| m | l | new | 1 |", "| m | l | new | 9 |\\n| m | l | old | 2 |"))
    | m | l | new | 1 |
    | m | l | old | 2 |
    """
    rows = new.split("\n")
    cells = {_key(row) for row in rows}
    older = [row for row in old.split("\n") if row.startswith("| ") and _key(row) not in cells]
    return "\n".join([*rows, *(row for row in older if not row.startswith("| model "))])


def _key(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.split("|")[1:4])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the part."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real.page", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--scene", action="append", default=[], metavar="STORE:TRIAL")
    parser.add_argument("--keep", action="store_true", help="rows and scenes that are not replaced")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    text = options.page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    try:
        part = measured(options.results, options.scene, old if options.keep else "")
    except (ElsinoreError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    options.page.write_text(f"{before}{BEGIN}\n\n{part}\n\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
