"""Other people's transcripts as tables, straight from a file, without a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sim.events import Turn
from sim.formats.conversation import About, Person, Utterance
from sim.formats.format import ReadOptions, wrong
from sim.formats.registry import detected, named
from sim.formats.texts import lines_of
from sim.planning.trials import IMPORTED
from sim.store import Writer
from sim.store.restoring import BrokenRecord, restore

STORE = b"SQLite format 3\x00"
"""How a store begins."""


def is_store(path: Path) -> bool:
    """Whether a path is to be opened as a store: it is an SQLite file, or it is not there."""
    if path.is_dir():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(STORE)) in (STORE, b"")
    except OSError:
        return True


@contextmanager
def restored(path: Path, form: str | None) -> Iterator[Path | None]:
    """An export of ours as a store for the time being; None if the file is something else."""
    chosen = named(form) if form else detected(path)
    if chosen.name != "elsinore":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="elsinore-") as folder:
        store = Path(folder) / "restored.db"
        with closing(Writer.open(store)) as writer:
            try:
                restore(lines_of(path), writer, "{}")
            except BrokenRecord as error:
                raise wrong(path, error.line, f"{error}; export the store anew") from None
        yield store


def conversations(path: Path, form: str | None) -> list[dict[str, Any]]:
    """The conversations of a file, each as the fields of ``analysis.tables.Record``. All of it is
    in memory.

    Raises ``sim.formats.FormatError`` if the file is not what its format says.
    """
    chosen = named(form) if form else detected(path)
    said: dict[str, list[Utterance]] = {}
    people: dict[str, dict[str, Person]] = {}
    for record in chosen.read(path, ReadOptions()):
        if isinstance(record, About):
            known = people.setdefault(record.conversation, {})
            known.update({each.name: each for each in record.people})
        else:
            said.setdefault(record.conversation, []).append(record)
    return [
        {
            "trial": f"{path.name}:{name}" if name else path.name,
            "cast": _cast(people.get(name, {}), lines),
            "events": [
                Turn(index, each.speaker, each.text, each.audience, source=IMPORTED,
                     thought=each.thought, at=each.at)
                for index, each in enumerate(lines, 1)
            ],
            "scenario": path.name,
            "model": f"{IMPORTED}:{chosen.name}",
            "seed": number,
            "arm": IMPORTED,
        }
        for number, (name, lines) in enumerate(said.items())
    ]  # fmt: skip


def _cast(people: dict[str, Person], lines: list[Utterance]) -> list[dict[str, Any]]:
    """Whom the file describes, and whoever speaks."""
    names = dict.fromkeys([*people, *(each.speaker for each in lines)])
    return [
        {
            "name": name,
            "brief": people[name].brief if name in people else "",
            "opposite": (people[name].opposite or None) if name in people else None,
        }
        for name in names
    ]
