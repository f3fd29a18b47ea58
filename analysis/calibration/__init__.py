"""Calibration: how good an instrument is on one model, from scenes in which something was planted.

``instruments`` has the instruments, one kind a file: ours, and those of others. ``talks`` says what
they are shown and what was planted, ``scoring`` what their numbers are worth, ``stored`` keeps that
and finds it again. Scenes are planned and played by ``sim.study.calibration``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from analysis.calibration.instruments.base import Instrument as Instrument
    from analysis.calibration.instruments.base import Scored as Scored
    from analysis.calibration.instruments.specifications import (
        open_instruments as open_instruments,
    )
    from analysis.calibration.scoring import Calibration as Calibration
    from analysis.calibration.stored import find as find
    from analysis.calibration.talks import KINDS as KINDS
    from analysis.calibration.talks import Shown as Shown
    from analysis.calibration.talks import Talk as Talk

_WHERE = {
    "Calibration": "analysis.calibration.scoring",
    "Instrument": "analysis.calibration.instruments.base",
    "KINDS": "analysis.calibration.talks",
    "Scored": "analysis.calibration.instruments.base",
    "Shown": "analysis.calibration.talks",
    "Talk": "analysis.calibration.talks",
    "find": "analysis.calibration.stored",
    "open_instruments": "analysis.calibration.instruments.specifications",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
