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

import gc
import json
import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.imports import conversations, is_store, restored
from analysis.rows import Rows, cast_rows, event_rows
from analysis.versions import made_in, versions
from sim.errors import BadRequest
from sim.events import Ended, Event, Turn
from sim.planning.trials import IMPORTED, LIVE
from sim.stage.surrogate import played_on
from sim.store import Store, StoredTrial, open_store
from sim.transcript import Transcript

log = logging.getLogger(__name__)

COLUMNS: dict[str, dict[str, str]] = {
    "trials": {
        "trial": "str",
        "scenario": "str",
        "version": "str",
        "parameters": "object",
        "model": "str",
        "layout": "str",
        "wording": "str",
        "stage": "str",
        "seed": "Int64",
        "arm": "str",
        "focal": "str",
        "of": "str",
        "status": "str",
        "reason": "str",
        "turns": "Int64",
        "at": "Int64",
        "branch": "Int64",
        "topic": "str",
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
        "secret": "str",
        "blank": "boolean",
        "attributes": "object",
        "opposites": "object",
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
        "overheard": "object",
        "absent": "object",
        "source": "str",
        "cued": "Int64",
        "over": "Int64",
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
    "interventions": {
        "trial": "str",
        "turn": "Int64",
        "key": "str",
        "what": "str",
        "actor": "str",
        "text": "str",
        "detail": "object",
    },
    "fallbacks": {
        "trial": "str",
        "turn": "Int64",
        "actor": "str",
        "key": "str",
        "reason": "str",
    },
}
"""The columns of each table, and their types."""

ARM = ("scenario", "version", "parameters", "model", "layout", "wording", "arm")
"""What makes two trials replications of one another (their seeds differ). In tables of results
``parameters`` is canonical JSON. ``version`` is blank unless the scenario was edited meanwhile
(``analysis.versions``). ``layout`` says how much is remembered, too, where contexts are limited.
Where a model played with different settings, ``model`` is the stage's whole identity."""


@dataclass(frozen=True)
class Tables:
    """What was played, as tables: one row per trial, actor, turn, answer, failure, intervention,
    fallback of a router.

    A branch (``at`` says from which turn on, ``of`` of which trial) has the rows of the turns that
    it shares, too: each trial is whole.

    Trials that were torn off or that failed are here, and no measure reads them, unless
    ``unfinished`` says that they are to be taken in.
    """

    trials: pd.DataFrame
    cast: pd.DataFrame
    turns: pd.DataFrame
    answers: pd.DataFrame
    failures: pd.DataFrame
    interventions: pd.DataFrame
    fallbacks: pd.DataFrame
    unfinished: bool = False

    def only(self, trials: Iterable[str]) -> Tables:
        """The rows of these trials alone, by their whole ids."""
        kept = set(trials)
        parts: dict[str, Any] = {
            name: table[_among(table["trial"], kept)].reset_index(drop=True)
            for name, table in self._each()
        }
        return Tables(**parts, unfinished=self.unfinished)

    @property
    def left_out(self) -> dict[str, int]:
        """The trials that no measure reads, counted by their status.

        >>> from sim.events import Ended, Turn
        >>> torn = Record("t2", [{"name": "Ada"}], [Ended(1, "timeout", "failed")])
        >>> tables_from([Record("t1", [{"name": "Ada"}], [Turn(1, "Ada", "Well.")]), torn]).left_out
        {'failed': 1}
        """
        if self.unfinished:
            return {}
        counts = self.trials.loc[self.trials["status"] != "done", "status"].value_counts()
        return {str(status): int(count) for status, count in sorted(counts.items())}

    def measured(self) -> Tables:
        """The rows that measures read: of trials that came to their end, or of all."""
        if not self.left_out:
            return self
        return self.only(self.trials.loc[self.trials["status"] == "done", "trial"])

    def _each(self) -> list[tuple[str, pd.DataFrame]]:
        return [(name, getattr(self, name)) for name in COLUMNS]

    def __str__(self) -> str:
        told = ", ".join(f"{len(table)} {name}" for name, table in self._each() if len(table))
        return told or "no trials"

    def __repr__(self) -> str:
        return f"<Tables: {self}>"


@dataclass(frozen=True)
class Record:
    """One trial in memory: its facts, the personas of its cast, and its events.

    ``cast`` holds personas as mappings (``name``, ``brief``, ``opposite``, ``traits``, ``points``,
    ``stances``, ``secret``, ``attributes``, ``opposites``); only ``name`` is needed. Status, reason
    and number of turns come from the ``Ended`` event, if there is one; without one the trial counts
    as done at its last turn.
    """

    trial: str
    cast: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Event] = ()
    scenario: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    stage: str = ""
    seed: int = 0
    arm: str = LIVE
    focal: str | None = None
    of: str | None = None
    at: int | None = None
    branch: int | None = None
    version: str = ""
    layout: str = ""
    wording: str = ""
    topic: str = ""


