"""What every format is: a reader, perhaps a writer, and how a file is recognised."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance

HEAD = 64 << 10
"""A format is recognised by so many bytes of a file's beginning."""


Reading = Generator[About | Utterance, None, Counter[str]]
"""What a reader makes. It returns what it left out, counted by kind (``"system messages"``)::

    left_out = yield from FORMAT.read(path, how)
"""


class FormatError(BadRequest):
    """A file is not what its format says. The message reads ``FILE, line N: WHAT; FIX``."""


def wrong(path: Path | str, line: int, what: str) -> FormatError:
    """The error for a place in a file; ``line`` is 0 where the format has no lines.

    >>> str(wrong("chat.csv", 3, "there is no speaker; name one"))
    'chat.csv, line 3: there is no speaker; name one'
    """
    place = f", line {line}" if line else ""
    return FormatError(f"{path}{place}: {what}")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user says about a file. Blank: found by the reader.

    ``speaker``, ``text``, ``conversation`` and ``time`` name columns or fields of tables and JSON
    Lines. ``system`` takes in system messages of chats, which are instructions and no turns.
    ``encoding`` is that of text files.
    """

    speaker: str = ""
    text: str = ""
    conversation: str = ""
    time: str = ""
    system: bool = False
    encoding: str = ""


@dataclass(frozen=True)
class Head:
    """The beginning of a file, or the names in a folder, by which its format is recognised."""

    path: Path
    data: bytes = b""
    names: tuple[str, ...] = field(default=())

    @property
    def suffix(self) -> str:
        """The end of the file's name, in small letters: ``.csv``."""
        return self.path.suffix.lower()

    @cached_property
    def text(self) -> str:
        """The beginning as text: without a mark of its encoding, with damaged letters replaced."""
        for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
            if self.data.startswith(mark):
                return self.data.decode(encoding, "replace")
        return self.data.decode("utf-8-sig", "replace")

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The whole lines of the beginning that are not blank."""
        lines = self.text.splitlines()
        if len(self.data) >= HEAD and len(lines) > 1:
            lines = lines[:-1]
        return tuple(line for line in lines if line.strip())

    @cached_property
    def first_record(self) -> Any:
        """The first line as JSON; None if it is none."""
        try:
            return json.loads(self.lines[0]) if self.lines else None
        except (ValueError, RecursionError):
            return None


class Format(Protocol):
    """A format of transcripts. Its readers and writers stream: they hold no more than they must."""

    @property
    def name(self) -> str:
        """How a user names it: ``csv``."""
        ...

    @property
    def about(self) -> str:
        """What it is, in a line for the help."""
        ...

    @property
    def loses(self) -> str:
        """What of a trial of ours it cannot hold, in a line; blank: it cannot be written."""
        ...

    @property
    def tried(self) -> bool:
        """Whether it was tried on a file of the program to which the format belongs."""
        ...

    def fits(self, head: Head) -> float:
        """How well a file's beginning fits, from 0 (it is none) to 1 (it can be no other)."""
        ...

    def read(self, path: Path, how: ReadOptions) -> Reading:
        """The records of a file. Raises ``FormatError`` with the file and the line."""
        ...

    def write(self, conversations: Iterable[Conversation], path: Path) -> None:
        """Write conversations to a file that does not exist, or to an empty folder."""
        ...
