"""What became of the actors: measured, as one JSON object or as a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from math import comb
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from analysis.estimates import Estimate
from analysis.measures.convergence import Convergence
from analysis.measures.outcomes import Outcomes as ActorOutcomes
from analysis.stats import clopper_pearson
from analysis.tables import ARM, Tables, load
from analysis.versions import told_apart
from sim.cli.comparisons import Arm, arms_of, compared
from sim.cli.questions import measured_questions
from sim.planning import Trial
from sim.planning.trials import SURROGATES
from sim.runs.report import RunReport
from sim.store import open_store, usage_to_json

OUTCOMES = ("flip", "collapse", "loop")
"""What can become of an actor: columns of ``analysis.outcomes(data).by_actor``."""

Record = dict[str, Any]

Outcomes = dict[str, dict[str, Record]]
"""What became of each actor, by trial and actor."""


def measure(report: RunReport, trials: Sequence[Trial], store: Path) -> Record:
    """Everything that a run has to say, as plain values. Missing numbers are None, never 0."""
    ids = {trial.id for trial in trials}
    whole_store = load(store)
    tables = whole_store.only(ids)
    convergence = Convergence(tables)
    # The detectors learn their rates from all trials of an arm. Here and in ``show`` these are all
    # that the store has, so that a transcript never contradicts the table.
    by_trial = outcomes_by_trial(whole_store)
    ends = {row.trial: row for row in convergence.by_trial.itertuples()}
    turns = tables.turns.groupby("trial").size().to_dict()
    known = unmeasured(report, trials, store)
    casts = {trial.id: trial.scene.names for trial in trials}
    spoke: dict[str, set[str]] = {}
    for trial, speaker in zip(tables.turns["trial"], tables.turns["speaker"], strict=True):
        spoke.setdefault(str(trial), set()).add(str(speaker))
    records = [
        {
            **record,
            "turns": int(turns.get(record["id"], 0)),
            "silent": _silent(record, casts[record["id"]], spoke),
            "outcomes": by_trial.get(record["id"], {}),
            "convergence": _ends(ends.get(record["id"])),
        }
        for record in known["trials"]
    ]
    by_arm: dict[tuple[str, str], dict[str, Estimate]] = {}
    for each in convergence.estimates:
        key = (each.arm[ARM.index("model")], each.arm[ARM.index("parameters")])
        by_arm.setdefault(key, {})[each.quantity] = each.estimate
    # Where the store has a model with other settings, too, tables name it by its stage.
    labels = dict(zip(tables.trials["trial"], tables.trials["model"], strict=True))
    named = {trial.model: str(labels.get(trial.id, trial.model)) for trial in trials}
    with open_store(store) as stored:
        versions = told_apart(stored)
    arms = arms_of(trials)
    questions = measured_questions(tables, trials)
    labels = {(named[arm.model], arm.parameters): arm.label for arm in arms}
    comparisons: list[Record] = []
    if convergence.by_trial["start"].notna().any():
        comparisons += compared(convergence, "c", "C", trials, named)
    apart = any(each["difference"] is not None for each in comparisons)
    for question in questions:
        # Where stances come together, that says more than where they end.
        if not (apart and question.key.startswith(("stance:", "guess:"))):
            title = f"{question.title} at the end"
            comparisons += compared(question.result, "end", title, trials, named)
    return {
        **known,
        "measured": True,
        "versions": versions,
        "trials": records,
        "arms": [
            _arm(arm, records, by_arm.get((named[arm.model], arm.parameters), {})) for arm in arms
        ],
        "questions": [record for each in questions for record in each.records(labels)],
        "comparisons": comparisons,
    }


def unmeasured(report: RunReport, trials: Sequence[Trial], store: Path) -> Record:
    """The record of a run without measures: every number that would be measured is None."""
    with open_store(store) as stored:
        names = stored.short_ids()
    casts = {trial.id: trial.scene.names for trial in trials}
    labels = {(arm.model, arm.parameters): arm.label for arm in arms_of(trials)}
    arm = {
        trial.id: labels[trial.model, json.dumps(trial.parameters, sort_keys=True)]
        for trial in trials
    }
    nothing = {
        **dict.fromkeys(("opposed", *OUTCOMES)), "flip_confidence": None, "flip_pooled": None
    }  # fmt: skip
    return {
        "store": str(store),
        "scenario": trials[0].scenario,
        "parameters": trials[0].parameters,
        "seconds": report.seconds,
        "calls": report.calls,
        "failed_calls": report.failed_calls,
        "hits": report.hits,
        "retries": report.retries,
        "usage": usage_to_json(report.usage),
        "computed_tokens": report.computed_tokens,
        "stopped": report.stopped,
        "interrupted": report.interrupted,
        "in_doubt": len(report.in_doubt),
        "left_in_doubt": len(report.left_in_doubt),
        "surrogates": sum(result.arm in SURROGATES for result in report.trials),
        "measured": False,
        "versions": [],
        "trials": [
            {
                "id": result.id,
                "short": names.get(result.id, result.id),
                "scenario": result.scenario,
                "model": result.model,
                "arm": arm[result.id],
                "stage": result.stage,
                "seed": result.seed,
                "status": result.status,
                "reason": result.reason,
                "turns": result.turns,
                "silent": None,
                "outcomes": {actor: dict(nothing) for actor in casts[result.id]},
                "convergence": _ends(None),
            }
            for result in report.trials
            if result.arm not in SURROGATES
        ],
        "arms": [],
        "questions": [],
        "comparisons": [],
    }


def to_json(record: Record) -> str:
    """The record as JSON. Raises ``ValueError`` for NaN, which JSON does not have."""
    return json.dumps(record, allow_nan=False)


def outcomes_by_trial(tables: Tables) -> Outcomes:
    """What became of each actor, by trial and actor, in the order of the cast.

    Nobody turns into an opposite that the persona does not have: then nothing is said of a flip.
    """
    found: Outcomes = {}
    turning = set(_opposed(tables))
    result = ActorOutcomes(tables)
    arms = result.arm_of()
    sizes = Counter(arms.values())
    for row in result.by_actor.itertuples():
        opposed = (str(row.trial), str(row.actor)) in turning
        found.setdefault(str(row.trial), {})[str(row.actor)] = {
            "opposed": opposed,
            "flip": whole(row.flip) if opposed else None,
            "flip_confidence": number(row.flip_confidence) if opposed else None,
            # The rates of turning are pooled over the arm, so the turn depends on the others.
            "flip_pooled": sizes[arms[str(row.trial)]],
            "collapse": whole(row.collapse),
            "loop": whole(row.loop),
        }
    return found


def _opposed(tables: Tables) -> Iterator[tuple[str, str]]:
    """The actors, by trial, whose persona has an opposite."""
    cast = tables.cast
    for trial, actor, opposite in zip(cast["trial"], cast["actor"], cast["opposite"], strict=True):
        if not pd.isna(opposite) and str(opposite).strip():
            yield str(trial), str(actor)


def number(value: Any) -> float | None:
    """A number, or None where pandas has NaN or <NA>."""
    return None if pd.isna(value) else float(value)


def whole(value: Any) -> int | None:
    """A whole number, or None where pandas has <NA>."""
    return None if pd.isna(value) else int(value)


def _ends(row: Any) -> Record:
    if row is None:
        return {"c": None, "start": None, "end": None, "agreed_at": None, "reason": "not measured"}
    return {
        "c": number(row.c),
        "start": number(row.start),
        "end": number(row.end),
        "agreed_at": whole(row.agreed_at),
        "reason": None if pd.isna(row.reason) else str(row.reason),
    }


def _silent(record: Record, cast: Sequence[str], spoke: dict[str, set[str]]) -> list[str] | None:
    """Who never spoke in a trial; None if it is not at its end."""
    if record["status"] != "done":
        return None
    return [name for name in cast if name not in spoke.get(record["id"], set())]


def _arm(arm: Arm, records: list[Record], estimates: dict[str, Estimate]) -> Record:
    """One arm: what became of each actor over its trials, and how far the actors converged."""
    mine = [record for record in records if record["arm"] == arm.label]
    done = [record for record in mine if record["status"] == "done"]
    actors = list(dict.fromkeys(actor for record in mine for actor in record["outcomes"]))
    measured = [record["convergence"] for record in done]
    whole_ends = [ends for ends in measured if None not in (ends["start"], ends["end"])]
    endings = Counter(record["reason"] for record in done)
    agreed = estimates.get("agreed")
    return {
        "model": arm.model,
        "label": arm.label,
        "parameters": json.loads(arm.parameters),
        "trials": len(mine),
        "done": len(done),
        "failed": sum(record["status"] == "failed" for record in mine),
        "turns": sum(record["turns"] for record in mine),
        "endings": dict(endings.most_common()),
        "outcomes": {
            actor: {kind: _times(done, actor, kind) for kind in OUTCOMES} for actor in actors
        },
        "convergence": {
            **{
                key: value
                for name in ("c", "shared", "interaction")
                for key, value in _limits(name, estimates.get(name)).items()
            },
            "start": _mean([ends["start"] for ends in whole_ends]),
            "end": _mean([ends["end"] for ends in whole_ends]),
            "agreed": None if agreed is None else _count(agreed),
            "used": estimates["c"].n if estimates else 0,
        },
    }


def _limits(name: str, estimate: Estimate | None) -> Record:
    if estimate is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {
        name: number(estimate.value),
        f"{name}_low": number(estimate.low),
        f"{name}_high": number(estimate.high),
    }


def _count(share: Estimate) -> int:
    """How many trials a share counts."""
    return round(share.value * share.n) if share.n else 0


def _times(records: list[Record], actor: str, kind: str) -> Record:
    """How often something happened to an actor, and when."""
    cast = [record["outcomes"][actor] for record in records if actor in record["outcomes"]]
    if kind == "flip":
        cast = [each for each in cast if each["opposed"]]
    turns = sorted(each[kind] for each in cast if each[kind] is not None)
    share = clopper_pearson(len(turns), len(cast))
    low, high = _median_limits(turns)
    return {
        "count": len(turns),
        "of": len(cast),
        "low": number(share.low),
        "high": number(share.high),
        "median": median(turns) if turns else None,
        "median_low": low,
        "median_high": high,
    }


def _median_limits(ordered: Sequence[int]) -> tuple[int | None, int | None]:
    """The 95% interval of a median from order statistics; None below six values.

    It covers whatever the distribution (David and Nagaraja 2003, section 7.1).

    >>> _median_limits([1, 2, 3, 4, 5, 6]), _median_limits([1, 2, 3])
    ((1, 6), (None, None))
    """
    count = len(ordered)
    below, place = 0.0, 0
    while place < count:
        below += comb(count, place) / 2**count
        if below > 0.025:
            break
        place += 1
    return (ordered[place - 1], ordered[count - place]) if place else (None, None)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def outcomes_of_store(store: Path, trials: Collection[str] | None = None) -> Outcomes:
    """What became of each actor of each trial of a store, or of some of its arms."""
    return outcomes_by_trial(load(store, trials=trials))
