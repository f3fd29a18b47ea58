"""``elsinore personas``, as a real process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from sim.scene.persona_files import read_personas

Command = Callable[..., "CompletedProcess[str]"]

POPULATION = """
attributes:
  party: {values: {left: 2, right: 1}}
  age: {uniform: {low: 18, high: 80}, digits: 0}
persona: {brief: "Somebody of {age} who votes {party}.", traits: [kind]}
"""


def test_from_a_population_to_a_file_with_opposites(inside: Command, folder: Path) -> None:
    (folder / "town.yaml").write_text(POPULATION)
    done = inside("personas", "sample", "town.yaml", "-n", 9, "--method", "stratified", "-o",
                  "people.json", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["personas"] == 9
    people = read_personas(folder / "people.json")
    assert sorted(each.attributes["party"] for each in people) == ["left"] * 6 + ["right"] * 3
    told = json.loads(inside("personas", "check", "people.json", "--json").stdout)
    assert told["attributes"] == {"age": 9, "party": 9}
    assert len(told["without_opposite"]) == 9
    done = inside("personas", "opposites", "people.json", "-o", "more.json", "-n", 2)
    assert "9 of 9 personas got an opposite" in done.stdout
    ada = read_personas(folder / "more.json")[0]
    assert (ada.opposite, ada.opposite_source) == ("Somebody cruel.", "template")
    assert "without" not in inside("personas", "check", "more.json").stdout
    for more in ((), ("--population",)):
        assert json.loads(inside("personas", "schema", *more).stdout)["title"]


def test_what_is_wrong_is_told_in_one_line(inside: Command, folder: Path) -> None:
    (folder / "bad.yaml").write_text("- name: Ada\n- nme: Ben\n")
    (folder / "town.yaml").write_text(POPULATION.replace("{age}", "{aeg}"))
    for line, message in (
        (("check", "bad.yaml"), "bad.yaml, line 2, persona 2: has no field 'nme'"),
        (("check", "none.json"), "no such file"),
        (("sample", "town.yaml", "-o", "x.json"), "no attribute 'aeg'; did you mean age"),
        (("opposites", "bad.yaml", "-o", "x.txt"), "line 2"),
    ):
        done = inside("personas", *line)
        assert done.returncode == 2
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "x.json").exists()


def test_a_census_of_two_stages(inside: Command, folder: Path) -> None:
    inside("run", "empty_stage", "--model", "embedded:base", "--model", "embedded:rlhf", "--trials",
           8, "--store", "e.db", "-q")  # fmt: skip
    done = inside("personas", "census", "e.db")
    assert done.returncode == 0, done.stderr
    assert "embedded:base and embedded:rlhf: by kind" in done.stdout
    assert ": 8 trials" in done.stdout
    assert " -0." not in done.stdout
    record = json.loads(inside("personas", "census", "e.db", "--json").stdout)
    assert [each["trials"] for each in record["arms"]] == [8, 8]
    done = inside("personas", "census", "e.db", "--by", "hed")
    assert done.returncode == 2
    assert "did you mean head" in done.stderr


def test_a_store_without_attributes_cannot_be_compared(
    inside: Command, folder: Path, played: tuple[Path, str]
) -> None:
    (folder / "humans.csv").write_text("age,share\n" + "40,0.5\n" * 30)
    store = played[0] / "runs" / "trio.db"
    done = inside("personas", "compare", store, "--humans", "humans.csv")
    assert done.returncode == 2
    assert "no persona of the store has attributes" in done.stderr
