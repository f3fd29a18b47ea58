"""The additions to a line in a debate: a typed answer before it, and the marks of numbered claims.

An answer in cross-examination is heard as "No. The well is dry.", a numbered claim as
"[A3] The well is dry. [B2]". Both additions are removed before a text is parsed as a line of the
grammar. They follow from the line, so that removing them loses no evidence.
"""

from __future__ import annotations

import re
from typing import Final

CLAIMING: Final = frozenset({"assert", "rebut"})
"""Acts whose lines are numbered where claims are."""

CITING: Final = frozenset({"rebut", "concede", "agree"})
"""Acts whose lines cite the claim that they answer."""

# Not before a digit: "No. 6" is a name.
_ANSWERED = re.compile(r"(?:Yes|No|In part|No answer)\. (?=[^\s\d])")
_MARK = re.compile(r" ?\[([A-Z])([1-9]\d{0,3})\]")

Mark = tuple[str, int]
"""A letter and a number: [A3] is ("A", 3)."""


def unmarked(text: str) -> str:
    """A text without its marks and the blank beside each of them.

    >>> unmarked("[A3] The well is dry. [B2]"), unmarked("As [A1] has it, no.")
    ('The well is dry.', 'As has it, no.')
    """
    return _MARK.sub("", text).strip() if "[" in text and _MARK.search(text) else text


def bare(text: str) -> str:
    """The line in a text: without a typed answer before it, and without marks.

    >>> bare("No. [A3] The well is dry. [B2]"), bare("No, Ben."), bare("No. 6 is here.")
    ('The well is dry.', 'No, Ben.', 'No. 6 is here.')
    """
    if text.startswith(("No", "Yes. ", "In part. ")):
        text = _ANSWERED.sub("", text, count=1) if _ANSWERED.match(text) else text
    return unmarked(text)


def marks_in(text: str) -> tuple[Mark, ...]:
    """The marks in a text, in order.

    >>> marks_in("[A3] The well is dry. [B2]")
    (('A', 3), ('B', 2))
    """
    if "[" not in text:
        return ()
    return tuple((letter, int(number)) for letter, number in _MARK.findall(text))


def marked(line: str, act: str, own: Mark | None, cited: Mark | None) -> str:
    """A line with its marks: ``own`` is the speaker's next claim, ``cited`` the partner's last.

    >>> marked("The well is dry.", "rebut", ("A", 3), ("B", 2))
    '[A3] The well is dry. [B2]'
    >>> marked("The well is dry.", "assert", ("A", 3), ("B", 2))
    '[A3] The well is dry.'
    """
    if own is not None and act in CLAIMING:
        line = f"[{own[0]}{own[1]}] {line}"
    if cited is not None and act in CITING:
        line = f"{line} [{cited[0]}{cited[1]}]"
    return line
