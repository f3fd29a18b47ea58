"""The census: who appears in a text, and what counts of that say."""

from __future__ import annotations

from pathlib import Path

import pytest

import analysis
import sim
from analysis.evidence.characters import KINDS, character_in
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("My name is George. I'm a writer.", "named", "George"),
        ("“Hi,” she says, “I’m Karen.”", "named", "Karen"),
        ("JOHN: Who is there?", "named", "John"),
        ("Dr. Hale: Sit down, please.", "named", "Dr. Hale"),
        ("I'm American, and I am tired.", "unnamed", ""),
        ("I am the host of this show.", "role", "host"),
        ("“Come on!” the woman says to him.", "role", "woman"),
        ("The Porter: Is this seat taken?", "role", "The Porter"),
        ("A little girl with a baby in her arms is crying.", "role", "girl"),
        ("It's me, the mother of the boy.", "role", "mother"),
        ("I can't sleep.", "unnamed", ""),
        ("They look at each other. Nobody moves.", "narrator", ""),
        ("NARRATOR: The night was cold.", "narrator", "Narrator"),
        ("The curtain falls. The stage is dark.", "text", ""),
        ("As an AI language model, I do not have personal opinions.", "assistant", ""),
        ("... 12 — ", "nobody", ""),
        ("", "nobody", ""),
    ],
)
def test_who_appears(text: str, kind: str, name: str) -> None:
    found = character_in(text)
    assert (found.kind, found.name) == (kind, name)
    assert found.kind in KINDS


def census_of(*arms: tuple[str, list[str]]) -> Tables:
    return tables_from(
        Record(f"{model}{seed}", [{"name": "Somebody"}], [Turn(1, "Somebody", text)], model=model,
               seed=seed, scenario="x")
        for model, texts in arms for seed, text in enumerate(texts)
    )  # fmt: skip


NAMES = ["Jane", "Tom", "Anna", "Karl", "Rosa"]


def test_counts_of_an_arm() -> None:
    texts = [f"My name is {name}." for name in NAMES for _ in range(4)] + ["I can't sleep."] * 20
    result = analysis.census(census_of(("m", texts)))
    assert result.estimate("seen").value == 6
    assert result.estimate("people").value == 6
    assert result.estimate("unseen").value == 0
    assert result.estimate("named").value == pytest.approx(0.5)
    bits = result.estimate("bits")
    assert bits.low <= 1 <= bits.high
    rare = analysis.census(census_of(("m", [f"My name is {name}." for name in NAMES])))
    assert "nobody came twice" in rare.estimate("unseen").note


def test_arms_apart() -> None:
    one = [f"My name is {name}." for name in NAMES * 6]
    two = ["As an AI language model, I do not have personal opinions."] * 10 + one[:20]
    result = analysis.census(census_of(("a", one), ("b", two), ("c", one[::-1])))
    kinds, who = result.apart("a", "b").to_dict("records")
    assert (kinds["of"], who["of"]) == ("kind", "who")
    assert kinds["p"] <= 0.01
    assert kinds["divergence"] > kinds["expected"]
    same = result.apart("a", "c")
    assert (same["divergence"].abs() < 1e-9).all()
    assert (same["p"] == 1).all()
    with pytest.raises(BadRequest, match="no trial of 'z'"):
        result.apart("a", "z")


def test_the_embedded_stages_differ_in_the_assistant(tmp_path: Path) -> None:
    models = ["embedded:base", "embedded:helpful_only"]
    played = sim.run("empty_stage", models, trials=20, store=tmp_path / "x.db")
    result = analysis.census(analysis.load(played))
    assert set(result.by_trial["kind"]) <= set(KINDS)
    base, tuned = (result.estimate("assistant", model=model).value for model in models)
    assert base == 0
    assert tuned >= base
    assert result.estimate("unnamed", model=models[0]).value >= 0.5
