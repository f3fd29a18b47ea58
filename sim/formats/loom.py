"""Trees of a loom: texts that a base model continued in several ways. Each leaf is a conversation.

What ``basemode-loom export`` writes is read (``nodes`` with a ``parent_id`` each), what earlier
looms wrote as nested nodes (``root`` with ``text`` and ``children``), or as a mapping or list of
``nodes`` with a ``parent``. The main conversation ends in the node that was looked at last, if the
file says so; the other leaves are branches, which share the utterances that are the same from the
beginning.

A text of a base model has no speakers. If lines of the tree begin with labels (``Ann: ...``), they
part it into utterances; what stands before the first label, or all of it where there are none, is
said by ``text``. A chat has roles, which are its speakers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import Record, first_keys, whole
from sim.formats.trees import BrokenTreeError, Node, paths_of
from sim.text.labels import labels_of

NOBODY: Final = "text"
"""The speaker of a text without speakers."""

_INSTRUCTIONS: Final = "context"
_LABEL: Final = re.compile(
    r"^[ \t]*(?:\*\*)?([^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){0,3})(?:\*\*)?:(?:\*\*)?(?=\s)", re.M
)
"""A name of up to four words, and a colon, at the beginning of a line."""

_PARENTS: Final = ("parent_id", "parent", "parentIds")


@dataclass(frozen=True, slots=True)
class Loom:
    """One tree a file, known by its root's id; it is read whole."""

    name: str = "loom"
    about: str = "a tree of continuations (basemode-loom export, or the JSON of earlier looms)"
    loses: str = ""
    tried: bool = True

    def fits(self, head: Head) -> float:
        """It has nodes with parents, or a root with children."""
        keys = first_keys(head)
        if keys >= {"nodes.parent_id", "nodes.tree_id", "nodes.text"}:
            return 0.97
        if keys >= {"root.text", "root.children"}:
            return 0.95
        parents = [key for key in keys if key.startswith("nodes.")]
        ends = {key.rpartition(".")[2] for key in parents}
        return 0.7 if "text" in ends and not ends.isdisjoint(_PARENTS) else 0.0

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The conversations of the leaves. Raises ``FormatError``."""
        record = whole(path, how.encoding)
        left_out: Counter[str] = Counter()
        nodes = _nodes(record, how, left_out)
        if not nodes:
            raise record.wrong("there is no node with a text; is it a tree of a loom?")
        try:
            ways = paths_of(nodes, _looked_at(record, nodes))
            paths = [[nodes[name] for name in way] for way in ways]
        except BrokenTreeError as error:
            raise record.wrong(f"{error}; export the tree again") from None
        names = _speakers(paths)
        earlier: list[tuple[str, list[Utterance]]] = []
        for on_path in paths:
            said = _utterances(on_path, names)
            parent, shared = _most_shared(said, earlier)
            if earlier and shared == len(said):
                continue
            own = f"{path.stem}/branch-{len(earlier)}" if earlier else path.stem
            model = next((node.model for node in reversed(on_path) if node.model), "")
            yield About(own, model=model, parent=parent, shared=shared)
            yield from (replace(each, conversation=own) for each in said[shared:])
            earlier.append((own, said))
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Nobody but a loom writes its trees. Raises ``BadRequest``."""
        raise BadRequest(f"{path}: trees of a loom cannot be written; choose another format")


def _nodes(record: Record, how: ReadOptions, left_out: Counter[str]) -> dict[str, Node]:
    """The nodes of a tree by their ids, each with what it says and the one before it."""
    if "root" in record.fields:
        return dict(_nested(record.record("root")))
    if "loomTree" in record.fields:
        raise record.wrong("a tree of patches cannot be read; export it with basemode-loom")
    every = record.fields.get("nodes")
    if isinstance(every, dict):
        nested = record.record("nodes")
        listed = [(key, nested.inside(repr(key), value)) for key, value in every.items()]
    else:
        listed = [("", each) for each in record.records("nodes")]
    nodes: dict[str, Node] = {}
    for key, each in listed:
        name = each.text("id") or key
        if not name or name in nodes:
            raise each.wrong("has no id of its own; export the tree again")
        role = each.record("metadata").text("role")
        before = _before(each)
        if each.text("kind") == _INSTRUCTIONS:
            # What a model was told before a chat: asked for, it is the first to be said.
            if not how.system:
                left_out["system messages"] += 1
                continue
            role = role or "system"
        elif not before and how.system:
            before = each.text("context_id")
        nodes[name] = Node(before, Utterance(role or NOBODY, each.text("text"), name=name,
                                             at=each.time("created_at"), line=each.line),
                           "" if role == "user" else each.text("model"))  # fmt: skip
    return nodes


