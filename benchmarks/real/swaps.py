"""Are secret swaps of a persona found in scenes that a real model plays?

    python -m benchmarks.real.swaps --model gguf:gemma3-270m --layout screenplay [--pairs 12] \
        [--reader gguf:gemma3-270m] [--store runs/swaps.db] [--write]

Two neighbours talk; the stage plays both. The target is one character of a pair of
``sim/study/calibration/pairs.toml``, and the partner is nobody in particular. From a drawn turn on,
in secret,

    swap      the target has the persona of its opposite
    sham      the target has its own persona in other words
    partner   the partner has the persona of the target's opposite, and the target is as it was

so only *swap* is to be found. Evidence knows a sentence a side ("I am generous."), or five lines a
side that no prompt contained. *Found* is an alarm of ``spoken_flips`` within one turn of the
target's own; alarms in *sham* and *partner* are false. *Moved* says how far the mean position of
the target's lines moved, in steps of the scale, a check whether the model did anything at all: a
small one may ignore a swap, and then there is nothing to find. Sensitivity is to swaps that were
planted, which says little of flips that grow by themselves. ``elsinore calibrate`` grew out of this
and plants more; this stays for the kinds of evidence beside each other.

Scenes are kept in a store, and scores of ``--reader`` beside it, so that a run that was stopped
goes on where it was. Intervals are exact (Clopper and Pearson); pairs are the units.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from analysis.evidence.embeddings import available
from analysis.evidence.fused import Fused
from analysis.evidence.log_probabilities import LogProbabilities
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import Evidence, Reading, Sides, TextEvidence
from analysis.evidence.scoring import Asked
from analysis.measures.spoken_flips import FEWEST
from analysis.stats import clopper_pearson, mean_interval
from analysis.stats.random_orders import DRAWS, alarming
from analysis.tables import Tables, load
from benchmarks.validity.document import write_section
from sim import Actor, Persona, Scene, after, open_stage, ring
from sim.calls.guard import ModelOptions, open_models
from sim.planning import Trial, plan_scene
from sim.runs.options import RunOptions
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.scene.actor import LayoutName
from sim.scene.interventions import recast
from sim.scene.prose import wording_named
from sim.seeds import derive
from sim.study.calibration.following import HELD
from sim.study.calibration.plants import Pair, pairs

ARMS = ("swap", "sham", "partner")
TARGET, PARTNER = "Robin", "Alex"
TURNS = 12
PLACES = (2, 3, 4)
"""Of the target's six lines the swap comes before one of these, counted from 0."""
TOPIC = (
    "The storm has torn down the fence between their gardens. What is to be done, who pays, and "
    "what shall become of the old dog that sleeps under it?"
)


def known_sides(pair: Pair, known: int) -> Sides:
    """What evidence knows: a sentence a side (1), or five lines that no prompt contained."""
    if known == 1:
        return Sides((f"I am {pair.nice.words}.",), (f"I am {pair.nasty.words}.",))
    return Sides(pair.nice.lines[HELD], pair.nasty.lines[HELD])


def place_of(pair: Pair) -> int:
    """Before which of the target's lines the swap comes."""
    return PLACES[derive(7, pair.nice.words, pair.nasty.words) % len(PLACES)]


def scene(pair: Pair, arm: str, layout: LayoutName) -> Scene:
    """The scene of a pair in an arm."""

    other = f"{pair.nasty.words.capitalize()}, and shows it in every word."
    change = {
        "swap": Persona(name=TARGET, brief=other),
        "sham": Persona(
            name=TARGET, brief=f"Somebody who is {pair.nice.words}, which nobody can miss."
        ),
        "partner": Persona(name=PARTNER, brief=other),
    }[arm]
    own = Persona(name=TARGET, brief=f"{pair.nice.words.capitalize()}, and shows it in every word.")
    return Scene(
        topic=TOPIC,
        cast=(
            Actor(persona=own),
            Actor(persona=Persona(name=PARTNER, brief="A neighbour.")),
        ),
        graph=ring(TARGET, PARTNER),
        ends=after(turns=TURNS),
        interventions=(recast(change, at=2 * place_of(pair) + 1),),
        layout=layout,
        wording=wording_named("prose-9"),
        words=30,
    )


def planned(some: Sequence[Pair], layout: LayoutName, model: str, identity: str) -> list[Trial]:
    """A trial for each pair and arm; the arms of a pair share the seed."""
    trials: list[Trial] = []
    for number, pair in enumerate(some):
        for arm in ARMS:
            trials += plan_scene(
                scene(pair, arm, layout),
                name="swaps",
                models=[(model, identity)],
                parameters={"pair": number, "arm": arm, "layout": layout},
                trials=1,
            )
    return trials


