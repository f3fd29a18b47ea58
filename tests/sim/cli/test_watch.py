"""A run followed from another process: what it has done, whether it lives, what is being said."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import sim
from sim.cli.display.sparklines import MOST, sparkline, stances
from sim.errors import StoreRefused
from sim.events import Answer
from sim.store.activity import Follower

Command = Callable[..., "CompletedProcess[str]"]
SLOW = "fixed:Yes, perhaps.|No, never.?latency=0.2"


def test_what_was_counted_look_by_look_is_what_is_there(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    sim.run("cross_purposes", trials=2, parameters={"turns": 4}, store=store)
    follower = Follower(store, lines=3)
    first = follower.look()
    assert (first.trials, first.turns, len(first.latest)) == ({"done": 2}, 8, 3)
    assert first == follower.look()
    sim.run("cross_purposes", trials=5, parameters={"turns": 4}, store=store)
    then, anew = follower.look(), Follower(store, lines=3).look()
    assert then == anew
    assert (then.trials, then.turns, then.free, then.written) == ({"done": 5}, 20, True, False)
    assert then.run is not None
    assert then.run.outcome == "done"
    follower.close()
    with pytest.raises(StoreRefused, match="does not exist"):
        Follower(tmp_path / "nowhere.db")


def test_a_run_is_seen_going_on_and_killed(
    folder: Path, inside: Command, process: Callable[..., subprocess.Popen[bytes]]
) -> None:
    run = process(
        folder,
        ["run", "mine.py:trio", "-qn", 40, "-m", SLOW, "--store", "a.db"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        seen = None
        until = time.monotonic() + 60
        while time.monotonic() < until and (seen is None or not seen.turns):
            time.sleep(0.1)
            if (folder / "a.db").exists():
                follower = Follower(folder / "a.db")
                seen = follower.look()
                follower.close()
        assert seen is not None
        assert seen.written
        assert seen.latest
        assert seen.run is not None
        assert seen.run.ended is None
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    done = inside("watch", "a.db")
    assert done.returncode == 0, done.stderr
    assert "was killed; run the same command to go on" in done.stdout
    record = json.loads(inside("watch", "a.db", "--json").stdout)
    assert not record["written"]
    assert record["turns"] >= seen.turns
    assert inside("watch", "nowhere.db").returncode == 2


def test_a_sparkline_has_a_sign_for_each_number_up_to_a_bound() -> None:
    assert sparkline([], 0, 1) == ""
    assert sparkline([0.0, float("nan"), None, 2.0], 0, 1) == "▁··█"
    assert sparkline([0.5, 0.5], 0.5, 0.5) == "▅▅"
    long = sparkline([number / 999 for number in range(1000)], 0, 1)
    assert MOST // 2 <= len(long) <= MOST + 1
    assert long[0] == "▁"
    assert long[-1] == "█"


def test_courses_have_missing_answers_and_means_of_samples() -> None:
    events = [
        Answer(0, "B", "stance:x", 1.0),
        Answer(0, "A", "stance:x", -1.0, sample=0),
        Answer(0, "A", "stance:x", 0.0, sample=1),
        Answer(2, "A", "stance:x", None, missing="refused"),
        Answer(2, "A", "mood", 0.3),
    ]
    found = stances(events, ["A", "B"])
    assert [(each.actor, each.values) for each in found] == [("A", (-0.5, None)), ("B", (1.0,))]
