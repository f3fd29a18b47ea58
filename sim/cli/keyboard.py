"""One key at a time from a terminal."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

import typer

try:
    import termios
    import tty
except ImportError:  # Windows, where typer reads keys by itself.
    termios = None  # type: ignore[assignment]

_ESCAPE = b"\x1b"


class Keyboard:
    """The terminal of standard input, which gives each key as it is hit, and shows none of them.

    Keys that are hit before they are asked for wait. An arrow or another key that sends several
    signs is one text. The terminal is as before when it is left.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        if termios is not None:
            number = sys.stdin.fileno()
            self._before = termios.tcgetattr(number)
            # Drained and not flushed: what was typed ahead stays.
            tty.setcbreak(number, termios.TCSADRAIN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)

    def __call__(self) -> str:
        """The next key. Raises ``EOFError`` at the end of the input, ``KeyboardInterrupt`` for
        Ctrl-C."""
        if self._before is None:
            return typer.getchar()
        number = sys.stdin.fileno()
        data = os.read(number, 1)
        if not data or data == b"\x04":  # Ctrl-D
            raise EOFError
        os.set_blocking(number, False)
        try:
            while _goes_on(data):
                data += os.read(number, 1)
        except BlockingIOError:
            pass  # Escape itself, or what was cut off.
        finally:
            os.set_blocking(number, True)
        return data.decode(errors="replace")


def _goes_on(data: bytes) -> bool:
    """Whether more bytes belong to a key: after Escape a bracket and parameters up to a letter
    (ECMA-48), after the first byte of a letter in UTF-8 as many as it says.

    >>> [_goes_on(data) for data in (b"y", b"\\x1b", b"\\x1b[", b"\\x1b[1;5", b"\\x1b[A", b"\\xc3")]
    [False, True, True, True, False, True]
    """
    if data[:1] == _ESCAPE:
        rest = data[1:]
        return rest in (b"", b"[", b"O") or (rest[:1] == b"[" and not 0x40 <= rest[-1] <= 0x7E)
    first = data[0]
    return len(data) < 1 + (first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)
