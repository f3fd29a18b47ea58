"""The canonical export: everything that happened, in a fixed order, without times.

Two stores that hold the same trials give the same bytes, however many scenes were played at once
and however often the run was killed.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from sim.output_files import write_file
from sim.store.connection import damaged, open_readonly
from sim.store.damage import reading
from sim.store.rows import encode_sorted

_TRIALS = """
    SELECT trial, scenario, parameters, model, stage, seed, arm, focal, "of", scene, status,
           reason, turns, at, branch, stages
    FROM trials ORDER BY scenario, model, seed, arm, focal, at, branch, trial
"""
_EVENTS = """
    SELECT turn, kind, actor, key, sample, payload
    FROM events WHERE trial = ? ORDER BY turn, kind, actor, key, sample
"""
# Only tests of versions before 3 wrote verdicts without a form.
_VERDICTS = """
    SELECT judge, form, shown, payload
    FROM verdicts WHERE trial = ? AND form != '' ORDER BY judge, form, shown
"""
_MATCHES = """
    SELECT tournament, round, match, leg, trial, motion, sides
    FROM matches ORDER BY tournament, round, match, leg
"""

_OTHER_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\u0085\u2028\u2029"}
"""They end a line for Python's ``splitlines`` and for some editors, and stand only inside texts."""


def export_lines(connection: sqlite3.Connection) -> Iterator[str]:
    """The lines of the canonical export, without line ends, from an open store."""
    for (
        trial, scenario, parameters, model, stage, seed, arm, focal, of, scene, status, reason,
        turns, at, branch, stages,
    ) in connection.execute(_TRIALS):  # fmt: skip
        # The events of a branch are those that it added itself, so that it has to say where it
        # begins.
        more = {} if at is None else {"at": at, "branch": branch}
        if stages != "{}":
            more["stages"] = json.loads(stages)
        yield encode_sorted(
            {
                **more,
                "record": "trial",
                "trial": trial,
                "scenario": scenario,
                "parameters": json.loads(parameters),
                "model": model,
                "stage": stage,
                "seed": seed,
                "arm": arm,
                "focal": focal,
                "of": of,
                "scene": json.loads(scene),
                "status": status,
                "reason": reason,
                "turns": turns,
            }
        )
        for turn, kind, actor, key, sample, payload in connection.execute(_EVENTS, (trial,)):
            yield encode_sorted(
                {
                    **json.loads(payload),
                    "record": "event",
                    "trial": trial,
                    "turn": turn,
                    "kind": kind,
                    "actor": actor,
                    "key": key,
                    "sample": sample,
                }
            )
        for judge, form, shown, payload in connection.execute(_VERDICTS, (trial,)):
            yield encode_sorted(
                {
                    **json.loads(payload),
                    "record": "verdict",
                    "trial": trial,
                    "judge": judge,
                    "form": form,
                    "shown": json.loads(shown),
                }
            )
    for tournament, name, definition in connection.execute(
        "SELECT tournament, name, definition FROM tournaments ORDER BY tournament"
    ):
        yield encode_sorted(
            {
                "record": "tournament",
                "tournament": tournament,
                "name": name,
                "definition": json.loads(definition),
            }
        )
    for *place, motion, sides in connection.execute(_MATCHES):
        keys = ("tournament", "round", "match", "leg", "trial")
        match = dict(zip(keys, place, strict=True))
        yield encode_sorted(
            {**match, "record": "match", "motion": motion, "sides": json.loads(sides)}
        )


def export_jsonl(store: Path | str, out: Path | str) -> None:
    """Write the canonical export of a store as JSON Lines; ``out`` may be ``-`` for stdout.

    A file appears whole or not at all. Raises ``StoreRefused`` if the store cannot be read,
    ``BadRequest`` if there is no place for the file or it would overwrite a store, ``RunFailed`` if
    it cannot be written.
    """
    connection = open_readonly(store)
    try:
        # In one transaction: a run that goes on meanwhile changes nothing in between.
        connection.execute("BEGIN")
        _refuse_damage(connection, Path(store))
        lines = _told(export_lines(connection), Path(store))
        if str(out) == "-":
            sys.stdout.flush()
            for part in _encoded(lines):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
        else:
            write_file(out, _encoded(lines), "export")
    finally:
        connection.close()


def _told(lines: Iterator[str], store: Path) -> Iterator[str]:
    """The lines; rows that nobody wrote are told as damage."""
    with reading(store):
        yield from lines


def _refuse_damage(connection: sqlite3.Connection, store: Path) -> None:
    """Raise ``StoreDamaged`` if SQLite's quick check finds something: an export has to be whole."""
    try:
        [(told,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        told = str(error)
    if told != "ok":
        raise damaged(store, " ".join(str(told).split()))


def _encoded(lines: Iterator[str]) -> Iterator[bytes]:
    """Lines as bytes. What other programs take for the end of a line is escaped."""
    for line in lines:
        yield f"{line.translate(_OTHER_LINE_ENDS)}\n".encode()
