"""From a store to a folder of labels: what is drawn, shown and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.labels.folder import Shown, write_folder
from analysis.labels.population import Population, population
from analysis.labels.sample import Plan, by_disagreement, shares, stratified, systematic
from analysis.labels.sheet import Item, Question
from analysis.measures.series import Line, lines_of
from analysis.stats import Floats
from analysis.tables import Data, Tables, load
from sim.errors import BadRequest
from sim.seeds import Stream, derive

_LETTERS = "bcdfgjkmpqrstvwxz"
"""Letters of ids: no vowels, so that no spreadsheet program takes one for a word, a month or a
number, and none that look like another."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: units (lines or scenes) and lines by arm, and how many events the judge sees
    among what was drawn (None without a judge), of lines or, in whole scenes, of actors."""

    folder: Path
    units: dict[str, int]
    lines: dict[str, int]
    events: dict[str, int] | None


def draw(
    data: Data, question: Question, folder: Path | str, *, instruments: Sequence[str] = (),
    plan: Plan | None = None,
) -> Drawn:  # fmt: skip
    """Draw lines (or whole scenes) of finished trials for people to code, into a new folder.

    ``instruments`` are named as in ``analysis.labels.population``; the first is the judge that is
    to be repaired. Branches and surrogates are left out. Raises ``BadRequest`` for an unknown
    instrument, a draw that needs instruments that are not given, or a folder that is there already.
    """
    wanted = plan or Plan()
    if wanted.how == "score" and not instruments:
        raise BadRequest("--how score: name the judge, as in --instrument conflict.hostility")
    if wanted.how == "disagreement" and len(set(instruments)) < 2:
        raise BadRequest("--how disagreement: name two instruments or more")
    tables = load(data)
    whole = population(tables, instruments)
    units = _units(whole, wanted)
    chance, strata = _probabilities(units, wanted)
    units = units.assign(probability=chance, stratum=strata)
    seed = derive(wanted.seed, "labels", question.text, *sorted(whole.facts))
    taken = np.zeros(len(units), dtype=bool)
    for stratum in range(max(strata) + 1):
        here = np.flatnonzero(np.array(strata) == stratum)
        generator = np.random.default_rng(derive(seed, "stratum", stratum))
        taken[here] = systematic(chance[here], generator)
    drawn = with_ids(_lines_of(whole, units[taken], wanted), Stream(derive(seed, "ids")))
    shown = Shown(question, items_of(tables, drawn, wanted), f"{derive(seed, 'draw'):016x}")
    write_folder(folder, shown, key_of(whole, drawn, wanted), wanted.coders)
    return Drawn(
        Path(folder),
        _counted(units.loc[taken, "arm"]),
        _counted(drawn["arm"]),
        _seen(whole, drawn, wanted),
    )


def _units(whole: Population, plan: Plan) -> pd.DataFrame:
    """What is drawn from: lines, or trials with the mean of their scores and the judge's events."""
    arms = whole.arms()
    lines = whole.lines.assign(arm=whole.lines["trial"].map(arms))
    if whole.instruments:
        lines["event"] = lines[whole.instruments[0]] >= plan.threshold
    else:
        lines["event"] = False
    if not plan.whole_scenes:
        return lines
    scores = {name: (name, "mean") for name in whole.instruments}
    return lines.groupby("trial", sort=False).agg(
        arm=("arm", "first"), event=("event", "any"), **scores
    ).reset_index()  # fmt: skip


def _probabilities(units: pd.DataFrame, plan: Plan) -> tuple[Floats, list[int]]:
    """The probability of each unit, and the number of its stratum, inside which it is drawn."""
    arms = sorted(set(units["arm"]))
    sizes = [int((units["arm"] == arm).sum()) for arm in arms]
    chance = np.zeros(len(units))
    names: list[tuple[Any, ...]] = [()] * len(units)
    scores = [name for name in units if name not in _FACTS]
    for arm, count in zip(arms, shares(plan.count, sizes), strict=True):
        here = np.flatnonzero(units["arm"] == arm)
        own = units.iloc[here]
        inside: list[Any] = [None] * len(own)
        if plan.how == "actor":
            inside = list(own["actor"])
        elif plan.how == "score":
            inside = list(own["event"])
        if plan.how == "disagreement":
            chance[here] = by_disagreement(own[scores].to_numpy(dtype=np.float64), count)
        else:
            chance[here] = stratified(inside, count)
        if (chance[here] == 0).any():
            raise BadRequest(
                f"-n {plan.count}: too few, for some would never be drawn; there are {len(arms)} "
                f"arms, and {len(set(inside))} groups in one"
            )
        for place, group in zip(here, inside, strict=True):
            names[int(place)] = (arm, group)
    number: dict[tuple[Any, ...], int] = {}
    return chance, [number.setdefault(name, len(number)) for name in names]


