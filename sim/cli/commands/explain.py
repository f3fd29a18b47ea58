"""``elsinore explain``: what a column of a table, or a measure, is."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from sim.cli import completion
from sim.cli.options import Json, Level, LogLevel


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            autocompletion=completion.terms,
            help="A column of a table (C, flipped, p) or a measure (convergence).",
        ),
    ] = None,
    as_json: Json = False,
    log_level: LogLevel = Level.warning,
) -> None:
    """What a column of a table is, how it is measured, and what it cannot say."""
    from rich.text import Text

    from sim.cli.display.terminal import out
    from sim.planning.scenarios import own

    own("analysis")
    from sim.cli.glossary import TERMS, described, measures, place, term

    console = out()
    if name is None:
        terms = [{"name": each.name, "about": each.about, "measure": each.measure or None}
                 for each in TERMS]  # fmt: skip
        if as_json:
            console.out(json.dumps({"terms": terms, "measures": measures()}))
            return
        for each in TERMS:
            console.print(Text.assemble((f"{each.name}: ", "bold"), (each.about, "not bold")))
        console.print(Text(f"measures: {', '.join(measures())}"))
        console.print(Text("More of one: elsinore explain C", style="dim"))
        return
    found = term(name)
    record: dict[str, Any] = {
        "name": found.name,
        "about": found.about,
        "measure": found.measure or None,
        "quantity": found.quantity or None,
        "described": described(found.measure) if found.measure else None,
    }
    if as_json:
        console.out(json.dumps(record))
        return
    console.print(Text.assemble((f"{found.name}: ", "bold"), (found.about, "not bold")))
    if found.measure:
        told = f", quantity {found.quantity}" if found.quantity else ""
        console.print(Text(f"\n{place(found.measure)}{told}\n", style="cyan"))
        console.print(Text(record["described"]), soft_wrap=True)
