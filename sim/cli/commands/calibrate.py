"""``elsinore calibrate``: how good instruments are on a model, from scenes with a secret."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import (
    Layout,
    Level,
    LimitOptions,
    LogLevel,
    OutputOptions,
    PlayingOptions,
    ResumeOptions,
    SamplingOptions,
    run_options,
)

if TYPE_CHECKING:
    from analysis.calibration.instruments.base import Instrument
    from analysis.evidence.scoring import Asked
    from sim.planning import Trial
    from sim.stage.base import Stage
    from sim.study.calibration.plants import Planting


@dataclass(frozen=True)
class InstrumentOptions:
    """What is calibrated, and by whom lines are judged."""

    instrument: Annotated[
        list[str] | None,
        typer.Option(
            "--instrument",
            "-i",
            autocompletion=completion.detectors,
            metavar="INSTRUMENT",
            show_default="all of ours",
            help="One of ours (flips, triggered_flips, spoken_flips, hostility, collapse, stance, "
            "agreement), file.py:function, regex:PATTERN, a rubric (FILE.toml), petri:FILE.md, or "
            "scout:MODULE:SCANNER; what it is for may stand before it, as in "
            "hostility=regex:fool. May be given several times.",
        ),
    ] = None
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            autocompletion=completion.models,
            envvar="ELSINORE_READER",
            help="The model that judges ask, and that says, blind, whether the model followed.",
        ),
    ] = None
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            autocompletion=completion.models,
            show_default="the model itself if it is embedded",
            help="An embedded model whose probabilities are the exact limit of what it played "
            "through a server (--limit embedded:base).",
        ),
    ] = None
    calibrations: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            envvar="ELSINORE_CALIBRATIONS",
            show_default="runs/calibrations",
            help="Where results are kept, for elsinore analyze to find.",
        ),
    ] = None


@dataclass(frozen=True)
class PlantingOptions:
    """What is played."""

    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            envvar="ELSINORE_MODEL",
            autocompletion=completion.models,
            metavar="MODEL",
            help="The model on which instruments are tried: whose texts they will read.",
        ),
    ]
    scenes: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="24 where they are free, 12 where they may cost money",
            help="Scenes; each is played once with every plant. Under ten no threshold is fitted.",
        ),
    ] = None
    turns: Annotated[int, typer.Option(help="Turns of a scene.")] = 16
    plant: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=completion.plants,
            metavar="PLANT",
            show_default="all",
            help="What is planted: sham, contagion, swap, swap_half, swap_weak, third, stance, "
            "hostility, agreement, collapse, grown (nothing: what an embedded model's characters "
            "become by themselves). May be given several times.",
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first scene.")] = 0
    store: Annotated[
        Path | None,
        typer.Option(
            autocompletion=completion.stores,
            show_default="runs/calibration.db",
            help="Where the scenes are kept. What is there already is not played again.",
        ),
    ] = None
    layout: Annotated[
        Layout,
        typer.Option(help="How what an actor sees becomes a prompt; screenplay for base models."),
    ] = Layout.persona_first
    wording: Annotated[
        str | None,
        typer.Option(
            autocompletion=completion.wordings,
            metavar="NAME",
            show_default="prose-9 for language models, plain-1 for embedded stages",
            help="How the actors are told who they play.",
        ),
    ] = None


@grouped
def calibrate(
    what: PlantingOptions,
    instruments: InstrumentOptions,
    spend: PlayingOptions,
    resume: ResumeOptions,
    sampling: SamplingOptions,
    limits: LimitOptions,
    output: OutputOptions,
    log_level: LogLevel = Level.warning,
) -> None:
    """Say how good instruments are on a model, from scenes with something planted.

    Told are sensitivity, false alarms, delay and reliability, with intervals. The model plays
    scenes in which, in secret, something is planted: swaps of a persona, shams, changes of side,
    hostility, agreement, an assistant. Instruments of anybody are tried on them. What came out is
    kept, and elsinore analyze prints it beside its results. A run that was interrupted goes on
    where it was when it is started again.
    """
    from sim.cli.execution import carry_out, default_store, is_free, leave
    from sim.planning.scenarios import own
    from sim.runs.stages import open_all, refuse_into_itself

    own("analysis")  # Before anything of it is imported.
    from analysis.calibration.stored import folder_of, refuse_if_no_folder
    from sim.study.measuring import measuring_on

    refuse_if_no_folder(folder_of(instruments.calibrations))
    options = run_options(spend, resume)
    asked = limits.models(sampling.sampling())
    with ExitStack() as ending:
        reader = _reader(instruments.reader, what, ending)
        wanted = _instruments(instruments, reader)
        opened = open_all([what.model], asked)
        [(model, identity)] = opened.named
        stage = opened.stages[identity]
        exact = _exact(instruments.limit, what.model, stage)
        plan = _plan(what, wanted, free=is_free(opened.stages), exact=exact is not None)
        trials = plan.trials(model, identity)
        played = [trial for trial, _ in trials]
        if output.dry_run:
            _estimate(played, opened.stages, what, wanted, options.prices, output.as_json)
            return
        store = default_store(what.store, "calibration.db")
        refuse_into_itself(store, [what.model])
        report = carry_out("calibration", played, opened.stages, store, options, quiet=output.quiet)
        if report.interrupted or report.stopped is not None:
            leave(report, store, options.in_doubt)
        with measuring_on(options.executor):
            _calibrated(
                store, trials, plan, wanted, (reader, exact), instruments.calibrations, output
            )
        leave(report, store, options.in_doubt)


def _reader(model: str | None, what: PlantingOptions, ending: ExitStack) -> Asked | None:
    """The model that judges; its answers are kept beside the store."""
    if model is None:
        return None
    from analysis.evidence.scoring import Asked
    from sim import open_stage

    store = what.store or Path("runs") / "calibration.db"
    scores = store.with_name(f"{store.name}.scores.jsonl")
    return ending.enter_context(Asked(open_stage(model), scores))


def _instruments(wanted: InstrumentOptions, reader: Asked | None) -> list[Instrument]:
    from analysis.calibration.instruments.identity import NAMES
    from analysis.calibration.instruments.specifications import open_instruments

    return open_instruments(wanted.instrument or NAMES, reader)


def _exact(limit: str | None, model: str, stage: Stage) -> Stage | None:
    """The stage whose probabilities are the limit, if there is one."""
    from sim.errors import BadRequest
    from sim.stage.open import open_model

    if limit is None:
        return stage if model.startswith("embedded:") else None
    if not limit.startswith("embedded:"):
        raise BadRequest(f"--limit {limit}: only an embedded model knows the limit; leave it out")
    return open_model(limit)


def _plan(what: PlantingOptions, wanted: list[Instrument], *, free: bool, exact: bool) -> Planting:
    from sim.scene.prose import wording_named
    from sim.study.calibration.plants import Planting, plants_for

    return Planting(
        scenes=what.scenes or (24 if free else 12),
        turns=what.turns,
        plants=tuple(what.plant or plants_for([each.detects for each in wanted], exact)),
        layout=what.layout.value,
        wording=None if what.wording is None else wording_named(what.wording),
        seed=what.seed,
    )


def _estimate(
    trials: list[Trial], stages: dict[str, Stage], what: PlantingOptions, wanted: list[Instrument],
    prices: object, as_json: bool,
) -> None:  # fmt: skip
    """Print what would be played, without a call."""
    import asyncio

    from analysis.calibration.talks import needed
    from sim.calls.prices import Prices
    from sim.cli.display.costs import show_estimates
    from sim.cli.display.terminal import out
    from sim.runs.estimate import estimate

    table = prices if isinstance(prices, Prices) else Prices.load()
    store = what.store or Path("runs") / "calibration.db"
    estimates = asyncio.run(estimate(trials, stages, store, table))
    show_estimates(estimates, table.date, as_json)
    if not as_json:
        counts: dict[str, int] = {}
        for trial in trials:
            plant = str(trial.parameters["plant"])
            counts[plant] = counts.get(plant, 0) + 1
        told = ", ".join(f"{count} {plant}" for plant, count in counts.items())
        out().out(f"Scenes: {told}. What scenes of one number share is asked once.")
        for judge in (each for each in wanted if each.samples):
            shown = sum(counts.get(plant, 0) for plant in needed(judge.detects, cheap=False))
            lines = shown * (what.turns // 2)
            out().out(f"{judge.name}, besides: {lines:,} lines at most, each judged twice.")


def _calibrated(
    store: Path, trials: list[tuple[Trial, Any]], plan: Planting, wanted: list[Instrument],
    how: tuple[Asked | None, Stage | None], folder: Path | None, output: OutputOptions,
) -> None:  # fmt: skip
    """Read what was played, keep what came out, and print it."""
    from analysis.calibration.stored import folder_of, record, save
    from sim.cli.display.calibrations import show
    from sim.cli.display.terminal import err, out
    from sim.study.calibration.run import Readers, calibrate

    reader, exact = how
    with err().status("reading") as status:
        reading = Readers(reader, exact, lambda text: status.update(f"reading: {text}"))
        found = calibrate(store, trials, plan, wanted, reading)
    paths = save(found, folder_of(folder))
    if output.as_json:
        records = [record(each) for each in found]
        files = [str(path) for path in paths]
        whole = {"store": str(store), "calibrations": records, "files": files}
        out().out(json.dumps(whole, allow_nan=False))
    elif not output.quiet:
        show(found, folder_of(folder), out())
