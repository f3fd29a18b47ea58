"""Tables of utterances: CSV and TSV, one row each.

The first row names the columns. Which column is what is guessed from the names that people use
(``speaker``, ``author``, ``from``; ``text``, ``message``, ``content``), and said; ``ReadOptions``
settles it. The separator (comma, semicolon, tab, bar) is the one with which the first rows have
equally many fields. A text that a spreadsheet would run as a formula is written with an apostrophe
before it, which is taken off where it is read.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import FormatError, Head, Reading, ReadOptions, wrong
from sim.formats.texts import LONGEST, lines_of
from sim.output_files import spreadsheet_cell
from sim.text.suggestions import nearest

SEPARATORS = ",;\t|"

NAMES = {
    "speaker": ("speaker", "author", "sender", "user", "username", "user_name", "from", "name",
                "who", "nick", "nickname", "character", "participant", "actor", "person", "role"),
    "text": ("text", "message", "content", "utterance", "body", "line", "said", "comment", "msg",
             "transcript", "dialogue", "dialog"),
    "conversation": ("conversation", "conversation_id", "conv_id", "dialogue_id", "dialog_id",
                     "thread", "thread_id", "chat", "chat_id", "session", "session_id", "channel",
                     "scene", "episode", "trial"),
    "at": ("at", "time", "timestamp", "date", "datetime", "created_at", "sent_at", "sent", "when"),
    "name": ("id", "utterance_id", "message_id", "turn_id", "name"),
    "answers": ("answers", "reply_to", "in_reply_to", "reply-to", "reply_to_id", "parent_id"),
    "audience": ("audience",),
    "thought": ("thought", "thinking", "reasoning"),
    "title": ("title", "topic", "subject"),
}  # fmt: skip
"""The names that columns have, by what they hold; the first that is there counts."""

WRITTEN = ("conversation", "speaker", "text", "at", "name", "answers", "audience", "thought",
           "title")  # fmt: skip

_SEVERAL = "; "
_FORMULA = re.compile(r"^'[\s\x00-\x1f]*[=+\-@＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what: numbers from 0, by the keys of ``NAMES``."""

    titles: tuple[str, ...]
    places: dict[str, int]

    def __str__(self) -> str:
        """What was understood, as a person reads it."""
        known = (f"{what} = {self.titles[place]!r}" for what, place in self.places.items())
        return ", ".join(known)


def guessed(titles: Sequence[str], how: ReadOptions) -> Columns | str:
    """Which column holds what; or why that cannot be told.

    >>> print(guessed(["Author", "Message", "Date"], ReadOptions()))
    speaker = 'Author', text = 'Message', at = 'Date'
    >>> guessed(["a", "b"], ReadOptions())
    'no column is the speaker (a, b); name it with --speaker'
    """
    folded = [title.strip().casefold().replace(" ", "_") for title in titles]
    places: dict[str, int] = {}
    given = {"speaker": how.speaker, "text": how.text, "conversation": how.conversation,
             "at": how.time}  # fmt: skip
    for what, wanted in given.items():
        if wanted:
            if wanted not in titles:
                return f"there is no column {wanted!r}{nearest(wanted, titles)}"
            places[what] = list(titles).index(wanted)
    for what, names in NAMES.items():
        if what in places:
            continue
        found = (folded.index(name) for name in names if name in folded)
        place = next((each for each in found if each not in places.values()), None)
        if place is not None:
            places[what] = place
    for what in ("speaker", "text"):
        if what not in places:
            return f"no column is the {what} ({', '.join(titles)}); name it with --{what}"
    return Columns(tuple(titles), {what: places[what] for what in NAMES if what in places})


def separator_of(sample: str) -> str:
    """The separator of a table, by its beginning; blank if it is none.

    >>> separator_of("speaker;text\\nAnn;Well, no.\\nBen;Oh."), separator_of("Ann: Hello.")
    (';', '')
    """
    best, most = "", 1
    for separator in SEPARATORS:
        try:
            rows = [row for row in csv.reader(sample.splitlines(), delimiter=separator) if row]
        except csv.Error:
            continue
        widths = {len(row) for row in rows}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = separator, width
    return best


