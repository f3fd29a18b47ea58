"""``elsinore study``: play a study, and say what it found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import (
    AskingOptions,
    Layout,
    Level,
    LogLevel,
    OutputOptions,
    PlayingOptions,
    ResumeOptions,
    given_parameters,
    run_options,
)
from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.planning.studies import Study
    from sim.study.studies.conduct import Registered
    from sim.study.studies.design import Design
    from sim.study.studies.verdicts import Verdict


class TwinKind(StrEnum):
    """The twins of a study on embedded stages."""

    planted = "planted"
    absent = "absent"


@dataclass(frozen=True)
class ChosenStudy:
    """Which study, on which models, and where its report goes; an audit asks for the same."""

    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            autocompletion=completion.studies,
            help="A name (see elsinore list), or my_file.py:my_study",
        ),
    ]
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="ROLE=MODEL",
            show_default="the study's own embedded stages",
            help="The model that plays a role of the study; a model alone where it has one role. "
            "A role of a study may be people: humans=file:chat.csv. May be given several times.",
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0
    parameter: Annotated[
        list[str] | None,
        typer.Option("-P", "--parameter", metavar="NAME=VALUE", help="A parameter of the study."),
    ] = None
    twin: Annotated[
        TwinKind | None,
        typer.Option(
            "--twin",
            help="Play its twin on embedded stages, in which the effect is planted, or absent.",
        ),
    ] = None
    layout: Annotated[
        Layout | None,
        typer.Option(
            "--layout",
            show_default="the scenes' own",
            help="How what an actor sees becomes a prompt, in all arms that have no layout of "
            "their own. screenplay is for base models.",
        ),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", "-o", metavar="FILE.html", show_default="beside the store",
            help="Where the report goes.",
        ),
    ] = None  # fmt: skip
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Say what was found, and write no report.")
    ] = False

    def asked(self) -> Study:
        """The study that was asked for, on the models that were named."""
        from sim.planning.studies import find_study

        found = find_study(self.study, given_parameters(self.parameter))
        if self.twin is not None and self.model:
            raise BadRequest("--twin: a twin names its own embedded stages; leave --model out")
        if self.twin is not None:
            found = found.twin(self.twin.value)
        else:
            found = found.on(_models(found, self.model or []))
        return found if self.layout is None else found.told_by(self.layout.value)

    def named(self, study: Study) -> str:
        """What files of the study are called."""
        return study.name if self.twin is None else f"{study.name}-{self.twin.value}"


@dataclass(frozen=True)
class StudyOptions(ChosenStudy):
    """A study, how large it is, where it is kept, and its seal."""

    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            "-n",
            min=1,
            show_default="the study's own",
            help="Seeds of each arm and topic. More than before: only the new ones are played.",
        ),
    ] = None
    store: Annotated[
        Path | None,
        typer.Option(
            autocompletion=completion.stores,
            show_default="runs/STUDY.db",
            help="Where everything is kept. What is there already is not played again.",
        ),
    ] = None
    seal: Annotated[
        Path | None,
        typer.Option(
            "--seal",
            metavar="FILE",
            help="Write the design, its hash and a canary to a file, for a model that is to come, "
            "and play nothing.",
        ),
    ] = None
    eligible: Annotated[
        list[str] | None,
        typer.Option(
            "--eligible",
            metavar="ROLE=BEGINNING",
            help="With --seal: how the names of models begin that may play a role.",
        ),
    ] = None
    open_: Annotated[
        Path | None,
        typer.Option(
            "--open",
            metavar="FILE",
            help="Play a sealed study, on the first eligible model that opens it.",
        ),
    ] = None
    lineage: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Of which family models are, and how they were tuned; only then may a difference "
            "be called one of tuning.",
        ),
    ] = None


@grouped
def study(
    what: StudyOptions,
    spend: PlayingOptions,
    resume: ResumeOptions,
    asking: AskingOptions,
    output: OutputOptions,
    log_level: LogLevel = Level.warning,
) -> None:
    """Play a study: what is fixed beforehand, then the scenes, the verdict and a report.

    What decides is stored before the first trial. A study that was interrupted or killed goes on
    where it was when it is started again.
    """
    from analysis.lineage import read_lineage
    from sim.cli.display.terminal import err
    from sim.cli.execution import carry_out, default_store, leave, show_estimate
    from sim.output_files import check_output
    from sim.planning.scenarios import own
    from sim.runs.stages import refuse_into_itself
    from sim.study.measuring import measuring_on
    from sim.study.studies.conduct import measured, register, take_in
    from sim.study.studies.design import Opened, design_of

    own("analysis")
    _check_seals(what, output.dry_run)
    options = run_options(spend, resume)
    declared = {} if what.lineage is None else read_lineage(what.lineage)
    asked = what.asked()
    design = design_of(asked, seeds=what.seeds, seed=what.seed, opened=Opened(asking.asked()))
    name = what.named(asked)
    if what.seal is not None:
        _seal(design, what, what.seal, output)
        return
    if what.open_ is not None:
        from sim.study.studies.seals import check_seal, open_seal, read_seal

        sealed = read_seal(what.open_)
        check_seal(sealed, design, what.open_)
    if output.dry_run:
        store = what.store or Path("runs") / f"{name}.db"
        show_estimate(design.trials, design.stages, store, options, output.as_json)
        return
    store = default_store(what.store, f"{name}.db")
    page = what.report or store.with_suffix(".html")
    if not what.no_report:
        check_output(page, "--report")
    refuse_into_itself(store, list(design.models.values()))
    registered = register(design, store)
    if what.open_ is not None:
        # Last: a seal that was opened is spent.
        open_seal(sealed, design, what.open_)
    report = carry_out(
        asked.name, design.trials, design.stages, store, registered.options(options),
        quiet=output.quiet,
    )  # fmt: skip
    if not report.interrupted and report.stopped is None:
        take_in(design, store)
        with measuring_on(options.executor):
            with err().status("measuring"):
                verdict, _ = measured(registered, store, declared)
            _say(registered, verdict, store, None if what.no_report else page, output)
    leave(report, store, options.in_doubt)


def _seal(design: Design, what: StudyOptions, path: Path, output: OutputOptions) -> None:
    """Write the seal of a design."""
    from sim.cli.display.terminal import one_line, out
    from sim.cli.outcomes import to_json
    from sim.study.studies.seals import seal, write_seal

    eligible: dict[str, list[str]] = {}
    for text in what.eligible or []:
        role, equals, beginning = text.partition("=")
        if not equals or not beginning or role not in design.study.stages:
            raise BadRequest(
                f"--eligible {text}: use ROLE=BEGINNING; the roles are "
                f"{', '.join(design.study.stages)}"
            )
        eligible.setdefault(role, []).append(beginning)
    made = seal(design, eligible)
    write_seal(path, made)
    if output.as_json:
        # Not the canary: it is no canary any more where it stands in a log that is published.
        told = {name: made[name] for name in ("study", "hash", "eligible")}
        out().out(to_json({"sealed": str(path), **told}))
    elif not output.quiet:
        models = ", ".join(
            f"{role}={' or '.join(eligible[role])}" if role in eligible else f"any model as {role}"
            for role in design.models
        )
        told_of = f"sealed: {one_line(str(path))} (hash {made['hash']}); eligible: {models}"
        out().print(told_of, soft_wrap=True, highlight=False, markup=False)


def _check_seals(what: StudyOptions, dry_run: bool) -> None:
    """Refuse options of seals that do nothing beside one another."""
    if what.seal is not None and what.open_ is not None:
        raise BadRequest("--seal: goes without --open; a study is sealed first, and opened later")
    if what.seal is not None and dry_run:
        raise BadRequest("--dry-run: goes without --seal, which asks nothing; leave one out")
    if what.eligible and what.seal is None:
        raise BadRequest("--eligible: goes with --seal; a sealed file knows who is eligible")


def _models(study: Study, given: list[str]) -> dict[str, str]:
    """The models by role. One alone plays all roles where these are told apart by nothing else: a
    recording of the study, or roles that all have the same model."""
    models: dict[str, str] = {}
    roles = list(study.stages)
    for text in given:
        role, equals, model = text.partition("=")
        # A model string may hold an equals sign of its own: embedded:base?kappa=0.5
        named = bool(equals) and ":" not in role
        alike = text.startswith("recorded:") or len(set(study.stages.values())) == 1
        if not named and not alike:
            raise BadRequest(
                f"--model {text}: the study {study.name} has {len(roles)} roles; say which, "
                f"as in {' '.join(f'--model {each}={text}' for each in roles)}"
            )
        for each in [role] if named else roles:
            if each in models:
                raise BadRequest(f"--model {text}: {each} has a model already; give it once")
            models[each] = model if named else text
    return models


def _say(
    registered: Registered, verdict: Verdict, store: Path, page: Path | None, output: OutputOptions
) -> None:
    """Print the verdict, and write the report."""
    from sim.cli.display.terminal import err, out
    from sim.cli.outcomes import to_json

    console = err()
    if output.as_json:
        from sim.study.studies.methods import methods

        record = verdict.record() | {
            "store": str(store),
            "report": None if page is None else str(page),
            "registration": {"hash": registered.hash, **registered.first},
            "methods": methods(verdict, registered),
        }
        out().out(to_json(record))
    elif not output.quiet:
        _print(verdict)
    if page is not None:
        from sim.output_files import write_text
        from sim.study.studies.page import page_of

        with console.status("writing the report"):
            made = page_of(verdict, registered, store)
        write_text(page, made, "--report")
        if not output.as_json and not output.quiet:
            from sim.cli.display.terminal import one_line

            out().print(f"report: {one_line(str(page))}", style="dim", soft_wrap=True)


def _print(verdict: Verdict) -> None:
    """The verdict on a terminal: the question, the answer, what is exploratory, what to know."""
    from rich.text import Text

    from sim.cli.display.terminal import out, visible

    console = out()
    wrap = not console.is_terminal

    def said(words: str, style: str = "") -> None:
        console.print(Text(visible(words), style=style), soft_wrap=wrap)

    said(verdict.study.question, "bold")
    told = {each.sentence for each in verdict.primary}
    for place, sentence in enumerate(verdict.sentences):
        said(sentence, "" if sentence in told or place == 0 else "dim")
    exploratory = [each for each in verdict.findings if not each.primary]
    if exploratory:
        said("Exploratory; these decide nothing, and are not corrected for being several:")
        for each in exploratory:
            said(f"  {each.sentence}", "dim")
