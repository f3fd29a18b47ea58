"""Graphs of what happened: by hand, by properties that must hold, and through GraphML and back."""

from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import graphs
from analysis.measures.conflict import replies
from analysis.measures.series import Line
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest, RunFailed
from sim.events import Turn

CAST = ("Ada", "Ben", "Cleo", "Dan")
TEXTS = (
    "",
    "Hm.",
    "I agree with you.",
    "I disagree with that.",
    "Ben, what do you say?",
    "I saw Cleo by the spring.",
    "The spring is dry, Ada.",
)


def tables_of(trials: dict[str, list[Turn]], cast: tuple[str, ...] = CAST) -> Tables:
    people = [{"name": name, "brief": f"{name} of the town."} for name in cast]
    records = [Record(name, people, turns, scenario="spring") for name, turns in trials.items()]
    tables = tables_from(records)
    # Columns that newer tables have, put in by hand so that this holds for both.
    own = {(name, turn.index): turn for name, turns in trials.items() for turn in turns}
    keys = list(zip(tables.turns["trial"], tables.turns["turn"], strict=True))
    columns = {
        what: pd.Series([getattr(own[key], what) for key in keys], dtype="object")
        for what in ("absent", "source", "overheard", "cued")
    }
    return replace(tables, turns=tables.turns.assign(**columns))


def scene(*said: tuple[str, str]) -> Tables:
    return tables_of({"t": [Turn(index, *line) for index, line in enumerate(said, 1)]})


@st.composite
def plays(draw: st.DrawFn) -> dict[str, list[Turn]]:
    some = st.sets(st.sampled_from(CAST), max_size=3)
    turns_by_trial = {}
    for trial in ("s", "t")[: draw(st.integers(1, 2))]:
        turns = []
        for index in range(1, draw(st.integers(0, 9)) + 1):
            speaker = draw(st.sampled_from(CAST))
            turns.append(
                Turn(
                    index,
                    speaker,
                    draw(st.sampled_from(TEXTS)),
                    audience=draw(st.none() | some.map(lambda names: tuple(sorted(names)))),
                    absent=tuple(sorted(draw(some) - {speaker})),
                )
            )
        turns_by_trial[trial] = turns
    return turns_by_trial


def weights(graph: Any, what: str = "weight") -> dict[tuple[str, str], float]:
    return {(one, other): value for one, other, value in graph.edges(data=what)}


BUILDERS = (
    graphs.turn_taking,
    graphs.hearing,
    graphs.addressing,
    graphs.replies,
    graphs.agreement,
)


# -- what happened ---------------------------------------------------------------------------------


def test_a_small_scene_by_hand() -> None:
    tables = tables_of(
        {
            "t": [
                Turn(1, "Ada", "Shall we sell the spring?"),
                Turn(2, "Ben", "I disagree with that."),
                Turn(3, "Cleo", "Ben is right, I agree.", absent=("Ada",)),
                Turn(4, "Cleo", "Ada, are you there?"),
                Turn(5, "Ada", "I agree with you.", audience=("Ben",)),
            ]
        }
    )
    taking, hearing, addressing, replies, agreement = (make(tables, "t") for make in BUILDERS)
    assert weights(taking) == {
        ("Ada", "Ben"): 1, ("Ben", "Cleo"): 1, ("Cleo", "Ada"): 1, ("Cleo", "Cleo"): 1,
    }  # fmt: skip
    assert hearing.edges["Ada", "Cleo"] == {"weight": 1, "share": 0.5}
    assert hearing.edges["Ben", "Ada"] == {"weight": 2, "share": 1.0}
    assert hearing.edges["Cleo", "Ada"] == {"weight": 1, "share": 0.5}
    assert weights(addressing, "addresses") == {("Cleo", "Ada"): 1, ("Cleo", "Ben"): 0}
    assert weights(addressing, "mentions") == {("Cleo", "Ada"): 0, ("Cleo", "Ben"): 1}
    assert weights(replies) == {
        ("Ada", "Cleo"): 1, ("Ben", "Ada"): 1, ("Cleo", "Ada"): 1, ("Cleo", "Ben"): 1,
    }  # fmt: skip
    assert agreement.edges["Ben", "Ada"] == {
        "weight": -1, "positive": 0, "negative": 1, "neutral": 0,
    }  # fmt: skip
    assert agreement.edges["Ada", "Cleo"]["weight"] == 1
    for make in BUILDERS:
        graph = make(tables, "t")
        assert graph.graph == {"kind": make.__name__, "trial": "t", "scenario": "spring"}
        assert list(graph) == list(CAST)
        assert graph.nodes["Ben"] == {
            "turns": 1, "words": 4, "seat": 1, "brief": "Ben of the town.",
        }  # fmt: skip
        assert graph.nodes["Dan"]["turns"] == 0


