"""WhatsApp's exported chats: text files of many countries' forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import FormatError, Head, Reading, ReadOptions, wrong
from sim.formats.texts import LONGEST, lines_of
from sim.formats.whatsapp_lines import MARKS, Habits, habits_of, header_of

_INVISIBLE: Final = re.compile(f"[{MARKS}]")
_NARROW: Final = re.compile("[\u00a0\u202f]")
_PLACEHOLDER: Final = re.compile(r"<[^<>\n]+>|null")
"""What stands for a picture or a voice in a chat exported without media, in every language."""

_FILE: Final = re.compile(r"\u200e[^\n]+\.\w{2,4} \([^()\n]+\)|\S+\.\w{2,4} \([^()\n]+\)")
_TAIL: Final = re.compile(
    r"\s*(?:\u200e<[^<>\n]+>|<(?:This message was edited|Diese Nachricht wurde bearbeitet"
    r"|Se editó este mensaje\.?|Ce message a été modifié)>)\s*$"
)
"""What the program adds to a text: that it was edited, or the name of a picture."""

_DELETED: Final = (
    "this message was deleted", "you deleted this message", "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht", "se eliminó este mensaje", "eliminaste este mensaje",
    "ce message a été supprimé", "vous avez supprimé ce message", "mensagem apagada",
    "essa mensagem foi apagada", "questo messaggio è stato eliminato", "dit bericht is verwijderd",
)  # fmt: skip


class WhatsApp:
    """A chat that WhatsApp exported as text: ``_chat.txt``, ``WhatsApp Chat with Ann.txt``.

    The form is that of "Export chat" on iPhones (``[12/31/23, 9:15:02 PM] Ann: text``) and on
    Android (``31.12.23, 21:15 - Ann: text``), with the dates of any country: full stops, strokes
    or hyphens; day, month or year first; 12 or 24 hours. The same form holds in the whole file, so
    a line of another form is text. A message goes on until the next line that begins with a date.
    A zip has to be unpacked first.

    Whether the day or the month comes first is decided by all dates of the file together: by one
    that has only one reading; else by which order keeps the messages in the order of time; else by
    custom (month first in ``[1/2/23, 9:15:02 PM]``, day first everywhere else). If no date proves
    it, the setting of the conversation says how they were read. Times have no zone.

    Left out are lines without a sender (encryption, groups, who was added), what the program says
    in a person's place (it begins with U+200E: calls, pictures; what is written under a file
    that was sent is kept on Android), placeholders such as
    ``<Media omitted>``, messages that were deleted, and marks of the direction of writing. A name
    may hold a colon if the same words follow it everywhere. It was written from the published form
    and not tried on a real export.
    """

    name = "whatsapp"
    about = "a chat exported by WhatsApp as text"
    loses = ""
    tried = False

    def fits(self, head: Head) -> float:
        """By the first line, which begins with a date, and by a sender somewhere."""
        if not head.lines or header_of(head.lines[0]) is None:
            return 0.0
        headers = [header for header in map(header_of, head.lines) if header is not None]
        senders = sum(": " in header.rest for header in headers)
        return 0.95 if senders else 0.5

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The messages of the chat. Raises ``FormatError``."""
        habits = habits_of(line.rstrip("\r\n") for line in lines_of(path, how.encoding))
        if not habits.form:
            raise FormatError(
                f"{path}: no line begins with a date and a time; export the chat again"
            )
        if not habits.proven:
            told = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}[habits.order]
            yield About(setting=f"WhatsApp, its dates read {told}, which no date proves")
        message: _Message | None = None
        left_out: Counter[str] = Counter()
        for number, line in enumerate(lines_of(path, how.encoding), start=1):
            line = line.rstrip("\r\n")
            begun = _begun(line, habits, path, number)
            if begun is not None:
                if message is not None:
                    yield from message.utterances(left_out)
                message = begun
            elif message is not None:
                message.add(line, path)
            elif line.strip():
                raise wrong(path, number, "there is no date before the text; export the chat again")
        if message is not None:
            yield from message.utterances(left_out)
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Not written. Raises ``BadRequest``."""
        raise BadRequest(f"--format {self.name}: is only read; write csv or script")


class _Message:
    """A message while its lines are read; without a speaker it is the system's."""

    def __init__(self, speaker: str, at: str, text: str, line: int) -> None:
        self.speaker = speaker
        self._at = at
        self._lines = [text]
        self._letters = len(text)
        self._line = line

    def add(self, line: str, path: Path) -> None:
        """A further line."""
        if not self.speaker:
            return
        self._lines.append(line)
        self._letters += len(line)
        if self._letters > LONGEST:
            raise wrong(path, self._line, f"a message of more than {LONGEST:,} letters; is it one?")

    def utterances(self, left_out: Counter[str]) -> Iterator[Utterance]:
        """What was said: one utterance or none, which is counted."""
        if not self.speaker:
            left_out["notices"] += 1
            return
        lines = self._lines[1:] if _FILE.fullmatch(self._lines[0]) else self._lines
        text = ""
        if lines and not lines[0].startswith("\u200e"):
            text = _INVISIBLE.sub("", _TAIL.sub("", "\n".join(lines))).strip()
        if text and not _PLACEHOLDER.fullmatch(text) and text.lower().rstrip(".") not in _DELETED:
            yield Utterance(self.speaker, text, at=self._at, line=self._line)
        else:
            left_out["pictures, files and deleted messages"] += 1


def _begun(line: str, habits: Habits, path: Path, number: int) -> _Message | None:
    """The message that a line begins; None if it begins none."""
    header = header_of(line)
    if header is None or header.form != habits.form:
        return None
    at = header.at(habits.order)
    if at is None:
        raise wrong(
            path, number,
            "there is no such day if dates are as in the other lines; correct the date",
        )  # fmt: skip
    found = habits.sender(header.rest)
    if found is None:
        return _Message("", "", "", number)
    name = _NARROW.sub(" ", _INVISIBLE.sub("", found[0])).strip()
    if not name:
        raise wrong(path, number, "there is no sender before the colon; name one")
    return _Message(name, at.isoformat(), found[1], number)


WHATSAPP = WhatsApp()
