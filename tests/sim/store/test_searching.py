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
