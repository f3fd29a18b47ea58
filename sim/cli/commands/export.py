"""``elsinore export``: everything in a store, as a file."""

from __future__ import annotations

from pathlib import Path

from sim.store import export_jsonl


def command(store: Path, out: str, form: str) -> None:
    """Write the canonical export. ``form`` is ``jsonl``, the only one so far."""
    assert form == "jsonl"
    export_jsonl(store, out)
