"""What is going on in a store that somebody else writes: counted anew at each look.

A look reads only the rows that came since the last one, so that a large store is followed as
cheaply as a small one.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sim.events import Turn
from sim.stage.open import is_real
from sim.store.connection import open_readonly, writing
from sim.store.damage import told_as_damage
from sim.store.reader import Store
from sim.store.rows import from_row, usage_from_json
from sim.store.runs import StoredRun

_NEW_TURNS = "SELECT max(rowid), count(*) FILTER (WHERE kind = 'turn') FROM events WHERE rowid > ?"
_LAST_TURNS = (
    "SELECT trial, turn, kind, actor, key, sample, payload, seconds FROM events"
    " WHERE rowid > ? AND kind = 'turn' ORDER BY rowid DESC LIMIT ?"
)
_NEW_REPLIES = "SELECT rowid, usage FROM replies WHERE rowid > ? AND cached = 0 ORDER BY rowid"


class Line(NamedTuple):
    """A line that was said, and the trial in which it was."""

    trial: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Activity:
    """What was there at a look.

    ``trials`` counts trials by their status, ``turns`` and ``calls`` are those of all, ``tokens``
    and ``usd`` what was paid (None: some price is unknown; ``free``: no stage is a language model).
    ``latest`` are the last lines, oldest first. ``run`` is the last run (None: none has begun),
    ``written`` whether a process holds the store for writing now, ``failures`` how many calls
    failed for good.
    """

    trials: dict[str, int]
    turns: int
    calls: int
    tokens: int
    usd: float | None
    free: bool
    failures: int
    latest: tuple[Line, ...]
    run: StoredRun | None
    written: bool


class Follower:
    """Looks at a store again and again; ``lines`` is how many of the last lines it remembers.

    Raises ``StoreRefused`` if there is no store at the path, ``StoreDamaged`` for a row that nobody
    wrote.
    """

    def __init__(self, path: Path | str, lines: int = 8) -> None:
        self.path = Path(path)
        self.lines = lines
        self._connection = open_readonly(path)
        self._store = Store(self._connection, self.path)
        self._begin()

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    @told_as_damage
    def look(self) -> Activity:
        """What is there now."""
        # Trials that are played again lose their rows: then all is counted anew.
        if self._one("SELECT coalesce(max(rowid), 0) FROM events") < self._event:
            self._begin()
        self._count_turns()
        self._count_calls()
        trials = self._connection.execute("SELECT status, count(*) FROM trials GROUP BY status")
        runs = self._store.runs()
        return Activity(
            dict(trials.fetchall()), self._turns, self._calls, self._tokens, self._usd,
            self._free(), self._one("SELECT count(*) FROM failures"), tuple(self._latest),
            runs[-1] if runs else None, writing(self.path) is not None,
        )  # fmt: skip

    def _begin(self) -> None:
        self._event = self._reply = 0
        self._turns = self._calls = self._tokens = 0
        self._usd: float | None = 0.0
        self._latest: deque[Line] = deque(maxlen=self.lines)

    def _free(self) -> bool:
        """Whether no stage is a language model."""
        stages = self._connection.execute("SELECT DISTINCT stage FROM trials").fetchall()
        return not any(is_real(str(stage)) for (stage,) in stages)

    def _one(self, sql: str) -> int:
        [(number,)] = self._connection.execute(sql).fetchall()
        return int(number)

    def _count_turns(self) -> None:
        [(last, count)] = self._connection.execute(_NEW_TURNS, (self._event,)).fetchall()
        if last is None:
            return
        rows = self._connection.execute(_LAST_TURNS, (self._event, self.lines)).fetchall()
        for row in reversed(rows):
            event = from_row(row)
            assert isinstance(event, Turn)
            self._latest.append(Line(str(row[0]), event))
        self._event, self._turns = int(last), self._turns + int(count)

    def _count_calls(self) -> None:
        for number, text in self._connection.execute(_NEW_REPLIES, (self._reply,)):
            usage = usage_from_json(json.loads(text))
            self._reply, self._calls = int(number), self._calls + 1
            self._tokens += usage.prompt_tokens + usage.completion_tokens
            # One unknown price makes the sum unknown; it does not count as zero.
            if usage.usd is None:
                self._usd = None
            elif self._usd is not None:
                self._usd += usage.usd
