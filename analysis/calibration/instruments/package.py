"""An instrument of another package, found by its entry point in ``elsinore.instruments``.

The entry point names a detector, as a file would hold it
(``analysis.calibration.instruments.function``), or an object with what
``analysis.calibration.instruments.base.Instrument`` asks for.
"""

from __future__ import annotations

import sys
from pathlib import Path

from analysis.calibration.instruments.base import Instrument
from analysis.calibration.instruments.function import function_of
from analysis.calibration.talks import KINDS
from sim.extensions import Extension


def instrument_from(added: Extension, detects: str | None = None) -> Instrument:
    """The instrument that an entry point names. ``detects`` is what it is for, if that was said.

    Raises ``ExtensionError`` if it does not load or is no instrument.
    """
    found = added.load()
    if hasattr(found, "read"):
        made: Instrument = found
        lacks = [
            part
            for part in ("name", "version", "detects", "threshold", "samples")
            if not hasattr(made, part)
        ]
        if isinstance(found, type) or lacks:
            what = "is a class; name an object of it" if isinstance(found, type) else (
                f"is no instrument: it has no {', '.join(lacks)}"
            )  # fmt: skip
            raise added.wrong(what)
        if made.detects not in KINDS or detects not in (None, made.detects):
            known = "" if made.detects in KINDS else f", which is none of {', '.join(KINDS)}"
            raise added.wrong(f"detects {made.detects!r}{known}; leave out what it is for")
        return made
    if not callable(found):
        raise added.wrong("is neither a detector nor an instrument")
    kind = detects or getattr(found, "detects", "flip")
    if kind not in KINDS:
        raise added.wrong(f"detects {kind!r}, which is none of {', '.join(KINDS)}")
    return function_of(added.name, found, _sources(found.__module__), kind)


def _sources(module: str) -> bytes:
    """The sources of the package that a module belongs to: whatever is edited there, the detector
    is another one."""
    top = sys.modules[module.partition(".")[0]]
    folders = [Path(folder) for folder in getattr(top, "__path__", ())]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return b"".join(path.read_bytes() for path in files or [Path(str(top.__file__))])
