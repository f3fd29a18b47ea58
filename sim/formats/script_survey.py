"""Which labels of a script are labels: what its lines show together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sim.formats.script_labels import NOBODY, Label, fact_of, heading_of, is_direction, label_of

INDENT: Final = "    "
"""A line that is moved in so far goes on with what was said."""

_STRONG: Final = ("colon", "bold", "dash", "bold dash", "angle", "quote")
"""The dresses that few lines have by chance."""

_MOST_NAMES: Final = 100_000
_FENCE: Final = "```"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a script: what may be its label; whether it goes on with what was said.

    Such a line is moved in by four blanks, or ``code`` between two fences.
    """

    number: int
    text: str
    label: Label | None = None
    inner: bool = False
    code: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing can be seen in it."""
        return not self.text.strip()


class Lines:
    """The lines of a script, to be gone through once.

    In a ``centred`` one the blanks before a line mean nothing. With ``fences`` a line between two
    of three backticks is code and has no label; ``fenced`` says whether the last was such a one.
    """

    def __init__(self, texts: Iterable[str], *, centred: bool, fences: bool) -> None:
        self._texts = texts
        self._centred = centred
        self._fences = fences
        self.fenced = False

    def __iter__(self) -> Iterator[Line]:
        opened = False
        for number, text in enumerate(self._texts, start=1):
            text = text.strip() if self._centred else text.rstrip("\r\n")
            blank = not text.strip()
            inner = text.startswith((INDENT, "\t"))
            # A fence on the line of a label: what follows is code, unless it is moved in or blank.
            self.fenced = self.fenced or (opened and not inner and not blank)
            opened = False
            if self._fences and text.startswith(_FENCE):
                self.fenced = not self.fenced
                yield Line(number, text, inner=True, code=True)
                continue
            if self.fenced:
                yield Line(number, text, inner=True, code=True)
                continue
            label = None if inner or blank else label_of(text)
            if self._fences and label is not None and label.words.startswith(_FENCE):
                opened = _FENCE not in label.words[len(_FENCE) :]
            yield Line(number, text, label, inner)


@dataclass(slots=True)
class _Count:
    """What was seen of a dress: its names, those that stand after a blank line, its first line."""

    first: int
    names: Counter[str] = field(default_factory=Counter)
    apart: Counter[str] = field(default_factory=Counter)

    @property
    def again(self) -> int:
        """How many labels have a name that comes back."""
        return sum(count for count in self.names.values() if count > 1)


@dataclass(slots=True)
class Survey:
    """What the lines of a script show: the dress of its labels, and its speakers.

    ``dress`` is blank if there are no labels, ``heading 3`` if headings of the third level are.
    ``crowded`` says that there were more names than were kept.
    """

    centred: bool = False
    fences: bool = True
    dress: str = ""
    crowded: bool = False
    _counts: dict[str, _Count] = field(default_factory=dict)
    _speakers: set[tuple[str, str]] = field(default_factory=set)

    def take(self, lines: Iterable[Line]) -> None:
        """Look at all lines, and decide."""
        apart, heading, spoken = True, "", False
        for line in lines:
            if line.blank:
                apart = True
                continue
            found = None if line.inner else heading_of(line.text)
            if heading and found is None and line.label is None and not is_direction(line.text):
                dress, _, name = heading.partition(":")
                self._count(dress, name, line.number - 1, apart=True)
            heading = f"heading {found[0]}:{speaker_of(found[1])}" if found is not None else ""
            label = line.label
            if label is not None and (spoken or label.sure or not fact_of(label.name)):
                self._count(label.dress, label.name, line.number, apart=apart)
                spoken = True
            apart = found is not None
        self._decide()

    @property
    def labels(self) -> int:
        """How many labels have the dress of the script."""
        return sum(self._counts[self.dress].names.values()) if self.dress else 0

    @property
    def again(self) -> int:
        """How many of them have a name that comes back."""
        return self._counts[self.dress].again if self.dress else 0

    def is_label(self, line: Line) -> bool:
        """Whether a line begins a turn, in a script whose labels are no headings."""
        label = line.label
        return label is not None and (label.sure or (label.dress, label.name) in self._speakers)

    def _count(self, dress: str, name: str, line: int, *, apart: bool) -> None:
        count = self._counts.setdefault(dress, _Count(line))
        if name in count.names or len(count.names) < _MOST_NAMES:
            count.names[name] += 1
            count.apart[name] += apart
        else:
            self.crowded = True

    def _decide(self) -> None:
        headings = {each: of for each, of in self._counts.items() if each.startswith("heading")}
        strong = {each: of for each, of in self._counts.items() if each in _STRONG}
        best = min(strong, key=lambda each: strong[each].first, default="")
        for each, of in self._counts.items():
            if each in strong:
                continue
            rival = self._counts[best] if best else None
            first = rival is not None and of.first < rival.first
            if each in headings:
                enough = of.names.total() > 1 and (rival is None or of.again >= rival.again)
            elif rival is not None:
                enough = of.again >= max(2, rival.again)
            else:
                enough = (of.again if each.endswith("alone") else of.names.total()) > 1
            if enough and (rival is None or first):
                best = each
        self.dress = best
        if best and best not in headings:
            self._speakers = set(self._found())

    def _found(self) -> Iterator[tuple[str, str]]:
        """The names that are speakers, each with a dress in which it stands."""
        main = self._counts[self.dress]
        set_apart = main.apart.total() >= max(3, 0.8 * main.names.total())
        persons = sum(many for name, many in main.names.items() if name.lower() not in NOBODY)
        for dress, count in self._counts.items():
            for name, many in count.names.items():
                if persons > 1 and name.lower() in NOBODY:
                    continue
                if count is main or (dress == "colon" and self.dress == "small"):
                    # One that stands once, in a paragraph of somebody's: "Warning: ...".
                    if not set_apart or many > 1 or count.apart[name]:
                        yield dress, name
                elif dress in _STRONG and name in main.names:
                    yield dress, name


def speaker_of(heading: str) -> str:
    """Whom a heading names.

    >>> speaker_of("**Ann:**")
    'Ann'
    """
    return heading.strip("*_ ").rstrip(":： ").strip("*_ ")


def survey_of(texts: Callable[[], Iterable[str]]) -> Survey:
    """The survey of a script, which is gone through once, or again if that shows no labels."""
    survey = Survey()
    lines = Lines(texts(), centred=False, fences=True)
    survey.take(lines)
    if lines.fenced:  # A fence that nobody closes is none.
        survey = Survey(fences=False)
        survey.take(Lines(texts(), centred=False, fences=False))
    if not survey.dress:
        survey = Survey(centred=True, fences=False)
        survey.take(Lines(texts(), centred=True, fences=False))
    return survey
