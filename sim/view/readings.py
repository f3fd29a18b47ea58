"""What is measured of a store, as the viewer is given it; and when it is measured.

A measure reads a whole store (rates are pooled over trials) and may take many seconds. So pages
never wait: they are drawn with the marks that there are, and drawn anew when there are more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.errors import ElsinoreError
from sim.events import Turn
from sim.transcript import Transcript

log = logging.getLogger(__name__)

KINDS = ("flip", "collapse", "loop", "concession", "stranger")
"""The kinds of marks, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to somebody at a turn; ``kind`` is one of ``KINDS``."""

    turn: int
    kind: str
    actor: str
    told: str


Marks = Mapping[str, Sequence[Mark]]
"""Marks by trial."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured of a store. ``together`` says by trial how far the actors of its arm come
    together: an estimate with its interval, as text; nothing for trials that it is not of.
    ``contrasts`` are sentences about arms beside each other."""

    marks: Marks = field(default_factory=dict)
    together: Mapping[str, str] = field(default_factory=dict)
    contrasts: Sequence[str] = ()


def nothing(path: Path) -> Reading:
    """Reads nothing of any store."""
    return Reading()


def nobody_knows(transcript: Transcript, turn: Turn, before: Sequence[Turn]) -> str:
    """Who speaks in a line, where nothing reads it."""
    return ""


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of a viewer. ``read`` reads a store; ``who`` says who speaks in a line: self,
    opposite, assistant, partner, loop, stranger or nobody."""

    read: Callable[[Path], Reading] = nothing
    who: Callable[[Transcript, Turn, Sequence[Turn]], str] = nobody_knows


@dataclass
class Measured:
    """What is measured of a store, in a thread of its own whenever the store has changed.

    Of a store that is being written the next measurement begins no sooner than four times the last
    one's length later, so that a run keeps its processor.
    """

    path: Path
    measures: Measures
    reading: Reading = field(default_factory=Reading)
    version: int = 0
    """Counts the measurements; 0: none has ended."""
    failed: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._running = False
        self._of = ""
        self._not_before = 0.0

    def refresh(self, state: str) -> None:
        """Measure the store if it is not as it was measured; returns at once.

        ``state`` is any text that is another one when the store is.
        """
        with self._lock:
            if self._running or state == self._of or time.monotonic() < self._not_before:
                return
            self._running = True
            self._of = state
        threading.Thread(target=self._measure, name="marks", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait for a measurement under way; whether there are marks then."""
        end = time.monotonic() + seconds
        while self._running and time.monotonic() < end:
            time.sleep(0.01)
        return self.version > 0

    def _measure(self) -> None:
        begun = time.monotonic()
        try:
            self.reading = self.measures.read(self.path)
            self.failed = ""
        except ElsinoreError as error:
            self.failed = str(error)
        except Exception as error:
            log.warning("the marks could not be measured: %s", error, exc_info=True)
            self.failed = f"{type(error).__name__}: {error}"
        finally:
            ended = time.monotonic()
            with self._lock:
                self.version += 1
                self._running = False
                self._not_before = ended + 4 * (ended - begun)
