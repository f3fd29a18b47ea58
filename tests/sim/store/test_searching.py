"""Searching in all lines finds what a plain search in Python finds."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Persona, Scene, after, plan, ring
from sim.runs.trials import run_trials
from sim.stage.fixed import FixedLines
from sim.store import Store, open_store
from sim.store.connection import open_writable
from sim.store.lines import Lines
from sim.store.searching import saying

LINES = (
    "The spring is ours to keep.",
    "100% of it? a_b! It\tis   OURS.",
    "Großer Brunnen, KELVIN: 3 \u212a.",
    "Ölquelle ÉTÉ",
    "",
    "straße\nSTRASSE",
)


def well() -> Scene:
    """Two neighbours say all of the lines."""
    names = ("Ada", "Ben")
    return Scene(
        topic="The well", cast=[Persona(name=name) for name in names], graph=ring(*names),
        ends=after(turns=len(LINES)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "well.db"
        stage = FixedLines([line or "…" for line in LINES])
        trials = plan(well, models=[("fixed", stage.identity)])
        asyncio.run(run_trials(trials, {stage.identity: stage}, path))
        with open_store(path) as opened:
            yield opened


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


@given(
    st.one_of(
        st.sampled_from([line[start : start + 6] for line in LINES for start in range(len(line))]),
        st.text("aostrße k%_!'", max_size=4),
        st.sampled_from(["OURS TO", "is ours", "strasse", "KELVIN", "k", "100%", "a_b!", "été"]),
    )
)
def test_it_finds_what_python_finds(store: Store, words: str) -> None:
    [trial] = store.trials()
    turns = [
        turn
        for turn in trial.transcript.turns
        if folded(words) and folded(words) in folded(turn.text)
    ]
    found = saying(store, words)
    if not turns:
        assert found == {}
        return
    assert found[trial.id].turn == turns[0].index
    assert found[trial.id].actor == turns[0].speaker
    assert found[trial.id].lines == len(turns)


def test_what_is_found_stands_in_its_surroundings(store: Store) -> None:
    [found] = saying(store, "OURS to").values()
    assert (found.before, found.words, found.after) == ("The spring is ", "ours to", " keep.")


def kept(path: Path) -> Lines:
    """The lines of a store, in memory."""
    lines = Lines(path)
    lines.saying("a", "at first")
    lines.wait(10)
    assert lines.kept
    return lines


@given(st.text("aostrße k%_!'", max_size=4))
def test_in_memory_it_finds_the_same(store: Store, words: str) -> None:
    lines = LINES_OF.setdefault(store.path, kept(store.path))
    assert lines.saying(words, "at first") == saying(store, words)


LINES_OF: dict[Path, Lines] = {}


def test_lines_in_memory_follow_what_is_written_and_what_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "well.db"
    stage = FixedLines(["The spring."])

    def play(trials: int) -> list[str]:
        planned = plan(well, models=[("fixed", stage.identity)], trials=trials)
        asyncio.run(run_trials(planned, {stage.identity: stage}, path))
        return [trial.id for trial in planned]

    play(1)
    lines = kept(path)
    ids = play(3)
    assert len(lines.saying("spring", "at first")) == 1  # What it is told is unchanged is not read.
    assert len(lines.saying("spring", "more")) == 3

    connection, lease = open_writable(path)
    rows = connection.execute("SELECT * FROM events WHERE trial = ?", ids[2:]).fetchall()
    connection.execute("DELETE FROM events WHERE trial = ?", ids[2:])
    assert set(lines.saying("spring", "fewer")) == set(ids[:2])
    # As many rows as were removed, with their numbers: only the last one tells it.
    connection.execute("DELETE FROM events WHERE trial = ?", ids[1:2])
    for row in rows:
        connection.execute(f"INSERT INTO events VALUES ({','.join('?' * len(row))})", row)
    connection.close()
    lease.drop()
    assert set(lines.saying("spring", "others")) == {ids[0], ids[2]}
    assert lines.kept


def test_a_store_of_more_lines_than_memory_may_hold_is_searched_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "well.db"
    stage = FixedLines(["The spring is ours to keep. " * 4])
    planned = plan(well, models=[("fixed", stage.identity)], trials=10)
    asyncio.run(run_trials(planned, {stage.identity: stage}, path))
    lines = Lines(path, most_bytes=8192)
    for state in ("one", "two"):
        assert len(lines.saying("ours", state)) == 10
        lines.wait(10)
        assert not lines.kept
    assert kept(path).kept
