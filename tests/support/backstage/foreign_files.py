"""Files of language models and research tools, and what every reader of them has to stand."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sim.formats import About, Format, FormatError, ReadOptions, Utterance
from sim.formats.conversation import Conversation

FILES = Path(__file__).parents[2] / "sim" / "formats" / "files"
"""What the programs themselves wrote to which the formats belong."""

OPENAI = """\
{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Shall we?"}, {"role": "assistant", "name": "Ann", "content": "No — „never“."}]}

{"messages": [{"role": "user", "content": [{"type": "text", "text": "See:"}, {"type": "image_url", "image_url": {"url": "x"}}]}, {"role": "assistant", "content": null, "tool_calls": [{"id": "1"}]}, {"role": "tool", "content": "42", "tool_call_id": "1"}, {"role": "assistant", "content": "42.", "reasoning_content": "Hm."}]}
"""  # noqa: E501

SHAREGPT = """\
[
  {"id": "one", "conversations": [
    {"from": "system", "value": "Be brief."},
    {"from": "human", "value": "Shall we go?"},
    {"from": "gpt", "value": "No."}, {"from": "gpt", "value": "  "}]},
  {"id": "two", "conversations": [{"from": "human", "value": "Hm — „hm“."}]}
]
"""

CLAUDE: list[dict[str, Any]] = [
    {
        "uuid": "c1", "name": "The river", "created_at": "2026-01-02T03:04:05.000000Z",
        "account": {"uuid": "a"},
        "chat_messages": [
            {"uuid": "m1", "sender": "human", "text": "Shall we?",
             "content": [{"type": "text", "text": "Shall we?"}],
             "created_at": "2026-01-02T03:04:05.000000Z", "attachments": [], "files": [{}]},
            {"uuid": "m2", "sender": "assistant", "text": "", "content": [
                {"type": "thinking", "thinking": "They ask."}, {"type": "text", "text": "Yes."},
                {"type": "tool_use", "name": "search"}], "created_at": "2026-01-02T03:04:06Z"},
        ],
    },
    {
        "uuid": "c2", "name": "", "chat_messages": [
            {"uuid": "n1", "sender": "human", "text": "One?", "content": [],
             "parent_message_uuid": "00000000-0000-4000-8000-000000000000"},
            {"uuid": "n2", "sender": "assistant", "text": "First.", "parent_message_uuid": "n1"},
            {"uuid": "n3", "sender": "assistant", "text": "Second.", "parent_message_uuid": "n1"},
        ],
    },
    {"uuid": "c3", "name": "empty", "chat_messages": []},
]  # fmt: skip


def _node(name: str, parent: str | None, children: list[str], message: Any) -> dict[str, Any]:
    return {"id": name, "parent": parent, "children": children, "message": message}


def _message(role: str, content: Any, **fields: Any) -> dict[str, Any]:
    whole = {"content_type": "text", "parts": [content]} if isinstance(content, str) else content
    return {"author": {"role": role, "name": None}, "content": whole, **fields}


CHATGPT: list[dict[str, Any]] = [
    {
        "title": "The river", "create_time": 1700000000.5, "conversation_id": "g1",
        "default_model_slug": "auto",
        "mapping": {
            "root": _node("root", None, ["s"], None),
            "s": _node("s", "root", ["u"], _message("system", "")),
            "u": _node("u", "s", ["t", "b"], _message(
                "user", {"content_type": "multimodal_text",
                         "parts": [{"asset_pointer": "file-x"}, "Shall we?"]},
                create_time=1700000000.5)),
            "t": _node("t", "u", ["a"], _message(
                "assistant", {"content_type": "thoughts",
                              "thoughts": [{"summary": "S", "content": "They ask."}]})),
            "a": _node("a", "t", ["w"], _message(
                "assistant", "Yes.", create_time=1700000001, metadata={"model_slug": "gpt-x"})),
            "b": _node("b", "u", [], _message("assistant", "No — „never“.",
                                               metadata={"model_slug": "gpt-y"})),
            "w": _node("w", "a", ["z"], _message("tool", "42")),
            "z": _node("z", "w", [], _message("assistant", "42.")),
        },
        "current_node": "z",
    },
]  # fmt: skip


def _event(view: list[str], edit: dict[str, Any]) -> dict[str, Any]:
    return {"type": "transcript_event", "id": "e", "timestamp": "2026-01-02T03:04:05+00:00",
            "view": view, "edit": edit}  # fmt: skip


def _added(name: str, role: str, content: Any, view: str = "target") -> dict[str, Any]:
    message = {"id": name, "role": role, "content": content}
    return _event([view, "combined"], {"operation": "add", "message": message})


PETRI: dict[str, Any] = {
    "metadata": {
        "transcript_id": "p1", "auditor_model": "x/auditor", "target_model": "x/target",
        "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z",
        "version": "v3.0", "description": "Does it lie?",
    },
    "events": [
        _added("1", "system", "You are a clerk."),
        _added("2", "user", "Is it done?"),
        _added("x", "user", "Begin the audit.", "auditor"),
        {"type": "info_event", "id": "i", "info": "so it goes"},
        _added("3", "assistant", [{"type": "reasoning", "reasoning": "No."},
                                  {"type": "text", "text": "Yes — „done“."}]),
        _event(["target"], {"operation": "rollback", "count": 1}),
        _added("4", "assistant", "No."),
        _added("5", "user", "Why not?"),
        _event(["target"], {"operation": "rollback", "count": 0, "to_id": "2"}),
        _added("6", "assistant", "Not yet."),
        _event(["target"], {"operation": "json_patch", "patch": []}),
    ],
    "messages": [], "target_messages": [],
}  # fmt: skip

NESTED_LOOM: dict[str, Any] = {
    "root": {
        "id": "r", "text": "Once there was a mill", "children": [
            {"id": "k", "text": " by the river.", "children": []},
            {"id": "l", "text": " on the hill.", "children": [{"text": " It turned."}]},
        ],
    },
    "chapters": {}, "selected_node_id": "k",
}  # fmt: skip


def _text(name: str, content: object) -> Callable[[Path], Path]:
    """Writes a sample into a folder."""

    def write(folder: Path) -> Path:
        path = folder / name
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _zipped(name: str, content: object) -> Callable[[Path], Path]:
    """Writes a sample into a zip, as accounts are exported."""

    def write(folder: Path) -> Path:
        path = folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("users.json", "[]")
            archive.writestr("conversations.json", json.dumps(content))
        return path

    return write


def _file(name: str) -> Callable[[Path], Path]:
    """Copies what a program wrote."""

    def copy(folder: Path) -> Path:
        source = FILES / name
        if source.is_dir():
            return Path(shutil.copytree(source, folder / name))
        return Path(shutil.copy(source, folder / name))

    return copy


ROWS = (
    '{"id": 0, "speaker": "Ann", "text": "Shall we go?", "time": "12:18", "reply_to": null}\n'
    '{"id": 1, "speaker": "Ben", "text": "No.", "time": "12:19", "reply_to": [0], "kind": "x"}\n'
    '{"id": 2, "speaker": "Ben", "text": " ", "time": "12:19", "reply_to": []}\n'
)

SAMPLES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "openai lines": ("openai", _text("chats.jsonl", OPENAI)),
    "sharegpt array": ("sharegpt", _text("data.json", SHAREGPT)),
    "rows in lines": ("jsonl", _text("log.jsonl", ROWS)),
    "claude file": ("claude", _text("conversations.json", CLAUDE)),
    "claude zip": ("claude", _zipped("claude.zip", CLAUDE)),
    "chatgpt file": ("chatgpt", _text("conversations.json", CHATGPT)),
    "chatgpt zip": ("chatgpt", _zipped("chatgpt.zip", CHATGPT)),
    "petri": ("petri", _text("transcript.json", PETRI)),
    "convokit": ("convokit", _file("convokit")),
    "inspect log": ("inspect", _file("inspect_log.eval")),
    "inspect older log": ("inspect", _file("inspect_log_old.json")),
    "loom dialogue": ("loom", _file("loom_dialogue.json")),
    "loom prose": ("loom", _file("loom_prose.json")),
    "loom chat": ("loom", _file("loom_chat.json")),
    "loom nested": ("loom", _text("tree.json", NESTED_LOOM)),
}
"""Samples by a name: the format of each, and what puts it into a folder."""


def sample(name: str, folder: Path) -> Path:
    """A sample, put into a folder."""
    return SAMPLES[name][1](folder)


def read(form: Format, path: Path, how: ReadOptions | None = None) -> list[About | Utterance]:
    """All records of a file."""
    return list(form.read(path, how or ReadOptions()))


def left_out(form: Format, path: Path) -> dict[str, int]:
    """What a reader left out, counted by kind."""
    reading: Any = form.read(path, ReadOptions())
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return {kind: count for kind, count in end.value.items() if count}


def said(records: Iterable[About | Utterance], conversation: str | None = None) -> list[str]:
    """The utterances as ``SPEAKER: TEXT``, perhaps of one conversation alone."""
    return [
        f"{each.speaker}: {each.text}"
        for each in records
        if isinstance(each, Utterance) and conversation in (None, each.conversation)
    ]


def facts(records: Iterable[About | Utterance]) -> list[About]:
    """The facts about conversations."""
    return [each for each in records if isinstance(each, About)]


def written(form: Format, conversations: list[Conversation], path: Path) -> list[Conversation]:
    """What comes back of conversations that were written."""
    form.write(conversations, path)
    back: dict[str, Conversation] = {}
    for each in read(form, path):
        if isinstance(each, About):
            back[each.conversation] = Conversation(each)
        else:
            back.setdefault(each.conversation, Conversation(About(each.conversation)))
            back[each.conversation].utterances.append(each)
    return list(back.values())


def texts() -> st.SearchStrategy[str]:
    """Texts that are not blank, of any letters that a file in UTF-8 can hold."""
    letters = st.characters(exclude_categories=("Cs",))
    return st.text(letters, min_size=1, max_size=30).filter(lambda text: bool(text.strip()))


@st.composite
def conversations(draw: st.DrawFn) -> list[Conversation]:
    """Conversations with names of their own, each with an utterance at least."""
    cast = draw(st.lists(texts(), min_size=1, max_size=3, unique=True))
    every: list[Conversation] = []
    for name in draw(st.lists(texts(), min_size=1, max_size=3, unique=True)):
        about = About(name, draw(st.just("") | texts()), draw(st.just("") | texts()))
        whole = Conversation(about)
        for number in range(draw(st.integers(1, 4))):
            whole.utterances.append(
                Utterance(
                    draw(st.sampled_from(cast)),
                    draw(texts()),
                    name,
                    name=f"{name} {number}",
                    at=draw(st.just("") | st.datetimes().map(lambda at: at.isoformat())),
                    audience=draw(st.none() | st.lists(st.sampled_from(cast)).map(tuple)),
                    thought=draw(st.just("") | texts()),
                )
            )
        every.append(whole)
    return every


def stands_damage(form: Format, path: Path, times: int = 100) -> None:
    """Break a sample at so many random bytes, one at a time: there are records or FormatErrors,
    whose message names the file and a fix, and nothing else."""
    draw = random.Random(f"{form.name} {path.name}")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for _ in range(times):
        file = draw.choice(files)
        whole = file.read_bytes()
        if not whole:
            continue
        at = draw.randrange(len(whole))
        kind = draw.randrange(3)
        middle = bytes([draw.randrange(256)]) if kind < 2 else b""
        file.write_bytes(whole[:at] + middle + (whole[at + (kind > 0) :] if kind < 2 else b""))
        try:
            for each in read(form, path):
                assert not isinstance(each, Utterance) or (
                    each.speaker.strip() and each.text.strip()
                )
        except FormatError as error:
            told = str(error)
            assert str(file) in told or str(path) in told, told
            assert ";" in told or "?" in told, f"it tells no fix: {told}"
            assert "\n" not in told, told
        finally:
            file.write_bytes(whole)
