"""The conversations of an account of ChatGPT, as its export has them.

The export is a zip with ``conversations.json``: a list of ``{"title": ..., "mapping": {...},
"current_node": ...}``. The mapping is a tree of messages: the way to ``current_node`` is the
conversation, and every other end is a branch of it. Texts, also in messages with pictures, and
what a model thought are read; what tools were asked and answered, system messages, messages that
ChatGPT hides, and pictures are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sim.errors import BadRequest
from sim.formats import accounts
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import Record, sound
from sim.formats.messages import INSTRUCTIONS, TOOLS
from sim.formats.trees import BrokenTreeError, Node, conversations_of

_HIDDEN: Final = "is_visually_hidden_from_conversation"
_EVERYBODY: Final = "all"
_READ: Final = frozenset({"text", "multimodal_text"})
"""The kinds of content that people and models say to each other."""


@dataclass(frozen=True, slots=True)
class ChatGptAccount:
    """An account's export: one conversation each, known by its id."""

    name: str = "chatgpt"
    about: str = "the export of an account of ChatGPT (its zip, folder or conversations.json)"
    loses: str = ""
    tried: bool = False

    def fits(self, head: Head) -> float:
        """Its first conversation has a mapping of messages."""
        keys = accounts.keys(head)
        if "mapping" not in keys:
            return 0.0
        messages = any(key.startswith("mapping.") and ".message" in key for key in keys)
        return 0.97 if messages or "current_node" in keys else 0.5

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The conversations with their branches. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        for number, record in enumerate(accounts.records(path, how.encoding), start=1):
            if "mapping" not in record.fields:
                raise record.wrong("there is no mapping; is it an export of ChatGPT?")
            about = About(
                record.text("conversation_id", "id") or str(number),
                title=record.text("title"),
                model=record.text("default_model_slug"),
            )
            nodes = _nodes(record, how, left_out)
            if not nodes:
                continue
            try:
                yield from conversations_of(nodes, record.text("current_node"), about)
            except BrokenTreeError as error:
                raise record.wrong(f"{error}; export the account again") from None
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Nobody but ChatGPT writes its exports. Raises ``BadRequest``."""
        raise BadRequest(f"{path}: exports of accounts cannot be written; choose another format")


def _nodes(record: Record, how: ReadOptions, left_out: Counter[str]) -> dict[str, Node]:
    """The messages of a mapping, each with the one before it."""
    mapping = record.record("mapping")
    nodes: dict[str, Node] = {}
    thoughts: dict[str, str] = {}
    for name, value in mapping.fields.items():
        entry = mapping.inside(name, value)
        message = entry.record("message")
        said = None
        if message.fields:
            content = message.record("content")
            if content.text("content_type") == "thoughts":
                thoughts[name] = _thoughts(content)
            else:
                said = _said(message, content, name, how, left_out)
        model = message.record("metadata").text("model_slug")
        nodes[name] = Node(entry.text("parent"), said, model)
    for name, node in nodes.items():
        thought = _thought_before(node, nodes, thoughts) if node.said is not None else ""
        if node.said is not None and thought:
            nodes[name] = replace(node, said=replace(node.said, thought=thought))
    return nodes


def _said(
    message: Record, content: Record, name: str, how: ReadOptions, left_out: Counter[str]
) -> Utterance | None:
    """What a message says; None if it is no turn."""
    author = message.record("author")
    role = author.text("role")
    if not role:
        raise message.wrong("its author has no role; export the account again")
    kind = content.text("content_type")
    recipient = message.text("recipient") or _EVERYBODY
    if role in TOOLS or recipient != _EVERYBODY:
        left_out["messages of tools"] += 1
    elif role in INSTRUCTIONS and not how.system:
        left_out["system messages"] += 1
    elif message.record("metadata").fields.get(_HIDDEN):
        left_out["hidden messages"] += 1
    elif kind not in _READ:
        left_out[f"{kind or 'other'} messages"] += 1
    else:
        parts = content.list("parts")
        texts = [sound(part) for part in parts if isinstance(part, str) and part.strip()]
        left_out["pictures and files"] += sum(isinstance(part, dict) for part in parts)
        if texts:
            return Utterance(
                author.text("name") or role, "\n\n".join(texts), at=message.time("create_time"),
                name=name, line=message.line,
            )  # fmt: skip
    return None


def _thoughts(content: Record) -> str:
    """What a message of thoughts holds."""
    each = (thought.text("content", "summary") for thought in content.records("thoughts"))
    return "\n\n".join(thought for thought in each if thought.strip())


def _thought_before(node: Node, nodes: dict[str, Node], thoughts: dict[str, str]) -> str:
    """What was thought between an utterance and the one before it."""
    found: list[str] = []
    seen: set[str] = set()
    before = node.before
    while before in nodes and before not in seen and nodes[before].said is None:
        seen.add(before)
        if before in thoughts:
            found.append(thoughts[before])
        before = nodes[before].before
    return "\n\n".join(reversed(found))


CHATGPT = ChatGptAccount()
