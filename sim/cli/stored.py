"""Trials as a store has them, for printing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sim.errors import BadRequest, StoreRefused
from sim.events import Event, Failure
from sim.store import open_readonly, transcript_of

_COLUMNS = (
    'trial, scenario, parameters, model, stage, seed, arm, focal, "of", scene, status, reason,'
    " (SELECT count(*) FROM events WHERE events.trial = trials.trial AND kind = 'turn')"
    " + coalesce(at - 1, 0), at, branch, stages"
)
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class StoredTrial:
    """A row of ``trials``. ``turns`` counts those that are there, also while the scene goes on."""

    id: str
    scenario: str
    parameters: dict[str, Any]
    model: str
    stage: str
    seed: int
    arm: str
    focal: str | None
    of: str | None
    scene: dict[str, Any]
    status: str
    reason: str | None
    turns: int
    at: int | None
    branch: int | None
    stages: dict[str, str]

    @property
    def cast(self) -> list[dict[str, Any]]:
        """The personas."""
        return [member["persona"] for member in self.scene["cast"]]

    @property
    def entrants(self) -> dict[str, str]:
        """In a debate of a tournament: the entrant behind each name. Else empty."""
        found = self.parameters.get("entrants")
        return found if isinstance(found, dict) else {}

    @property
    def title(self) -> str:
        """What was played: the scenario, and in a tournament who met."""
        return (
            f"{self.scenario}: {' – '.join(self.entrants.values())}"
            if self.entrants
            else (self.scenario)
        )


@contextmanager
def opened(store: Path) -> Iterator[sqlite3.Connection]:
    """A store open for reading. What SQLite finds wrong with it is refused in one line."""
    with closing(open_readonly(store)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise StoreRefused(f"store {store}: cannot be read ({error}); use a backup") from error


@contextmanager
def _reading(trial: str) -> Iterator[None]:
    """Somebody may have edited a store by hand. Says which trial cannot be read."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreRefused(
            f"trial {trial}: what the store holds of it cannot be read "
            f"({type(error).__name__}: {error}); use a backup"
        ) from error


def all_trials(connection: sqlite3.Connection) -> list[StoredTrial]:
    """All trials, in the order of the canonical export."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM trials ORDER BY scenario, model, seed, arm, focal, trial"  # noqa: S608
    )
    return [_trial(row) for row in rows]


def one_trial(connection: sqlite3.Connection, store: Path, beginning: str) -> StoredTrial:
    """The trial whose id begins like this. Raises ``BadRequest`` if none or several do."""
    wanted = beginning.lower()
    ids = [row[0] for row in connection.execute("SELECT trial FROM trials ORDER BY trial")]
    found = [trial for trial in ids if trial.startswith(wanted)]
    if not found or not wanted:
        raise BadRequest(
            f"{store} has no trial {beginning!r}; list its {len(ids)} with: elsinore show {store}"
        )
    if len(found) > 1:
        shown = ", ".join(list(short(ids, found).values())[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise BadRequest(f"{len(found)} trials begin with {beginning!r}: {shown}{more}; say more")
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM trials WHERE trial = ?",  # noqa: S608
        (found[0],),
    ).fetchone()
    return _trial(row)


def _trial(row: tuple[Any, ...]) -> StoredTrial:
    with _reading(str(row[0])):
        return StoredTrial(
            id=row[0],
            scenario=row[1],
            parameters=json.loads(row[2]),
            model=row[3],
            stage=row[4],
            seed=row[5],
            arm=row[6],
            focal=row[7],
            of=row[8],
            scene=json.loads(row[9]),
            status=row[10],
            reason=row[11],
            turns=row[12],
            at=row[13],
            branch=row[14],
            stages=json.loads(row[15]),
        )


def events(connection: sqlite3.Connection, trial: str) -> list[Event]:
    """The events of a trial, those that it shares with others included."""
    with _reading(trial):
        return transcript_of(connection, trial).events


def verdicts(connection: sqlite3.Connection, trial: str) -> list[dict[str, Any]]:
    """What judges said of a debate: the payload of each verdict, with ``judge`` and ``shown``."""
    rows = connection.execute(
        "SELECT judge, shown, payload FROM verdicts WHERE trial = ? ORDER BY judge, form, shown",
        (trial,),
    )
    with _reading(trial):
        return [
            {**json.loads(payload), "judge": judge, "shown": json.loads(shown)}
            for judge, shown, payload in rows
        ]


def short(ids: Iterable[str], wanted: Iterable[str] | None = None) -> dict[str, str]:
    """For each id the shortest beginning, of at least four letters, that no other id has.

    >>> short(["abcdef", "abcdxx", "bbbbbb"])
    {'abcdef': 'abcde', 'abcdxx': 'abcdx', 'bbbbbb': 'bbbb'}
    """
    every = sorted(set(ids))
    lengths: dict[str, int] = dict.fromkeys(every, _SHORTEST)
    # In sorted order, whoever shares most of a beginning stands next to it.
    for one, other in pairwise(every):
        shared = 0
        while shared < min(len(one), len(other)) and one[shared] == other[shared]:
            shared += 1
        for trial in (one, other):
            lengths[trial] = max(lengths[trial], shared + 1)
    chosen = every if wanted is None else wanted
    return {trial: trial[: lengths[trial]] for trial in chosen}


def short_ids(store: Path) -> dict[str, str]:
    """Short beginnings for all trials of a store."""
    with opened(store) as connection:
        return short(row[0] for row in connection.execute("SELECT trial FROM trials"))


def first_failure(store: Path, trial: str) -> str | None:
    """What went wrong first in a trial, for a message; None if nothing is known."""
    with opened(store) as connection:
        for event in events(connection, trial):
            if isinstance(event, Failure):
                return f"first: turn {event.turn}, {event.reason}: {event.message}"
    return None