class Played(Protocol):
    """What a run gives back: some trials of a store. ``sim.runs.results.Results`` is one."""

    @property
    def path(self) -> Path:
        """The store."""
        ...

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the trials."""
        ...


Data = Tables | Path | str | Played
"""What can be measured: tables, a store, or what a run gave back (its own trials alone)."""


def load(
    data: Data,
    *,
    format: str | None = None,  # noqa: A002 - the name that everybody looks for
    unfinished: bool = False,
    trials: Collection[str] | None = None,
) -> Tables:
    """The tables of a store, whole, without changing it; of the trials of a run; or of somebody
    else's transcripts (a CSV, a chat, a log), whose ``format`` is found by content unless it is
    named (``sim.formats.registry``).

    With ``unfinished``, measures take in trials that were torn off or failed. ``trials`` are the
    ids of those that are wanted; of a large store no others are read. Tables are given back as they
    are, but for both. The cast of a file are its speakers. Raises
    ``sim.errors.StoreRefused`` if a store is not ours or newer than the code,
    ``sim.formats.FormatError`` if a file is not what its format says.
    """
    if isinstance(data, Tables):
        kept = data if trials is None else data.only(trials)
        return replace(kept, unfinished=True) if unfinished else kept
    if isinstance(data, Path | str):
        if format is not None or not is_store(Path(data)):
            with restored(Path(data), format) as store:
                if store is not None:
                    return load(store, unfinished=unfinished, trials=trials)
            records = (Record(**each) for each in conversations(Path(data), format))
            return load(tables_from(records), unfinished=unfinished, trials=trials)
        with open_store(data) as store, _uncollected():
            return replace(_read(store, trials), unfinished=unfinished)
    if not (hasattr(data, "path") and hasattr(data, "ids")):
        raise BadRequest(
            f"load: {data!r:.60} is no data; give the path of a store, tables, or what run() gave"
        )
    ids = data.ids if trials is None else [each for each in data.ids if each in set(trials)]
    return load(data.path, unfinished=unfinished, trials=ids)


def tables_from(records: Iterable[Record]) -> Tables:
    """Make tables from transcripts in memory, as ``load`` makes them from a store.

    A record without a cast has it made from the speakers, by name alone, and the log says so.
    Raises ``BadRequest`` for a turn of somebody who is not in the cast that was given: a measure
    would count it for nobody.

    >>> from sim.events import Turn
    >>> tables_from([Record("t1", [{"name": "Ada"}], [Turn(1, "Adda", "Good evening.")])])
    Traceback (most recent call last):
    ...
    sim.errors.BadRequest: record t1: turn 1 is said by 'Adda', who is not in its cast (Ada); ...
    """
    rows: Rows = {name: [] for name in COLUMNS}
    for record in records:
        turns = [event for event in record.events if isinstance(event, Turn)]
        ended = next((event for event in record.events if isinstance(event, Ended)), None)
        rows["trials"].append(
            (
                record.trial,
                record.scenario,
                record.version,
                dict(record.parameters),
                record.model,
                record.layout,
                record.wording,
                record.stage,
                record.seed,
                record.arm,
                record.focal,
                record.of,
                "done" if ended is None else ended.status,
                None if ended is None else ended.reason,
                max((turn.index for turn in turns), default=0),
                record.at,
                record.branch,
                record.topic,
            )
        )
        rows["cast"].extend(cast_rows(record.trial, _whole_cast(record, turns)))
        event_rows(rows, record.trial, record.events)
    return _tables(rows)


def _whole_cast(record: Record, turns: Iterable[Turn]) -> Sequence[Mapping[str, Any]]:
    """The cast of a record, made from its speakers if it has none."""
    if not record.cast:
        speakers = list(dict.fromkeys(turn.speaker for turn in turns))
        if speakers:
            log.info("record %s has no cast; its speakers are: %s", record.trial, speakers)
        return [{"name": name} for name in speakers]
    names = [persona["name"] for persona in record.cast]
    for turn in turns:
        if turn.speaker not in names:
            raise BadRequest(
                f"record {record.trial}: turn {turn.index} is said by {turn.speaker!r}, who is not "
                f"in its cast ({', '.join(names)}); correct the name, or give no cast"
            )
    return record.cast


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles, which goes through all rows again and again while they grow.
    None of them is part of a cycle."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _read(store: Store, wanted: Collection[str] | None = None) -> Tables:
    rows: Rows = {name: [] for name in COLUMNS}
    transcripts: dict[str, Transcript] = {}
    branches: dict[str, tuple[str, int]] = {}
    own: dict[str, list[Event]] = {}
    trials = sorted(store.trials(), key=lambda trial: trial.id)
    version = versions(made_in(store, trials))
    stages: dict[str, set[str]] = {}
    for trial in trials:
        # Of an import the stage is a hash of what is said: no setting of a model.
        stage = trial.model if trial.arm.startswith(IMPORTED) else _own_stage(trial)
        stages.setdefault(trial.model, set()).add(stage)
    kept = {trial.id for trial in trials} if wanted is None else set(wanted)
    for trial in trials:
        if trial.at is not None and trial.of is not None:
            branches[trial.id] = (trial.of, trial.at - 1)
        if trial.id not in kept:
            continue
        model = trial.model if len(stages[trial.model]) == 1 else _own_stage(trial)
        rows["trials"].append(
            (
                trial.id, trial.scenario, version[trial.id], trial.parameters, model, trial.layout,
                trial.wording, trial.stage, trial.seed, trial.arm, trial.focal, trial.of,
                trial.status, trial.reason, trial.turns, trial.at, trial.branch, trial.topic,
            )
        )  # fmt: skip
        rows["cast"].extend(cast_rows(trial.id, trial.cast))
        own[trial.id] = []
    # Branches share the beginning of those they were played from.
    read = None if wanted is None else _with_parents(own, branches)
    for identity, event in store.all_events(read):
        # Somebody may have deleted a trial by hand and left its events.
        own.setdefault(identity, []).append(event)

    def transcript(trial: str) -> Transcript:
        if trial not in transcripts:
            of, shared = branches.get(trial, (None, 0))
            parent = None if of is None else transcript(of)
            transcripts[trial] = Transcript(own.get(trial, ()), parent=parent, at=shared)
        return transcripts[trial]

    for identity in own:
        if wanted is None or identity in kept:
            event_rows(rows, identity, transcript(identity).events)
    return _tables(rows)


def _with_parents(trials: Iterable[str], branches: Mapping[str, tuple[str, int]]) -> set[str]:
    """Trials, and those that they are branches of."""
    found: set[str] = set()
    for trial in trials:
        while trial not in found:
            found.add(trial)
            trial = branches.get(trial, (trial, 0))[0]
    return found


def _among(trials: pd.Series[str], kept: Collection[str]) -> NDArray[np.bool_]:
    """Which rows are of these trials. ``isin`` makes a scalar of each id, at every call."""
    places, names = pd.factorize(trials)
    found = np.array([name in kept for name in names.tolist()], dtype=bool)
    return found[places]


def _own_stage(trial: StoredTrial) -> str:
    """The stage's identity; of a surrogate that of the stage which plays the one who is real."""
    return played_on(trial.stage)


