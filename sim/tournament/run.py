"""Holding a tournament: round after round, each compiled from what came of those before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from sim.calls.budget import Budget
from sim.calls.prices import Prices
from sim.errors import BadRequest
from sim.planning import Trial
from sim.runs.report import RunReport, Watcher, together
from sim.runs.run import run
from sim.stage.base import Stage
from sim.store import Durable, Writer, encode_sorted, open_readonly
from sim.tournament.formats import Meeting, Standing, standings
from sim.tournament.judging import Panel, stored_verdicts
from sim.tournament.scoring import Scores, score_of_leg, with_scores
from sim.tournament.tournament import Leg, Tournament

_INSERT_MATCH = "INSERT OR REPLACE INTO matches VALUES (?, ?, ?, ?, ?, ?, ?)"


@runtime_checkable
class Steward(Watcher, Protocol):
    """A watcher who is also told of rounds and verdicts."""

    def round_began(
        self, number: int, legs: Mapping[str, Leg], meetings: Sequence[Meeting], known: Scores
    ) -> None:
        """A round (or, where it does not matter, all at once) is about to be played.

        ``legs`` are all so far by trial, those of the round among them, ``meetings`` all so far,
        and ``known`` the scores of the legs that were judged before.
        """
        ...

    def verdict(self, trial: str, judge: str, payload: Mapping[str, Any]) -> None:
        """A judge gave a verdict, or none (``missing``)."""
        ...


@dataclass(frozen=True, slots=True)
class TournamentReport:
    """What came of a tournament.

    ``id`` is its id in the store; ``meetings`` are all that took place, byes among them, with
    ``scores`` None where there is no verdict; ``standings`` are by match points. ``rounds`` is how
    many rounds are over, of ``of``. ``run`` is the report of all runs together, one
    for each round of an adaptive format. ``verdicts`` and ``missing_verdicts`` count those of the
    judges that the tournament names.
    """

    id: str
    meetings: tuple[Meeting, ...]
    standings: tuple[Standing, ...]
    rounds: int
    of: int
    run: RunReport
    verdicts: int
    missing_verdicts: int


@dataclass(slots=True)
class _Held:
    """What is known of a tournament while it is held."""

    tournament: Tournament
    identities: Mapping[str, str]
    id: str
    legs: dict[str, Leg] = field(default_factory=dict)
    meetings: list[Meeting] = field(default_factory=list)
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict)


async def hold(
    tournament: Tournament,
    stages: Mapping[str, Stage],
    store: Path | str,
    *,
    identities: Mapping[str, str] | None = None,
    concurrency: int = 16,
    durable: Durable = "normal",
    in_doubt: Literal["ask", "missing"] = "ask",
    retry_failed: bool = False,
    watch: Watcher | None = None,
    cache: bool | None = None,
    budget: Budget | None = None,
    prices: Prices | None = None,
) -> TournamentReport:
    """Hold a tournament in a store, and go on where an earlier one was torn off.

    ``stages`` are by identity, ``identities`` say which identity each of the tournament's stages
    has, by its model string or name (None: ``stages`` are by those names). The other options are
    those of ``run``. Debates and verdicts that are in the store already are neither played nor
    asked for again, also where another tournament brought them about. A budget is for the whole
    tournament, earlier runs of it included; its minutes are for each round of an adaptive format.

    Raises what ``run`` raises, and ``BadRequest`` if a stage is missing.

    >>> import asyncio, tempfile
    >>> from sim import open_stage
    >>> from sim.tournament import Debate, Entrant, Tournament
    >>> short = Debate(opening=40, rebuttals=0, questions=0, closing=None)
    >>> cup = Tournament(name="Cup", entrants=[Entrant(name="a"), Entrant(name="b")],
    ...                  motions=["Tea?"], debate=short, judges=["embedded:base"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stage = open_stage("embedded:base")
    ...     report = asyncio.run(hold(cup, {"embedded:base": stage}, f"{folder}/cup.db"))
    >>> report.rounds, report.verdicts, len(report.standings)
    (1, 4, 2)
    """
    if identities is None:
        identities = {name: stage.identity for name, stage in stages.items()}
        stages = {stage.identity: stage for stage in stages.values()}
    for name in stages_of(tournament):
        if name not in identities:
            raise BadRequest(f"stages: the tournament names {name!r}, which is not given")
    held = _Held(tournament, identities, tournament.identity(identities))
    adaptive, rounds = tournament.typed_format.adaptive, tournament.rounds
    told = watch.verdict if isinstance(watch, Steward) else None
    over = 0
    report: RunReport | None = None
    for first in range(1, rounds + 1) if adaptive else [1]:
        last = first if adaptive else rounds
        before = list(held.legs)
        trials = _compile(held, first, last, store)
        legs = {trial.id: held.legs[trial.id] for trial in trials}
        _score(held, legs, store)
        if isinstance(watch, Steward):
            watch.round_began(last, held.legs, held.meetings, held.scores)
        # What came of earlier rounds stays what it was: pairings follow from it.
        latest = await run(
            trials, stages, store, concurrency=concurrency, durable=durable, in_doubt=in_doubt,
            retry_failed=retry_failed, watch=watch, cache=cache, budget=budget, prices=prices,
            afterwards=Panel(tournament, legs, identities, told, retry_failed), paid=before,
        )  # fmt: skip
        report = latest if report is None else together(report, latest)
        _score(held, legs, store)
        held.meetings[:] = with_scores(tournament, held.meetings, held.legs, held.scores)
        if report.interrupted or report.stopped is not None:
            break
        over = last
    assert report is not None
    given, missing = _counted(held, store)
    return TournamentReport(
        held.id, tuple(held.meetings), tuple(standings(len(tournament.entrants), held.meetings)),
        over, rounds, report, given, missing,
    )  # fmt: skip


def stages_of(tournament: Tournament) -> tuple[str, ...]:
    """The stages of a tournament by model string or name: its own, the entrants', the judges'."""
    judges = [judge.stage for judge in tournament.judges]
    return tuple(dict.fromkeys((tournament.stage, *tournament.model_strings, *judges)))


def _compile(held: _Held, first: int, last: int, store: Path | str) -> list[Trial]:
    """Compile rounds and write down which trial is which leg. The trials."""
    tournament = held.tournament
    trials: list[Trial] = []
    rows: list[tuple[Any, ...]] = []
    for found in tournament.compiled(first, last, held.meetings):
        for leg in found.legs:
            trial = tournament.trial(leg, held.identities)
            held.legs[trial.id] = leg
            trials.append(trial)
            rows.append(_row(held, leg, trial.id))
        for match, meeting in enumerate(found.meetings, 1):
            if meeting.is_bye:
                name = tournament.entrants[meeting.entrants[0]].name
                sides = encode_sorted([{"entrant": name, "actor": None}])
                rows.append((held.id, meeting.round, match, 0, None, "", sides))
        held.meetings += found.meetings
    definition = tournament.definition(held.identities)
    writer = Writer.open(store)
    try:
        known = writer.connection.execute(
            "SELECT * FROM matches WHERE tournament = ? AND round BETWEEN ? AND ?",
            (held.id, first, last),
        ).fetchall()
        # Where results have changed, so have pairings, and those of later rounds are of no use.
        stale = [(held.id, first)] if set(known) - set(rows) else []
        writer.write_now(
            [
                (
                    "INSERT INTO tournaments VALUES (?, ?, ?, ?) ON CONFLICT (tournament)"
                    " DO UPDATE SET name = excluded.name, started = excluded.started",
                    [(held.id, tournament.name, encode_sorted(definition), time.time())],
                ),
                ("DELETE FROM matches WHERE tournament = ? AND round >= ?", stale),
                (_INSERT_MATCH, rows),
            ]
        )
    finally:
        writer.close()
    return trials


def _row(held: _Held, leg: Leg, trial: str) -> tuple[Any, ...]:
    motion = held.tournament.motions[leg.motion]
    sides = [
        {
            "entrant": side.entrant.name,
            "actor": side.actor,
            "position": side.position,
            "text": motion.positions[side.position],
            "place": side.place,
            "stage": held.identities[side.entrant.stage or held.tournament.stage],
        }
        for side in leg.sides
    ]
    return (held.id, leg.round, leg.match, leg.leg, trial, motion.topic, encode_sorted(sides))


def _verdicts(
    held: _Held, legs: Mapping[str, Leg], store: Path | str
) -> dict[str, list[dict[str, Any]]]:
    """The verdicts of the judges that the tournament names, by trial."""
    with closing(open_readonly(store)) as connection:
        return stored_verdicts(connection, list(legs), held.tournament.forms(held.identities))


def _score(held: _Held, legs: Mapping[str, Leg], store: Path | str) -> None:
    """Read the scores of those of these legs that were judged."""
    for trial, given in _verdicts(held, legs, store).items():
        score = score_of_leg(given, legs[trial].actors)
        if score is not None:
            held.scores[trial] = score


def _counted(held: _Held, store: Path | str) -> tuple[int, int]:
    """How many verdicts there are, and how many are missing with a reason."""
    every = [verdict for found in _verdicts(held, held.legs, store).values() for verdict in found]
    missing = sum(verdict["missing"] is not None for verdict in every)
    return len(every) - missing, missing
