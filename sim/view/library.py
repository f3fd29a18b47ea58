"""The store as the viewer reads it: rows of trials, searched, filtered and sorted."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.planning.trials import LIVE
from sim.store import Store, StoredTrial, open_store, short_ids
from sim.store.connection import writing
from sim.store.lines import Lines
from sim.store.searching import Found
from sim.view.readings import Mark, Measured, Measures

SORTS = ("scenario", "model", "arm", "seed", "status", "turns", "marks", "trial")
"""By what the list can be sorted."""

_LOOK_SECONDS = 0.4
"""A store that is being written is not read again sooner."""

_LINES_AFTER_SECONDS = 1.0

_SMALL = 500
_MEASURED_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Row:
    """A trial in the list. ``place`` is where it stands in the order of the store."""

    id: str
    short: str
    scenario: str
    model: str
    arm: str
    seed: int
    status: str
    reason: str
    turns: int
    of: str | None
    at: int | None
    branch: int | None
    parameters: str
    place: int
    debate: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for: facts that trials have to have, words, the order."""

    facts: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    words: str = ""
    sort: str = ""
    down: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that were asked for, and where words were found in them."""

    rows: Sequence[Row]
    found: Mapping[str, Found]


class Library:
    """A store, read for pages: rows are kept until the store changes.

    Each reading opens the file anew, so that pages may be made in several threads. This process
    never writes the store: forks are played by another one.
    """

    def __init__(self, path: Path, measures: Measures | None = None) -> None:
        self.path = path
        self.measures = measures or Measures()
        self.measured = Measured(path, self.measures)
        self._lines = Lines(path)
        self._lock = threading.Lock()
        self._rows: Sequence[Row] = ()
        self._state = ""
        self._looked = 0.0

    def open(self) -> Store:
        """The store. Close it, or use it in a ``with``."""
        return open_store(self.path)

    @property
    def written(self) -> bool:
        """Whether a process holds the store for writing now."""
        return writing(self.path) is not None

    def state(self) -> str:
        """A text that is another one when the store has been written."""
        told = []
        for path in (self.path, Path(f"{self.path}-wal")):
            try:
                found = path.stat()
            except OSError:
                told.append("-")
            else:
                told.append(f"{found.st_size}.{found.st_mtime_ns}")
        return ".".join(told)

    def rows(self) -> Sequence[Row]:
        """All trials in the order of the store, branches last. Raises ``StoreRefused``."""
        with self._lock:
            state = self.state()
            since = time.monotonic() - self._looked
            if state != self._state and (since > _LOOK_SECONDS or not self._rows):
                with self.open() as store:
                    self._rows = _read(store)
                self._state, self._looked = state, time.monotonic()
            self.measured.refresh(self._state)
            return self._rows

    def settle(self) -> None:
        """Wait a moment for the marks of a small store, which are there at once."""
        if len(self.rows()) <= _SMALL:
            self.measured.wait(_MEASURED_SECONDS)

    def marks(self, trial: str) -> Sequence[Mark]:
        """The marks of a trial, as far as they are measured."""
        return self.measured.reading.marks.get(trial, ())

    def choose(self, wanted: Wanted) -> Chosen:
        """The rows that are asked for, in the order asked for."""
        rows: Sequence[Row] = self.rows()
        # Whoever sees the list will search it; but the list itself comes first.
        self._lines.begin(self.state(), _LINES_AFTER_SECONDS)
        for name, value in wanted.facts.items():
            rows = [row for row in rows if str(getattr(row, name)) == value]
        if wanted.mark:
            rows = [
                row for row in rows if any(mark.kind == wanted.mark for mark in self.marks(row.id))
            ]
        found: Mapping[str, Found] = {}
        if wanted.words.strip():
            found = self._lines.saying(wanted.words, self.state())
            start = wanted.words.strip().lower()
            rows = [row for row in rows if row.id in found or (row.id.startswith(start) and start)]
        if wanted.sort in SORTS:
            rows = sorted(rows, key=lambda row: self._key(row, wanted.sort), reverse=wanted.down)
        return Chosen(rows, found)

    def _key(self, row: Row, sort: str) -> tuple[Any, int]:
        if sort == "marks":
            return len(self.marks(row.id)), row.place
        if sort == "trial":
            return row.id, row.place
        return getattr(row, sort), row.place

    def family(self, trial: str) -> list[Row]:
        """The trial that a trial branches off in the end, and all branches of it, parents first."""
        rows = self.rows()
        by_id = {row.id: row for row in rows}
        root = trial
        seen = {root}
        while (row := by_id.get(root)) is not None and row.at is not None and row.of in by_id:
            if row.of in seen:
                break
            root = row.of
            seen.add(root)
        members, known = [], {root}
        if root in by_id:
            members.append(by_id[root])
        grown = True
        while grown:
            grown = False
            for row in rows:
                if row.at is not None and row.of in known and row.id not in known:
                    known.add(row.id)
                    members.append(row)
                    grown = True
        return members


def _read(store: Store) -> list[Row]:
    # Branches stand below what was played first: a tree may have hundreds for one trial.
    trials = sorted(store.trials(), key=lambda trial: trial.at is not None)
    names = short_ids(trial.id for trial in trials)
    return [_row(trial, names[trial.id], place) for place, trial in enumerate(trials)]


def _row(trial: StoredTrial, short: str, place: int) -> Row:
    arm = trial.arm if trial.focal is None else f"{trial.arm} {trial.focal}"
    told = ", ".join(f"{name}={value}" for name, value in trial.parameters.items())
    return Row(
        trial.id, short, trial.title, trial.model, arm, trial.seed, trial.status,
        trial.reason or "", trial.turns, trial.of, trial.at, trial.branch, told[:400], place,
        bool(trial.entrants),
    )  # fmt: skip


def arm_of(row: Row) -> str:
    """The arm of a row for people: nothing for the arm in which everybody plays."""
    return "" if row.arm == LIVE else row.arm
