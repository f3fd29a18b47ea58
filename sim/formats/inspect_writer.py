"""Logs of Inspect, written: a zip with one file a sample, and a header at the end."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from sim.formats.conversation import About, Conversation, Utterance

_VERSION = 2
"""The version of the format of logs."""

NAME = "elsinore_conversation"
"""Where a sample keeps the name of a conversation that can be no id."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 200
"""The most letters of a sample's id."""

_COLUMNS = {
    "sampleId": True, "input": True, "sampleStatus": False, "epoch": False, "target": False,
    "answer": False, "tokens": False, "duration": False,
}  # fmt: skip
"""The columns of Inspect's list of samples, and whether they are shown: what a conversation has."""

_VIEWER = {
    # What a model said is shown as it is: no Markdown, no pictures, no hidden letters.
    "trust_content": False,
    "task_samples_view": {
        "name": "Conversations",
        "columns": [{"id": each, "visible": shown} for each, shown in _COLUMNS.items()],
        # Rows of several lines are blank where content is not trusted, in 0.3.285.
        "multiline": False,
    },
}
"""How ``inspect view`` shows what we write: ``inspect_ai.viewer.ViewerConfig``, from Inspect's
version 0.3.218 on."""

UNKNOWN_MODEL = "none/none"
"""What Inspect itself calls a model where there is none."""


class SampleWriter:
    """An ``.eval`` file, written sample by sample. Used in a ``with`` statement.

    Inspect wants every sample's id once. What is there already gets a number.
    """

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._summaries: dict[str, dict[str, Any]] = {}
        self._model = ""
        self._title = ""
        self._start = datetime.now(UTC).isoformat(timespec="seconds")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        with self._zip:
            if kind is None:
                self._finish()

    def add(self, conversation: Conversation) -> None:
        """Write a conversation as a sample."""
        about = conversation.about
        # The id is a part of a file's name in the zip.
        wanted = _CONTROL.sub("_", about.conversation)[:_LONGEST] or "conversation"
        name, number = wanted, 1
        while name in self._summaries:
            number += 1
            name = f"{wanted}~{number}"
        people = [
            {"name": each.name, "brief": each.brief, "opposite": each.opposite}
            for each in about.people
        ]
        told = {
            "title": about.title, "setting": about.setting, "model": about.model,
            "people": people, "branch_of": about.parent, "shared": about.shared,
            NAME: about.conversation if name != about.conversation else "",
        }  # fmt: skip
        summary = {
            "id": name, "epoch": 1, "input": _heading(about) or name, "target": "",
            "metadata": {key: value for key, value in told.items() if value}, "scores": {},
        }  # fmt: skip
        sample = {
            **summary,
            "messages": [_message(said) for said in conversation.utterances],
            "output": {"model": about.model or UNKNOWN_MODEL, "choices": [], "completion": ""},
            "store": {}, "events": [], "model_usage": {}, "attachments": {},
        }  # fmt: skip
        self._write(f"samples/{name}_epoch_1.json", sample)
        self._summaries[name] = {**summary, "completed": True}
        self._model = self._model or about.model
        self._title = self._title or about.title

    def _finish(self) -> None:
        """Write what Inspect reads first: the header, and the samples in short."""
        names = list(self._summaries)
        evaluation = {
            "eval_id": uuid4().hex, "run_id": uuid4().hex, "task_id": uuid4().hex,
            "created": self._start, "task": self._title or "elsinore", "task_version": 0,
            "dataset": {"name": "elsinore", "samples": len(names), "sample_ids": names,
                        "shuffled": False},
            "model": self._model or UNKNOWN_MODEL, "config": {"epochs": 1}, "viewer": _VIEWER,
        }  # fmt: skip
        header = {
            "version": _VERSION, "status": "success", "eval": evaluation,
            "plan": {"name": "plan", "steps": [], "config": {}},
            "results": {"total_samples": len(names), "completed_samples": len(names),
                        "scores": []},
            "stats": {"started_at": self._start, "completed_at": self._start, "model_usage": {}},
        }  # fmt: skip
        start = {"version": _VERSION, "eval": evaluation, "plan": header["plan"]}
        self._write("_journal/start.json", start)
        self._write("summaries.json", list(self._summaries.values()))
        self._write("header.json", header)

    def _write(self, name: str, content: object) -> None:
        self._zip.writestr(name, json.dumps(content, ensure_ascii=False))


def _heading(about: About) -> str:
    """What stands in the list of samples: the title, who is there, and what it branches off."""
    people = ", ".join(each.name for each in about.people)
    branch = f"Branch of {about.parent}, after turn {about.shared}" if about.parent else ""
    return " · ".join(each for each in (about.title, people, branch) if each)


def _message(said: Utterance) -> dict[str, Any]:
    """A turn as a message: its label for readers, its speaker for programs."""
    metadata: dict[str, Any] = {"speaker": said.speaker}
    metadata |= {name: told for name, told in (("at", said.at), ("answers", said.answers)) if told}
    label = said.speaker
    if said.audience is not None:
        label = f"{said.speaker} (to {', '.join(said.audience) or 'nobody'})"
        metadata |= {"audience": list(said.audience), "label": label}
    text: dict[str, Any] = {"type": "text", "text": f"{label}: {said.text}"}
    thought = {"type": "reasoning", "reasoning": said.thought}
    message = {
        "role": "assistant", "source": "generate", "metadata": metadata,
        "content": [thought, text] if said.thought else text["text"],
    }  # fmt: skip
    return {"id": said.name, **message} if said.name else message
