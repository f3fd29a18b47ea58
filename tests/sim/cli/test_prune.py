"""Unfinished trials: no measure reads them, and they are removed only if somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import analysis
from sim.store import Writer, open_store

Command = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def store(folder: Path, inside: Command) -> Path:
    """Four trials: one was torn off after turn 3, one failed, two are done."""
    assert inside("run", "mine.py:trio", "-qn", 4, "--store", "a.db").returncode == 0
    path = folder / "a.db"
    with open_store(path) as opened:
        torn, failed, *_ = opened.ids()
    writer = Writer.open(path)
    writer.write_now(
        [
            ("DELETE FROM events WHERE trial = ? AND (turn > 3 OR kind = 'ended')", [(torn,)]),
            ("UPDATE trials SET status = 'planned', turns = 0 WHERE trial = ?", [(torn,)]),
            (
                "UPDATE trials SET status = 'failed', reason = 'timeout' WHERE trial = ?",
                [(failed,)],
            ),
        ]
    )
    writer.close()
    return path


@pytest.mark.parametrize("measure", ["convergence", "conflict", "loops", "flips", "collapse"])
def test_no_measure_reads_what_is_unfinished(store: Path, measure: str) -> None:
    result = getattr(analysis, measure)(store)
    assert len(result.tables.trials) == 2
    assert result.left_out == {"failed": 1, "planned": 1}
    assert "2 trials (1 failed, 1 planned: left out)" in repr(result)
    assert set(result.by_trial["trial"]) <= set(result.tables.trials["trial"])
    whole = getattr(analysis, measure)(analysis.load(store, unfinished=True))
    assert len(whole.tables.trials) == 4
    assert whole.left_out == {}


def test_they_are_listed_and_stay(store: Path, inside: Command) -> None:
    done = inside("prune", store)
    assert done.returncode == 0, done.stderr
    assert "planned, 3 turns" in done.stdout
    assert "(timeout)" in done.stdout
    assert "to remove 2 trials" in done.stdout
    with open_store(store) as opened:
        assert len(opened.ids()) == 4


def test_they_are_removed_if_that_is_said_and_played_again(store: Path, inside: Command) -> None:
    assert "removed 1 of 1 trial;" in inside("prune", store, "--status", "failed", "-y").stdout
    assert "removed 1 of 1 trial;" in inside("prune", store, "--yes").stdout
    assert "nothing to remove" in inside("prune", store).stdout
    with open_store(store) as opened:
        assert [trial.status for trial in opened.trials()] == ["done"] * 2
    assert inside("run", "mine.py:trio", "-qn", 4, "--store", store).returncode == 0
    with open_store(store) as opened:
        assert [trial.status for trial in opened.trials()] == ["done"] * 4
    assert inside("verify", store).returncode == 0


def test_what_others_need_stays(store: Path, inside: Command) -> None:
    with open_store(store) as opened:
        done = next(trial.id for trial in opened.trials() if trial.status == "done")
    assert inside("fork", store, done[:12], "--at", 3, "--reroll", "-n", 1, "-q").returncode == 0
    writer = Writer.open(store)
    writer.write_now([("UPDATE trials SET status = 'failed' WHERE trial = ?", [(done,)])])
    writer.close()
    told = inside("prune", store, "--yes").stdout
    assert "stays, others begin with it" in told
    with open_store(store) as opened:
        assert done in opened.ids()


def test_a_status_that_is_none(store: Path, inside: Command) -> None:
    done = inside("prune", store, "--status", "done")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
