"""A list of very many trials is cut, and says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., "CompletedProcess[str]"]


def test_a_long_list_is_cut_and_measures_nothing(
    inside: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inside("run", "mine.py:trio", "-qn", 3, "--store", "s.db").returncode == 0
    whole = inside("show", "s.db").stdout
    assert "flips" in whole
    monkeypatch.setattr("sim.cli.display.stores.MOST_LISTED", 2)
    monkeypatch.setattr("sim.cli.commands.show._outcomes", None)
    done = inside("show", "s.db")
    assert done.returncode == 0, done.stderr
    assert "The first 2 of 3 trials, without their flips" in done.stdout
    assert "elsinore view s.db" in done.stdout
    listed = [line for line in done.stdout.splitlines() if "mine.py:trio" in line]
    assert len(listed) == 2


def test_json_has_all_of_a_long_list(
    inside: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inside("run", "mine.py:trio", "-qn", 3, "--store", "s.db").returncode == 0
    monkeypatch.setattr("sim.cli.display.stores.MOST_LISTED", 2)
    trials = json.loads(inside("show", "s.db", "--json").stdout)["trials"]
    assert len(trials) == 3
    assert all(trial["outcomes"] for trial in trials)
