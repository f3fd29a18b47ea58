"""Calibration of instruments on a model: what is planted, the exact limit, and the whole of it.

``plants`` has the scenes, ``limit`` the best that can be done where probabilities are known,
``following`` whether the model did what it was told, ``run`` plays and reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from sim.study.calibration.plants import Planting as Planting
    from sim.study.calibration.run import Readers as Readers
    from sim.study.calibration.run import calibrate as calibrate
    from sim.study.calibration.run import play_planted as play_planted

_WHERE = {
    "Planting": "sim.study.calibration.plants",
    "Readers": "sim.study.calibration.run",
    "calibrate": "sim.study.calibration.run",
    "play_planted": "sim.study.calibration.run",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
