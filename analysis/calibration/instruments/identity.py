"""What our own instruments are called, and which version of them is here.

Apart from the instruments, since every ``Result`` asks for it, and instruments are made of results.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from analysis.calibration.instruments.base import version_of
from analysis.evidence import tells
from analysis.evidence.embeddings import available

NAMES = (
    "flips", "triggered_flips", "spoken_flips", "hostility", "collapse", "stance", "agreement"
)  # fmt: skip
"""Our instruments."""

SPOKEN = "spoken_flips"
"""The one that may read several kinds of evidence."""

_READ_BY_TELLS = ("triggered_flips", "stance")


def name_of(instrument: str, by: str = "") -> str:
    """What an instrument is called with the evidence that it reads; ``by`` is its name (blank: the
    best embedder that is installed).

    >>> name_of("spoken_flips", "hashing"), name_of("flips")
    ('spoken_flips:hashing', 'flips')
    """
    return f"{instrument}:{by or available()[0]}" if instrument == SPOKEN else instrument


def version_of_ours(name: str) -> str:
    """The version of one of ours by its whole name: a hash of the code and the tables that measures
    and evidence are made of. Whatever is edited there, what was calibrated before is no longer
    known to hold."""
    by = tells.best_reader() if name in _READ_BY_TELLS else ""
    return version_of([_sources(), name, by])


@cache
def _sources() -> str:
    """A hash of the sources of ``measures``, ``evidence`` and ``stats``."""
    home = Path(__file__).parents[2]
    files = [
        path
        for folder in ("evidence", "measures", "stats")
        for path in sorted((home / folder).rglob("*"))
        if path.suffix in (".py", ".tsv")
    ]
    return version_of(
        part for path in files for part in (str(path.relative_to(home)), path.read_bytes())
    )
