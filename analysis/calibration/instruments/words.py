"""The baseline that every instrument has to beat: how long a line is."""

from __future__ import annotations

import numpy as np

from analysis.calibration.instruments.base import Scored
from analysis.calibration.talks import Shown


def lengths(shown: Shown) -> list[Scored]:
    """The number of words of each own turn, NaN where nothing was said."""
    return [
        Scored(np.array([float(len(text.split())) or np.nan for text in texts]))
        for texts in shown.texts
    ]
