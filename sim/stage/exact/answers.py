"""Typed answers: a value for a JSON schema, from the speaker's stance and a random stream.

Numbers are the stance, on the scale of the schema; choices, rankings and shares are drawn
uniformly; texts are lines of the grammar. Probes need only these; the other types serve verdicts
and arbitrary pydantic models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sim.errors import StageError
from sim.seeds import Stream


def fill(schema: Mapping[str, Any], stance: float, stream: Stream, line: Callable[[], str]) -> Any:
    """A value that fits the schema.

    Raises ``StageError`` (reason ``schema``) for an unknown type.

    >>> fill({"type": "number", "minimum": 0, "maximum": 10}, 0.5, Stream(1), str)
    7.5
    """
    return _Filler(schema, stance, stream, line).value(schema)


class _Filler:
    def __init__(
        self,
        root: Mapping[str, Any],
        stance: float,
        stream: Stream,
        line: Callable[[], str],
    ) -> None:
        self.root = root
        self.stance = stance
        self.stream = stream
        self.line = line

    def value(self, schema: Mapping[str, Any]) -> Any:
        """A value for a part of the schema."""
        schema = self.resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            choices = schema["enum"]
            return choices[self.stream.below(len(choices))]
        for union in ("anyOf", "oneOf"):
            if union in schema:
                parts = [part for part in schema[union] if part.get("type") != "null"]
                return self.value(parts[0]) if parts else None
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind == "object":
            if _shares(schema):
                return {name: 1 + self.stream.below(9) for name in schema["properties"]}
            return {name: self.value(part) for name, part in schema.get("properties", {}).items()}
        if kind in ("number", "integer"):
            return self.number(schema, kind == "integer")
        if kind == "boolean":
            return self.stance > 0.0
        if kind == "string":
            return self.line()
        if kind == "array":
            count = max(1, int(schema.get("minItems", 1)))
            options = self.resolved(schema.get("items", {})).get("enum")
            if options is not None and len(options) == count > 1:
                return self.stream.shuffled(options)
            return [self.value(schema.get("items", {"type": "string"})) for _ in range(count)]
        if kind == "null":
            return None
        raise StageError("schema", f"the exact stage has no answer of the type {kind!r}")

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        return resolved(self.root, schema)

    def number(self, schema: Mapping[str, Any], whole: bool) -> float | int:
        """The stance on the scale of the schema; [-1, 1] if it gives none."""
        low = float(schema.get("minimum", schema.get("exclusiveMinimum", -1.0)))
        high = float(schema.get("maximum", schema.get("exclusiveMaximum", max(1.0, low + 1.0))))
        value = low + (self.stance + 1.0) / 2.0 * (high - low)
        return round(value) if whole else value


def resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a local reference ("#/$defs/Name") in ``root``, or the schema itself."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    part: Any = root
    for step in str(reference).removeprefix("#/").split("/"):
        part = part[step]
    target: Mapping[str, Any] = part
    return target


def _shares(schema: Mapping[str, Any]) -> bool:
    """Whether an object is a ``Distribution``: several numbers of at least 0 without a maximum."""
    parts = list(schema.get("properties", {}).values())
    return len(parts) > 1 and all(part == {"type": "number", "minimum": 0} for part in parts)
