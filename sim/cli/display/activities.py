"""What is going on in a store: how far a run is, at what pace, and what is being said."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sim.cli.display.sparklines import sparkline
from sim.cli.display.terminal import one_line
from sim.store.activity import Activity

_ORDER = ("done", "failed", "partial", "planned")
_STYLES = {"done": "green", "failed": "red"}
_PACES = 40


class Pace:
    """Turns a second, from look to look."""

    def __init__(self, now: float, first: Activity) -> None:
        self._last = (now, first.turns)
        self.paces: deque[float] = deque(maxlen=_PACES)

    def saw(self, now: float, activity: Activity) -> None:
        """Another look."""
        before, turns = self._last
        if now > before:
            self.paces.append(max(0, activity.turns - turns) / (now - before))
        self._last = (now, activity.turns)


def panel(store: Path, seen: Activity, pace: Pace) -> RenderableType:
    """The counts, and the last lines below them."""
    done, all_ = seen.trials.get("done", 0), sum(seen.trials.values())
    ended = all_ - seen.trials.get("planned", 0)
    head = Table.grid(padding=(0, 1, 0, 0))
    head.add_row(
        Text(one_line(str(store)), style="bold"),
        ProgressBar(total=max(all_, 1), completed=ended, width=20),
        Text(f"{done:,}/{all_:,} trials"),
    )
    counts = Text(" · ").join(
        [
            *(
                Text(f"{seen.trials[status]:,} {status}", style=_STYLES.get(status, "yellow"))
                for status in sorted(seen.trials, key=_place)
            ),
            Text(f"{seen.turns:,} turns"),
            Text(_cost(seen)),
            *([Text(f"{seen.failures:,} calls failed for good", "red")] if seen.failures else []),
        ]
    )
    rows: list[RenderableType] = [head, counts, Text(_state(seen), style="dim")]
    if pace.paces:
        most = max(pace.paces)
        course = sparkline(list(pace.paces), 0, most)
        rows.append(Text(f"{course} {pace.paces[-1]:,.0f} turns/s", style="dim"))
    for line in seen.latest:
        said = Text(no_wrap=True, overflow="ellipsis")
        said.append(f"{line.trial[:6]} {line.turn.index:>3} ", "dim")
        said.append(f"{one_line(line.turn.speaker)}: ", "bold")
        said.append(one_line(line.turn.text))
        rows.append(said)
    return Group(*rows)


def _place(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)


def _cost(seen: Activity) -> str:
    told = f"{seen.calls:,} calls, {seen.tokens:,} tokens"
    if seen.usd is not None:
        return f"{told}, ${seen.usd:.4f}"
    return f"{told}, {'free' if seen.free else 'price unknown'}"


def _state(seen: Activity) -> str:
    """Whether a run is going on, and since when."""
    if seen.run is None:
        return "No run has begun."
    began = datetime.fromtimestamp(seen.run.started, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if seen.run.ended is not None:
        return f"Run {seen.run.number}, begun {began}, is over: {seen.run.outcome}."
    if seen.written:
        return f"Run {seen.run.number}, begun {began}, is going on."
    return f"Run {seen.run.number}, begun {began}, was killed; run the same command to go on."


def as_record(seen: Activity) -> dict[str, Any]:
    """The same for JSON."""
    run = seen.run
    return {
        "trials": seen.trials,
        "turns": seen.turns,
        "calls": seen.calls,
        "tokens": seen.tokens,
        "usd": 0.0 if seen.free else seen.usd,
        "failures": seen.failures,
        "written": seen.written,
        "run": None
        if run is None
        else {
            "number": run.number,
            "started": run.started,
            "ended": run.ended,
            "outcome": run.outcome,
        },
        "latest": [
            {"trial": line.trial, "turn": line.turn.index, "speaker": line.turn.speaker,
             "text": line.turn.text}
            for line in seen.latest
        ],
    }  # fmt: skip
