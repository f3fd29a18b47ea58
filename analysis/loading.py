"""From a store, or from transcripts in memory, to tables.

A table is a pandas DataFrame whose columns are always there, also when it has no rows. Missing is
never zero: an answer that could not be had is a row whose ``value`` is None and whose ``missing``
says why. The table of truths is not read, here or anywhere in ``analysis``.

>>> from sim.events import Turn
>>> ada = {"name": "Ada", "brief": "A hydrologist.", "stances": {"sell": -0.8}}
>>> tables = tables_from([Record("t1", cast=[ada], events=[Turn(1, "Ada", "Good evening.")])])
>>> tables.turns[["turn", "speaker", "text"]].to_dict("records")
[{'turn': 1, 'speaker': 'Ada', 'text': 'Good evening.'}]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.events import Answer, Ended, Event, Failure, Turn
from sim.store import open_readonly

if TYPE_CHECKING:
    from sqlite3 import Connection

COLUMNS: dict[str, dict[str, str]] = {
    "trials": {
        "trial": "str",
        "scenario": "str",
        "parameters": "object",
        "model": "str",
        "stage": "str",
        "seed": "Int64",
        "arm": "str",
        "focal": "str",
        "of": "str",
        "status": "str",
        "reason": "str",
        "turns": "Int64",
    },
    "cast": {
        "trial": "str",
        "actor": "str",
        "seat": "Int64",
        "brief": "str",
        "opposite": "str",
        "traits": "object",
        "points": "object",
        "stances": "object",
    },
    "turns": {
        "trial": "str",
        "turn": "Int64",
        "speaker": "str",
        "text": "str",
        "audience": "object",
        "finish": "str",
        "cut": "str",
        "strangers": "object",
        "exact": "boolean",
    },
    "answers": {
        "trial": "str",
        "turn": "Int64",
        "actor": "str",
        "key": "str",
        "sample": "Int64",
        "gauge": "boolean",
        "value": "object",
        "missing": "str",
    },
    "failures": {
        "trial": "str",
        "turn": "Int64",
        "actor": "str",
        "doing": "str",
        "reason": "str",
        "message": "str",
    },
}
"""The columns of each table, and their types."""

ARM = ("scenario", "parameters", "model", "arm")
"""What makes two trials replications of one another (their seeds differ). In tables of results
``parameters`` is canonical JSON."""


@dataclass(frozen=True)
class Tables:
    """What was played, as tables: one row per trial, actor, turn, answer, failure."""

    trials: pd.DataFrame
    cast: pd.DataFrame
    turns: pd.DataFrame
    answers: pd.DataFrame
    failures: pd.DataFrame


@dataclass(frozen=True)
class Record:
    """One trial in memory: its facts, the personas of its cast, and its events.

    ``cast`` holds personas as mappings (``name``, ``brief``, ``opposite``, ``traits``, ``points``,
    ``stances``); only ``name`` is needed. Status, reason and number of turns come from the
    ``Ended`` event, if there is one; without one the trial counts as done at its last turn.
    """

    trial: str
    cast: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Event] = ()
    scenario: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    stage: str = ""
    seed: int = 0
    arm: str = "live"
    focal: str | None = None
    of: str | None = None


def load(store_path: Path | str) -> Tables:
    """Read a store, whole, without changing it.

    Raises ``sim.errors.StoreRefused`` if the file is not a store of ours or newer than the code.
    """
    connection = open_readonly(Path(store_path))
    try:
        return _read(connection)
    finally:
        connection.close()


def tables_from(records: Iterable[Record]) -> Tables:
    """Make tables from transcripts in memory, as ``load`` makes them from a store."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
    for record in records:
        turns = [event for event in record.events if isinstance(event, Turn)]
        ended = next((event for event in record.events if isinstance(event, Ended)), None)
        rows["trials"].append(
            (
                record.trial,
                record.scenario,
                dict(record.parameters),
                record.model,
                record.stage,
                record.seed,
                record.arm,
                record.focal,
                record.of,
                "done" if ended is None else ended.status,
                None if ended is None else ended.reason,
                max((turn.index for turn in turns), default=0),
            )
        )
        rows["cast"].extend(_cast_rows(record.trial, record.cast))
        for event in record.events:
            if isinstance(event, Turn):
                rows["turns"].append(
                    (
                        record.trial,
                        event.index,
                        event.speaker,
                        event.text,
                        event.audience,
                        event.finish,
                        event.cut,
                        event.strangers,
                        event.exact,
                    )
                )
            elif isinstance(event, Answer):
                rows["answers"].append(
                    (
                        record.trial,
                        event.turn,
                        event.actor,
                        event.key,
                        event.sample,
                        event.gauge,
                        event.value,
                        event.missing,
                    )
                )
            elif isinstance(event, Failure):
                rows["failures"].append(
                    (
                        record.trial,
                        event.turn,
                        event.actor,
                        event.doing,
                        event.reason,
                        event.message,
                    )
                )
    return _tables(rows)


