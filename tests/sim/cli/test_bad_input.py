"""What bad input gets: one line, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]


def refused(done: CompletedProcess[str], says: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def one_line(done: CompletedProcess[str], says: str, code: int = 2) -> None:
    refused(done, says, code)
    assert done.stderr.startswith("elsinore: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mousetrp"], "unknown scenario 'mousetrp'; did you mean mousetrap?"),
        (["absent.py:f"], "there is no file absent.py"),
        (["mine.py"], "use mine.py:trio"),
        (["mine.py:tro"], "mine.py has no function 'tro'; did you mean trio?"),
        (["mine.py:trio", "-m", "embeded:base"], "unknown model 'embeded:base'; did you mean"),
        (["mine.py:trio", "-m", "embedded:rhlf"], "unknown model 'embedded:rhlf'; did you mean"),
        (["mine.py:trio", "-m", "embedded:base?kapa=1"], "no parameter 'kapa'; did you mean kappa"),
        (["mine.py:trio", "-m", "embedded:base?kappa=9"], "kappa"),
        (["mine.py:trio", "-P", "round=3"], "no parameter 'round'; did you mean rounds?"),
        (["mine.py:trio", "-P", "rounds=many"], "rounds=many is not int"),
        (["mine.py:trio", "-P", "rounds"], "write -P name=value"),
        (["mine.py:trio", "-P", "rounds=0"], "after.turns: 0 turns are no scene"),
        (["mine.py:trio", "--wording", "prose-99"], "'prose-99' is unknown; did you mean prose-"),
        (["mine.py:trio", "--wording", "prose-2"], "an embedded stage reads no prose"),
        (["mine.py:trio", "--seed", str(2**63)], "seed: 9223372036854775808 is out of range"),
        (["broken.py:f"], "broken.py:2: ZeroDivisionError: division by zero"),
    ],
)
def test_run_refuses(inside: Command, folder: Path, arguments: list[str], says: str) -> None:
    (folder / "broken.py").write_text("x = 1\n1 / 0\n")
    one_line(inside("run", *arguments), says)
    assert not list(folder.rglob("*.db*"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "mousetrp"], "unknown scenario 'mousetrp'; did you mean mousetrap?"),
        (["run", "broken.py:f"], "broken.py:2: ZeroDivisionError: division by zero"),
        (["run", "mine.py:trio", "-m", "gpt"], "unknown model 'gpt'"),
    ],
)
def test_a_real_process_refuses(
    elsinore: Command, folder: Path, arguments: list[str], says: str
) -> None:
    (folder / "broken.py").write_text("x = 1\n1 / 0\n")
    one_line(elsinore(*arguments), says)


def test_usage_errors_are_typer_s(inside: Command) -> None:
    refused(inside("run", "mine.py:trio", "--trials", "0"), "Invalid value for '--trials'")
    refused(inside("perform"), "No such command 'perform'")


def test_a_traceback_is_there_for_whoever_asks(elsinore: Command, folder: Path) -> None:
    (folder / "broken.py").write_text("x = 1\n1 / 0\n")
    done = elsinore("run", "broken.py:f", "--log-level", "debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_store_that_is_not_ours(inside: Command, folder: Path) -> None:
    (folder / "text.db").write_text("Dear diary,\n")
    for arguments in (
        ["run", "mine.py:trio", "--store", "text.db"],
        ["show", "text.db"],
        ["export", "text.db", "-o", "out.jsonl"],
    ):
        one_line(inside(*arguments), "is not an Elsinore store")
    assert (folder / "text.db").read_text() == "Dear diary,\n"
    assert not (folder / "out.jsonl").exists()


def test_a_store_of_the_future(inside: Command, folder: Path) -> None:
    assert inside("run", "mine.py:trio", "--quiet", "--store", "s.db").returncode == 0
    with sqlite3.connect(folder / "s.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    for arguments in (["run", "mine.py:trio", "--store", "s.db"], ["show", "s.db"]):
        one_line(inside(*arguments), "has version 999")


def test_a_store_that_is_read_only(inside: Command, folder: Path) -> None:
    assert inside("run", "mine.py:trio", "--quiet", "--store", "s.db").returncode == 0
    (folder / "s.db").chmod(0o444)
    one_line(inside("run", "mine.py:trio", "-n", 2, "--store", "s.db"), "is read-only")
    assert inside("show", "s.db").returncode == 0


def test_a_full_disk(in_played: Command) -> None:
    done = in_played("export", "runs/trio.db", "-o", "/dev/full")
    one_line(done, "cannot be written (No space left on device)", code=1)


def test_standard_output_on_a_full_disk(played: tuple[Path, str], process: Start) -> None:
    for arguments in (["export", "runs/trio.db", "-o", "-"], ["list", "--json"]):
        with open("/dev/full", "w") as full:
            started = process(played[0], arguments, stdout=full.fileno(), stderr=subprocess.PIPE)
            error = started.communicate(timeout=30)[1].decode()
        assert started.returncode == 1
        assert "No space left on device" in error
        assert "Traceback" not in error


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[run]\ntrails = 3\n", "elsinore.toml: run.trails: no such key; did you mean trials?"),
        ("[run]\ntrials = 'three'\n", "run.trials: 'three' is not a whole number of at least 1"),
        ("[run]\ntrials = 0\n", "run.trials: 0 is not a whole number of at least 1"),
        ("[run]\ndurable = 'maybe'\n", "run.durable: 'maybe' is not one of normal, full"),
        ("[runs]\n", "[runs]: no such section; did you mean run?"),
        ("run = 3\n", "run is a section"),
        ("[run\n", "elsinore.toml: is no TOML: "),
    ],
)
def test_a_bad_configuration(inside: Command, folder: Path, text: str, says: str) -> None:
    (folder / "elsinore.toml").write_text(text)
    one_line(inside("run", "mine.py:trio"), says)


def test_show_refuses(inside: Command, played: tuple[Path, str]) -> None:
    store = played[0] / "runs/trio.db"
    one_line(inside("show", "absent.db"), "does not exist")
    one_line(inside("show", store, "xyz"), "has no trial 'xyz'; list its 4 with")
    one_line(inside("show", store, ""), "has no trial ''")
    one_line(inside("show", store, "--prompt", "1"), "say of which trial")


def test_a_store_that_somebody_edited(inside: Command, folder: Path) -> None:
    assert inside("run", "mine.py:trio", "--quiet", "--store", "s.db").returncode == 0
    with sqlite3.connect(folder / "s.db") as connection:
        connection.execute("UPDATE events SET payload = '{\"text\": 3'")
        (trial,) = connection.execute("SELECT trial FROM trials").fetchone()
    connection.close()
    one_line(
        inside("show", "s.db", trial[:5]), f"trial {trial}: what the store holds of it", code=1
    )


def test_a_folder_that_hides_ours(elsinore: Command, folder: Path) -> None:
    (folder / "analysis").mkdir()
    (folder / "analysis" / "__init__.py").write_text("")
    done = elsinore("run", "mine.py:trio", PYTHONPATH=str(folder))
    one_line(done, f"{folder / 'analysis'} hides Elsinore's own package 'analysis'")


def test_a_failed_trial_is_counted_and_the_code_is_1(inside: Command) -> None:
    # Whoever says nothing but a stranger's line says nothing at all.
    done = inside("run", "mine.py:trio", "-qn1", "-m", "fixed:Ada:", "--store", "s.db")
    one_line(done, "1 of 1 trials failed (first: turn 1, empty: Ada said nothing", code=1)


def test_a_stage_that_is_unknown_says_whose_it_is(inside: Command, folder: Path) -> None:
    (folder / "cup.toml").write_text(
        'motions = ["Tea?"]\n[stages]\nhot = "embedded:rlhf"\n'
        '[[entrants]]\nname = "a"\n[[entrants]]\nname = "b"\nstage = "hott"\n'
    )
    told = inside("tournament", "cup.toml")
    one_line(told, "stage of entrant 'b': unknown model 'hott'")
    assert told.stderr.endswith("or one of its own [stages]: hot\n")
    one_line(inside("tournament", "cup.toml", "-m", "cold"), "stage of the tournament: unknown")
    assert not list(folder.rglob("*.db*"))


@pytest.mark.parametrize(
    "words",
    [
        ["run", "mine.py:trio", "--store", b"bad\xff.db"],
        ["run", "mine.py:trio", "-m", b"fixed:hi\xff"],
        ["run", "mine.py:trio", "-P", b"rounds=\xff"],
        ["show", b"\xff"],
    ],
)
def test_arguments_that_are_no_text(folder: Path, words: list[str | bytes]) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sim.cli", *words],
        cwd=folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    one_line(done, "is no text in UTF-8")


@pytest.mark.parametrize("name", ["N" * 240, "Zoë\u200b", "日本", "A" * 5000])
def test_odd_names_are_names(inside: Command, folder: Path, name: str) -> None:
    mine = folder / "odd.py"
    mine.write_text(
        "from sim import Actor, Persona, Scene, after, ring\n"
        f"NAME = {name!r}\n"
        "def odd() -> Scene:\n"
        "    cast = [Actor(Persona(name=NAME)), Actor(Persona(name='Ben'))]\n"
        "    return Scene(topic='T', cast=cast, graph=ring(NAME, 'Ben'), ends=after(turns=2))\n",
        encoding="utf-8",
    )
    done = inside("run", "odd.py:odd", "-n", 1, "-m", "fixed:Yes.", "--store", "o.db")
    assert done.returncode == 0, done.stderr
    assert inside("show", "o.db").returncode == 0
