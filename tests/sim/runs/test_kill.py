"""A real process that is killed at random moments and started again."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.store import Writer, export_jsonl, open_readonly

CHILD = Path(__file__).with_name("toy_run.py")
CONCURRENCY = 6
KILLS = 22


def start(store: Path, log: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(store), str(log), str(CONCURRENCY)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def until_playing(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    assert child.stdout.readline() == "playing\n"


def committed_calls(store: Path) -> set[str]:
    """The calls whose replies are committed: the toy stage says their names."""
    connection = open_readonly(store)
    texts = [text for (text,) in connection.execute("SELECT text FROM replies")]
    connection.close()
    return {
        json.loads(text)["call"]
        if text.startswith("{")
        else text.removeprefix("I say ").partition(",")[0]
        for text in texts
    }


def test_killed_at_random_moments_it_ends_as_if_it_had_never_been(
    tmp_path: Path, toy_run: ModuleType
) -> None:
    dice = random.Random(20)
    store, log = tmp_path / "killed.db", tmp_path / "calls.log"
    log.touch()
    kills = 0
    in_doubt = 0
    asked_before = 0
    committed: set[str] = set()
    with subprocess.Popen(
        [sys.executable, str(CHILD), "nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LONGEST": "0.02"},
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        while True:
            nursery.stdin.write(f"{store} {log} {CONCURRENCY}\n")
            nursery.stdin.flush()
            born, pid = nursery.stdout.readline().split()
            assert born == "born"
            # A few die while they start (and perhaps create the store), most while they play.
            if kills % 6 != 0:
                assert nursery.stdout.readline() == "playing\n"
            time.sleep(dice.uniform(0.0, 0.05))
            if kills < KILLS:
                os.kill(int(pid), signal.SIGKILL)
            said: list[str] = []
            while not said or not said[-1].startswith("died "):
                said.append(nursery.stdout.readline())
            asked = log.read_text().splitlines()
            assert not committed.intersection(asked[asked_before:]), "a reply was asked for again"
            asked_before = len(asked)
            if said[-1] != f"died {int(signal.SIGKILL)}\n":
                assert said[-1] == "died 0\n"
                break
            kills += 1
            if not store.exists():
                continue
            committed = committed_calls(store)
            connection = open_readonly(store)
            # Those of earlier runs may be waiting still, if their trials did not get their turn.
            (left,) = connection.execute(
                "SELECT count(*) FROM intents WHERE run = (SELECT max(run) FROM runs)"
            ).fetchone()
            in_doubt += left
            (half_ended,) = connection.execute(
                "SELECT count(*) FROM events JOIN trials USING (trial)"
                " WHERE kind = 'ended' AND status = 'planned'"
            ).fetchone()
            connection.close()
            assert left <= CONCURRENCY
            assert half_ended == 0, "a trial has its end but not its status"
        nursery.stdin.close()
    assert kills >= 20
    assert said[-2].startswith("30 done, ")

    # What was asked twice was in doubt, and nothing else.
    times = Counter(log.read_text().splitlines())
    assert sum(times.values()) - len(times) <= in_doubt

    quiet = tmp_path / "quiet.db"
    stage = toy_run.LoggingStage(tmp_path / "quiet.log", 0.0)
    asyncio.run(run_trials(toy_run.plan_of(30), {"logging": stage}, quiet))
    export_jsonl(store, tmp_path / "killed.jsonl")
    export_jsonl(quiet, tmp_path / "quiet.jsonl")
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "quiet.jsonl").read_bytes()
    # Calls of the killed run: each once, apart from those in doubt.
    assert len(times) == len((tmp_path / "quiet.log").read_text().splitlines())


def test_killed_while_trials_share_their_replies(tmp_path: Path, toy_run: ModuleType) -> None:
    """A stage that is slow, so that most kills find every place in the gate taken."""
    dice = random.Random(7)
    store, log = tmp_path / "killed.db", tmp_path / "calls.log"
    log.touch()
    in_doubt = asked_before = 0
    committed: set[str] = set()
    for kill in range(8):
        child = start(store, log, LONGEST="0.1", SHARED="1", TRIALS="6")
        until_playing(child)
        if kill < 7:
            time.sleep(dice.uniform(0.02, 0.3))
            child.send_signal(signal.SIGKILL)
        out, err = child.communicate(timeout=60)
        asked = log.read_text().splitlines()
        assert not committed.intersection(asked[asked_before:]), "a reply was asked for again"
        asked_before = len(asked)
        committed = committed_calls(store)
        connection = open_readonly(store)
        (left,) = connection.execute(
            "SELECT count(*) FROM intents WHERE run = (SELECT max(run) FROM runs)"
        ).fetchone()
        twice = connection.execute(
            "SELECT substr(key, 13) FROM replies WHERE cached = 0 GROUP BY 1 HAVING count(*) > 1"
        ).fetchall()
        (orphans,) = connection.execute(
            "SELECT count(*) FROM replies AS hit WHERE cached = 1 AND NOT EXISTS ("
            " SELECT 1 FROM replies WHERE cached = 0 AND text = hit.text"
            " AND substr(key, 13) = substr(hit.key, 13) AND prompt = hit.prompt)"
        ).fetchone()
        (chunkless,) = connection.execute(
            "SELECT count(*) FROM replies WHERE prompt NOT IN (SELECT digest FROM chunks)"
        ).fetchone()
        (rootless,) = connection.execute(
            "SELECT count(*) FROM chunks WHERE parent NOT IN (SELECT digest FROM chunks)"
        ).fetchone()
        connection.close()
        assert left <= CONCURRENCY
        in_doubt += left
        assert (twice, orphans, chunkless, rootless) == ([], 0, 0, 0)
    assert child.returncode == 0, err
    assert out.startswith("12 done, ")
    times = Counter(log.read_text().splitlines())
    assert in_doubt > 0
    assert sum(times.values()) - len(times) <= in_doubt
    trials = [*toy_run.plan_of(6), *toy_run.plan_of(6, turns=5)]
    quiet, quiet_log = tmp_path / "quiet.db", tmp_path / "quiet.log"
    stage = toy_run.LoggingStage(quiet_log, 0.0)
    asyncio.run(run_trials(trials, {"logging": stage}, quiet, RunOptions(cache=False)))
    export_jsonl(store, tmp_path / "killed.jsonl")
    export_jsonl(quiet, tmp_path / "quiet.jsonl")
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "quiet.jsonl").read_bytes()
    assert set(times) == set(quiet_log.read_text().splitlines())


def test_calls_in_doubt_of_every_kill_are_counted(tmp_path: Path, toy_run: ModuleType) -> None:
    """Each life asks the calls that the one before left in doubt, and is killed in them, too."""
    store, log = tmp_path / "killed.db", tmp_path / "calls.log"
    left = []
    for _ in range(3):
        child = start(store, log, LONGEST="3600", TRIALS="2")
        until_playing(child)
        time.sleep(0.3)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=20)
        connection = open_readonly(store)
        left.append(
            connection.execute(
                "SELECT count(*) FROM intents WHERE run = (SELECT max(run) FROM runs)"
            ).fetchone()[0]
        )
        connection.close()
    assert min(left) > 0
    assert sum(left) == len(log.read_text().splitlines()), "each life asks the same calls"

    def told() -> tuple[int, int]:
        stage = toy_run.LoggingStage(tmp_path / "rest.log", 0.0)
        report = asyncio.run(run_trials(toy_run.plan_of(2), {"logging": stage}, store))
        return len(report.in_doubt), len({doubt.key for doubt in report.in_doubt})

    assert told() == (sum(left), max(left))
    assert told() == (0, 0), "they are told once"


def test_ctrl_c_once_finishes_what_is_in_flight(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "calls.log"
    child = start(store, log, LONGEST="0.05")
    until_playing(child)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130, err
    assert "0 left" in out
    assert err == ""
    # Everything that was asked was answered and committed.
    assert set(log.read_text().splitlines()) == committed_calls(store)
    connection = open_readonly(store)
    assert connection.execute("SELECT outcome FROM runs").fetchall() == [("interrupted",)]
    states = dict(connection.execute("SELECT status, count(*) FROM trials GROUP BY 1").fetchall())
    connection.close()
    assert states["planned"] > 20
    assert finished(tmp_path, store, log, toy_run)


def test_ctrl_c_twice_stops_at_once(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "calls.log"
    child = start(store, log, LONGEST="3600")
    until_playing(child)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert child.poll() is None, "the first one waits for the calls in flight"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10)
    assert child.returncode == 130, err
    assert err == ""
    assert f"{CONCURRENCY} left" in out
    connection = open_readonly(store)
    assert connection.execute("SELECT outcome FROM runs").fetchall() == [("aborted",)]
    connection.close()
    assert finished(tmp_path, store, log, toy_run)


def test_sigterm_is_as_good_as_ctrl_c(tmp_path: Path) -> None:
    store, log = tmp_path / "a.db", tmp_path / "calls.log"
    child = start(store, log, LONGEST="0.05")
    until_playing(child)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=20)
    assert child.returncode == 130


def finished(tmp_path: Path, store: Path, log: Path, toy_run: ModuleType) -> bool:
    """Whether the store, when its run goes on, ends like one that was never stopped."""
    trials = toy_run.plan_of(30)
    for name, path in (("rest", store), ("quiet", tmp_path / "quiet.db")):
        stage = toy_run.LoggingStage(tmp_path / f"{name}.log", 0.0)
        asyncio.run(run_trials(trials, {"logging": stage}, path))
        export_jsonl(path, tmp_path / f"{name}.jsonl")
    return (tmp_path / "rest.jsonl").read_bytes() == (tmp_path / "quiet.jsonl").read_bytes()


def test_full_disk_in_a_real_process(tmp_path: Path, toy_run: ModuleType) -> None:
    store, log = tmp_path / "a.db", tmp_path / "calls.log"
    child = start(store, log, FILE_LIMIT="400000")
    _, err = child.communicate(timeout=30)
    assert child.returncode == 1
    assert err.startswith("StoreFailed: store ")
    assert len(err.splitlines()) == 1
    # What was committed is there and is read.
    before = committed_calls(store)
    assert before
    assert finished(tmp_path, store, log, toy_run)
    assert not before.intersection((tmp_path / "rest.log").read_text().splitlines())


def test_disk_too_full_for_a_new_store(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    child = start(store, tmp_path / "calls.log", FILE_LIMIT="9000")
    _, err = child.communicate(timeout=30)
    assert child.returncode == 1
    assert err.startswith("StoreFailed: store ")
    assert [path.name for path in tmp_path.iterdir() if path.name != "calls.log"] == []


def test_two_processes_cannot_write_one_store(tmp_path: Path) -> None:
    store, log = tmp_path / "a.db", tmp_path / "calls.log"
    holder = start(store, log, LONGEST="3600")
    until_playing(holder)
    try:
        second = start(store, log)
        _, err = second.communicate(timeout=20)
        assert second.returncode == 2
        assert f"process {holder.pid} is writing it" in err
        connection = open_readonly(store)  # reading goes on
        assert connection.execute("SELECT count(*) FROM trials").fetchone() == (30,)
        connection.close()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate(timeout=10)
    third = start(store, log, TRIALS="1")
    _, err = third.communicate(timeout=20)
    assert third.returncode == 0, err


@pytest.mark.parametrize(
    "how", ["moved", "deleted", "replaced", "replaced with its log", "without its folder"]
)
def test_a_store_that_goes_away_stops_the_run(
    tmp_path: Path, toy_run: ModuleType, how: str
) -> None:
    """Within seconds; what was committed is in a copy that the message names, and goes on."""
    folder = tmp_path / "runs"
    store, log = folder / "a.db", tmp_path / "calls.log"
    folder.mkdir()
    child = start(store, log, LONGEST="0.4")
    until_playing(child)
    time.sleep(0.5)
    other, wal = tmp_path / "other.db", Path(f"{store}-wal")
    Writer.open(other).close()
    if how == "moved":
        store.rename(folder / "b.db")
    elif how == "without its folder":
        shutil.rmtree(folder)
    elif how == "deleted":
        store.unlink()
    else:
        shutil.copy(other, tmp_path / "new.db")
        (tmp_path / "new.db").rename(store)
    if how == "replaced with its log":
        for ending in ("-wal", "-shm"):
            Path(f"{store}{ending}").unlink(missing_ok=True)
        wal.write_bytes(b"somebody else's")
    _, err = child.communicate(timeout=10)
    assert child.returncode == 1
    assert err.startswith("StoreFailed: store ")
    assert len(err.splitlines()) == 1
    if how == "replaced":
        assert not wal.exists(), "it would be written into a store that is not its own"
    if how == "replaced with its log":
        assert wal.read_bytes() == b"somebody else's"
    if how.startswith("replaced"):
        assert store.read_bytes() == other.read_bytes()
        assert "was replaced" in err
    found = re.search(r"is in (\S+);", err)
    assert found is not None
    copy = Path(found[1])
    before = committed_calls(copy)
    assert before
    shutil.move(copy, tmp_path / "back.db")
    assert finished(tmp_path, tmp_path / "back.db", log, toy_run)
    assert not before.intersection((tmp_path / "rest.log").read_text().splitlines())


def test_a_clean_end_leaves_the_store_alone(tmp_path: Path) -> None:
    Writer.open(tmp_path / "a.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
