"""Carrying out trials for the command: progress, Ctrl-C, and the exit code."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

from rich.console import Console
from rich.text import Text

from sim.cli.display.progress import Progress
from sim.cli.display.terminal import command_line, err, visible
from sim.errors import ElsinoreError, RunFailed
from sim.planning import Trial
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.stage.base import Stage, info_of
from sim.store import open_store

log = logging.getLogger(__name__)

Report = TypeVar("Report")
_Arguments = TypeVarTuple("_Arguments")


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that reports each Ctrl-C, besides what the run's own handler does."""

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


def progress_console(quiet: bool) -> Console | None:
    """The console for progress: standard error if it is a terminal, else None."""
    console = err()
    return console if console.is_terminal and not console.is_dumb_terminal and not quiet else None


def carry_out(
    title: str,
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    store: Path,
    options: RunOptions,
    *,
    quiet: bool = False,
    drawn: bool = True,
) -> RunReport:
    """Play trials into a store, with a line of progress on a terminal. Closes the stages.

    ``drawn`` is False where a person types on the terminal, whom a live line would disturb.
    """
    longest = {trial.id: trial.scene.ends.bound() or 1 for trial in trials}
    name = title.rpartition("/")[2]
    console = progress_console(quiet)
    progress = Progress(name, len(trials), longest, is_free(stages), console, drawn)
    return on_a_loop(
        progress, stages, lambda: run_trials(trials, stages, store, options, watch=progress)
    )


def on_a_loop(
    progress: Progress, stages: Mapping[str, Stage], play: Callable[[], Coroutine[Any, Any, Report]]
) -> Report:
    """Run a coroutine with progress drawn and Ctrl-C reported. Closes the stages."""
    with progress, asyncio.Runner(loop_factory=_Loop) as runner:
        cast(_Loop, runner.get_loop()).told = progress.interrupted

        async def played() -> Report:
            try:
                return await play()
            finally:
                await close_all(stages.values())

        return runner.run(played())


def show_estimate(
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    store: Path,
    options: RunOptions,
    as_json: bool,
) -> None:
    """Print what trials would take; nothing is asked. Closes no stages, since none was used."""
    from sim.calls.prices import Prices
    from sim.cli.display.costs import show_estimates
    from sim.runs.estimate import estimate

    table = options.prices or Prices.load()
    show_estimates(asyncio.run(estimate(trials, stages, store, table)), table.date, as_json)


def is_free(stages: Mapping[str, Stage]) -> bool:
    """Whether none of the stages costs anything."""
    return all(info_of(stage).free for stage in stages.values())


def leave(report: RunReport, store: Path, in_doubt: str) -> None:
    """Warn of calls in doubt; raise if the run was interrupted, stopped, or has failed trials."""
    failed = [result for result in report.trials if result.status == "failed"]
    again = command_line(*sys.argv[1:])
    if report.in_doubt:
        log.warning(
            "%d calls were in doubt after an earlier run: %s",
            len(report.in_doubt),
            "asked again" if in_doubt == "ask" else "left missing",
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
    """Ctrl-C was pressed; everything that was played is stored."""

    exit_code = 130


class TrialsFailed(RunFailed):
    """Some trials failed; they are in the store, and the others were played."""


def _first_failure(store: Path, trial: str) -> str | None:
    """What went wrong first in a trial, for a message; None if nothing is known."""
    try:
        with open_store(store) as stored:
            failure = stored.trial(trial).first_failure
    except ElsinoreError:
        return None
    if failure is None:
        return None
    return f"first: turn {failure.turn}, {failure.reason}: {failure.message}"


def default_store(asked: Path | None, name: str) -> Path:
    """The store that was asked for, or ``name`` in the folder ``runs``.

    Only ``runs`` is created: another folder that does not exist is perhaps misspelt.
    """
    if asked is not None:
        return asked
    try:
        DEFAULT_FOLDER.mkdir(exist_ok=True)
    except OSError as error:
        raise RunFailed(f"the folder runs cannot be created ({error.strerror})") from error
    return DEFAULT_FOLDER / name


DEFAULT_FOLDER = Path("runs")