@given(plays())
def test_turns_are_taken_one_after_the_other(trials: dict[str, list[Turn]]) -> None:
    tables = tables_of(trials)
    for trial, turns in trials.items():
        assert sum(weights(graphs.turn_taking(tables, trial)).values()) == max(0, len(turns) - 1)


@given(plays())
def test_nobody_hears_what_is_not_for_them(trials: dict[str, list[Turn]]) -> None:
    heard: Counter[tuple[str, str]] = Counter()
    said: Counter[str] = Counter()
    for turn in (turn for turns in trials.values() for turn in turns if turn.text):
        said[turn.speaker] += 1
        for name in CAST:
            meant = turn.audience is None or name in turn.audience
            if name != turn.speaker and meant and name not in turn.absent:
                heard[name, turn.speaker] += 1
    graph = graphs.hearing(tables_of(trials))
    assert weights(graph) == heard
    assert weights(graph, "share") == {pair: n / said[pair[1]] for pair, n in heard.items()}


@given(plays())
def test_what_is_answered_was_heard_and_is_somebody_elses(trials: dict[str, list[Turn]]) -> None:
    tables = tables_of(trials)
    table = graphs.answers(tables)
    assert len(table) == sum(map(len, trials.values()))
    pairs: Counter[tuple[str, str]] = Counter()
    for trial, index, speaker, meant, to, probability in table.itertuples(index=False, name=None):
        earlier = [
            turn
            for turn in trials[trial][: index - 1]
            if turn.speaker != speaker
            and turn.text
            and speaker not in turn.absent
            and (turn.audience is None or speaker in turn.audience)
        ]
        if not earlier or not trials[trial][index - 1].text:
            assert pd.isna(meant)
            assert pd.isna(to)
            continue
        assert meant in [turn.index for turn in earlier]
        assert to == trials[trial][meant - 1].speaker
        assert 1 / len(earlier) - 1e-9 <= probability <= 1
        pairs[speaker, to] += 1
    assert weights(graphs.replies(tables)) == pairs
    for *_, facts in graphs.agreement(tables).edges(data=True):
        assert facts["weight"] == facts["positive"] - facts["negative"]
    counted = graphs.agreement(tables)
    assert pairs == {
        pair: sum(counted.edges[pair][name] for name in ("positive", "negative", "neutral"))
        for pair in counted.edges
    }


