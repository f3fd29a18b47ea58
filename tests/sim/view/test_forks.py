"""Forking from the page: estimated first, played by the command, within what is allowed."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sim.errors import BadRequest
from sim.store import open_store
from sim.view.forks import Allowed, Asked

ORIGIN = "http://127.0.0.1:8642"
HERE = {"origin": ORIGIN}

Client = Callable[..., TestClient]
Played = tuple[Path, list[str]]


def test_what_makes_no_fork_is_refused() -> None:
    good = {"at": "3", "change": "say", "speaker": "Ada", "text": "No."}
    assert Asked.read("abc", good).words()[-1] == "--say=Ada: No."
    for wrong in (
        {"at": "0"}, {"at": "x"}, {"at": "٣"}, {"change": "rm"}, {"speaker": ""}, {"text": " "},
        {"branches": "0"}, {"branches": "99999"}, {"turns": "-1"}, {"change": "whisper", "to": ""},
    ):  # fmt: skip
        with pytest.raises(BadRequest):
            Asked.read("abc", good | wrong)


def test_no_text_is_an_option_of_the_command() -> None:
    asked = Asked.read("abc", {"at": "3", "change": "replace", "text": "--model openai:gpt"})
    assert asked.words()[-1] == "--replace=--model openai:gpt"


def test_a_model_that_costs_has_to_be_named(store: Played) -> None:
    with open_store(store[0]) as opened:
        free = opened.trial(store[1][0])
    paid = replace(free, model="openai:gpt-5-mini", stage="openai:gpt-5-mini{}")
    assert Allowed().why_not(free) == ""
    assert "--model openai:gpt-5-mini" in Allowed().why_not(paid)
    assert Allowed(("openai:gpt-5-mini",)).why_not(paid) == ""
    assert Allowed(("openai:gpt-5-mini",)).costs(paid)
    assert not Allowed().costs(free)
    assert "--model" in Allowed().why_not(replace(free, arm="imported"))


def test_a_fork_is_estimated_and_then_played(client: Client, store: Played, tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    shutil.copyfile(store[0], path)
    viewer = client(path)
    place = f"/trial/{store[1][1]}/fork"
    form = {"at": "8", "change": "drop", "branches": "1"}
    wrong = viewer.post(place, data=form | {"at": "50", "do": "estimate"}, headers=HERE)
    assert wrong.status_code == 400
    assert "there is no turn 50" in wrong.text
    for at in ("50", "0", "abc"):  # A link to no turn offers no form.
        nowhere = viewer.get(place, params={"at": at})
        assert nowhere.status_code == 400
        assert "What is different" not in nowhere.text
    estimate = viewer.post(place, data=form | {"do": "estimate"}, headers=HERE)
    assert estimate.status_code == 200
    assert "What it would take" in estimate.text
    assert "free" in estimate.text
    with open_store(path) as opened:
        assert len(opened.ids()) == 6  # Nothing was played for an estimate.
    estimated = re.search(r'name="estimated" value="([^"]+)"', estimate.text)
    assert estimated is not None
    form |= {"do": "play", "estimated": estimated[1]}
    other = viewer.post(place, data=form | {"branches": "2"}, headers=HERE)
    assert "What it would take" in other.text  # Something else than what was estimated.
    begun = viewer.post(place, data=form, headers=HERE)
    assert begun.headers["location"] == "/forks/1"
    again = viewer.post(place, data=form, headers=HERE)
    assert "A fork is being played" in again.text
    end = time.monotonic() + 60
    while 'data-state="playing"' in (page := viewer.get("/forks/1").text):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert 'data-state="done"' in page, page
    branches = re.findall(r"/compare\?a=\w+&amp;b=(\w+)", page)
    assert len(branches) == 2
    with open_store(path) as opened:
        assert len(opened.ids()) == 8
    assert viewer.get(f"/trial/{branches[0]}").status_code == 200