@dataclass(frozen=True, slots=True)
class Delimited:
    """A table with a separator between fields."""

    name: str
    about: str
    separator: str
    loses: str = "what was answered off stage, how a line was made, who described whom"
    tried: bool = True

    def fits(self, head: Head) -> float:
        """A table is one if its first row has columns for a speaker and a text."""
        sample = "\n".join(head.lines[:20])
        first = sample.partition("\n")[0]
        # A quoted field may hold line ends, so rows may differ: then the first row decides.
        separator = separator_of(sample) or separator_of(first)
        if not separator or (separator == "\t") != (self.separator == "\t"):
            return 0.0
        try:
            titles = next(csv.reader([first], delimiter=separator), [])
        except csv.Error:
            return 0.0
        if isinstance(guessed(titles, ReadOptions()), str):
            return 0.3 if head.suffix in (".csv", ".tsv") else 0.0
        return 0.9

    def columns(self, path: Path, how: ReadOptions) -> Columns:
        """Which column holds what. Raises ``FormatError``."""
        return self._columns(path, how, self._rows(path, how))

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """One utterance a row. Raises ``FormatError``."""
        rows = self._rows(path, how)
        columns = self._columns(path, how, rows)
        titles: dict[str, str] = {}
        left_out: Counter[str] = Counter()
        for line, row in rows:
            fields = {what: _read(row[place]) for what, place in columns.places.items()}
            if not fields["text"].strip():
                left_out["rows without text"] += 1
                continue
            if not fields["speaker"].strip():
                raise wrong(path, line, "there is no speaker; name one, or leave the row out")
            conversation = fields.get("conversation", "")
            title = fields.pop("title", "")
            if title and titles.setdefault(conversation, "") != title:
                titles[conversation] = title
                yield About(conversation, title=title)
            audience = fields.pop("audience", "")
            heard = tuple(audience.split(_SEVERAL)) if audience else None
            yield Utterance(**fields, audience=heard, line=line)
        return left_out

    def _rows(self, path: Path, how: ReadOptions) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, each with the line on which it ends."""
        lines = lines_of(path, how.encoding)
        first = list(islice(lines, 20))
        sample = "".join(first)
        separator = separator_of(sample) or separator_of(sample.partition("\n")[0])
        before = csv.field_size_limit(LONGEST)
        reader = csv.reader(chain(first, lines), delimiter=separator or self.separator, strict=True)
        wide = 0
        try:
            for row in reader:
                if not any(row):
                    continue
                wide = wide or len(row)
                if len(row) != wide:
                    raise wrong(
                        path, reader.line_num,
                        f"there are {len(row)} fields, and {wide} in the first row; "
                        "quote texts that hold the separator",
                    )  # fmt: skip
                yield reader.line_num, row
        except csv.Error as error:
            raise wrong(path, reader.line_num, f"{error}; quote texts as CSV does") from None
        finally:
            csv.field_size_limit(before)

    def _columns(
        self, path: Path, how: ReadOptions, rows: Iterator[tuple[int, list[str]]]
    ) -> Columns:
        line, titles = next(rows, (0, []))
        if not titles:
            raise FormatError(f"{path}: is empty; give a table with a row of titles")
        columns = guessed(titles, how)
        if isinstance(columns, str):
            raise wrong(path, line, columns)
        return columns

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """One row an utterance, with the columns ``WRITTEN``."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self.separator, lineterminator="\n")
            writer.writerow(WRITTEN)
            for each in conversations:
                title = each.about.title
                for said in each.utterances:
                    audience = _SEVERAL.join(said.audience or ())
                    row = (each.about.conversation, said.speaker, said.text, said.at, said.name,
                           said.answers, audience, said.thought, title)  # fmt: skip
                    writer.writerow([spreadsheet_cell(cell) for cell in row])


def _read(cell: str) -> str:
    """A cell without the apostrophe that keeps it from being a formula."""
    return cell[1:] if _FORMULA.match(cell) else cell


CSV = Delimited("csv", "a table of utterances, separated by commas or semicolons", ",")
TSV = Delimited("tsv", "a table of utterances, separated by tabs", "\t")
