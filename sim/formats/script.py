"""Scripts: text and Markdown in which a name stands before what is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import HEAD, FormatError, Head, Reading, ReadOptions, wrong
from sim.formats.script_labels import (
    NOBODY,
    Label,
    escaped,
    fact_of,
    heading_of,
    is_direction,
    is_rule,
    label_of,
)
from sim.formats.script_survey import INDENT, Line, Lines, Survey, speaker_of, survey_of
from sim.formats.texts import LONGEST, lines_of
from sim.formats.whatsapp_lines import header_of

_LONGEST_TITLE: Final = 200


class Script:
    """A conversation as a script: ``Ann: Hello.``, in text or Markdown.

    Read are the usual dresses of a label: ``Ann:``, ``ann:``, ``**Ann:**``, ``ANN — ``, ``[Ann]``,
    ``<Ann>``, ``ミカ「…」``, a line with ``ANN`` or ``**Ann**`` alone, and a heading, ``### Ann``.
    A time may stand before (``[10:32] Ann:``), and brackets behind (``Ann (sighing):``), which
    become part of the text. The first label sets the dress of the file; a label in another
    dress counts if its name is one of the file's. Where blank lines set turns apart, a name with a
    colon that stands once, in the middle of a paragraph, is text.

    All that follows a label is said by that person, with its blank lines, up to the next label. In
    code between lines of three backticks no label is looked for. A heading right before a label
    begins a conversation if it has one ``#``, and is left out if it has more; any other heading is
    text. What stands before the first label is nobody's: the heading, else the first line or what
    stands behind ``Title:``, is the title, the rest the setting. A paragraph of one line wholly in
    brackets is a stage direction: before the first label it belongs to the setting, after it it is
    left out, as are lines drawn across the page.

    Written is a heading ``# title`` for each conversation, its setting in brackets, and a paragraph
    ``Name: text`` an utterance. Further lines of a text are moved in by four blanks; a line that is
    moved in so far is always text, so blank lines, labels and headings within a text come back as
    they were. A name that would not be read as one has a backslash before it, and before each of
    its colons and backslashes.
    """

    name = "script"
    about = "a script, in text or Markdown: Ann: Hello."
    loses = (
        "times, names of utterances, who heard what, thoughts, models, persons' descriptions, "
        "names of conversations beside their titles, blanks at a text's ends and in blank lines"
    )
    tried = True

    def fits(self, head: Head) -> float:
        """By how many lines begin with a label, and whether names come back."""
        text = head.text
        if head.names or "\0" in text or text.lstrip().startswith(("{", "<?", "<!", "WEBVTT")):
            return 0.0
        if not head.lines or head.first_record is not None or " --> " in text:
            return 0.0
        if text.lstrip()[:2] in ("[{", '["', "[\n", "[\r") or header_of(head.lines[0]) is not None:
            return 0.0
        lines = text.splitlines()[: -1 if len(head.data) >= HEAD else None]
        survey = survey_of(lambda: lines)
        # Every document has headings: only names that come back make them speakers.
        if not survey.dress or (survey.dress.startswith("heading") and not survey.again):
            return 0.0
        often = survey.labels * 4 >= len(head.lines) or survey.again > 2
        known = head.suffix in (".txt", ".md", ".markdown", "")
        return (0.5 if often and survey.labels > 1 else 0.2) + (0.1 if known else 0.0)

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The turns of the script. Raises ``FormatError``."""
        texts = partial(lines_of, path, how.encoding)
        survey = survey_of(texts)
        if not survey.dress:
            raise FormatError(
                f"{path}: no line begins with a name and a colon, as in Ann: Hello.; write the "
                "speakers so, or say --format"
            )
        if survey.crowded:
            raise FormatError(f"{path}: has too many names to be a script; say --format")
        reading = _Reading(path, survey)
        for line in Lines(texts(), centred=survey.centred, fences=survey.fences):
            yield from reading.take(line)
        yield from reading.end()
        return reading.left_out

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """A paragraph an utterance. Raises ``BadRequest`` for one without a speaker."""
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            for number, each in enumerate(conversations, start=1):
                file.write("\n" if number > 1 else "")
                file.write("\n".join(_paragraphs(each, number)))


