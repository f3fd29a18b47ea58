"""Blocks: the turns of several people in one reply, as an author writes them.

The order is settled beforehand, and the words are read leniently: any form of script that keeps the
names apart will do. What is refused is what would put words into the wrong mouth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sim.text.labels import Label, labels_of
from sim.text.replies import READ, Reading, read_reply
from sim.text.strangers import strangers_in
from sim.text.thoughts import part

_FENCE: Final = re.compile(r"```[\w-]*[ \t]*\n(?P<inside>.*?)\n?[ \t]*```", re.S)
_RULES: Final = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*$\n?", re.M)
_DIRECTION: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\*[^*\n]+\*|_[^_\n]+_|（[^（）]*）")
_TITLE: Final = re.compile(r"#{1,6} [^\n]*|\*\*[^*\n]+\*\*|[^\n]{1,200}[:：]")
_OFFER: Final = re.compile(
    r"\n\n(?:\(?(?:let me know|would you like|do you want me|feel free|i hope this|shall i continue"
    r"|if you(?:'d| would) like)\b[^\n]*"
    r"|\(?note:[^\n]*\b(?:turns?|lines?|scene|character)\b[^\n]*)\Z",
    re.I,
)


class MalformedError(ValueError):
    """A block that is not what was asked for. The message tells the author what to correct.

    ``begun`` are the turns before the fault, which could be read.
    """

    def __init__(self, message: str, begun: tuple[Reading, ...] = ()) -> None:
        super().__init__(message)
        self.begun = begun


def read_block(
    text: str, order: Sequence[str], cast: tuple[str, ...] | None = None
) -> tuple[Reading, ...]:
    """The turns of a block, in the order asked. ``cast`` are everybody's names.

    Paragraphs without a name belong to the turn before them. What strangers say, and turns beyond
    those asked for, is cut, and stands with the turn that it came after. What the author thought
    stands with the first.

    Raises ``MalformedError`` if the names are not those that are due, or if words are missing.

    >>> [turn.text for turn in read_block("**Ada:** Well?\\nBen: No.", ["Ada", "Ben"])]
    ['Well?', 'No.']
    >>> read_block("Ben: No.", ["Ada"])
    Traceback (most recent call last):
    ...
    sim.text.blocks.MalformedError: Turn 1 should begin with "Ada:" and begins with "Ben: No.".
    """
    names = tuple(dict.fromkeys([*(cast or ()), *order]))
    thought, speech, _ = part(text)
    speech = speech.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(speech) > READ:
        raise MalformedError(f"It has {len(speech):,} letters, and at most {READ:,} are read.")
    fenced = _FENCE.search(speech)
    if fenced is not None:
        speech = fenced["inside"].strip()
    if speech.startswith(("[{", "{", "[\n")) and '"' in speech:
        raise MalformedError('It is JSON. Write each turn as a name, a colon, and the words, as in '
                             f'"{order[0]}: ...".')  # fmt: skip
    speech = _RULES.sub("", speech).strip()
    cast_labels = labels_of(names).of_others(speech, listed=True)
    strangers = strangers_in(speech, cast_labels, script=True, fresh=True)
    labels = sorted([*cast_labels, *strangers], key=lambda one: one.start)
    turns, problem = _dealt(speech, labels, order, frozenset(id(label) for label in strangers))
    found: list[Reading] = []
    for number, turn in enumerate(turns, start=1):
        reading = turn.reading(names)
        if not reading.text:
            problem = f"Turn {number}, of {order[number - 1]}, has no words."
            break
        found.append(reading)
    if found and thought:
        found[0] = replace(found[0], thought=thought)
    if not problem and len(found) != len(order):
        problem = f"There are {len(found)} turns where {len(order)} were asked for."
    if problem:
        raise MalformedError(problem, tuple(found))
    return tuple(found)


class _Turn:
    """A turn of a block while it is read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.words = ""
        self.cut: list[str] = []
        self.strangers: list[str] = []

    def reading(self, names: tuple[str, ...]) -> Reading:
        """The turn as it is said: without quotes around it."""
        words = self.words.strip()
        offer = _OFFER.search(words)
        if offer is not None:
            self.cut.insert(0, offer.group().strip())
            words = words[: offer.start()]
        read = read_reply(words, self.name, names)
        return Reading(
            read.text,
            "\n\n".join(piece for piece in (read.cut, *self.cut) if piece),
            tuple(dict.fromkeys(self.strangers)),
            dropped=read.dropped,
        )


def _dealt(
    text: str, labels: list[Label], order: Sequence[str], strange: frozenset[int]
) -> tuple[list[_Turn], str]:
    """The words of a text by turn: to whoever is due, as the labels say; and what is wrong with the
    next one, if anything is."""
    begun = labels[0].start if labels else len(text)
    head = _direction_before(text[:begun].strip())
    if head is None:
        return [], _not_due(0, order, text)
    turns: list[_Turn] = []
    lost: list[tuple[str, str]] = []
    for number, label in enumerate(labels):
        end = labels[number + 1].start if number + 1 < len(labels) else len(text)
        words, whole = text[label.end : end].strip(), text[label.start : end].strip()
        current = turns[-1] if turns else None
        if id(label) in strange:
            if current is None:
                lost.append((label.name, whole))
            else:
                current.strangers.append(label.name)
                current.cut.append(whole)
            continue
        kept = label.direction if words else ""
        gap = "" if kept.startswith("（") else " "
        words = f"{kept}{gap}{words}".strip()
        if len(turns) < len(order) and label.name == order[len(turns)]:
            turn = _Turn(label.name)
            turn.words = words if turns else f"{head}\n{words}".strip()
            turn.cut += [piece for _, piece in lost]
            turn.strangers += [name for name, _ in lost]
            lost.clear()
            turns.append(turn)
        elif current is not None and label.name == current.name:
            current.words += _gap(text, label.start) + words
        elif len(turns) == len(order):
            turns[-1].cut.append(text[label.start :].strip())
            break
        else:
            if current is not None:
                current.cut.append(text[label.start :].strip())
            return turns, _not_due(len(turns), order, whole)
    return turns, _not_due(0, order, text) if lost else ""


def _gap(text: str, start: int) -> str:
    """The line ends before a place in a text."""
    before = text[:start]
    return before[len(before.rstrip()) :] or "\n"


def _direction_before(head: str) -> str | None:
    """What stands before the first label and belongs to the first turn: stage directions.

    An announcement or a title is dropped; anything else is somebody's words, and nobody's turn:
    None.
    """
    if not head:
        return ""
    directions: list[str] = []
    for paragraph in re.split(r"\n+", head):
        if _DIRECTION.fullmatch(paragraph.strip()) and not paragraph.startswith("**"):
            directions.append(paragraph.strip())
        elif not _TITLE.fullmatch(paragraph.strip()):
            return None
    return "\n".join(directions)


def _not_due(number: int, order: Sequence[str], found: str) -> str:
    return f'Turn {number + 1} should begin with "{order[number]}:" and begins with "{found[:40]}".'
