"""``elsinore why``: what is played is kept, nothing twice; what cannot be is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def live(played: tuple[Path, str], folder: Path) -> str:
    """The id of a trial of six turns on ``embedded:base``, in a store ``s.db`` that may grow."""
    with (
        closing(sqlite3.connect(played[0] / "runs/trio.db")) as source,
        closing(sqlite3.connect(folder / "s.db")) as connection,
    ):
        source.backup(connection)
    return str(json.loads(played[1])["trials"][0]["id"])


def branches(store: Path) -> int:
    with closing(sqlite3.connect(store)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM trials WHERE at IS NOT NULL")
    return int(count)


def test_one_turn(inside: Command, live: str, folder: Path) -> None:
    asked = ("why", "s.db", live[:8], "--at", 5, "-n", 3, "--outcome", "agreement")
    done = inside(*asked, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [each["trial"] for each in found["turns"]] == [live]
    assert found["one_trial"] is True
    assert found["found"]["by"] == "re-rolls"
    assert len(found["found"]["conditions"]) == 20
    steps = found["found"]["mechanisms"]
    assert [each["mechanism"] for each in steps] == found["order"]
    total = found["found"]["total"]["estimate"]
    assert sum(each["in_order"]["estimate"] for each in steps) == pytest.approx(total)
    assert sum(each["shapley"]["estimate"] for each in steps) == pytest.approx(total)
    alone = sum(each["alone"]["estimate"] for each in steps)
    assert alone + found["found"]["interaction"]["estimate"] == pytest.approx(total)
    assert all(each["share"]["estimate"] is None for each in steps)
    assert branches(folder / "s.db") == 60
    # The same again: nothing is played, and the same comes of it.
    again = inside(*asked, "--json")
    assert json.loads(again.stdout) == found
    assert branches(folder / "s.db") == 60
    shown = inside(*asked).stdout
    assert "probability changed by [95%]" in shown
    assert "share of total" not in shown
    assert "for these" in shown or "of these alone" in shown
    assert "calls" not in shown
    # They are not in the way of what was played before.
    listed = inside("show", "s.db")
    assert "60 branches of elsinore why are not listed" in listed.stdout
    assert "why:" not in listed.stdout


def test_an_arm(inside: Command, live: str, folder: Path) -> None:
    arm = ("--arm", "model=embedded:base", "--at", 4)
    few = ("--leave-out", "persona", "--leave-out", "empty reasons", "-n", 2)
    estimated = inside("why", "s.db", *arm, *few, "--dry-run", "--json")
    assert estimated.returncode == 0, estimated.stderr
    [estimate] = json.loads(estimated.stdout)["estimates"]
    assert estimate["trials"] == estimate["calls"] == 2 * 8 * 2
    assert branches(folder / "s.db") == 0
    done = inside("why", "s.db", *arm, *few, "--json")
    found = json.loads(done.stdout)
    assert found["found"]["scenes"] == 2
    assert found["matched"] is None
    assert branches(folder / "s.db") == estimate["trials"]
    assert found["order"] == [
        "own earlier lines", "being spoken to", "positions of the others",
        "being given a reason and what the reasons say",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--outcome", "flipp"), ("--outcome flipp", "did you mean flip")),
        (("--outcome", "stance:bread"), ("stance:bread", "share")),
        (("--outcome", "stance:share"), ("--at",)),
        (("--at", 99), ("--at 99", "choose another")),
        (("--actor", "Dan"), ("--actor Dan", "Ada, Ben, Cleo")),
        (("--leave-out", "reasons"), ("reasons", "empty reasons")),
        (("--model", "embedded:rlhf"), ("--model", "leave it out")),
    ],
)
def test_bad_requests(
    inside: Command, live: str, folder: Path, arguments: tuple[object, ...], words: tuple[str, ...]
) -> None:
    done = inside("why", "s.db", "--arm", "model=embedded:base", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in done.stderr
    assert branches(folder / "s.db") == 0


def test_several_arms_are_not_pooled_by_accident(inside: Command, live: str) -> None:
    done = inside("why", "s.db", "--at", 4)
    assert done.returncode == 2
    assert "--pool" in done.stderr
    done = inside("why", "s.db", live, "--arm", "model=embedded:base")
    assert (done.returncode, "leave out the trial" in done.stderr) == (2, True)
