"""Conversations on their way into a store: collected on the disk, out of order, and read in order.

It is an SQLite file for the time being: it is thrown away, so it need survive nothing, and it may
be larger than the memory.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

_TABLES = """
CREATE TABLE said (conversation INTEGER, speaker INTEGER, text TEXT, at TEXT, name TEXT,
                   answers TEXT, audience TEXT, thought TEXT);
CREATE TABLE conversations (name TEXT PRIMARY KEY, title TEXT DEFAULT '', setting TEXT DEFAULT '',
                            people TEXT DEFAULT '', model TEXT DEFAULT '', parent TEXT DEFAULT '',
                            shared INTEGER DEFAULT 0);
CREATE TABLE speakers (name TEXT PRIMARY KEY);
"""
_CONVERSATIONS = """
SELECT rowid, name, title, setting, people, model, parent, shared,
       (SELECT count(*) FROM said WHERE conversation = conversations.rowid)
FROM conversations ORDER BY parent != '', rowid
"""
_WORDS = "FROM said JOIN speakers ON speakers.rowid = speaker"


class Staged(NamedTuple):
    """A conversation: its number, its name in the file, facts about it, and its turns' number.

    ``people`` are names, briefs and opposites. A branch has a ``parent``, by its name.
    """

    place: int
    name: str
    title: str
    setting: str
    people: list[tuple[str, str, str]]
    model: str
    parent: str
    shared: int
    turns: int


class Line(NamedTuple):
    """One thing that was said."""

    speaker: str
    text: str
    at: str
    name: str
    answers: str
    audience: tuple[str, ...] | None
    thought: str


class Staging:
    """Collects lines and facts, and gives them back by conversation. Use ``staging()``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._conversations: dict[str, int] = {}
        self._speakers: dict[str, int] = {}

    # -- collecting ----------------------------------------------------------------------------

    def told(self, conversation: str, **facts: Any) -> None:
        """Facts about a conversation; blank ones leave what was told before as it is."""
        place = self._conversation(conversation)
        people = facts.pop("people", ())
        if people:
            facts["people"] = json.dumps([list(each) for each in people])
        for column, value in facts.items():
            if value:
                self._connection.execute(
                    f"UPDATE conversations SET {column} = ? WHERE rowid = ?",  # noqa: S608 - ours
                    (value, place),
                )

    def said(self, conversation: str, line: Line) -> None:
        """A line of a conversation, after those that it has."""
        heard = None if line.audience is None else json.dumps(line.audience)
        self._connection.execute(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._conversation(conversation), self._speaker(line.speaker), line.text, line.at,
                line.name, line.answers, heard, line.thought,
            ),
        )  # fmt: skip

    def _conversation(self, name: str) -> int:
        if name not in self._conversations:
            insert = "INSERT INTO conversations (name) VALUES (?)"
            place = self._connection.execute(insert, (name,)).lastrowid
            self._conversations[name] = int(place or 0)
        return self._conversations[name]

    def _speaker(self, name: str) -> int:
        if name not in self._speakers:
            place = self._connection.execute("INSERT INTO speakers VALUES (?)", (name,)).lastrowid
            self._speakers[name] = int(place or 0)
        return self._speakers[name]

    # -- reading -------------------------------------------------------------------------------

    def whole(self) -> None:
        """Everything is collected: from here on it is read."""
        self._connection.execute("CREATE INDEX by_conversation ON said (conversation)")

    @property
    def speakers(self) -> int:
        """How many different people speak."""
        return len(self._speakers)

    def conversations(self) -> Iterator[Staged]:
        """The conversations in which somebody speaks: in the order of the file, branches last."""
        for *facts, turns in self._connection.execute(_CONVERSATIONS).fetchall():
            place, name, title, setting, people, model, parent, shared = facts
            if turns:
                described = [tuple(each) for each in json.loads(people or "[]")]
                yield Staged(place, name, title, setting, described, model, parent, shared, turns)

    def parents(self) -> set[str]:
        """The names of conversations that have branches."""
        rows = self._connection.execute("SELECT DISTINCT parent FROM conversations")
        return {str(name) for (name,) in rows if name}

    def order(self, place: int) -> Iterator[str]:
        """Who speaks in a conversation, turn by turn."""
        rows = self._connection.execute(
            f"SELECT speakers.name {_WORDS} WHERE conversation = ? ORDER BY said.rowid", (place,)
        )  # fmt: skip
        return (str(name) for (name,) in rows)

    def hearers(self, place: int) -> Sequence[str]:
        """Whom lines of a conversation were meant for."""
        rows = self._connection.execute(
            "SELECT DISTINCT audience FROM said WHERE conversation = ? AND audience IS NOT NULL",
            (place,),
        )
        return list(dict.fromkeys(name for (audience,) in rows for name in json.loads(audience)))

    def lines(self, place: int) -> Iterator[Line]:
        """The lines of a conversation."""
        rows = self._connection.execute(
            f"SELECT speakers.name, text, at, said.name, answers, audience, thought {_WORDS} "
            "WHERE conversation = ? ORDER BY said.rowid",
            (place,),
        )
        for speaker, text, at, name, answers, audience, thought in rows:
            heard = None if audience is None else tuple(json.loads(audience))
            yield Line(speaker, text, at, name, answers, heard, thought)

    def digest(self, place: int | None = None) -> str:
        """A hash of what is said in a conversation, or in all of them."""
        found = blake2b(digest_size=8)
        where = "" if place is None else "WHERE conversation = ?"
        for row in self._connection.execute(
            f"SELECT conversation, speakers.name, text, at, audience {_WORDS} {where} "
            "ORDER BY said.rowid",
            () if place is None else (place,),
        ):
            found.update(json.dumps(row[1:] if place is not None else row).encode())
        return found.hexdigest()


@contextmanager
def staging() -> Iterator[Staging]:
    """An empty staging, on the disk until the end of the ``with``."""
    with (
        tempfile.TemporaryDirectory(prefix="elsinore-") as folder,
        closing(sqlite3.connect(Path(folder) / "import.db", isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_TABLES)
        connection.execute("BEGIN")
        yield Staging(connection)
