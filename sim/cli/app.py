"""The declaration of the command. Its subcommands are in ``commands``, one file each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sim import __version__
from sim.cli import settings

SUMMARIES = {
    "list": "List the scenarios, the studies, the models, and what other packages add.",
    "run": "Play a scenario, keep it in a store, and say what became of the actors.",
    "study": "Play a study: what is fixed beforehand, then the scenes, the verdict and a report.",
    "audit": "Play a study again in equivalent worlds, and say what a new one would show.",
    "check": "Ask a model's server what it can do: about ten short calls, with the time of each.",
    "serve": "Serve the embedded stage over the OpenAI protocol, to clients on this machine.",
    "show": "List the trials of a store, or print the transcript of one.",
    "watch": "Follow a run from another terminal: trials, turns, cost, what is being said.",
    "view": "Look at a store in a browser: trials, prompts, comparisons, branches, notes.",
    "import": "Make other people's transcripts (CSV, chats, logs) into trials of a store.",
    "export": "Write everything in a store to a file: the same trials give the same bytes.",
    "verify": "Check a store: SQLite's own check, the hashes, and that every trial is whole.",
    "recover": "Copy what can be read of a damaged store into a new one.",
    "prune": "List trials that were torn off or failed, and remove them if that is wanted.",
    "fork": "What would have happened otherwise: play a trial again from a turn on, many times.",
    "why": "Say how much each mechanism contributes to a flip, an agreement or a stance.",
    "ask": ("Put a question to an actor, off stage, as it was after any turn of a stored trial."),
    "analyze": "Say who flipped, whether they come together, and who fights whom, arm by arm.",
    "personas": "Files of personas: check them, sample a population, compare it with people.",
    "label": "People code a few lines, blind: their agreement, and a judge's estimates, repaired.",
    "power": "How many seeds, topics and turns a study needs, with money and hours.",
    "calibrate": "Say how good instruments are on a model, from scenes with something planted.",
    "bench": "Compare models by one number each: the Waluigi number.",
    "report": "Write a report: the answer in words, figures, and the turns behind it.",
    "plot": "Draw one figure of a report into a file, for a paper.",
    "explain": "What a column of a table is, how it is measured, and what it cannot say.",
    "schema": "Print the JSON schema of what a command prints with --json.",
    "graph": "Who spoke after whom, answered, heard, addressed or agreed with whom.",
    "tournament": ("Run a tournament of debates: play, judge, rate. Resumes one that was stopped."),
    "standings": "Who is how strong, and how sure that is: ratings, ranks, effects and cycles.",
    "judge": "Judge debates of a tournament yourself, blind: at the terminal, or on a sheet.",
}
"""Each subcommand's summary, in the order of the help, so that help loads no subcommand."""


def _body(name: str) -> Callable[..., None] | typer.Typer:
    """A subcommand's function, or its own subcommands. Only the one that runs is loaded."""
    body: Callable[..., None] | typer.Typer
    match name:
        case "list":
            from sim.cli.commands.list import list_scenarios as body
        case "run":
            from sim.cli.commands.run import run as body
        case "study":
            from sim.cli.commands.study import study as body
        case "audit":
            from sim.cli.commands.audit import audit as body
        case "check":
            from sim.cli.commands.check import check as body
        case "serve":
            from sim.cli.commands.serve import serve as body
        case "show":
            from sim.cli.commands.show import show as body
        case "watch":
            from sim.cli.commands.watch import watch as body
        case "view":
            from sim.cli.commands.view import view as body
        case "import":
            from sim.cli.commands.import_files import import_files as body
        case "export":
            from sim.cli.commands.export import export as body
        case "verify":
            from sim.cli.commands.verify import verify as body
        case "recover":
            from sim.cli.commands.recover import recover as body
        case "prune":
            from sim.cli.commands.prune import prune as body
        case "fork":
            from sim.cli.commands.fork import fork as body
        case "why":
            from sim.cli.commands.why import why as body
        case "ask":
            from sim.cli.commands.ask import ask as body
        case "analyze":
            from sim.cli.commands.analyze import analyze as body
        case "personas":
            from sim.cli.commands.personas import app as body
        case "label":
            from sim.cli.commands.label import app as body
        case "power":
            from sim.cli.commands.power import power as body
        case "calibrate":
            from sim.cli.commands.calibrate import calibrate as body
        case "bench":
            from sim.cli.commands.bench import app as body
        case "report":
            from sim.cli.commands.report import report as body
        case "plot":
            from sim.cli.commands.plot import plot as body
        case "explain":
            from sim.cli.commands.explain import explain as body
        case "schema":
            from sim.cli.commands.schema import schema as body
        case "graph":
            from sim.cli.commands.graph import graph as body
        case "tournament":
            from sim.cli.commands.tournament import tournament as body
        case "standings":
            from sim.cli.commands.standings import standings as body
        case "judge":
            from sim.cli.commands.judge import judge as body
        case _:
            raise ValueError(name)
    return body


class _Subcommands(TyperGroup):
    """The subcommands, each loaded when it is used. Help prints their whole summaries."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # All names are there from the start, because click suggests from them.
        self.commands: dict[str, Any] = dict.fromkeys(SUMMARIES)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            body = _body(cmd_name)
            if isinstance(body, typer.Typer):
                alone = body
            else:
                alone = typer.Typer(
                    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
                )
                alone.command(cmd_name)(body)
            self.commands[cmd_name] = typer.main.get_command(alone)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


app = typer.Typer(
    name="elsinore",
    cls=_Subcommands,
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
