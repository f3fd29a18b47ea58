"""``elsinore view``: the trials of a store in a browser, until Ctrl-C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import Json, Level, LogLevel, Store
from sim.errors import BadRequest


@dataclass(frozen=True)
class AddressOptions:
    """Where it is served."""

    host: Annotated[
        str, typer.Option(envvar="ELSINORE_VIEW_HOST", help="An address of this machine alone.")
    ] = "127.0.0.1"
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, envvar="ELSINORE_VIEW_PORT", help="0 is any that is free."),
    ] = 0


@grouped
def view(
    store: Store,
    address: AddressOptions,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            autocompletion=completion.models,
            metavar="MODEL",
            show_default="none that costs",
            help="A model that may be asked when trials are forked from the page. Free ones may "
            "always. May be given several times.",
        ),
    ] = None,
    budget_usd: Annotated[
        float | None,
        typer.Option(
            "--budget-usd", min=0, metavar="USD", help="What one fork from the page may cost."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="WORD",
            show_default="flip, collapse, loop, concession, fine",
            help="A label for lines, at the next digit key. May be given up to nine times.",
        ),
    ] = None,
    coder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who labels and notes.", show_default="who is logged in"),
    ] = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """Look at a store in a browser: trials, prompts, comparisons, branches, notes.

    Prints an address with a token, which only this machine reaches. Follows a run while it writes.
    The store is only read; forks from the page are played by elsinore fork. Ctrl-C ends it.
    With --json the one object is printed when it listens.
    """
    from sim.cli.viewing import announced, coder_name, measures
    from sim.planning.scenarios import own
    from sim.store import open_store
    from sim.view.app import Viewer, application
    from sim.view.forks import Allowed

    open_store(store).close()  # What cannot be read is told here, and not in a browser.
    own("analysis")
    labels = tuple(dict.fromkeys(word.strip() for word in label or ())) or Viewer(store).labels
    if len(labels) > 9 or not all(labels):
        raise BadRequest("--label: give one to nine different words")
    viewer = Viewer(
        store, measures(), Allowed(tuple(model or ()), budget_usd), labels, coder_name(coder)
    )
    announced(
        lambda origin, token: application(viewer, origin, token),
        address.host,
        address.port,
        as_json=as_json,
    )
