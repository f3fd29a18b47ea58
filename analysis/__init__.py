"""Transcripts made into tables, and tables made into measures.

``load`` reads a store into :class:`~analysis.tables.Tables`; ``measures`` holds one construct per
file, each a pure function from tables to a table. Nothing here reads the truth of an embedded
stage. Names are resolved on first use, so that ``import analysis`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from analysis import measures as measures
    from analysis.tables import Record as Record
    from analysis.tables import Tables as Tables
    from analysis.tables import load as load
    from analysis.tables import tables_from as tables_from

_WHERE = dict.fromkeys(("Record", "Tables", "load", "tables_from"), "analysis.tables")

__all__ = sorted([*_WHERE, "measures"])

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE, ["analysis.measures"])
