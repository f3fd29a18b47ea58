"""Reads the page of a judge: who argues what, and what was said.

    Motion: The town should sell its spring.
    Speaker A argues: for
    Speaker B argues: against

    [1] Speaker A: ...

    [Verdict] ...

Paragraphs between turns are stage directions if they are in parentheses, and otherwise belong to
the turn before them. The text after ``[Verdict]`` belongs to no turn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.stage.exact.script import names_a_speaker

if TYPE_CHECKING:
    from sim.layouts.prompt import Prompt

_ASKS = "[Verdict]"
_ARGUES = re.compile(r"^Speaker ([A-Z]) argues:", re.M)
_TURN = re.compile(r"\[(\d{1,9})\] Speaker ([A-Z]):(?:[ \t]+|$)")
_TOO_LONG = re.compile(r" \(\d+ words? beyond the limit\)$")


@dataclass(frozen=True, slots=True)
class Statement:
    """One turn as a judge sees it: its number, the letter of its speaker, its text."""

    number: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a judge.

    ``labels`` are the speakers' letters in their order; ``asked`` is how often a verdict was
    requested; ``words`` is the number of words of the prompt.
    """

    labels: tuple[str, ...]
    turns: tuple[Statement, ...]
    asked: int
    words: int


def read_page(prompt: Prompt) -> Page | None:
    """The page of a judge; None if the prompt asks for no verdict.

    >>> from sim.layouts.prompt import Prompt
    >>> told = "Motion: Tea.\\nSpeaker A argues: for\\nSpeaker B argues: against"
    >>> said = "[1] Speaker B: No.\\n\\n[Verdict] Well?"
    >>> page = read_page(Prompt.start("user", f"{told}\\n\\n{said}"))
    >>> page.labels, page.turns[0].label, page.turns[0].text
    (('A', 'B'), 'B', 'No.')
    """
    if _ASKS not in prompt.text or prompt.role not in ("user", "text"):
        return None
    chunks = prompt.chunks()
    told = "".join(
        "\n\n" if chunk.role == "assistant" else chunk.text
        for chunk in chunks
        if chunk.role != "system"
    )
    head, _, _ = told.partition("\n\n[")
    labels = tuple(dict.fromkeys(_ARGUES.findall(head)))
    header = [head, *(chunk.text for chunk in chunks if chunk.role == "system")]
    if not labels or any(names_a_speaker(text) for text in header):
        return None
    words = sum(chunk.text.count(" ") + 1 for chunk in chunks)
    return Page(labels, _turns(told, labels), told.count(_ASKS), words)


def _turns(told: str, labels: tuple[str, ...]) -> tuple[Statement, ...]:
    statements: list[Statement] = []
    open_ended = False
    for paragraph in told.split("\n\n"):
        start = _TURN.match(paragraph)
        if start is not None and start.group(2) in labels:
            statements.append(
                Statement(int(start.group(1)), start.group(2), paragraph[start.end() :])
            )
            open_ended = True
        elif paragraph.startswith(_ASKS):
            open_ended = False
        elif open_ended and paragraph.strip() and not _is_told(paragraph.strip()):
            last = statements.pop()
            statements.append(Statement(last.number, last.label, f"{last.text}\n\n{paragraph}"))
    return tuple(
        Statement(turn.number, turn.label, _TOO_LONG.sub("", turn.text.rstrip()))
        for turn in statements
    )


def _is_told(paragraph: str) -> bool:
    """Whether a paragraph is a stage direction."""
    return paragraph.startswith("(") and paragraph.endswith(")")
