"""What a long study has found so far: each cell is written when it is done, and never made twice.

A study that was stopped goes on where it was. The file is one JSON object a line, a key and what
was found; a last line that was torn off is left out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path("runs") / "validity"
"""Where studies keep their cells unless they are told otherwise; git does not follow it."""


class Cells:
    """The cells of one study."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._known: dict[str, Any] = {}
        whole = ""
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            try:
                cell = json.loads(line)
            except json.JSONDecodeError:
                break
            self._known[cell["key"]] = cell["found"]
            whole += f"{line}\n"
        path.write_text(whole, "utf-8")

    def made(self, key: str, make: Callable[[], Any]) -> Any:
        """What is known of a cell, else what ``make`` finds; plain values."""
        if key not in self._known:
            self._known[key] = json.loads(json.dumps(make()))
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "found": self._known[key]}) + "\n")
                file.flush()
                os.fsync(file.fileno())
            print(key, self._known[key], file=sys.stderr, flush=True)
        return self._known[key]
