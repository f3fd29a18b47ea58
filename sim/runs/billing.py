"""The bill of a run: the run and its trials, written down before anything is played."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sim.planning import Trial, canonical
from sim.redaction import redact, redact_tree
from sim.store import Writer, encode_sorted

_INSERT_TRIAL = (
    "INSERT OR IGNORE INTO trials"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', NULL, 0, ?, ?, ?)"
)


def write_down(writer: Writer, manifest: str, new: Sequence[Trial], again: Sequence[str]) -> int:
    """Commit the beginning of a run: its number.

    ``new`` are the trials that the store does not know. Those in ``again`` have failed and are
    played again from their replies: those that are there are not asked for again, and whatever
    followed from the failure is gone.
    """
    (last,) = writer.connection.execute("SELECT coalesce(max(run), 0) FROM runs").fetchone()
    number = int(last) + 1
    scenes: dict[int, str] = {}
    for trial in new:
        if id(trial.scene) not in scenes:
            scenes[id(trial.scene)] = canonical(trial.scene)
    failed = [(trial,) for trial in again]
    writer.write_now(
        [
            (
                "INSERT INTO runs (run, started, manifest) VALUES (?, ?, ?)",
                [(number, time.time(), manifest)],
            ),
            (_INSERT_TRIAL, [_row(trial, number, scenes[id(trial.scene)]) for trial in new]),
            ("DELETE FROM events WHERE trial = ?", failed),
            ("DELETE FROM truths WHERE trial = ?", failed),
            (
                "UPDATE trials SET status = 'planned', reason = NULL, turns = 0 WHERE trial = ?",
                failed,
            ),
        ]
    )
    return number


def _row(trial: Trial, run: int, scene: str) -> tuple[Any, ...]:
    return (
        trial.id,
        run,
        trial.scenario,
        encode_sorted(redact_tree(trial.parameters)),
        redact(trial.model),
        redact(trial.stage),
        trial.seed,
        trial.arm,
        trial.focal,
        trial.of,
        scene,
        trial.at,
        trial.branch,
        encode_sorted(redact_tree(dict(trial.stages))),
    )
