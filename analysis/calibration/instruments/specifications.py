"""Instruments as they are named on the command line.

    flips                          one of ours; spoken_flips:EVIDENCE by other evidence
    my_file.py:detector            a Python function
    regex:PATTERN                  a regular expression
    rubric.toml, judge:rubric.toml a judge with a rubric
    petri:dimension.md             a dimension file of Petri's
    scout:MODULE:SCANNER           a scanner of Inspect Scout
    NAME                           one of another package (``sim.extensions``)

What an instrument is for may stand before it: ``hostility=regex:\\bfool\\b``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.calibration.instruments.base import Instrument
from analysis.calibration.instruments.expression import Expression
from analysis.calibration.instruments.function import function_from
from analysis.calibration.instruments.identity import NAMES
from analysis.calibration.instruments.judge import judge_from
from analysis.calibration.instruments.ours import own_named
from analysis.calibration.instruments.package import instrument_from
from analysis.calibration.instruments.petri import dimension_from
from analysis.calibration.instruments.scout import scanner_from
from analysis.calibration.talks import KINDS
from analysis.evidence.scoring import Asked
from sim import extensions
from sim.errors import BadRequest


def open_instruments(
    specifications: Sequence[str], reader: Asked | None = None
) -> list[Instrument]:
    """The instruments, in order. ``reader`` is the model that judges ask. Raises ``BadRequest`` for
    one that there is not, or that is named twice."""
    found: list[Instrument] = []
    for each in specifications:
        made = open_instrument(each, reader)
        if any(made.name == other.name and made.detects == other.detects for other in found):
            raise BadRequest(f"--instrument {each}: is named twice; name it once")
        found.append(made)
    return found


def open_instrument(specification: str, reader: Asked | None = None) -> Instrument:
    """One instrument. Raises ``BadRequest`` if there is no such."""
    kind, equals, rest = specification.partition("=")
    detects = kind if equals and kind in KINDS else None
    what = rest if detects else specification
    how, colon, name = what.partition(":")
    if colon and how == "regex":
        return Expression(name, detects or "flip")
    if colon and how == "petri":
        return dimension_from(Path(name), _needed(reader, specification), detects)
    if colon and how == "scout":
        return scanner_from(name, detects)
    if what.endswith(".toml"):
        path = Path(what.removeprefix("judge:"))
        return judge_from(path, _needed(reader, specification), detects)
    file, colon, name = what.rpartition(":")
    if colon and file.endswith(".py"):
        return function_from(Path(file), name, detects)
    added = None if what in NAMES else extensions.find("instruments", what)
    if added is not None:
        return instrument_from(added, detects)
    if detects is not None:
        raise BadRequest(
            f"--instrument {specification}: what ours are for is settled; write {what}"
        )
    return own_named(what, reader)


def _needed(reader: Asked | None, specification: str) -> Asked:
    if reader is None:
        raise BadRequest(
            f"--instrument {specification}: needs a model that judges; name one by --reader"
        )
    return reader
