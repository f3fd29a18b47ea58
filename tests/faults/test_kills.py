"""A slice of ``benchmarks.faults.kills``, and that it would notice a broken promise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.faults.counting import CountingServer
from benchmarks.faults.kills import BROKEN, Tally, Teller, tell_all
from benchmarks.faults.lives import Life, Rows
from benchmarks.faults.stories import Story

FACT = ("event", "t", 1, "turn", "Ada", "", 0, "{}")
KILLED = Life(None, 1.0)


def test_questions_are_killed(capsys: pytest.CaptureFixture[str]) -> None:
    """Runs, tournaments and forks are killed in ``tests/sim``."""
    [tally] = tell_all(2, 0.5, 5, ["ask, server"]).values()
    assert tally.counts["kills"] == 2
    assert [tally.counts[what] for what in BROKEN] == [0, 0, 0, 0], tally.told
    assert "s without a kill" in capsys.readouterr().out


def life(before: Rows, after: Rows, requests: str, life: Life = KILLED) -> Tally:
    """What is counted of a life that begins with the third request; a letter is a request."""
    server = CountingServer(0.0)
    server.requests = [letter.encode() for letter in requests]
    tally = Tally()
    story = Story("run", "server", lambda store: ())
    Teller(Path(), server, random.Random(1))._check(story, tally, before, life, after, 0, 2, "")
    return tally


def rows(paid: str, intents: str, run: int, *facts: tuple[object, ...]) -> Rows:
    return Rows(frozenset(facts), frozenset(paid), frozenset((x, run) for x in intents), run)


@pytest.mark.parametrize(
    ("after", "requests", "again"),
    [
        (rows("ABCD", "", 2), "ABBCD", 0),  # B was in doubt.
        (rows("ABC", "D", 2), "ABBCD", 0),
        (rows("AB", "C", 2), "ABB", 0),  # C's request was not sent before the kill.
        (rows("ABCD", "", 2), "ABABCD", 1),  # A was committed.
        (rows("ABC", "A", 2), "ABBC", 1),
        (rows("ABC", "", 2), "ABBCE", 1),  # Nothing in the store tells of E.
    ],
)
def test_what_is_asked_again_is_counted(after: Rows, requests: str, again: int) -> None:
    tally = life(rows("A", "B", 1), after, requests)
    assert tally.counts["asked again"] == again


def test_what_is_lost_is_counted() -> None:
    assert life(rows("", "", 1, FACT), rows("", "", 1), "AB").counts["lost"] == 1
    seen = Life(None, 1.0, "", rows("", "", 1, FACT))
    assert life(rows("", "", 1), rows("", "", 1), "AB", seen).counts["lost"] == 1
    assert life(rows("", "", 1, FACT), rows("", "", 1, FACT), "AB").counts["lost"] == 0
