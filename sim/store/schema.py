"""The schema of a store, and the migrations that lead to it.

``PRAGMA application_id`` says that a file is ours and ``PRAGMA user_version`` which schema it has.
Migrations only go forward; number ``i`` leads from version ``i`` to ``i + 1``, and the first one
builds the tables in an empty file. A released migration is never edited: a new version is a new
entry at the end, and a committed store of the old version in ``tests/stores``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x456C7369
"""``Elsi`` in ASCII."""

_FIRST = (
    """
    CREATE TABLE runs (
        run INTEGER PRIMARY KEY,
        started REAL NOT NULL,
        ended REAL,
        outcome TEXT,
        manifest TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE trials (
        trial TEXT PRIMARY KEY,
        run INTEGER NOT NULL,
        scenario TEXT NOT NULL,
        parameters TEXT NOT NULL,
        model TEXT NOT NULL,
        stage TEXT NOT NULL,
        seed INTEGER NOT NULL,
        arm TEXT NOT NULL,
        focal TEXT,
        "of" TEXT,
        scene TEXT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        turns INTEGER NOT NULL
    )
    """,
    # No WITHOUT ROWID: rows with long payloads are cheaper to append than to keep sorted.
    """
    CREATE TABLE events (
        trial TEXT NOT NULL,
        turn INTEGER NOT NULL,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        key TEXT NOT NULL,
        sample INTEGER NOT NULL,
        payload TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (trial, turn, kind, actor, key, sample)
    )
    """,
    # A key begins with the first letters of its trial's id: the replies of a trial are neighbours
    # in the key's index, and no second index is needed to find them.
    """
    CREATE TABLE replies (
        key TEXT PRIMARY KEY,
        trial TEXT NOT NULL,
        text TEXT NOT NULL,
        finish TEXT NOT NULL,
        exact INTEGER,
        usage TEXT NOT NULL,
        seconds REAL NOT NULL
    )
    """,
    """
    CREATE TABLE intents (
        key TEXT PRIMARY KEY,
        trial TEXT NOT NULL,
        run INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        actor TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE verdicts (
        trial TEXT NOT NULL,
        judge TEXT NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY (trial, judge)
    )
    """,
    """
    CREATE TABLE truths (
        trial TEXT NOT NULL,
        actor TEXT NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY (trial, actor)
    )
    """,
)

_SECOND = (
    # NULL in rows of version 1, whose keys were also made in another way (see
    # ``sim.calls.keys.first_call_key``).
    "ALTER TABLE replies ADD COLUMN retries TEXT",
    # 1: the answer to a request that another call had paid for.
    "ALTER TABLE replies ADD COLUMN cached INTEGER NOT NULL DEFAULT 0",
    # The digest of the prompt's last chunk, where the prompts are kept.
    "ALTER TABLE replies ADD COLUMN prompt BLOB",
    # A key is the beginning of its trial's id and then a hash of the request, which is the same in
    # all trials: the end of a key is the address of the content. Free stages need no cache, and
    # their replies no entry.
    """
    CREATE INDEX replies_by_request ON replies (substr(key, 13))
    WHERE prompt IS NOT NULL AND cached = 0
    """,
    # Prompts as the engine has them: a chain of chunks, each of them kept once.
    """
    CREATE TABLE chunks (
        digest BLOB PRIMARY KEY,
        parent BLOB,
        role TEXT NOT NULL,
        text TEXT NOT NULL
    )
    """,
    "CREATE INDEX chunks_by_parent ON chunks (parent)",
    # Calls that failed for good, with the reasons of all their attempts.
    """
    CREATE TABLE failures (
        key TEXT NOT NULL,
        trial TEXT NOT NULL,
        run INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        message TEXT NOT NULL,
        attempts TEXT NOT NULL
    )
    """,
    """
    CREATE VIEW attempts AS
    SELECT replies.key AS key, trial, json_each.key + 1 AS number, json_each.value AS reason,
           1 AS answered
    FROM replies, json_each(replies.retries) WHERE cached = 0
    UNION ALL
    SELECT failures.key, trial, json_each.key + 1, json_each.value, 0
    FROM failures, json_each(failures.attempts)
    """,
    "ALTER TABLE runs ADD COLUMN summary TEXT",
)

_THIRD = (
    # A branch: the first turn that is not its parent's (the trial in "of"), and its number.
    "ALTER TABLE trials ADD COLUMN at INTEGER",
    "ALTER TABLE trials ADD COLUMN branch INTEGER",
    # The stages that the scene names besides its own: JSON, their identities by those names.
    "ALTER TABLE trials ADD COLUMN stages TEXT NOT NULL DEFAULT '{}'",
    # A judge may judge by several rubrics, and sees the sides in several orders.
    "ALTER TABLE verdicts RENAME TO verdicts_of_before",
    """
    CREATE TABLE verdicts (
        trial TEXT NOT NULL,
        judge TEXT NOT NULL,
        form TEXT NOT NULL,
        shown TEXT NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY (trial, judge, form, shown)
    )
    """,
    "INSERT INTO verdicts SELECT trial, judge, '', '[]', payload FROM verdicts_of_before",
    "DROP TABLE verdicts_of_before",
    """
    CREATE TABLE tournaments (
        tournament TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        definition TEXT NOT NULL,
        started REAL NOT NULL
    )
    """,
    # Which trial is which leg of which match; a bye has none.
    """
    CREATE TABLE matches (
        tournament TEXT NOT NULL,
        round INTEGER NOT NULL,
        match INTEGER NOT NULL,
        leg INTEGER NOT NULL,
        trial TEXT,
        motion TEXT NOT NULL,
        sides TEXT NOT NULL,
        PRIMARY KEY (tournament, round, match, leg)
    )
    """,
)

_FOURTH = (
    # What a model thought before it answered, where the server gives that apart from the text.
    "ALTER TABLE replies ADD COLUMN thought TEXT NOT NULL DEFAULT ''",
)

Migration = Sequence[str]
"""SQL statements, one a string, all of which run in one transaction."""

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _SECOND, _THIRD, _FOURTH)

VERSION = len(MIGRATIONS)
"""The schema version that this code writes."""


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of an open store; 0 for an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring an open store to the newest version, in one transaction: wholly or not at all.

    The connection must be in autocommit mode (``isolation_level=None``). Raises ``sqlite3.Error``
    and leaves the store as it was if a statement fails.
    """
    version = version_of(connection)
    if version >= len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        # Pragmas take no parameters; both numbers are ours.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
