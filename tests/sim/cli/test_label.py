"""``elsinore label``: drawing, coding at a real terminal (also when it is killed), reading back."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from subprocess import CompletedProcess

import pytest

from sim.store import open_store
from sim.view.notes import Notes, as_csv

Command = Callable[..., "CompletedProcess[str]"]

ASKED = ("--question", "Is it hostile?", "--instrument", "conflict.hostility")


@pytest.fixture
def store(played: tuple[Path, str]) -> Path:
    """Two trials of two models: twelve lines each arm."""
    return played[0] / "runs" / "trio.db"


class Coding:
    """``elsinore label code`` at a terminal of its own."""

    def __init__(self, folder: Path, coder: str) -> None:
        self.keyboard, theirs = pty.openpty()
        line = [sys.executable, "-P", "-m", "sim.cli", "label", "code", folder, "--coder", coder]
        self.child = subprocess.Popen(
            list(map(str, line)), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def hears(self, ending: str = "[q] quit ") -> str:
        """What is shown up to the next question, or another text."""
        shown = b""
        while ending.encode() not in shown:
            assert select([self.keyboard], [], [], 60)[0], shown
            shown += os.read(self.keyboard, 65536)
        return shown.decode()

    def types(self, key: str) -> None:
        os.write(self.keyboard, key.encode())

    def answers(self, key: str) -> str:
        """Hit a key and wait for the next line."""
        self.types(key)
        return self.hears()

    def leaves(self) -> str:
        self.types("q")
        assert self.child.stdout is not None
        told = self.child.stdout.read().decode()
        assert self.child.wait(60) == 0
        return told

    def close(self) -> None:
        self.child.kill()
        self.child.wait(60)
        assert self.child.stdout is not None
        self.child.stdout.close()
        os.close(self.keyboard)


@pytest.fixture
def coding() -> Iterator[Callable[[Path, str], Coding]]:
    """Starts sittings, and ends them."""
    sittings: list[Coding] = []

    def start(folder: Path, coder: str) -> Coding:
        sittings.append(Coding(folder, coder))
        return sittings[-1]

    yield start
    for each in sittings:
        each.close()


def kept(folder: Path, coder: str) -> list[str]:
    rows = (folder / f"{coder}.jsonl").read_text().splitlines()
    return [json.loads(row)["label"] for row in rows]


def test_from_a_store_to_estimates(inside: Command, store: Path, folder: Path) -> None:
    done = inside("label", "draw", store, *ASKED, "-n", 40, "-o", "labels")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("24 lines in labels, for 2 coders\n  embedded:base: 12 lines")
    assert "elsinore label read labels" in done.stdout
    for number in (1, 2):
        path = folder / "labels" / f"coder-{number}.csv"
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"label": "no" if len(row["line"]) % 5 else "y"} for row in rows)
        path.write_text(out.getvalue())
    told = inside("label", "read", "labels")
    assert told.returncode == 0, told.stderr
    assert "Krippendorff's alpha 1.000, 24 lines coded twice" in told.stdout
    assert "fewer than 10: labels alone" in told.stdout
    record = json.loads(inside("label", "read", "labels", "--by", "stage", "--json").stdout)
    assert record["what"] == "share"
    assert [each["arm"] for each in record["arms"]] == ["embedded:base", "embedded:rlhf"]
    assert record["arms"][0]["repaired"] is None
    assert record["arms"][0]["alone_low"] is not None
    assert record["coders"] == {"coder-1": 24, "coder-2": 24}
    assert "repair" in inside("label", "read", "labels", "--choose-threshold").stdout
    assert "may not repair" in inside("label", "read", "labels").stdout


def test_labels_of_the_viewer_are_read_as_not_blind(
    inside: Command, store: Path, folder: Path
) -> None:
    with open_store(store) as opened:
        trials = [each.id for each in opened.trials()]
    notes = Notes(store)
    for trial in trials:
        for turn in range(1, 13):
            notes.toggle(trial, turn, "flip" if turn % 3 else "fine", by="kim")
            notes.toggle(trial, turn, "flip" if turn % 2 else "fine", by="lee")
    (folder / "saved.csv").write_text(as_csv(notes.every()))
    notes.path.unlink()
    line = ("label", "import", store, "--label", "flip", "-i", "conflict.hostility")
    done = inside(*line, "--notes", "saved.csv", "-o", "labels")
    assert done.returncode == 0, done.stderr
    assert "kim: 24 lines with a label, 16 called flip" in done.stdout
    taken = json.loads(inside(*line, "--notes", "saved.csv", "-o", "as_json", "--json").stdout)
    assert (taken["blind"], taken["events"]["kim"]) == (False, 16)
    told = inside("label", "read", "labels").stdout
    assert "chosen by coders, not blind" in told
    assert "repair nothing" in told
    assert "[95%]" not in told
    record = json.loads(inside("label", "read", "labels", "--json").stdout)
    assert (record["blind"], record["arms"], record["coded_twice"]) == (False, None, 24)
    forced = inside("label", "read", "labels", "--not-blind").stdout
    assert "no interval covers it" in forced
    assert "labels alone [95%]" in forced
    again = inside(*line, "-o", "other")
    assert again.returncode == 2
    assert "there is no label" in again.stderr


def test_a_person_codes_goes_back_skips_and_goes_on(
    inside: Command, coding: Callable[[Path, str], Coding], store: Path, folder: Path
) -> None:
    inside("label", "draw", store, *ASKED, "-o", "labels")
    labels = folder / "labels"
    sitting = coding(labels, "kim")
    first = sitting.hears()
    assert "Is it hostile?" in first
    assert "0 of 24 done" in first
    assert "embedded" not in first
    second = sitting.answers("y")
    assert "1 of 24 done" in second
    again = sitting.answers("b")
    assert "answered before: yes" in again
    sitting.answers("n")
    sitting.answers("s")
    assert "1 of 24 lines have a label by kim" in sitting.leaves()
    assert kept(labels, "kim") == ["yes", "no"]
    later = coding(labels, "kim")
    assert "1 of 24 done" in later.hears()
    later.answers("y")
    assert "2 of 24" in later.leaves()


def test_a_killed_sitting_loses_nothing(
    inside: Command, coding: Callable[[Path, str], Coding], store: Path, folder: Path
) -> None:
    inside("label", "draw", store, *ASKED, "-o", "labels")
    labels = folder / "labels"
    sitting = coding(labels, "kim")
    sitting.hears()
    for key in ("n", "y", "\x1b[A", "n"):  # An arrow means nothing.
        sitting.types(key)
    sitting.hears("3 of 24 done")
    os.kill(sitting.child.pid, signal.SIGKILL)
    sitting.child.wait(60)
    assert kept(labels, "kim") == ["no", "yes", "no"]
    with (labels / "kim.jsonl").open("a") as file:
        file.write('{"id": "x')
    assert inside("label", "read", "labels").returncode == 0
    later = coding(labels, "kim")
    assert "3 of 24 done" in later.hears()
    later.leaves()
    assert kept(labels, "kim") == ["no", "yes", "no"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["draw", "STORE", *ASKED, "--values", "yes"], "--values: give two or more"),
        (["draw", "STORE", *ASKED, "--event", "maybe"], "is none of the values"),
        (["draw", "STORE", *ASKED, "--arm", "model=gpt"], "--arm model=gpt: no trial has it"),
        (["draw", "STORE", *ASKED, "-n", "1"], "too few"),
        (["draw", "STORE", *ASKED, "--how", "disagreement"], "name two instruments"),
        (["draw", "STORE", "-q", "Q", "-i", "conflict"], "conflict has no '' for each turn"),
        (["draw", "STORE", *ASKED, "-o", "a/b"], "there is no folder a"),
        (["read", "."], "has no items.json"),
        (["code", "absent", "--coder", "kim"], "is no folder"),
    ],
)
def test_bad_input_has_one_line(
    inside: Command, store: Path, folder: Path, arguments: list[str], says: str
) -> None:
    done = inside("label", *[str(store) if each == "STORE" else each for each in arguments])
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "labels").exists()
