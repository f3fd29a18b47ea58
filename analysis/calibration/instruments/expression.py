"""A regular expression as an instrument: how often it matches in a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from analysis.calibration.instruments.base import Scored, version_of
from analysis.calibration.talks import Shown
from sim.errors import BadRequest


@dataclass(frozen=True)
class Expression:
    """Matches of ``pattern`` in each line, letters of both cases alike; one is an alarm.

    Raises ``BadRequest`` if it is no regular expression.

    >>> Expression(r"\\b(fool|idiot)s?\\b", "hostility").count("You fool! You two fools.")
    2
    """

    pattern: str
    detects: str = "flip"
    threshold: float | None = 1.0
    samples: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise BadRequest(f"regex:{self.pattern}: is no regular expression ({error})") from None

    @property
    def name(self) -> str:
        return f"regex:{self.pattern}"

    @property
    def version(self) -> str:
        return version_of(["regex", self.pattern])

    def count(self, text: str) -> int:
        """How often the pattern matches."""
        return sum(1 for _ in re.finditer(self.pattern, text, re.IGNORECASE))

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        return [
            Scored(np.array([float(self.count(text)) if text.strip() else np.nan
                             for text in texts]))
            for texts in shown.texts
        ]  # fmt: skip
