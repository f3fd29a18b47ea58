"""``elsinore run``: plan, play, and say what became of the actors."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sim.calls.prices import Prices
from sim.cli.asking import Asking, open_stages
from sim.cli.carrying import Interrupted, Terms, carry_out, is_free, leave
from sim.cli.casting import People, open_cast, with_people
from sim.cli.display.terminal import err, out
from sim.cli.replaying import open_all, refuse_into_itself
from sim.errors import BadRequest, RunFailed
from sim.planning import Trial, plan_scene, source_digest
from sim.planning.scenarios import Scenario, build, find, own, read
from sim.runs import RunReport, estimate
from sim.scene.scene import Scene
from sim.stage.base import Stage
from sim.study.yoked import yoked, yoked_stages

_DEFAULT_FOLDER = Path("runs")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    scenario: str
    models: tuple[str, ...]
    asking: Asking
    trials: int
    seed: int
    parameters: tuple[str, ...]
    layout: str | None
    store: Path | None
    yoked: bool
    people: People
    terms: Terms
    dry_run: bool
    as_json: bool


def command(options: Options) -> None:
    """Play what was asked for.

    Leaves with 1 if a trial failed or the budget was spent, and with 130 after Ctrl-C.
    """
    scenario = find(options.scenario)
    terms = options.terms
    terms.budget()  # Refused now, rather than after everything was opened.
    prices = terms.table()
    stages, models = open_all(options.models, lambda models: open_stages(models, options.asking))
    scene, parameters = _scene(scenario, options)
    more, identities = open_cast(scene.stages, stages, options.asking, options.people)
    stages |= more
    trials = plan_scene(
        scene,
        name=scenario.name,
        models=models,
        parameters=parameters,
        trials=options.trials,
        seed=options.seed,
        source=source_digest(scenario.function),
        stages=identities,
    )
    if options.yoked:
        if identities:
            raise BadRequest(
                "--yoked: this scene names stages of its own for some actors, whom surrogates "
                "cannot replace; leave it out"
            )
        surrogates = yoked(trials)
        stages |= yoked_stages(stages, surrogates)
        trials += surrogates
    if options.dry_run:
        _estimate(trials, stages, scenario, prices, options)
        return
    if not terms.quiet:
        own("analysis")  # Refused now, rather than after everything was played.
    store = _store(options.store, scenario)
    refuse_into_itself(store, options.models)
    report = carry_out(options.scenario, trials, stages, store, terms)
    if not terms.quiet or options.as_json:
        _tell(report, trials, store, is_free(stages), options)
    leave(report, store, terms.in_doubt)


def _estimate(
    trials: list[Trial],
    stages: dict[str, Stage],
    scenario: Scenario,
    prices: Prices | None,
    options: Options,
) -> None:
    """Say what a run would take, without a call."""
    table = prices or Prices.load()
    store = options.store or _DEFAULT_FOLDER / _default_name(scenario)
    found = asyncio.run(estimate(trials, stages, store, table))
    import_module("sim.cli.display.costs").show_estimates(found, table.date, options.as_json)


def _scene(scenario: Scenario, options: Options) -> tuple[Scene, dict[str, Any]]:
    """The scene that was asked for, and the parameters that made it."""
    given: dict[str, str] = {}
    for text in options.parameters:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadRequest(f"-P {text}: is no parameter; write -P name=value")
        if name in given:
            raise BadRequest(f"-P {text}: {name} is given twice; give it once")
        given[name] = value
    parameters = read(scenario, given)
    scene = build(scenario, parameters)
    if options.layout is not None:
        # Built again, so that a scene that cannot have this layout is refused.
        fields = {name: getattr(scene, name) for name in type(scene).model_fields}
        scene = Scene(**fields | {"layout": options.layout})
    if options.people.names:
        scene = with_people(scene, options.people)
    return scene, {each.name: each.plain(parameters[each.name]) for each in scenario.parameters}


def _store(asked: Path | None, scenario: Scenario) -> Path:
    """Where the run is kept. Only the default folder is created: a misspelt one should not be."""
    if asked is not None:
        return asked
    try:
        _DEFAULT_FOLDER.mkdir(exist_ok=True)
    except OSError as error:
        raise RunFailed(f"the folder runs cannot be created ({error.strerror})") from error
    return _DEFAULT_FOLDER / _default_name(scenario)


def _default_name(scenario: Scenario) -> str:
    return f"{scenario.name.rpartition(':')[2]}.db"


def _tell(
    report: RunReport, trials: list[Trial], store: Path, free: bool, options: Options
) -> None:
    """Measure, and print the result. What measures is loaded now: pandas and scipy are slow."""
    early = report.interrupted or report.stopped is not None
    if early and not options.as_json:
        return  # whoever presses Ctrl-C does not want to wait for the measures
    results = import_module("sim.cli.results")
    if early:
        out().out(results.to_json(results.unmeasured(report, trials, store)))
        return
    console = err()
    shown = console.is_terminal and not console.is_dumb_terminal and not options.terms.quiet
    waiting = console.status("measuring what became of the actors") if shown else nullcontext()
    try:
        with waiting:
            found = results.measure(report, trials, store)
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted while measuring; everything is played and stored, so the same command "
            "goes straight on to the result"
        ) from None
    if options.as_json:
        out().out(results.to_json(found))
        return
    import_module("sim.cli.display.run_tables").show(found, out())
    spent = import_module("sim.cli.display.costs").summary(report, free)
    if spent is not None:
        out().print(spent)
