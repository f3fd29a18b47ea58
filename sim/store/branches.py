"""Transcripts in a store: a tree, in which a branch shares the turns before it with its parent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sim.errors import StoreRefused
from sim.store.rows import from_row
from sim.transcript import Transcript

_OWN = "SELECT * FROM events WHERE trial = ? ORDER BY turn, kind, actor, key, sample"


def transcript_of(
    connection: sqlite3.Connection,
    trial: str,
    parent_of: Callable[[str], Transcript] | None = None,
) -> Transcript:
    """The transcript of a trial, as far as it is stored: a branch of its parent's, if it is one.

    ``parent_of`` finds the transcript of a parent, where that is at hand already. Raises
    ``StoreRefused`` if a parent is not in the store or if its parents go around in a circle.
    """
    return _transcript(connection, trial, parent_of, ())


def _transcript(
    connection: sqlite3.Connection,
    trial: str,
    parent_of: Callable[[str], Transcript] | None,
    below: tuple[str, ...],
) -> Transcript:
    row = connection.execute(
        'SELECT "of", at, branch, seed FROM trials WHERE trial = ?', (trial,)
    ).fetchone()
    if row is None or trial in below:
        child = below[0] if below else trial
        raise StoreRefused(
            f"trial {child}: it branches off {trial}, which is not in the store; use a backup"
        )
    of, at, branch, seed = row
    events = [from_row(each) for each in connection.execute(_OWN, (trial,))]
    if at is None:
        return Transcript(events, seed=seed)
    if parent_of is None:
        parent = _transcript(connection, of, None, (*below, trial))
    else:
        parent = parent_of(of)
    if at - 1 > len(parent):
        raise StoreRefused(
            f"trial {trial}: it branches off at turn {at} of {of}, which has {len(parent)} turns; "
            "use a backup"
        )
    return Transcript(events, parent=parent, at=at - 1, seed=seed, branch=branch)
