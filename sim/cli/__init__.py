"""The command ``elsinore``.

This package declares the command and its options (``app``) and is the last boundary: whatever
Elsinore raises on purpose becomes one line here. What a subcommand does stands in a module of its
own, which is loaded when the subcommand runs, so that ``--help`` costs no more than typer.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from io import TextIOWrapper

from sim.cli.app import app
from sim.cli.completion import for_bash
from sim.errors import ElsinoreError

__all__ = ["main"]

# The store and the export say themselves when their disk is full; what is left is the output.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command and leave with its exit code: 0, 1 (failed), 2 (bad request) or 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that knows only ASCII gets escapes instead of a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        with for_bash():
            app(prog_name="elsinore")
    except ElsinoreError as error:
        _say(str(error))
        logging.getLogger(__name__).debug("raised here:", exc_info=error)
        _leave(error.exit_code)
    except KeyboardInterrupt:
        _say("interrupted")
        _leave(130)
    except BrokenPipeError:
        _leave(141)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _say(f"standard output cannot be written ({error.strerror})")
        _leave(1)
    except SystemExit as leaving:
        _leave(leaving.code)


def _say(message: str) -> None:
    """One line on standard error, without keys and without control characters."""
    # Loaded now, since most commands say nothing here.
    from sim.cli.display.terminal import one_line
    from sim.cli.logs import without_keys

    with contextlib.suppress(BrokenPipeError):
        print(f"elsinore: {one_line(without_keys(message))}", file=sys.stderr, flush=True)  # noqa: T201


def _leave(code: int | str | None) -> None:
    """Leave; if nobody reads standard output any more, without a complaint about it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would be flushed again at exit, and complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 141
    except OSError as error:
        # /dev/full, or a disk that is: what was asked for did not arrive.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not code:
            _say(f"standard output cannot be written ({error.strerror})")
        code = code or 1
    raise SystemExit(code)
