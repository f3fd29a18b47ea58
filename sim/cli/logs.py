"""Logging of the command: to standard error, without keys."""

from __future__ import annotations

import logging
import sys

from sim.cli.display.terminal import visible
from sim.redaction import redact


class _Redacting(logging.Formatter):
    """Formats, then redacts: a filter would miss the traceback below the message."""

    def format(self, record: logging.LogRecord) -> str:
        lines = redact(super().format(record)).split("\n")
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
