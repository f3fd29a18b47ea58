"""``elsinore audit``: the command as a user meets it, killed and resumed too."""

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
from sim import Actor, Arm, Contrast, Persona, Scene, Study, after, ask_stance, ring

def pair(apart: float = 0.8) -> Scene:
    """Two people and a spring."""
    people = [Persona(name=name, brief="A neighbour.", traits=("proud",),
                      stances={"sell": side * apart}) for name, side in (("Ada", -1), ("Ben", 1))]
    return Scene(topic="The town should sell its spring.", cast=tuple(map(Actor, people)),
                 graph=ring("Ada", "Ben"), probes=(ask_stance("sell", every=2),),
                 ends=after(turns=2))

def well() -> Study:
    """Do those end further apart who began so?"""
    return Study(
        name="well", question="Do those end further apart who began so?", source="mine",
        known="nothing", refuted_by="They end as they like.",
        arms={"far": Arm(scenario=pair, parameters={"apart": 1.0}),
              "near": Arm(scenario=pair, parameters={"apart": 0.2})},
        primary=(Contrast(measure="convergence.end", weights={"far": 1, "near": -1},
                          negated="same"),),
        cannot="nobody tried",
    )
'''

SMALL = ("audit", "study.py:well", "--worlds", "12", "-n", "2", "--no-moderators")


@pytest.fixture
def studied(inside: Command, tmp_path: Path) -> Command:
    """The command in a folder with a study."""
    inside("--version")
    (tmp_path / "study.py").write_text(STUDY)
    return inside


def test_an_audit_says_its_cost_and_its_sentence_and_the_study_has_it(
    studied: Command, tmp_path: Path
) -> None:
    planned = studied(*SMALL, "--dry-run").stdout
    assert "50" in planned
    assert not (tmp_path / "runs" / "well-audit.db").exists()
    done = studied(*SMALL)
    assert done.returncode == 0, done.stderr
    assert "12 worlds, 0 moderators: 50 trials to play" in done.stderr
    sentence = done.stdout.splitlines()[1]
    assert sentence.startswith("Audited: ")
    assert "In a new equivalent world the effect lies between" in sentence
    page = (tmp_path / "runs" / "well-audit.html").read_text(encoding="utf-8")
    assert "The effect in each world" in page
    again = json.loads(studied(*SMALL, "--json", "--no-report").stdout)
    assert again["sentence"] == sentence
    assert again["relabelled"] == {"moved": 0, "compared": 2}
    assert len(again["contrasts"][0]["worlds"]) == 12
    assert again["aliases"]
    assert sentence in studied("study", "study.py:well", "-n", 2, "--no-report").stdout


def test_a_killed_audit_goes_on_and_says_the_same(studied: Command, tmp_path: Path) -> None:
    whole = studied(*SMALL, "--store", "whole.db", "--no-report")
    line = [*SMALL, "--store", "killed.db", "--no-report"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sim.cli", *line], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not (tmp_path / "killed-audit.db-wal").exists():
        time.sleep(0.005)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert studied(*line).stdout == whole.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("audit", "nothing"), "unknown study 'nothing'"),
        (("audit", "study.py:well", "--worlds", "20"), "use 12, 24 or 48"),
        (("audit", "study.py:well", "-n", "1"), "greater than or equal to 2"),
        (("audit", "study.py:well", "--twin", "planted"), "has no planted twin (nobody tried)"),
        (("audit", "study.py:well", "-m", "tuend=embedded:sft"), "there is no role 'tuend'"),
    ],
)
def test_bad_input_is_one_line(studied: Command, line: tuple[str, ...], message: str) -> None:
    done = studied(*line)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
