"""Measures the time and memory of the framework and of its peers, side by side in one run.

    .tools/bin/uv run python -m benchmarks.overhead            # ours and the peers: ten minutes
    .tools/bin/uv run python -m benchmarks.overhead --ours     # without the peers: two minutes
    .tools/bin/uv run python -m benchmarks.overhead --quick    # short, and rough
    .tools/bin/uv run python -m benchmarks.overhead --against COMMIT  # beside an older version

Every subject is measured in a process of its own, and each peer in an environment of its own (some
cannot be installed together with Elsinore). A round measures all subjects, so that a machine that
slows down affects all of them; the table has medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.beyond import PARTS
from benchmarks.tables import show, show_beside

ROOT = Path(__file__).resolve().parent.parent

Figures = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A module to run, with what has to be installed for it."""

    module: str
    packages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


BARE = Peer("benchmarks.peers.bare_loop")
OURS = Peer("benchmarks.peers.ours")


def peers() -> list[Peer]:
    """The peers and their versions; langchain-core has the version that Elsinore is pinned to."""
    core = f"langchain-core=={version('langchain-core')}"
    return [
        Peer("benchmarks.peers.langchain_core", (core,)),
        Peer("benchmarks.peers.langgraph_ring", ("langgraph==1.2.22", core)),
        Peer("benchmarks.peers.langgraph_ring", ("langgraph==1.2.22", core), ("--checkpoints",)),
        Peer("benchmarks.peers.autogen_ring", ("autogen-agentchat==0.7.5",)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and perhaps write down; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, help="how often to go around (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--against", metavar="COMMIT", help="ours, beside those of a commit")
    chosen = parser.parse_args(arguments)
    rounds = chosen.rounds or (1 if chosen.quick else 3)
    if chosen.against is not None:
        with checkout_of(chosen.against) as before:
            show_beside(beside(before, rounds, ("--quick",) if chosen.quick else ()))
        return 0
    subjects = [BARE, OURS, *([] if chosen.ours else peers())]
    quick = ("--quick",) if chosen.quick else ()
    turns: list[list[Figures]] = []
    beyond: list[dict[str, Figures]] = []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        turns.append([started(peer, quick) for peer in subjects])
        beyond.append({part: in_process("benchmarks.beyond", part, *quick) for part in PARTS})
    figures: Figures = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rounds": rounds,
        "subjects": [middle([lap[index] for lap in turns]) for index in range(len(subjects))],
        "beyond": middle(beyond),
        # Ratios are taken within a round, where both numbers saw the same machine.
        "scenes_over_bare": median(
            lap[1]["scenes_s"] / lap[0]["scenes_s"] for lap in turns
        ),
    }  # fmt: skip
    show(figures)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def started(peer: Peer, options: Sequence[str]) -> Figures:
    """The figures of one subject."""
    if not peer.packages:
        return in_process(peer.module, *options)
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    wanted = [word for package in peer.packages for word in ("--with", package)]
    with tempfile.TemporaryDirectory() as nowhere:
        # Outside of this project, whose pins uv would otherwise apply to the peer.
        return read(
            [
                uv, "run", "--quiet", "--isolated", "--no-project",
                "--python", sys.executable, *wanted,
                "python", "-m", peer.module, *peer.options, *options,
            ],
            Path(nowhere),
        )  # fmt: skip


def in_process(module: str, *options: str, checkout: Path = ROOT) -> Figures:
    """The figures that a module of this project prints, run in its environment."""
    return read([sys.executable, "-m", module, *options], checkout, checkout)


def beside(before: Path, rounds: int, options: Sequence[str]) -> dict[str, list[list[float]]]:
    """Every figure of Elsinore: values of the older version and of this one, round by round.

    The two alternate, and each round begins with the other one: a machine that slows down affects
    both, and neither is always first.
    """
    figures: dict[str, list[list[float]]] = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        measured: dict[Path, dict[str, float]] = {}
        places = [before, ROOT] if number % 2 else [ROOT, before]
        for part in ("ours", *PARTS):
            for place in places:
                module = "benchmarks.peers.ours" if part == "ours" else "benchmarks.beyond"
                words = options if part == "ours" else (part, *options)
                measurement = in_process(module, *words, checkout=place)
                measured.setdefault(place, {}).update(dict(leaves(measurement, part)))
        for name, value in measured[ROOT].items():
            if name in measured[before]:
                figures.setdefault(name, []).append([measured[before][name], value])
    return figures


def leaves(figures: Any, name: str) -> Iterator[tuple[str, float]]:
    """The medians and the other numbers in nested figures, each with the path to it."""
    if isinstance(figures, dict):
        if "median" in figures:
            yield name, float(figures["median"])
            return
        for key, value in figures.items():
            yield from leaves(value, f"{name} {key}")
    elif isinstance(figures, int | float):
        yield name, float(figures)


@contextmanager
def checkout_of(commit: str) -> Iterator[Path]:
    """A checkout of a commit, gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "checkout"
        words = ["git", "worktree", "add", "--quiet", "--detach", str(folder), commit]
        subprocess.run(words, cwd=ROOT, check=True)
        try:
            yield folder
        finally:
            words = ["git", "worktree", "remove", "--force", str(folder)]
            subprocess.run(words, cwd=ROOT, check=True)


def read(command: list[str], folder: Path, checkout: Path = ROOT) -> Figures:
    """The line of JSON that a command prints last."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, check=True
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def middle(rounds: Sequence[Any]) -> Any:
    """The figures of several rounds combined: medians, and the minimum of keys with ``best``."""
    first = rounds[0]
    if isinstance(first, dict):
        return {
            key: (min if key.startswith("best") else middle)([one[key] for one in rounds])
            for key in first
        }
    return median(rounds) if isinstance(first, int | float) else first


if __name__ == "__main__":
    sys.exit(main())
