"""The JSON schemas of what commands print with ``--json``, one file a command.

JSON Schema, draft 2020-12. A command that prints several kinds of objects has ``anyOf``. Tests hold
every object that our own tests make a command print against these, and refuse a field that is
declared nowhere; for whoever reads outputs, fields may be added later.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.errors import BadRequest
from sim.text.suggestions import nearest

FOLDER = Path(__file__).parent


def commands() -> tuple[str, ...]:
    """The commands that have a schema: all that print JSON.

    >>> "run" in commands()
    True
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def schema_of(command: str) -> dict[str, Any]:
    """The schema of a command's ``--json``. Raises ``BadRequest`` if there is none.

    >>> schema_of("verify")["title"]
    'elsinore verify --json'
    """
    known = commands()
    if command not in known:
        raise BadRequest(f"schema {command}: no command is called so{nearest(command, known)}")
    text = (FOLDER / f"{command}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
