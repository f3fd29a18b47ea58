"""Logging of the command: to standard error, without keys."""

from __future__ import annotations

import logging
import os
import sys

from sim.cli.display.terminal import visible
from sim.redaction import BLOT, redact

_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET")
# A shorter value is no secret, and to replace it would cut ordinary words.
_SHORTEST_SECRET = 6


def without_keys(text: str) -> str:
    """The text without what looks like a key, and without the values of secret variables."""
    for name, value in os.environ.items():
        if name.upper().endswith(_SECRET_NAMES) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, BLOT)
    return redact(text)


class _Redacting(logging.Formatter):
    """Formats, then redacts: a filter would miss the traceback below the message."""

    def format(self, record: logging.LogRecord) -> str:
        lines = without_keys(super().format(record)).split("\n")
        return "\n".join(visible(line) for line in lines)


class _ToStandardError(logging.Handler):
    """Writes to the current ``sys.stderr``, which a live progress bar replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def set_up(level: str) -> None:
    """Log everything from this level on."""
    handler = _ToStandardError()
    handler.setFormatter(_Redacting("elsinore: %(levelname)s: %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
