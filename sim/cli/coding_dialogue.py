"""A person codes lines at the terminal: one key a line."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from sim.cli.coding_sitting import RESERVED, Sitting
from sim.cli.display.terminal import one_line, visible

_BACK, _SKIP, _QUIT = RESERVED


class Dialogue:
    """Shows line after line and keeps what the person answers. ``key`` reads one key."""

    def __init__(self, sitting: Sitting, console: Console, key: Callable[[], str]) -> None:
        self.sitting = sitting
        self.console = console
        self.key = key

    def run(self) -> None:
        """Until all is coded, or the person quits (q, Ctrl-C or the end of the input)."""
        sitting = self.sitting
        seen: list[int] = []
        self._say(sitting.asked, "bold")
        place = sitting.next(-1)
        while place is not None:
            self._show(place)
            answer = self._answer()
            if answer == _QUIT:
                return
            if answer == _BACK:
                if seen:
                    place = seen.pop()
                else:
                    self._say("this is the first one of this sitting", "yellow")
                continue
            seen.append(place)
            sitting.give(place, "" if answer == _SKIP else sitting.keys[answer])
            place = sitting.next(place)
        left = len(sitting.skipped)
        told = f"; {left} skipped, to come again next time" if left else ""
        self._say(f"That was the last one{told}.", "bold")

    def _show(self, place: int) -> None:
        sitting, console = self.sitting, self.console
        speaker, line = sitting.line(place)
        console.print()
        console.print(Rule(Text(sitting.title(place), style="dim"), align="left"))
        for earlier in sitting.before(place):
            console.print(Text(visible(earlier), style="dim"))
        console.print(Text(f"{one_line(speaker)}: {visible(line)}", style="bold"))
        console.print()
        before = sitting.answer(place)
        if before is not None:
            self._say(f"answered before: {before}", "dim")
        offered = [*sitting.keys.items(), *RESERVED.items()]
        told = "   ".join(
            f"[{key}]" if key == value else f"[{key}] {one_line(value)}" for key, value in offered
        )
        console.print(Text(f"{sitting.asked}   {told} ", style="cyan"), end="")

    def _answer(self) -> str:
        """A key that means something."""
        while True:
            try:
                key = self.key().casefold()
            except (KeyboardInterrupt, EOFError):
                self.console.print()
                return _QUIT
            if key in self.sitting.keys or key in RESERVED:
                told = self.sitting.keys.get(key) or RESERVED[key]
                self.console.print(Text(f"→ {one_line(told)}", style="bold"))
                return key

    def _say(self, text: str, style: str) -> None:
        self.console.print(Text(text, style=style))
