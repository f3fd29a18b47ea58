"""A study of 10,000 trials, measured here and on a cluster of this machine: the same bytes, and how
long each takes. The study is played once, here."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim import Scene
from sim.planning.scenarios import build, find
from sim.planning.studies import Arm, Contrast, Study

HERE = Path(__file__)
TURNS = 12


def quarrel() -> Scene:
    """Two people at cross purposes."""
    scene = build(find("cross_purposes"), {"turns": TURNS})
    assert isinstance(scene, Scene)
    return scene


def hostile_stages() -> Study:
    """Whether a tuned stage is less hostile than its base, and recites more."""
    against: dict[str, float] = {"tuned": 1, "base": -1}
    return Study(
        name="hostile_stages",
        question="Is the tuned stage less hostile?",
        source="none",
        known="nothing",
        refuted_by="no difference",
        stages={"first": "embedded:base", "second": "embedded:rlhf"},
        arms={
            "base": Arm(scenario=quarrel, stage="first"),
            "tuned": Arm(scenario=quarrel, stage="second"),
        },
        primary=(Contrast(measure="conflict.hostility", weights=against),),
        exploratory=(
            Contrast(measure="verbatim.excess", weights=against),
            Contrast(measure="convergence.c", weights=against),
        ),
    )


def analysis(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The verdict of the study, and ``elsinore analyze`` of its store, here and there."""
    store = folder / "study.db"
    trials = options.scenes or 10_000
    study = ["study", f"{HERE}:hostile_stages", "--seeds", str(trials // 2), "--store", str(store)]
    played = time.perf_counter()
    _said([*study, "--no-report", "--quiet"])
    found: dict[str, Any] = {"trials": trials, "played_seconds": time.perf_counter() - played}
    commands = {
        # Without the report, which lists the runs of the store, this one among them.
        "the study's verdict": [*study, "--json", "--no-report"],
        "analyze, without meaning": ["analyze", str(store), "--no-meaning", "--json"],
        "analyze, one measure": ["analyze", str(store), "--measure", "conflict", "--json"],
    }
    for name, command in commands.items():
        said: dict[str, bytes] = {}
        seconds: dict[str, list[float]] = {"local": [], "ray": []}
        for _ in range(options.again):
            for place, known in seconds.items():
                extra = ["--executor", "ray", "--workers", "2"] if place == "ray" else []
                began = time.perf_counter()
                said[place] = _said([*command, *extra])
                known.append(round(time.perf_counter() - began, 1))
        found[name] = {
            "same_bytes": said["local"] == said["ray"], "bytes": len(said["ray"]),
            "seconds": seconds, "ratio": min(seconds["ray"]) / min(seconds["local"]),
        }  # fmt: skip
        print(name, found[name], file=sys.stderr, flush=True)
    return found


def _said(command: Sequence[str]) -> bytes:
    """What a command prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELSINORE")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sim.cli", *command],
        env={**kept, "PYTHONPATH": str(HERE.parents[1])}, check=True, capture_output=True,
    )  # fmt: skip
    return done.stdout
