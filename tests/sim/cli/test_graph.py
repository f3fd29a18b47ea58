"""``elsinore graph``: each kind on a terminal, as JSON and as GraphML, of one trial and of all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import networkx
import pytest

from analysis import graphs, load

Command = Callable[..., "CompletedProcess[str]"]

KINDS = ("turn_taking", "replies", "hearing", "addressing", "agreement")
PEACEFUL = "fixed:I agree with you.|Exactly, Ada.|Well, Ben?"
QUARREL = "fixed:I disagree.|No, Ada, that is wrong.|Nonsense, Ben."


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    """The store that was played once for all tests, as bytes."""
    return {}


@pytest.fixture
def peace(inside: Command, folder: Path, kept: dict[str, bytes]) -> str:
    """A store with two trials of six turns in which nobody contradicts."""
    if kept:
        (folder / "s.db").write_bytes(kept["s.db"])
    else:
        done = inside("run", "mine.py:trio", "-m", PEACEFUL, "-qn2", "--store", "s.db")
        assert done.returncode == 0, done.stderr
        kept["s.db"] = (folder / "s.db").read_bytes()
    return "s.db"


def trials(store: Path, where: str) -> list[str]:
    connection = sqlite3.connect(store)
    fetched = connection.execute(f"SELECT trial FROM trials WHERE {where} ORDER BY 1").fetchall()
    connection.close()
    return [trial for (trial,) in fetched]


def told(done: CompletedProcess[str]) -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def drawn(inside: Command, store: str) -> list[Any]:
    """A graph of what was done, and one of what was said, of all trials together."""
    kinds = ("turn_taking", "agreement")
    return [told(inside("graph", store, "--kind", kind, "--json")) for kind in kinds]


def weights(record: Any) -> dict[tuple[str, str], float]:
    return {(edge["source"], edge["target"]): edge["weight"] for edge in record["edges"]}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_printed_and_is_that_of_the_library(
    inside: Command, folder: Path, peace: str, kind: str
) -> None:
    made = getattr(graphs, kind)(load(folder / peace))
    record = told(inside("graph", peace, "--kind", kind, "--json"))
    assert (record["kind"], [node["name"] for node in record["nodes"]]) == (kind, list(made))
    assert weights(record) == {(a, b): weight for a, b, weight in made.edges(data="weight")}
    assert record["reciprocity"] == pytest.approx(graphs.reciprocity(made).observed, nan_ok=True)
    assert ("balance" in record) == (kind == "agreement")
    for edge, (*_, facts) in zip(record["edges"], made.edges(data=True), strict=True):
        assert {name: edge[name] for name in facts} == facts
    done = inside("graph", peace, "--kind", kind)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["from", "to", "weight"]
    place = lines.index(["actor", "in_strength", "out_strength", "pagerank", "betweenness"])
    assert [(a, b, float(w)) for a, b, w in lines[1:place]] == [
        (a, b, float(weight))
        for (a, b), weight in sorted(weights(record).items(), key=lambda one: -abs(one[1]))
    ]
    assert [line[0] for line in lines[place + 1 : place + 4]] == ["Ada", "Ben", "Cleo"]


def test_turns_are_counted(inside: Command, folder: Path, peace: str) -> None:
    ring = {("Ada", "Ben"): 2, ("Ben", "Cleo"): 2, ("Cleo", "Ada"): 1}
    [one, _] = trials(folder / peace, "1")
    assert weights(told(inside("graph", peace, one[:8], "--kind", "turn_taking", "--json"))) == ring
    pooled = weights(told(inside("graph", peace, "--kind", "turn_taking", "--json")))
    assert pooled == {pair: 2 * count for pair, count in ring.items()}
    replies = weights(told(inside("graph", peace, "--json")))
    assert sum(replies.values()) == 2 * 5, "replies are what is shown if nothing is said"
    heard = told(inside("graph", peace, one, "--kind", "hearing", "--json"))
    assert {(edge["weight"], edge["share"]) for edge in heard["edges"]} == {(2, 1.0)}


def test_branches_and_surrogates_do_not_count(inside: Command, folder: Path, peace: str) -> None:
    [one, _] = trials(folder / peace, "1")
    before = drawn(inside, peace)
    done = inside("fork", peace, one, "--at", 2, "-n", 2, "--say", "Cleo: Ada, no!", "-q")
    assert done.returncode == 0, done.stderr
    done = inside("run", "mine.py:trio", "-m", PEACEFUL, "-qn2", "--yoked", "--store", peace)
    assert done.returncode == 0, done.stderr
    assert len(trials(folder / peace, "arm != 'live'")) == 4 + 6
    assert drawn(inside, peace) == before
    # One of them has a graph all the same, with what it shares.
    branch = trials(folder / peace, "arm LIKE 'fork@2 say%'")[0]
    assert weights(told(inside("graph", peace, branch, "--kind", "turn_taking", "--json"))) == {
        ("Ada", "Cleo"): 1, ("Cleo", "Ada"): 2, ("Ada", "Ben"): 1, ("Ben", "Cleo"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_graphml_is_read_back(inside: Command, folder: Path, peace: str, kind: str) -> None:
    [one, _] = trials(folder / peace, "1")
    for which in ([], [one]):
        done = inside("graph", peace, *which, "--kind", kind, "-o", "out.graphml")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        read = networkx.read_graphml(folder / "out.graphml")
        made = getattr(graphs, kind)(load(folder / peace), *which)
        assert dict(read.nodes(data=True)) == dict(made.nodes(data=True))
        assert list(read.edges(data=True)) == list(made.edges(data=True))
        assert read.is_directed()
        assert read.graph["kind"] == kind


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_whoever_contradicts_has_a_graph(inside: Command, options: list[str]) -> None:
    assert inside("run", "mine.py:trio", "-m", QUARREL, "-qn1", "--store", "q.db").returncode == 0
    done = inside("graph", "q.db", "--kind", "agreement", *options)
    assert (done.returncode, done.stderr) == (0, "")
    if options:
        record = told(done)
        assert min(weights(record).values()) < 0
        assert record["reciprocity"] is None, "missing, and no zero"
        # Ada and Cleo are on no terms, so there is no triad that could be balanced.
        assert record["balance"] is None


def test_a_quarrel_of_three_is_out_of_balance(inside: Command) -> None:
    """Each contradicts the one before: three pairs, all negative."""
    done = inside("run", "mine.py:trio", "-m", "fixed:I disagree.", "-qn1", "--store", "q.db")
    assert done.returncode == 0, done.stderr
    record = told(inside("graph", "q.db", "--kind", "agreement", "--json"))
    assert weights(record) == {("Ben", "Ada"): -2, ("Cleo", "Ben"): -2, ("Ada", "Cleo"): -1}
    assert (record["balance"], record["reciprocity"]) == (0, None)


def test_whoever_contradicts_is_written(inside: Command, folder: Path) -> None:
    assert inside("run", "mine.py:trio", "-m", QUARREL, "-qn1", "--store", "q.db").returncode == 0
    done = inside("graph", "q.db", "--kind", "agreement", "-o", "q.graphml")
    assert (done.returncode, done.stderr) == (0, "")
    read = networkx.read_graphml(folder / "q.graphml")
    assert min(weight for *_, weight in read.edges(data="weight")) < 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["s.db", "--kind", "friends"], "--kind friends: there is no such graph; use one of turn_"),
        (["s.db", "--kind", "from_edges"], "there is no such graph"),
        (["s.db", "xyz"], "s.db has no trial 'xyz'; list its 2 with"),
        (["absent.db"], "does not exist"),
        (["s.db", "-o", "absent/out.graphml"], "there is no folder"),
        (["s.db", "-o", "."], "is a directory"),
    ],
)
def test_bad_requests(inside: Command, peace: str, words: list[str], says: str) -> None:
    done = inside("graph", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.startswith("elsinore: ")
    assert done.stderr.count("\n") == 1
