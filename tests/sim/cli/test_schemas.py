"""Every command prints JSON, and what it prints is what its schema says.

The fixtures that run commands hold whatever is printed with ``--json`` against the schema of the
command (``backstage.schemas``), so that all tests of commands are tests of schemas. Here are those
that no other test runs.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from backstage import schemas
from jsonschema import Draft202012Validator, ValidationError

from sim.cli.app import SUMMARIES, app
from sim.cli.schemas import commands, schema_of
from tests.sim.cli.conftest import Command, run_in


def subcommands() -> list[tuple[str, Any]]:
    """Every command, and every command of a command."""
    group: Any = typer.main.get_command(app)
    found: list[tuple[str, Any]] = []
    for name in SUMMARIES:
        command = group.get_command(None, name)
        below = getattr(command, "commands", None)
        found += [(f"{name} {key}", each) for key, each in below.items()] if below else [
            (name, command)
        ]  # fmt: skip
    return found


def test_every_command_prints_json() -> None:
    without = [
        name
        for name, command in subcommands()
        if not any("--json" in each.opts for each in command.params)
        if name != "personas schema"  # It prints a schema, which is JSON.
    ]
    assert without == []


def test_every_command_has_a_schema() -> None:
    assert set(commands()) == set(SUMMARIES)


@pytest.mark.parametrize("command", commands())
def test_a_schema_is_one(command: str) -> None:
    schema = schema_of(command)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"elsinore {command} --json"
    assert schema["description"][-1] in ".?!"


def test_what_no_schema_has_is_noticed() -> None:
    with pytest.raises(ValidationError, match="'more' was unexpected"):
        schemas.validator("report").validate(
            {"store": "x.db", "output": "x.html", "bytes": 3, "more": 1}
        )
    with pytest.raises(AssertionError, match="is a required property"):
        schemas.holds(["verify", "x.db", "--json"], json.dumps({"sound": True}))


@pytest.fixture(scope="module")
def copied(played: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder in which something was played, and its first store as a table."""
    folder = tmp_path_factory.mktemp("copied") / "here"
    shutil.copytree(played[0], folder)
    store = folder / "runs" / "trio.db"
    done = run_in(folder, "export", store, "-o", "x.csv", "--format", "csv")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    "line",
    [
        "list", "explain", "explain C", "explain loops", "schema",
        "export runs/trio.db -o x.jsonl", "export runs/trio.db -o y.csv --format csv",
        "import x.csv -o runs/chat.db", "import x.csv --dry-run",
        "prune runs/trio.db", "recover runs/trio.db -o runs/saved.db",
        "verify runs/trio.db", "watch runs/trio.db --once",
        "plot runs/trio.db stance -o f.svg", "report runs/trio.db",
        "analyze runs/trio.db --no-meaning", "analyze runs/trio.db --measure loops",
        "analyze runs/trio.db --by stage --measure loops",
        "label draw runs/trio.db -q Hostile? -o labels -n 10",
        "run mine.py:trio -n 2 --dry-run", "show runs/trio.db",
    ],
)  # fmt: skip
def test_what_is_printed_is_what_the_schema_says(
    line: str, copied: Path, inside: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied)
    done = inside(*line.split(), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{")


def test_a_schema_is_printed(inside: Command) -> None:
    assert json.loads(inside("schema", "run").stdout) == schema_of("run")
    refused = inside("schema", "rum")
    assert refused.returncode == 2
    assert "did you mean run" in refused.stderr
