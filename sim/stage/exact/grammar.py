"""The grammar of the exact stage: P(text | act, stance level, fillers, what has been said so far).

A line is a frame with its slots filled (``frames``) and, in a stanced act, a sentence that states
the stance (``stances``). Lines have to be readable prose, all derivations of a line can be computed
(``parse``), and so can its probability (``Grammar.probability``).

**The distribution.** Let G = ``GAMMA``. Given act, level, slots and ``used``:

1. The frame f is drawn among the eligible frames of the act (all its slots can be filled), with
   weight G**(times f was used so far in the scene, by anyone) times the mean, over the lines that
   it can say now, of G**(times that line was used): a frame with other lines left comes before one
   that can only repeat itself.
2. The fillers (p, s) of f are drawn jointly, p uniform over the speaker's points (if f has
   ``{point}``) and s over the stance sentences of the level (if f is stanced), with weight
   G**(times s was used so far) * G**(times exactly this line was used so far).

Both are renormalised, so the probabilities of all lines sum to 1 whatever was said before. Stance
sentences have a discount of their own, because a speaker with a constant stance would otherwise say
"I am firmly against this." every other turn. Counts stop at ``_MOST``, beyond which a discount
would underflow.

**The sampling** inverts the cumulative weights. Rejection sampling would be slow: once most frames
of an act have been used, nearly all proposals would be rejected. Combinations of p and s need not
be listed, since only those whose line was said before have a discount of their own.

Arithmetic is + - * / on floats, with powers from a table: the same text everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum
from typing import Final, Literal, NamedTuple

from sim.seeds import Stream
from sim.stage.exact.acts import STANCED
from sim.stage.exact.frames import FRAMES
from sim.stage.exact.lines import ALL_FRAMES as ALL_FRAMES
from sim.stage.exact.lines import PHRASES as PHRASES
from sim.stage.exact.lines import Frame as Frame
from sim.stage.exact.lines import Parse as Parse
from sim.stage.exact.lines import Slots as Slots
from sim.stage.exact.lines import called as called
from sim.stage.exact.lines import parse as parse
from sim.stage.exact.stances import STANCES

Half = Literal["all", "build", "held"]

GAMMA: Final = 0.02
"""The discount for each earlier use of a frame, a stance sentence or a whole line."""

_MOST: Final = 60


def _powers() -> tuple[float, ...]:
    powers = [1.0]
    while len(powers) <= _MOST:
        powers.append(powers[-1] * GAMMA)
    return tuple(powers)


_POWERS: Final = _powers()


class Used:
    """How often each frame, stance sentence and line has been used in a scene so far.

    >>> used = Used()
    >>> text = "The important thing is that everybody has been heard."
    >>> used.add(text, parse(text))
    >>> used.copy().times(text), Used().times(text)
    (1, 0)
    """

    __slots__ = ("_frames", "_lines", "_phrases", "_said")

    def __init__(self) -> None:
        self._frames = [0] * len(ALL_FRAMES)
        self._phrases = [0] * len(PHRASES)
        self._lines: dict[str, int] = {}
        # By frame: the lines said so far of which the frame has a derivation.
        self._said: dict[int, tuple[_SaidLine, ...]] = {}

    def copy(self) -> Used:
        """A copy that can be added to without changing this one."""
        new = object.__new__(Used)
        new._frames = self._frames.copy()
        new._phrases = self._phrases.copy()
        new._lines = self._lines.copy()
        new._said = self._said.copy()  # its values are immutable
        return new

    def times(self, text: str) -> int:
        """How often exactly this line was said (lines outside the grammar are not counted)."""
        return self._lines.get(text, 0)

    def add(self, text: str, parses: tuple[Parse, ...]) -> None:
        """Count a line that was said; ``parses`` is ``parse(text)``. Foreign text changes nothing.

        An ambiguous line counts as a use of the frame and the sentence of its first parse only, but
        is remembered for every frame that has a derivation of it.
        """
        if not parses:
            return
        first = parses[0]
        self._frames[first.frame] = min(self._frames[first.frame] + 1, _MOST)
        if first.phrase is not None:
            self._phrases[first.phrase] = min(self._phrases[first.phrase] + 1, _MOST)
        times = self._lines.get(text, 0)
        self._lines[text] = min(times + 1, _MOST)
        if times:
            return
        for frame, point, phrase in dict.fromkeys((p.frame, p.point, p.phrase) for p in parses):
            self._said[frame] = (*self._said.get(frame, ()), _SaidLine(text, point, phrase))


class _SaidLine(NamedTuple):
    """A line that was said, with the point and the stance sentence of one derivation."""

    text: str
    point: str | None
    phrase: int | None


_TURN: Final = {"my": "your", "our": "your"}


def turned(heard: str, points: tuple[str, ...]) -> str:
    """A point that another speaker brought up, in the words of this speaker.

    "my well" becomes "your well", unless it is one of the speaker's own points; and "your well"
    becomes "my well" only if it is.

    >>> turned("my grandmother's well", ())
    "your grandmother's well"
    >>> turned("your mill", ("my mill",))
    'my mill'
    >>> turned("the mill", ())
    'the mill'
    """
    word, space, rest = heard.partition(" ")
    if word == "your":
        for point in (f"my {rest}", f"our {rest}"):
            if point in points:
                return point
    elif word in _TURN and heard not in points:
        return f"{_TURN[word]}{space}{rest}"
    return heard


class Grammar:
    """The distribution of lines, over all frames and stance sentences or over one half of them.

    >>> ada = Slots("Ada", "Ben", ("the water table",), None, "the sale of the spring")
    >>> grammar, used = Grammar(), Used()
    >>> line = grammar.draw(Stream(3), "assert", 0, ada, used)
    >>> parse(line)[0].act, parse(line)[0].level
    ('assert', 0)
    >>> 0.0 < grammar.probability(line, "assert", 0, ada, used) < 1.0
    True
    >>> grammar.probability(line, "assert", 1, ada, used)
    0.0
    """

    __slots__ = ("_eligible", "_phrases", "half")

    def __init__(self, half: Half = "all") -> None:
        if half not in ("all", "build", "held"):
            raise ValueError(f"a half is 'all', 'build' or 'held', not {half!r}")
        self.half = half
        self._eligible: dict[tuple[str, bool, bool, bool], tuple[int, ...]] = {}
        yes_no = (False, True)
        for act in FRAMES:
            mine = [f for f in ALL_FRAMES if f.act == act and self._keeps(f.held)]
            for has in ((p, h, t) for p in yes_no for h in yes_no for t in yes_no):
                lacking = {
                    s for s, ok in zip(("point", "heard", "topic"), has, strict=True) if not ok
                }
                numbers = tuple(f.number for f in mine if lacking.isdisjoint(f.slots))
                self._eligible[(act, *has)] = numbers
        phrases: list[tuple[int, ...]] = []
        start = 0
        for sentences in STANCES:
            kept = [start + i for i in range(len(sentences)) if self._keeps(i % 2 == 1)]
            phrases.append(tuple(kept))
            start += len(sentences)
        self._phrases = tuple(phrases)

    def _keeps(self, held: bool) -> bool:
        return self.half == "all" or held == (self.half == "held")

    def _frames(self, act: str, slots: Slots) -> tuple[int, ...]:
        key = (act, bool(slots.points), slots.heard is not None, bool(slots.topic))
        try:
            return self._eligible[key]
        except KeyError:
            raise ValueError(f"{act!r} is not an act with words of its own") from None

    def _fillers(
        self, frame: Frame, level: int | None, slots: Slots
    ) -> tuple[tuple[str | None, ...], tuple[int | None, ...]]:
        """The points and the stance sentences that the frame can take."""
        points: tuple[str | None, ...] = (None,)
        if "point" in frame.slots:
            points = slots.points
        elif "heard" in frame.slots:
            assert slots.heard is not None
            points = (turned(slots.heard, slots.points),)
        phrases: tuple[int | None, ...] = (None,)
        if frame.stance_at != "none":
            if level is None or level < 0:
                raise ValueError(f"{frame.act!r} needs a stance level, not {level!r}")
            phrases = self._phrases[level]
        return points, phrases

    def _discounts(
        self,
        frame: Frame,
        points: tuple[str | None, ...],
        phrases: tuple[int | None, ...],
        slots: Slots,
        used: Used,
    ) -> dict[tuple[int, int], float]:
        """The discounts of lines said before, by (index of phrase, index of point)."""
        discounts: dict[tuple[int, int], float] = {}
        for text, point, phrase in used._said.get(frame.number, ()):
            if point not in points or phrase not in phrases:
                continue
            if frame.render(slots, point, phrase) != text:
                continue  # said with other names
            discount = _POWERS[used._lines[text]]
            row = phrases.index(phrase)
            for column, other in enumerate(points):
                if other == point:
                    discounts[row, column] = discount
        return discounts

    def _weight(self, number: int, level: int | None, slots: Slots, used: Used) -> float:
        """The weight of a frame: discounted for its uses, and for those of its lines."""
        weight = _POWERS[used._frames[number]]
        if not used._said.get(number):
            return weight
        frame = ALL_FRAMES[number]
        points, phrases = self._fillers(frame, level, slots)
        discounts = self._discounts(frame, points, phrases, slots, used)
        if not discounts:
            return weight
        lines = len(points) * len(phrases)
        stale = 0.0
        for discount in discounts.values():
            stale += discount
        return weight * (lines - len(discounts) + stale) / lines

    @staticmethod
    def _rows(
        phrases: tuple[int | None, ...],
        columns: int,
        discounts: dict[tuple[int, int], float],
        used: Used,
    ) -> list[float]:
        """The weight of each stance sentence, summed over the points."""
        fresh = [columns] * len(phrases)
        stale = [0.0] * len(phrases)
        for (row, _), discount in discounts.items():
            fresh[row] -= 1
            stale[row] += discount  # subtracting from 1 instead would lose all its digits
        rows = []
        for row, phrase in enumerate(phrases):
            weight = fresh[row] + stale[row]
            rows.append(weight if phrase is None else weight * _POWERS[used._phrases[phrase]])
        return rows

    def draw(self, stream: Stream, act: str, level: int | None, slots: Slots, used: Used) -> str:
        """Draw a line of this act at this level. The level is ignored in acts without a stance.

        Takes three numbers from the stream: for the frame, the stance sentence, and the point.
        """
        numbers = self._frames(act, slots)
        counts = used._frames
        number = numbers[
            stream.choose(
                [
                    self._weight(number, level, slots, used) if counts[number] else 1.0
                    for number in numbers
                ]
            )
        ]
        frame = ALL_FRAMES[number]
        points, phrases = self._fillers(frame, level, slots)
        discounts = self._discounts(frame, points, phrases, slots, used)
        row = stream.choose(self._rows(phrases, len(points), discounts, used))
        if discounts:
            column = stream.choose([discounts.get((row, i), 1.0) for i in range(len(points))])
        else:
            column = stream.below(len(points))
        return frame.render(slots, points[column], phrases[row])

    def probability(
        self, text: str, act: str, level: int | None, slots: Slots, used: Used
    ) -> float:
        """P(text | act, level, slots, used), over all derivations; 0.0 if it cannot be drawn."""
        numbers = self._frames(act, slots)
        wanted = level if act in STANCED else None
        total = None
        terms: list[float] = []
        done: set[tuple[int, str | None, int | None]] = set()
        for one in parse(text):
            key = (one.frame, one.point, one.phrase)
            if one.act != act or one.level != wanted or one.frame not in numbers or key in done:
                continue
            done.add(key)
            frame = ALL_FRAMES[one.frame]
            points, phrases = self._fillers(frame, level, slots)
            if one.point not in points or one.phrase not in phrases:
                continue
            if frame.render(slots, one.point, one.phrase) != text:
                continue
            if total is None:
                total = fsum(self._weight(number, level, slots, used) for number in numbers)
            discounts = self._discounts(frame, points, phrases, slots, used)
            rows = self._rows(phrases, len(points), discounts, used)
            row = phrases.index(one.phrase)
            weight = 1.0 if one.phrase is None else _POWERS[used._phrases[one.phrase]]
            here = fsum(
                discounts.get((row, column), 1.0)
                for column, point in enumerate(points)
                if point == one.point
            )
            chosen = self._weight(one.frame, level, slots, used) / total
            terms.append(chosen * (weight * here / fsum(rows)))
        return fsum(terms)

    def lines(self, act: str, level: int | None, slots: Slots) -> Iterator[str]:
        """Every line that ``draw`` could give, once each."""
        seen: set[str] = set()
        for number in self._frames(act, slots):
            frame = ALL_FRAMES[number]
            points, phrases = self._fillers(frame, level, slots)
            for point in points:
                for phrase in phrases:
                    text = frame.render(slots, point, phrase)
                    if text not in seen:
                        seen.add(text)
                        yield text
