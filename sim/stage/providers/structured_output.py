"""Typed answers: checks whether a text fits a JSON schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

REPAIR = (
    "That is no valid answer: {problem}. "
    "Answer with one JSON object of this schema and nothing else: {schema}"
)
"""The request for another answer after one that could not be read."""

_NUMBER = re.compile(r"\s*[-+]?\d+(?:\.\d+)?\s*")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def complaint(text: str, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer, or None if it can be read.

    Everything is accepted that ``sim.scene.answers`` can read: JSON in the middle of prose, a bare
    number for a schema with one number, bare words for one with one text or choice.

    >>> schema = {"type": "object", "required": ["stance"],
    ...           "properties": {"stance": {"type": "number", "minimum": -1, "maximum": 1}}}
    >>> complaint('I would say {"stance": 0.5}.', schema)
    >>> complaint('{"stance": 7}', schema)
    'stance: 7 is more than 1'
    >>> complaint("Perhaps.", schema)
    'there is no JSON object in it'
    """
    start = text.find("{")
    if start < 0:
        fields = list(schema.get("properties", {}).values())
        if len(fields) == 1 and fields[0].get("type") == "number" and _NUMBER.fullmatch(text):
            return _wrong(float(text), fields[0], "the number")
        bare = len(fields) == 1 and fields[0].get("type") == "string" and text.strip()
        if bare and ("enum" not in fields[0] or _chosen(text, fields[0]["enum"])):
            return None
        return "there is no JSON object in it"
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError as error:
        return f"its JSON is broken ({error})"
    except RecursionError:
        return "it nests without end"
    return _wrong(value, schema, "")


def _wrong(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    """The first violation of a schema, or None. Keywords that Elsinore does not use are ignored."""
    prefix = f"{where}: " if where else ""
    kinds = schema.get("type")
    names = [kinds] if isinstance(kinds, str) else kinds or []
    allowed = tuple(kind for name in names for kind in _TYPES.get(name, (object,)))
    if allowed and (
        not isinstance(value, allowed) or (isinstance(value, bool) and "boolean" not in names)
    ):
        return f"{prefix}{_short(value)} is no {' or '.join(names)}"
    if "enum" in schema and not _chosen(value, schema["enum"]):
        return f"{prefix}{_short(value)} is none of {', '.join(map(_short, schema['enum']))}"
    if isinstance(value, int | float):
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and not value >= low:
            return f"{prefix}{value:g} is less than {low:g}"
        if high is not None and not value <= high:
            return f"{prefix}{value:g} is more than {high:g}"
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                return f"{prefix}{name!r} is missing"
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                problem = _wrong(value[name], inner, f"{where}.{name}" if where else name)
                if problem is not None:
                    return problem
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for place, item in enumerate(value):
            problem = _wrong(item, schema["items"], f"{where}[{place}]")
            if problem is not None:
                return problem
    return None


def _chosen(value: object, options: Sequence[object]) -> bool:
    """Whether a value is one of several, in any case, and with or without a full stop."""
    if not isinstance(value, str):
        return value in options
    known = {" ".join(str(option).split()).casefold() for option in options}
    said = " ".join(value.split()).casefold()
    return said in known or said.rstrip(".") in known


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:40]}…"
