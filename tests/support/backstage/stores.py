"""What a store holds."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sim.store import export_jsonl


def rows(store: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(store)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def exported(store: Path) -> bytes:
    out = store.with_suffix(".jsonl")
    export_jsonl(store, out)
    return out.read_bytes()