@settings(max_examples=effort(12, 30))
@given(plays(), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order_and_trials_add_up(
    trials: dict[str, list[Turn]], chance: Any
) -> None:
    tables = tables_of(trials)
    order = list(range(len(tables.turns)))
    chance.shuffle(order)
    mixed = replace(
        tables,
        turns=tables.turns.iloc[order],
        trials=tables.trials.iloc[::-1],
        cast=tables.cast.iloc[::-1],
    )
    for make in BUILDERS:
        whole = make(tables)
        assert whole.graph["trials"] == len(trials)
        assert list(make(mixed).nodes(data=True)) == list(whole.nodes(data=True))
        assert list(make(mixed).edges(data=True)) == list(whole.edges(data=True))
        summed: Counter[tuple[str, str]] = Counter()
        for trial in trials:
            for pair, weight in weights(make(tables, trial)).items():
                summed[pair] += weight  # type: ignore[assignment]
        assert weights(whole) == dict(summed)


def test_where_nothing_tells_signs_are_those_of_the_conflict_measure() -> None:
    said = [
        ("Ada", "Hm."),
        ("Ben", "I agree with you."),
        ("Cleo", "I disagree with you."),
        ("Ada", "Hm."),
    ]
    tables = scene(*said)
    lines: list[Line] = [Line(index, who, text, None) for index, (who, text) in enumerate(said, 1)]
    expected = {(speaker, before): sign for speaker, before, sign in replies(lines)}
    assert weights(graphs.agreement(tables)) == expected


def test_a_line_put_in_is_answered_and_answers_nobody() -> None:
    tables = tables_of(
        {
            "t": [
                Turn(1, "Ada", "Good evening."),
                Turn(2, "Ben", "Ada, I disagree.", source="intervention"),
                Turn(3, "Ada", "Since when?"),
            ]
        }
    )
    assert weights(graphs.replies(tables)) == {("Ada", "Ben"): 1}
    assert weights(graphs.addressing(tables)) == {}
    assert weights(graphs.hearing(tables))["Ada", "Ben"] == 1
    assert sum(weights(graphs.turn_taking(tables)).values()) == 2


def test_who_speaks_at_the_same_time_does_not_answer_the_others() -> None:
    turns = [
        Turn(1, "Ada", "Shall we sell?"),
        Turn(2, "Ben", "No.", cued=1),
        Turn(3, "Cleo", "Yes.", cued=1),
    ]
    edges = weights(graphs.replies(tables_of({"t": turns})))
    assert edges == {("Ben", "Ada"): 1, ("Cleo", "Ada"): 1}


def test_an_eavesdropper_hears() -> None:
    turns = [Turn(1, "Ada", "He lies.", audience=("Ben",), overheard=("Dan",))]
    assert set(weights(graphs.hearing(tables_of({"t": turns})))) == {("Ben", "Ada"), ("Dan", "Ada")}


def test_tables_without_the_newer_columns_and_without_a_cast() -> None:
    tables = tables_from([Record("t", [], [Turn(1, "Ada", "Hm."), Turn(2, "Ben", "Hm.")])])
    columns = ["trial", "turn", "speaker", "text", "audience"]
    old = replace(tables, turns=tables.turns[columns], cast=tables.cast.iloc[:0])
    graph = graphs.replies(old)
    assert weights(graph) == {("Ben", "Ada"): 1}
    assert graph.nodes["Ada"] == {"turns": 1, "words": 1}
    assert "scenario" not in graph.graph
    assert len(graphs.replies(tables_from([]))) == 0


def test_what_trials_do_not_agree_on_is_left_out() -> None:
    records = [
        Record("s", [{"name": "Ada", "brief": "One."}, {"name": "Ben"}], scenario="spring"),
        Record("t", [{"name": "Ada", "brief": "Other."}, {"name": "Ben"}], scenario="hotel"),
    ]
    graph = graphs.hearing(tables_from(records), pool=True)
    assert graph.nodes["Ada"] == {"turns": 0, "words": 0, "seat": 0}
    assert graph.graph == {"kind": "hearing", "trials": 2}


def test_a_trial_that_is_not_there() -> None:
    with pytest.raises(BadRequest, match="no such trial"):
        graphs.hearing(scene(("Ada", "Hm.")), "u")


# -- tables of edges -------------------------------------------------------------------------------


def edges(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["source", "target", "weight", "low", "high"])


def test_influence_comes_with_its_intervals() -> None:
    tables = scene(("Ada", "Hm."))
    table = edges(("Cleo", "Ada", 0.2, math.nan, 0.5), ("Ada", "Ben", -0.4, -0.6, -0.1))
    graph = graphs.from_edges(table, tables, "t")
    assert list(graph) == list(CAST)
    assert list(graph.edges(data=True)) == [
        ("Ada", "Ben", {"weight": -0.4, "low": -0.6, "high": -0.1}),
        ("Cleo", "Ada", {"weight": 0.2, "high": 0.5}),
    ]
    assert graph.graph == {"kind": "influence", "trial": "t", "scenario": "spring"}
    missing = graphs.from_edges(edges(("Ada", "Ben", None, None, None)))
    assert list(missing) == ["Ada", "Ben"]
    assert missing.number_of_edges() == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (edges().drop(columns="low"), "no column 'low'"),
        (edges(("Ada", "Eve", 1, 0, 2)), "'Eve' is not in the cast"),
        (edges(("Ada", "Ben", 1, 0, 2), ("Ada", "Ben", 1, 0, 2)), "comes twice"),
    ],
)
def test_a_table_that_makes_no_sense(table: pd.DataFrame, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        graphs.from_edges(table, scene(("Ada", "Hm.")))


# -- structure -------------------------------------------------------------------------------------


def weighted(*rows: tuple[str, str, float], nodes: str = "") -> Any:
    graph: Any = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_weighted_edges_from(rows)
    return graph


def test_what_is_returned() -> None:
    graph = weighted(("A", "B", 3), ("B", "A", 1), ("B", "B", 50), nodes="ABC")
    compared = graphs.reciprocity(graph)
    assert compared.observed == 0.5
    assert compared.size == 1
    assert graphs.reciprocity(weighted(("A", "B", 2.5), ("B", "A", 2.5))).observed == 1
    with pytest.raises(BadRequest, match="negative"):
        graphs.reciprocity(weighted(("A", "B", -1)))
    with pytest.raises(BadRequest, match="not whole"):
        graphs.reciprocity(weighted(("A", "B", 0.5)), null="strengths")
    for empty in (weighted(), weighted(nodes="AB"), weighted(("A", "A", 3))):
        assert all(math.isnan(value) for value in vars_of(graphs.reciprocity(empty)))


def vars_of(compared: Any) -> list[float]:
    return [compared.observed, compared.null, compared.null_low, compared.null_high, compared.p]


@pytest.mark.parametrize("rows", [(2, 1, 1, 1, 1, 1), (2, 0, 0, 2, 2, 0), (3, 1, 0, 2, 1, 2)])
def test_the_null_of_reciprocity_is_that_of_all_ways_to_deal(rows: tuple[int, ...]) -> None:
    pairs = list(permutations("ABC", 2))
    graph = weighted(*((*pair, n) for pair, n in zip(pairs, rows, strict=True)), nodes="ABC")
    sources = [one for (one, _), n in zip(pairs, rows, strict=True) for _ in range(n)]
    targets = [two for (_, two), n in zip(pairs, rows, strict=True) for _ in range(n)]
    exact = []
    for dealt in permutations(targets):
        if all(one != two for one, two in zip(sources, dealt, strict=True)):
            units = Counter(zip(sources, dealt, strict=True))
            back = sum(min(n, units[two, one]) for (one, two), n in units.items())
            exact.append(back / len(sources))
    compared = graphs.reciprocity(graph, draws=2000)
    assert compared.null == pytest.approx(np.mean(exact), abs=0.03)
    assert compared.null_low >= min(exact) - 1e-12
    observed = compared.observed
    above = np.mean([value >= observed - 1e-12 for value in exact])
    below = np.mean([value <= observed + 1e-12 for value in exact])
    assert compared.p == pytest.approx(min(1.0, 2 * min(above, below)), abs=0.05)


@settings(max_examples=effort(12, 30))
@given(st.lists(st.integers(0, 5), min_size=12, max_size=12), st.floats(0.1, 10))
def test_reciprocity_does_not_depend_on_the_scale(counts: list[int], scale: float) -> None:
    pairs = list(permutations("ABCD", 2))
    rows = [(*pair, n) for pair, n in zip(pairs, counts, strict=True) if n]
    one = graphs.reciprocity(weighted(*rows), null="labels", draws=50)
    scaled = weighted(*((a, b, n * scale) for a, b, n in rows))
    two = graphs.reciprocity(scaled, null="labels", draws=50)
    assert vars_of(one) == pytest.approx(vars_of(two), nan_ok=True)
    if rows:
        assert 0 <= one.observed <= 1
        assert 0 < one.p <= 1


def test_centrality_by_hand() -> None:
    # The detour over B is exactly as long as the way itself, 1/6 + 1/30 = 1/5: both are shortest.
    graph = weighted(("A", "B", 6), ("B", "C", 30), ("A", "C", 5), ("C", "C", 9), nodes="ABCD")
    table = graphs.centrality(graph).set_index("actor")
    assert table["out_strength"].to_dict() == {"A": 11, "B": 30, "C": 0, "D": 0}
    assert table["in_strength"].to_dict() == {"A": 0, "B": 6, "C": 35, "D": 0}
    assert table["betweenness"].to_dict() == {"A": 0, "B": pytest.approx(0.5 / 6), "C": 0, "D": 0}
    assert table["pagerank"].sum() == pytest.approx(1)
    assert table["pagerank"].idxmax() == "C"
    signed = graphs.centrality(weighted(("A", "B", -1), nodes="ABC"))
    assert signed["in_strength"].tolist() == [0, -1, 0]
    assert signed[["pagerank", "betweenness"]].isna().all(axis=None)
    assert graphs.centrality(weighted(("A", "B", 1)))["betweenness"].isna().all()
    assert list(graphs.centrality(weighted()).columns) == list(signed.columns)


def test_balance_by_hand_and_against_all_ways_to_deal() -> None:
    camps = [("A", "B", 2), ("B", "A", -1), ("B", "C", -1), ("A", "C", -2)]
    compared = graphs.balance(weighted(*camps))
    assert (compared.observed, compared.null, compared.p, compared.size) == (1, 1, 1, 1)
    signs = {"AB": 1, "AC": -1, "AD": -1, "BC": -1, "BD": -1, "CD": 1}
    four = weighted(*((pair[0], pair[1], sign) for pair, sign in signs.items()))
    exact = []
    for dealt in permutations(signs.values()):
        net = dict(zip(signs, dealt, strict=True))
        threes = [("AB", "AC", "BC"), ("AB", "AD", "BD"), ("AC", "AD", "CD"), ("BC", "BD", "CD")]
        exact.append(np.mean([math.prod(net[pair] for pair in three) > 0 for three in threes]))
    compared = graphs.balance(four, draws=4000)
    assert compared.size == 4
    assert compared.observed == 1
    assert compared.null == pytest.approx(np.mean(exact), abs=0.02)
    assert compared.p == pytest.approx(2 * np.mean(np.array(exact) == 1), abs=0.03)
    for none in (weighted(), weighted(("A", "B", 1), ("B", "C", 1)), weighted(*camps[:2])):
        assert all(math.isnan(value) for value in vars_of(graphs.balance(none)))


# -- GraphML ---------------------------------------------------------------------------------------

LEGAL = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]) | st.sampled_from("\n\t<&>\"'"),
    max_size=8,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "text": LEGAL,
        "whole": st.integers(-(2**63) + 1, 2**63 - 1),
        "real": st.floats(allow_nan=False),
        "flag": st.booleans(),
        "low & high": st.floats(0, 1),
    },
)