def _read(connection: Connection) -> Tables:
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
    for trial, scenario, parameters, *others, scene in connection.execute(
        "SELECT trial, scenario, parameters, model, stage, seed, arm, focal, "
        '"of", status, reason, turns, scene FROM trials ORDER BY trial'
    ):
        rows["trials"].append((trial, scenario, json.loads(parameters), *others))
        personas = [member["persona"] for member in json.loads(scene)["cast"]]
        rows["cast"].extend(_cast_rows(trial, personas))
    for trial, turn, kind, actor, key, sample, payload in connection.execute(
        "SELECT trial, turn, kind, actor, key, sample, payload FROM events "
        "WHERE kind IN ('turn', 'probe', 'gauge', 'failure') "
        "ORDER BY trial, turn, kind, actor, key, sample"
    ):
        facts = json.loads(payload)
        if kind == "turn":
            audience = facts.get("audience")
            rows["turns"].append(
                (
                    trial,
                    turn,
                    actor,
                    facts["text"],
                    None if audience is None else tuple(audience),
                    facts.get("finish"),
                    facts.get("cut"),
                    tuple(facts.get("strangers", ())),
                    facts.get("exact"),
                )
            )
        elif kind == "failure":
            rows["failures"].append(
                (
                    trial,
                    turn,
                    actor,
                    facts.get("doing"),
                    facts.get("reason"),
                    facts.get("message"),
                )
            )
        else:
            rows["answers"].append(
                (
                    trial,
                    turn,
                    actor,
                    key,
                    sample,
                    kind == "gauge",
                    facts.get("value"),
                    facts.get("missing"),
                )
            )
    return _tables(rows)


def _cast_rows(trial: str, personas: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            trial,
            persona["name"],
            seat,
            persona.get("brief") or "",
            persona.get("opposite"),
            tuple(persona.get("traits") or ()),
            tuple(persona.get("points") or ()),
            dict(persona.get("stances") or {}),
        )
        for seat, persona in enumerate(personas)
    ]


def _tables(rows: Mapping[str, list[tuple[Any, ...]]]) -> Tables:
    return Tables(**{name: frame(rows[name], columns) for name, columns in COLUMNS.items()})


def frame(rows: Sequence[Sequence[Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """A table with these columns and types, also when there are no rows."""
    made = {
        name: pd.Series([row[place] for row in rows], dtype=_dtype(kind))
        for place, (name, kind) in enumerate(columns.items())
    }
    return pd.DataFrame(made, columns=list(columns))


def _dtype(kind: str) -> Any:
    # "str" is pandas' own string type from version 3 on and object before; "string" is both.
    return pd.StringDtype() if kind == "str" else kind


def with_arms(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials, with ``parameters`` as canonical JSON, so that they can be grouped by ``ARM``."""
    parameters = [json.dumps(value, sort_keys=True) for value in trials["parameters"]]
    return trials.assign(parameters=pd.Series(parameters, index=trials.index, dtype="string"))
