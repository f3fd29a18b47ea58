"""A damaged store is a sentence: no command ends in a traceback, and what can be read is saved."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from sim.errors import RunFailed, StoreRefused
from sim.store import open_store
from sim.store.recovery import recover
from sim.store.soundness import verify

Command = Callable[..., "CompletedProcess[str]"]

PLAYED = Path(__file__).parents[2] / "stores" / "played_version_3.db"
COMMANDS = (
    ("show", "{store}"),
    ("show", "{store}", "{trial}"),
    ("export", "{store}", "-o", "out.jsonl"),
    ("graph", "{store}"),
    ("standings", "{store}"),
    ("run", "mine.py:trio", "--store", "{store}", "-q", "-n", "1"),
)


def overwritten(path: Path, dice: random.Random) -> None:
    """One to three pieces of the file become noise, but not its first bytes."""
    content = bytearray(path.read_bytes())
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(100, len(content))
        length = dice.choice([1, 16, 512, 4096, 40_000])
        noise = dice.choice([bytes(length), dice.randbytes(length)])
        content[start : start + length] = noise
    path.write_bytes(
        content[: len(content) if dice.random() < 0.8 else dice.randrange(5000, 90_000)]
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_command_ends_in_a_traceback(folder: Path, inside: Command, seed: int) -> None:
    dice = random.Random(seed)
    with open_store(PLAYED) as opened:
        trial = opened.ids()[0]
    for number, command in enumerate(COMMANDS):
        store = folder / f"{number}.db"
        shutil.copy(PLAYED, store)
        overwritten(store, dice)
        found = verify(store)
        done = inside(*(word.format(store=store, trial=trial[:10]) for word in command))
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1, 2)
        if done.returncode:
            assert done.stderr.count("\n") <= 2, done.stderr
        if command[0] == "export" and done.returncode == 0:
            assert found.sound or done.stdout == ""


def test_a_sound_store_is_said_to_be(folder: Path, inside: Command) -> None:
    shutil.copy(PLAYED, folder / "a.db")
    done = inside("verify", "a.db")
    assert done.returncode == 0, done.stderr
    assert "a.db is sound: " in done.stdout
    record = json.loads(inside("verify", "a.db", "--json").stdout)
    assert record["sound"]
    assert record["checked"]["events"] > 100


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE events SET payload = replace(payload, '{', '[') WHERE kind = 'turn'", "an event"),
        ("UPDATE trials SET scene = replace(scene, 'spring', 'autumn')", "not the hash"),
        ("UPDATE trials SET seed = seed + 1", "not the hash"),
        ("DELETE FROM events WHERE kind = 'turn' AND turn = 2", "turns are missing"),
        ("DELETE FROM events WHERE kind = 'ended'", "are there"),
        ("DELETE FROM trials WHERE seed = 0", "which is not there"),
        ("UPDATE replies SET usage = 'x'", "a reply"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, inside: Command, sql: str, told: str) -> None:
    shutil.copy(PLAYED, folder / "a.db")
    with closing(sqlite3.connect(folder / "a.db")) as connection, connection:
        assert connection.execute(sql).rowcount > 0
    done = inside("verify", "a.db")
    assert done.returncode == 1
    assert told in done.stdout
    assert "elsinore recover a.db -o NEW.db" in done.stderr


def test_what_can_be_read_is_saved_and_played_on(folder: Path, inside: Command) -> None:
    run = ("run", "mine.py:trio", "-n", "6", "-q", "-m", "embedded:base")
    assert inside(*run, "--store", "whole.db").returncode == 0
    with open_store(folder / "whole.db") as opened:
        trials = opened.ids()
    shutil.copy(folder / "whole.db", folder / "hurt.db")
    with closing(sqlite3.connect(folder / "hurt.db")) as connection, connection:
        connection.execute("DELETE FROM events WHERE trial = ? AND turn >= 3", (trials[0],))
        connection.execute(
            "UPDATE events SET payload = '' WHERE trial = ? AND turn = 5", (trials[1],)
        )
    done = inside("recover", "hurt.db", "-o", "saved.db")
    assert done.returncode == 0, done.stderr
    assert "2 trials lost something" in done.stdout
    assert verify(folder / "saved.db").sound
    assert inside(*run, "--store", "saved.db").returncode == 0
    for name in ("whole", "saved"):
        assert inside("export", f"{name}.db", "-o", f"{name}.jsonl").returncode == 0
    assert (folder / "whole.jsonl").read_bytes() == (folder / "saved.jsonl").read_bytes()
    again = inside("recover", "hurt.db", "-o", "saved.db")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_was_overwritten_a_recovered_store_is_sound(tmp_path: Path, seed: int) -> None:
    store = tmp_path / "a.db"
    shutil.copy(PLAYED, store)
    overwritten(store, random.Random(1000 + seed))
    before = store.read_bytes()
    try:
        found = recover(store, tmp_path / "b.db")
    except (RunFailed, StoreRefused):
        return  # Nothing at all could be read.
    assert store.read_bytes() == before
    sound = verify(tmp_path / "b.db")
    assert sound.sound, sound.problems
    assert found.kept["trials"] == sound.checked["trials"]
