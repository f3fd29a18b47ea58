"""Carrying out trials for the command: progress, Ctrl-C, and the exit code."""

from __future__ import annotations

import asyncio
import logging
import shlex
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

from rich.console import Console
from rich.text import Text

from sim.calls.budget import Budget
from sim.calls.prices import Prices
from sim.cli.display.progress import Progress
from sim.cli.display.terminal import err, visible
from sim.errors import ElsinoreError, RunFailed
from sim.planning import Trial
from sim.runs import RunReport, run
from sim.stage.base import Stage
from sim.stage.open import close_stage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms trials are carried out: the options that subcommands share."""

    concurrency: int = 16
    durable: str = "normal"
    in_doubt: str = "ask"
    retry_failed: bool = False
    cache: bool = True
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_minutes: float | None = None
    prices: Path | None = None
    quiet: bool = False
    # A line that is drawn again and again is in the way of a person who types.
    draw: bool = True

    def budget(self) -> Budget | None:
        """What may be spent, if anything is limited."""
        limits = (self.budget_usd, self.budget_tokens, self.budget_minutes)
        return None if limits == (None, None, None) else Budget(*limits)

    def table(self) -> Prices | None:
        """The user's own prices, if there are any."""
        return None if self.prices is None else Prices.load(self.prices)

    def console(self) -> Console | None:
        """Where progress is told, or None."""
        console = err()
        tells = console.is_terminal and not console.is_dumb_terminal and not self.quiet
        return console if tells else None

    def keywords(self) -> dict[str, Any]:
        """As keywords of ``run``."""
        return {
            "concurrency": self.concurrency,
            "durable": self.durable,
            "in_doubt": self.in_doubt,
            "retry_failed": self.retry_failed,
            "cache": None if self.cache else False,
            "budget": self.budget(),
            "prices": self.table(),
        }


Report = TypeVar("Report")
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


def carry_out(
    title: str,
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    store: Path,
    terms: Terms,
) -> RunReport:
    """Play trials into a store, with a line of progress on a terminal. Closes the stages."""
    how = terms.keywords()
    longest = {trial.id: trial.scene.ends.bound() or 1 for trial in trials}
    name = title.rpartition("/")[2]
    free = is_free(stages)
    progress = Progress(name, len(trials), longest, free, terms.console(), terms.draw)
    return on_a_loop(progress, stages, lambda: run(trials, stages, store, watch=progress, **how))


def on_a_loop(
    progress: Progress, stages: Mapping[str, Stage], play: Callable[[], Coroutine[Any, Any, Report]]
) -> Report:
    """Run to the end with progress drawn and Ctrl-C told. Closes the stages."""
    with progress, asyncio.Runner(loop_factory=_Loop) as runner:
        cast(_Loop, runner.get_loop()).told = progress.interrupted

        async def played() -> Report:
            try:
                return await play()
            finally:
                for stage in stages.values():
                    await close_stage(stage)

        return runner.run(played())


def is_free(stages: Mapping[str, Stage]) -> bool:
    """Whether none of the stages costs anything."""
    return all(getattr(stage, "free", False) for stage in stages.values())


def leave(report: RunReport, store: Path, in_doubt: str) -> None:
    """Say what a reader of the table must not miss, and leave with the exit code."""
    failed = [result for result in report.trials if result.status == "failed"]
    again = " ".join(shlex.quote(word) for word in ["elsinore", *sys.argv[1:]])
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
    """Ctrl-C, where nothing is lost by it."""

    exit_code = 130


class TrialsFailed(RunFailed):
    """Trials that failed: they are in the store, and the run went on to its end."""


def _first_failure(store: Path, trial: str) -> str | None:
    try:
        return cast(str | None, import_module("sim.cli.stored").first_failure(store, trial))
    except ElsinoreError:
        return None
