"""Calibrations on the disk: one file for each model, instrument and version, in one folder.

The folder is ``ELSINORE_CALIBRATIONS`` if that is set, else ``runs/calibrations``, beside the
stores: what an analysis says must not depend on what lies hidden in somebody's home. A file is
written whole or not at all. A calibration holds for the version of the instrument and the stage
with all of its settings; of any other it is not found.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from hashlib import blake2b
from math import isfinite, nan
from pathlib import Path
from typing import Any

from analysis.calibration.scoring import Calibration, Grown
from analysis.estimates import InstrumentError
from analysis.stats import Interval
from sim.errors import BadRequest, RunFailed
from sim.input_files import read_text
from sim.output_files import write_text

VARIABLE = "ELSINORE_CALIBRATIONS"
DEFAULT = Path("runs") / "calibrations"
FORMAT = 1


def folder_of(asked: Path | str | None = None) -> Path:
    """The folder that was asked for, else that of the environment, else ``runs/calibrations``."""
    return Path(asked or os.environ.get(VARIABLE) or DEFAULT)


def refuse_if_no_folder(folder: Path) -> None:
    """Raise ``BadRequest`` for what can be no folder, before anything is played."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)
    if not there.is_dir():
        raise BadRequest(f"--calibrations {folder}: {there} is a file; name a folder")


def save(found: Iterable[Calibration], folder: Path) -> list[Path]:
    """Write calibrations; an older one of the same model, instrument and version is replaced.

    Raises ``RunFailed`` if the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFailed(f"--calibrations {folder}: cannot be made ({error.strerror})") from None
    paths = []
    for each in found:
        path = folder / _name(*each.key)
        write_text(path, json.dumps(record(each), indent=1, allow_nan=False) + "\n",
                   "--calibrations")  # fmt: skip
        paths.append(path)
    known.cache_clear()
    return paths


def _name(instrument: str, version: str, stage: str) -> str:
    letters = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stage)
    short = "".join(letter if letter.isalnum() else "_" for letter in instrument)[:40]
    digest = blake2b(json.dumps([instrument, version, stage]).encode(), digest_size=6).hexdigest()
    return f"{letters[:60]}--{short}--{digest}.json"


def record(found: Calibration) -> dict[str, Any]:
    """A calibration as plain values; what is missing is None."""
    return {"format": FORMAT, **_plain(found)}


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return [_number(each) for each in (value.estimate, value.low, value.high)]
    if isinstance(value, Calibration | Grown):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


def read(path: Path) -> Calibration:
    """A calibration from its file. Raises ``BadRequest`` for a file that is none."""
    try:
        whole = json.loads(read_text(path))
        if whole.pop("format") != FORMAT:
            raise BadRequest(f"{path}: is of another version of Elsinore; calibrate again")
        grown = whole.pop("grown")
        return Calibration(
            **_typed(whole, Calibration),
            grown=None if grown is None else Grown(**_typed(grown, Grown)),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, BadRequest):
            raise
        raise BadRequest(f"{path}: is no calibration ({error}); remove it") from None


_INTERVALS = frozenset(
    each.name for kind in (Calibration, Grown) for each in fields(kind) if each.type == "Interval"
)
_SERIES = ("doses", "others")
_FLOATS = ("threshold", "missing")


def _typed(plain: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    typed: dict[str, Any] = {}
    for name, value in plain.items():
        if name not in names:
            raise KeyError(name)
        if name in _INTERVALS:
            typed[name] = _interval(value)
        elif name in _SERIES:
            typed[name] = {plant: _interval(each) for plant, each in value.items()}
        else:
            typed[name] = nan if name in _FLOATS and value is None else value
    return typed


def _interval(value: Any) -> Interval:
    return Interval(*(nan if each is None else float(each) for each in value))


@cache
def known(folder: Path) -> tuple[Calibration, ...]:
    """All calibrations of a folder, read once a process; none if there is no such folder."""
    if not folder.is_dir():
        return ()
    return tuple(read(path) for path in sorted(folder.glob("*.json")))


def find(
    instrument: str, version: str, stage: str, folder: Path | None = None
) -> Calibration | None:
    """The calibration of an instrument's version on a stage, or None."""
    wanted = (instrument, version, stage)
    return next((each for each in known(folder_of(folder)) if each.key == wanted), None)


def error_of(found: Calibration) -> InstrumentError:
    """How often an instrument errs: its sensitivity to what was planted, and its share of shams
    with an alarm."""
    return InstrumentError(found.sensitivity, found.sham_alarms, found.model)
