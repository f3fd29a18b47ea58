"""The cells of the benchmark: a model, a layout, a wording, and scenes of a few scenarios.

What is played is kept in a store, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.real.counts import Summary, summary, tally
from sim import Scene, after, open_store
from sim.calls.guard import ModelOptions, open_models
from sim.planning import Trial, plan_scene
from sim.planning.scenarios import build, find
from sim.runs.options import RunOptions
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.scene.actor import LayoutName
from sim.scene.prose import wording_named

CHOICE = ("water_sale", "luigi_gauntlet")
"""Scenarios on which wordings are compared and one is chosen."""

REPORT = ("mousetrap", "cross_purposes")
"""Scenarios on which the chosen wording is reported: other personas, other topics."""

LENGTH = 12
"""Turns of a scene."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``turns`` is how many turns are played in all, over the scenarios."""

    model: str
    layout: LayoutName
    wording: str
    scenarios: tuple[str, ...]
    turns: int

    @property
    def title(self) -> str:
        """The cell in a line."""
        return f"{self.model}, {self.layout}, {self.wording}, {' and '.join(self.scenarios)}"

    def planned(self, identity: str) -> list[Trial]:
        """Its trials, so many of each scenario that the turns come together."""
        each = max(1, -(-self.turns // (LENGTH * len(self.scenarios))))
        trials: list[Trial] = []
        for scenario in self.scenarios:
            trials += plan_scene(
                scene_of(scenario, self.layout, self.wording),
                name=scenario,
                models=[(self.model, identity)],
                parameters={"layout": self.layout, "wording": self.wording},
                trials=each,
            )
        return trials


def scene_of(scenario: str, layout: LayoutName, wording: str) -> Scene:
    """A scenario's scene in a layout and a wording, of ``LENGTH`` turns, short enough for small
    models: at most 40 words a turn, asked where everybody stands at the start and at the end."""
    scene = build(find(scenario), {})
    probes = tuple(probe.replace(every=None) for probe in scene.probes if probe.when is None)
    return scene.replace(
        layout=layout,
        wording=wording_named(wording),
        ends=after(turns=LENGTH),
        words=40,
        probes=probes,
        block=2,
    )


async def play_cell(cell: Cell, store: Path, asking: ModelOptions, concurrency: int) -> Summary:
    """Play what is missing of a cell, and count."""
    opened = open_models([cell.model], asking)
    [(_, identity)] = opened.named
    trials = cell.planned(identity)
    try:
        await run_trials(trials, opened.stages, store, RunOptions(concurrency=concurrency))
    finally:
        await close_all(opened.stages.values())
    return counted(store, [trial.id for trial in trials])


def counted(store: Path, trials: Sequence[str]) -> Summary:
    """The counts of trials in a store."""
    with open_store(store) as opened:
        return summary([tally(trial) for trial in opened.trials(trials)])


def report_cell(cell: Cell, turns: int) -> Cell:
    """The same model, layout and wording on the scenarios that are reported."""
    return replace(cell, scenarios=REPORT, turns=turns)