def _nested(root: Record) -> Iterator[tuple[str, Node]]:
    """The nodes of a tree whose nodes hold their children."""
    waiting = [("", root)]
    number = 0
    while waiting:
        before, each = waiting.pop()
        number += 1
        name = each.text("id") or f"node {number}"
        said = Utterance(NOBODY, each.text("text"), name=name, line=each.line)
        yield name, Node(before, said, each.text("model"))
        children = [Record(child.path, child.line, child.fields, f"child of {name}")
                    for child in each.records("children")]  # fmt: skip
        waiting.extend((name, child) for child in reversed(children))


def _before(node: Record) -> str:
    """The node that a node continues; blank for a root."""
    field = next((name for name in _PARENTS if node.fields.get(name)), "")
    if isinstance(node.fields.get(field), list):
        first = node.list(field)[0]
        if not isinstance(first, str | int):
            raise node.wrong(f"{field!r} names no node; export the tree again")
        return str(first)
    return node.text(field) if field else ""


def _looked_at(record: Record, nodes: dict[str, Node]) -> str:
    """The node that was looked at last: selected, or checked out from the root on; or blank."""
    selected = record.text("selected_node_id")
    if selected in nodes:
        return selected
    if not isinstance(record.fields.get("nodes"), list):
        return ""
    marked = {each.text("id") for each in record.records("nodes") if each.fields.get("checked_out")}
    following = {nodes[name].before: name for name in nodes if name in marked}
    at = next((name for name in nodes if not nodes[name].before), "")
    seen: set[str] = set()
    while at in following and at not in seen:
        seen.add(at)
        at = following[at]
    return at if seen else ""


def _speakers(paths: list[list[Node]]) -> tuple[str, ...]:
    """Who has labels in a tree: nobody if it has roles, or if few of its lines have labels."""
    if any(
        each.said is not None and each.said.speaker != NOBODY for path in paths for each in path
    ):
        return ()
    names: set[str] = set()
    for text in map(_text, paths):
        labels = [label[1] for label in _LABEL.finditer(text) if not label[1][0].islower()]
        lines = sum(1 for line in text.splitlines() if line.strip())
        # Prose, too, may have a line or two that begins with a word and a colon.
        if len(labels) > 1 and len(labels) * 3 >= lines:
            names.update(labels)
    return tuple(sorted(names))


def _utterances(path: list[Node], names: tuple[str, ...]) -> list[Utterance]:
    """What is said on the way to a leaf: by those who have labels, or node by node."""
    if not names:
        return [each.said for each in path if each.said is not None and each.said.text.strip()]
    text = _text(path)
    labels = labels_of(names).of_others(text, listed=True)
    ends = [label.start for label in labels[1:]] + [len(text)]
    parts = [(NOBODY, text[: labels[0].start] if labels else text)]
    parts += [(label.name, text[label.end : end]) for label, end in zip(labels, ends, strict=False)]
    line = path[0].said.line if path and path[0].said is not None else 0
    return [Utterance(who, words.strip(), line=line) for who, words in parts if words.strip()]


def _text(path: list[Node]) -> str:
    return "".join(each.said.text for each in path if each.said is not None)


def _most_shared(
    said: list[Utterance], earlier: list[tuple[str, list[Utterance]]]
) -> tuple[str, int]:
    """The conversation that has most in common from the beginning, and how many utterances."""
    best, most = "", 0
    for name, other in earlier:
        same = takewhile(lambda both: both[0] == both[1], zip(said, other, strict=False))
        shared = sum(1 for _ in same)
        if shared > most:
            best, most = name, shared
    return best, most


LOOM = Loom()