_FACTS = ("trial", "turn", "actor", "arm", "event")
"""The columns of units that are no scores."""


def _lines_of(whole: Population, units: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The lines of drawn units."""
    columns = ["trial", "turn", "actor", "arm", "probability", "stratum"]
    if not plan.whole_scenes:
        return units[columns].reset_index(drop=True)
    own = units[["trial", "arm", "probability", "stratum"]]
    return whole.lines[["trial", "turn", "actor"]].merge(own, on="trial")[columns]


def with_ids(drawn: pd.DataFrame, stream: Stream) -> pd.DataFrame:
    """The drawn lines with ids that tell nothing; ``scene`` tells lines of a trial."""
    used: set[str] = set()

    def fresh() -> str:
        while True:
            word = "".join(_LETTERS[stream.below(len(_LETTERS))] for _ in range(5))
            if word not in used:
                used.add(word)
                return word

    scenes = {trial: fresh() for trial in dict.fromkeys(drawn["trial"])}
    return drawn.assign(
        id=[fresh() for _ in range(len(drawn))], scene=[scenes[each] for each in drawn["trial"]]
    )


def items_of(tables: Tables, drawn: pd.DataFrame, plan: Plan) -> tuple[Item, ...]:
    """What coders are shown. In whole scenes what was said before stands above already, but for
    lines that are not coded."""
    said = lines_of(tables.only(set(drawn["trial"])))
    items: list[Item] = []
    last: dict[str, int] = {}
    for row in drawn.to_dict("records"):
        trial, turn = str(row["trial"]), int(row["turn"])
        before = [line for line in said[trial] if line.turn < turn]
        if plan.whole_scenes:
            before = [line for line in before if line.turn > last.get(trial, 0)]
        else:
            before = before[max(0, len(before) - plan.context) :]
        last[trial] = turn
        line = next(each for each in said[trial] if each.turn == turn)
        items.append(
            Item(row["id"], _speaker(line), line.text,
                 tuple(f"{_speaker(each)}: {each.text}" for each in before),
                 row["scene"] if plan.whole_scenes else "")
        )  # fmt: skip
    return tuple(items)


def _speaker(line: Line) -> str:
    """Who speaks, and to whom if not to everybody."""
    if line.audience is None:
        return line.speaker
    return f"{line.speaker} (to {', '.join(line.audience) or 'nobody'} alone)"


def key_of(whole: Population, drawn: pd.DataFrame, plan: Plan) -> dict[str, Any]:
    """The key of a folder: every line with its scores, and which were drawn."""
    lines = whole.lines
    return {
        "plan": asdict(plan),
        "instruments": list(whole.instruments),
        "trials": {
            trial: {
                "seed": whole.seeds[trial], "topic": whole.topics[trial], "facts": dict(facts),
            }
            for trial, facts in whole.facts.items()
        },
        "lines": {
            "trial": [str(each) for each in lines["trial"]],
            "turn": [int(each) for each in lines["turn"]],
            "actor": [str(each) for each in lines["actor"]],
            "scores": {
                name: [None if isnan(each) else float(each) for each in lines[name]]
                for name in whole.instruments
            },
        },
        "drawn": [
            {"id": row["id"], "trial": str(row["trial"]), "turn": int(row["turn"]),
             "probability": float(row["probability"]), "stratum": int(row["stratum"])}
            for row in drawn.to_dict("records")
        ],
    }  # fmt: skip


def _counted(arms: pd.Series) -> dict[str, int]:
    return {str(arm): int(count) for arm, count in arms.value_counts().sort_index().items()}


def _seen(whole: Population, drawn: pd.DataFrame, plan: Plan) -> dict[str, int] | None:
    """How many events the judge sees in what was drawn, by arm."""
    if not whole.instruments:
        return None
    judge = whole.lines[["trial", "turn", whole.instruments[0]]]
    both = drawn.merge(judge, on=["trial", "turn"])
    events = both[both[whole.instruments[0]] >= plan.threshold]
    if plan.whole_scenes:
        events = events.drop_duplicates(["trial", "actor"])
    counts = _counted(events["arm"])
    return {arm: counts.get(arm, 0) for arm in sorted(set(map(str, drawn["arm"])))}
