"""Reading a store: trials, transcripts, replies, runs, tournaments, verdicts, as typed records."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from sim.errors import BadRequest, StoreRefused
from sim.events import Event, Turn, Usage
from sim.scene.scene import Scene
from sim.store.connection import open_readonly
from sim.store.damage import reading, told_as_damage
from sim.store.rows import REPLY_COLUMNS, from_row, reply_from_row
from sim.store.runs import DOUBTED, InDoubt, StoredRun, untold
from sim.store.shapes import JSON, check_columns, check_row, read_json
from sim.store.tournaments import (
    VERDICTS,
    StoredMatch,
    StoredTournament,
    StoredVerdict,
    VerdictKey,
    which_tournament,
)
from sim.store.trials import COLUMNS, StoredReplies, StoredTrial, in_groups, short_ids
from sim.text.printing import command_line
from sim.transcript import Transcript

_AT_ONCE = 500
"""How many ids go into one query; SQLite allows 999 parameters at least."""

_ORDER = "ORDER BY scenario, model, seed, arm, focal, trial"

_OWN = "SELECT * FROM events WHERE trial = ? ORDER BY turn, kind, actor, key, sample"

_ASKED_AFTERWARDS = "SELECT run FROM runs WHERE json_extract(manifest, '$.options.ask') IS NOT NULL"


class Source(NamedTuple):
    """The number of a run, and the hash of a scenario's file in it."""

    run: int
    source: str


FindParent = Callable[[str], Transcript]


