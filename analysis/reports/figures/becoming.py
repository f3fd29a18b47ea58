"""What becomes of speakers: cumulative incidence beside its null, and how likely a flip is when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.fates import CAUSES
from analysis.reports.material import Material
from analysis.tables import ARM
from sim.html import Figure, Speakers, Table
from sim.html.figures.drawing import Panel
from sim.html.figures.lines import Course, Plot
from sim.html.numbers import counted

WORDS = {
    "stranger": "A stranger speaks",
    "loop": "Begins to loop",
    "collapse": "Becomes the assistant",
    "fourth_wall": "Steps out of scene",
    "echo": "Speaks as the partner",
    "flip": "Turns into opposite",
}
MOST_ARMS = 4
MOST_PANELS = 12
_COLUMNS = ["k", "at_risk", "value", "low", "high", "null", "null_low", "null_high"]


def incidence(material: Material) -> Iterator[Figure]:
    """Cumulative incidence by cause and arm, each beside what the instrument finds in nothing."""
    if material.debates:
        return
    curve = material.risks.curve()
    labels = {arm.key: arm.label for arm in material.arms}
    keys = list(zip(*(curve[name].astype(str) for name in ARM), strict=True))
    curve = curve.assign(
        label=pd.Series([labels.get(key) for key in keys], index=curve.index)
    ).dropna(subset=["label"])
    if curve.empty:
        return
    drawn = list(dict.fromkeys(curve["label"]))[:MOST_ARMS]
    panels: list[Panel] = []
    never: list[str] = []
    top = _top(curve)
    for cause in reversed(CAUSES):  # A flip is what is asked for first.
        part = curve[curve["cause"] == cause]
        if not (part["value"].fillna(0) > 0).any():
            never.append(WORDS[cause].lower())
            continue
        for label in drawn:
            own = part[part["label"] == label].sort_values("k")
            if own["value"].notna().any():
                panels.append(_panel(WORDS[cause], label, own, top))
    kept = curve[curve["cause"] != "none"]
    table = Table(
        ["cause", "arm", "own turn", "at risk", "incidence", "low", "high", "null", "null low",
         "null high", "note"],
        [tuple(row) for row in kept[["cause", "label", *_COLUMNS, "note"]].itertuples(index=False)],
    )  # fmt: skip
    notes = [f"Nobody is seen to do any of these: {', '.join(never)}."] if never else []
    if len(labels) > MOST_ARMS:
        notes.append(f"{MOST_ARMS} of {len(labels)} arms are drawn; the table has all.")
    notes += _nulls(kept)
    yield Figure(
        "flips",
        "What becomes of speakers first",
        "Cumulative incidence by own turn: the share of speakers to whom this happened before "
        "anything else (Aalen and Johansen). Bands are 95% intervals over scenes; the dashed grey "
        "line with its band is what the same instrument reports where there is nothing to find, so "
        "only what rises above it counts; n counts speakers. "
        f"In {material.of_how_many}. Evidence T.",
        panels,
        table,
        least=150,
        most=max(1, min(4, len(drawn))),
        notes=notes,
    )


def _nulls(curve: pd.DataFrame) -> Iterator[str]:
    """What the nulls are, by cause."""
    told: dict[str, list[str]] = {}
    for cause, note in zip(curve["cause"], curve["note"], strict=True):
        if isinstance(note, str) and "null: " in note:
            what = note.partition("null: ")[2].partition(";")[0]
            causes = told.setdefault(what, [])
            if WORDS[cause].lower() not in causes:
                causes.append(WORDS[cause].lower())
    if told:
        parts = [f"{what} ({', '.join(causes)})" for what, causes in told.items()]
        yield f"The null is: {'; '.join(parts)}."


def _top(curve: pd.DataFrame) -> float:
    part = curve[curve["cause"] != "none"]
    most = np.nanmax([part["high"].max(), part["value"].max(), part["null_high"].max(), 0.05])
    return min(1.0, float(np.ceil(most * 10) / 10))


def _panel(title: str, label: str, own: pd.DataFrame, top: float) -> Plot:
    columns = {name: own[name].astype("float64").to_list() for name in _COLUMNS}
    k = columns["k"]
    # Nothing has happened before the first own turn; the last step goes on a little, to be seen.
    x = [0.0, *k, k[-1] + 0.5]
    seen = _steps(x, columns, "", Course([], [], colour="accent", band=0.13))
    null = _steps(x, columns, "null_", Course([], [], colour="muted", dash=(4, 3), width=1.3))
    at_risk = int(columns["at_risk"][0])
    return Plot(title, [*null, *seen], (0, top), (0, x[-1]),
                f"{label} · n\u00a0=\u00a0{at_risk}", "own turn", share=True,
                height=96)  # fmt: skip


def _steps(
    x: list[float], columns: Mapping[str, list[float]], what: str, look: Course
) -> list[Course]:
    """The steps of a curve with its band; nothing where it is not known."""
    values = columns["null" if what else "value"]
    if all(isnan(each) for each in values):
        return []
    lines = (values, columns[f"{what}low"], columns[f"{what}high"])
    y, low, high = ([0.0, *each, each[-1]] for each in lines)
    return [replace(look, x=x, y=y, low=low, high=high, stepped=True)]


def ribbons(material: Material) -> Iterator[Figure]:
    """P(opposite) by turn, a panel for each speaker and arm."""
    if material.debates:
        return
    table = material.flips.by_turn
    keys = list(zip(table["trial"], table["actor"], strict=True))
    table = table[[key in material.opposed for key in keys]].sort_values(["trial", "turn"])
    # By own turn: where speakers do not alternate, a turn of the scene is of few trials.
    table = table.assign(own=table.groupby(["trial", "actor"]).cumcount() + 1)
    table = table.assign(arm=table["trial"].map(dict(material.label_of))).dropna(subset=["arm"])
    panels: list[Panel] = []
    rows: list[tuple[object, ...]] = []
    groups = sorted(
        table.groupby(["arm", "actor"], sort=True), key=lambda each: _seat(material, each)
    )
    for (arm, actor), part in groups:
        looks = Speakers(material.casts[str(part["trial"].iloc[0])])
        spread = (
            part.groupby("own")["posterior"]
            .quantile(np.array([0.05, 0.25, 0.5, 0.75, 0.95]))
            .unstack()
        )
        sizes = part.groupby("own")["trial"].nunique()
        turns = [float(turn) for turn in spread.index]
        rows += [
            (arm, actor, int(turn), *map(float, values), int(sizes[turn]))
            for turn, values in zip(spread.index, spread.to_numpy(), strict=True)
        ]
        if len(panels) >= MOST_PANELS:
            continue
        low, lower, middle, upper, high = spread.to_numpy(dtype=float).T.tolist()
        colour, dash = looks[str(actor)].name, looks[str(actor)].dash
        turned = [
            trial
            for trial in dict.fromkeys(part["trial"])
            if material.onsets[str(trial)][str(actor)].get("flip") is not None
        ]
        courses = [
            Course(turns, [nan] * len(turns), low, high, colour=colour, band=0.14),
            Course(turns, [nan] * len(turns), lower, upper, colour=colour, band=0.22),
            *(
                Course(own["own"].astype(float).to_list(), own["posterior"].to_list(),
                       colour="accent", width=1.1, opacity=0.8)
                for trial in turned[:5]
                for own in [part[part["trial"] == trial].sort_values("turn")]
            ),
            Course(turns, middle, colour=colour, dash=dash),
        ]  # fmt: skip
        told = f"{arm} · {counted(part['trial'].nunique(), 'trial')}"
        if turned:
            told += f", {len(turned)} turned"
        panels.append(
            Plot(str(actor), courses, (0, 1), (min(turns), max(*turns, min(turns) + 1)), told,
                 x_label="own turn", y_ticks=(0, 0.5, 1), height=110)
        )  # fmt: skip
    if not panels:
        return
    more = len(groups) - len(panels)
    yield Figure(
        "posterior",
        "How likely each has turned",
        "P(opposite) at each own turn, by the switching filter on the words. The line is the "
        "median over trials, the ribbons hold the middle half and 90% of trials: they show how "
        "trials differ, and are no interval of the median. Thin red lines are trials in which the "
        f"speaker turned (five at most). In {material.of_how_many}. Evidence T.",
        panels,
        Table(["arm", "speaker", "own turn", "5%", "25%", "median", "75%", "95%", "trials"], rows),
        least=150,
        most=len({actor for (_, actor), _ in groups}) if len(groups) <= MOST_PANELS else 4,
        notes=[f"{more} more speakers are in the table."] if more else [],
    )


def _seat(material: Material, group: tuple[Any, pd.DataFrame]) -> tuple[str, int]:
    """The arm of a panel, and the speaker's seat in it."""
    (arm, actor), part = group
    cast = material.casts[str(part["trial"].iloc[0])]
    return (str(arm), cast.index(str(actor)))
