"""Sealed studies: fixed in a file, opened by one eligible model, refused to all others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.errors import BadRequest
from sim.planning.studies import find_study
from sim.study.studies.design import Design, design_of
from sim.study.studies.seals import KIND, check_seal, open_seal, read_seal, seal, write_seal


def design(tuned: str = "embedded:rlhf", seeds: int = 2, turns: int = 4) -> Design:
    study = find_study("bland_agreement", {"turns": turns})
    return design_of(study.on({"tuned": tuned}), seeds=seeds)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "seal.json"
    path.write_text(json.dumps(seal(design(), {"tuned": ["embedded:rlhf", "embedded:sft"]})))
    return path


def test_the_first_eligible_model_opens_it_and_no_other(sealed: Path) -> None:
    open_seal(read_seal(sealed), design("embedded:sft"), sealed)
    assert read_seal(sealed)["opened"] == {"base": "embedded:base", "tuned": "embedded:sft"}
    open_seal(read_seal(sealed), design("embedded:sft"), sealed)  # A run that goes on.
    with pytest.raises(BadRequest, match="was opened for base=embedded:base"):
        open_seal(read_seal(sealed), design("embedded:rlhf"), sealed)


@pytest.mark.parametrize(
    ("opened", "message"),
    [
        (design("embedded:base"), "may not play tuned; eligible: embedded:rlhf, embedded:sft"),
        (design(seeds=3), "is not what was sealed: the seeds"),
        (design(turns=6), "is not what was sealed: the arms"),
    ],
)
def test_another_design_is_refused(sealed: Path, opened: Design, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        open_seal(read_seal(sealed), opened, sealed)
    assert read_seal(sealed)["opened"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no seal"),
        ('{"kind": "other"}', "is no seal"),
        (json.dumps({"kind": KIND}), "was changed after it was sealed"),
        ("\x00", "is no JSON"),
    ],
)
def test_what_is_no_seal_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "seal.json"
    path.write_text(text)
    with pytest.raises(BadRequest, match=message):
        read_seal(path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("facts", {"study": "bland_agreement"}),
        ("eligible", {"tuned": ["embedded:"]}),  # Else anybody lets another model in.
        ("canary", "elsinore canary"),
        ("opened", "nobody"),
    ],
)
def test_a_seal_that_was_changed_is_refused(sealed: Path, place: str, value: object) -> None:
    found = json.loads(sealed.read_text())
    sealed.write_text(json.dumps({**found, place: value}))
    with pytest.raises(BadRequest, match="changed after it was sealed"):
        read_seal(sealed)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"none\.json: there is no such file$"):
        read_seal(tmp_path / "none.json")


def test_a_seal_is_written_once(sealed: Path) -> None:
    """A new one over it would forget that it was opened."""
    before = sealed.read_bytes()
    with pytest.raises(BadRequest, match="is there already"):
        write_seal(sealed, seal(design(), {}))
    assert sealed.read_bytes() == before


def test_a_check_opens_nothing(sealed: Path) -> None:
    check_seal(read_seal(sealed), design(), sealed)
    assert read_seal(sealed)["opened"] is None


def test_canaries_differ() -> None:
    assert seal(design(), {})["canary"] != seal(design(), {})["canary"]
