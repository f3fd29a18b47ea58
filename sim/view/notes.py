"""Labels and notes on turns, in a file beside the store: ``STORE.notes.jsonl``.

The store has one writer, and while a run goes on that is the run. So what people write goes into a
file of its own, one JSON object a line, appended and on the disk before the page says that it is
kept. Nothing is overwritten: of several lines about the same thing the last one counts, and one
without a text takes it back.
"""

from __future__ import annotations

import csv
import io
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sim.errors import BadRequest, RunFailed
from sim.input_files import read_text
from sim.output_files import spreadsheet_cell

LABEL, NOTE = "label", "note"

_MOST_LETTERS = 20_000


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about a turn: a ``label`` (a word of a fixed set) or a ``note``.

    A line may have any number of labels of one person, and one note. ``at`` is the time in ISO
    8601; ``turn`` is 0 for a note on a whole trial.
    """

    trial: str
    turn: int
    kind: str
    text: str
    by: str
    at: str

    @property
    def key(self) -> tuple[str, int, str, str, str]:
        """What one line takes the place of another by."""
        return (self.trial, self.turn, self.kind, self.by, self.text if self.kind == LABEL else "")


class Notes:
    """The labels and notes of a store.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = Notes(Path(folder) / "x.db")
    ...     notes.write("3f2a", 7, NOTE, "She gives in.", by="kim")
    ...     notes.write("3f2a", 7, NOTE, "She gives in, at last.", by="kim")
    ...     [note.text for note in notes.of("3f2a")]
    ['She gives in, at last.']
    """

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".notes.jsonl")
        self._lock = threading.Lock()

    def write(self, trial: str, turn: int, kind: str, text: str, *, by: str) -> None:
        """Keep a label or a note; a blank note takes back the earlier one.

        Raises ``BadRequest`` for what is too long, ``RunFailed`` if it cannot be written.
        """
        self._append(self._made(trial, turn, kind, text, by), {})

    def toggle(self, trial: str, turn: int, text: str, *, by: str) -> bool:
        """Put a label on a line, or take it off if it is there. Whether it is there now."""
        with self._lock:
            there = any(
                note.kind == LABEL and note.turn == turn and note.by == by and note.text == text
                for note in self.of(trial)
            )
            self._append(self._made(trial, turn, LABEL, text, by), {"off": True} if there else {})
            return not there

    def _made(self, trial: str, turn: int, kind: str, text: str, by: str) -> Note:
        if len(text) > _MOST_LETTERS:
            raise BadRequest(f"a {kind} of {len(text)} letters: {_MOST_LETTERS} are the most")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return Note(trial, turn, kind, text.strip(), by, now)

    def _append(self, note: Note, more: Mapping[str, object]) -> None:
        line = json.dumps({**asdict(note), **more}) + "\n"
        try:
            with self.path.open("a+b") as file:
                # A process that was killed while it wrote has left a part of a line.
                if file.tell() and not self._ends_a_line(file.tell()):
                    file.write(b"\n")
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunFailed(f"{self.path}: cannot be written ({error.strerror})") from None

    def _ends_a_line(self, size: int) -> bool:
        with self.path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) == b"\n"

    def every(self) -> list[Note]:
        """All labels and notes that count, in the order in which they were first written."""
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunFailed(f"{self.path}: cannot be read ({error.strerror})") from None
        return _counting(text)

    def of(self, trial: str) -> list[Note]:
        """Those on a trial."""
        return [note for note in self.every() if note.trial == trial]


def _counting(text: str) -> list[Note]:
    """Those of a file that count, in the order in which they were first written."""
    kept: dict[tuple[str, int, str, str, str], Note] = {}
    for line in text.splitlines():
        found = _read(line)
        if found is None:
            continue
        note, off = found
        if off or not note.text:
            kept.pop(note.key, None)
        else:
            kept[note.key] = note
    return list(kept.values())


def _read(line: str) -> tuple[Note, bool] | None:
    """A line of the file; None for one that nobody wrote, or that was torn off."""
    try:
        made = json.loads(line)
        note = Note(
            str(made["trial"]), int(made["turn"]), str(made["kind"]), str(made["text"]),
            str(made["by"]), str(made["at"]),
        )  # fmt: skip
        return note, bool(made.get("off"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


_COLUMNS = ("trial", "turn", "kind", "text", "by", "at")


def as_csv(notes: Iterable[Note]) -> str:
    """Labels and notes as CSV; no text is taken for a formula.

    >>> as_csv([Note("3f2a", 7, "label", "=flip", "kim", "2026-01-01T00:00:00+00:00")])
    "trial,turn,kind,text,by,at\\n3f2a,7,label,'=flip,kim,2026-01-01T00:00:00+00:00\\n"
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for note in notes:
        writer.writerow([spreadsheet_cell(getattr(note, column)) for column in _COLUMNS])
    return text.getvalue()


def exported(path: Path) -> list[Note]:
    """The labels and notes of a file that the viewer wrote or saved: JSON lines, or CSV.

    Raises ``BadRequest`` if it cannot be read as such.
    """
    text = read_text(path, "--notes", lenient=True)
    if path.suffix.lower() != ".csv":
        found = _counting(text)
        if not found:
            raise BadRequest(f"--notes {path}: has no labels or notes of elsinore view")
        return found
    reader = csv.DictReader(io.StringIO(text, newline=""))
    lacking = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if lacking:
        raise BadRequest(f"--notes {path}: has no column {lacking[0]!r}; save it at /notes")
    notes = []
    for number, row in enumerate(reader, 2):
        cells = {name: _from_cell(row[name] or "") for name in _COLUMNS}
        if not cells["turn"].isdecimal():
            raise BadRequest(f"--notes {path}, row {number}: the turn is no number")
        notes.append(
            Note(
                cells["trial"], int(cells["turn"]), cells["kind"], cells["text"], cells["by"],
                cells["at"],
            )
        )  # fmt: skip
    return notes


def _from_cell(cell: str) -> str:
    """What a cell was before ``spreadsheet_cell``.

    >>> _from_cell("'=flip"), _from_cell("'tis")
    ('=flip', "'tis")
    """
    plain = cell[1:]
    return plain if cell.startswith("'") and spreadsheet_cell(plain) == cell else cell


def by_turn(notes: Sequence[Note]) -> dict[int, list[Note]]:
    """Labels and notes by the turn that they are on."""
    found: dict[int, list[Note]] = {}
    for note in notes:
        found.setdefault(note.turn, []).append(note)
    return found
