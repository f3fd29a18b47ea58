"""Conversations as OpenAI takes them for fine-tuning and in batches: JSON Lines of messages.

A line is ``{"messages": [{"role": ..., "content": ..., "name": ...}, ...]}``, in a batch inside of
``body``. The speaker is the ``name`` if there is one, else the role. What calls tools, or is
answered by them, is left out and counted.

What we write has role ``assistant`` and the speaker as ``name`` in every message, so that it comes
back with the same speakers, and a model that is tuned on it learns all of them; only who is called
``user`` or ``assistant`` gets that role and no name. OpenAI takes names of letters, digits, ``_``
and ``-`` alone: rename speakers with others before you send a file there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import Record, first_keys, records_of
from sim.formats.messages import INSTRUCTIONS, TOOLS, content_of

_BARE: Final = frozenset({"user", "assistant"})
"""Speakers whose name is a role."""


@dataclass(frozen=True, slots=True)
class OpenAiMessages:
    """One conversation a line, known by its number in the file, or by the id in a batch."""

    name: str = "openai"
    about: str = "messages with roles, one conversation a line (fine-tuning and batches of OpenAI)"
    loses: str = "names of conversations, titles, times, audiences, thoughts, branches, probes"
    tried: bool = False

    def fits(self, head: Head) -> float:
        """It has messages with roles in its first object."""
        keys = first_keys(head)
        for prefix in ("", "body."):
            if keys >= {f"{prefix}messages", f"{prefix}messages.role", f"{prefix}messages.content"}:
                return 0.9
        return 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The messages of every conversation. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        for number, record in enumerate(records_of(path, how.encoding), start=1):
            body = record.record("body") if "body" in record.fields else record
            if "messages" not in body.fields:
                raise body.wrong("there are no messages; write {'messages': [...]}")
            conversation = record.text("custom_id", "id") or str(number)
            yield About(conversation, model=body.text("model"))
            for message in body.records("messages"):
                said = _said(message, conversation, how, left_out)
                if said is not None:
                    yield said
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """One conversation a line; those without utterances are left out."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for each in conversations:
                messages = [_message(said) for said in each.utterances]
                if messages:
                    file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")


def _said(
    message: Record, conversation: str, how: ReadOptions, left_out: Counter[str]
) -> Utterance | None:
    """What a message says; None if it is no turn."""
    role = message.text("role")
    if not role and not message.text("name"):
        raise message.wrong("there is neither a role nor a name; write who says it")
    if role in TOOLS:
        left_out["tool results"] += 1
        return None
    if role in INSTRUCTIONS and not how.system:
        left_out["system messages"] += 1
        return None
    for field in ("tool_calls", "function_call"):
        if message.fields.get(field):
            left_out["tool calls"] += 1
    content = content_of(message)
    left_out.update(content.left_out)
    if not content.text.strip():
        return None
    return Utterance(
        message.text("name") or role,
        content.text,
        conversation,
        thought=content.thought or message.text("reasoning_content"),
        line=message.line,
    )


def _message(said: Utterance) -> dict[str, str]:
    if said.speaker in _BARE:
        return {"role": said.speaker, "content": said.text}
    return {"role": "assistant", "name": said.speaker, "content": said.text}


OPENAI = OpenAiMessages()
