"""Simulated people beside people: what is planted is found, and nothing where nothing is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from analysis.people import People, compare_people, people_from_file, people_from_store
from analysis.people.coverage import coverage, reached_cells, reached_neighbours
from analysis.people.stereotypy import Groups, slope, within_ratio
from sim import Actor, Edge, Graph, Persona, Scene, after, ask_stance
from sim.errors import BadRequest

EFFECTS = np.array([[-0.7, 0.5, 0.2], [0.1, -0.6, 0.4], [0.6, 0.1, -0.6]])


def people(n: int, generator: np.random.Generator, within: float = 1, steep: float = 1) -> People:
    """People of three parties; ``within`` scales variances in a party, ``steep`` differences."""
    party = generator.integers(0, 3, n)
    noise = generator.normal(0, 0.5, (n, 1)) + generator.normal(0, 0.8, (n, 3))
    answers = steep * EFFECTS[party] + np.sqrt(within) * noise
    names = pd.DataFrame({"party": ["lmr"[place] for place in party]}, dtype="object")
    return People(names, pd.DataFrame(answers, columns=["a", "b", "c"]), list(range(n)))


def test_a_planted_stereotype_is_found() -> None:
    generator = np.random.default_rng(1)
    found = compare_people(people(120, generator, 0.3, 2), people(400, generator), draws=100)
    table = found.table.set_index("measure")
    assert table.loc["within", "value"] == pytest.approx(0.3, abs=0.06)
    assert table.loc["within", "high"] < 0.5
    assert table.loc["slope", "low"] < 2 < table.loc["slope", "high"]
    assert table.loc["slope", "low"] > table.loc["slope", "null_high"]
    for name in ("neighbours", "cells"):
        assert table.loc[name, "high"] < table.loc[name, "null_low"]
    told = " ".join(found.sentences())
    assert "flattened" in told
    assert "exaggerated" in told


def test_people_are_no_stereotype_of_people() -> None:
    """In 16 repetitions of a fixed seed: intervals that miss what is true. Of 95% intervals more
    than 4 of 16 miss in 0.1% of seeds; a verdict needs more than that, so one at most may come."""
    generator = np.random.default_rng(2)
    missed = {"within": 0, "slope": 0}
    verdicts = 0
    for seed in range(16):
        humans = people(150, generator)
        table = compare_people(people(60, generator), humans, seed=seed, draws=60).table
        for row in table.to_dict("records"):
            verdicts += row["high"] < row["null_low"] or row["low"] > row["null_high"]
            if row["measure"] in missed:
                missed[row["measure"]] += not row["low"] <= 1 <= row["high"]
    assert max(missed.values()) <= 4, missed
    assert verdicts <= 1


@given(st.integers(0, 999), st.integers(2, 9), st.integers(10, 40))
@settings(max_examples=30, deadline=None)
def test_laws_of_coverage(seed: int, m: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    humans, minds = generator.normal(size=(30, 2)), generator.normal(size=(n, 2))
    for reach in (reached_neighbours, reached_cells):
        reached = reach(minds, humans)
        values = [coverage(reached, size) for size in (1, m, n)]
        assert values == sorted(values)
        assert coverage(reached, n) == pytest.approx(reached.any(axis=1).mean())
        assert reach(humans, humans).any(axis=1).all(), "everybody reaches itself"
    drawn = [reached[:, generator.permutation(n)[:m]].any(axis=1).mean() for _ in range(400)]
    assert coverage(reached, m) == pytest.approx(np.mean(drawn), abs=0.05)


def test_identical_groups_have_a_ratio_and_a_slope_of_one() -> None:
    answers = np.random.default_rng(4).normal(size=(60, 2)) + np.repeat([[0.0], [3.0]], 30, axis=0)
    labels = np.repeat([0, 1], 30)
    side = Groups.of(answers, labels, np.ones(60), 2)
    twice = Groups.of(2 * answers, labels, np.ones(60), 2)
    assert within_ratio(side, side) == pytest.approx(1)
    assert within_ratio(twice, side) == pytest.approx(4)
    assert slope(twice, side) == pytest.approx(2 * slope(side, side))
    assert slope(side, side) == pytest.approx(1, abs=0.05)
    flat = Groups.of(answers - np.repeat([[0.0], [3.0]], 30, axis=0), labels, np.ones(60), 2)
    assert np.isnan(slope(side, flat)), "humans who do not differ have no slope"


WRONG = {
    "": "has nobody in it",
    "age,spring\n": "has nobody in it",
    "age,age\n1,2\n": "'age' is there twice",
    "age,\n1,2\n": "column 2 has no name",
    "age,spring\n1\n": "line 2: 1 cells under 2 columns",
    'age,spring\n"1,2\n': "line 2.*is no CSV",
}


@pytest.mark.parametrize("text", sorted(WRONG))
def test_a_table_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text(text)
    with pytest.raises(BadRequest, match=WRONG[text]):
        people_from_file(tmp_path / "h.csv")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["0.5", "NA"], "the item a has a cell that is no number \\(line 3: 'NA'\\)"),
        (["0,5", "0,6"], "line 2: '0,5'"),
        (["0.2", "0.2"], "--item a: all humans answered alike"),
    ],
)
def test_answers_that_cannot_be_compared_are_refused(
    cells: list[str], message: str, tmp_path: Path
) -> None:
    """Equal numbers have no variance, though their standard deviation is not quite 0."""
    (tmp_path / "h.csv").write_text("\n".join(["party;a", *(f"l;{each}" for each in cells * 15)]))
    with pytest.raises(BadRequest, match=message):
        compare_people(people(40, np.random.default_rng(1)), tmp_path / "h.csv")


def test_a_blank_answer_is_missing_and_the_others_count(tmp_path: Path) -> None:
    rows = [f"{'lmr'[n % 3]},{'' if n % 4 == 0 else n / 10}" for n in range(40)]
    (tmp_path / "h.csv").write_text("\n".join(["party,a", *rows]))
    humans = people_from_file(tmp_path / "h.csv")
    assert humans.answers["a"].isna().sum() == 10
    compare_people(people(40, np.random.default_rng(1)), humans, draws=20)


def test_groups_that_answer_alike_have_no_variance() -> None:
    answers = np.repeat([[-0.3], [0.7]], 20, axis=0)
    groups = Groups.of(answers, np.repeat([0, 1], 20), np.ones(40), 2)
    assert groups.variances.tolist() == [[0.0], [0.0]]
    assert np.isnan(within_ratio(groups, groups))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80)
       | st.text(alphabet='ab,;"\n01.- ', max_size=60))  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_any_text_is_a_table_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        assert len(people_from_file(path)) > 0
    except BadRequest as error:
        assert str(error)  # noqa: PT017


def interview(persona: Persona) -> Scene:
    name = persona.name
    return Scene(
        topic="The town should sell its spring.", cast=[Actor(persona)], ends=after(turns=1),
        graph=Graph(names=(name,), edges=(Edge(source=name, target=name),), first=name),
        probes=(ask_stance("spring", every=1, samples=2),),
    )  # fmt: skip


def test_people_of_a_store(tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    for number in range(12):
        party, stance = ("left", -0.8) if number % 2 else ("right", 0.8)
        persona = Persona(name=f"P{number}", stances={"spring": stance},
                          attributes={"party": party, "age": 20 + number})  # fmt: skip
        sim.run(interview(persona), trials=1, store=store)
    minds = people_from_store(store)
    assert list(minds.answers.columns) == ["spring"]
    assert set(minds.attributes["party"]) == {"left", "right"}
    by_party = minds.answers["spring"].groupby(list(minds.attributes["party"])).mean()
    assert by_party["right"] > by_party["left"]
    generator = np.random.default_rng(1)
    rows = [f"{20 + place},{'left' if place % 2 else 'Right'},{value:.2f}"
            for place, value in enumerate(generator.uniform(-1, 1, 40))]  # fmt: skip
    (tmp_path / "h.csv").write_text("\n".join(["age,party,spring", *rows]))
    found = compare_people(store, tmp_path / "h.csv", draws=20)
    assert (found.items, found.attributes) == (("spring",), ("age", "party"))
    assert set(found.means["group"]) >= {"left", "right", "age <= 29.75"}
    with pytest.raises(BadRequest, match="--by partty: the store has no such column"):
        compare_people(store, tmp_path / "h.csv", by=["partty"])
    (tmp_path / "few.csv").write_text("\n".join(["age,party,spring", *rows[:5]]))
    with pytest.raises(BadRequest, match="5 humans answered"):
        compare_people(store, tmp_path / "few.csv")
