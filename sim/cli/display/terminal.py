"""Consoles, and text that is safe to print on a terminal.

A transcript is written by a model, and a store may come from anybody. Nothing from either is read
as markup, and control characters, which could move the cursor, change the title or hide text, are
shown as escapes.
"""

from __future__ import annotations

import os
import re
import sys

from rich.console import Console, RenderableType

# Control characters other than tab and line feed, marks of the direction of writing, line
# separators of Unicode, and halves of surrogate pairs, which cannot be encoded.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)

UNBOUNDED = 1000
"""Columns of a table in a pipe: as many as it takes, since nothing there is cut at an edge."""


def visible(text: str) -> str:
    """The text with control characters as escapes.

    >>> visible("red \\x1b[31m alert\\x07")
    'red \\\\x1b[31m alert\\\\x07'
    """
    return _UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """The text on one line, made visible."""
    return visible(" ".join(text.split()))


def shortened(line: str, most: int = 60) -> str:
    """A line of at most so many letters and a sign that something is left out."""
    return line if len(line) <= most else f"{line[:most]}…"


def out() -> Console:
    """The console for results: standard output."""
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else UNBOUNDED
    return Console(highlight=False, markup=False, emoji=False, width=width)


def err() -> Console:
    """The console for everything else: standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_block(console: Console, block: RenderableType) -> None:
    """Print a table. In a pipe without the blanks that fill it up to its right edge."""
    if console.is_terminal:
        console.print(block)
        return
    with console.capture() as captured:
        console.print(block)
    console.out("\n".join(line.rstrip() for line in captured.get().splitlines()))
