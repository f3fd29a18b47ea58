"""What a coder sees and gives back: sheets in CSV and in plain text, blind to arms and scores.

A sheet shows, line by line, what was said before and the line itself. It shows no model, no
scenario, no number of the trial or the turn, and no judge's score. People edit sheets with
spreadsheet programs, so what is read may have semicolons or tabs, a mark before its first letter,
another encoding, columns moved or added, and rows in another order or left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.errors import BadRequest
from sim.output_files import spreadsheet_cell
from sim.text.printing import one_line, visible

_DELIMITERS = ",;\t"
_LONGEST = 1 << 30
"""Letters of a cell at most. Python's own limit is shorter than a long scene."""

_MARK = "==="
_ASKED = "label:"


@dataclass(frozen=True, slots=True)
class Question:
    """What coders are asked of a line, and the values that they choose from.

    ``event`` is the value whose share is wanted; the first unless it is given. If all values are
    numbers and no event is given, what is wanted is the mean.

    Raises ``BadRequest`` for a blank question, fewer than two values, values that are alike, or an
    event that is no value.

    >>> Question("Is it hostile?", ("yes", "no")).number_of("yes")
    1.0
    >>> Question("How hostile is it?", ("0", "1", "2")).number_of("2")
    2.0
    """

    text: str
    values: tuple[str, ...]
    event: str = ""

    def __post_init__(self) -> None:
        values = tuple(one_line(value) for value in self.values)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "text", one_line(self.text))
        if not self.text:
            raise BadRequest("--question: is blank; ask something of a line")
        if len(values) < 2 or "" in values:
            raise BadRequest("--values: give two or more, as in --values yes,no")
        if len({value.casefold() for value in values}) < len(values):
            raise BadRequest(f"--values {','.join(values)}: two of them are alike")
        if self.event and self.event not in values:
            raise BadRequest(f"--event {self.event}: is none of the values ({', '.join(values)})")

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers whose mean is wanted."""
        return not self.event and all(_number(value) is not None for value in self.values)

    @property
    def wanted(self) -> str:
        """The value whose share is wanted; blank if it is a mean."""
        return "" if self.numeric else self.event or self.values[0]

    def number_of(self, label: str) -> float:
        """A label as a number: 1 for the event and 0 for anything else, or the number itself."""
        number = _number(label) if self.numeric else None
        return float(label == self.wanted) if number is None else number

    def read(self, text: str, where: str) -> str:
        """The value that a coder means: its beginning will do; blank is no label.

        Raises ``BadRequest`` if it is no value, or the beginning of several.

        >>> Question("Is it hostile?", ("yes", "no")).read(" Y ", "row 2")
        'yes'
        """
        given = text.strip().strip("'").casefold()
        if not given:
            return ""
        folded = {value.casefold(): value for value in self.values}
        # Programs write 1 as 1.0 or 1,0 where it stands among decimal numbers.
        plain = re.sub(r"[.,]0+$", "", given)
        found = folded.get(given) or folded.get(plain)
        begun = [value for each, value in folded.items() if each.startswith(given)]
        if found is None and len(begun) == 1:
            found = begun[0]
        if found is None:
            raise BadRequest(
                f"{where}: {one_line(text)!r} is no label; use one of {', '.join(self.values)}, or "
                "leave it blank"
            )
        return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


@dataclass(frozen=True, slots=True)
class Item:
    """A line to be coded, as it is shown.

    ``scene`` tells lines that belong together and stay in order (whole scenes); blank where lines
    are drawn one by one. ``before`` is what was said before, line by line.
    """

    id: str
    speaker: str
    line: str
    before: tuple[str, ...] = ()
    scene: str = ""


def in_order(items: Sequence[Item], order: Sequence[str]) -> list[Item]:
    """Items in an order of scenes, or of lines where they have no scene; scenes stay together."""
    place = {name: number for number, name in enumerate(order)}
    return sorted(items, key=lambda item: place[item.scene or item.id])  # A stable sort.


def to_csv(items: Sequence[Item], answers: Mapping[str, str] | None = None) -> str:
    """A sheet as CSV, with the labels that there are already."""
    text = io.StringIO()
    whole = any(item.scene for item in items)
    names = ["id", *(["scene"] if whole else []), "before", "speaker", "line", "label", "note"]
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for item in items:
        cells = {
            "id": item.id, "scene": item.scene, "before": "\n".join(map(visible, item.before)),
            "speaker": one_line(item.speaker), "line": visible(item.line),
            "label": (answers or {}).get(item.id, ""),
        }  # fmt: skip
        writer.writerow({name: spreadsheet_cell(cell) for name, cell in cells.items()})
    return text.getvalue()


def to_text(items: Sequence[Item], question: Question) -> str:
    """A sheet as plain text, to be filled in with any editor."""
    asked = f"# {question.text}\n# After each 'label:' write one of: {', '.join(question.values)}."
    parts = [f"{asked} Leave blank what you cannot tell.\n"]
    for item in items:
        said = [*item.before, f"{one_line(item.speaker)}: {item.line}"]
        # Nothing that was said begins a line of the sheet, whatever line ends it holds.
        body = "\n".join(
            f"  {'>' if place == len(said) - 1 else ' '} {line}"
            for place, each in enumerate(said)
            for line in visible(each).splitlines() or [""]
        )
        parts.append(f"{_MARK} {item.id}\n{body}\n{_ASKED} \n")
    return "\n".join(parts)


def labels_in(text: str, name: str, question: Question, known: Iterable[str]) -> dict[str, str]:
    """The labels of a sheet by the id of the line; blank ones are left out.

    ``name`` is the file's, by whose ending the form is known. Raises ``BadRequest`` with the row of
    the first cell that cannot be read.
    """
    rows = _plain(text, name) if name.lower().endswith(".txt") else _cells(text, name)
    ids = set(known)
    found: dict[str, str] = {}
    for number, identity, cell in rows:
        where = f"{name}, row {number}"
        label = question.read(cell, where)
        if not label:
            continue
        if identity not in ids:
            raise BadRequest(f"{where}: there is no line {identity!r} in these labels")
        if found.setdefault(identity, label) != label:
            raise BadRequest(f"{where}: {identity} has two labels, {found[identity]} and {label}")
    return found


Cells = list[tuple[int, str, str]]
"""The number of a row, the id in it, and the label."""


def _plain(text: str, name: str) -> Cells:
    rows: Cells = []
    identity = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_MARK):
            identity = line.removeprefix(_MARK).strip()
        elif line.casefold().startswith(_ASKED):
            if not identity:
                raise BadRequest(
                    f"{name}, row {number}: the label belongs to no line; put it below {_MARK} "
                    "and the id of one"
                )
            rows.append((number, identity, line[len(_ASKED) :]))
    return rows


def _cells(text: str, name: str) -> Cells:
    csv.field_size_limit(_LONGEST)
    for delimiter in _DELIMITERS:
        # Line ends of every kind: some programs end a row with a carriage return alone.
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            titles = [title.strip().casefold() for title in next(rows, [])]
            if "id" not in titles or "label" not in titles:
                continue
            identity, label = titles.index("id"), titles.index("label")
            last = max(identity, label)
            return [
                (number, row[identity].strip().strip("'"), row[label])
                for number, row in enumerate(rows, 2)
                if len(row) > last
            ]
        except csv.Error as error:
            raise BadRequest(f"{name}, line {rows.line_num}: is no CSV ({error})") from None
    raise BadRequest(
        f"{name}: has no columns id and label; use a sheet of these labels, or move it"
    )
