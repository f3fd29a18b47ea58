"""Graphs of who speaks after, hears, addresses, answers and agrees with whom, and their measures.

Each function takes tables and optionally one trial. It returns the networkx graph of that trial, or
of all trials together (weights are summed, nodes matched by name). All of the cast are nodes, also
actors without edges. Names are resolved on first use; networkx is imported when a graph is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

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
    "addressing": "analysis.graphs.build",
    "agreement": "analysis.graphs.build",
    "answers": "analysis.graphs.reply_links",
    "balance": "analysis.graphs.structure",
    "centrality": "analysis.graphs.structure",
    "from_edges": "analysis.graphs.build",
    "hearing": "analysis.graphs.build",
    "reciprocity": "analysis.graphs.structure",
    "replies": "analysis.graphs.build",
    "turn_taking": "analysis.graphs.build",
    "write_graphml": "analysis.graphs.graphml",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, which would otherwise accept any name.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
