"""Tables of utterances as JSON: one flat object each, in lines or in an array.

The fields are those that columns of CSV are, found by the same names. Everything else that an
object has is left aside.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.formats.conversation import Conversation
from sim.formats.delimited import WRITTEN, guessed
from sim.formats.format import Head, Reading, ReadOptions
from sim.formats.json_files import Record, first_keys, records_of
from sim.formats.rows import cells_of, row, text_of


@dataclass(frozen=True, slots=True)
class JsonRows:
    """One utterance an object. Which field is what is told by the first object."""

    name: str = "jsonl"
    about: str = "a table of utterances as JSON: an object with speaker and text each"
    loses: str = "probes, branches, settings, who is described how"
    tried: bool = True

    def fits(self, head: Head) -> float:
        """Its first object has fields for a speaker and a text."""
        keys = [key for key in first_keys(head) if "." not in key]
        return 0.0 if isinstance(guessed(sorted(keys), ReadOptions()), str) else 0.75

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """One utterance an object. Raises ``FormatError``."""
        left_out: Counter[str] = Counter()
        names: dict[str, str] = {}
        titles: dict[str, str] = {}
        for record in records_of(path, how.encoding):
            if not names:
                columns = guessed(list(record.fields), how)
                if isinstance(columns, str):
                    raise record.wrong(columns.replace("column", "field"))
                names = {what: columns.titles[place] for what, place in columns.places.items()}
            cells = {what: _cell(record, what, name) for what, name in names.items()}
            if not text_of(cells["text"]).strip():
                left_out["rows without text"] += 1
                continue
            yield from row(cells, titles, record.wrong, record.line)
        return left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """One line an utterance; what is blank is left out."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for each in conversations:
                for said in each.utterances:
                    cells = cells_of(each, said)
                    kept = {name: cells[name] for name in WRITTEN if cells[name] is not None}
                    file.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _cell(record: Record, what: str, name: str) -> Any:
    """A field; of several utterances that are answered the first. Raises ``FormatError`` for what
    is no text and no number."""
    value = record.fields.get(name)
    if isinstance(value, list) and what == "answers":
        value = value[0] if value else None
    if isinstance(value, dict) or (isinstance(value, list) and what != "audience"):
        raise record.wrong(f"{name!r} is no text; correct it, or name another field")
    return value


JSON_ROWS = JsonRows()
