"""Coding in a browser: the same lines and answers as at the terminal, and as blind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from analysis import labels
from analysis.labels.folder import Answers, given_labels, read_shown
from sim.cli.coding_sitting import Sitting
from sim.store import open_store
from sim.view.coding import application

ORIGIN = "http://127.0.0.1:8643"
HERE = {"origin": ORIGIN}


@pytest.fixture
def folder(store: tuple[Path, list[str]], tmp_path: Path) -> Path:
    question = labels.Question("Is this line hostile?", ("yes", "no"))
    labels.draw(store[0], question, tmp_path / "labels", plan=labels.Plan(count=5))
    return tmp_path / "labels"


def coder(folder: Path, name: str = "kim") -> TestClient:
    shown = read_shown(folder)
    sitting = Sitting(shown, shown.for_coder(name), Answers(folder, name))
    client = TestClient(
        application(sitting, ORIGIN, "token"), base_url=ORIGIN, follow_redirects=False
    )
    client.cookies.set("elsinore-8643", "token")
    return client


def place_of(page: str) -> str:
    found = re.search(r'name="at" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_lines_are_coded_one_after_the_other(folder: Path) -> None:
    client = coder(folder)
    given = {}
    for answer in ("yes", "no", "", "no", "yes"):
        page = client.get("/").text
        assert "Is this line hostile?" in page
        given[place_of(page)] = answer
        sent = client.post("/", data={"at": place_of(page), "label": answer}, headers=HERE)
        assert sent.status_code == 303
    assert "That was the last one" in client.get("/").text
    kept = given_labels(folder, read_shown(folder))["kim"]
    assert sorted(kept.values()) == ["no", "no", "yes", "yes"]
    # The line that was skipped comes again another time, and an answer may be changed.
    again = coder(folder)
    assert given[place_of(again.get("/").text)] == ""
    first = next(place for place, answer in given.items() if answer == "yes")
    assert "answered before: yes" in again.get(f"/?at={first}").text
    again.post("/", data={"at": first, "label": "no"}, headers=HERE)
    kept = given_labels(folder, read_shown(folder))["kim"]
    assert sorted(kept.values()) == ["no", "no", "no", "yes"]


def test_a_coder_is_told_nothing_else(folder: Path, store: tuple[Path, list[str]]) -> None:
    client = coder(folder)
    pages = [client.get(f"/?at={place}").text for place in range(5)]
    with open_store(store[0]) as opened:
        secrets = {"embedded", "reroll", *(trial.id[:8] for trial in opened.trials())}
    assert not any(secret in page for page in pages for secret in secrets)
    for place in ("/rows", "/live", "/notes", f"/trial/{store[1][0]}"):
        assert client.get(place).status_code == 404


def test_what_is_no_answer_is_refused(folder: Path) -> None:
    client = coder(folder)
    for form in ({"at": "0", "label": "perhaps"}, {"at": "99", "label": "no"}, {"at": "-1"}):
        assert client.post("/", data=form, headers=HERE).status_code == 400
    assert client.post("/", data={"at": "0", "label": "no"}).status_code == 403
    assert client.get("/?at=99").status_code == 400
    assert given_labels(folder, read_shown(folder)) == {}
