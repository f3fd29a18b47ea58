"""A Python function as an instrument: ``file.py:function``.

It is given the turns of a whole talk and returns a score for each of them, None where it says
nothing. It may have attributes: ``detector.detects = "hostility"``, ``detector.threshold = 0.5``,
``detector.samples = True``. A function whose scores are all True or False alarms at True.

    def shouting(turns):
        return [sum(word.isupper() for word in turn.text.split()) for turn in turns]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from analysis.calibration.instruments.base import Scored, floats, rises, version_of
from analysis.calibration.talks import KINDS, Shown, Talk
from sim.errors import BadRequest
from sim.events import Turn
from sim.planning.scenarios import load_file
from sim.text.suggestions import nearest

Detector = Callable[[Sequence[Turn]], Sequence[float | bool | None]]


@dataclass(frozen=True)
class Function:
    """A detector that somebody wrote. ``source`` is the file it stands in: its content is the
    version, so that no edit is missed."""

    name: str
    detector: Detector = field(repr=False)
    source: bytes = field(default=b"", repr=False)
    detects: str = "flip"
    threshold: float | None = None
    samples: bool = False

    @property
    def version(self) -> str:
        return version_of([self.name, self.source])

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        return [self._of(talk) for talk in shown.talks]

    def _of(self, talk: Talk) -> Scored:
        try:
            given = list(self.detector(list(talk.turns)))
            scores = floats(given)
        except Exception as error:  # It is somebody's own code and may raise anything.
            raise BadRequest(
                f"{self.name}: failed on a talk of {len(talk.turns)} turns: "
                f"{type(error).__name__}: {error}"
            ) from error
        if len(scores) != len(talk.turns):
            raise BadRequest(
                f"{self.name}: returned {len(scores)} scores for {len(talk.turns)} turns; return "
                "one for each turn, None where there is nothing to say"
            )
        own = scores[talk.own] if talk.own else np.array([])
        if self.threshold is None and all(
            isinstance(each, bool | np.bool_) for each in given if each is not None
        ):
            # True and False are decisions: nothing is to be fitted.
            return Scored(own, rises(own, 1.0))
        return Scored(own)


def function_from(path: Path, name: str, detects: str | None = None) -> Function:
    """The function of a file as an instrument. Raises ``BadRequest`` if there is none."""
    module = load_file(path)
    detector = getattr(module, name, None)
    if not callable(detector):
        known = [each for each, value in vars(module).items() if callable(value)]
        raise BadRequest(f"--instrument {path}:{name}: no such function{nearest(name, known)}")
    kind = detects or getattr(detector, "detects", "flip")
    if kind not in KINDS:
        raise BadRequest(f"{path}:{name}.detects: {kind!r} is none of {', '.join(KINDS)}")
    return function_of(f"{path.name}:{name}", detector, path.read_bytes(), kind)


def function_of(name: str, detector: Detector, source: bytes, detects: str) -> Function:
    """A detector with what it says of itself by its attributes."""
    threshold = getattr(detector, "threshold", None)
    return Function(
        name, detector, source, detects,
        None if threshold is None else float(threshold),
        bool(getattr(detector, "samples", False)),
    )  # fmt: skip
