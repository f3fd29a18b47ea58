"""Which of a store's tournaments is meant."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Connection

from sim.errors import BadRequest


def tournament_named(connection: Connection, wanted: str | None, path: Path) -> str:
    """The id of the tournament that is meant; None means the one that was held last.

    ``wanted`` is its id, its name, or how one of them begins. Raises ``BadRequest``, which names
    the tournaments that there are, if that is none of them, or more than one.
    """
    known: list[tuple[str, str]] = connection.execute(
        "SELECT tournament, name FROM tournaments ORDER BY started, tournament"
    ).fetchall()
    if not known:
        raise BadRequest(
            f"store {path}: holds no tournament; hold one first, with elsinore tournament"
        )
    if wanted is None:
        return known[-1][0]
    exact = [names for names in known if wanted in names]
    begun = [names for names in known if wanted and any(name.startswith(wanted) for name in names)]
    found = exact or begun
    if len(found) == 1:
        return found[0][0]
    there = ", ".join(f"{name} ({identity[:12]})" for identity, name in found or known)
    what = "is more than one; say which by its id" if found else "is unknown; there are"
    raise BadRequest(f"tournament: {wanted!r} {what}: {there}")
