"""A store as a recording: the outcome of each request, and the prompts that were sent."""

from __future__ import annotations

import sqlite3
from difflib import SequenceMatcher
from pathlib import Path
from typing import cast

from sim.calls.recorded import Recorded
from sim.errors import BadRequest, StageError, StoreRefused
from sim.layouts.prompt import Prompt, Role
from sim.planning.trials import LIVE
from sim.stage.base import Reply
from sim.store.connection import open_readonly
from sim.store.damage import reading
from sim.store.rows import REPLY_COLUMNS, REPLY_TO_REQUEST, reply_from_row, text_from_column

_BY_ROW = f"SELECT {REPLY_COLUMNS} FROM replies WHERE rowid = ?"  # noqa: S608
# Replies that the index does not hold: of free stages, and of replays. Those of version 1, which
# wrote no retries, have no address.
_OTHERS = (
    "SELECT substr(key, 13), rowid FROM replies"
    " WHERE (prompt IS NULL OR cached = 1) AND retries IS NOT NULL"
)
_MOST_CHILDREN = 64
"""Continuations of a prompt that are compared, at most."""


class Recorder:
    """An open store that is replayed. Close it when done."""

    def __init__(self, store: Path | str) -> None:
        """Open the store. Raises ``StoreRefused``."""
        self.store = Path(store)
        self.connection = open_readonly(store)
        self._others: dict[str, int] | None = None
        # In the order of the rows: of several failures of a request the last counts.
        with reading(self.store):
            self._failures: dict[str, tuple[str, str]] = {
                request: (str(reason), str(message))
                for request, reason, message in self.connection.execute(
                    "SELECT substr(key, 13), reason, message FROM failures ORDER BY rowid"
                )
            }

    def outcome(self, request: str) -> Reply | StageError | None:
        with reading(self.store):
            return self._outcome(request)

    def _outcome(self, request: str) -> Reply | StageError | None:
        row = self.connection.execute(REPLY_TO_REQUEST, (request,)).fetchone()
        if row is None:
            if self._others is None:
                self._others = dict(self.connection.execute(_OTHERS))
            place = self._others.get(request)
            if place is not None:
                row = self.connection.execute(_BY_ROW, (place,)).fetchone()
        if row is not None:
            return reply_from_row(row)
        # A reply counts more than a failure: the call was made again later.
        failed = self._failures.get(request)
        return None if failed is None else StageError(*failed)

    def nearest(self, prompt: Prompt) -> Prompt | None:
        """The recorded prompt that is most like this one, for a message.

        It follows the prompt chunk by chunk as far as it was recorded, and then at each chunk the
        most similar continuation.
        """
        with reading(self.store):
            return self._nearest(prompt)

    def _nearest(self, prompt: Prompt) -> Prompt | None:
        asked = prompt.chunks()
        known = len(asked)
        while known and not self._holds(asked[known - 1].digest):
            known -= 1
        matched: Prompt | None = asked[known - 1] if known else None
        while known < len(asked):
            best = self._most_similar(matched, asked[known].text)
            if best is None:
                break
            matched = best
            known += 1
        return matched

    def _holds(self, digest: bytes) -> bool:
        rows = self.connection.execute("SELECT 1 FROM chunks WHERE digest = ?", (digest,))
        return rows.fetchone() is not None

    def _most_similar(self, before: Prompt | None, text: str) -> Prompt | None:
        """The recorded continuation of a prompt whose text is most like ``text``.

        Similarity is that of Ratcliff and Obershelp, as difflib has it, of the first 2000 letters.
        """
        rows = self.connection.execute(
            "SELECT role, text FROM chunks WHERE parent IS ? LIMIT ?",
            (None if before is None else before.digest, _MOST_CHILDREN),
        ).fetchall()
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(text[:2000])
        best: tuple[float, Prompt] | None = None
        for role, column in rows:
            chunk = text_from_column(column)
            matcher.set_seq1(chunk[:2000])
            likeness = 2.0 if chunk == text else matcher.quick_ratio()
            if best is None or likeness > best[0]:
                best = (likeness, Prompt(before, cast(Role, role), chunk))
        return None if best is None else best[1]

    def stages(self) -> list[tuple[str, Recorded]]:
        """The models that played in this store, with a stage for each that replays it."""
        with reading(self.store):
            return self._stages()

    def _stages(self) -> list[tuple[str, Recorded]]:
        live: dict[str, str] = {}
        surrogates: dict[str, list[str]] = {}
        for model, identity, arm in self.connection.execute(
            "SELECT model, stage, arm FROM trials GROUP BY model, stage, arm ORDER BY min(rowid)"
        ):
            if arm == LIVE:
                live.setdefault(identity, model)
            else:
                surrogates.setdefault(identity.partition("#")[0], []).append(identity)
        return [
            (model, Recorded(self, identity, surrogates.get(identity, ())))
            for identity, model in live.items()
        ]

    def close(self) -> None:
        """Close the store."""
        self.connection.close()


def recorded_stages(store: Path | str) -> list[tuple[str, Recorded]]:
    """What ``recorded:STORE`` names: the models that played in a store, each with its replay.

    Raises ``StoreRefused`` if the store cannot be read, ``BadRequest`` if nothing can be replayed.
    """
    recorder = Recorder(store)
    connection: sqlite3.Connection = recorder.connection
    try:
        stages = recorder.stages()
        with reading(recorder.store):
            (old,) = connection.execute(
                "SELECT count(*) > 0 AND count(retries) = 0 FROM replies"
            ).fetchone()
    except StoreRefused:
        recorder.close()
        raise
    if old or not stages:
        recorder.close()
        what = "was played by an older version, which cannot be replayed" if old else "holds none"
        raise BadRequest(f"recorded:{store}: the store {what}; play it anew with this version")
    return stages
