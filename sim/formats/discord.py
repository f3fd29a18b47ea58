"""DiscordChatExporter's files: a channel as JSON or as CSV."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import FormatError, Head, Reading, ReadOptions, wrong
from sim.formats.json_values import values_of
from sim.formats.namesakes import Namesakes
from sim.formats.texts import LONGEST, lines_of, opened

_TITLES: Final = ["AuthorID", "Author", "Date", "Content", "Attachments", "Reactions"]
_LEAST: Final = 4
"""So many of the titles every version has."""

_WANTED: Final = ("guild.name", "channel.name", "channel.topic", "messages[]")
_SPOKEN: Final = ("Default", "Reply", "20", "23")
"""The types of messages that somebody wrote; 20 and 23 are answers of programs to commands."""

_NOTICES: Final = (
    "Joined the server.", "Pinned a message.", "Started a thread.", "Changed the channel icon.",
    "Left the group.",
)  # fmt: skip
"""What stands in a CSV in place of the text of a system message."""


class Discord:
    """A channel of Discord as the program DiscordChatExporter exports it, as JSON or as CSV.

    The form is that of its ``--format Json``: an object with ``guild``, ``channel`` and
    ``messages``, each with ``id``, ``type``, ``timestamp``, ``content``, ``author`` (``id``,
    ``name``, ``nickname``) and ``reference.messageId``; or that of ``--format Csv``, with the
    titles ``AuthorID,Author,Date,Content,Attachments,Reactions``. A speaker is called by nickname
    where there is one; a second person of the same name gets the user name behind it, in brackets.

    Left out are messages of the system (people who join, pins, calls, threads that begin), messages
    without text, attachments, embedded pages, stickers and reactions. A CSV has no names of
    messages and no answers; five notices of the system are known there by their words, others would
    be read as said. It was written from the published form and not tried on a real export.
    """

    name = "discord"
    about = "a channel exported by DiscordChatExporter: JSON or CSV"
    loses = ""
    tried = False

    def fits(self, head: Head) -> float:
        """By the parts of the object, or by the titles of the table."""
        text = head.text.lstrip()
        if text.startswith("{"):
            if '"guild"' not in text or '"channel"' not in text:
                return 0.0
            return 0.95 if '"messages"' in text or '"exportedAt"' in text else 0.5
        if head.lines and _is_titles(next(csv.reader([head.lines[0]]))):
            return 0.95
        return 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The messages of the channel. Raises ``FormatError``."""
        first = next((line for line in lines_of(path, how.encoding) if line.strip()), "")
        if first.lstrip().startswith("{"):
            return (yield from self._read_json(path, how))
        if first:
            return (yield from self._read_csv(path, how))
        raise FormatError(f"{path}: is empty; export the channel again")

    def _read_json(self, path: Path, how: ReadOptions) -> Reading:
        facts: dict[str, str] = {}
        people = Namesakes()
        left_out: Counter[str] = Counter()
        told = False
        with closing(opened(path, how.encoding)) as file:
            for place, line, value in values_of(file, path, _WANTED):
                if place != "messages[]":
                    facts[place] = value if isinstance(value, str) else ""
                    continue
                if not told:
                    yield _about(facts)
                    told = True
                said = _said(value, people, path, line, left_out)
                if said is not None:
                    yield said
        if not told:
            raise FormatError(f"{path}: holds no messages of Discord; export the channel again")
        return left_out

    def _read_csv(self, path: Path, how: ReadOptions) -> Reading:
        people = Namesakes()
        left_out: Counter[str] = Counter()
        # A field may be longer than Python's default, which is a setting of the whole process.
        before = csv.field_size_limit(LONGEST)
        rows = csv.reader(lines_of(path, how.encoding), strict=True)
        line = 0
        try:
            titles: list[str] = []
            for row in rows:
                begun, line = line + 1, rows.line_num
                if not any(row):
                    continue
                if not titles:
                    if not _is_titles(row):
                        titled = ",".join(_TITLES)
                        raise wrong(path, begun, f"the titles are not {titled}; export it again")
                    titles = row
                    continue
                if len(row) != len(titles):
                    raise wrong(
                        path, begun,
                        f"there are {len(row)} fields, and {len(titles)} titles; export it again",
                    )  # fmt: skip
                number, author, at, text = row[:_LEAST]
                if not text.strip() or text.strip() in _NOTICES:
                    left_out["notices" if text.strip() else "messages without text"] += 1
                    continue
                if not author.strip():
                    raise wrong(path, begun, "there is no author; name one, or leave the row out")
                speaker = people.called(number or author, author)
                yield Utterance(speaker, text, at=_time(at), line=begun)
        except csv.Error as error:
            raise wrong(path, line + 1, f"is no CSV: {error}; export it again") from None
        finally:
            csv.field_size_limit(before)
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Not written. Raises ``BadRequest``."""
        raise BadRequest(f"--format {self.name}: is only read; write csv or script")


def _is_titles(row: list[str]) -> bool:
    return row[:_LEAST] == _TITLES[:_LEAST]


def _about(facts: dict[str, str]) -> About:
    channel = facts.get("channel.name", "")
    where = f"{facts.get('guild.name', '')} #{channel}".strip(" #")
    return About(title=facts.get("channel.topic", "") or channel, setting=where)


def _time(at: str) -> str:
    """A time of a CSV in ISO 8601; blank for the form that the exporter's user chose."""
    try:
        return datetime.fromisoformat(at).isoformat()
    except ValueError:
        return ""


def _said(
    message: Any, people: Namesakes, path: Path, line: int, left_out: Counter[str]
) -> Utterance | None:
    """What a message says; None if nobody says anything in it."""
    if not isinstance(message, dict):
        raise wrong(path, line, "a message is no object; export it again")
    if message.get("type", "Default") not in _SPOKEN:
        left_out["notices"] += 1
        return None
    text = message.get("content", "")
    if not isinstance(text, str):
        raise wrong(path, line, "the content of a message is no string; export it again")
    if not text.strip():
        left_out["messages without text"] += 1
        return None
    author = message.get("author")
    if not isinstance(author, dict):
        raise wrong(path, line, "there is no author; give the message one, or leave it out")
    user = author.get("name") or ""
    speaker = author.get("nickname") or user
    if not isinstance(user, str) or not isinstance(speaker, str) or not speaker.strip():
        raise wrong(path, line, "there is no speaker; give the author a name, or a nickname")
    at = message.get("timestamp", "")
    try:
        datetime.fromisoformat(at)
    except (TypeError, ValueError):
        raise wrong(path, line, f"the timestamp {at!r:.40} is none; export it again") from None
    reference = message.get("reference")
    answered = reference.get("messageId") if isinstance(reference, dict) else None
    return Utterance(
        people.called(str(author.get("id") or speaker), speaker, user),
        text,
        at=at,
        name=str(message.get("id") or ""),
        answers=str(answered or ""),
        line=line,
    )


DISCORD = Discord()
