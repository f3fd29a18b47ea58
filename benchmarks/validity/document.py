"""``docs/validity-details.md``: each study has a section there, which it writes itself.

Nothing in the document is written by hand: a figure that no command wrote has no place in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "validity-details.md"


def write_section(module: str, title: str, parts: Sequence[str], path: Path = DOCUMENT) -> None:
    """Put the section of a study in its place in the document, or at its end."""
    begins = f"<!-- {module}: written by --write -->"
    ends = f"<!-- end of {module} -->"
    text = "\n\n".join([begins, f"## {title}", *parts, ends])
    before = (
        path.read_text(encoding="utf-8")
        if path.exists()
        else "# What the instruments are worth: the studies\n"
    )
    if begins in before and ends in before:
        start, end = before.index(begins), before.index(ends) + len(ends)
        after = before[:start] + text + before[end:]
    else:
        after = f"{before.rstrip()}\n\n{text}\n"
    path.write_text(after, encoding="utf-8")
