"""Files of personas: JSON, YAML, TOML or CSV in, JSON out, and the schema of them.

A file is a list of personas, or a table with one list ``personas``, or a table of personas by name.
A CSV has a row each: columns are fields of ``Persona``; lists have semicolons between their items;
``stance:ISSUE`` is where somebody stands; every other column is an attribute. A mistake is told
with its line, since such files are written by hand and are long.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import BadRequest, SceneError
from sim.input_files import read_text
from sim.output_files import write_text
from sim.scene.persona import Persona
from sim.structured_files import STRUCTURED, read_structure
from sim.text.suggestions import meant, nearest

FORMATS = (*STRUCTURED, ".csv")
MOST = 100_000
"""The most personas of a file."""

_LISTS = ("traits", "goals", "points", "lines", "opposites")
_TEXTS = ("name", "brief", "opposite", "secret", "voice", "opposite_source")
_STANCE = "stance:"


class Entry(NamedTuple):
    """A persona as it stands in a file: its fields, and the line (0 where that is unknown)."""

    fields: Any
    line: int


def read_personas(path: Path | str, what: str = "") -> tuple[Persona, ...]:
    """The personas of a file, in its order. ``what`` stands before the path in messages.

    Raises ``BadRequest`` for a file that cannot be read, and for the first persona that is none,
    with its line, what is wrong, and how to fix it. Names are unique.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "two.csv"
    ...     _ = file.write_text("name,brief,traits,age\\nAda,A hydrologist.,dry;patient,41\\n")
    ...     read_personas(file)[0].attributes
    {'age': 41}
    """
    where = f"{what} {path}".strip()
    personas: list[Persona] = []
    lines: dict[str, int] = {}
    for number, entry in enumerate(_entries(path, what, where), start=1):
        if number > MOST:
            raise BadRequest(f"{where}: has more than {MOST:,} personas; split it")
        persona = _persona(entry, number, where)
        if persona.name in lines:
            raise BadRequest(
                f"{_place(where, entry, number)}: {persona.name!r} is there twice"
                f"{f' (line {lines[persona.name]})' if lines[persona.name] else ''}; "
                "give one of them another name"
            )
        lines[persona.name] = entry.line
        personas.append(persona)
    if not personas:
        raise BadRequest(f"{where}: has no persona; write at least one, with a name")
    return tuple(personas)


def write_personas(personas: Sequence[Persona], path: Path | str, what: str = "-o") -> None:
    """Write personas as JSON, which ``read_personas`` reads back as they were; what is blank is
    left out. Raises ``BadRequest`` for a file that is not called ``.json`` or cannot be written."""
    if Path(path).suffix.lower() != ".json":
        raise BadRequest(f"{what} {path}: personas are written as JSON; name a file FILE.json")
    told = [{name: value for name, value in each.model_dump().items() if value or name == "name"}
            for each in personas]  # fmt: skip
    content = json.dumps({"personas": told}, ensure_ascii=False, indent=2, allow_nan=False)
    write_text(path, content + "\n", what)


def personas_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a file of personas in JSON, YAML or TOML."""
    text = {"type": "string"}
    several = {"anyOf": [text, {"type": "array", "items": text}]}
    told = {
        "name": "What others call the character; stands before its lines. Unique in a file.",
        "brief": "Who the character is, in a sentence or a paragraph.",
        "traits": "Adjectives: dry, patient.",
        "stances": "Where the character stands on each issue, from -1 (against) to 1 (for).",
        "goals": "What the character wants, as infinitives: save the spring.",
        "points": "What the character likes to bring up, as noun phrases.",
        "secret": "What the character alone knows.",
        "voice": "How the character speaks.",
        "lines": "Lines that the character might say.",
        "opposite": "The character that this one would flip to. No prompt contains it.",
        "opposites": "Further opposites.",
        "opposite_source": "Who wrote the opposites, unless the author did.",
        "attributes": "Facts by name: text, a number, true or false. No prompt contains them.",
    }
    fields: dict[str, Any] = {name: dict(text) for name in _TEXTS}
    for name in ("opposite", "secret", "voice"):
        fields[name] = {"type": ["string", "null"]}
    fields |= {name: dict(several) for name in _LISTS}
    fields["name"] |= {"pattern": r"^[^\s:]([^:\n]*[^\s:])?$"}
    stance = {"type": "number", "minimum": -1, "maximum": 1}
    fields["stances"] = {"type": "object", "additionalProperties": stance}
    fact = {"type": ["string", "number", "boolean"]}
    fields["attributes"] = {"type": "object", "additionalProperties": fact}
    persona = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {**fields[name], "description": told[name]} for name in told},
    }
    named = {**persona, "required": ["name"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Personas of Elsinore",
        "anyOf": [
            {"type": "array", "items": named, "minItems": 1},
            {
                "type": "object",
                "properties": {"personas": {"type": "array", "items": named, "minItems": 1}},
                "required": ["personas"],
                "additionalProperties": False,
            },
            {
                "description": "Personas by name.",
                "type": "object",
                "not": {"required": ["personas"]},
                "minProperties": 1,
                "additionalProperties": persona,
            },
        ],
    }


# --- One persona ----------------------------------------------------------------------------------


def _place(where: str, entry: Entry, number: int) -> str:
    line = f", line {entry.line}" if entry.line else ""
    return f"{where}{line}, persona {number}"


def _persona(entry: Entry, number: int, where: str) -> Persona:
    place = _place(where, entry, number)
    fields = entry.fields
    if not isinstance(fields, dict):
        raise BadRequest(f"{place}: {fields!r:.60} is no table of fields; write name, brief, ...")
    if isinstance(fields.get("name"), str):
        place = f"{place} ({fields['name']!r:.60})"
    for name in fields:
        if name not in Persona.model_fields:
            raise BadRequest(
                f"{place}: has no field {name!r}{nearest(str(name), Persona.model_fields)}. Facts "
                "of your own stand under attributes"
            )
    try:
        _sound(fields)
        return Persona(**fields)
    except SceneError as error:
        raise BadRequest(f"{place}: {error}") from None


def _sound(value: Any, deep: int = 0) -> None:
    """Raises ``SceneError`` for what no store can hold, and for what is too deep to be a field."""
    if deep > 3:
        raise SceneError("a field holds lists in lists; write texts and numbers")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise SceneError("a text holds half a letter; write it in UTF-8")
    if isinstance(value, dict):
        for name, each in value.items():
            if not isinstance(name, str):
                raise SceneError(f"{name!r:.60} is no name; write it in quotes")
            _sound(name, deep)
            _sound(each, deep + 1)
    elif isinstance(value, list):
        for each in value:
            _sound(each, deep + 1)


# --- The formats ----------------------------------------------------------------------------------


def _entries(path: Path | str, what: str, where: str) -> Iterator[Entry]:
    if Path(path).suffix.lower() == ".csv":
        yield from _of_csv(read_text(path, what, lenient=True), where)
    elif Path(path).suffix.lower() in STRUCTURED:
        yield from _listed(*read_structure(path, what, within="personas"), where)
    else:
        raise BadRequest(f"{where}: is no file of personas by its name; use {', '.join(FORMATS)}")


def _listed(content: Any, lines: Sequence[int], where: str) -> Iterator[Entry]:
    """The personas of a list, of a table with a list ``personas``, or of a table by name."""
    if isinstance(content, dict) and "personas" in content:
        if len(content) > 1:
            other = next(name for name in content if name != "personas")
            raise BadRequest(f"{where}: {other!r} stands beside personas; move it into one of them")
        content = content["personas"]
        if not isinstance(content, list):
            raise BadRequest(f"{where}: personas is no list; write a persona after the other")
    if isinstance(content, dict):
        content = [_named(name, fields, where) for name, fields in content.items()]
    if not isinstance(content, list):
        raise BadRequest(f"{where}: is no list of personas; write a persona after the other")
    if len(lines) != len(content):
        lines = [0] * len(content)
    yield from map(Entry, content, lines)


def _named(name: Any, fields: Any, where: str) -> Any:
    """The fields of a persona in a table by name."""
    if not isinstance(fields, dict):
        close = meant(str(name), ["personas"])
        raise BadRequest(
            f"{where}: {name!r:.60} is no table of fields{close}; write a list of personas, each "
            "with a name, or a table for each name"
        )
    if "name" in fields and fields["name"] != name:
        raise BadRequest(f"{where}: {name!r:.60} has another name inside; leave out one of them")
    return {**fields, "name": name}


def _of_csv(text: str, where: str) -> Iterator[Entry]:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        _check_header(header, where)
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{where}, line {rows.line_num}"
            if len(cells) != len(header):
                raise BadRequest(
                    f"{place}: {len(cells)} cells under {len(header)} columns; put a cell that "
                    "holds a comma in quotes"
                )
            yield Entry(_of_row(dict(zip(header, cells, strict=True)), place), rows.line_num)
    except csv.Error as error:
        raise BadRequest(f"{where}, line {rows.line_num}: is no CSV: {error}") from None


def _check_header(header: Sequence[str], where: str) -> None:
    if "name" not in header:
        close = get_close_matches("name", [each.lower() for each in header], 1)
        told = f" (did you mean it by {close[0]!r}?)" if close else ""
        raise BadRequest(f"{where}, line 1: there is no column name{told}; call one so")
    known = [*_TEXTS, *_LISTS]
    for number, name in enumerate(header):
        if not name or name == _STANCE:
            raise BadRequest(f"{where}, line 1: column {number + 1} has no name; give it one")
        if name in header[:number]:
            raise BadRequest(f"{where}, line 1: column {name!r} is there twice; rename one")
        if name not in known and (close := get_close_matches(name.lower(), known, 1, 0.8)):
            raise BadRequest(
                f"{where}, line 1: column {name!r} looks like {close[0]}; call it so, or rename it "
                "if it is an attribute"
            )


def _of_row(row: Mapping[str, str], place: str) -> dict[str, Any]:
    """The fields of a row; a blank cell says nothing."""
    fields: dict[str, Any] = {"stances": {}, "attributes": {}}
    for name, cell in row.items():
        value = cell.strip()
        if name in _LISTS:
            fields[name] = [item.strip() for item in value.split(";") if item.strip()]
        elif name in _TEXTS:
            if value:
                fields[name] = value
        elif value and name.startswith(_STANCE):
            try:
                fields["stances"][name.removeprefix(_STANCE).strip()] = float(value)
            except ValueError:
                raise BadRequest(f"{place}: {name} is {value!r:.60}, and no number") from None
        elif value:
            fields["attributes"][name] = number_or_text(value)
    return fields


def number_or_text(cell: str) -> int | float | str:
    """A cell of a table as a number, if it is written as a finite one.

    >>> number_or_text("41"), number_or_text("0.5"), number_or_text("nan"), number_or_text("1_0")
    (41, 0.5, 'nan', '1_0')
    """
    if "_" in cell or len(cell) > 300:
        return cell
    for read in (int, float):
        try:
            number: int | float = read(cell)
        except ValueError:
            continue
        if isfinite(number):
            return number
    return cell
