"""``elsinore analyze``: who flipped, whether they come together, who fights whom."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sim.cli.options import ArmFacts, Json, Level, LogLevel, Store


def analyze(
    store: Store,
    arm: ArmFacts = None,
    meaning: Annotated[
        bool,
        typer.Option(
            "--meaning",
            help="Also look for flips in what lines mean, by sentence embeddings "
            "(best with the extra embeddings). It needs personas that have an opposite.",
        ),
    ] = False,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Say who flipped, whether they come together, and who fights whom, arm by arm.

    The evidence is named. Trials that came to their end count; branches and surrogates only if
    --arm names them.
    """
    from sim.cli.arms import arm_labels, trials_of_an_arm
    from sim.cli.display.terminal import command_line, err, out
    from sim.planning.scenarios import own
    from sim.store import open_store

    own("analysis")
    with open_store(store) as opened:
        trials = trials_of_an_arm(opened, arm or (), command_line("analyze", store), pool=True)
        labels = arm_labels(opened, trials)
    by_arm: dict[str, list[str]] = {}
    for trial in trials:
        by_arm.setdefault(labels[trial.id] or trial.title, []).append(trial.id)
    from analysis.tables import load
    from sim.cli.analyzing import analysed
    from sim.cli.display.analyses import show

    console = err()
    with console.status("measuring"):
        records = analysed(load(store), list(by_arm.items()), meaning=meaning)
    if as_json:
        out().out(json.dumps({"store": str(store), "arms": records}, allow_nan=False))
        return
    show(records, store, trials[0].id, out())
