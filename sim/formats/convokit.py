"""Corpora of ConvoKit: a folder of utterances, speakers and conversations, and an index of both.

``utterances.jsonl`` (or ``utterances.json``, a JSON array) has one object an utterance, with
``speaker``, ``conversation_id``, ``reply-to``, ``timestamp``, ``text`` and ``meta``. They stand in
no guaranteed order. The rule by which they are read: an utterance comes after the one to which it
replies; among those that can come next, first the one with the earlier timestamp (one without
takes that of the utterance before it), then the one that stands earlier in the file. Timestamps
are times of day from 1973 on, and only an order before: small numbers count seconds of a talk.

Titles, settings and models are read from and written to the ``meta`` of conversations, briefs to
that of speakers, audiences and thoughts to that of utterances.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf, isfinite
from pathlib import Path
from typing import Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Person, Utterance
from sim.formats.convokit_writer import CorpusWriter
from sim.formats.format import FormatError, Head, Reading, ReadOptions, wrong
from sim.formats.json_files import Record, iso, record_in_line, records_of, sound, whole
from sim.formats.texts import LONGEST, opened

_UTTERANCES: Final = ("utterances.jsonl", "utterances.json")
_BESIDE: Final = frozenset({"conversations.json", "speakers.json", "users.json", "corpus.json"})
_FIRST_TIME: Final = 100_000_000
"""Seconds since 1970. A smaller timestamp is an order, and no time of day."""


@dataclass(frozen=True, slots=True)
class ConvoKit:
    """A folder. Of every utterance only its place is held, not its text."""

    name: str = "convokit"
    about: str = "a corpus of ConvoKit: a folder with utterances.jsonl, speakers.json, ..."
    loses: str = "probes; an utterance without what it answers replies to the one before it"
    tried: bool = True

    def fits(self, head: Head) -> float:
        """The folder has utterances and one of the files beside them."""
        names = set(head.names)
        if not names.isdisjoint(_UTTERANCES):
            return 0.97 if names & _BESIDE else 0.5
        return 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """One conversation after the other. Raises ``FormatError``."""
        folder = path if path.is_dir() else path.parent
        file = next((folder / name for name in _UTTERANCES if (folder / name).exists()), None)
        if file is None:
            raise FormatError(f"{path}: there is no utterances.jsonl; name a corpus's folder")
        conversations = _beside(folder / "conversations.json", how)
        speakers = _beside(folder / "speakers.json", how) | _beside(folder / "users.json", how)
        left_out: Counter[str] = Counter()
        source = _Lines(file, how) if file.suffix == ".jsonl" else _Array(file, how)
        for conversation, spoken in _in_order(file, list(source)):
            meta = conversations.get(conversation, Record(file, 0, {}))
            yield _facts(conversation, meta, spoken, speakers)
            for each in spoken:
                said = _utterance(source.record(each), each, conversation)
                if said is not None:
                    yield said
                else:
                    left_out["utterances without text"] += 1
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """A folder that ConvoKit opens. Raises ``BadRequest`` if there is no place for it."""
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise BadRequest(f"{path}: {error.strerror}; name a folder to make") from None
        writer = CorpusWriter(path)
        with (path / _UTTERANCES[0]).open("w", encoding="utf-8", newline="\n") as file:
            for each in conversations:
                for record in writer.records(each):
                    # Plain ASCII: ConvoKit reads in the encoding of the machine.
                    file.write(json.dumps(record) + "\n")
        writer.finish()


@dataclass(frozen=True, slots=True)
class _Spoken:
    """An utterance without its text: who said it, where it belongs, and where it stands."""

    name: str
    speaker: str
    conversation: str
    answers: str
    seconds: float | None
    at: int
    line: int

    @classmethod
    def of(cls, record: Record, at: int) -> _Spoken:
        name = record.text("id")
        if not name:
            raise record.wrong("there is no id; number the utterances")
        # Corpora of earlier versions say user, root and reply_to.
        speaker = record.text("speaker", "user")
        if not speaker.strip():
            raise record.wrong("there is no speaker; name one")
        seconds = record.fields.get("timestamp")
        if isinstance(seconds, str):
            try:
                seconds = float(seconds)
            except ValueError:
                raise record.wrong(f"the timestamp {seconds!r} is no number of seconds") from None
        elif seconds is not None:
            seconds = record.number("timestamp")
        if seconds is not None and not isfinite(seconds):
            raise record.wrong(f"the timestamp {seconds} is no time; leave it out")
        return cls(name, speaker, record.text("conversation_id", "root"),
                   record.text("reply-to", "reply_to"), seconds, at, record.line)  # fmt: skip


class _Lines:
    """The utterances of JSON Lines: each is read twice, for its place and for its text."""

    def __init__(self, path: Path, how: ReadOptions) -> None:
        self._path = path
        self._encoding = how.encoding or "utf-8-sig"
        opened(path, how.encoding).close()

    def __iter__(self) -> Iterator[_Spoken]:
        at = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST), b""), start=1):
                record = record_in_line(line, self._path, number, self._encoding)
                if record is not None:
                    yield _Spoken.of(record, at)
                at += len(line)

    def record(self, spoken: _Spoken) -> Record:
        """All of an utterance."""
        with self._path.open("rb") as file:
            file.seek(spoken.at)
            line = file.readline(LONGEST)
        record = record_in_line(line, self._path, spoken.line, self._encoding)
        if record is None:
            raise wrong(self._path, spoken.line, "the file was changed while it was read")
        return record


class _Array:
    """The utterances of a JSON array, which are held."""

    def __init__(self, path: Path, how: ReadOptions) -> None:
        self._records = list(records_of(path, how.encoding))

    def __iter__(self) -> Iterator[_Spoken]:
        for at, record in enumerate(self._records):
            yield _Spoken.of(record, at)

    def record(self, spoken: _Spoken) -> Record:
        """All of an utterance."""
        return self._records[spoken.at]


def _in_order(path: Path, every: list[_Spoken]) -> Iterator[tuple[str, list[_Spoken]]]:
    """The conversations in the order of their first utterances, each in the order of the rule."""
    by_name: dict[str, _Spoken] = {}
    for each in every:
        if by_name.setdefault(each.name, each) is not each:
            raise wrong(path, each.line, f"the id {each.name!r} is there twice; number them anew")
    conversations: dict[str, list[_Spoken]] = {}
    for each in every:
        conversations.setdefault(_conversation(path, each, by_name), []).append(each)
    for conversation, spoken in conversations.items():
        here = {each.name for each in spoken}
        waiting: dict[str, list[_Spoken]] = {}
        ready: list[tuple[float, int, _Spoken]] = []
        for each in spoken:
            if each.answers in here:
                waiting.setdefault(each.answers, []).append(each)
            else:
                ready.append((-inf if each.seconds is None else each.seconds, each.at, each))
        heapify(ready)
        ordered: list[_Spoken] = []
        while ready:
            seconds, _, each = heappop(ready)
            ordered.append(each)
            for reply in waiting.get(each.name, ()):
                when = seconds if reply.seconds is None else reply.seconds
                heappush(ready, (when, reply.at, reply))
        if len(ordered) < len(spoken):
            lost = next(each for each in spoken if each not in set(ordered))
            raise wrong(path, lost.line, f"{lost.name!r} replies to itself; mend the reply-to")
        yield conversation, ordered


def _conversation(path: Path, spoken: _Spoken, by_name: dict[str, _Spoken]) -> str:
    """Where an utterance belongs: where it says, or where the one belongs to which it replies."""
    seen = {spoken.name}
    while not spoken.conversation and spoken.answers in by_name:
        spoken = by_name[spoken.answers]
        if spoken.name in seen:
            raise wrong(path, spoken.line, f"{spoken.name!r} replies to itself; mend the reply-to")
        seen.add(spoken.name)
    return spoken.conversation or spoken.name


def _beside(path: Path, how: ReadOptions) -> dict[str, Record]:
    """The ``meta`` of what a file beside the utterances describes, by name; none without it."""
    if not path.exists():
        return {}
    every = whole(path, how.encoding)
    described = {name: every.inside(repr(name), value) for name, value in every.fields.items()}
    # Earlier versions have the facts themselves where later ones have them in meta.
    return {
        sound(name): record.record("meta") if "meta" in record.fields else record
        for name, record in described.items()
    }


def _facts(
    conversation: str, meta: Record, spoken: list[_Spoken], speakers: dict[str, Record]
) -> About:
    """What the corpus says about a conversation and the people in it."""
    people = []
    for name in dict.fromkeys(each.speaker for each in spoken):
        about = speakers.get(name)
        brief = _told(about, "brief")
        opposite = _told(about, "opposite")
        if brief or opposite:
            people.append(Person(name, brief, opposite))
    shared = meta.fields.get("shared")
    branched = isinstance(shared, int) and shared > 0
    return About(
        conversation, _told(meta, "title"), _told(meta, "setting"), tuple(people),
        _told(meta, "model"), _told(meta, "branch_of") if branched else "",
        shared if isinstance(shared, int) and branched else 0,
    )  # fmt: skip


def _told(meta: Record | None, name: str) -> str:
    """A text in a ``meta``, which may hold anything; blank if it is none."""
    value = None if meta is None else meta.fields.get(name)
    return sound(value) if isinstance(value, str) else ""


def _utterance(record: Record, spoken: _Spoken, conversation: str) -> Utterance | None:
    """What was said; None if it is blank."""
    text = record.text("text")
    if not text.strip():
        return None
    meta = record.record("meta")
    heard = meta.fields.get("audience")
    audience = None
    if isinstance(heard, list) and all(isinstance(each, str) for each in heard):
        audience = tuple(sound(each) for each in heard)
    at = ""
    if spoken.seconds is not None and spoken.seconds >= _FIRST_TIME:
        try:
            at = iso(spoken.seconds)
        except (ValueError, OverflowError, OSError):
            raise record.wrong("the timestamp is beyond all years; give seconds") from None
    return Utterance(spoken.speaker, text, conversation, at, spoken.name, spoken.answers,
                     audience, _told(meta, "thought"), spoken.line)  # fmt: skip


CONVOKIT = ConvoKit()