async def play(
    some: Sequence[Pair], layout: LayoutName, model: str, store: Path, concurrency: int
) -> dict[tuple[int, str], str]:
    """Play what is missing; the trials by the number of the pair and the arm."""
    opened = open_models([model], ModelOptions())
    [(_, identity)] = opened.named
    trials = planned(some, layout, model, identity)
    try:
        await run_trials(trials, opened.stages, store, RunOptions(concurrency=concurrency))
    finally:
        await close_all(opened.stages.values())
    return {
        (cast(int, trial.parameters["pair"]), cast(str, trial.parameters["arm"])): trial.id
        for trial in trials
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """What an evidence said of the target of one trial."""

    arm: str
    alarm: bool
    near: bool
    moved: float


def seen(reading: Reading, arm: str, place: int) -> Seen | None:
    """Judged as ``spoken_flips`` does; None if the target said too little."""
    if reading.scale is None or reading.known.sum() < FEWEST:
        return None
    change = reading.change
    alarm = change.evidence > reading.scale.alarm and alarming(
        change.evidence, reading.in_random_orders(DRAWS)
    )
    at = np.flatnonzero(reading.known)[change.place]
    before, after_ = reading.positions[:place], reading.positions[place:]
    moved = (np.nanmean(after_) - np.nanmean(before)) / reading.scale.shift.step
    return Seen(arm, alarm, alarm and abs(int(at) - place) <= 1, float(moved))


def row(
    label: str, some: Sequence[Pair], tables: Tables, trials: dict[tuple[int, str], str],
    evidence: Evidence, known: int,
) -> str:  # fmt: skip
    """The row of an evidence."""
    found: list[Seen] = []
    for number, pair in enumerate(some):
        for arm in ARMS:
            told = tables.only([trials[number, arm]])
            readings = evidence.readings(told, {TARGET: known_sides(pair, known)})
            [target] = [each for each in readings if each.actor == TARGET]
            judged = seen(target, arm, place_of(pair))
            found += [] if judged is None else [judged]
    cells = [_share([each.near for each in found if each.arm == "swap"])]
    cells += [_share([each.alarm for each in found if each.arm == arm]) for arm in ARMS[1:]]
    for arm in ARMS:
        moved = mean_interval(np.array([each.moved for each in found if each.arm == arm]))
        cells.append(f"{moved.estimate:+.2f} [{moved.low:+.2f}, {moved.high:+.2f}]")
    how = "one sentence" if known == 1 else f"{known} lines"
    return f"| {label}, {how} | {' | '.join(cells)} |"


def _share(happened: Sequence[bool]) -> str:
    share = clopper_pearson(sum(happened), len(happened))
    return f"{sum(happened)}/{len(happened)} [{share.low:.0%}, {share.high:.0%}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--layout", default="persona_first")
    parser.add_argument("--pairs", type=int, default=12, help="of 24")
    parser.add_argument("--reader", help="a model that reads by log-probabilities")
    parser.add_argument("--store", type=Path, default=Path("runs/swaps.db"))
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write a section of the details")
    chosen = parser.parse_args(arguments)
    some = pairs()[: chosen.pairs]
    layout = cast(LayoutName, chosen.layout)
    trials = asyncio.run(play(some, layout, chosen.model, chosen.store, chosen.concurrency))
    tables = load(chosen.store).only(list(trials.values()))
    lines = [
        "| evidence | swaps found | alarms: sham | alarms: partner swapped | moved: swap "
        "| moved: sham | moved: partner |",
        "|---|---|---|---|---|---|---|",
    ]
    kinds: list[tuple[str, Evidence]] = [(name, Meaning(name)) for name in available()]
    asked = None
    if chosen.reader:
        asked = Asked(open_stage(chosen.reader), chosen.store.with_suffix(".scores.jsonl"))
        likely = LogProbabilities(asked)
        kinds.append(("log-probabilities", likely))
        kinds += fused([Meaning(name) for name in available()], likely)
    try:
        for label, evidence in kinds:
            for known in (1, 5):
                try:
                    lines.append(row(label, some, tables, trials, evidence, known))
                except ValueError:
                    continue  # No scale was fitted for so many lines.
                print(lines[-1], flush=True)
    finally:
        if asked is not None:
            asked.close()
    if chosen.write:
        name = Path(chosen.model.partition(":")[2]).stem
        about = (
            f"`python -m benchmarks.real.swaps`, {name} in {layout}, {len(some)} pairs, "
            f"{TURNS} turns a scene."
        )
        section = f"benchmarks.real.swaps {name}"
        write_section(section, f"Secret swaps played by {name}", [about, "\n".join(lines)])
    return 0


def fused(parts: Sequence[TextEvidence], likely: LogProbabilities) -> list[tuple[str, Any]]:
    """The kinds that were fitted together."""
    found = []
    for part in parts:
        try:
            found.append((f"{part.name} + log-probabilities", Fused(part, likely)))
        except ValueError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
