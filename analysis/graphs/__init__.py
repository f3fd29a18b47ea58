"""Graphs of what happened, as networkx objects, and what their structure says.

Each function takes tables and, if wanted, one trial: the graph of that trial, or of all trials of
the tables together (weights summed, nodes by name). Nodes are the cast, also whoever did nothing.
Names are resolved on first use; networkx is loaded when a graph is made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.graphs.build import addressing as addressing
    from analysis.graphs.build import agreement as agreement
    from analysis.graphs.build import from_edges as from_edges
    from analysis.graphs.build import hearing as hearing
    from analysis.graphs.build import replies as replies
    from analysis.graphs.build import turn_taking as turn_taking
    from analysis.graphs.graphml import write_graphml as write_graphml
    from analysis.graphs.reply_links import answers as answers
    from analysis.graphs.structure import balance as balance
    from analysis.graphs.structure import centrality as centrality
    from analysis.graphs.structure import reciprocity as reciprocity

_WHERE = {
    "addressing": "build",
    "agreement": "build",
    "answers": "reply_links",
    "balance": "structure",
    "centrality": "structure",
    "from_edges": "build",
    "hearing": "build",
    "reciprocity": "structure",
    "replies": "build",
    "turn_taking": "build",
    "write_graphml": "graphml",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'analysis.graphs' has no attribute {name!r}")
    return getattr(import_module(f"analysis.graphs.{where}"), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
