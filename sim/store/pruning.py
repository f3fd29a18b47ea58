"""Removes trials that did not come to their end, where somebody asked for it.

Replies stay: they were paid for, and a later run of the same trial uses them again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sim.store.reader import Store, open_store
from sim.store.trials import StoredTrial
from sim.store.writer import Writer

_TABLES = ("events", "truths", "verdicts", "intents", "trials")


@dataclass(frozen=True, slots=True)
class Stale:
    """Trials that can be removed, and those that are needed, with the reason."""

    trials: tuple[StoredTrial, ...]
    needed: tuple[tuple[StoredTrial, str], ...]


def stale(store: Store, statuses: Collection[str] = ("planned", "failed")) -> Stale:
    """The trials of a store that were torn off (``planned``) or failed."""
    every = store.trials()
    parents = {trial.of for trial in every if trial.of is not None}
    debates = {match.trial for each in store.tournaments() for match in store.matches(each.id)}
    found, needed = [], []
    for trial in every:
        if trial.status not in statuses:
            continue
        if trial.id in debates:
            needed.append((trial, "a match of a tournament, which plays it on"))
        elif trial.id in parents:
            needed.append((trial, "others begin with it, or are its surrogates"))
        else:
            found.append(trial)
    return Stale(tuple(found), tuple(needed))


def remove(path: Path | str, trials: Collection[str]) -> int:
    """Remove trials by their whole ids, all or none; how many there were.

    Those that came to their end meanwhile, or that something else needs by now, are left. Raises
    ``StoreRefused`` if somebody writes the store.
    """
    writer = Writer.open(path)
    try:
        known = {trial.id for trial in stale(writer.store).trials}
        rows = [(trial,) for trial in trials if trial in known]
        writer.write_now(
            [(f"DELETE FROM {table} WHERE trial = ?", rows) for table in _TABLES]  # noqa: S608
        )
    finally:
        writer.close()
    return len(rows)


def stale_in(path: Path | str, statuses: Collection[str]) -> tuple[list[str], list[str], list[str]]:
    """The ids of stale trials of a store, and a line for each; then a line for each that stays."""
    with open_store(path) as store:
        found = stale(store, statuses)
        return (
            [trial.id for trial in found.trials],
            [str(trial) for trial in found.trials],
            [f"{trial}: stays, {why}" for trial, why in found.needed],
        )
