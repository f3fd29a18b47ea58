"""The command's declaration: its subcommands are declared in ``commands``, one file each."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sim import __version__
from sim.cli import settings
from sim.cli.commands.ask import ask
from sim.cli.commands.check import check
from sim.cli.commands.export import export
from sim.cli.commands.fork import fork
from sim.cli.commands.graph import graph
from sim.cli.commands.judge import judge
from sim.cli.commands.list import list_scenarios
from sim.cli.commands.run import run
from sim.cli.commands.serve import serve
from sim.cli.commands.show import show
from sim.cli.commands.standings import standings
from sim.cli.commands.tournament import tournament


class _WholeSummaries(TyperGroup):
    """A group whose help has each command's whole summary line, wrapped instead of cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, (command.help or "").partition("\n\n")[0].replace("\n", " ")))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


app = typer.Typer(
    name="elsinore",
    cls=_WholeSummaries,
    # Plain help: rich's would triple the time that it takes to appear.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 something failed, 2 bad request, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elsinore {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A laboratory for simulated minds: one language model plays several people.

    Start with: elsinore run mousetrap

    Options come before the environment (ELSINORE_MODEL, ELSINORE_TRIALS, ...), and that before
    elsinore.toml in the working directory ([run] with trials = 20, say).
    """
    context.default_map = settings.read()


_COMMANDS: tuple[tuple[str, Any], ...] = (
    ("list", list_scenarios),
    ("run", run),
    ("check", check),
    ("serve", serve),
    ("show", show),
    ("export", export),
    ("fork", fork),
    ("ask", ask),
    ("graph", graph),
    ("tournament", tournament),
    ("standings", standings),
    ("judge", judge),
)

for _name, _command in _COMMANDS:
    app.command(_name)(_command)
