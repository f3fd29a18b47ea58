"""Did the model do what it was told? A small one may ignore a swap: then there is nothing to find.

With the stage's own probabilities: it followed if, by all of the target's lines, a swap is likelier
than none (``limit``). Else by a blind reader, who knows five lines that each character could have
said and that no prompt contained: it followed if the target's lines moved toward those of its
opposite, from before the plant to after it, by more than nine in ten shams did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.calibration.talks import SHAMS, Planted
from analysis.calibration.thresholds import fitted_threshold
from analysis.evidence.readings import Lines, Sides, TextEvidence
from analysis.stats import Floats
from analysis.tables import Tables
from sim.study.calibration.plants import TARGET, sides

HELD = slice(3, 8)
"""Which of a character's eight lines a reader knows."""


def followed_exactly(limits: Mapping[str, Floats], planted: Sequence[Planted]) -> dict[str, bool]:
    """By trial, whether a swap is likelier than none by all lines."""
    return {
        each.trial: bool(limits[each.trial][-1] > 0.5)
        for each in planted
        if each.plant == "swap" and len(limits.get(each.trial, ()))
    }


def followed_by_reading(
    tables: Tables, planted: Sequence[Planted], evidence: TextEvidence
) -> dict[str, bool]:
    """By trial, whether the target moved further than nine in ten shams; empty if there are too few
    shams to say."""
    wanted = [each for each in planted if each.plant in ("swap", *SHAMS)]
    if not any(each.plant == "swap" for each in wanted):
        return {}
    rows = tables.turns[tables.turns["speaker"] == TARGET].sort_values(["trial", "turn"])
    said = {str(trial): part for trial, part in rows.groupby("trial")}
    readings = evidence.read([
        Lines(
            each.trial, TARGET, tuple(map(int, said[each.trial]["turn"])),
            tuple(map(str, said[each.trial]["text"])), _known(each.scene),
        )
        for each in wanted
    ])  # fmt: skip
    moved = {
        each.trial: _moved(reading.positions, each.place)
        for each, reading in zip(wanted, readings, strict=True)
    }
    shams = np.array([moved[each.trial] for each in wanted if each.plant in SHAMS])
    most = fitted_threshold(shams)
    if most == float("inf"):
        return {}
    return {
        each.trial: moved[each.trial] >= most
        for each in wanted
        if each.plant == "swap" and not np.isnan(moved[each.trial])
    }


def _known(number: int) -> Sides:
    own, other = sides(number)
    return Sides(own.lines[HELD], other.lines[HELD])


def _moved(positions: Floats, place: int) -> float:
    """The mean after the plant less the mean before it."""
    if np.isnan(positions[:place]).all() or np.isnan(positions[place:]).all():
        return float("nan")
    return float(np.nanmean(positions[place:]) - np.nanmean(positions[:place]))
