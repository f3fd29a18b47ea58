"""The trials and turns that stand behind what a report says, and the links to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.reports.material import Material
from sim.html import Html, Part, anchor, element, joined


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the store: a trial, a turn of it (None: the trial), and why one would read it."""

    trial: str
    turn: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Claim:
    """One sentence, the numbers under it, and where to read what it rests on."""

    sentence: str
    numbers: str = ""
    spots: tuple[Spot, ...] = ()
    lead: bool = False


@dataclass
class Shelf:
    """The trials whose transcripts a report holds, in the order in which they were asked for."""

    material: Material
    most: int = 48
    trials: dict[str, None] = field(default_factory=dict)

    def place(self, trial: str) -> str:
        """The id of a trial's place on the page."""
        return anchor("t", self.material.short.get(trial, trial))

    def link(self, spot: Spot) -> Html:
        """A link to a place, or its command where the report has no room for the trial."""
        short = self.material.short.get(spot.trial, spot.trial)
        told = short if spot.turn is None else f"{short}, turn {spot.turn}"
        why = f" ({spot.why})" if spot.why else ""
        if spot.trial not in self.trials and len(self.trials) >= self.most:
            return joined(element("code", told), why)
        self.trials.setdefault(spot.trial)
        place = self.place(spot.trial)
        href = f"#{place}" if spot.turn is None else f"#{anchor(place, spot.turn)}"
        return joined(element("a", told, href=href), why)

    def behind(self, spots: Sequence[Spot], words: str = "Read") -> Part:
        """A line of links; nothing if there is nowhere to lead."""
        if not spots:
            return None
        links = [part for spot in spots for part in (" · ", self.link(spot))][1:]
        return element("p", f"{words}: ", links, class_="behind")


def typical(rows: pd.DataFrame, column: str, trials: Iterable[str], why: str = "") -> list[Spot]:
    """The trial whose number is nearest the mean of these trials; none if all are missing."""
    kept = set(trials)
    table = rows[rows["trial"].isin(kept)]
    values = table[column].astype("Float64").astype("float64").to_numpy()
    known = ~np.isnan(values)
    if not known.any():
        return []
    gaps = np.where(known, np.abs(values - values[known].mean()), np.inf)
    return [Spot(str(table["trial"].iloc[int(np.argmin(gaps))]), None, why)]


def extreme(rows: pd.DataFrame, column: str, trials: Iterable[str], why: str = "") -> list[Spot]:
    """The turn (or trial) with the largest number."""
    table = rows[rows["trial"].isin(set(trials))]
    values = table[column].astype("Float64").astype("float64").to_numpy()
    if not len(values) or np.isnan(values).all() or np.nanmax(values) <= 0:
        return []
    row = table.iloc[int(np.nanargmax(values))]
    turn = int(row["turn"]) if "turn" in table else None
    return [Spot(str(row["trial"]), turn, why)]


def happened(
    material: Material, kind: str, trials: Iterable[str] | None = None, most: int = 3
) -> list[Spot]:
    """Turns at which something became of somebody."""
    kept = None if trials is None else set(trials)
    spots = [
        Spot(trial, at, actor)
        for trial, actors in sorted(material.onsets.items())
        if kept is None or trial in kept
        for actor, found in actors.items()
        if (at := found.get(kind)) is not None
    ]
    return spots[:most]
