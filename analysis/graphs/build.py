"""The graphs: who speaks after whom, hears, addresses, answers and agrees with whom.

*Evidence*: T (``addressing``, ``replies``, ``agreement``); ``turn_taking`` and ``hearing`` read no
words.

Every graph is a ``networkx.DiGraph`` of names with ``weight`` on its edges. Nodes have ``turns``
and ``words`` (how many they said), and ``seat`` and ``brief`` if these are equal in all trials. The
graph has ``kind``, ``trial`` or else ``trials`` (their number), and ``scenario`` if it is the same
in all. Unknown attributes are left out. Nodes are in the order of seats and edges in the order of
nodes, whatever the order of the rows.

A line that the experimenter inserted is heard, counts as a turn and can be answered. But it does
not count as an answer, agreement or address of the actor that had to say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from analysis.evidence.acts import read
from analysis.graphs.reply_links import links
from analysis.graphs.speech import Played, played
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn
from sim.text.addressing import addressed, mentioned

if TYPE_CHECKING:
    import networkx

    Graph = networkx.DiGraph[str]

Edges = dict[tuple[str, str], dict[str, Any]]

_INFLUENCE = ("source", "target", "weight", "low", "high")


def turn_taking(tables: Tables, trial: str | None = None, *, pool: bool = False) -> Graph:
    """``weight``: how often the target spoke right after the source.

    An actor that spoke twice in a row has an edge to itself, so the weights of a trial sum to the
    number of its turns minus one.

    >>> graph = turn_taking(_example())
    >>> sorted(graph.edges(data="weight"))
    [('Ada', 'Ben', 1), ('Ben', 'Cleo', 1), ('Cleo', 'Ada', 1)]
    """
    some, edges = played(tables, trial, pool=pool), Edges()
    for one in some:
        for before, after in pairwise(one.lines):
            _count(edges, before.speaker, after.speaker, weight=1)
    return _graph("turn_taking", some, trial, edges)


def hearing(tables: Tables, trial: str | None = None, *, pool: bool = False) -> Graph:
    """``weight``: how many turns of the target the source heard; ``share``: the share of its turns.

    Turns with words count, in trials with the source in the cast. ``sim.scene.audience.heard_by``
    decides who heard a turn, from its audience, eavesdroppers and absent actors.

    >>> graph = hearing(_example())
    >>> graph.edges["Cleo", "Ada"]
    {'weight': 1, 'share': 0.5}
    >>> graph.has_edge("Cleo", "Cleo")
    False
    """
    some, edges = played(tables, trial, pool=pool), Edges()
    counts: dict[tuple[str, str], int] = {}
    for one in some:
        for line in one.lines:
            for name in one.names:
                if line.text and name != line.speaker:
                    counts[name, line.speaker] = counts.get((name, line.speaker), 0) + 1
                    if name in line.heard:
                        _count(edges, name, line.speaker, weight=1)
    for pair, facts in edges.items():
        facts["share"] = facts["weight"] / counts[pair]
    return _graph("hearing", some, trial, edges)


def addressing(tables: Tables, trial: str | None = None, *, pool: bool = False) -> Graph:
    """``addresses``: in how many turns the source addresses the target; ``mentions``: in how many
    it speaks of the target without addressing it. ``weight`` is the first.

    Decided by the words (``sim.text.addressing``), whether the target heard them or not.

    >>> graph = addressing(_example())
    >>> graph.edges["Cleo", "Ben"]
    {'weight': 0, 'addresses': 0, 'mentions': 1}
    """
    some, edges = played(tables, trial, pool=pool), Edges()
    for one in some:
        for line in one.lines:
            if line.inserted:
                continue
            called = addressed(line.text, one.names, line.speaker)
            for name in called:
                _count(edges, line.speaker, name, weight=1, addresses=1, mentions=0)
            for name in mentioned(line.text, one.names):
                if name != line.speaker and name not in called:
                    _count(edges, line.speaker, name, weight=0, addresses=0, mentions=1)
    return _graph("addressing", some, trial, edges)


def replies(tables: Tables, trial: str | None = None, *, pool: bool = False) -> Graph:
    """``weight``: how many turns of the source answer a turn of the target; ``probability``: the
    mean probability that they do.

    Each turn answers the likeliest of the turns of others that its speaker heard
    (``analysis.graphs.reply_links``); without any cue this is the last one.

    >>> graph = replies(_example())
    >>> sorted(graph.edges(data="weight"))
    [('Ada', 'Ben', 1), ('Ben', 'Ada', 1), ('Cleo', 'Ben', 1)]
    """
    some, edges = played(tables, trial, pool=pool), Edges()
    for one in some:
        for reply in _replies(one):
            _count(edges, reply.speaker, reply.answered, weight=1, probability=reply.probability)
    for facts in edges.values():
        facts["probability"] /= facts["weight"]
    return _graph("replies", some, trial, edges)


def agreement(tables: Tables, trial: str | None = None, *, pool: bool = False) -> Graph:
    """``weight``: the sum of the signs of the source's replies to the target; ``positive``,
    ``negative`` and ``neutral``: how many there are of each.

    The sign is +1 for a reply that agrees or concedes, -1 for one that contradicts or refuses, 0
    for neither, as ``analysis.evidence.acts`` reads it beside the turn that it answers.
    *Reference.* ``conflict`` counts the same signs, of each turn against the one right before it.

    >>> agreement(_example()).edges["Ben", "Ada"]
    {'weight': -1, 'positive': 0, 'negative': 1, 'neutral': 0}
    """
    some, edges = played(tables, trial, pool=pool), Edges()
    for one in some:
        answers = _replies(one)
        signs = read([reply.text for reply in answers], [reply.to for reply in answers]).sign()
        for reply, sign in zip(answers, signs.tolist(), strict=True):
            _count(
                edges,
                reply.speaker,
                reply.answered,
                weight=sign,
                positive=int(sign > 0),
                negative=int(sign < 0),
                neutral=int(sign == 0),
            )
    return _graph("agreement", some, trial, edges)


def from_edges(
    table: pd.DataFrame,
    tables: Tables | None = None,
    trial: str | None = None,
    kind: str = "influence",
) -> Graph:
    """A graph from a table of edges: columns ``source``, ``target``, ``weight``, ``low``, ``high``.

    A row without a weight gives no edge, since a missing weight is not zero; missing limits are
    left out. With ``tables`` the nodes are the cast, with their attributes. Raises ``BadRequest``
    if a column is missing, a pair occurs twice, or a name is not in the cast.

    >>> rows = [("Ada", "Ben", 0.4, 0.1, 0.7), ("Ben", "Ada", 0.1, None, None)]
    >>> graph = from_edges(pd.DataFrame(rows, columns=list(_INFLUENCE)))
    >>> list(graph.edges(data=True))[1]
    ('Ben', 'Ada', {'weight': 0.1})
    """
    lacking = [name for name in _INFLUENCE if name not in table]
    if lacking:
        raise BadRequest(f"from_edges: there is no column {lacking[0]!r}; it needs {_INFLUENCE}")
    some = [] if tables is None else played(tables, trial, pool=True)
    known = {name for one in some for name in one.names}
    edges = Edges()
    for source, target, *values in table[list(_INFLUENCE)].itertuples(index=False, name=None):
        pair = (str(source), str(target))
        strangers = [name for name in pair if name not in known and tables is not None]
        if strangers:
            raise BadRequest(f"from_edges: {strangers[0]!r} is not in the cast; see tables.cast")
        if pair in edges:
            raise BadRequest(f"from_edges: {pair[0]!r} to {pair[1]!r} comes twice; sum them first")
        edges[pair] = {
            name: float(value)
            for name, value in zip(_INFLUENCE[2:], values, strict=True)
            if value is not None and not pd.isna(value)
        }
    names = dict.fromkeys(name for pair in edges for name in pair)
    kept = {pair: facts for pair, facts in edges.items() if "weight" in facts}
    return _graph(kind, some, trial, kept, () if tables is not None else names)


class _Reply(NamedTuple):
    """A turn that answers somebody, the turn that it answers (``to``), and how probable it is that
    it answers this actor."""

    speaker: str
    answered: str
    text: str
    to: str
    probability: float


def _replies(one: Played) -> list[_Reply]:
    """The turns of a trial that answer somebody else, each with the likeliest actor."""
    replies = []
    for link in links(one.lines, one.names):
        line, turn = one.lines[link.position], one.lines[link.candidates[0]]
        meant = turn.speaker
        # The graph has one edge for each pair, so turns of the same actor are added up.
        sure = sum(
            probability
            for place, probability in zip(link.candidates, link.probabilities, strict=True)
            if one.lines[place].speaker == meant
        )
        replies.append(_Reply(line.speaker, meant, line.text, turn.text, sure))
    return replies


def _count(edges: Edges, source: str, target: str, **amounts: float) -> None:
    facts = edges.setdefault((source, target), dict.fromkeys(amounts, 0))
    for name, amount in amounts.items():
        facts[name] += amount


def _graph(
    kind: str,
    some: Sequence[Played],
    trial: str | None,
    edges: Mapping[tuple[str, str], Mapping[str, Any]],
    more: Iterable[str] = (),
) -> Graph:
    import networkx  # imported here because it is slow to import

    facts: dict[str, Any] = {"kind": kind}
    if trial is not None:
        facts["trial"] = trial
    elif some:
        facts["trials"] = len(some)
    scenarios = {one.scenario for one in some}
    if len(scenarios) == 1 and scenarios != {""}:
        (facts["scenario"],) = scenarios
    graph: Graph = networkx.DiGraph(**facts)
    for name in dict.fromkeys([*(name for one in some for name in one.names), *more]):
        graph.add_node(name, **_person(name, some))
    places = {name: place for place, name in enumerate(graph)}
    for source, target in sorted(edges, key=lambda pair: (places[pair[0]], places[pair[1]])):
        graph.add_edge(source, target, **edges[source, target])
    return graph


def _person(name: str, some: Sequence[Played]) -> dict[str, Any]:
    if not some:
        return {}
    own = [line for one in some for line in one.lines if line.speaker == name]
    facts: dict[str, Any] = {
        "turns": len(own),
        "words": sum(len(line.text.split()) for line in own),
    }
    for what in ("seat", "brief"):
        held = {
            one.seats[name] if what == "seat" else one.briefs[name]
            for one in some
            if name in one.seats
        }
        if len(held) == 1 and held != {""}:
            (facts[what],) = held
    return facts


def _example() -> Tables:
    """The scene of the examples above."""
    turns = [
        Turn(1, "Ada", "Shall we sell the spring?"),
        Turn(2, "Ben", "I disagree with that."),
        Turn(3, "Cleo", "Ben is right."),
        Turn(4, "Ada", "Ben, be quiet.", audience=("Ben",)),
    ]
    return tables_from([Record("t", [{"name": name} for name in ("Ada", "Ben", "Cleo")], turns)])
