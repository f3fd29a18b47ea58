"""What ``elsinore analyze`` says of a store: for each arm, who flipped, whether they come together,
and who fights whom; as plain values. Missing numbers are None, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import graphs
from analysis.estimates import Estimate
from analysis.measures.conflict import Conflict
from analysis.measures.convergence import Convergence
from analysis.measures.spoken_flips import SpokenFlips
from analysis.stats import clopper_pearson
from analysis.tables import Tables
from sim.cli.outcomes import OUTCOMES, outcomes_by_trial

Record = dict[str, Any]

EVIDENCE = {
    "T": "the words alone, by lexicons",
    "P": "answers off stage",
}
"""What each kind of evidence is, as it stands under the table."""


def analysed(
    tables: Tables, arms: Sequence[tuple[str, Sequence[str]]], *, meaning: bool = False
) -> list[Record]:
    """One record for each arm: a label and the ids of its trials.

    With ``meaning``, flips are also looked for by sentence embeddings.
    """
    return [_arm(label, tables.only(trials), meaning) for label, trials in arms]


def _arm(label: str, tables: Tables, meaning: bool) -> Record:
    spoken = SpokenFlips(tables) if meaning else None
    conflict = Conflict(tables)
    convergence = Convergence(tables)
    by_quantity = {each.quantity: each.estimate for each in convergence.estimates}
    fights = {each.quantity: each.estimate for each in conflict.estimates}
    return {
        "arm": label,
        "trials": len(tables.trials),
        "turns": len(tables.turns),
        "left_out": tables.left_out,
        "actors": _actors(tables, conflict, spoken),
        "meaning": None if spoken is None else _meaning(spoken),
        "convergence": {**_limits(by_quantity.get("c")), "evidence": "P"},
        "hostility": {**_limits(fights.get("hostility")), "evidence": "T"},
        "contradicting": {**_limits(fights.get("negative")), "evidence": "T"},
        "pairs": _pairs(tables),
    }


def _meaning(spoken: SpokenFlips) -> Record:
    """The share of an arm's actors that flip in meaning, and alarms with lines in random orders."""
    by_quantity = {each.quantity: each.estimate for each in spoken.estimates}
    alarms = by_quantity.get("flipped")
    return {
        "share": _limits(by_quantity.get("share")),
        "alarms": _limits(alarms),
        "alarms_in_random_order": None if alarms is None else _number(alarms.null.estimate),
        "embedder": spoken.by.name,
        "evidence": "T",
    }


def _actors(tables: Tables, conflict: Conflict, spoken: SpokenFlips | None) -> list[Record]:
    """The actors by how much they say: what became of them, and how hostile they are."""
    fates = outcomes_by_trial(tables)
    said = tables.turns.groupby("speaker").size().to_dict()
    trials = tables.turns.groupby("speaker")["trial"].nunique().to_dict()
    hostile = conflict.by_turn.groupby("actor")["hostility"].mean().to_dict()
    records: list[Record] = []
    for actor, turns in sorted(said.items(), key=lambda each: (-each[1], each[0])):
        own = [fate[actor] for fate in fates.values() if actor in fate]
        record: Record = {
            "actor": str(actor),
            "trials": int(trials[actor]),
            "turns": int(turns),
            "hostility": _number(hostile.get(actor)),
        }
        for kind in OUTCOMES:
            able = [fate for fate in own if kind != "flip" or fate["opposed"]]
            times = sorted(fate[kind] for fate in able if fate[kind] is not None)
            record[kind] = _counted(times, len(able))
        if spoken is not None:
            rows = spoken.by_actor[spoken.by_actor["actor"] == actor]
            turned = sorted(int(turn) for turn in rows["flip"].dropna())
            record["flip_in_meaning"] = _counted(turned, int(rows["flipped"].notna().sum()))
        records.append(record)
    return records


def _counted(turns: Sequence[int], of: int) -> Record:
    """In how many trials of those in which it can be told, with exact limits, and when."""
    share = clopper_pearson(len(turns), of)
    return {
        "count": len(turns), "of": of, "low": _number(share.low), "high": _number(share.high),
        "turns": list(turns[:5]),
    }  # fmt: skip


def _pairs(tables: Tables) -> list[Record]:
    """Who contradicts whom: pairs by how many more replies contradict than agree, most first."""
    graph = graphs.agreement(tables, pool=True)
    return [
        {"source": source, "target": target, **{
            name: int(facts[name]) for name in ("positive", "negative", "neutral")}}
        for source, target, facts in sorted(
            graph.edges(data=True), key=lambda edge: (edge[2]["weight"], edge[0], edge[1])
        )
        if facts["positive"] or facts["negative"]
    ]  # fmt: skip


def _limits(estimate: Estimate | None) -> Record:
    if estimate is None:
        return {"value": None, "low": None, "high": None, "n": 0}
    return {
        "value": _number(estimate.value),
        "low": _number(estimate.low),
        "high": _number(estimate.high),
        "n": estimate.n,
    }


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
