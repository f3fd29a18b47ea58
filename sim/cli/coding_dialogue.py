"""A person codes lines at the terminal: one key a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from sim.cli.display.terminal import one_line, visible

if TYPE_CHECKING:
    from analysis.labels.folder import Answers, Shown
    from analysis.labels.sheet import Item

_BACK, _SKIP, _QUIT = "b", "s", "q"
_OTHERS = {_BACK: "back", _SKIP: "skip", _QUIT: "quit"}


def keys_for(values: Sequence[str]) -> dict[str, str]:
    """A key for each value: its first letter, if these differ and mean nothing else; its only
    letter, if it has one; or its number.

    >>> keys_for(["yes", "no"]), keys_for(["against", "agree"])
    ({'y': 'yes', 'n': 'no'}, {'1': 'against', '2': 'agree'})
    >>> keys_for(["0", "1", "2"])
    {'0': '0', '1': '1', '2': '2'}
    """
    first = [value[0].casefold() for value in values]
    if len(set(first)) == len(first) and not set(first) & set(_OTHERS):
        return dict(zip(first, values, strict=True))
    signs = "123456789acdefghijklmnoprtuvwxyz"
    return dict(zip(signs, values, strict=False))


class Dialogue:
    """Shows line after line and keeps what the person answers.

    ``items`` are in the coder's order. Lines that have an answer already are passed over; in whole
    scenes, too, lines of an actor who had an event before. ``key`` reads one key.
    """

    def __init__(
        self, shown: Shown, items: Sequence[Item], answers: Answers, console: Console,
        key: Callable[[], str],
    ) -> None:  # fmt: skip
        self.question = shown.question
        self.items = list(items)
        self.answers = answers
        self.console = console
        self.key = key
        self.keys = keys_for(shown.question.values)
        self._skipped: set[str] = set()
        self._scenes: dict[str, list[int]] = {}
        for place, item in enumerate(self.items):
            self._scenes.setdefault(item.scene, []).append(place)

    def run(self) -> None:
        """Until all is coded, or the person quits (q, Ctrl-C or the end of the input)."""
        seen: list[int] = []
        self._say(f"{self.question.text}", "bold")
        place = self._next(-1)
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
            item = self.items[place]
            if answer == _SKIP:
                self._skipped.add(item.id)
                if item.id in self.answers.given:
                    self.answers.give(item.id, "")
            else:
                self._skipped.discard(item.id)
                self.answers.give(item.id, self.keys[answer])
            place = self._next(place)
        left = len(self._skipped)
        told = f"; {left} skipped, to come again next time" if left else ""
        self._say(f"That was the last one{told}.", "bold")

    def _next(self, place: int) -> int | None:
        """The place of the next line that wants an answer, also from the beginning again."""
        order = [*range(place + 1, len(self.items)), *range(max(place, 0))]
        return next((each for each in order if self._open(each)), None)

    def _open(self, place: int) -> bool:
        item = self.items[place]
        if item.id in self.answers.given or item.id in self._skipped:
            return False
        return not (item.scene and self._over(place))

    def _over(self, place: int) -> bool:
        """Whether the speaker of a line had its event before, in the same scene."""
        speaker = _speaker(self.items[place])
        return any(
            self.answers.given.get(other.id) == self.question.wanted
            for other in self._earlier(place)
            if _speaker(other) == speaker
        )

    def _earlier(self, place: int) -> list[Item]:
        """The lines of the same scene before a line."""
        own = self._scenes[self.items[place].scene]
        return [self.items[each] for each in own if each < place]

    def _show(self, place: int) -> None:
        item, console = self.items[place], self.console
        title = f"{item.id}   {len(self.answers.given)} of {len(self.items)} done"
        if item.scene:
            # Of a scene not every line wants an answer, so scenes are counted.
            own = self._scenes[item.scene]
            number = list(self._scenes).index(item.scene) + 1
            title = (
                f"scene {number} of {len(self._scenes)}, line {own.index(place) + 1} of {len(own)}"
            )
        console.print()
        console.print(Rule(Text(title, style="dim"), align="left"))
        for line in self._before(place):
            console.print(Text(visible(line), style="dim"))
        console.print(Text(f"{one_line(item.speaker)}: {visible(item.line)}", style="bold"))
        console.print()
        before = self.answers.given.get(item.id)
        if before is not None:
            self._say(f"answered before: {before}", "dim")
        offered = [*self.keys.items(), *_OTHERS.items()]
        told = "   ".join(
            f"[{key}]" if key == value else f"[{key}] {one_line(value)}" for key, value in offered
        )
        console.print(Text(f"{self.question.text}   {told} ", style="cyan"), end="")

    def _before(self, place: int) -> list[str]:
        """What was said before a line; in a whole scene what is coded stands there, too."""
        item = self.items[place]
        if not item.scene:
            return list(item.before)
        said: list[str] = []
        for other in self._earlier(place):
            said += [*other.before, f"{other.speaker}: {other.line}"]
        return [*said, *item.before][-_SCENE:]

    def _answer(self) -> str:
        """A key that means something."""
        while True:
            try:
                key = self.key().casefold()
            except (KeyboardInterrupt, EOFError):
                self.console.print()
                return _QUIT
            if key in self.keys or key in _OTHERS:
                told = self.keys.get(key) or _OTHERS[key]
                self.console.print(Text(f"→ {one_line(told)}", style="bold"))
                return key

    def _say(self, text: str, style: str) -> None:
        self.console.print(Text(text, style=style))


_SCENE = 12
"""Of a whole scene so many lines before a line are shown."""


def _speaker(item: Item) -> str:
    """Who speaks, without to whom."""
    return item.speaker.partition(" (to ")[0]
