"""One input to one reader, with bounds on its time and memory; and what became of it."""

from __future__ import annotations

import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from random import Random
from types import FrameType

SECONDS = 1.0
"""The most CPU time of an input. Time of the CPU, because other programs may have it meanwhile."""

WAITING = 100.0
"""The most seconds of wall time, for a reader that waits for what never comes. There are many,
since a process of a busy machine waits for its turn."""

MEMORY = 300 << 20
"""The most resident bytes of the process that reads, with all that it has imported."""

FINE = ("read", "refused")
"""Outcomes that are promised: a value, or an error of Elsinore's own."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of foreign bytes.

    ``make`` draws an input, of which ``share`` in a thousand are for this reader. ``read`` gives it
    to the entry point in a folder where it may write, and raises what that raises; ``clean`` are
    the errors that are allowed. ``seconds`` of CPU time are allowed for an input.
    """

    name: str
    share: int
    make: Callable[[Random], bytes]
    read: Callable[[bytes, Path], object]
    clean: tuple[type[BaseException], ...]
    seconds: float = SECONDS

    def input(self, seed: int, number: int) -> bytes:
        """An input by its number."""
        ground = blake2b(f"{self.name}|{seed}|{number}".encode(), digest_size=8).digest()
        return self.make(Random(int.from_bytes(ground)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """``read`` or ``refused``, or what went wrong: ``traceback``, ``slow``, ``memory``, ``died``.

    ``what`` is a line that is the same for inputs that go wrong in the same way.
    """

    kind: str
    what: str = ""
    details: str = ""


class TooSlow(BaseException):
    """The time is over. Not an ``Exception``, so that nothing takes it for its own."""


def attempt(reader: Reader, given: bytes, folder: Path, more: float = 0.0) -> Outcome:
    """What becomes of an input, with ``more`` seconds of CPU time than are allowed."""
    seconds = reader.seconds + more
    begun, before = time.process_time(), most_memory()
    try:
        with _timed(seconds):
            reader.read(given, folder)
        outcome = Outcome("read")
    except reader.clean:
        outcome = Outcome("refused")
    except TooSlow as error:
        outcome = _wrong("slow", error)
    except MemoryError as error:
        outcome = _wrong("memory", error)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - that is the point
        outcome = _wrong("traceback", error)
    took = time.process_time() - begun
    if outcome.kind in FINE and took > seconds:
        outcome = Outcome("slow", f"{took:.1f} s in one step that nothing could interrupt")
    # Where a process held more than that already, as one that runs many tests may, no input did it.
    bound = MEMORY if before <= MEMORY else before + MEMORY // 3
    if outcome.kind in FINE and most_memory() > bound:
        outcome = Outcome("memory", f"{most_memory() >> 20} MB")
    return outcome


def most_memory() -> int:
    """The most resident bytes that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _wrong(kind: str, error: BaseException) -> Outcome:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame for frame in frames if "/sim/" in frame.filename or "/analysis/" in frame.filename
    ]
    last = (ours or list(frames))[-1]
    where = "/".join(Path(last.filename).parts[-3:])
    text = "".join(traceback.format_exception(error, limit=-12))
    said = "" if kind == "slow" else f": {type(error).__name__}"
    return Outcome(kind, f"{where}, {last.name}{said}", text[-4000:])


@contextmanager
def _timed(seconds: float) -> Iterator[None]:
    """Raise ``TooSlow`` in the block when its time is over."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = [(number, signal.signal(number, stop)) for number in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before:
            signal.signal(number, handler)
