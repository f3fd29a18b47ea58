"""``elsinore run``: plan, play, and say what became of the actors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import completion
from sim.cli.option_groups import grouped
from sim.cli.options import (
    AskingOptions,
    Layout,
    Level,
    LogLevel,
    OutputOptions,
    Parameters,
    PlayingOptions,
    ResumeOptions,
    given_values,
    run_options,
)
from sim.cli.stopping_options import StoppingOptions
from sim.errors import BadRequest

if TYPE_CHECKING:
    from sim.calls.prices import Prices
    from sim.cli.people import People
    from sim.planning import Trial
    from sim.planning.scenarios import Scenario
    from sim.runs.options import RunOptions
    from sim.runs.report import RunReport
    from sim.scene.scene import Scene
    from sim.stage.base import Stage
    from sim.stage.surrogate import SurrogateKind
    from sim.study.sequential import BlockPlan


@dataclass(frozen=True)
class PlayOptions:
    """What is played, how often, and where it is kept."""

    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            autocompletion=completion.scenarios,
            help="A name (see elsinore list), or my_file.py:my_scenario",
        ),
    ]
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            envvar="ELSINORE_MODEL",
            autocompletion=completion.models,
            metavar="MODEL",
            show_default="embedded:base",
            help="The stage that plays. Given several times: arms with the same seeds, compared.",
        ),
    ] = None
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            "-n",
            min=1,
            envvar="ELSINORE_TRIALS",
            show_default="20 on embedded stages, all of a recording, 1 where it may cost money "
            "or a person plays",
            help="Trials per model.",
        ),
    ] = None
    seed: Annotated[
        int, typer.Option(min=0, envvar="ELSINORE_SEED", help="Seed of the first trial.")
    ] = 0
    parameter: Parameters = None
    store: Annotated[
        Path | None,
        typer.Option(
            envvar="ELSINORE_STORE",
            autocompletion=completion.stores,
            show_default="runs/SCENARIO.db",
            help="Where everything is kept. What is there already is not played again.",
        ),
    ] = None
    yoked: Annotated[
        bool,
        typer.Option(
            "--yoked",
            envvar="ELSINORE_YOKED",
            help="Also play each actor against partners who talk of other things: what moves it "
            "there is a shared pull, and the rest is interaction.",
        ),
    ] = False
    mute: Annotated[
        bool,
        typer.Option(
            "--mute",
            envvar="ELSINORE_MUTE",
            help="Also play each actor against partners who say nothing.",
        ),
    ] = False
    layout: Annotated[
        Layout | None,
        typer.Option(
            "--layout",
            envvar="ELSINORE_LAYOUT",
            show_default="the scenario's own",
            help="How what an actor sees becomes a prompt. screenplay and author_script are for "
            "base models.",
        ),
    ] = None

    wording: Annotated[
        str | None,
        typer.Option(
            "--wording",
            envvar="ELSINORE_WORDING",
            autocompletion=completion.wordings,
            metavar="NAME",
            show_default="prose-9 for language models, plain-1 for embedded stages",
            help="How the actors are told who they play: prose-1 to prose-9, or plain-1.",
        ),
    ] = None

    @property
    def models(self) -> tuple[str, ...]:
        """The models, as they were named."""
        return tuple(self.model or ["embedded:base"])

    @property
    def surrogates(self) -> tuple[SurrogateKind, ...]:
        """The kinds of surrogates that are played, too."""
        asked: dict[SurrogateKind, bool] = {"yoked": self.yoked, "mute": self.mute}
        return tuple(kind for kind, wanted in asked.items() if wanted)


@dataclass(frozen=True)
class HumanOptions:
    """The actors whom a person plays at the terminal."""

    human: Annotated[
        list[str] | None,
        typer.Option(
            "--human",
            metavar="NAME",
            help="Play this actor yourself, at the terminal; may be given several times.",
        ),
    ] = None
    human_seconds: Annotated[
        float | None,
        typer.Option(
            "--human-seconds",
            metavar="SECONDS",
            help="How long a person has for a turn.",
            show_default="no limit",
        ),
    ] = None
    human_otherwise: Annotated[
        str,
        typer.Option(
            "--human-otherwise",
            metavar="LINE",
            help="What is said when a person says nothing in time: model (the model speaks), "
            "or a line.",
        ),
    ] = "model"

    def people(self) -> People:
        """Who plays. Raises ``BadRequest``."""
        from sim.cli.people import People

        return People(tuple(self.human or ()), self.human_seconds, self.human_otherwise)


@grouped
def run(
    what: PlayOptions,
    until: StoppingOptions,
    spend: PlayingOptions,
    resume: ResumeOptions,
    asking: AskingOptions,
    human: HumanOptions,
    output: OutputOptions,
    log_level: LogLevel = Level.warning,
) -> None:
    """Play a scenario, keep it in a store, and say what became of the actors.

    A run that was interrupted or killed goes on where it was when it is started again.
    """
    from sim.cli.execution import carry_out, default_store, is_free, leave
    from sim.planning import plan_scene, source_digest
    from sim.planning.scenarios import find, own
    from sim.planning.surrogates import surrogate_stages, surrogates_of
    from sim.runs.stages import open_all, open_cast, refuse_into_itself
    from sim.scene.actor import HUMAN

    people = human.people()
    until.refuse_alone(until.measure, until.limits)
    # A person plays one scene at a time.
    spend = replace(spend, concurrency=1) if people.names else spend
    scenario = find(what.scenario)
    options = run_options(spend, resume)  # Refused now, rather than after everything was opened.
    asked = asking.asked()
    count = what.trials or (1 if people.names else _default_trials(what))
    opened = open_all(what.models, asked)
    stages = opened.stages
    scenes = _scenes(scenario, what, people)
    named = list(dict.fromkeys(name for scene, _ in scenes for name in scene.stages))
    cast = open_cast(named, stages, asked)
    if HUMAN in named:
        people.join(cast, stages)
    stages |= cast.stages

    def planned(count: int) -> list[Trial]:
        return [
            trial
            for scene, parameters in scenes
            for trial in plan_scene(
                scene,
                name=scenario.name,
                models=opened.named,
                parameters=parameters,
                trials=count,
                seed=what.seed,
                source=source_digest(scenario.function),
                stages=cast.identities,
            )
        ]

    blocks = None if until.until is None else _blocks(what, until, planned, count, people)
    trials = planned(count) if blocks is None else blocks.trials
    surrogates = surrogates_of(trials, what.surrogates)
    stages |= surrogate_stages(stages, surrogates)
    trials += surrogates
    if output.dry_run:
        store = what.store or _default_store_of(scenario)
        _estimate(trials, stages, store, options.prices, output.as_json)
        if blocks is not None and not output.as_json:
            from sim.cli.display.terminal import out

            out().print("That is the most: it ends when it is decided.", style="dim")
        return
    if not output.quiet:
        own("analysis")  # Refused now, rather than after everything was played.
    store = default_store(what.store, _default_store_of(scenario).name)
    refuse_into_itself(store, what.models)
    if blocks is not None:
        _until_decided(what, blocks, stages, store, options, output)
        return
    report = carry_out(
        what.scenario, trials, stages, store, options, quiet=output.quiet, drawn=not people.names
    )
    if not output.quiet or output.as_json:
        _print_results(
            report, trials, store, is_free(stages), quiet=output.quiet, as_json=output.as_json
        )
    leave(report, store, options.in_doubt)


def _blocks(
    what: PlayOptions,
    until: StoppingOptions,
    planned: Callable[[int], list[Trial]],
    count: int,
    people: People,
) -> BlockPlan:
    """The study that is played until it is decided. Raises ``BadRequest``."""
    from sim.cli.until import Wanted, study_of
    from sim.planning.scenarios import own

    own("analysis")
    if what.surrogates:
        raise BadRequest(
            f"--{what.surrogates[0]}: surrogates decide nothing; play them when it is decided"
        )
    if people.names:
        raise BadRequest("--human: a person plays one trial; leave --until out")
    if count < 2:
        raise BadRequest(
            "--until decided: say how many blocks there can be, as in --trials 200 (seeds a model)"
        )
    wanted = Wanted(until.measure, until.limits, until.margin, until.chosen)
    return study_of(wanted, planned, count, what.seed)


def _until_decided(
    what: PlayOptions,
    plan: BlockPlan,
    stages: dict[str, Stage],
    store: Path,
    options: RunOptions,
    output: OutputOptions,
) -> None:
    """Play until it is decided, and print the results of what was played, and the decision."""
    from sim.cli.display.decisions import record, sentences
    from sim.cli.display.terminal import out
    from sim.cli.execution import is_free, leave
    from sim.cli.until import carry_out, outcome

    report = carry_out(what.scenario, plan, stages, store, options, quiet=output.quiet)
    begun = {result.id for result in report.run.trials}
    trials = [trial for trial in plan.trials if trial.id in begun]
    free = is_free(stages)
    found = outcome(plan, report, store, free)
    if not output.quiet or output.as_json:
        _print_results(
            report.run, trials, store, free, quiet=output.quiet, as_json=output.as_json,
            also={"until": record(found)},
        )  # fmt: skip
    if not output.as_json:
        console = out()
        for sentence in sentences(found):
            console.print(
                sentence, soft_wrap=not console.is_terminal, highlight=False, markup=False
            )
    leave(report.run, store, options.in_doubt)


def _default_trials(what: PlayOptions) -> int:
    """How many trials are played unless it is said: 20 where they are free, 1 where they may cost
    money, all of a recording."""
    from sim.runs.stages import RECORDED, trials_recorded

    if all(model.startswith(RECORDED) for model in what.models):
        return trials_recorded(what.models, what.scenario)
    return 20 if all(model.startswith(("embedded:", "fixed:")) for model in what.models) else 1


def _estimate(
    trials: list[Trial],
    stages: dict[str, Stage],
    store: Path,
    prices: Prices | None,
    as_json: bool,
) -> None:
    """Print what a run would take, without a call."""
    import asyncio

    from sim.calls.prices import Prices
    from sim.cli.display.costs import show_estimates
    from sim.runs.estimate import estimate

    table = prices or Prices.load()
    estimates = asyncio.run(estimate(trials, stages, store, table))
    show_estimates(estimates, table.date, as_json)


def _scenes(
    scenario: Scenario, what: PlayOptions, people: People
) -> list[tuple[Scene, dict[str, Any]]]:
    """The scenes with the layout and the people that were asked for, each with its parameters."""
    from sim.cli.arms import typed
    from sim.planning.canonical_form import canonical
    from sim.planning.scenarios import build, grid
    from sim.scene.prose import Prose, wording_named

    wording = None if what.wording is None else wording_named(what.wording)
    if isinstance(wording, Prose) and any(m.startswith("embedded:") for m in what.models):
        raise BadRequest(
            f"--wording: an embedded stage reads no prose, and {what.wording} would be noise "
            "to it; use plain-1, or leave it out"
        )
    scenes = []
    made: dict[str, str] = {}
    for parameters in grid(scenario, given_values(what.parameter)):
        scene = build(scenario, parameters)
        if what.layout is not None:
            # Checked anew, so that a scene that cannot have this layout is refused.
            scene = scene.replace(layout=what.layout.value)
        if wording is not None:
            scene = scene.replace(wording=wording)
        plain = {each.name: each.plain(parameters[each.name]) for each in scenario.parameters}
        told = ", ".join(f"{name}={typed(value)}" for name, value in plain.items())
        other = made.setdefault(canonical(scene), told)
        if other != told:
            raise BadRequest(
                f"-P: {other} and {told} make the same scene, so they would be one arm; "
                f"use one of them, or let {scenario.name} use what differs"
            )
        scenes.append((people.into(scene), plain))
    return scenes


def _default_store_of(scenario: Scenario) -> Path:
    """The default store of a scenario."""
    from sim.cli.execution import DEFAULT_FOLDER

    return DEFAULT_FOLDER / f"{scenario.name.rpartition(':')[2]}.db"


def _print_results(
    report: RunReport,
    trials: list[Trial],
    store: Path,
    free: bool,
    *,
    quiet: bool,
    as_json: bool,
    also: Mapping[str, Any] | None = None,
) -> None:
    """Measure, and print the results. Loads pandas and scipy, which are slow, only here."""
    from contextlib import nullcontext

    from sim.cli.display.terminal import err, out
    from sim.cli.execution import Interrupted

    early = report.interrupted or report.stopped is not None
    if early and not as_json:
        return  # after Ctrl-C nobody wants to wait for the measures
    from sim.cli.outcomes import measure, to_json, unmeasured

    if early:
        out().out(to_json({**unmeasured(report, trials, store), **(also or {})}))
        return
    console = err()
    shown = console.is_terminal and not console.is_dumb_terminal and not quiet
    waiting = console.status("measuring what became of the actors") if shown else nullcontext()
    try:
        with waiting:
            record = measure(report, trials, store)
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted while measuring; everything is played and stored, so the same command "
            "goes straight on to the result"
        ) from None
    if as_json:
        out().out(to_json({**record, **(also or {})}))
        return
    from sim.cli.display.costs import summary
    from sim.cli.display.run_results import show

    show(record, out())
    spent = summary(report, free)
    if spent is not None:
        out().print(spent)