@settings(max_examples=effort(24, 60))
@given(st.dictionaries(LEGAL, VALUES, max_size=4), VALUES, st.data())
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    nodes: dict[str, dict[str, Any]],
    facts: dict[str, Any],
    data: st.DataObject,
) -> None:
    graph: Any = networkx.DiGraph(**facts)
    graph.add_nodes_from(nodes.items())
    if nodes:
        pair = st.tuples(st.sampled_from(sorted(nodes)), st.sampled_from(sorted(nodes)))
        for one, other in data.draw(st.lists(pair, max_size=4, unique=True)):
            graph.add_edge(one, other, **data.draw(VALUES))
    path = tmp_path_factory.getbasetemp() / "graph.graphml"
    graphs.write_graphml(graph, path)
    read: Any = networkx.read_graphml(path)
    assert read.is_directed()
    assert list(read.nodes(data=True)) == list(graph.nodes(data=True))
    assert sorted(read.edges(data=True), key=str) == sorted(graph.edges(data=True), key=str)
    assert {name: read.graph[name] for name in read.graph if "default" not in name} == facts
    for one, other in zip(read.nodes.values(), graph.nodes.values(), strict=True):
        assert [type(value) for value in one.values()] == [type(value) for value in other.values()]


def test_graphs_of_a_scene_survive_the_way(tmp_path: Path) -> None:
    tables = scene(("Ada", "Ben, shall we?"), ("Ben", "I disagree."), ("Cleo", "I agree."))
    table = edges(("Ada", "Ben", 0.2, 0.1, math.nan))
    made = [make(tables) for make in BUILDERS] + [graphs.from_edges(table, tables)]
    for graph in made:
        path = tmp_path / "graph.graphml"
        graphs.write_graphml(graph, path)
        read: Any = networkx.read_graphml(path)
        for left_out in ("node_default", "edge_default"):
            read.graph.pop(left_out)
        assert networkx.utils.graphs_equal(read, graph)
        assert list(read) == list(graph)
    assert [path.name for path in tmp_path.iterdir()] == ["graph.graphml"]


