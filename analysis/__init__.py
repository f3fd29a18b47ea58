"""Transcripts made into tables, and tables made into measures.

``load`` reads a store into :class:`~analysis.tables.Tables`; ``measures`` holds one construct per
file, each a pure function from tables to a table. Nothing here reads the truth of an embedded
stage. Names are resolved on first use, so that ``import analysis`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis import measures as measures
    from analysis.tables import Record as Record
    from analysis.tables import Tables as Tables
    from analysis.tables import load as load
    from analysis.tables import tables_from as tables_from

_FROM_LOAD = frozenset({"Record", "Tables", "load", "tables_from"})

__all__ = ["Record", "Tables", "load", "measures", "tables_from"]


def __getattr__(name: str) -> Any:
    if name in _FROM_LOAD:
        return getattr(import_module("analysis.tables"), name)
    if name == "measures":
        return import_module("analysis.measures")
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
