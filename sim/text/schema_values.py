"""A JSON value as a schema has it, or what the schema refuses.

Generous where only one thing can be meant: fields under the names that models use for them, options
in other letters, lists as objects by place or as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

from sim.text.lenient_json import SEVERAL, Bare
from sim.text.numbers_said import number_in
from sim.text.options import bare, folded, option_in, option_said

Kind = Literal["nothing", "broken", "type", "scale", "option", "missing", "order", "several"]
"""What is wrong: nothing like an answer, broken JSON, another type, off the scale, none of the
options, a field is missing, not every option once, two values."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reply is no answer. ``where`` is the path of the field, ``said`` what stood there."""

    kind: Kind
    text: str
    where: str = ""
    said: Any = None


Read = tuple[Any, Problem | None]
"""A value and None, or None and the problem."""

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "because": ("reason", "why", "reasoning", "explanation", "rationale", "justification"),
}
"""What models call a field instead of its name."""

_ANY_FIELD: Final = (
    "answer", "final answer", "value", "result", "response", "reply", "output", "number", "choice",
    "selection", "pick",
)  # fmt: skip
"""What models call the one field of an answer if they forget its name."""

EMPHASIS: Final = re.compile(r"\*\*|__|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|`|\$")
"""The marks of emphasis in Markdown, and of code and formulas."""

_OWN: Final = re.compile(r"^(?:my|your|the|final|current|new|overall)\s+")


def field_of(value: Mapping[str, Any], name: str, names: Sequence[str]) -> tuple[bool, Any]:
    """Whether an object has a field, under its own name or one that can only mean it; its value."""
    if name in value:
        others = [key for key in value if key != name and folded(key) == folded(name)]
        differ = any(value[key] != value[name] for key in others)
        return True, SEVERAL if differ else value[name]
    wanted = _key(name)
    any_field = _ANY_FIELD if len(names) == 1 else ()
    for known in ((wanted,), ALIASES.get(wanted, ()), any_field):
        pieces = [key for key in value if _key(key) in known]
        if known is _ANY_FIELD:
            # {"result": {"stance": 0.5}} is no answer, but holds one.
            pieces = [key for key in pieces if not isinstance(value[key], dict)]
        if len(pieces) == 1 or (pieces and len({str(value[key]) for key in pieces}) == 1):
            return True, value[pieces[0]]
        if pieces:
            return True, SEVERAL
    return False, None


def _key(name: str) -> str:
    return _OWN.sub("", bare(name).replace("_", " ").replace("-", " "))


def fitting(value: Any, schema: Mapping[str, Any], where: str = "") -> Read:
    """A JSON value as the schema has it, or None and the first thing that the schema refuses.

    Numbers and options may be in any dress; fields that were not asked for are left out.

    >>> fitting("7/10", {"type": "number", "minimum": 0, "maximum": 10})
    (7.0, None)
    """
    prefix = f"{where}: " if where else ""
    if value is SEVERAL:
        return None, Problem("several", f"{prefix}it is there twice, with two values", where)
    if "enum" in schema:
        return _option(value, schema["enum"], where)
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return _number(value, schema, where)
    if kind == "object":
        return _object(value, schema, where)
    if kind == "array":
        return _array(value, schema, where)
    known = {"string": str, "boolean": bool, "null": type(None)}
    if isinstance(kind, str) and not isinstance(value, known.get(kind, object)):
        return None, Problem("type", f"{prefix}{short(value)} is no {kind}", where, value)
    return (str(value) if isinstance(value, Bare) else value), None


