"""A sitting of a coder: which line comes next, what is shown of it, and what was answered.

The terminal (``coding_dialogue``) and the browser (``sim.view.coding``) both code by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.labels.folder import Answers, Shown
    from analysis.labels.sheet import Item

RESERVED = {"b": "back", "s": "skip", "q": "quit"}
"""Keys that are no answers."""

_SCENE = 12
"""Of a whole scene so many lines before a line are shown."""


def keys_for(values: Sequence[str]) -> dict[str, str]:
    """A key for each value: its first letter, if these differ and mean nothing else; its only
    letter, if it has one; or its number.

    >>> keys_for(["yes", "no"]), keys_for(["against", "agree"])
    ({'y': 'yes', 'n': 'no'}, {'1': 'against', '2': 'agree'})
    >>> keys_for(["0", "1", "2"])
    {'0': '0', '1': '1', '2': '2'}
    """
    first = [value[0].casefold() for value in values]
    if len(set(first)) == len(first) and not set(first) & set(RESERVED):
        return dict(zip(first, values, strict=True))
    signs = "123456789acdefghijklmnoprtuvwxyz"
    return dict(zip(signs, values, strict=False))


class Sitting:
    """The lines of a draw in a coder's order, known by their places from 0.

    Lines that have an answer already are passed over; in whole scenes, too, lines of an actor who
    had an event before.
    """

    def __init__(self, shown: Shown, items: Sequence[Item], answers: Answers) -> None:
        self.asked = shown.question.text
        self.keys = keys_for(shown.question.values)
        self.items = list(items)
        self.skipped: set[str] = set()
        self._wanted = shown.question.wanted
        self._answers = answers
        self._scenes: dict[str, list[int]] = {}
        for place, item in enumerate(self.items):
            self._scenes.setdefault(item.scene, []).append(place)

    @property
    def done(self) -> int:
        """How many lines have an answer."""
        return len(self._answers.given)

    def __len__(self) -> int:
        return len(self.items)

    def next(self, place: int) -> int | None:
        """The place of the next line that wants an answer, also from the beginning again."""
        order = [*range(place + 1, len(self.items)), *range(max(place, 0))]
        return next((each for each in order if self._open(each)), None)

    def answer(self, place: int) -> str | None:
        """What was answered before."""
        return self._answers.given.get(self.items[place].id)

    def give(self, place: int, label: str) -> None:
        """Keep an answer, on the disk at once; a blank one skips the line, to come again."""
        identity = self.items[place].id
        if label:
            self.skipped.discard(identity)
            self._answers.give(identity, label)
            return
        self.skipped.add(identity)
        if identity in self._answers.given:
            self._answers.give(identity, "")

    def line(self, place: int) -> tuple[str, str]:
        """Who speaks, with to whom, and the words."""
        item = self.items[place]
        return item.speaker, item.line

    def title(self, place: int) -> str:
        """Where a line stands: a sign of it, or in whole scenes its number."""
        item = self.items[place]
        if not item.scene:
            return f"{item.id}   {self.done} of {len(self)} done"
        # Of a scene not every line wants an answer, so scenes are counted.
        own = self._scenes[item.scene]
        number = list(self._scenes).index(item.scene) + 1
        return f"scene {number} of {len(self._scenes)}, line {own.index(place) + 1} of {len(own)}"

    def before(self, place: int) -> list[str]:
        """What was said before a line; in a whole scene what is coded stands there, too."""
        item = self.items[place]
        if not item.scene:
            return list(item.before)
        said: list[str] = []
        for other in self._earlier(place):
            said += [*other.before, f"{other.speaker}: {other.line}"]
        return [*said, *item.before][-_SCENE:]

    def _open(self, place: int) -> bool:
        item = self.items[place]
        if item.id in self._answers.given or item.id in self.skipped:
            return False
        return not (item.scene and self._over(place))

    def _over(self, place: int) -> bool:
        """Whether the speaker of a line had its event before, in the same scene."""
        speaker = _speaker(self.items[place])
        return any(
            self._answers.given.get(other.id) == self._wanted
            for other in self._earlier(place)
            if _speaker(other) == speaker
        )

    def _earlier(self, place: int) -> list[Item]:
        """The lines of the same scene before a line."""
        own = self._scenes[self.items[place].scene]
        return [self.items[each] for each in own if each < place]


def _speaker(item: Item) -> str:
    """Who speaks, without to whom."""
    return item.speaker.partition(" (to ")[0]
