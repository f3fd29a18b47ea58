"""``elsinore audit``: a study again in equivalent worlds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import completion
from sim.cli.commands.study import ChosenStudy
from sim.cli.option_groups import grouped
from sim.cli.options import (
    AskingOptions,
    Level,
    LogLevel,
    OutputOptions,
    PlayingOptions,
    ResumeOptions,
    run_options,
)

if TYPE_CHECKING:
    from sim.runs.options import RunOptions
    from sim.study.audits.design import AuditDesign
    from sim.study.audits.verdicts import Audit


@dataclass(frozen=True)
class AuditOptions(ChosenStudy):
    """A study, in how many worlds it is played, and where it is kept."""

    worlds: Annotated[
        int, typer.Option(metavar="12|24|48", help="How many worlds at most: 12, 24 or 48.")
    ] = 48
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", "-n", min=2, show_default="5",
            help="Seeds of each arm and topic in each world.",
        ),
    ] = None  # fmt: skip
    no_moderators: Annotated[
        bool,
        typer.Option(
            "--no-moderators", help="Leave out the worlds of other layout, memory and temperature."
        ),
    ] = False
    store: Annotated[
        Path | None,
        typer.Option(
            autocompletion=completion.stores,
            show_default="runs/STUDY.db",
            help="The store of the study; the audit is kept beside it, in STUDY-audit.db.",
        ),
    ] = None


@grouped
def audit(
    what: AuditOptions,
    spend: PlayingOptions,
    resume: ResumeOptions,
    asking: AskingOptions,
    output: OutputOptions,
    log_level: LogLevel = Level.warning,
) -> None:
    """Play a study again in equivalent worlds, and say what a new one would show.

    Personas told otherwise, other names, another order, the motion negated: nothing that the study
    is about. What it costs is printed first. An audit that was interrupted or killed goes on where
    it was when it is started again.
    """
    import asyncio

    from sim.cli.execution import carry_out, default_store, leave, show_estimate
    from sim.output_files import check_output
    from sim.planning.scenarios import own
    from sim.runs.stages import refuse_into_itself
    from sim.study.audits.design import audit_design
    from sim.study.audits.registration import audit_store, keep, register
    from sim.study.audits.verdicts import audit_of
    from sim.study.measuring import measuring_on
    from sim.study.studies.design import Opened

    own("analysis")
    options = run_options(spend, resume)
    asked = what.asked()
    design = audit_design(
        asked, worlds=what.worlds, seeds=what.seeds, seed=what.seed,
        moderators=not what.no_moderators, opened=Opened(asking.asked()),
    )  # fmt: skip
    name = what.named(asked)
    if output.dry_run:
        store = audit_store(what.store or Path("runs") / f"{name}.db")
        show_estimate(design.trials, design.stages, store, options, output.as_json)
        return
    store = audit_store(default_store(what.store, f"{name}.db"))
    page = what.report or store.with_suffix(".html")
    if not what.no_report:
        check_output(page, "--report")
    refuse_into_itself(store, list(design.models.values()))
    facts, deviations = register(design, store)
    if not output.quiet:
        _cost(design, store, options)
    report = carry_out(
        f"{asked.name} audit", design.trials, design.stages, store,
        _with(options, facts), quiet=output.quiet,
    )  # fmt: skip
    if not report.interrupted and report.stopped is None:
        with measuring_on(options.executor):
            found = audit_of(design, store, deviations)
        asyncio.run(keep(facts, found.sentence, found.outcome, store))
        _say(found, facts, store, None if what.no_report else page, output)
    leave(report, store, options.in_doubt)


def _with(options: RunOptions, facts: dict[str, object]) -> RunOptions:
    from dataclasses import replace

    return replace(options, study=facts)


def _cost(design: AuditDesign, store: Path, options: RunOptions) -> None:
    """Print, on standard error, what the audit will take, before anything is asked."""
    import asyncio

    from sim.calls.prices import Prices
    from sim.cli.display.costs import cost_in_words
    from sim.cli.display.terminal import err
    from sim.runs.estimate import estimate

    found = asyncio.run(
        estimate(design.trials, design.stages, store, options.prices or Prices.load())
    )
    err().print(
        f"{design.factorial.worlds} worlds, {len(design.moderators)} moderators: "
        f"{cost_in_words(found)}",
        style="dim", soft_wrap=True, highlight=False, markup=False,
    )  # fmt: skip


def _say(
    found: Audit, facts: dict[str, object], store: Path, page: Path | None, output: OutputOptions
) -> None:
    """Print what was found, and write the report."""
    from rich.text import Text

    from sim.cli.display.terminal import one_line, out, visible
    from sim.cli.outcomes import to_json
    from sim.study.studies.registration import digest

    console = out()
    if output.as_json:
        record = found.record() | {
            "store": str(store),
            "report": None if page is None else str(page),
            "registration": {"hash": digest(facts), **facts},
        }
        console.out(to_json(record))
    elif not output.quiet:
        wrap = not console.is_terminal
        for place, sentence in enumerate((found.study.question, *found.sentences)):
            style = ("bold", "")[place] if place < 2 else "dim"
            console.print(Text(visible(sentence), style=style), soft_wrap=wrap)
    if page is not None:
        from sim.output_files import write_text
        from sim.study.audits.page import page_of

        write_text(page, page_of(found, facts), "--report")
        if not output.as_json and not output.quiet:
            console.print(f"report: {one_line(str(page))}", style="dim", soft_wrap=True)
