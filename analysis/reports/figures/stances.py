"""Where actors stand, turn by turn, and the distance between them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, nan

import numpy as np
import pandas as pd

from analysis.reports.material import Material
from analysis.stats import mean_interval
from sim.html import Figure, Speakers, Table
from sim.html.figures.drawing import Panel
from sim.html.figures.lines import Course, Plot
from sim.html.numbers import counted
from sim.html.speakers import DASHES

MOST_PANELS = 12


def stances(material: Material) -> Iterator[Figure]:
    """Stances by turn, a panel for each arm and issue, a line for each actor; and distances."""
    answers = material.played.answers
    stated = answers[answers["key"].str.startswith("stance:") & answers["missing"].isna()]
    if material.debates or stated.empty:
        return
    values = pd.to_numeric(stated["value"], errors="coerce")
    stated = stated.assign(
        value=values, issue=stated["key"].str.removeprefix("stance:"),
        arm=stated["trial"].map(dict(material.label_of)),
    ).dropna(subset=["value", "arm"])  # fmt: skip
    panels: list[Panel] = []
    rows: list[tuple[object, ...]] = []
    for (arm, issue), part in stated.groupby(["arm", "issue"], sort=True):
        courses = []
        cast = Speakers(material.casts[str(part["trial"].iloc[0])])
        for actor in cast:
            own = part[part["actor"] == actor]
            by_trial = own.groupby(["turn", "trial"])["value"].mean()
            table = [
                (int(str(turn)), *_limits(each.to_numpy(dtype=np.float64)))
                for turn, each in by_trial.groupby(level="turn")
            ]
            rows += [(arm, issue, actor, *row) for row in table]
            if table:
                look = cast[actor]
                turns, means, lows, highs, _ = zip(*table, strict=True)
                courses.append(Course(turns, means, lows, highs, actor, look.name, look.dash))
        if courses and len(panels) < MOST_PANELS:
            last = max(float(course.x[-1]) for course in courses)
            trials = part["trial"].nunique()
            panels.append(
                Plot(f"{arm}", courses, (-1, 1), (0, max(last, 1)),
                     f"{issue} · {counted(trials, 'trial')}", y_ticks=(-1, -0.5, 0, 0.5, 1))
            )  # fmt: skip
    if panels:
        yield Figure(
            "stance",
            "Where speakers stand",
            "Stance from −1 (against) to +1 (for), as each speaker answers off stage, after so "
            "many turns. Lines are means over trials; bands are 95% intervals of the mean, over "
            "trials (Student). Evidence P.",
            panels,
            Table(["arm", "issue", "speaker", "turn", "mean", "low", "high", "trials"], rows),
            least=260,
            notes=_cut(len({(row[0], row[1]) for row in rows})),
        )
    yield from _distance(material)


def _distance(material: Material) -> Iterator[Figure]:
    table = material.convergence.by_turn.dropna(subset=["distance"])
    table = table.assign(arm=table["trial"].map(dict(material.label_of))).dropna(subset=["arm"])
    if table.empty or table["turn"].nunique() < 2:
        return
    panels: list[Panel] = []
    rows: list[tuple[object, ...]] = []
    for scenario in dict.fromkeys(arm.scenario for arm in material.arms):
        courses: list[Course] = []
        for arm in (each for each in material.arms if each.scenario == scenario):
            part = table[table["arm"] == arm.label].groupby(["turn", "trial"])["distance"].mean()
            points = [
                (int(str(turn)), *_limits(each.to_numpy(dtype=np.float64)))
                for turn, each in part.groupby(level="turn")
            ]
            rows += [(arm.label, *point) for point in points]
            if points and len(courses) < 2 * len(DASHES):
                turns, means, lows, highs, _ = zip(*points, strict=True)
                label = arm.label.removeprefix(f"{scenario} ")
                colour = "ink" if len(courses) < len(DASHES) else "muted"
                dash = DASHES[len(courses) % len(DASHES)]
                courses.append(Course(turns, means, lows, highs, label, colour, dash, band=0.09))
        if courses and len(panels) < MOST_PANELS:
            most = max(float(value) for course in courses for value in course.y)
            last = max(float(course.x[-1]) for course in courses)
            title = scenario if len({each.scenario for each in material.arms}) > 1 else ""
            panels.append(
                Plot(title, courses, (0, max(0.5, ceil(most * 2) / 2)), (0, last), height=200)
            )
    yield Figure(
        "distance",
        "How far apart they are",
        "Mean distance between the stances of two speakers, from 0 (the same) to 2 (opposite "
        "ends), by turn. Bands are 95% intervals of the mean, over trials. Evidence P.",
        panels,
        Table(["arm", "turn", "mean", "low", "high", "trials"], rows),
        least=330,
        most=2,
    )


def _limits(values: np.ndarray) -> tuple[float, float, float, int]:
    """Mean, its 95% limits, and how many trials."""
    if len(values) == 1:
        return float(values[0]), nan, nan, 1
    found = mean_interval(values)
    return found.estimate, found.low, found.high, len(values)


def _cut(count: int) -> list[str]:
    if count <= MOST_PANELS:
        return []
    return [f"The first {MOST_PANELS} of {count} arms are drawn; the table has all."]
