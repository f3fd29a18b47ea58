"""The live table of a tournament: standings, progress, time and cost."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sim.cli.display.progress import Progress
from sim.cli.display.tables import NONE, table
from sim.cli.display.terminal import one_line
from sim.tournament import Leg, Meeting, Tournament, standings
from sim.tournament.scoring import Scores, score_of_leg, with_scores

_FRAME = 6
"""Lines of the terminal that the table leaves free, above and below it."""

_AT_MOST_EVERY = 0.5
"""Least seconds between two computations of the standings, which are slow with many entrants."""


class TournamentProgress(Progress):
    """A line as ``Progress`` has it, above the standings as they are now."""

    def __init__(
        self, tournament: Tournament, debates: int, free: bool, console: Console | None,
        drawn: bool = True,
    ) -> None:  # fmt: skip
        self.tournament = tournament
        self.round = 0
        self.legs: Mapping[str, Leg] = {}
        self.meetings: Sequence[Meeting] = ()
        self.scores: dict[str, tuple[float, ...]] = {}
        self.given: dict[str, list[dict[str, Any]]] = {}
        self.judged = 0
        self.missing = 0
        self.before = 0
        self._counted = 0.0
        self._rows: list[tuple[Text, ...]] = []
        longest = {"": tournament.debate.turns(tournament.sides)}
        # Last, because it draws the line at once.
        super().__init__(tournament.name, debates, longest, free, console, drawn)

    # -- the watcher -------------------------------------------------------------------------

    def round_began(
        self, number: int, legs: Mapping[str, Leg], meetings: Sequence[Meeting], known: Scores
    ) -> None:
        """See ``TournamentWatcher``."""
        self.round = number
        self.legs = dict(legs)
        self.meetings = list(meetings)
        self.scores = dict(known)
        self.longest = dict.fromkeys(legs, self.tournament.debate.turns(self.tournament.sides))
        if not self.before and not self.ended:
            # Debates that were in the store take no time, and do not count in the ETA.
            self.before = len(known)
        self.ended = max(self.ended, len(known))

    def verdict(self, trial: str, judge: str, payload: Mapping[str, Any]) -> None:
        """See ``TournamentWatcher``."""
        self.judged += 1
        self.missing += payload["missing"] is not None
        self.given.setdefault(trial, []).append({**payload, "judge": judge})
        score = score_of_leg(self.given[trial], self.legs[trial].actors)
        if score is not None:
            self.scores[trial] = score

    # -- drawing -----------------------------------------------------------------------------

    def eta(self) -> str:
        """The time that is left, if the rest is as fast as the debates so far."""
        done = self.ended - self.before
        if done < 1:
            return ""
        seconds = (time.monotonic() - self.began) / done * max(0, self.trials - self.ended)
        return f" · {duration(seconds)} to go"

    def line(self) -> Table:
        """The line and the table, as they are now."""
        share = (self.ended + sum(self.playing.copy().values())) / max(self.trials, 1)
        rounds = self.tournament.rounds
        facts = [f"round {self.round}/{rounds}"] if rounds > 1 else []
        facts.append(f"{self.ended:,}/{self.trials:,} debates")
        if self.tournament.judges:
            lost = f" ({self.missing:,} missing)" if self.missing else ""
            facts.append(f"{self.judged:,} verdicts{lost}")
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True, overflow="ellipsis")
        grid.add_column()
        grid.add_column(no_wrap=True)
        grid.add_row(
            Text(self.name, style="bold"),
            ProgressBar(total=1.0, completed=min(share, 1.0), width=12),
            Text(f"{' · '.join(facts)} · {self.cost()}{self.eta()}"),
        )
        if not self.tournament.judges:
            return self.below(grid)
        whole = Table.grid()
        whole.add_column()
        whole.add_row(self.below(grid))
        whole.add_row(self._standings())
        return whole

    def _standings(self) -> Table:
        standing_rows = table("", "entrant", "points", "won", "tied", "lost",
                     right=("", "points", "won", "tied", "lost"))  # fmt: skip
        now = time.monotonic()
        if now - self._counted > _AT_MOST_EVERY:
            self._rows = self._count()
            self._counted = now
        height = self.console.height if self.console is not None else 24
        shown = self._rows[: max(3, height - _FRAME)]
        for row in shown:
            standing_rows.add_row(*row)
        if len(shown) < len(self._rows):
            more = len(self._rows) - len(shown)
            standing_rows.add_row(Text(), Text(f"and {more} more", style="dim"))
        return standing_rows

    def _count(self) -> list[tuple[Text, ...]]:
        # Copies, because the event loop changes them while this thread draws.
        meetings = with_scores(
            self.tournament, list(self.meetings), dict(self.legs), dict(self.scores)
        )
        judged = [meeting for meeting in meetings if meeting.is_bye or meeting.scores is not None]
        rows = []
        for rank, each in enumerate(standings(len(self.tournament.entrants), judged), 1):
            numbers = [f"{each.points:g}", str(each.wins), str(each.ties), str(each.losses)]
            if not each.played and not each.byes:
                numbers = [NONE] * 4
            name = one_line(self.tournament.entrants[each.entrant].name)
            rows.append(
                (Text(str(rank), style="dim"), Text(name, style="bold"), *map(Text, numbers))
            )
        return rows


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(42), duration(170), duration(7300)
    ('42 s', '3 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
