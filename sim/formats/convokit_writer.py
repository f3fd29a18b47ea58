"""Corpora of ConvoKit, written: what its index, speakers and conversations say is gathered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.formats.conversation import Conversation, Utterance


class CorpusWriter:
    """Makes the records of utterances, one conversation after the other, and the files beside them.

    ConvoKit wants an id for every utterance and every conversation, each once in a corpus: what
    has none gets its conversation's with a number, and what is there already another number.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()
        self._conversations: dict[str, dict[str, Any]] = {}
        self._speakers: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, dict[str, list[str]]] = {
            "utterances": {}, "speakers": {}, "conversations": {},
        }  # fmt: skip

    def records(self, conversation: Conversation) -> Iterator[dict[str, Any]]:
        """The objects of a conversation's utterances; none if it has none."""
        if not conversation.utterances:
            return
        about = conversation.about
        name = _free(about.conversation or "conversation", self._conversations)
        meta: dict[str, Any] = {"title": about.title, "setting": about.setting,
                                "model": about.model, "branch_of": about.parent,
                                "shared": about.shared}  # fmt: skip
        self._conversations[name] = self._meta("conversations", meta)
        for person in about.people:
            told = {"brief": person.brief, "opposite": person.opposite}
            self._speakers[person.name] = self._meta("speakers", told)
        named: dict[str, str] = {}
        before: str | None = None
        for number, said in enumerate(conversation.utterances, start=1):
            own = _free(said.name or f"{name}-{number}", self._names)
            self._names.add(own)
            self._speakers.setdefault(said.speaker, {})
            # ConvoKit knows a conversation by its replies: all but the first have to be one.
            yield {"id": own, "conversation_id": name, "text": said.text,
                   "speaker": said.speaker, "reply-to": named.get(said.answers, before),
                   "timestamp": _seconds(said.at), "vectors": [],
                   "meta": self._meta("utterances", _facts(said))}  # fmt: skip
            if said.name:
                named.setdefault(said.name, own)
            before = own

    def finish(self) -> None:
        """Write the files beside the utterances."""
        index = {f"{what}-index": keys for what, keys in self._keys.items()}
        files = {
            "conversations.json": _described(self._conversations),
            "speakers.json": _described(self._speakers),
            "corpus.json": {},
            "index.json": {**index, "overall-index": {}, "version": 1, "vectors": []},
        }
        for name, content in files.items():
            (self._folder / name).write_text(json.dumps(content), encoding="utf-8")

    def _meta(self, what: str, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts that there are; the index lists of what kind each is."""
        known = {key: value for key, value in facts.items() if value or value == []}
        for key, value in known.items():
            self._keys[what][key] = [str(type(value))]
        return known


def _described(every: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: {"meta": meta, "vectors": []} for name, meta in every.items()}


def _facts(said: Utterance) -> dict[str, Any]:
    audience = None if said.audience is None else list(said.audience)
    return {"audience": audience, "thought": said.thought}


def _free(name: str, taken: set[str] | dict[str, Any]) -> str:
    """A name that is not taken: itself, or with a number."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}~{number}"
    return free


def _seconds(at: str) -> float | None:
    """A time in seconds since 1970; None if it is blank or no time. Without a zone it is UTC."""
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()
