"""Arms on the command line, own questions in the summary, and what columns are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., "CompletedProcess[str]"]

MARKET = '''
"""Two people haggle."""
from sim import Actor, Persona, Probe, Question, Scene, after, ring
from sim.scene.answers import Choice, Number

def market(fee: float = 1.0, opposed: bool = False, moon: int = 0) -> Scene:
    """Two people haggle."""
    price = Question(key="price", text="What is it worth, {name}?",
                     answer=Number(field="price", low=0, high=100, unit="crowns"))
    vote = Question(key="vote", text="Do you buy, {name}?", answer=Choice(options=("yes", "no")))
    ada = Persona(name="Ada", opposite="A spendthrift." if opposed else None)
    return Scene(topic=f"The horse is worth its price, and the fee of {fee}.",
                 cast=(Actor(ada), Actor(Persona(name="Ben"))), graph=ring("Ada", "Ben"),
                 probes=(Probe(question=price), Probe(question=vote, start=False)),
                 ends=after(turns=4))
'''


@pytest.fixture
def markets(folder: Path, inside: Command) -> Path:
    (folder / "market.py").write_text(MARKET, encoding="utf-8")
    run = ("run", "market.py:market", "-n", 3, "-P", "fee=1,2", "--store", "m.db")
    assert inside(*run, "-q").returncode == 0
    return folder


def test_own_questions_stand_in_the_summary(markets: Path, inside: Command) -> None:
    del markets
    run = ("run", "market.py:market", "-n", 3, "-P", "fee=1,2", "--store", "m.db")
    shown = inside(*run).stdout
    assert "price (0 to 100 crowns)  embedded:base fee=1" in shown
    assert "vote = " in shown
    assert "fee=2.0 − fee=1.0 (embedded:base): price at the end" in shown
    record = json.loads(inside(*run, "--json").stdout)
    price = next(each for each in record["questions"] if each["key"] == "price")
    assert price["unit"] == "crowns"
    assert price["trials"] == 3
    assert price["asked"] == 12
    assert 0 <= price["end_low"] <= price["end"] <= price["end_high"] <= 100
    votes = [each for each in record["questions"] if each["key"] == "vote"]
    assert {each["option"] for each in votes} <= {"yes", "no"}
    assert all(each["start"] is None for each in votes), "it is asked at the end alone"
    compared = [each["quantity"] for each in record["comparisons"]]
    assert "price at the end" in compared
    assert "C" not in compared, "nobody was asked where it stands"


def test_nobody_flips_without_an_opposite(markets: Path, inside: Command) -> None:
    del markets
    shown = inside("run", "market.py:market", "-n", 2, "--store", "m.db").stdout
    assert "flipped" not in shown
    assert "collapsed [95%]" in shown
    opposed = inside(
        "run", "market.py:market", "-n", 2, "-P", "opposed=true", "--store", "o.db"
    ).stdout
    ada, ben = (next(line for line in opposed.splitlines() if line.startswith(name))
                for name in ("Ada", "Ben"))  # fmt: skip
    assert "flipped [95%]" in opposed
    assert "/2 [" in ada.split()[1] + " " + ada.split()[2]
    assert ben.split()[1] == "–"


def test_arms_are_listed_and_chosen(markets: Path, inside: Command) -> None:
    del markets
    listed = inside("show", "m.db").stdout
    assert listed.splitlines()[0].split() == [
        "trial", "scenario", "model", "fee", "seed", "status", "turns", "flips"
    ]  # fmt: skip
    chosen = inside("show", "m.db", "--arm", "fee=2").stdout.splitlines()
    assert len(chosen) == 1 + 3 + 1
    record = json.loads(inside("show", "m.db", "--arm", "fee=2.0", "--json").stdout)
    assert {trial["parameters"]["fee"] for trial in record["trials"]} == {2.0}


@pytest.mark.parametrize(
    ("arm", "problem"),
    [
        ("fee", "write NAME=VALUE"),
        ("fea=1", "trials have no 'fea'; did you mean fee"),
        ("fee=3", "no trial has it; known: 1.0, 2.0"),
    ],
)
def test_an_arm_that_is_none_is_one_line(
    markets: Path, inside: Command, arm: str, problem: str
) -> None:
    del markets
    for command in (("show", "m.db"), ("graph", "m.db"), ("ask", "m.db", "all", "Why?")):
        done = inside(*command, "--arm", arm)
        assert done.returncode == 2
        assert problem in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_graph_pools_no_arms_unasked(markets: Path, inside: Command) -> None:
    del markets
    refused = inside("graph", "m.db")
    assert refused.returncode == 2
    assert "these 6 trials are of 2 arms" in refused.stderr
    assert "--arm fee=1.0 (3); --arm fee=2.0 (3)" in refused.stderr

    def turns(*options: object) -> int:
        record = json.loads(inside("graph", "m.db", "--kind", "turn_taking", "--json", *options)
                            .stdout)  # fmt: skip
        return sum(edge["weight"] for edge in record["edges"])

    assert turns("--arm", "fee=1") + turns("--arm", "fee=2") == turns("--pool")


def test_an_answer_to_a_question_is_told_by_arm(markets: Path, inside: Command) -> None:
    del markets
    shown = inside("ask", "m.db", "all", "How sure?", "--scale=0,1").stdout
    assert shown.splitlines()[0].split() == ["arm", "actor", "turn", "answers", "missing",
                                             "summary"]  # fmt: skip
    for fee in ("fee=1.0", "fee=2.0"):
        assert sum(line.startswith(fee) for line in shown.splitlines()) == 2


def test_every_column_is_explained(inside: Command) -> None:
    listed = inside("explain").stdout
    for name in ("flipped", "C", "p", "[95%]", "measures: acts"):
        assert f"{name}" in listed
    one = inside("explain", "c").stdout
    assert "analysis.convergence, quantity c" in one
    assert "C = 1 - E[D_T]/E[D_0]" in one
    assert "Bradley" in inside("explain", "rating").stdout
    for measure in json.loads(inside("explain", "--json").stdout)["measures"]:
        record = json.loads(inside("explain", measure, "--json").stdout)
        assert "Evidence" in record["described"], measure
    unknown = inside("explain", "flipd")
    assert unknown.returncode == 2
    assert "did you mean flipped" in unknown.stderr


def test_a_parameter_that_changes_nothing_makes_no_arms(markets: Path, inside: Command) -> None:
    del markets
    done = inside("run", "market.py:market", "-P", "moon=1,2", "--store", "n.db")
    assert done.returncode == 2
    assert "moon=1 and fee=1.0" in done.stderr
    assert "make the same scene, so they would be one arm" in done.stderr
    assert done.stdout == ""
