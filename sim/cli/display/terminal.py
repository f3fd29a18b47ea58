"""Consoles, and text that is safe to print on a terminal.

A transcript is written by a model, and a store may come from anybody. Nothing from either is read
as markup, and hidden characters are shown as escapes (``sim.text.printing``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType

from sim.text.printing import command_line as command_line
from sim.text.printing import one_line as one_line
from sim.text.printing import visible as visible

UNBOUNDED = 1000
"""Columns of a table in a pipe: as many as it takes, since nothing there is cut at an edge."""


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


@contextmanager
def paged(*, plain: bool = False) -> Iterator[Console]:
    """The console for results, through the user's pager (``PAGER``, or ``less``) where there is a
    terminal. With ``plain`` neither a pager nor colours.

    What fits on the screen is printed at once: ``less`` is asked to (``LESS``, unless it is set).
    """
    console = out()
    if plain:
        yield Console(
            highlight=False, markup=False, emoji=False, width=console.width, color_system=None
        )
    elif not (console.is_terminal and sys.stdin.isatty()):
        yield console
    else:
        os.environ.setdefault("LESS", "-RFX")
        with console.pager(styles=True):
            yield console


def print_block(console: Console, block: RenderableType) -> None:
    """Print a table. In a pipe without the blanks that fill it up to its right edge."""
    if console.is_terminal:
        console.print(block)
        return
    with console.capture() as captured:
        console.print(block)
    console.out("\n".join(line.rstrip() for line in captured.get().splitlines()))