class _Reading:
    """A script while it is read: the conversation and the turn that go on.

    ``left_out`` counts labels without words.
    """

    def __init__(self, path: Path, survey: Survey) -> None:
        self._path = path
        self._survey = survey
        self.left_out: Counter[str] = Counter()
        level = survey.dress.removeprefix("heading ")
        self._level = int(level) if level.isdigit() else 0
        self._named: set[str] = set()
        self._conversation = ""
        self._begin("")

    def _begin(self, title: str) -> None:
        """Begin a conversation."""
        self._title = title
        self._front: list[str] = []
        self._settings: list[str] = []
        self._turn: list[str] | None = None
        self._letters = 0
        self._label = Label("", "", "")
        self._line = 0
        self._headings: list[tuple[Line, int]] = []  # Each with the blank lines before it.
        self._blanks = 0

    def take(self, line: Line) -> Iterator[About | Utterance]:
        """What ends with this line."""
        if line.blank:
            self._blanks += 1
            return
        heading = None if line.inner else heading_of(line.text)
        if heading is not None and heading[0] == self._level:
            label = Label("heading", speaker_of(heading[1]), "")
            if not label.name:
                raise wrong(self._path, line.number, "there is no name in the heading; write one")
            yield from self._spoken(label, line.number)
        elif heading is not None and (not self._level or heading[0] < self._level):
            self._headings.append((line, self._blanks))
        elif self._survey.is_label(line) and line.label is not None:
            yield from self._spoken(line.label, line.number)
        elif is_direction(line.text) and not line.inner and self._apart():
            yield from self._titled()
            if self._turn is None:
                self._settings.append(line.text.strip()[1:-1].strip())
        elif line.inner or not is_rule(line.text):
            self._headings.append((line, self._blanks))
            for each, blanks in self._headings:
                self._add(each, blanks)
            self._headings = []
        self._blanks = 0

    def end(self) -> Iterator[About | Utterance]:
        """What ends with the file."""
        yield from self._titled()
        yield from self._said()
        if self._turn is None and (self._title or self._front or self._settings):
            yield self._about()

    def _apart(self) -> bool:
        return bool(self._blanks or self._headings) or (self._turn is None)

    def _spoken(self, label: Label, line: int) -> Iterator[About | Utterance]:
        """A label: the turn before it ends."""
        yield from self._titled()
        yield from self._said()
        if self._turn is None and (self._title or self._front or self._settings):
            yield self._about()
        self._turn, self._letters, self._label, self._line = [label.words], 0, label, line

    def _titled(self) -> Iterator[About | Utterance]:
        """The headings before a label: the last with one ``#`` begins a conversation."""
        headings, self._headings = self._headings, []
        for line, _ in headings:
            level, words = heading_of(line.text) or (0, "")
            if self._turn is None and not self._title:
                self._title, self._conversation = words, self._new(words)
            elif level == 1:
                yield from self._said()
                if self._turn is None:
                    yield self._about()
                self._begin(words)
                self._conversation = self._new(words)

    def _new(self, title: str) -> str:
        """A name for a conversation that no other has."""
        name, number = title, 2
        while name in self._named:
            name, number = f"{title} ({number})", number + 1
        self._named.add(name)
        return name

    def _about(self) -> About:
        """The title and the setting, of what stood before the first label."""
        title, rest = self._title, self._front
        if not title and rest and len(rest[0]) <= _LONGEST_TITLE:
            title, rest = rest[0], rest[1:]
        return About(self._conversation, title=title, setting="\n".join(rest + self._settings))

    def _add(self, line: Line, blanks: int) -> None:
        """A line, after blank ones, that goes on with what was said, or stands before all of it."""
        if self._turn is None:
            fact = fact_of(line.label.name) if line.label is not None else ""
            if line.label is not None and fact == "title" and not self._title:
                self._title = line.label.words
            elif line.label is not None and line.label.name.lower() == "setting":
                self._settings.append(line.label.words)
            else:
                self._front.append(line.text.strip())
        else:
            self._turn += [""] * blanks
            self._turn.append(line.text if line.code else line.text.removeprefix(INDENT))
        self._letters += len(line.text) + blanks + 1
        if self._letters > LONGEST:
            raise wrong(
                self._path, line.number,
                f"more than {LONGEST:,} letters without a label; are there speakers in it?",
            )  # fmt: skip

    def _said(self) -> Iterator[Utterance]:
        """The turn, if it has words."""
        text = "\n".join(self._turn or ()).strip()
        if text:
            label = self._label
            yield Utterance(label.name, text, self._conversation, label.at, line=self._line)
        elif self._turn:
            self.left_out["labels without words"] += 1
        if self._turn is not None:
            self._turn = []


def _paragraphs(conversation: Conversation, number: int) -> Iterator[str]:
    """The lines of a conversation, with a blank one after each paragraph."""
    about = conversation.about
    title = _one_line(about.title or about.conversation)
    setting = re.sub(r"[\[\]]", "", _one_line(about.setting))
    if title or number > 1 or not conversation.utterances:
        yield f"# {title or f'Conversation {number}'}\n"
    if setting:
        yield f"[{setting}]\n"
    for said in conversation.utterances:
        name, text = _one_line(said.speaker), re.sub(r"\r\n?", "\n", said.text).strip()
        if not text:
            continue
        if not name:
            raise BadRequest(f"--format script: nobody says {text[:40]!r}; name the speaker")
        first, *others = text.split("\n")
        inner = (f"{INDENT}{line}" if line.strip() else "" for line in others)
        yield "\n".join([f"{_labelled(name)} {first}", *inner, ""])


def _labelled(name: str) -> str:
    """A name as a label that is read as that name."""
    label = label_of(f"{name}: x")
    plain = label == Label("colon", name, "x") and not fact_of(name) and name.lower() not in NOBODY
    return f"{name if plain else escaped(name)}:"


def _one_line(text: str) -> str:
    return " ".join(text.split())


SCRIPT = Script()
