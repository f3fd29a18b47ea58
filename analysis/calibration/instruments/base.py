"""What an instrument is: it is shown talks, and scores each own turn of one actor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import numpy as np

from analysis.calibration.talks import Shown
from analysis.stats import Floats


@dataclass(frozen=True)
class Scored:
    """What an instrument says of one talk.

    ``scores``, of shape (own turns): the higher, the surer that what the instrument looks for is
    there at that turn; NaN where it says nothing. ``alarms`` are the own turns, from 0, at which it
    reports that it begins, if it decides that itself; None if a threshold on the scores does.
    """

    scores: Floats
    alarms: tuple[int, ...] | None = None


class Instrument(Protocol):
    """An instrument that can be calibrated.

    ``version`` is a hash of everything that its scores depend on: a calibration holds for one
    version. ``detects`` is one of ``analysis.calibration.KINDS``. ``threshold`` is the score from
    which on there is an alarm (None: fitted on half of the shams; without effect if the instrument
    raises alarms itself). ``samples`` says whether it may answer otherwise when it is asked again.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def detects(self) -> str: ...
    @property
    def threshold(self) -> float | None: ...
    @property
    def samples(self) -> bool: ...

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        """What it says of each talk, in their order. ``again`` counts how often it was asked
        before: an instrument that samples then answers anew."""
        ...


def version_of(parts: Iterable[str | bytes]) -> str:
    """Twelve letters that stand for some content.

    >>> version_of(["a", "b"]) == version_of(["ab"])
    False
    """
    whole = sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.hexdigest()[:12]


def rises(scores: Floats, threshold: float) -> tuple[int, ...]:
    """The turns at which scores come to a threshold from below it, or begin there. A turn without
    a score neither ends nor begins an alarm.

    >>> rises(np.array([0.1, 0.9, np.nan, 0.9, 0.2, 0.7]), 0.5)
    (1, 5)
    """
    found, over = [], False
    for place, value in enumerate(scores):
        if not np.isnan(value):
            if value >= threshold and not over:
                found.append(place)
            over = bool(value >= threshold)
    return tuple(found)


def floats(values: Sequence[float | bool | None]) -> Floats:
    """Scores as an array; None is NaN."""
    return np.array([np.nan if value is None else float(value) for value in values])
