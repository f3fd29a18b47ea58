"""What is known of the errors of the instruments."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from analysis.calibration.errors import calibration_of, told
from analysis.evidence.false_alarms import false_alarms
from analysis.reports.material import Material
from analysis.stats import Interval
from sim.html import Figure, Table
from sim.html.figures.forest import Forest, Row
from sim.html.numbers import share
from sim.planning.trials import IMPORTED

MEASURES = ("flips", "collapse", "conflict")
"""Measures of the report that a calibration can be of."""


def instruments(material: Material) -> Iterator[Figure]:
    """Planted changes found and alarms in shams, where the instruments were calibrated on these
    models; false alarms on talk between people."""
    stages = stages_of(material)
    found = [] if material.debates else _calibrated(stages)
    talk = "false alarms of a line, on talk between people"
    alarms = [
        _row(cause.replace("_", " "), each, talk)
        for cause, each in sorted(false_alarms().items())
        if not isnan(each.estimate)
    ]
    rows = [*found, *alarms]
    about = (
        "False alarms on talk between people, as they ship: the share of lines in which an "
        "instrument reports what is not there. Five in 1,000 lines are 14% of nothing after 30 "
        "turns. Lines are 95% limits (Clopper and Pearson)."
    )
    if found:
        about = (
            "Planted changes that the instruments find, and shams in which they report one: "
            "sensitivity to planted, instructed changes, not to what grows by itself. Then false "
            "alarms of a line on talk between people. Lines are 95% limits."
        )
    yield Figure(
        "instruments",
        "How often the instruments err",
        about,
        [Forest(rows, "share", x=(0, _most(rows)), share=True)],
        Table(["what", "instrument", "share", "low", "high"],
              [(row.group, row.label, row.value, row.low, row.high) for row in rows]),
        notes=[] if material.debates else list(told(MEASURES, stages)),
    )  # fmt: skip


def stages_of(material: Material) -> list[tuple[str, str]]:
    """The stages that played, each with the model as tables call it."""
    trials = material.played.trials
    stages = {
        # What is imported was said on no stage: its identity is a hash of the words.
        ("" if str(arm).startswith(IMPORTED) else str(stage), str(model))
        for stage, model, arm in zip(trials["stage"], trials["model"], trials["arm"], strict=True)
    }
    return sorted(stages)


def _calibrated(stages: list[tuple[str, str]]) -> list[Row]:
    rows = []
    for measure in MEASURES:
        for stage, model in stages:
            found = calibration_of(measure, stage)
            if found is None:
                continue
            label = f"{measure} on {model}"
            rows.append(_row(label, found.sensitivity, "planted changes that are found"))
            rows.append(_row(label, found.sham_alarms, "shams in which one is reported"))
    return sorted(rows, key=lambda row: row.group)


def _row(label: str, found: Interval, group: str) -> Row:
    told = f"{share(found.estimate)} [{share(found.low)}, {share(found.high)}]"
    return Row(label, found.estimate, found.low, found.high, told, group)


def _most(rows: list[Row]) -> float:
    """The end of the axis."""
    ends = [row.high if not isnan(row.high) else row.value for row in rows]
    return min(1.0, max([0.01, *(end for end in ends if not isnan(end))])) * 1.05
