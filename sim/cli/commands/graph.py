"""``elsinore graph``: who spoke after whom, heard, addressed, answered or agreed with whom."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.text import Text

from sim.cli.display.run_tables import NONE, table
from sim.cli.display.terminal import one_line, out, print_block
from sim.cli.stored import one_trial, opened
from sim.errors import BadRequest
from sim.planning.scenarios import own

KINDS = ("turn_taking", "replies", "hearing", "addressing", "agreement")


def command(
    store: Path, trial: str | None, kind: str, output: Path | None, *, as_json: bool
) -> None:
    """Build a graph of one trial, or of all; print it, or write it as GraphML."""
    own("analysis")
    if kind not in KINDS:
        raise BadRequest(f"--kind {kind}: there is no such graph; use one of {', '.join(KINDS)}")
    wanted = None
    if trial is not None:
        with opened(store) as connection:
            wanted = one_trial(connection, store, trial).id
    graphs = import_module("analysis.graphs")
    tables = import_module("analysis").load(store)
    if wanted is None:
        # Branches and surrogates share what they share with a live trial, which counts once.
        live = set(tables.trials.loc[tables.trials["arm"] == "live", "trial"])
        tables = import_module("sim.cli.results").only(tables, live)
    graph = getattr(graphs, kind)(tables, wanted)
    if output is not None:
        graphs.write_graphml(graph, output)
        return
    edges = [
        {"source": source, "target": target, **facts}
        for source, target, facts in graph.edges(data=True)
    ]
    # What is returned is a share of weights that add up: missing where some are negative.
    signed = any(edge.get("weight", 0) < 0 for edge in edges)
    reciprocity = None if signed else graphs.reciprocity(graph).observed
    record: dict[str, Any] = {
        "kind": kind,
        "nodes": [{"name": name, **facts} for name, facts in graph.nodes(data=True)],
        "edges": edges,
        "reciprocity": _known(reciprocity),
    }
    if kind == "agreement":
        balance = graphs.balance(graph)
        record["balance"] = _known(balance.observed)
        record["balance_p"] = _known(balance.p)
    if as_json:
        out().out(json.dumps(record, allow_nan=False, default=_plain))
        return
    _show(record, graphs.centrality(graph))


def _known(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def _plain(value: Any) -> Any:
    """Numbers of numpy's as Python's own."""
    return value.item() if hasattr(value, "item") else str(value)


def _show(record: dict[str, Any], central: Any) -> None:
    console = out()
    made = table("from", "to", "weight", right=("weight",))
    for edge in sorted(record["edges"], key=lambda each: -abs(each.get("weight", 0))):
        made.add_row(
            Text(one_line(edge["source"])),
            Text(one_line(edge["target"])),
            Text(f"{edge.get('weight', 0):g}"),
        )
    print_block(console, made)
    names = [str(name) for name in central.columns]
    shown = table(*names, right=tuple(names[1:]))
    for row in central.itertuples(index=False):
        cells = [one_line(str(row[0]))]
        cells += [NONE if value != value else f"{value:.2f}" for value in row[1:]]
        shown.add_row(*map(Text, cells))
    print_block(console, shown)
    facts = [f"{name} {value:.2f}" for name, value in record.items()
             if name in ("reciprocity", "balance", "balance_p") and value is not None]  # fmt: skip
    if facts:
        console.print(Text(", ".join(facts).replace("balance_p", "p")))
