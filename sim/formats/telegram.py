"""Telegram Desktop's export: ``result.json``, of a chat or of a whole account."""

from __future__ import annotations

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
from sim.formats.texts import opened

_LISTS: Final = ("chats.list[].", "left_chats.list[].")
_FACTS: Final = ("name", "id", "messages[]")
_WANTED: Final = frozenset(
    [before + fact for before in ("", *_LISTS) for fact in _FACTS]
    + [f"{before[:-1]}^" for before in _LISTS]
)
_MARKS: Final = (
    '"from_id"', '"actor_id"', '"date_unixtime"', '"text_entities"', '"reply_to_message_id"',
)  # fmt: skip
_ACCOUNT: Final = ('"personal_information"', '"frequent_contacts"', '"left_chats"')


class Telegram:
    """Chats as Telegram Desktop exports them ("machine-readable JSON").

    The form is that of Telegram Desktop's "Export Telegram data" and "Export chat history": an
    object with the ``name``, ``type``, ``id`` and ``messages`` of one chat, or one whose
    ``chats.list`` (and ``left_chats.list``) hold many; then each chat is a conversation of its
    name, with its number behind it where two have the same. A message has ``from``, ``from_id``,
    ``date``, ``text`` (a string, or a list of strings and of objects with a ``text``), and
    ``reply_to_message_id``. Times are those of the computer that exported, without a zone.

    Left out are service messages (calls, pins, people who join), messages without text (photos,
    stickers), reactions, polls, and the styles of letters. A forwarded text counts as said by who
    forwarded it. Who has no name (a deleted account) is called by ``from_id``; a second person of
    the same name gets it behind theirs, in brackets. It was written from the published form and
    not tried on a real export.
    """

    name = "telegram"
    about = "chats exported by Telegram Desktop: result.json"
    loses = ""
    tried = False

    def fits(self, head: Head) -> float:
        """By fields that only Telegram's messages have."""
        text = head.text
        if not text.lstrip().startswith("{"):
            return 0.0
        if any(mark in text for mark in _ACCOUNT):
            return 0.9
        found = sum(mark in text for mark in _MARKS)
        if '"messages"' not in text or not found:
            return 0.0
        return 0.95 if found > 1 else 0.8

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The chats one after the other. Raises ``FormatError``."""
        chat = _Chat()
        left_out: Counter[str] = Counter()
        named: set[str] = set()
        seen = False
        with closing(opened(path, how.encoding)) as file:
            for place, line, value in values_of(file, path, _WANTED):
                if place.endswith("^"):
                    chat = _Chat()
                elif place.endswith("messages[]"):
                    seen = True
                    if place != "messages[]" and not chat.conversation:
                        yield chat.settle(named)
                    said = _said(value, chat, path, line, left_out)
                    if said is not None:
                        yield said
                elif place.endswith("id"):
                    chat.number = str(value or "")
                elif isinstance(value, str) and value:
                    chat.title = value
                    if place == "name" or chat.conversation:
                        yield About(chat.conversation, title=value)
        if not seen:
            raise FormatError(
                f"{path}: holds no messages of Telegram; export a chat as JSON, with its messages"
            )
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Not written. Raises ``BadRequest``."""
        raise BadRequest(f"--format {self.name}: is only read; write csv or script")


class _Chat:
    """A chat while it is read. The only chat of a file has no name of its own."""

    def __init__(self) -> None:
        self.title = ""
        self.number = ""
        self.people = Namesakes()
        self.conversation = ""

    def settle(self, named: set[str]) -> About:
        """Give the chat a name that no other has; ``named`` are those given."""
        number = self.number or str(len(named) + 1)
        self.conversation = self.title or f"chat {number}"
        if self.conversation in named:
            self.conversation += f" ({number})"
        while self.conversation in named:
            self.conversation += "*"
        named.add(self.conversation)
        return About(self.conversation, title=self.title)


def _said(
    message: Any, chat: _Chat, path: Path, line: int, left_out: Counter[str]
) -> Utterance | None:
    """What a message says; None if nobody says anything in it."""
    if not isinstance(message, dict):
        raise wrong(path, line, "a message is no object; export it again")
    if message.get("type", "message") != "message":
        left_out["notices"] += 1
        return None
    text = _plain(message.get("text", ""))
    if text is None:
        raise wrong(
            path, line, "the text of a message is neither a string nor a list of them; correct it"
        )
    if not text.strip():
        left_out["messages without text"] += 1
        return None
    number = str(message.get("from_id") or "")
    speaker = message.get("from") or number
    if not isinstance(speaker, str) or not speaker.strip():
        raise wrong(path, line, "there is no speaker; give the message a from or a from_id")
    at = message.get("date", "")
    try:
        datetime.fromisoformat(at)
    except (TypeError, ValueError):
        raise wrong(
            path, line, f"the date {at!r:.40} is none; write it as 2023-12-31T21:15:00"
        ) from None
    answered = message.get("reply_to_message_id")
    return Utterance(
        chat.people.called(number or speaker, speaker),
        text,
        conversation=chat.conversation,
        at=at,
        name=str(message.get("id", "")),
        answers="" if answered is None else str(answered),
        line=line,
    )


def _plain(text: Any) -> str | None:
    """The letters of a text in pieces, without their styles; None if it is no text."""
    if isinstance(text, str):
        return text
    if not isinstance(text, list):
        return None
    pieces = [piece.get("text") if isinstance(piece, dict) else piece for piece in text]
    strings = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(strings) if len(strings) == len(pieces) else None


TELEGRAM = Telegram()
