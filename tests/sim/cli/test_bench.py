"""``elsinore bench waluigi``: resumed after a kill, compared from files, and refused in words."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]

MODEL = "embedded:base?insistence=0.3&kappa=0.1"
SMALL = ("bench", "waluigi", "--personas", 2, "--memory", "whole", "--doses", "0,8")


def kept(folder: Path, name: str) -> list[str]:
    path = folder / f"{name}.answers.jsonl"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def test_a_killed_run_loses_nothing(
    folder: Path,
    inside: Command,
    process: Callable[..., subprocess.Popen[bytes]],
) -> None:
    """Killed by SIGKILL in the middle, the same command goes on and ends as if undisturbed."""
    asked = ("bench", "waluigi", "--personas", 2, "--model", MODEL, "--quiet")
    running = process(folder, [*asked, "--out", "killed.json"])
    deadline = time.monotonic() + 60
    while len(kept(folder, "killed")) < 50 and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait(30) == -signal.SIGKILL
    before = kept(folder, "killed")
    assert len(before) >= 50
    assert not (folder / "killed.json").exists()

    assert inside(*asked, "--out", "killed.json").returncode == 0
    assert inside(*asked, "--out", "whole.json").returncode == 0
    after = kept(folder, "killed")
    assert after[: len(before) - 1] == before[:-1]
    keys = [json.loads(line)[0] for line in after if line.strip() and line.endswith("]")]
    assert len(keys) == len(set(keys)) == len(kept(folder, "whole"))
    assert (folder / "killed.json").read_bytes() == (folder / "whole.json").read_bytes()


def test_ctrl_c_ends_it_at_once_and_keeps_the_answers(
    folder: Path, process: Callable[..., subprocess.Popen[bytes]]
) -> None:
    running = process(
        folder,
        ["bench", "waluigi", "--personas", 8, "--model", MODEL, "--out", "stopped.json"],
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while len(kept(folder, "stopped")) < 50 and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"Traceback" not in said
    assert len(kept(folder, "stopped")) >= 50
    assert not (folder / "stopped.json").exists()


def test_the_cost_comes_first_and_a_dry_run_asks_nothing(folder: Path, inside: Command) -> None:
    done = inside(*SMALL, "--model", MODEL, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    cost = json.loads(done.stdout)
    assert cost["texts"] > cost["prompts"] > 10
    assert not list(folder.glob("**/*.answers.jsonl"))


def test_files_are_compared_in_one_table(folder: Path, inside: Command) -> None:
    for name, model in (("a", MODEL), ("b", "embedded:base?insistence=0")):
        done = inside(*SMALL, "--model", model, "--out", f"{name}.json", "--quiet")
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
    both = inside("bench", "waluigi", "--read", "a.json", "b.json")
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("embedded:base") == 2
    assert "not comparable" not in both.stdout
    found = json.loads(inside("bench", "waluigi", "--read", "a.json", "b.json", "--json").stdout)
    planted, none = (each["numbers"][0]["number"][0] for each in found["models"])
    assert planted > 0.01
    assert none == pytest.approx(0, abs=1e-6)

    other = [*SMALL[:-1], "0,4", "--model", MODEL, "--out", "c.json", "--plot", "c.svg"]
    assert inside(*other).returncode == 0
    assert "not comparable" in inside("bench", "waluigi", "--read", "a.json", "c.json").stdout
    assert "<svg" in (folder / "c.svg").read_text()

    # What a file says of itself is not believed: estimates are made anew of its answers.
    record = json.loads((folder / "a.json").read_text())
    record["estimates"]["numbers"][0]["number"][0] = 99.0
    (folder / "a.json").write_text(json.dumps(record))
    again = json.loads(inside("bench", "waluigi", "--read", "a.json", "--json").stdout)
    assert again["numbers"][0]["number"][0] == pytest.approx(planted)


def test_a_file_fits_its_schema(folder: Path, inside: Command) -> None:
    schema = json.loads(inside("bench", "waluigi", "--schema").stdout)
    assert inside(*SMALL, "--model", MODEL, "--out", "a.json", "--quiet").returncode == 0
    record = json.loads((folder / "a.json").read_text())
    assert set(schema["required"]) <= set(record) <= set(schema["properties"])
    assert schema["properties"]["version"]["const"] == record["version"] == 1
    assert str(folder) not in (folder / "a.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a model"),
        (("--model", "fixed:Well?"), "These do: embedded:KIND"),
        (("--model", MODEL, "--personas", "3"), "even number from 2 to 8"),
        (("--model", MODEL, "--personas", "2", "--split", "all"), "is reported or tuning"),
        (("--model", MODEL, "--memory", "some"), "write whole, or last-N"),
        (("--model", MODEL, "--doses", "1,2"), "begin with 0"),
        (("--model", MODEL, "--doses", "0,13"), "lines for 12 at most"),
        (("--model", MODEL, "--repairs", "0,x"), "no list of whole numbers"),
        (("--model", MODEL, "--layout", "author"), "use persona_first or screenplay"),
        (("--model", MODEL, "--plot", "p.png"), "name an .svg file"),
        (("--read",), "name files of results"),
        (("--read", "none.json"), "there is no such file"),
        (("--read", "other.json"), "is no file of bench waluigi"),
        (("--read", "newer.json"), "is of version 2"),
        (("--read", "torn.json"), "is no JSON"),
        (("--read", "short.json"), "elsinore: Field required"),
        (("other.json",), "add --read"),
    ],
)
def test_bad_requests(
    folder: Path, inside: Command, arguments: tuple[str, ...], message: str
) -> None:
    (folder / "other.json").write_text("{}")
    (folder / "newer.json").write_text('{"format": "elsinore waluigi", "version": 2}')
    (folder / "short.json").write_text('{"format": "elsinore waluigi", "version": 1}')
    (folder / "torn.json").write_text('{"format": ')
    there = set(folder.iterdir())
    done = inside("bench", "waluigi", *arguments)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert done.stdout == ""
    new = {path.name for path in set(folder.iterdir()) - there}
    assert new <= {"runs"}, "nothing is half written"


def test_results_with_cells_missing_are_refused(folder: Path, inside: Command) -> None:
    assert inside(*SMALL, "--model", MODEL, "--out", "a.json", "--quiet").returncode == 0
    record = json.loads((folder / "a.json").read_text())
    for change, message in (
        (lambda cells: cells[:-8], "are not there"),
        (lambda cells: [*cells, cells[-1]], "is there twice"),
        (lambda cells: [{**cells[0], "own": cells[0]["own"][:-1]}, *cells[1:]], "unequal"),
    ):
        (folder / "bad.json").write_text(
            json.dumps({**record, "cells": change(record["cells"])})  # type: ignore[no-untyped-call]
        )
        done = inside("bench", "waluigi", "--read", "bad.json")
        assert done.returncode == 2
        assert message in done.stderr
