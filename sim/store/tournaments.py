"""Tournaments, matches and verdicts, as a store has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import BadRequest

INSERT_TOURNAMENT = (
    "INSERT INTO tournaments VALUES (?, ?, ?, ?) ON CONFLICT (tournament)"
    " DO UPDATE SET name = excluded.name, started = excluded.started"
)
INSERT_MATCH = "INSERT OR REPLACE INTO matches VALUES (?, ?, ?, ?, ?, ?, ?)"
INSERT_VERDICT = "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)"
DELETE_ROUNDS = "DELETE FROM matches WHERE tournament = ? AND round >= ?"

VERDICTS = "trial, judge, form, shown, payload"


@dataclass(frozen=True, slots=True)
class StoredTournament:
    """A tournament. ``definition`` is what its id hashes, as JSON has it."""

    id: str
    name: str
    definition: Mapping[str, Any]
    started: float


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """A leg of a match: which trial it is (None: a bye), and who argues what.

    ``round`` and ``match`` count from 1, ``leg`` from 0. ``sides`` hold ``entrant``, ``actor``,
    ``position``, ``text``, ``place`` and ``stage``, as JSON has them.
    """

    tournament: str
    round: int
    match: int
    leg: int
    trial: str | None
    motion: str
    sides: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class VerdictKey:
    """What a verdict is known by: the debate, the judge, how it was asked, and in what order.

    ``form`` hashes the judge's stage, the rubric and its words; ``shown`` are the actors in the
    order of their labels, as JSON.
    """

    trial: str
    judge: str
    form: str
    shown: str


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What a judge said of a debate. ``shown`` are the actors in the order of their labels.

    ``payload`` has ``winner``, ``margin``, ``scores``, ``reasons``, ``missing``, ``problems``,
    ``stage`` and ``usage``, as JSON has them.
    """

    trial: str
    judge: str
    form: str
    shown: Sequence[str]
    payload: Mapping[str, Any]

    def record(self) -> dict[str, Any]:
        """The payload, with ``judge`` and ``shown``, as one JSON object."""
        return {**self.payload, "judge": self.judge, "shown": list(self.shown)}


def which_tournament(known: Mapping[str, str], wanted: str | None, path: Path) -> str:
    """The id of the tournament that is meant; None means the one that was started last.

    ``known`` are names by id, in the order in which they were started; ``wanted`` is an id, a name,
    or how one of them begins. Raises ``BadRequest``, which names the tournaments that there are, if
    that is none of them, or more than one.
    """
    if not known:
        raise BadRequest(
            f"store {path}: holds no tournament; hold one first, with elsinore tournament"
        )
    if wanted is None:
        return list(known)[-1]
    exact = [identity for identity, name in known.items() if wanted in (identity, name)]
    begun = [
        identity
        for identity, name in known.items()
        if wanted and (identity.startswith(wanted) or name.startswith(wanted))
    ]
    meant = exact or begun
    if len(meant) == 1:
        return meant[0]
    there = ", ".join(f"{known[identity]} ({identity[:12]})" for identity in meant or known)
    what = "is more than one; say which by its id" if meant else "is unknown; there are"
    raise BadRequest(f"tournament: {wanted!r} {what}: {there}")
