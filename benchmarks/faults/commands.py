"""The command ``elsinore`` in this process: the same ``main``, without half a second of imports."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from pathlib import Path

from sim.cli import main

_CODES = (0, 1, 2)


def command(folder: Path, *words: str) -> str:
    """Run the command in a folder; what it said on standard error.

    Raises whatever ``main`` raises but its exit, and ``AssertionError`` if it does not end as it is
    promised: with exit code 0, 1 or 2, and with a sentence if it is not 0.
    """
    before, arguments, path = Path.cwd(), sys.argv, list(sys.path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    said, told = io.StringIO(), io.StringIO()
    os.chdir(folder)
    sys.argv = ["elsinore", *words]
    code: object = None
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
            main()
    except SystemExit as leaving:
        code = leaving.code or 0
    finally:
        os.chdir(before)
        sys.argv, sys.path[:] = arguments, path
        root.handlers[:] = handlers
        root.setLevel(level)
    error = told.getvalue()
    if code not in _CODES or "Traceback" in error or bool(code) > bool(error.strip()):
        raise AssertionError(f"exit code {code}, and: {error[-1000:]}")
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in error):
        raise AssertionError(f"control characters in {error[-1000:]!r}")
    return error
