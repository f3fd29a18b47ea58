"""The canonical export of a store of Elsinore's, as ``elsinore export`` writes it: JSON Lines.

An import restores the trials as they were played. Here they are read as conversations, by their
words alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Person, Utterance
from sim.formats.format import Head, Reading, ReadOptions, wrong
from sim.formats.texts import lines_of

KINDS = ("trial", "event", "verdict", "tournament", "match")


class ElsinoreExport:
    """Our own export. It is written by ``elsinore export`` without ``--format``."""

    name = "elsinore"
    about = "the canonical export of a store of Elsinore's"
    loses = ""
    tried = True

    def fits(self, head: Head) -> float:
        """Every line is a JSON object that says which kind of record it is."""
        first = head.first_record
        return 1.0 if isinstance(first, dict) and first.get("record") in KINDS else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The words of all trials. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        for number, line in enumerate(lines_of(path, how.encoding), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if record["record"] == "trial":
                    yield _about(record)
                elif record["record"] == "event" and record["kind"] == "turn":
                    if record["text"]:
                        yield _said(record, number)
                    else:
                        left_out["turns without words"] += 1
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise wrong(
                    path, number, "is no record of an export; export the store anew"
                ) from None
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Raises ``BadRequest``: conversations are less than an export."""
        raise BadRequest("--format elsinore: leave --format out to write the canonical export")


def _about(record: dict[str, Any]) -> About:
    people = tuple(
        Person(each["persona"]["name"], each["persona"].get("brief") or "",
               each["persona"].get("opposite") or "")
        for each in record["scene"]["cast"]
    )  # fmt: skip
    at = record.get("at")
    return About(
        str(record["trial"]),
        str(record["scene"].get("topic") or ""),
        str(record["scene"].get("setting") or ""),
        people,
        str(record["model"]),
        str(record["of"] or "") if at is not None else "",
        int(at) - 1 if at is not None else 0,
    )


def _said(record: dict[str, Any], line: int) -> Utterance:
    audience = record["audience"]
    return Utterance(
        str(record["actor"]),
        str(record["text"]),
        str(record["trial"]),
        str(record.get("at") or ""),
        str(record["turn"]),
        "" if record.get("answers") is None else str(record["answers"]),
        None if audience is None else tuple(map(str, audience)),
        str(record.get("thought") or ""),
        line,
    )


ELSINORE = ElsinoreExport()
