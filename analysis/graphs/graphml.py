"""Writes graphs as GraphML, which Gephi, Cytoscape, igraph and networkx read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from math import inf, isinf, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

from sim.errors import BadRequest
from sim.output_files import write_text

if TYPE_CHECKING:
    import networkx

    Graph = networkx.Graph[str]

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns '
    'http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
)
# Characters that XML 1.0 cannot hold, and the carriage return, which readers turn into a line feed.
_UNFIT = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONG = 2**63
_KINDS = {bool: "boolean", int: "long", float: "double", str: "string"}


def write_graphml(graph: Graph, path: Path | str) -> None:
    """Write a graph with all attributes of its nodes, edges and of itself, typed.

    The file is replaced as a whole, so it is never incomplete. Missing attributes (None, NaN) are
    left out. Characters that XML cannot hold are written as Python escapes (``\\x07``); values that
    are neither number nor text (a list, say) as JSON. An attribute that is text on one node or edge
    is text on all. Raises ``BadRequest`` if the path is a directory or a store, has no folder or
    may not be written to, or if two nodes get the same name in XML; ``RunFailed`` if writing fails.
    """
    write_text(path, "".join(_lines(graph)), "write_graphml")


def _lines(graph: Graph) -> Iterator[str]:
    names = {node: _visible(str(node)) for node in graph}
    if len(set(names.values())) < len(names):
        raise BadRequest("write_graphml: two nodes have one name in XML; rename one of them")
    nodes = {node: _present(facts) for node, facts in graph.nodes(data=True)}
    edges = [(one, other, _present(facts)) for one, other, facts in graph.edges(data=True)]
    whole = _present(graph.graph)
    keys: dict[tuple[str, str], tuple[str, str]] = {}
    for place, some in (
        ("graph", [whole]),
        ("node", nodes.values()),
        ("edge", [facts for *_, facts in edges]),
    ):
        for name, kind in _kinds(some).items():
            keys[place, name] = (f"d{len(keys)}", kind)
    yield _HEAD
    for (place, name), (key, kind) in keys.items():
        named = quoteattr(_visible(name))
        yield f'  <key id="{key}" for="{place}" attr.name={named} attr.type="{kind}"/>\n'
    direction = "directed" if graph.is_directed() else "undirected"
    yield f'  <graph edgedefault="{direction}">\n'
    yield from _data("graph", whole, keys, 4)
    for node, facts in nodes.items():
        yield f"    <node id={quoteattr(names[node])}>\n"
        yield from _data("node", facts, keys, 6)
        yield "    </node>\n"
    for one, other, facts in edges:
        yield f"    <edge source={quoteattr(names[one])} target={quoteattr(names[other])}>\n"
        yield from _data("edge", facts, keys, 6)
        yield "    </edge>\n"
    yield "  </graph>\n</graphml>\n"


def _data(
    place: str,
    facts: Mapping[str, Any],
    keys: Mapping[tuple[str, str], tuple[str, str]],
    indent: int,
) -> Iterator[str]:
    for name, value in facts.items():
        key, kind = keys[place, name]
        yield f'{" " * indent}<data key="{key}">{escape(_visible(_text(value, kind)))}</data>\n'


def _present(facts: Mapping[Any, Any]) -> dict[str, bool | int | float | str]:
    """The attributes that are not missing, as values of the four types that are written."""
    attributes: dict[str, bool | int | float | str] = {}
    for name, value in facts.items():
        plain = value.item() if isinstance(value, np.generic) else value
        if plain is None or plain is pd.NA or plain is pd.NaT:
            continue
        if isinstance(plain, float) and isnan(plain):
            continue
        if isinstance(plain, int) and not isinstance(plain, bool) and abs(plain) >= _LONG:
            plain = str(plain)
        if not isinstance(plain, bool | int | float | str):
            plain = json.dumps(plain, ensure_ascii=False, default=str)
        attributes[str(name)] = plain
    return attributes


def _kinds(some: Iterable[Mapping[str, bool | int | float | str]]) -> dict[str, str]:
    """The type of each attribute; a mixture of int and float is double, any other is text."""
    kinds: dict[str, str] = {}
    for facts in some:
        for name, value in facts.items():
            kind = _KINDS.get(type(value), "string")
            before = kinds.setdefault(name, kind)
            if {before, kind} == {"long", "double"}:
                kinds[name] = "double"
            elif before != kind:
                kinds[name] = "string"
    return kinds


def _text(value: bool | int | float | str, kind: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if kind == "double" and isinf(float(value)):
        return "INF" if float(value) == inf else "-INF"
    return repr(float(value)) if kind == "double" else str(value)


def _visible(text: str) -> str:
    return _UNFIT.sub(lambda match: repr(match.group())[1:-1], text)
