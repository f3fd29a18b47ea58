"""Can a blind reader tell who spoke? A model reads each line beside two descriptions.

    .tools/bin/uv run python -m benchmarks.real.reader runs/real.db --model gguf:FILE \\
        --scenario cross_purposes

For every line of a scene of two, the reader scores log p(line | description) under the description
of the one and of the other, with names masked. What is reported is the chance that a line of the
first has a larger difference of the two than a line of the second (the area under the ROC curve):
0.5 if nothing can be told, whatever the reader thinks of a description as such. The interval is
95%, over scenes (Student's t).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.stats import mean_interval
from benchmarks.real.scoring import log_prob
from sim import open_store
from sim.calls.guard import open_stage
from sim.errors import BadRequest, ElsinoreError
from sim.layouts.prompt import Prompt
from sim.scene.prose import PROSE
from sim.scene.scene import Scene
from sim.stage.base import Stage, close_stage
from sim.store import StoredTrial


def masked(text: str, names: Sequence[str]) -> str:
    """A text without the names of the cast.

    >>> masked("Ada's boat, Ben.", ["Ada", "Ben"])
    "Somebody's boat, Somebody."
    """
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "Somebody")
    return text


def description(scene: Scene, seat: int) -> str:
    """What is said of a character, without names."""
    return masked(PROSE.sheet(scene.cast[seat].persona), scene.names)


async def differences(stage: Stage, trial: StoredTrial) -> tuple[list[float], list[float]]:
    """For the lines of each of the two: log p under the first description less the second's."""
    scene = trial.scene
    if len(scene.cast) != 2:
        raise BadRequest(f"trial {trial.id[:8]}: the reader tells two apart, and here are others")
    prompts = [
        Prompt.start("text", f"{description(scene, seat)}\n\nThen Somebody spoke.\n\nSomebody:")
        for seat in (0, 1)
    ]
    sides: tuple[list[float], list[float]] = ([], [])
    for turn in trial.transcript.turns:
        if turn.source == "intervention":
            continue
        text = f" {masked(turn.text, scene.names)}"
        scores = [await log_prob(stage, prompt, text, "Somebody") for prompt in prompts]
        sides[scene.names.index(turn.speaker)].append(scores[0] - scores[1])
    return sides


def area(first: Sequence[float], second: Sequence[float]) -> float:
    """The area under the ROC curve; ties count half.

    >>> area([2.0, 1.0], [0.0, 1.0])
    0.875
    """
    pairs = [(one > other) + 0.5 * (one == other) for one in first for other in second]
    return float(np.mean(pairs))


async def areas(model: str, store: Path, trials: Sequence[str]) -> list[float]:
    """The area for each scene."""
    stage = open_stage(model)
    told: list[float] = []
    try:
        with open_store(store) as opened:
            for trial in opened.trials(list(trials)):
                told.append(area(*await differences(stage, trial)))
                print(f"{trial.id[:8]} {told[-1]:.2f}", file=sys.stderr)
    finally:
        await close_stage(stage)
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, estimate, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real.reader", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--model", required=True, help="the reader")
    parser.add_argument("--scenario", default="cross_purposes")
    parser.add_argument("--wording", default=PROSE.version)
    options = parser.parse_args(arguments)
    try:
        with open_store(options.store) as opened:
            trials = [
                trial.id
                for trial in opened.trials()
                if trial.scenario == options.scenario and trial.status == "done"
                and trial.parameters.get("wording") == options.wording
            ]  # fmt: skip
        told = asyncio.run(areas(options.model, options.store, trials))
    except ElsinoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if len(told) < 2:
        print("error: fewer than two scenes; play more", file=sys.stderr)
        return 1
    mean = mean_interval(np.array(told))
    limits = f"[{mean.low:.3f}, {mean.high:.3f}]"
    print(f"{mean.estimate:.3f} {limits} over {len(told)} scenes; chance is 0.5")
    return 0


if __name__ == "__main__":
    sys.exit(main())