class Store:
    """A store that is read, also while somebody writes it. Close it, or use it in a ``with``.

    ``path`` is for messages. Make one with ``open_store``; a ``Writer`` has one of its own.

    >>> import asyncio, tempfile
    >>> from sim import Persona, Scene, after, open_stage, plan, ring
    >>> from sim.runs.trials import run_trials
    >>> def tea() -> Scene:
    ...     return Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...                  graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> stage = open_stage("fixed:Yes.")
    >>> trials = plan(tea, models=[("fixed", stage.identity)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = asyncio.run(run_trials(trials, {stage.identity: stage}, f"{folder}/tea.db"))
    ...     with open_store(f"{folder}/tea.db") as store:
    ...         [trial] = store.trials()
    ...         trial.status, [turn.text for turn in trial.transcript.turns]
    ('done', ['Yes.', 'Yes.'])
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        # In a notebook a store is seldom closed: then it is when it is garbage-collected.
        self._closing = weakref.finalize(self, connection.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._closing()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for other modules of this package."""
        return self._connection

    def _rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def _checked(self, table: str, sql: str, *parameters: Any) -> Iterator[dict[str, Any]]:
        """The rows of a query for all columns of a table, by their names, each checked."""
        cursor = self._connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            found = dict(zip(names, row, strict=True))
            check_row(found, table)
            yield found

    def _for(self, select: str, trials: Iterable[str], also: str = "") -> Iterator[tuple[Any, ...]]:
        """Rows for these trials; ``select`` has no WHERE, and ``also`` goes on from it."""
        for some in in_groups(trials, _AT_ONCE):
            marks = ",".join("?" * len(some))
            yield from self._rows(f"{select} WHERE trial IN ({marks}) {also} ORDER BY trial", *some)

    # -- trials --------------------------------------------------------------------------------

    @told_as_damage
    def trials(self, ids: Sequence[str] | None = None) -> list[StoredTrial]:
        """All trials, ordered by scenario, model, seed and arm, or those of these ids."""
        select = f"SELECT {COLUMNS} FROM trials"  # noqa: S608 - a constant of ours
        rows = self._rows(f"{select} {_ORDER}") if ids is None else self._for(select, ids)
        return [StoredTrial.read(row, self) for row in rows]

    def trial(self, beginning: str) -> StoredTrial:
        """The trial whose id begins like this. Raises ``BadRequest`` if none or several do."""
        wanted = beginning.lower()
        ids = self.ids()
        meant = [trial for trial in ids if wanted and trial.startswith(wanted)]
        if not meant:
            raise BadRequest(
                f"{self.path} has no trial {beginning!r}; list its {len(ids)} with: "
                f"{command_line('show', self.path)}"
            )
        if len(meant) > 1:
            shown = ", ".join(list(short_ids(ids, meant).values())[:5])
            more = f" and {len(meant) - 5} more" if len(meant) > 5 else ""
            raise BadRequest(
                f"{len(meant)} trials begin with {beginning!r}: {shown}{more}; say more"
            )
        return self.trials(meant)[0]

    @told_as_damage
    def ids(self) -> list[str]:
        """The ids of all trials, sorted."""
        rows = self._rows("SELECT trial FROM trials ORDER BY trial")
        for (trial,) in rows:
            check_columns({"trial": trial}, "trials")
        return [trial for (trial,) in rows]

    @told_as_damage
    def ended(self, ids: Iterable[str]) -> set[str]:
        """Those of the trials that are at their end."""
        rows = self._for("SELECT trial FROM trials", ids, "AND status != 'planned'")
        return {row[0] for row in rows}

    @told_as_damage
    def with_events(self, ids: Iterable[str]) -> set[str]:
        """Those of the trials of which there are events."""
        return {row[0] for row in self._for("SELECT DISTINCT trial FROM events", ids)}

    def short_ids(self) -> dict[str, str]:
        """For each trial the shortest beginning of its id that no other has."""
        return short_ids(self.ids())

    @told_as_damage
    def seeds_played(self) -> list[tuple[str, int]]:
        """How many seeds were played live, by scenario, one entry for each set of parameters and
        each stage."""
        return [
            (str(scenario), int(seeds))
            for scenario, seeds in self._rows(
                "SELECT scenario, count(DISTINCT seed) FROM trials WHERE arm = 'live'"
                " GROUP BY scenario, parameters, stage"
            )
        ]

    # -- what happened -------------------------------------------------------------------------

    def transcript(
        self,
        trial: str,
        parent_of: FindParent | None = None,
        find_scene: Callable[[], Scene] | None = None,
    ) -> Transcript:
        """The transcript of a trial, as far as it is stored; of a branch with its parent's turns.

        ``parent_of`` gives the transcript of a parent, where the caller has read it. Raises
        ``StoreRefused`` if a parent is not in the store or if its parents go around in a circle.
        """
        with reading(self.path, trial):
            return self._transcript(trial, parent_of, find_scene, ())

    def _transcript(
        self,
        trial: str,
        parent_of: FindParent | None,
        find_scene: Callable[[], Scene] | None,
        below: tuple[str, ...],
    ) -> Transcript:
        rows = self._rows('SELECT "of", at, branch, seed FROM trials WHERE trial = ?', trial)
        if not rows or trial in below:
            child = below[0] if below else trial
            raise StoreRefused(
                f"trial {child}: it branches off {trial}, which is not in the store; use a backup"
            )
        [(of, at, branch, seed)] = rows
        events = self.own_events(trial)
        if at is None:
            return Transcript(events, seed=seed, find_scene=find_scene)
        if parent_of is None:
            parent = self._transcript(of, None, None, (*below, trial))
        else:
            parent = parent_of(of)
        if at - 1 > len(parent):
            raise StoreRefused(
                f"trial {trial}: it branches off at turn {at} of {of}, which has {len(parent)} "
                "turns; use a backup"
            )
        return Transcript(
            events, parent=parent, at=at - 1, seed=seed, branch=branch, find_scene=find_scene
        )

    def own_events(self, trial: str) -> list[Event]:
        """The events of a trial, without those that a branch shares with its parent."""
        with reading(self.path, trial):
            return [from_row(row) for row in self._rows(_OWN, trial)]

    def all_events(self, trials: Iterable[str] | None = None) -> Iterator[tuple[str, Event]]:
        """The own events of all trials, or of some, with the trial's id, trial by trial.

        Without a choice, events whose trial was deleted by hand are among them.
        """
        with reading(self.path):
            rows: Iterable[tuple[Any, ...]]
            if trials is None:
                rows = self._connection.execute(
                    "SELECT * FROM events ORDER BY trial, turn, kind, actor, key, sample"
                )
            else:
                rows = sorted(self._for("SELECT * FROM events", trials), key=lambda row: row[:6])
            for row in rows:
                yield row[0], from_row(row)

    def lineage(self, trial: str) -> list[tuple[int, str]]:
        """From which turn on which trial has its own turns: a branch's parents first."""
        with reading(self.path, trial):
            [(of, at)] = self._rows('SELECT "of", at FROM trials WHERE trial = ?', trial)
            if at is None:
                return [(0, trial)]
            return [*(each for each in self.lineage(of) if each[0] < at), (at, trial)]

    def replies(self, trial: str) -> StoredReplies:
        """The replies of a trial."""
        start = trial[:12]
        with reading(self.path, trial):
            # Hexadecimal digits sort before "g": the range holds all keys that begin like that.
            rows = self._rows(
                f"SELECT key, {REPLY_COLUMNS} FROM replies"  # noqa: S608 - a constant of ours
                " WHERE key >= ? AND key < ? AND trial = ?",
                start, start + "g", trial,
            )  # fmt: skip
            replies = {row[0]: reply_from_row(row[1:]) for row in rows}
        # Only version 1 stored no retries.
        return StoredReplies(replies, any(row[-1] is None for row in rows))

    @told_as_damage
    def usage(self, trials: Iterable[str]) -> Usage:
        """What was paid for these trials so far; replies without a price count 0 USD."""
        prompt = completion = 0
        usd = 0.0
        rows = self._for(
            "SELECT json_extract(usage, '$.prompt_tokens'),"
            " json_extract(usage, '$.completion_tokens'), json_extract(usage, '$.usd')"
            " FROM replies",
            trials,
            "AND cached = 0",
        )
        for tokens, written, price in rows:
            prompt += tokens
            completion += written
            usd += price or 0.0
        return Usage(prompt, completion, 0, usd)

    # -- runs ----------------------------------------------------------------------------------

    @told_as_damage
    def runs(self) -> list[StoredRun]:
        """All runs, in their order."""
        return [
            StoredRun(
                row["run"], row["started"], row["ended"], row["outcome"],
                read_json(row["manifest"], JSON["runs"]["manifest"], "a manifest"),
                None if row["summary"] is None else json.loads(row["summary"]),
            )
            for row in self._checked("runs", "SELECT * FROM runs ORDER BY run")
        ]  # fmt: skip

    @told_as_damage
    def in_doubt(self, trials: Iterable[str]) -> dict[str, list[InDoubt]]:
        """The calls in doubt of these trials, by trial.

        Calls of ``ask`` that were cut off do not count: without them the trial is complete.
        """
        doubts: dict[str, list[InDoubt]] = {}
        rows = self._for(
            "SELECT trial, turn, purpose, actor, key, run FROM intents",
            trials,
            f"AND run NOT IN ({_ASKED_AFTERWARDS})",
        )
        for row in rows:
            doubts.setdefault(row[0], []).append(InDoubt(*row))
        return doubts

    @told_as_damage
    def in_doubt_untold(self, trials: Iterable[str]) -> list[InDoubt]:
        """The calls in doubt of these trials of which no run has told, however many were killed."""
        wanted = list(trials)
        now = [doubt for doubts in self.in_doubt(wanted).values() for doubt in doubts]
        every = untold(self._rows(DOUBTED), now)
        known = set(wanted)
        return sorted((each for each in every if each.trial in known), key=lambda each: each.trial)

    @told_as_damage
    def sources(self) -> dict[str, Source]:
        """In which run each trial was played last, and the hash of its scenario's file then.

        The hash is blank for a scene that was given without a scenario, and for branches.
        """
        made: dict[int, Mapping[str, Any]] = {}
        for number, manifest in self._rows("SELECT run, manifest FROM runs"):
            shape = JSON["runs"]["manifest"]
            made[number] = read_json(manifest, shape, "a manifest").get("scenarios") or {}
        rows = self._rows("SELECT trial, run, scenario FROM trials")
        return {
            trial: Source(run, str((made.get(run, {}).get(scenario) or {}).get("source") or ""))
            for trial, run, scenario in rows
        }

    # -- tournaments ---------------------------------------------------------------------------

    @told_as_damage
    def tournaments(self) -> list[StoredTournament]:
        """All tournaments, in the order in which they were started."""
        return [
            StoredTournament(
                row["tournament"], row["name"], json.loads(row["definition"]), row["started"]
            )
            for row in self._checked(
                "tournaments", "SELECT * FROM tournaments ORDER BY started, tournament"
            )
        ]

    def tournament(self, wanted: str | None = None) -> StoredTournament:
        """The tournament that is meant, by its id, its name, or how one of them begins.

        None means the one that was started last. Raises ``BadRequest``, which names the tournaments
        that there are, if that is none of them, or more than one.
        """
        every = {each.id: each for each in self.tournaments()}
        names = {identity: each.name for identity, each in every.items()}
        return every[which_tournament(names, wanted, self.path)]

    @told_as_damage
    def matches(self, tournament: str) -> list[StoredMatch]:
        """The legs of a tournament's matches, in their order."""
        return [
            StoredMatch(
                row["tournament"], row["round"], row["match"], row["leg"], row["trial"],
                row["motion"], json.loads(row["sides"]),
            )
            for row in self._checked(
                "matches",
                "SELECT * FROM matches WHERE tournament = ? ORDER BY round, match, leg",
                tournament,
            )
        ]  # fmt: skip

    @told_as_damage
    def debates(self, tournament: str) -> dict[str, list[Turn]]:
        """The turns of a tournament's debates, by trial."""
        said: dict[str, list[Turn]] = {}
        rows = self._rows(
            "SELECT * FROM events WHERE kind = 'turn' AND trial IN "
            "(SELECT trial FROM matches WHERE tournament = ?) ORDER BY trial, turn",
            tournament,
        )
        for row in rows:
            turn = from_row(row)
            assert isinstance(turn, Turn)
            said.setdefault(row[0], []).append(turn)
        return said

    def verdicts(self, trial: str | None = None) -> list[StoredVerdict]:
        """What judges said of a debate (None: of all), in the order of judges."""
        return self._verdicts("") if trial is None else self._verdicts("WHERE trial = ?", trial)

    def verdicts_of_tournament(self, tournament: str) -> list[StoredVerdict]:
        """What judges said of a tournament's debates."""
        held = "WHERE trial IN (SELECT trial FROM matches WHERE tournament = ?)"
        return self._verdicts(held, tournament)

    @told_as_damage
    def verdicts_on(self, trials: Iterable[str]) -> list[StoredVerdict]:
        """What judges said of these debates."""
        select = f"SELECT {VERDICTS} FROM verdicts"  # noqa: S608 - a constant of ours
        return [_verdict(row) for row in self._for(select, trials)]

    @told_as_damage
    def verdict_keys(self, trials: Iterable[str], *, also_missing: bool = True) -> set[VerdictKey]:
        """The keys of the verdicts on these debates; of missing verdicts if ``also_missing``."""
        given = "" if also_missing else "AND json_extract(payload, '$.missing') IS NULL"
        rows = self._for("SELECT trial, judge, form, shown FROM verdicts", trials, given)
        return {VerdictKey(*row) for row in rows}

    @told_as_damage
    def judged_by(self, judge: str) -> set[str]:
        """The debates on which a judge has a verdict."""
        return {row[0] for row in self._rows("SELECT trial FROM verdicts WHERE judge = ?", judge)}

    @told_as_damage
    def _verdicts(self, where: str, *values: str) -> list[StoredVerdict]:
        select = f"SELECT {VERDICTS} FROM verdicts {where}"  # noqa: S608 - ours
        rows = self._rows(f"{select} ORDER BY trial, judge, form, shown", *values)
        return [_verdict(row) for row in rows]


def _verdict(row: tuple[Any, ...]) -> StoredVerdict:
    check_row(dict(zip(VERDICTS.split(", "), row, strict=True)), "verdicts")
    trial, judge, form, shown, payload = row
    return StoredVerdict(trial, judge, form, tuple(json.loads(shown)), json.loads(payload))


def open_store(path: Path | str) -> Store:
    """Open a store for reading. A store of an older version is migrated in memory alone.

    Raises ``StoreRefused`` if there is no store at the path or it cannot be read.

    >>> open_store("nowhere.db")
    Traceback (most recent call last):
    ...
    sim.errors.StoreRefused: store ...nowhere.db: does not exist; check the path
    """
    return Store(open_readonly(path), Path(path))
