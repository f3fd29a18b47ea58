"""The lines with which messages of an exported WhatsApp chat begin, and the order of their dates.

Each telephone writes dates as its owner's country does, and no line says which. What one line
leaves open, the whole file decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

MARKS: Final = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Marks of the direction of writing, which the program sets around names, times and notices."""

_AFTERNOON: Final = ("pm", "下午", "오후", "午後", "م", "μμ", "мп")
_MORNING: Final = ("am", "上午", "오전", "午前", "ص", "πμ", "дп")
_HALF: Final = rf"[ap]\.?\s?m\.?|{'|'.join(_AFTERNOON[1:4] + _MORNING[1:4])}|[مص]|[πμ]\.?μ\.?"
_HEADER: Final = re.compile(
    rf"[{MARKS}]*(?P<bracket>\[)?"
    r"(?P<one>\d{1,4})(?P<sign>[./-]) ?(?P<two>\d{1,2})(?P=sign) ?(?P<three>\d{1,4})\.?"
    rf"(?:[,،]?\s+|,)(?:(?!{_HALF})[^\W\d]{{1,4}}\.?\s+)?"
    rf"(?:(?P<before>{_HALF})\s?)?(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?"
    rf"(?:\s?(?P<after>{_HALF}))?(?(bracket)[{MARKS}]*\]|(?:\s[-–—]|,))\s(?P<rest>.*)",
    re.I | re.S,
)
_QUOTES: Final = re.compile('["“”„«»]')
_LONGEST_NAME: Final = 60
_MOST_NAMES: Final = 100_000

ORDERS: Final = ("dmy", "mdy", "ymd")
"""The orders of day, month and year that countries have."""


@dataclass(frozen=True, slots=True)
class Header:
    """The beginning of a message: when it was sent, and what stands behind.

    ``form`` is how the date is set: with a bracket or not, and with which sign; ``halves`` says
    whether the day has twice twelve hours.
    """

    form: str
    numbers: tuple[int, int, int]
    time: tuple[int, int, int]
    rest: str
    halves: bool

    def at(self, order: str) -> datetime | None:
        """When it was sent if dates have this order; None if there is no such day."""
        year, month, day = (self.numbers[order.index(part)] for part in "ymd")
        if order == "mdy" and self.form.endswith("."):
            return None  # No country writes so.
        try:
            return datetime(year + 2000 if year < 100 else year, month, day, *self.time)  # noqa: DTZ001  it has no zone
        except ValueError:
            return None


def header_of(line: str) -> Header | None:
    """The header with which a line begins; None if it continues a message.

    >>> header_of("[12/31/23, 9:15:02\\u202fPM] Ann: Hello").at("mdy").isoformat()
    '2023-12-31T21:15:02'
    >>> header_of("31.12.23, 21:15 - Ann: Hello").rest
    'Ann: Hello'
    """
    found = _HEADER.match(line)
    if found is None:
        return None
    hour = int(found["hour"])
    half = re.sub(r"[.\s]", "", found["before"] or found["after"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half in _AFTERNOON else 0)
    return Header(
        ("[" if found["bracket"] else "-") + found["sign"],
        (int(found["one"]), int(found["two"]), int(found["three"])),
        (hour, int(found["minute"]), int(found["second"] or 0)),
        found["rest"],
        bool(half),
    )


@dataclass(slots=True)
class Habits:
    """How a file writes: the form of its headers, the order of its dates, its names with colons.

    ``proven`` says whether a date of the file has only one reading; else ``order`` is what keeps
    the messages in the order of time, or else the custom.
    """

    form: str = ""
    order: str = ""
    proven: bool = False
    _count: int = 0
    _possible: Counter[str] = field(default_factory=Counter)
    _back: Counter[str] = field(default_factory=Counter)
    _last: dict[str, datetime] = field(default_factory=dict)
    _halves: bool = False
    _names: Counter[str] = field(default_factory=Counter)
    _seconds: dict[str, str] = field(default_factory=dict)

    def add(self, header: Header) -> None:
        """Look at a header. Those of another form than the first are of a text that was pasted."""
        self.form = self.form or header.form
        if header.form != self.form:
            return
        self._count += 1
        self._halves = self._halves or header.halves
        for order in ORDERS:
            at = header.at(order)
            if at is not None:
                self._possible[order] += 1
                self._back[order] += at < self._last.get(order, at)
                self._last[order] = at
        first, colon, more = header.rest.partition(": ")
        known = first in self._names
        if not colon or not (known or len(self._names) < _MOST_NAMES):
            return
        second, colon, _ = more.partition(": ")
        second = second if colon and len(second) <= _LONGEST_NAME else ""
        if not known:
            self._seconds[first] = second
        elif self._seconds[first] != second:
            self._seconds[first] = ""
        self._names[first] += 1

    def settle(self) -> None:
        """Decide what the headers show together."""
        # A year of two digits comes last nearly everywhere, so it comes first only if it has to.
        whole = [order for order in ORDERS if self._possible[order] == self._count]
        short = [order for order in whole if order != "ymd"]
        whole = short or whole
        self.proven = len(whole) == 1
        american = self._halves and self.form == "[/"
        usual = ("mdy", "dmy", "ymd") if american else ORDERS
        self.order = min(whole or [max(ORDERS, key=lambda order: self._possible[order])],
                         key=lambda order: (self._back[order], usual.index(order)))  # fmt: skip

    def sender(self, rest: str) -> tuple[str, str] | None:
        """Who sent a message, and its text; None if it is a line of the system.

        A name may hold a colon: it does if the same words follow it wherever it stands.
        """
        first, colon, more = rest.partition(": ")
        if not colon:
            # The blank behind the colon may have been cut off.
            name = first.rstrip()
            return (name[:-1], "") if name.endswith(":") and name[:-1] in self._names else None
        seen, second = self._names[first], self._seconds.get(first, "")
        if seen > 1 and second:
            return f"{first}: {second}", more.partition(": ")[2]
        # A notice that quotes: Ann changed the subject to "Tea: at five".
        if seen < 2 and (len(first) > _LONGEST_NAME or _QUOTES.search(first)):
            return None
        return first, more


def habits_of(lines: Iterable[str]) -> Habits:
    """How a file writes, from all of its lines."""
    habits = Habits()
    for line in lines:
        header = header_of(line)
        if header is not None:
            habits.add(header)
    habits.settle()
    return habits
