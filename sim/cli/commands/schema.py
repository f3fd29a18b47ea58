"""``elsinore schema``: what a command prints with --json, as a JSON schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.options import Json, Level, LogLevel


def schema(
    command: Annotated[
        str | None,
        typer.Argument(
            metavar="[COMMAND]",
            autocompletion=completion.schemas,
            help="A command, as in run. Without it, all that have a schema.",
        ),
    ] = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Print the JSON schema of what a command prints with --json."""
    from rich.text import Text

    from sim.cli.display.terminal import out
    from sim.cli.schemas import commands, schema_of

    console = out()
    if command is not None:
        console.out(json.dumps(schema_of(command), indent=None if as_json else 2))
        return
    if as_json:
        about = {name: schema_of(name)["description"] for name in commands()}
        console.out(json.dumps({"commands": about}))
        return
    for name in commands():
        line = Text(name, style="bold").append(f"  {schema_of(name)['description']}", "not bold")
        console.print(line, soft_wrap=not console.is_terminal)