def _tables(rows: Mapping[str, list[tuple[Any, ...]]]) -> Tables:
    made: dict[str, Any] = {name: frame(rows[name], cols) for name, cols in COLUMNS.items()}
    return Tables(**made)


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


def units(trials: pd.DataFrame) -> pd.Series[str]:
    """What each trial counts as: itself; the surrogates of a live trial are one, that of the live
    trial, since each plays one of its actors.

    >>> units(frame([("a", None, None), ("b", "Ada", "a"), ("c", "Ben", "a")],
    ...             {"trial": "str", "focal": "str", "of": "str"})).to_list()
    ['a', 'a', 'a']
    """
    surrogate = trials["focal"].notna() & trials["of"].notna()
    return trials["trial"].astype("str").mask(surrogate, trials["of"].astype("str"))


_canonical = json.JSONEncoder(sort_keys=True).encode  # json.dumps makes an encoder at each call.


def with_arms(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials, with ``parameters`` as canonical JSON, so that they can be grouped by ``ARM``."""
    parameters = [_canonical(value) for value in trials["parameters"]]
    return trials.assign(parameters=pd.Series(parameters, index=trials.index, dtype="string"))


def side_named(by: str, side: str) -> str:
    """A side of a comparison as a person calls it: a value of a parameter with its name.

    >>> side_named("rounds", "8"), side_named("tone", '"blunt"'), side_named("model", "gguf:x")
    ('rounds=8', 'tone=blunt', 'gguf:x')
    """
    if not by or by in (*ARM, "stage"):
        return side
    value = json.loads(side)
    return f"{by}={value if isinstance(value, str) else side}"


def in_order(names: Iterable[str]) -> list[str]:
    """Each name once, by the alphabet, and by size where they differ in a number.

    >>> in_order(["turns=10", "turns=6", "turns=6"]), in_order(["10", "-2", "0.5"])
    (['turns=6', 'turns=10'], ['-2', '0.5', '10'])
    """
    return sorted(set(names), key=_by_size)


def _by_size(name: str) -> list[tuple[float, str]]:
    parts = re.split(r"((?:(?<==)|^)-?\d+(?:\.\d+)?|\d+(?:\.\d+)?)", name)
    return [(float(part), "") if place % 2 else (-inf, part) for place, part in enumerate(parts)]
