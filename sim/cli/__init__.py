"""The command ``elsinore``.

``app`` declares the command. Each subcommand is a module of ``commands``, which is loaded when it
runs, so that ``--help`` loads little more than typer. ``main`` turns an error that Elsinore raises
on purpose into one line and an exit code.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from sim.cli.app import app
from sim.cli.completion import for_bash
from sim.errors import BadRequest, ElsinoreError

__all__ = ["main"]

# Errors of a full disk. Stores and exports turn theirs into messages; here they are of the output.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command and leave with its exit code: 0, 1 (failed), 2 (bad request) or 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that knows only ASCII shows escapes; without this, printing would raise.
            stream.reconfigure(errors="backslashreplace")
    try:
        _refuse_no_text(sys.argv)
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
    except Exception as error:
        # Damage shows in many ways. A store that is sound leaves the error as what it is: ours.
        store = _damaged_store()
        if store is None:
            raise
        _say(store)
        logging.getLogger(__name__).debug("raised here:", exc_info=error)
        _leave(1)


def _refuse_no_text(arguments: Sequence[str]) -> None:
    """Raise ``BadRequest`` for an argument that is no UTF-8: it could be stored by no name."""
    for place, argument in enumerate(arguments):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise BadRequest(
                f"argument {place}: is no text in UTF-8 (at letter {error.start + 1}); rename it, "
                "or write it anew"
            ) from None


def _damaged_store() -> str | None:
    """What is wrong with a store that this process has opened; None if all are sound."""
    if "sim.store.connection" not in sys.modules:
        return None
    from sim.store.connection import OPENED, damaged
    from sim.store.soundness import verify

    for path in OPENED:
        try:
            found = verify(path)
        except ElsinoreError:
            continue
        if not found.sound:
            return str(damaged(path, found.problems[0]))
    return None


def _say(message: str) -> None:
    """One line on standard error, without keys and without control characters."""
    # Loaded here, because most commands print no error.
    from sim.cli.display.terminal import one_line
    from sim.redaction import redact

    with contextlib.suppress(BrokenPipeError):
        print(f"elsinore: {one_line(redact(message))}", file=sys.stderr, flush=True)  # noqa: T201


def _leave(code: int | str | None) -> None:
    """Exit with a code; if standard output was closed by its reader, without a message about it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Otherwise Python would flush the buffer again at exit, and print the error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 141
    except OSError as error:
        # The disk is full (or it is /dev/full): the output is incomplete.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not code:
            _say(f"standard output cannot be written ({error.strerror})")
        code = code or 1
    raise SystemExit(code)
