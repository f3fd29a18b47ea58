"""Transcripts of Petri, a tool that audits models: what its auditor and its target said.

A transcript of Petri 1 and 2 is a JSON object of ``metadata`` and ``events``. Events edit views of
the audit: they add a message, roll some back, or begin again. The view of the target is read:
there the auditor writes as ``user`` and the target as ``assistant``, and so they are called here.
What was rolled back becomes a branch. Messages of tools, and edits by JSON patches, are left out
and counted. Where there are no events, ``target_messages`` or ``messages`` are read.

Petri 3 writes logs of Inspect: read these as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import Record, first_keys, whole
from sim.formats.messages import INSTRUCTIONS, TOOLS, content_of
from sim.formats.trees import BrokenTreeError, Node, conversations_of

_VIEW: Final = "target"
_SPEAKERS: Final = {"user": "auditor", "assistant": "target"}


@dataclass(frozen=True, slots=True)
class Petri:
    """One audit a file, known by its id; it is read whole."""

    name: str = "petri"
    about: str = "an audit of a model by Petri 1 or 2 (what auditor and target said)"
    loses: str = ""
    tried: bool = False

    def fits(self, head: Head) -> float:
        """It has the metadata of an audit, and events that edit views."""
        keys = first_keys(head)
        if "metadata.transcript_id" in keys:
            return 0.97
        return 0.9 if keys >= {"events.view", "events.edit"} else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The conversation on which the audit ended, and its branches. Raises ``FormatError``."""
        record = whole(path, how.encoding)
        metadata = record.record("metadata")
        about = About(
            metadata.text("transcript_id") or path.stem,
            title=metadata.text("description"),
            model=metadata.text("target_model"),
        )
        view = _View(how)
        if record.list("events"):
            for event in record.records("events"):
                view.apply(event)
        else:
            older = "target_messages" if record.list("target_messages") else "messages"
            for message in record.records(older):
                view.add(message, "")
        if not view.nodes:
            raise record.wrong("no message was shown to the target; is it a transcript of Petri?")
        try:
            yield from conversations_of(view.nodes, view.last, about)
        except BrokenTreeError as error:
            raise record.wrong(f"{error}; export the transcript again") from None
        return view.left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Nobody but Petri writes its transcripts. Raises ``BadRequest``."""
        raise BadRequest(f"{path}: transcripts of Petri cannot be written; write inspect instead")


@dataclass(slots=True)
class _View:
    """The messages that the target saw, as a tree; ``last`` is the one that it saw last."""

    how: ReadOptions
    nodes: dict[str, Node] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    last: str = ""
    left_out: Counter[str] = field(default_factory=Counter)

    def apply(self, event: Record) -> None:
        """What an event changes in the view of the target, if it is about that."""
        views = event.fields.get("view")
        if event.text("type") not in ("", "transcript_event"):
            return
        if _VIEW not in (views if isinstance(views, list) else [views]):
            return
        edit = event.record("edit")
        operation = edit.text("operation") or "add"
        if operation == "add":
            if "message" not in edit.fields:
                raise edit.wrong("there is no message to add")
            self.add(edit.record("message"), event.time("timestamp"))
        elif operation == "rollback":
            self._roll_back(edit)
        elif operation == "reset":
            self.last = ""
            for message in edit.records("new_messages"):
                self.add(message, event.time("timestamp"))
        else:
            self.left_out[f"edits by {operation}"] += 1

    def add(self, message: Record, at: str) -> None:
        """Put a message after the last one."""
        name = str(len(self.nodes) + 1)
        self.nodes[name] = Node(self.last, self._said(message, at))
        own = message.text("id")
        if own:
            self.ids[own] = name
        self.last = name

    def _roll_back(self, edit: Record) -> None:
        """Take back the last messages: so many, or all after the one that is named."""
        to = edit.text("to_id")
        if to:
            if to not in self.ids:
                raise edit.wrong(f"the message {to!r} is not there to roll back to")
            self.last = self.ids[to]
            return
        count = edit.number("count")
        if count is None or count < 0 or count != int(count):
            raise edit.wrong("says neither how many messages are rolled back, nor to which one")
        while count and self.last:
            self.last = self.nodes[self.last].before
            count -= 1

    def _said(self, message: Record, at: str) -> Utterance | None:
        role = message.text("role")
        if not role:
            raise message.wrong("there is no role; write who says it")
        content = content_of(message)
        self.left_out.update(content.left_out)
        if message.fields.get("tool_calls"):
            self.left_out["tool calls"] += 1
        if role in TOOLS:
            self.left_out["tool results"] += 1
        elif role in INSTRUCTIONS and not self.how.system:
            self.left_out["system messages"] += 1
        elif content.text.strip():
            return Utterance(_SPEAKERS.get(role, role), content.text, at=at,
                             name=message.text("id"), thought=content.thought,
                             line=message.line)  # fmt: skip
        return None


PETRI = Petri()
