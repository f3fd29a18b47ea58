"""Runs and their calls in doubt, as a store has them; and the statements that write runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.planning import Trial, canonical
from sim.redaction import redact, redact_tree
from sim.stage.base import Purpose
from sim.store.rows import encode_sorted

INSERT_RUN = "INSERT INTO runs (run, started, manifest) VALUES (?, ?, ?)"
END_RUN = "UPDATE runs SET ended = ?, outcome = ?, summary = ? WHERE run = ?"
ADD_DOUBTED = (
    "UPDATE runs SET manifest = json_set(manifest, '$.doubted', (SELECT json_group_array("
    "json(value)) FROM (SELECT value FROM json_each(coalesce(json_extract(manifest, '$.doubted'),"
    " '[]')) UNION ALL SELECT value FROM json_each(?)))) WHERE run = ?"
)
INSERT_TRIAL = (
    "INSERT OR IGNORE INTO trials"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', NULL, 0, ?, ?, ?)"
)
FINISH_TRIAL = "UPDATE trials SET status = ?, reason = ?, turns = ?, run = ? WHERE trial = ?"
INSERT_TRUTH = "INSERT OR REPLACE INTO truths VALUES (?, ?, ?)"
PLAY_AGAIN = (
    "DELETE FROM events WHERE trial = ?",
    "DELETE FROM truths WHERE trial = ?",
    "UPDATE trials SET status = 'planned', reason = NULL, turns = 0 WHERE trial = ?",
)
"""Statements that reset a trial that is to be played again from its replies."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run. ``ended`` and ``outcome`` are None while it goes on, or if it was killed.

    ``manifest`` describes how to run it again and lists the calls that were in doubt at its
    beginning, ``summary`` what each stage was asked and used, and why the run stopped early.
    """

    number: int
    started: float
    ended: float | None
    outcome: str | None
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A call of which it is not known whether it was answered (and paid for).

    ``run`` is the run that made it.
    """

    trial: str
    turn: int
    purpose: Purpose
    actor: str
    key: str = field(default="", compare=False, repr=False)
    run: int = field(default=0, compare=False, repr=False)


DOUBTED = (
    "SELECT outcome, json_extract(manifest, '$.doubted') FROM runs"
    " WHERE json_extract(manifest, '$.doubted') IS NOT NULL ORDER BY run"
)
"""The rows that ``untold`` reads."""

_TOLD = ("done", "budget", "interrupted", "aborted")
"""Outcomes of runs that end with a report, which says how many calls were in doubt."""


def doubted_to_json(doubts: Iterable[InDoubt]) -> list[list[Any]]:
    """Calls in doubt, for the manifest of a run."""
    return [
        [each.trial, each.turn, each.purpose, each.actor, each.key, each.run] for each in doubts
    ]


def untold(rows: Iterable[tuple[Any, ...]], now: Iterable[InDoubt]) -> list[InDoubt]:
    """The calls in doubt of which no report has told: those of now, and of runs that were killed.

    A run that was killed told nothing of the calls that it found in doubt, and perhaps it made
    them again: then nothing but its manifest knows of the first time. ``rows`` are those of
    ``DOUBTED``. Raises ``ValueError`` or ``TypeError`` for a manifest that nobody wrote.
    """
    found: dict[tuple[str, int], InDoubt] = {}
    for outcome, listed in rows:
        doubts = [InDoubt(*each) for each in json.loads(listed)]
        for doubt in doubts:
            if outcome in _TOLD:
                found.pop((doubt.key, doubt.run), None)
            else:
                found[doubt.key, doubt.run] = doubt
    for doubt in now:
        found[doubt.key, doubt.run] = doubt
    return list(found.values())


def trial_rows(trials: Sequence[Trial], run: int) -> list[tuple[Any, ...]]:
    """New trials as rows of ``trials``. What trials share is written and redacted once."""
    scenes: dict[int, str] = {}
    parameters: dict[int, str] = {}
    clean: dict[str, str] = {}
    for trial in trials:
        if id(trial.scene) not in scenes:
            scenes[id(trial.scene)] = canonical(trial.scene)
        if id(trial.parameters) not in parameters:
            parameters[id(trial.parameters)] = encode_sorted(redact_tree(trial.parameters))
        for text in (trial.model, trial.stage):
            if text not in clean:
                clean[text] = redact(text)
    return [
        _row(trial, run, scenes[id(trial.scene)], parameters[id(trial.parameters)], clean)
        for trial in trials
    ]


def _row(
    trial: Trial, run: int, scene: str, parameters: str, clean: Mapping[str, str]
) -> tuple[Any, ...]:
    return (
        trial.id,
        run,
        trial.scenario,
        parameters,
        clean[trial.model],
        clean[trial.stage],
        trial.seed,
        trial.arm,
        trial.focal,
        trial.of,
        scene,
        trial.at,
        trial.branch,
        encode_sorted(redact_tree(dict(trial.stages))),
    )
