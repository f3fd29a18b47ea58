"""``elsinore bench``: one number of a model that can be compared with that of another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import completion
from sim.cli.groups import Subcommands
from sim.cli.option_groups import grouped
from sim.cli.options import (
    BaseUrl,
    ExtraBody,
    Json,
    Layout,
    Level,
    LimitOptions,
    LogLevel,
    Quiet,
    SamplingOptions,
    Timeout,
)
from sim.errors import BadRequest

if TYPE_CHECKING:
    from analysis.waluigi import Estimates
    from sim.stage.providers.sampling import Sampling
    from sim.study.waluigi.results import Results

app = typer.Typer(
    cls=Subcommands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def bench() -> None:
    """Compare models by one number each: the Waluigi number."""


@dataclass(frozen=True)
class DesignOptions:
    """What is asked."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="MODEL", envvar="ELSINORE_MODEL",
            autocompletion=completion.models,
            help="A model that gives log-probabilities: embedded:KIND, gguf:NAME, ...",
        ),
    ] = None  # fmt: skip
    personas: Annotated[
        int,
        typer.Option(metavar="N", help="Pairs of persona and opposite, half moral, half neutral."),
    ] = 4
    split: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Pairs of which split: reported, or tuning (to look at; never report it).",
        ),
    ] = "reported"
    memory: Annotated[
        str,
        typer.Option(
            metavar="A,B,...", help="Memory policies: whole, and last-N for the last N lines."
        ),
    ] = "whole,last-8"
    doses: Annotated[
        str, typer.Option(metavar="K,K,...", help="How many of the last own lines are flipped.")
    ] = "0,1,2,4,8"
    repairs: Annotated[
        str, typer.Option(metavar="R,R,...", help="How many own lines follow them.")
    ] = "0,2,4"
    layout: Annotated[
        Layout | None,
        typer.Option(
            help="How what an actor sees becomes a prompt.",
            show_default="persona_first; screenplay for base models",
        ),
    ] = None
    wording: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=completion.wordings,
            help="The wording of the prompts.",
            show_default="prose; labels for the embedded stage",
        ),
    ] = None


@dataclass(frozen=True)
class FileOptions:
    """What is written and read."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE.json",
            help="The file of results. Answers are kept beside it while they come, so that the "
            "same command goes on where it was killed.",
            show_default="runs/waluigi-MODEL.json",
        ),
    ] = None  # fmt: skip
    read: Annotated[
        bool, typer.Option("--read", help="Ask nothing: compare files of results, in one table.")
    ] = False
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg", help="Draw the phase diagram: dose by repair, by memory policy."
        ),
    ] = None
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of a file of results.")
    ] = False


@dataclass(frozen=True)
class HowOptions:
    """How it is carried out, and what is printed."""

    concurrency: Annotated[
        int, typer.Option(min=1, help="Calls at once; each keeps to prompts that begin alike.")
    ] = 4
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it costs, and ask nothing.")
    ] = False
    as_json: Json = False
    quiet: Quiet = False


@dataclass(frozen=True)
class ServerOptions:
    """Where a model is. How it samples does not matter, since nothing is sampled."""

    base_url: BaseUrl = None
    extra_body: ExtraBody = None
    timeout: Timeout = None

    def sampling(self) -> Sampling | None:
        """The part of a sampling that says where to ask. Raises ``BadRequest``."""
        return SamplingOptions(
            base_url=self.base_url, extra_body=self.extra_body, timeout=self.timeout
        ).sampling()


@app.command("waluigi")
@grouped
def waluigi(
    design: DesignOptions,
    places: FileOptions,
    how: HowOptions,
    server: ServerOptions,
    limits: LimitOptions,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="With --read: files of results."),
    ] = None,
    log_level: LogLevel = Level.warning,
) -> None:
    """The Waluigi number: do the good turn bad more easily than the bad turn good?

    An actor's last lines are replaced by lines of its opposite, and the log-probabilities of what
    it would say next are read; nothing is sampled. The cost is printed first.
    """
    from sim.cli.display.terminal import out
    from sim.cli.display.waluigi import show
    from sim.planning.scenarios import own

    own("analysis")
    from sim.study.waluigi.results import schema

    if places.schema:
        out().out(json.dumps(schema(), indent=1))
        return
    if places.plot is not None:
        _check_plot(places.plot)
    if places.read:
        found = _read(files or [], design)
    else:
        if files:
            raise BadRequest(f"waluigi {files[0]}: add --read to compare files of results")
        one = _asked(design, places, how, server, limits)
        if one is None:
            return
        found = [one]
    estimated = [(each, each.estimated()) for each in found]
    if places.plot is not None:
        _plot(places.plot, estimated)
    show(estimated, out(), as_json=how.as_json, quiet=how.quiet)


def _read(files: list[Path], design: DesignOptions) -> list[Results]:
    from sim.study.waluigi.results import read_results

    if design.model is not None:
        raise BadRequest("--read asks no model; leave out --model")
    if not files:
        raise BadRequest("--read: name files of results, as in --read runs/waluigi-*.json")
    return [read_results(path) for path in files]


def _asked(
    options: DesignOptions,
    places: FileOptions,
    how: HowOptions,
    server: ServerOptions,
    limits: LimitOptions,
) -> Results | None:
    """The results of a model; None after a dry run."""
    from analysis.evidence.scoring import Asked
    from sim.calls.guard import open_models
    from sim.cli.display.terminal import err
    from sim.cli.display.terminal import out as console
    from sim.cli.display.waluigi import Progress, show_cost
    from sim.output_files import check_output, write_text
    from sim.study.waluigi.asking import ask, cost_of
    from sim.study.waluigi.plan import default_file, design_for, kept_answers
    from sim.study.waluigi.results import results_of, written

    if options.model is None:
        raise BadRequest(
            "waluigi: name a model, as in --model embedded:base, or --read files of results"
        )
    [stage] = open_models([options.model], limits.models(server.sampling())).stages.values()
    design = design_for(
        stage,
        options.model,
        personas=options.personas,
        split=options.split,
        memories=options.memory,
        doses=options.doses,
        repairs=options.repairs,
        named=(None if options.layout is None else options.layout.value, options.wording),
    )
    cost = cost_of(design)
    if how.dry_run:
        show_cost(cost, console(), as_json=how.as_json)
        return None
    if not how.quiet:
        show_cost(cost, err())
    place = check_output(places.out or default_file(stage), "--out")
    answers = kept_answers(place)
    with (
        Progress(err(), drawn=not how.quiet) as progress,
        Asked(stage, answers, how.concurrency, told=progress.told) as asked,
    ):
        results = results_of(design, stage, ask(design, asked))
    write_text(place, written(results), "--out")
    if not how.quiet:
        err().print(f"results: {place}", soft_wrap=True)
    return results


def _check_plot(place: Path) -> None:
    from sim.output_files import check_output

    if place.suffix.lower() != ".svg":
        raise BadRequest(f"--plot {place}: name an .svg file")
    check_output(place, "--plot")


def _plot(place: Path, found: list[tuple[Results, Estimates]]) -> None:
    from sim.output_files import write_text
    from sim.study.waluigi.figure import phase_diagram

    if len(found) > 1:
        raise BadRequest(f"--plot {place}: a phase diagram is of one model; name one file")
    write_text(place, phase_diagram(*found[0]).svg(), "--plot")
