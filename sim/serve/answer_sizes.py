"""The size of a typed answer, bounded before it is made.

A schema comes from outside, and a short one can ask for a great deal: an array of a billion items,
or a reference to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.serve.errors import Refused

MOST_VALUES = 500
"""Values in one answer."""

_DEEPEST = 40


def check_size(schema: Mapping[str, Any]) -> None:
    """Refuse a schema whose answer would be too large, or would not end.

    >>> check_size({"type": "object", "properties": {"stance": {"type": "number"}}})
    """
    _Counter(schema).count(schema, 0)


class _Counter:
    """Counts the values in an answer to one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.known: dict[str, int] = {}

    def count(self, schema: Any, depth: int) -> int:
        """The number of values in an answer to this part."""
        if depth > _DEEPEST:
            raise _refused("nests too deep, or refers to itself")
        if not isinstance(schema, Mapping):
            raise _refused(f"{schema!r:.80} is no schema")
        if "$ref" in schema:
            reference = str(schema["$ref"])
            if reference not in self.known:
                self.known[reference] = self.count(self.resolved(reference), depth + 1)
            return self.known[reference]
        total = 1
        for part in self.parts(schema):
            total += self.count(part, depth + 1)
        items = schema.get("items")
        if isinstance(items, Mapping):
            least = schema.get("minItems", 1)
            total += (least if isinstance(least, int) else 1) * self.count(items, depth + 1)
        elif isinstance(schema.get("minItems"), int):
            total += schema["minItems"]
        if total > MOST_VALUES:
            raise _refused(f"asks for more than {MOST_VALUES} values")
        return total

    def parts(self, schema: Mapping[str, Any]) -> list[Any]:
        """The subschemas of fields and unions."""
        fields = schema.get("properties", {})
        if not isinstance(fields, Mapping):
            raise _refused("properties is no object")
        parts = list(fields.values())
        for union in ("anyOf", "oneOf"):
            choices = schema.get(union, [])
            if not isinstance(choices, list):
                raise _refused(f"{union} is no array")
            parts += choices
        return parts

    def resolved(self, reference: str) -> Any:
        """The subschema of a local reference ("#/$defs/Name")."""
        part: Any = self.root
        for step in reference.removeprefix("#/").split("/"):
            if not isinstance(part, Mapping) or step not in part:
                raise _refused(f"{reference!r} refers to nothing in the schema")
            part = part[step]
        return part


def _refused(problem: str) -> Refused:
    return Refused(
        400, f"response_format.json_schema.schema: {problem}", parameter="response_format"
    )
