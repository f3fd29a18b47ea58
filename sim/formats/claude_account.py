"""The conversations of an account of Claude, as its export has them.

The export is a zip with ``conversations.json``: a list of ``{"uuid": ..., "name": ...,
"chat_messages": [...]}``. A message has a ``sender`` (``human`` or ``assistant``) and parts: its
text, thinking, and what tools were asked and answered, which is left out and counted, as are
attachments. Where messages say which one they follow, those that follow the same one are branches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sim.errors import BadRequest
from sim.formats import accounts
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import Record
from sim.formats.messages import content_of
from sim.formats.trees import BrokenTreeError, Node, conversations_of

_BEFORE = "parent_message_uuid"
_NOBODY = "00000000-0000-4000-8000-000000000000"
"""What a first message follows."""


@dataclass(frozen=True, slots=True)
class ClaudeAccount:
    """An account's export: one conversation each, known by its ``uuid``."""

    name: str = "claude"
    about: str = "the export of an account of Claude (its zip, folder or conversations.json)"
    loses: str = ""
    tried: bool = False

    def fits(self, head: Head) -> float:
        """Its first conversation has ``chat_messages`` with a ``sender``."""
        keys = accounts.keys(head)
        if "chat_messages.sender" in keys:
            return 0.97
        return 0.8 if keys >= {"uuid", "chat_messages"} else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The conversations that have a message. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        for number, record in enumerate(accounts.records(path, how.encoding), start=1):
            if "chat_messages" not in record.fields:
                raise record.wrong("there are no chat_messages; is it an export of Claude?")
            name = record.text("uuid") or str(number)
            about = About(name, title=record.text("name"), model=record.text("model"))
            nodes = _nodes(record, left_out)
            if not nodes:
                continue
            last = record.text("current_leaf_message_uuid")
            # Without one, the last of the list is where its reader was.
            last = last if last in nodes else next(reversed(nodes))
            try:
                yield from conversations_of(nodes, last, about)
            except BrokenTreeError as error:
                raise record.wrong(f"{error}; export the account again") from None
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Nobody but Claude writes its exports. Raises ``BadRequest``."""
        raise BadRequest(f"{path}: exports of accounts cannot be written; choose another format")


def _nodes(record: Record, left_out: Counter[str]) -> dict[str, Node]:
    """The messages by their names, each with the one that it follows."""
    nodes: dict[str, Node] = {}
    before = ""
    for number, message in enumerate(record.records("chat_messages"), start=1):
        name = message.text("uuid") or f"message {number}"
        if name in nodes:
            raise message.wrong(f"{name!r} is there twice; export the account again")
        if _BEFORE in message.fields:
            before = message.text(_BEFORE)
            before = "" if before == _NOBODY else before
        nodes[name] = Node(before, _said(message, name, left_out))
        before = name
    return nodes


def _said(message: Record, name: str, left_out: Counter[str]) -> Utterance | None:
    speaker = message.text("sender")
    if not speaker.strip():
        raise message.wrong("there is no 'sender'; write who says it")
    content = content_of(message)
    left_out.update(content.left_out)
    left_out["attachments"] += len(message.list("attachments")) + len(message.list("files"))
    # Older exports have the text beside, and no parts.
    text = content.text if content.text.strip() else message.text("text")
    if not text.strip():
        return None
    return Utterance(speaker, text, at=message.time("created_at"), name=name,
                     thought=content.thought, line=message.line)  # fmt: skip


CLAUDE = ClaudeAccount()
