"""Logs of Inspect, the evaluation framework: ``.eval`` files, and older ones that are one JSON.

An ``.eval`` file is a zip: ``header.json`` says what was run on which model, and each of
``samples/ID_epoch_N.json`` is one conversation with its messages. It is read and written without
Inspect. Messages of tools, system messages and pictures are left out and counted.

What we write is one sample a conversation. Every turn is a message of role ``assistant``, because
a model said it. Its text begins with the speaker's name, whom it is meant for if not everybody, and
a colon, so that it reads well in Inspect's viewer; its ``metadata`` has the speaker and this label,
which is taken off where it is read again. A branch has ``branch_of`` and ``shared`` in the metadata
of its sample, and says so in its input. The log tells Inspect's viewer to list inputs and to take
the words for no Markdown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.formats.archives import archive, is_archive, member
from sim.formats.conversation import About, Conversation, Person, Utterance
from sim.formats.format import FormatError, Head, Reading, ReadOptions
from sim.formats.inspect_writer import NAME, UNKNOWN_MODEL, SampleWriter
from sim.formats.json_files import Record, first_keys, sound, whole, whole_in
from sim.formats.messages import INSTRUCTIONS, TOOLS, content_of

_HEADER: Final = "header.json"
_START: Final = "_journal/start.json"
"""The header of an evaluation that did not come to its end."""

_SAMPLES: Final = "samples/"
_ATTACHMENT: Final = re.compile(r"attachment://([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class InspectLog:
    """One sample a conversation, known by its id; from the second epoch on with the epoch."""

    name: str = "inspect"
    about: str = "a log of Inspect (.eval, or the older one-file .json)"
    loses: str = "probes; a branch is without what it shares"
    tried: bool = True

    def fits(self, head: Head) -> float:
        """The zip has samples and a header; the older file an evaluation and samples."""
        names = set(head.names)
        if not names.isdisjoint((_HEADER, _START)):
            return 0.97 if any(name.startswith(_SAMPLES) for name in names) else 0.6
        keys = frozenset() if names else first_keys(head)
        if keys >= {"status", "eval.task", "eval.model"}:
            return 0.97
        return 0.9 if keys >= {"samples.messages", "samples.epoch"} else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The samples in the order of the log. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        for header, sample in _samples(path, how):
            yield from _conversation(header, sample, how, left_out)
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """An ``.eval`` file that Inspect opens."""
        with SampleWriter(path) as writer:
            for each in conversations:
                if each.utterances:
                    writer.add(each)


def _samples(path: Path, how: ReadOptions) -> Iterator[tuple[Record, Record]]:
    """Each sample with the header of its log. The older kind of log is read whole."""
    if not is_archive(path):
        log = whole(path, how.encoding)
        if "eval" not in log.fields:
            raise log.wrong("there is no 'eval'; is it a log of Inspect?")
        for sample in log.records("samples"):
            yield log, sample
        return
    with archive(path) as opened:
        names = opened.namelist()
        header_name = next((name for name in (_HEADER, _START) if name in names), None)
        if header_name is None:
            raise FormatError(f"{path}: there is no {_HEADER}; is it a log of Inspect?")
        with member(opened, header_name) as stream:
            header = whole_in(stream, f"{path}, {header_name}")
        for name in names:
            if name.startswith(_SAMPLES) and name.endswith(".json"):
                with member(opened, name) as stream:
                    yield header, whole_in(stream, f"{path}, {name}")


def _conversation(
    header: Record, sample: Record, how: ReadOptions, left_out: Counter[str]
) -> Reading:
    """The messages of a sample."""
    own = sample.text("id")
    if not own:
        raise sample.wrong("the sample has no id; give it one")
    epoch = sample.number("epoch") or 1
    conversation = own if epoch == 1 else f"{own} (epoch {epoch:g})"
    metadata = sample.record("metadata")
    conversation = _told(metadata, NAME) or conversation
    evaluation = header.record("eval")
    model = _told(metadata, "model") or evaluation.text("model")
    yield About(
        conversation,
        _told(metadata, "title") or evaluation.text("task"),
        _told(metadata, "setting"),
        tuple(_people(metadata)),
        "" if model == UNKNOWN_MODEL else model,
        *_branch(metadata),
    )
    attachments = sample.record("attachments")
    for message in sample.records("messages"):
        said = _said(message, attachments, conversation, how, left_out)
        if said is not None:
            yield said
    return left_out


def _said(
    message: Record, attachments: Record, conversation: str, how: ReadOptions,
    left_out: Counter[str],
) -> Utterance | None:  # fmt: skip
    """What a message says; None if it is no turn."""
    role = message.text("role")
    if not role:
        raise message.wrong("there is no role; write who says it")
    if message.fields.get("tool_calls"):
        left_out["tool calls"] += 1
    if role in TOOLS:
        left_out["tool results"] += 1
        return None
    if role in INSTRUCTIONS and not how.system:
        left_out["system messages"] += 1
        return None
    content = content_of(message)
    left_out.update(content.left_out)
    text = _restored(content.text, attachments)
    metadata = message.record("metadata")
    speaker = _told(metadata, "speaker") or role
    label = _told(metadata, "label") or speaker
    text = text.removeprefix(f"{label}: ") if "speaker" in metadata.fields else text
    if not text.strip():
        return None
    audience = metadata.fields.get("audience")
    heard = None
    if isinstance(audience, list) and all(isinstance(each, str) for each in audience):
        heard = tuple(sound(each) for each in audience)
    return Utterance(
        speaker, text, conversation, _told(metadata, "at"), message.text("id"),
        _told(metadata, "answers"), heard, _restored(content.thought, attachments), message.line,
    )  # fmt: skip


def _restored(text: str, attachments: Record) -> str:
    """A text with what Inspect keeps once for a sample, put back in its places."""
    return _ATTACHMENT.sub(lambda found: attachments.text(found[1]) or found[0], text)


def _people(metadata: Record) -> Iterator[Person]:
    people = metadata.fields.get("people")
    for each in people if isinstance(people, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            person = metadata.inside("people", each)
            yield Person(person.text("name"), _told(person, "brief"), _told(person, "opposite"))


def _branch(metadata: Record) -> tuple[str, int]:
    """What a sample of ours is a branch of, and how much they share."""
    parent, shared = _told(metadata, "branch_of"), metadata.fields.get("shared")
    return (parent, shared) if parent and isinstance(shared, int) and shared > 0 else ("", 0)


def _told(metadata: Record, name: str) -> str:
    """A text of a metadata, which may hold anything; blank if it is none."""
    return metadata.text(name) if isinstance(metadata.fields.get(name), str) else ""


INSPECT = InspectLog()
