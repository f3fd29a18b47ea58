"""Writes ``played_version_3.db``, what commands left in a store of version 3, and its export.

    .venv/bin/python tests/stores/make_played_version_3.py     # at the commit that added the files

They are committed and never written again. ``version_3.db`` holds one row of everything; this store
holds trials that were really played, with branches, surrogates, questions, a tournament, replies of
a server with their prompts, and a scenario with code of its own. A later version must find all of
it there, and ask for nothing, when it is given the same commands.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
STORE = "played_version_3.db"
PORT = 47613
URL = f"http://127.0.0.1:{PORT}/v1"

COMMANDS = (
    ("run", "cross_purposes", "-P", "turns=6", "-n", "1", "--yoked"),
    ("run", "water_sale", "-P", "rounds=1", "-m", "openai:stub", "--base-url", URL, "-n", "1"),
    ("run", "own_scenario.py:own", "-n", "1"),
    ("tournament", "small_cup.toml"),
)
"""Each is given ``--store`` and ``--json``."""

FORKED = ("cross_purposes", "own_scenario.py:own")
"""Live trials of these are forked, and their actors asked a question."""


def elsinore(*words: str) -> str:
    """What the command prints."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1]), "OPENAI_API_KEY": "sk-none"}
    return subprocess.run(
        [sys.executable, "-c", "from sim.cli import main; main()", *words],
        cwd=HERE, env=environment, check=True, text=True, stdout=subprocess.PIPE,
    ).stdout  # fmt: skip


def main() -> None:
    """Play everything."""
    sys.path.insert(0, str(HERE.parent / "support"))
    from stub_server import StubServer

    with StubServer("--port", str(PORT)):
        for command in COMMANDS:
            elsinore(*command, "--store", STORE, "--json")
    for trial in json.loads(elsinore("show", STORE, "--json"))["trials"]:
        if trial["arm"] == "live" and trial["scenario"] in FORKED:
            elsinore("fork", STORE, trial["id"], "--at", "3", "-n", "2", "--drop")
            elsinore("ask", STORE, trial["id"], "Why, {name}?")
    elsinore("export", STORE, "-o", "played_version_3.jsonl")
    (HERE / f"{STORE}.lock").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
