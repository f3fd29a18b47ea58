"""All labels and notes, and what they are saved as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sim.html import element, name
from sim.html.numbers import counted
from sim.view.library import Library
from sim.view.notes import LABEL, Note
from sim.view.pages.frame import address, frame, trail


def notes_page(library: Library, notes: Sequence[Note], file: str) -> str:
    """The page of all labels and notes."""
    short = {row.id: row.short for row in library.rows()}
    labels = Counter(note.text for note in notes if note.kind == LABEL)
    items = [
        element(
            "li",
            element(
                "a",
                f"{short.get(note.trial, note.trial[:8])} · {note.turn}",
                href=address("trial", note.trial, fragment=f"t-{note.turn}"),
            ),
            " ",
            element("span", note.text, class_="label" if note.kind == LABEL else None, dir="auto"),
            element("span", f" {note.by}", class_="muted small"),
        )
        for note in notes
    ]
    return frame(
        "Labels and notes",
        trail(("/", "Trials")),
        element("h1", "Labels and notes"),
        element(
            "p",
            f"They are kept in {file}, beside the store. ",
            element("a", "Save as CSV", href="/notes.csv", download=True),
            class_="lede",
        ),
        element("p", [[name(label), f" {count}  "] for label, count in labels.most_common()])
        if labels
        else None,
        element("ol", items, class_="noted")
        if items
        else element("p", "There are none yet: press n or a digit at a line.", class_="muted"),
        element("p", counted(len(items), "entry", "entries"), class_="muted small")
        if items
        else None,
        store=library.path,
        page="notes",
    )