def test_what_graphml_has_no_word_for(tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    graph: Any = networkx.DiGraph()
    graph.add_node("A\x07", note="bell \x07\ud800 and\r\n", none=None, nan=math.nan, gone=pd.NA)
    graph.add_node("B", count=np.int64(3), share=np.float32(0.5), names=("Ada", "Ö"), huge=2**70)
    graph.add_node("C", count=2.5, mixed=1)
    graph.add_node("D", mixed="one", count=math.inf)
    graphs.write_graphml(graph, path)
    nodes = dict(networkx.read_graphml(path).nodes(data=True))
    assert nodes["A\\x07"] == {"note": "bell \\x07\\ud800 and\\r\n"}
    assert nodes["B"] == {"count": 3.0, "share": 0.5, "names": '["Ada", "Ö"]', "huge": str(2**70)}
    assert nodes["C"] == {"count": 2.5, "mixed": "1"}
    assert nodes["D"] == {"mixed": "one", "count": math.inf}
    graph.add_node("A\\x07")
    with pytest.raises(BadRequest, match="one name"):
        graphs.write_graphml(graph, path)


def test_no_place_for_the_file(tmp_path: Path) -> None:
    graph = weighted(("A", "B", 1))
    with pytest.raises(BadRequest, match="is a directory"):
        graphs.write_graphml(graph, tmp_path)
    with pytest.raises(BadRequest, match="there is no folder"):
        graphs.write_graphml(graph, tmp_path / "no" / "graph.graphml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, RunFailed), (errno.EACCES, BadRequest), (errno.EROFS, RunFailed)],
)
def test_a_file_is_whole_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "graph.graphml"
    path.write_text("before")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(kind, match=os.strerror(number)) as caught:
        graphs.write_graphml(weighted(("A", "B", 1)), path)
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["graph.graphml"]
    assert path.read_text() == "before"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk() -> None:
    with pytest.raises(RunFailed, match="No space left"):
        graphs.write_graphml(weighted(("A", "B", 1)), "/dev/full")


def test_networkx_is_loaded_when_a_graph_is_made() -> None:
    check = (
        "import sys, analysis.graphs as graphs\n"
        "assert not {'networkx', 'pandas'} & set(sys.modules)\n"
        "from analysis.measures import conflict\n"
        "graphs.answers, graphs.hearing, graphs.centrality, graphs.write_graphml\n"
        "assert 'networkx' not in sys.modules, 'networkx'\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
    assert set(graphs.__all__) <= set(dir(graphs))
    with pytest.raises(AttributeError):
        _ = graphs.nothing


def test_arms_are_not_pooled_unasked() -> None:
    records = [
        Record(model, [{"name": "Ada"}, {"name": "Ben"}], [Turn(1, "Ada", "So."),
               Turn(2, "Ben", "No.")], scenario="s", model=model) for model in ("m", "n")
    ]  # fmt: skip
    tables = tables_from(records)
    for graph in (graphs.turn_taking, graphs.hearing, graphs.addressing, graphs.replies,
                  graphs.agreement):  # fmt: skip
        with pytest.raises(BadRequest, match="these 2 trials are of 2 arms, which differ in model"):
            graph(tables)
        assert len(graph(tables, "m")) == 2
    one, both = graphs.turn_taking(tables.only(["m"])), graphs.turn_taking(tables, pool=True)
    assert weights(one) == {("Ada", "Ben"): 1}
    assert weights(both) == {("Ada", "Ben"): 2}
