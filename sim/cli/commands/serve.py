"""``elsinore serve``: the exact stage behind the OpenAI protocol, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Sequence

from sim.cli.display.terminal import err, out
from sim.errors import BadRequest
from sim.serve.app import application
from sim.serve.models import Models
from sim.serve.server import address, listening, serve


def command(models: Sequence[str], *, host: str, port: int, token: str | None) -> None:
    """Serve the models. The URL is the one line on standard output."""
    if token is not None and (not token or not token.isascii() or not token.isprintable()):
        raise BadRequest("--token: use one or more printable ASCII characters")
    served = Models(models)
    listener = listening(host, port)
    url = address(listener)

    def ready() -> None:
        out().print(url, soft_wrap=True)
        told = err()
        told.print(f"Serving {', '.join(served.listed)}. Ctrl-C ends it.", soft_wrap=True)
        told.print(f'OpenAI(base_url="{url}", api_key="{"TOKEN" if token else "none"}")')

    serve(application(served, token), listener, ready)
