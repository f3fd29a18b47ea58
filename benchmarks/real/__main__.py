"""Plays each layout and wording on real models, and counts what makes a scene a scene.

    .tools/bin/uv run python -m benchmarks.real --model gguf:gemma3-270m
    .tools/bin/uv run python -m benchmarks.real --model openai:NAME --base-url http://127.0.0.1:8080/v1

Wordings are screened on the scenarios of ``CHOICE`` (``--screen`` turns a cell), the best of each
layout is played on those of ``REPORT`` (``--turns`` a layout), and the tables are printed as
Markdown and kept as JSON beside the store. The best wording has the least share of turns with a
fault (unreadable, a label, a copied form or description, a refusal, too long). What was played
stays in the store: the command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.real.cells import CHOICE, REPORT, Cell, play_cell, report_cell
from benchmarks.real.counts import Summary
from benchmarks.real.report import as_json, faults, table
from sim import Sampling
from sim.calls.guard import ModelOptions
from sim.errors import ElsinoreError
from sim.scene.actor import LayoutName
from sim.scene.prose import WORDINGS

EVERY = get_args(LayoutName)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, count, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--model", required=True, help="a model string")
    parser.add_argument("--base-url", help="of a local server")
    parser.add_argument("--layout", action="append", choices=EVERY, help="default: all")
    parser.add_argument("--wording", action="append", choices=list(WORDINGS), help="default: all")
    parser.add_argument("--screen", type=int, default=60, help="turns a cell of the screening")
    parser.add_argument(
        "--turns", type=int, default=400, help="turns of each layout's best wording; 0: none"
    )
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument(
        "--max-tokens", type=int, help="of a reply (default: 80, for a block of an author 140)"
    )
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--store", type=Path, default=Path("runs/real.db"))
    options = parser.parse_args(arguments)
    sampling = Sampling(
        base_url=options.base_url, temperature=options.temperature, top_p=0.95, max_tokens=80
    )
    options.store.parent.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(_measured(options, sampling))
    except ElsinoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


async def _measured(options: argparse.Namespace, sampling: Sampling) -> int:
    chosen: list[tuple[Cell, Summary]] = []
    screened: list[tuple[Cell, Summary]] = []
    for layout in options.layout or EVERY:
        of_layout: list[tuple[Cell, Summary]] = []
        # A block of two turns, with their names, needs the room of both.
        tokens = options.max_tokens or (140 if layout == "author" else 80)
        room = {"max_tokens": tokens}
        asking = ModelOptions(sampling=sampling.model_copy(update=room))
        for wording in options.wording or list(WORDINGS):
            cell = Cell(options.model, layout, wording, CHOICE, options.screen)
            print(f"{cell.title} ...", file=sys.stderr)
            counts = await play_cell(cell, options.store, asking, options.concurrency)
            of_layout.append((cell, counts))
        screened += of_layout
        if not options.turns:
            _write(options.store, screened, chosen)
            continue
        best, _ = min(of_layout, key=lambda each: faults(each[1]))
        reported = report_cell(best, options.turns)
        print(f"{reported.title} ...", file=sys.stderr)
        counts = await play_cell(reported, options.store, asking, options.concurrency)
        chosen.append((reported, counts))
        _write(options.store, screened, chosen)
    print(f"Screened on {' and '.join(CHOICE)}:\n")
    print(table(screened))
    print(f"\nThe best wording of each layout, on {' and '.join(REPORT)}:\n")
    print(table(chosen))
    return 0


def _write(
    store: Path, screened: list[tuple[Cell, Summary]], chosen: list[tuple[Cell, Summary]]
) -> None:
    path = store.with_suffix(".json")
    tables = {"screened": as_json(screened), "chosen": as_json(chosen)}
    path.write_text(json.dumps(tables, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
