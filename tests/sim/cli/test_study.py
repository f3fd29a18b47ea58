"""``elsinore study``: the command as a user meets it, with a study of one's own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]

STUDY = '''
from mine import trio
from sim import Arm, Contrast, Study, Twin

def well(rounds: int = 2, seeds: int = 3) -> Study:
    """Do neighbours come to agree about their well?"""
    return Study(
        name="well", question="Do they agree sooner on a tuned stage?", source="mine",
        known="nothing", refuted_by="They are as far apart on both stages.",
        stages={"base": "embedded:base", "tuned": "embedded:rlhf"},
        arms={name: Arm(scenario=trio, parameters={"rounds": rounds}, stage=name)
              for name in ("base", "tuned")},
        primary=(Contrast(measure="convergence.end", weights={"base": 1, "tuned": -1}),),
        seeds=seeds, absent=Twin(why="one stage", stages={"tuned": "embedded:base"}),
        cannot="nobody tried",
    )
'''


@pytest.fixture
def studied(inside: Command, tmp_path: Path) -> Command:
    """The command in a folder with a study."""
    inside("--version")
    (tmp_path / "study.py").write_text(STUDY)
    return inside


def test_a_study_of_ones_own_says_what_it_found_and_writes_a_report(
    studied: Command, tmp_path: Path
) -> None:
    done = studied("study", "study.py:well")
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert said.startswith(
        "Do they agree sooner on a tuned stage?\nCannot be said. Base less tuned"
    )
    assert "no exact test of so few reaches p = 0.05" in said
    assert "Not audited" in said
    page = (tmp_path / "runs" / "well.html").read_text(encoding="utf-8")
    assert "The verdict" in page
    assert "Registered before the first trial" in page
    assert "differ in what stands for tuning there (rl; base), a toy." in said
    (tmp_path / "lineage.toml").write_text(
        '["embedded:base"]\nfamily = "a"\ntuning = "base"\n'
        '["embedded:rlhf"]\nfamily = "b"\ntuning = "rl"\n'
    )
    line = ("study", "study.py:well", "--json", "--no-report", "--lineage", "lineage.toml")
    again = json.loads(studied(*line).stdout)
    assert again["differ"] == [
        "tuned and base are roles of this study: embedded:rlhf and embedded:base are two models: "
        "family, size, data and tuning may all differ."
    ]
    assert again["found"] == "cannot be said"
    assert again["registration"]["study"] == "well"
    assert again["report"] is None
    assert "We played the study well" in again["methods"]


def test_more_seeds_play_the_new_ones_alone_and_are_told(studied: Command) -> None:
    studied("study", "study.py:well", "-n", 2, "-q")
    planned = studied("study", "study.py:well", "-n", 3, "--dry-run").stdout
    assert "4 trials in the store already" in planned
    more = studied("study", "study.py:well", "-n", 3).stdout
    assert "Not as registered: the seeds: 2 from 0 was fixed beforehand" in more


def test_a_killed_study_goes_on_and_says_the_same(studied: Command, tmp_path: Path) -> None:
    whole = studied("study", "study.py:well", "-n", 12, "--store", "whole.db", "--no-report")
    line = ["study", "study.py:well", "-n", "12", "--store", "killed.db", "--no-report"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sim.cli", *line], cwd=tmp_path, stdout=subprocess.DEVNULL
    )
    while process.poll() is None and not (tmp_path / "killed.db-wal").exists():
        time.sleep(0.005)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert studied(*line).stdout == whole.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("study", "nothing"), "unknown study 'nothing'"),
        (("study", "study.py:well", "--lineage", "none.toml"), "none.toml"),
        (("study", "study.py"), "say which of its functions"),
        (("study", "study.py:well", "-m", "embedded:sft"), "has 2 roles; say which"),
        (("study", "study.py:well", "-m", "tuend=embedded:sft"), "there is no role 'tuend'"),
        (("study", "study.py:well", "--twin", "planted"), "has no planted twin (nobody tried)"),
        (
            ("study", "study.py:well", "--twin", "absent", "-m", "base=embedded:sft"),
            "leave --model",
        ),
        (("study", "study.py:well", "-P", "round=2"), "no parameter 'round'"),
        (("study", "study.py:well", "--open", "no.json"), "there is no such file"),
        (("study", "study.py:well", "--eligible", "tuned=x"), "goes with --seal"),
        (("study", "study.py:well", "--seal", "t.json", "--dry-run"), "goes without --seal"),
        (("study", "study.py:well", "--seal", "t.json", "--open", "t.json"), "goes without --open"),
        (("study", "mine.py:trio"), "here a function is needed that returns a Study"),
    ],
)
def test_bad_input_is_one_line(studied: Command, line: tuple[str, ...], message: str) -> None:
    done = studied(*line)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_study_is_sealed_and_opened_once(studied: Command) -> None:
    sealed = studied("study", "study.py:well", "--seal", "s.json", "--eligible", "tuned=embedded:")
    assert sealed.stdout.startswith("sealed: s.json (hash ")
    assert sealed.stdout.endswith("eligible: any model as base, tuned=embedded:\n")
    told = json.loads(studied("study", "study.py:well", "--seal", "t.json", "--json").stdout)
    assert (told["sealed"], told["eligible"]) == ("t.json", {})
    opened = studied("study", "study.py:well", "--open", "s.json", "--no-report")
    assert opened.returncode == 0, opened.stderr
    other = studied("study", "study.py:well", "--open", "s.json", "-m", "tuned=embedded:sft")
    assert other.returncode == 2
    assert "was opened for base=embedded:base, tuned=embedded:rlhf already" in other.stderr


def test_the_list_has_studies(studied: Command) -> None:
    listed = json.loads(studied("list", "--json").stdout)
    assert "bland_agreement" in [each["name"] for each in listed["studies"]]


def test_what_a_verdict_names_is_explained(studied: Command) -> None:
    told = studied("explain", "convergence.end")
    assert told.stdout.startswith("convergence.end: ")
    wrong = studied("explain", "convergence.ends")
    assert wrong.returncode == 2
    assert "did you mean end" in wrong.stderr
