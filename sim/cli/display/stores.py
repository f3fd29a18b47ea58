"""The trials of a store, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.arms import differing, facts_of
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import command_line, one_line, print_block
from sim.planning.trials import LIVE
from sim.store import StoredTrial

_COLUMNS = ("scenario", "version", "model", "arm")
"""Facts of arms that have a column of their own."""

_OTHERS = ("trial", "seed", "status", "turns", "flips")
"""Titles of the other columns; a parameter may have such a name, too."""

MOST = 6
"""At most so many further facts that tell arms apart get a column."""

MOST_LISTED = 2_000
"""A list is no longer, and a longer one has no flips: they are learned from whole arms, which takes
minutes where there are tens of thousands of trials."""


def print_trials(
    console: Console,
    store: Path,
    trials: Sequence[StoredTrial],
    names: Mapping[str, str],
    outcomes: Mapping[str, Mapping[str, Any]] | None,
    versions: Mapping[str, str],
    told: Sequence[str],
) -> None:
    """Print one row for each trial. ``names`` are short ids, ``outcomes`` are by trial; None where
    they were not worked out.

    ``versions`` are the trials' versions, and ``told`` says how these differ, where there are any.
    """
    if not trials:
        console.print(Text(f"{one_line(str(store))} holds no trials."))
        return
    others = any(trial.arm != LIVE for trial in trials)
    facts = {trial.id: facts_of(trial, versions[trial.id]) for trial in trials}
    more = [name for name in differing(trials, versions) if name not in _COLUMNS]
    rows = table(
        "trial",
        "scenario",
        *(["version"] if told else []),
        "model",
        *(["arm"] if others else []),
        *(f"-P {one_line(name)}" if name in _OTHERS else one_line(name) for name in more[:MOST]),
        "seed",
        "status",
        "turns",
        *(["flips"] if outcomes is not None else []),
        right=("seed", "turns"),
        whole=("trial", "status"),  # A part of an id names no trial.
    )
    for trial in trials:
        cells = [
            Text(names[trial.id], style="bold cyan"),
            Text(one_line(trial.title)),
            *([Text(versions[trial.id])] if told else []),
            Text(one_line(trial.model)),
        ]
        if others:
            cells.append(Text(one_line(trial.arm + (f" {trial.focal}" if trial.focal else ""))))
        cells += [Text(one_line(facts[trial.id].get(name, NONE))) for name in more[:MOST]]
        cells += [
            Text(str(trial.seed)),
            _status(trial),
            Text(str(trial.turns)),
            *([] if outcomes is None else [_flips(outcomes.get(trial.id, {}))]),
        ]
        rows.add_row(*cells)
    print_block(console, rows)
    for line in told:
        console.print(Text(one_line(line), style="yellow"))
    command = command_line("show", store, names[trials[0].id])
    console.print(Text(f"Read one: {command}", style="dim"), soft_wrap=True)


def print_cut(console: Console, store: Path, first: int, count: int) -> None:
    """Say that a list was cut, and where everything is."""
    view = command_line("view", store)
    console.print(
        Text(
            f"The first {first:,} of {count:,} trials, without their flips; choose some with "
            f"--arm, see all with {view}, or use --json",
            style="dim",
        ),
        soft_wrap=True,
    )


def print_left_out(console: Console, count: int, command: str) -> None:
    """Say how many branches of a command are not listed."""
    console.print(
        Text(
            f"{count:,} branches of elsinore {command} are not listed; name one of their arms with "
            "--arm, or use --json",
            style="dim",
        ),
        soft_wrap=True,
    )


def _status(trial: StoredTrial) -> Text:
    style = {"done": "green", "failed": "red"}.get(trial.status, "yellow")
    return Text(one_line(trial.status), style=style)


def _flips(outcomes: Mapping[str, Mapping[str, Any]]) -> Text:
    flips = [(each["flip"], actor) for actor, each in outcomes.items() if each["flip"] is not None]
    if not flips:
        return Text(NONE, style="dim")
    return Text(
        ", ".join(f"{one_line(actor)} {turn}" for turn, actor in sorted(flips)), style="red"
    )
