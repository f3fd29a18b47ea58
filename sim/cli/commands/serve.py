"""``elsinore serve``: the exact stage behind the OpenAI protocol, until Ctrl-C."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.options import Json, Level, LogLevel
from sim.errors import BadRequest


def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            envvar="ELSINORE_SERVE_MODEL",
            autocompletion=completion.models,
            metavar="MODEL",
            show_default="every kind, with any parameters",
            help="Serve this model, and no others but those named. May be given several times.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(envvar="ELSINORE_SERVE_HOST", help="An address of this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, envvar="ELSINORE_SERVE_PORT", help="0 is any that is free."),
    ] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="ELSINORE_SERVE_TOKEN",
            help="What clients have to send as their API key. Best set in the environment, since "
            "options can be seen in the list of processes.",
        ),
    ] = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Serve the embedded stage over the OpenAI protocol, to clients on this machine.

    Models, chat, completions, streams and log-probabilities. Prints the base URL. Ctrl-C ends it.
    With --json the one object is printed when it listens.
    """
    from sim.cli.display.terminal import err, out
    from sim.serve.app import application
    from sim.serve.models import Models
    from sim.serve.server import address, listening
    from sim.serve.server import serve as serve_until_stopped

    if token is not None and (not token or not token.isascii() or not token.isprintable()):
        raise BadRequest("--token: use one or more printable ASCII characters")
    served = Models(tuple(model or ()))
    listener = listening(host, port)
    url = address(listener)

    def ready() -> None:
        if as_json:
            record = {"address": url, "models": list(served.listed), "token": token is not None}
            out().out(json.dumps(record))
            return
        out().print(url, soft_wrap=True)
        console = err()
        console.print(f"Serving {', '.join(served.listed)}. Ctrl-C ends it.", soft_wrap=True)
        console.print(f'OpenAI(base_url="{url}", api_key="{"TOKEN" if token else "none"}")')

    serve_until_stopped(application(served, token), listener, ready)
