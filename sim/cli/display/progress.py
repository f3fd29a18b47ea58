"""The live line of a run, and the watcher that it is drawn from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sim.cli.display.terminal import one_line, visible
from sim.events import Event, Status, Turn, Usage
from sim.planning import Trial

_STOPPING = "finishing what is in flight; press Ctrl-C again to abort"
_ABORTING = "aborting; calls in flight stay in doubt"


class Progress:
    """A line that says how far a run is: trials, turns, turns a second, cost.

    Events only update counts, in less than a microsecond each; another thread draws the line a few
    times a second. If ``console`` is None nothing is printed; without ``drawn`` only messages about
    Ctrl-C are.
    """

    def __init__(
        self,
        name: str,
        trials: int,
        longest: Mapping[str, int],
        free: bool,
        console: Console | None,
        drawn: bool = True,
    ) -> None:
        self.name = visible(name)
        self.trials = trials
        self.longest = longest
        self.free = free
        self.console = console
        self.ended = 0
        self.turns = 0
        self.tokens = 0
        self.usd: float | None = 0.0
        self.playing: dict[str, float] = {}
        self.note = ""
        self.latest: Turn | None = None
        self.began = time.monotonic()
        self._live = (
            None
            if console is None or not drawn
            else Live(
                get_renderable=self.line, console=console, transient=True, refresh_per_second=8
            )
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    # -- the watcher -------------------------------------------------------------------------

    def trial_started(self, trial: Trial) -> None:
        self.playing[trial.id] = 0.0

    def saw(self, trial: Trial, event: Event) -> None:
        if isinstance(event, Turn):
            self.turns += 1
            self.latest = event
            self.playing[trial.id] = min(1.0, event.index / self.longest[trial.id])

    def paid(self, usage: Usage) -> None:
        """A call was answered. (Events do not tell calls from replies of the cache.)"""
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        # One unknown price makes the sum unknown; it does not count as zero.
        if usage.usd is None:
            self.usd = None
        elif self.usd is not None:
            self.usd += usage.usd

    def trial_ended(self, trial: Trial, status: Status) -> None:
        self.playing.pop(trial.id, None)
        if status != "planned":
            self.ended += 1

    def interrupted(self, times: int) -> None:
        """Ctrl-C was pressed, for the first time or again."""
        self.note = _STOPPING if times == 1 else _ABORTING
        if self._live is None and self.console is not None:
            self.console.print(Text(f"\n{self.note}"))

    # -- drawing -----------------------------------------------------------------------------

    def cost(self) -> str:
        """What the calls cost, as far as that is known."""
        if self.free:
            return "free"
        return f"{self.tokens:,} tokens" if self.usd is None else f"${self.usd:.4f}"

    def line(self) -> Table:
        """The line, as it is now."""
        # A copy, because the event loop changes it while this thread draws.
        share = (self.ended + sum(self.playing.copy().values())) / max(self.trials, 1)
        seconds = max(time.monotonic() - self.began, 1e-9)
        facts = (
            f"{self.ended}/{self.trials} trials · {self.turns:,} turns · "
            f"{self.turns / seconds:,.0f} turns/s · {self.cost()}"
        )
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True, overflow="ellipsis")
        grid.add_column()
        grid.add_column(no_wrap=True)
        grid.add_row(
            Text(self.name, style="bold"),
            ProgressBar(total=1.0, completed=min(share, 1.0), width=16),
            Text(facts),
        )
        return self.below(grid)

    def below(self, first: Table) -> Table:
        """A line with what is being said below it."""
        lines = Table.grid()
        lines.add_column(no_wrap=True, overflow="ellipsis")
        lines.add_row(first)
        latest = self.latest
        if latest is not None:
            said = one_line(f"{latest.speaker}: {latest.text}")
            lines.add_row(Text(said, style="dim", no_wrap=True, overflow="ellipsis"))
        if self.note:
            lines.add_row(Text(self.note, style="yellow"))
        return lines
