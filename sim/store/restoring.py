"""Reads a canonical export back into a store: the same export comes out of it again.

What an export leaves out (prompts, replies, times, hidden truths) is not there; trials that came to
their end need none of it, and others are left out, because a run could not go on with them.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sim.store.rows import encode, encode_sorted, from_row
from sim.store.shapes import check_row
from sim.store.writer import Writer

_TRIAL = (
    "INSERT OR IGNORE INTO trials (trial, run, scenario, parameters, model, stage, seed, arm, "
    'focal, "of", scene, status, reason, turns, at, branch, stages) '
    "VALUES (:trial, :run, :scenario, :parameters, :model, :stage, :seed, :arm, :focal, :of, "
    ":scene, :status, :reason, :turns, :at, :branch, :stages)"
)
_EVENT = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_VERDICT = (
    "INSERT OR IGNORE INTO verdicts (trial, judge, form, shown, payload) VALUES (?, ?, ?, ?, ?)"
)
_TOURNAMENT = (
    "INSERT OR IGNORE INTO tournaments (tournament, name, definition, started) VALUES (?, ?, ?, ?)"
)
_MATCH = (
    "INSERT OR IGNORE INTO matches (tournament, round, match, leg, trial, motion, sides) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class BrokenRecord(ValueError):
    """A line that is no record of an export. ``line`` is its number, from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def restore(lines: Iterable[str], writer: Writer, manifest: str) -> Counter[str]:
    """Add what an export holds to a store, all or nothing; how many records of each kind were new,
    and under ``known`` and ``unfinished`` the trials that were left out.

    Raises ``BrokenRecord`` for a line that is none; then nothing is added. Raises like
    ``Writer.commit``.
    """
    with writer.restoring(manifest) as (execute, run):
        adding = _Adding(execute, run)
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                kind = record.pop("record")
                add = adding.by_kind[kind]
                add(record)
            except RecursionError:
                raise BrokenRecord(number, "it nests too deep") from None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                told = f"it has no {error}" if isinstance(error, KeyError) else str(error)
                raise BrokenRecord(number, f"is no record of an export ({told:.200})") from None
    return adding.counts


class _Adding:
    """Adds records in the order of an export: each trial before its events and verdicts."""

    def __init__(self, execute: Callable[..., int], run: int) -> None:
        self.execute = execute
        self.run = run
        self.counts: Counter[str] = Counter()
        self.new: set[str] = set()
        self.by_kind: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "trial": self.trial,
            "event": self.event,
            "verdict": self.verdict,
            "tournament": self.tournament,
            "match": self.match,
        }

    def trial(self, record: dict[str, Any]) -> None:
        row = {"at": None, "branch": None, **record, "run": self.run}
        for column in ("parameters", "scene"):
            row[column] = encode_sorted(record[column])
        row["stages"] = encode_sorted(record.get("stages", {}))
        check_row(row, "trials")
        if row["status"] != "done":
            self.counts["unfinished"] += 1
        elif self.execute(_TRIAL, row):
            self.new.add(row["trial"])
            self.counts["trials"] += 1
        else:
            self.counts["known"] += 1

    def event(self, record: dict[str, Any]) -> None:
        place = [record.pop(name) for name in ("trial", "turn", "kind", "actor", "key", "sample")]
        row = (*place, encode(record), 0.0)
        from_row(row)
        if place[0] in self.new:
            self.counts["events"] += self.execute(_EVENT, row)

    def verdict(self, record: dict[str, Any]) -> None:
        trial, judge, form, shown = (
            record.pop(name) for name in ("trial", "judge", "form", "shown")
        )
        row = {"trial": trial, "judge": judge, "form": form, "shown": encode(shown),
               "payload": encode(record)}  # fmt: skip
        check_row(row, "verdicts")
        if trial in self.new:
            self.counts["verdicts"] += self.execute(_VERDICT, tuple(row.values()))

    def tournament(self, record: dict[str, Any]) -> None:
        row = {"tournament": record["tournament"], "name": record["name"],
               "definition": encode(record["definition"]), "started": time.time()}  # fmt: skip
        check_row(row, "tournaments")
        self.counts["tournaments"] += self.execute(_TOURNAMENT, tuple(row.values()))

    def match(self, record: dict[str, Any]) -> None:
        names = ("tournament", "round", "match", "leg", "trial", "motion")
        row = {**{name: record[name] for name in names}, "sides": encode(record["sides"])}
        check_row(row, "matches")
        self.counts["matches"] += self.execute(_MATCH, tuple(row.values()))