def _number(value: Any, schema: Mapping[str, Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    low, high = schema.get("minimum"), schema.get("maximum")
    number: Any = value
    if isinstance(value, str):
        ends = (float("-inf") if low is None else low, float("inf") if high is None else high)
        number = number_in(unwrapped(EMPHASIS.sub("", value)), *ends)
    kind = schema["type"]
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None, Problem("type", f"{prefix}{short(value)} is no {kind}", where, value)
    if low is not None and not number >= low:
        said = f"{prefix}{float_of(number):g} is less than {low:g}"
        return None, Problem("scale", said, where, value)
    if high is not None and not number <= high:
        said = f"{prefix}{float_of(number):g} is more than {high:g}"
        return None, Problem("scale", said, where, value)
    if not isfinite(float_of(number)) or (kind == "integer" and number != int(number)):
        return None, Problem("type", f"{prefix}{short(value)} is no {kind}", where, value)
    return (int(number) if kind == "integer" else number), None


def float_of(number: float) -> float:
    """A number as a float; infinite if it is too long for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _option(value: Any, options: Sequence[Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    said = value
    while not isinstance(said, str) and isinstance(said, dict | list) and len(said) == 1:
        said = next(iter(said.values())) if isinstance(said, dict) else said[0]
    if isinstance(said, str):
        texts = [option for option in options if isinstance(option, str)]
        pieces = option_in(said, texts) or option_said(said, texts)
        if pieces is not None:
            return pieces, None
    elif any(said == option and type(said) is type(option) for option in options):
        return said, None
    listed = ", ".join(short(option) for option in options)
    text = f"{prefix}{short(value)} is none of {listed}"
    return None, Problem("option", text, where, value)


def _object(value: Any, schema: Mapping[str, Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    if not isinstance(value, dict):
        return None, Problem("type", f"{prefix}{short(value)} is no object", where, value)
    properties: Mapping[str, Any] = schema.get("properties", {})
    names = list(properties)
    numbers = len(names) > 1 and all(one.get("type") == "number" for one in properties.values())
    if numbers:
        value, problem = _shares(value, names, where)
        if problem is not None:
            return None, problem
    fields: dict[str, Any] = {}
    for name in names:
        there, inner = field_of(value, name, names)
        if not there:
            if name in schema.get("required", ()):
                text = f"{prefix}{name!r} is missing"
                return None, Problem("missing", text, where, name)
            continue
        path = f"{where}.{name}" if where else name
        fields[name], problem = fitting(inner, properties[name], path)
        if problem is not None:
            return None, problem
    return fields, None


def _shares(value: Mapping[str, Any], names: Sequence[str], where: str) -> Read:
    """An object of numbers under the names of its fields. One number too many changes them all."""
    pieces: dict[str, Any] = {}
    for key, each in value.items():
        name = option_in(key, names)
        if name is None:
            if isinstance(each, int | float) and not isinstance(each, bool):
                text = f"{where}: {key!r} is none of {', '.join(map(short, names))}"
                return None, Problem("option", text, where, key)
            continue
        percent = isinstance(each, str) and each.strip().removesuffix("%").rstrip()
        each = Bare(percent) if isinstance(percent, str) else each
        pieces[name] = SEVERAL if name in pieces and pieces[name] != each else each
    return pieces, None


def _array(value: Any, schema: Mapping[str, Any], where: str) -> Read:
    prefix = f"{where}: " if where else ""
    items: Mapping[str, Any] = schema.get("items", {})
    if isinstance(value, dict):
        value = _by_place(value)
    if isinstance(value, str) and "enum" in items:
        value = parts_of(value, items["enum"])
    if not isinstance(value, list):
        return None, Problem("type", f"{prefix}{short(value)} is no array", where, value)
    pieces = []
    for place, item in enumerate(value):
        each, problem = fitting(item, items, f"{where}[{place}]")
        if problem is not None:
            return None, problem
        pieces.append(each)
    low, high = schema.get("minItems", 0), schema.get("maxItems", len(pieces))
    options = items.get("enum")
    if options and low == len(options) and sorted(pieces) != sorted(options):
        text = f"{prefix}it does not hold every one of {', '.join(map(short, options))} once"
        return None, Problem("order", text, where, value)
    if not low <= len(pieces) <= high:
        text = f"{prefix}it holds {len(pieces)} entries, and {low} to {high} were asked for"
        return None, Problem("order", text, where, value)
    return pieces, None


def _by_place(value: Mapping[str, Any]) -> Any:
    """The entries of ``{"1": ..., "2": ...}`` in their order; the object if it is none such."""
    places = {key.strip(): entry for key, entry in value.items()}
    wanted = [str(place) for place in range(1, len(places) + 1)]
    return [places[place] for place in wanted] if sorted(places) == sorted(wanted) else value


def parts_of(text: str, options: Sequence[str]) -> Any:
    """The parts of ``a > b > c`` or ``a, b, c``, or of a list by lines; the text if none is one."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return _listed(lines, options) or text
    for mark in (">", ",", ";", "→"):
        parts = text.strip().rstrip(".").split(mark)
        if len(parts) > 1 and all(option_in(part, options) is not None for part in parts):
            return parts
    return text


def _listed(lines: Sequence[str], options: Sequence[str]) -> list[str] | None:
    """A list by lines, with numbers or bullets; None if the lines are none."""
    numbered: dict[int, str] = {}
    pointed: list[str] = []
    for line in lines:
        item = re.match(r"\s*(?:#?(\d{1,2})[.):]\s*|[-–•*+]\s+)(.+)", line)
        entry = (
            None if item is None else re.split(r"\s+[-–—(]|:\s|,\s|\s\(", item[2], maxsplit=1)[0]
        )
        option = None if entry is None else option_in(entry, options)
        if item is None:
            if pointed or numbered:
                return None
            continue
        if option is None:
            return None
        if item[1] is None:
            pointed.append(option)
        elif int(item[1]) in numbered:
            return None
        else:
            numbered[int(item[1])] = option
    if numbered and pointed:
        return None
    if numbered:
        wanted = list(range(1, len(numbered) + 1))
        return [numbered[place] for place in wanted] if sorted(numbered) == wanted else None
    return pointed or None


def unwrapped(text: str) -> str:
    """A text without the quotes or brackets around it."""
    text = text.strip("\"'“”‘’ \n\t")
    wrapped = re.fullmatch(r"\(([^()]*)\)\.?|\[([^\[\]]*)\]\.?", text)
    return text if wrapped is None else (wrapped[1] or wrapped[2] or "").strip()


def short(value: object) -> str:
    """A value as JSON, on at most forty characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:40]}…"
