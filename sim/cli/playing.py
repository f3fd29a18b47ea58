"""``elsinore run``: plan, play, and say what became of the actors."""

from __future__ import annotations

import asyncio
import logging
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVarTuple, Unpack, cast

from rich.text import Text

from sim.cli.asking import Asking, open_stages
from sim.cli.progress import Progress
from sim.cli.replaying import open_all, refuse_into_itself
from sim.cli.terminal import err, out, visible
from sim.errors import BadRequest, ElsinoreError, RunFailed
from sim.planning import Trial, plan_scene, source_digest
from sim.running import RunReport, estimate, run
from sim.scenario import Scenario, build, find, own, read
from sim.scene import Scene
from sim.stage.base import Stage
from sim.stage.budget import Budget
from sim.stage.models import close_stage
from sim.stage.prices import Prices
from sim.study.yoked import yoked, yoked_stages

log = logging.getLogger(__name__)

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
    concurrency: int
    durable: str
    in_doubt: str
    yoked: bool
    retry_failed: bool
    cache: bool
    budget_usd: float | None
    budget_tokens: int | None
    budget_minutes: float | None
    prices: Path | None
    dry_run: bool
    as_json: bool
    quiet: bool


def command(options: Options) -> None:
    """Play what was asked for.

    Leaves with 1 if a trial failed or the budget was spent, and with 130 after Ctrl-C.
    """
    scenario = find(options.scenario)
    budget = _budget(options)
    prices = None if options.prices is None else Prices.load(options.prices)
    stages, models = open_all(options.models, lambda models: open_stages(models, options.asking))
    trials = _plan(scenario, options, models)
    if options.yoked:
        surrogates = yoked(trials)
        stages |= yoked_stages(stages, surrogates)
        trials += surrogates
    if options.dry_run:
        _estimate(trials, stages, scenario, prices, options)
        return
    if not options.quiet:
        own("analysis")  # Refused now, rather than after everything was played.
    store = _store(options.store, scenario)
    refuse_into_itself(store, options.models)
    report = _play(trials, stages, store, budget, prices, options)
    if not options.quiet or options.as_json:
        _tell(report, trials, store, _free(stages), options)
    _leave(report, store, options)


def _budget(options: Options) -> Budget | None:
    limits = (options.budget_usd, options.budget_tokens, options.budget_minutes)
    return None if limits == (None, None, None) else Budget(*limits)


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
    import_module("sim.cli.spending").show_estimates(found, table.date, options.as_json)


def _plan(scenario: Scenario, options: Options, models: list[tuple[str, str]]) -> list[Trial]:
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
    return plan_scene(
        scene,
        name=scenario.name,
        models=models,
        parameters={each.name: each.plain(parameters[each.name]) for each in scenario.parameters},
        trials=options.trials,
        seed=options.seed,
        source=source_digest(scenario.function),
    )


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


_Arguments = TypeVarTuple("_Arguments")


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that tells of Ctrl-C. The run itself decides what it means."""

    told: Callable[[int], None] = staticmethod(lambda times: None)
    times = 0

    def add_signal_handler(
        self, sig: int, callback: Callable[[Unpack[_Arguments]], Any], *args: *_Arguments
    ) -> None:
        def handler() -> None:
            self.times += 1
            self.told(self.times)
            callback(*args)

        super().add_signal_handler(sig, handler)


def _play(
    trials: list[Trial],
    stages: dict[str, Stage],
    store: Path,
    budget: Budget | None,
    prices: Prices | None,
    options: Options,
) -> RunReport:
    console = err()
    draw = console.is_terminal and not console.is_dumb_terminal and not options.quiet
    longest = {trial.id: trial.scene.ends.bound() or 1 for trial in trials}
    free = _free(stages)
    with (
        Progress(
            options.scenario.rpartition("/")[2],
            len(trials),
            longest,
            free,
            console if draw else None,
        ) as progress,
        asyncio.Runner(loop_factory=_Loop) as runner,
    ):
        cast(_Loop, runner.get_loop()).told = progress.interrupted

        async def played() -> RunReport:
            try:
                return await run(
                    trials,
                    stages,
                    store,
                    concurrency=options.concurrency,
                    durable=cast(Literal["normal", "full"], options.durable),
                    in_doubt=cast(Literal["ask", "missing"], options.in_doubt),
                    retry_failed=options.retry_failed,
                    watch=progress,
                    cache=None if options.cache else False,
                    budget=budget,
                    prices=prices,
                )
            finally:
                for stage in stages.values():
                    await close_stage(stage)

        return runner.run(played())


def _free(stages: Mapping[str, Stage]) -> bool:
    return all(getattr(stage, "free", False) for stage in stages.values())


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
    shown = console.is_terminal and not console.is_dumb_terminal and not options.quiet
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
    import_module("sim.cli.tables").show(found, out())
    spent = import_module("sim.cli.spending").summary(report, free)
    if spent is not None:
        out().print(spent)


def _leave(report: RunReport, store: Path, options: Options) -> None:
    """Say what a reader of the table must not miss, and leave with the exit code."""
    failed = [result for result in report.trials if result.status == "failed"]
    again = " ".join(shlex.quote(word) for word in ["elsinore", *sys.argv[1:]])
    if report.in_doubt:
        log.warning(
            "%d calls were in doubt after an earlier run: %s",
            len(report.in_doubt),
            "asked again" if options.in_doubt == "ask" else "left missing",
        )
    if report.interrupted:
        left = sum(result.status == "planned" for result in report.trials)
        doubt = f"; {len(report.left_in_doubt)} calls are in doubt" if report.left_in_doubt else ""
        raise Interrupted(
            f"interrupted with {left} of {len(report.trials)} trials to go{doubt}; "
            f"to go on, run the same command: {again}"
        )
    if report.stopped is not None:
        left = sum(result.status == "planned" for result in report.trials)
        raise RunFailed(
            f"{report.stopped}; {left} of {len(report.trials)} trials are to go: to go on, run the "
            f"same command with a larger budget: {again}"
        )
    if failed:
        first, _, difference = (_first_failure(store, failed[0].id) or "").partition("\n")
        if difference:
            err().print(Text(visible(difference)))
        raise TrialsFailed(
            f"{len(failed)} of {len(report.trials)} trials failed ({first or failed[0].reason}); "
            "to play them again, add --retry-failed to the same command"
        )


class Interrupted(ElsinoreError):
    """Ctrl-C, where nothing is lost by it."""

    exit_code = 130


class TrialsFailed(RunFailed):
    """Trials that failed: they are in the store, and the run went on to its end."""


def _first_failure(store: Path, trial: str) -> str | None:
    try:
        return cast(str | None, import_module("sim.cli.stored").first_failure(store, trial))
    except ElsinoreError:
        return None
