"""What ``elsinore analyze`` says of a store: for each arm, who flipped, whether they come together,
and who fights whom; as plain values. Missing numbers are None, never 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import graphs
from analysis.calibration.errors import told
from analysis.estimates import Estimate
from analysis.evidence.embeddings import Embedder, available, embedder
from analysis.evidence.fused import Fused
from analysis.evidence.log_probabilities import LogProbabilities
from analysis.evidence.persona import Meaning
from analysis.evidence.readings import Evidence, Personas, personas_from
from analysis.evidence.scoring import Asked
from analysis.measures.changes import Changes
from analysis.measures.conflict import Conflict
from analysis.measures.convergence import Convergence
from analysis.measures.likeness import Likeness
from analysis.measures.spoken_flips import SpokenFlips
from analysis.stats import clopper_pearson
from analysis.tables import Tables, with_arms
from sim import open_stage
from sim.cli.outcomes import OUTCOMES, outcomes_by_trial

Record = dict[str, Any]

EVIDENCE = {
    "T": "the words alone, by lexicons and fitted readers",
    "P": "answers off stage",
}
"""What each kind of evidence is, as it stands under the table."""


_MOST_LINES = 5_000
"""Of so many different lines at most the best embedder makes vectors; of more, a light one."""


@dataclass(frozen=True)
class Reader:
    """How lines are read: by which embedder (None: not for their meaning), with which personas, and
    by which evidence for flips (None: that of the embedder)."""

    embedder: Embedder | None = None
    personas: Personas | None = None
    evidence: Evidence | None = None


@contextmanager
def reading(
    meaning: bool,
    personas: Path | None,
    model: str | None,
    store: Path,
    progress: Callable[[str], None],
) -> Iterator[Callable[[Tables], Reader]]:
    """What makes a reader for tables; the model, if one is named, is closed at the end.

    Raises ``BadRequest`` for personas that cannot be read, ``ModelError`` for no such model.
    """
    sides = None if personas is None else personas_from(personas)
    if model is None:
        yield lambda tables: Reader(_embedder(tables) if meaning else None, sides)
        return
    stage = open_stage(model)
    asked = Asked(
        stage,
        store.with_name(f"{store.name}.scores.jsonl"),
        told=lambda done, of: progress(f"{model}: {done:,} of {of:,} scores"),
    )

    def made(tables: Tables) -> Reader:
        likely = LogProbabilities(asked)
        by = _embedder(tables)
        try:
            evidence: Evidence = Fused(Meaning(by), likely)
        except ValueError:  # Never fitted together.
            evidence = likely
        return Reader(by, sides, evidence)

    with asked:
        yield made


def _embedder(tables: Tables) -> Embedder:
    """The best embedder for so many lines, so that an answer takes no more than a minute."""
    if tables.turns["text"].nunique() <= _MOST_LINES:
        return embedder()
    return embedder(next(name for name in available() if name != "minilm"))


def analysed(
    tables: Tables,
    arms: Sequence[tuple[str, Sequence[str]]],
    reader: Callable[[Tables], Reader] = lambda tables: Reader(),
) -> list[Record]:
    """One record for each arm: a label and the ids of its trials."""
    how = reader(tables)
    trials = tables.trials
    alone = trials.loc[trials["focal"].notna() & trials["of"].notna()].groupby("of")["trial"]
    surrogates = {str(of): list(ids) for of, ids in alone}
    return [
        _arm(
            label,
            tables.only(ids),
            how,
            tables.only([*ids, *(each for trial in ids for each in surrogates.get(trial, ()))]),
        )
        for label, ids in arms
    ]


@dataclass(frozen=True)
class _Meaning:
    """What lines mean, measured."""

    flips: SpokenFlips
    changes: Changes
    likeness: Likeness


def _arm(label: str, tables: Tables, how: Reader, with_surrogates: Tables) -> Record:
    meant = None
    if how.embedder is not None:
        meant = _Meaning(
            SpokenFlips(tables, how.evidence or Meaning(how.embedder), how.personas),
            Changes(tables, how.embedder),
            Likeness(tables, how.embedder),
        )
    conflict = Conflict(tables)
    convergence = Convergence(with_surrogates)
    by_quantity = {each.quantity: each.estimate for each in convergence.estimates}
    fights = {each.quantity: each.estimate for each in conflict.estimates}
    return {
        "arm": label,
        "trials": len(tables.trials),
        "turns": len(tables.turns),
        "left_out": tables.left_out,
        "actors": _actors(tables, conflict, meant),
        "meaning": None if meant is None else _meaning(meant),
        "convergence": {
            **_limits(by_quantity.get("c")),
            "evidence": "P",
            **{name: _limits(by_quantity.get(name)) for name in ("shared", "alone", "chance")},
        },
        "hostility": {**_limits(fights.get("hostility")), "evidence": "T"},
        "contradicting": {**_limits(fights.get("negative")), "evidence": "T"},
        "pairs": _pairs(tables),
        "instrument_error": _errors(tables, meant),
    }


def _errors(tables: Tables, meant: _Meaning | None) -> list[str]:
    """What is known of how often the measures err on these models, in words."""
    trials = with_arms(tables.trials)
    stages = zip(trials["stage"].astype(str), trials["model"].astype(str), strict=True)
    measures = ["flips", "collapse", "conflict"]
    if meant is None:
        return list(told(measures, stages))
    return list(told([*measures, "spoken_flips"], stages, {"spoken_flips": meant.flips.by.name}))


def _meaning(meant: _Meaning) -> Record:
    """Shares of an arm's actors that flip or change, and whether they come to speak alike; each
    with what lines in random orders give."""
    flips, changes, alike = (
        {each.quantity: each.estimate for each in result.estimates}
        for result in (meant.flips, meant.changes, meant.likeness)
    )
    return {
        "share": _limits(flips.get("share")),
        "alarms": _limits(flips.get("flipped")),
        "alarms_in_random_order": _null(flips.get("flipped")),
        "reader": meant.flips.by.name,
        "fit": getattr(meant.flips.by, "fit", ""),
        "evidence": meant.flips.evidence,
        "changed": _limits(changes.get("changed")),
        "changed_in_random_order": _null(changes.get("changed")),
        "alike": _limits(alike.get("c")),
        "alike_in_random_order": _null_limits(alike.get("c")),
        "embedder": meant.changes.embedder.name,
    }


def _null(estimate: Estimate | None) -> float | None:
    return None if estimate is None else _number(estimate.null.estimate)


def _null_limits(estimate: Estimate | None) -> list[float | None]:
    if estimate is None:
        return [None, None]
    return [_number(estimate.null.low), _number(estimate.null.high)]


def _actors(tables: Tables, conflict: Conflict, meant: _Meaning | None) -> list[Record]:
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
        if meant is not None:
            for kind, result, turn, happened in (
                ("flip_in_meaning", meant.flips, "flip", "flipped"),
                ("change", meant.changes, "change", "changed"),
            ):
                rows = result.by_actor[result.by_actor["actor"] == actor]
                turned = sorted(int(each) for each in rows[turn].dropna())
                record[kind] = _counted(turned, int(rows[happened].notna().sum()))
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
