"""``elsinore graph``: who spoke after whom, heard, addressed, answered or agreed with whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli import completion
from sim.cli.options import ArmFacts, Json, Level, LogLevel, MaybeTrial, Pool, Store
from sim.errors import BadRequest
from sim.text.printing import command_line


def graph(
    store: Store,
    trial: MaybeTrial = None,
    arm: ArmFacts = None,
    pool: Pool = False,
    kind: Annotated[
        str,
        typer.Option(
            autocompletion=completion.graphs,
            metavar="KIND",
            help="turn_taking, replies, hearing, addressing or agreement.",
        ),
    ] = "replies",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it as GraphML."),
    ] = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Who spoke after whom, answered, heard, addressed or agreed with whom.

    Without a trial, all trials of an arm that came to their end, together. Branches and surrogates
    are left out unless --arm names them.
    """
    from sim.cli.arms import trials_of_an_arm
    from sim.cli.display.graphs import show
    from sim.cli.display.terminal import out
    from sim.planning.scenarios import own
    from sim.store import open_store

    own("analysis")
    if kind not in completion.GRAPHS:
        known = ", ".join(completion.GRAPHS)
        raise BadRequest(f"--kind {kind}: there is no such graph; use one of {known}")
    wanted = None
    with open_store(store) as opened:
        if trial is not None:
            wanted = opened.trial(trial).id
        else:
            together = trials_of_an_arm(opened, arm or (), command_line("graph", store), pool=pool)
    from analysis import graphs, load

    tables = load(store)
    if wanted is None:
        tables = tables.only(each.id for each in together)
    builders = {
        "turn_taking": graphs.turn_taking,
        "replies": graphs.replies,
        "hearing": graphs.hearing,
        "addressing": graphs.addressing,
        "agreement": graphs.agreement,
    }
    network = builders[kind](tables, wanted, pool=pool)
    if output is not None:
        graphs.write_graphml(network, output)
        return
    edges = [
        {"source": source, "target": target, **facts}
        for source, target, facts in network.edges(data=True)
    ]
    # Reciprocity is a share of summed weights, and is undefined where some are negative.
    signed = any(edge.get("weight", 0) < 0 for edge in edges)
    reciprocity = None if signed else graphs.reciprocity(network).observed
    record: dict[str, Any] = {
        "kind": kind,
        "nodes": [{"name": name, **facts} for name, facts in network.nodes(data=True)],
        "edges": edges,
        "reciprocity": _known(reciprocity),
    }
    if kind == "agreement":
        balance = graphs.balance(network)
        record["balance"] = _known(balance.observed)
        record["balance_p"] = _known(balance.p)
    if as_json:
        out().out(json.dumps(record, allow_nan=False, default=_plain))
        return
    show(record, graphs.centrality(network), out())


def _known(value: Any) -> float | None:
    """A number, or None where it is NaN."""
    return None if value is None or value != value else float(value)


def _plain(value: Any) -> Any:
    """Numbers of numpy's as Python's own."""
    import numpy as np

    return value.item() if isinstance(value, np.generic) else str(value)
