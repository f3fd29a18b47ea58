"""Debates are judged on a page, blind, and kept as the command keeps them."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sim import open_stage
from sim.store import StoredVerdict, open_store
from sim.store.connection import open_writable
from sim.tournament import Debate, Entrant, Tournament
from sim.tournament.human_judging import keep, sheets_for, verdict_of
from sim.tournament.run import run_tournament
from sim.view.pages.frame import address

HERE = {"origin": "http://127.0.0.1:8642"}
ENTRANTS = ("Quicksilver", "Juniper")

Client = Callable[..., TestClient]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a tournament of two debates that was judged by a stage."""
    path = tmp_path_factory.mktemp("judged") / "cup.db"
    cup = Tournament(
        name="Cup", entrants=[Entrant(name=name, stage="embedded:base") for name in ENTRANTS],
        motions=["The town should sell its spring."], judges=["embedded:base"],
        debate=Debate(opening=30, rebuttals=0, questions=0, closing=None),
    )  # fmt: skip
    asyncio.run(run_tournament(cup, {"embedded:base": open_stage("embedded:base")}, path))
    return path


@pytest.fixture
def store(held: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(held, tmp_path / "cup.db"))


def sheet_on(page: str) -> str:
    return re.findall(r'name="sheet"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="sheet"', page)[
        0
    ][0]


def human(store: Path) -> list[StoredVerdict]:
    with open_store(store) as opened:
        return [each for each in opened.verdicts() if each.judge.startswith("human:")]


def test_a_verdict_of_the_page_is_that_of_the_command(client: Client, store: Path) -> None:
    other = Path(shutil.copy(store, store.with_name("other.db")))
    viewer = client(store)
    assert 'href="/judge"' in viewer.get("/").text
    with open_store(store) as opened:
        [tournament] = opened.tournaments()
        ids = opened.ids()
    for left in range(len(ids), 0, -1):
        page = viewer.get("/judge").text
        assert f"{left} debate" in page
        main = html.unescape(page.partition("<main")[2])
        for told in (*ENTRANTS, "embedded", *ids):
            assert told not in main
        fields = {"sheet": sheet_on(page), "winner": "A", "margin": "3", "why": "=Plain; 'so'.",
                  "score-0-A": "7.5", "score-0-B": "2", "do": "give"}  # fmt: skip
        answer = viewer.post("/judge", data=fields, headers=HERE)
        assert answer.status_code == 303, answer.text
        [sheet] = [
            each for each in sheets_for(other, tournament.id, "kim") if each.id == fields["sheet"]
        ]
        scores = {"argument": {"A": 7.5, "B": 2.0}}
        given = verdict_of(sheet, "A", "3", scores, "here", fields["why"])
        keep(other, "kim", [(sheet, given)])
    assert human(store) == human(other)
    assert len(human(store)) == len(ids)
    assert "Nothing is left to judge" in viewer.get("/judge").text


def test_nothing_is_kept_while_a_run_writes_and_what_was_filled_in_stays(
    client: Client, store: Path
) -> None:
    viewer = client(store)
    sheet = sheet_on(viewer.get("/judge").text)
    fields = {"sheet": sheet, "winner": "B", "margin": "4", "why": "She listens.", "do": "give"}
    connection, lease = open_writable(store)
    try:
        answer = viewer.post("/judge", data=fields, headers=HERE)
    finally:
        connection.close()
        lease.drop()
    assert answer.status_code == 400
    assert "is writing it; wait until that run is over" in html.unescape(answer.text)
    assert "She listens." in answer.text
    assert human(store) == []
    assert viewer.post("/judge", data=fields, headers=HERE).status_code == 303
    assert len(human(store)) == 1
    # The same form again, as a browser sends it that goes back: there is one verdict.
    assert viewer.post("/judge", data=fields, headers=HERE).status_code == 400
    assert len(human(store)) == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Say who debated better"),
        ({"winner": "C", "margin": "2"}, "use one of A, B, tie"),
        ({"winner": "A", "margin": "0"}, "use 0 for a tie"),
        ({"winner": "A", "margin": "2", "score-0-A": "4"}, "score every speaker, or none"),
        ({"winner": "A", "margin": "2", "score-0-A": "4", "score-0-B": "x"}, "from 0 to 10"),
        ({"winner": "A", "margin": "2", "sheet": "nonsense"}, "is not waiting to be judged"),
    ],
)
def test_what_is_no_verdict_is_told_on_the_page(
    client: Client, held: Path, fields: dict[str, str], told: str
) -> None:
    viewer = client(held)
    sheet = sheet_on(viewer.get("/judge").text)
    answer = viewer.post("/judge", data={"sheet": sheet, "do": "give", **fields}, headers=HERE)
    assert answer.status_code == 400
    assert told in html.unescape(answer.text)
    assert human(held) == []


def test_a_debate_that_is_skipped_comes_after_the_others(client: Client, held: Path) -> None:
    viewer = client(held)
    seen = []
    for _ in range(3):
        seen.append(sheet_on(viewer.get(address("judge")).text))
        viewer.post("/judge", data={"sheet": seen[-1], "do": "skip"}, headers=HERE)
    assert seen[0] != seen[1]
    assert seen[2] == seen[0]
