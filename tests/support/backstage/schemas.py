"""What commands print as JSON, held against the schemas that ``elsinore schema`` shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from sim.cli.schemas import schema_of


@cache
def validator(command: str) -> Draft202012Validator:
    """The validator of a command's output. It refuses fields that the schema does not have."""
    return Draft202012Validator(closed(schema_of(command)))


def closed(schema: Any) -> Any:
    """The schema without room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(each) for name, each in schema.items()}
    if isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made


def holds(words: Sequence[object], printed: str) -> None:
    """Hold what a command printed with ``--json`` against its schema. An error of the command,
    which prints no object, has none."""
    line = [str(word) for word in words]
    if (
        "--json" not in line
        or not printed.startswith("{")
        or (line[0] == "schema" and len(line) > 2)
    ):
        return
    found = sorted(validator(line[0]).iter_errors(json.loads(printed)), key=lambda each: each.path)
    told = [f"{'.'.join(map(str, each.absolute_path))}: {each.message:.300}" for each in found]
    for each in found:
        told += [
            f"  {'.'.join(map(str, one.absolute_path))}: {one.message:.200}"
            for one in (each.context or ())
        ]
    assert not told, f"elsinore {' '.join(line)}\n" + "\n".join(told[:12])
