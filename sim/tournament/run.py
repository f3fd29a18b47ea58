"""Running a tournament round by round; each round is compiled from the results before it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sim.errors import BadRequest
from sim.planning import Trial
from sim.runs.options import RunOptions
from sim.runs.report import RunReport, Watcher, together
from sim.runs.stages import close_all
from sim.runs.trials import run_trials
from sim.stage.base import Stage
from sim.store import StoredMatch, StoredTournament, Writer, open_store
from sim.tournament.formats import Meeting, Standing, standings
from sim.tournament.judging import Panel, stored_verdicts
from sim.tournament.scoring import Scores, score_of_leg, with_scores
from sim.tournament.stages import open_stages, stages_named
from sim.tournament.tournament import Leg, Tournament


@runtime_checkable
class TournamentWatcher(Watcher, Protocol):
    """A watcher who is also told of rounds and verdicts."""

    def round_began(
        self, number: int, legs: Mapping[str, Leg], meetings: Sequence[Meeting], known: Scores
    ) -> None:
        """A round (in a format that is not adaptive, all rounds) is about to be played.

        ``legs`` are all so far by trial, those of the round among them, ``meetings`` all so far,
        and ``known`` the scores of the legs that were judged before.
        """
        ...

    def verdict(self, trial: str, judge: str, payload: Mapping[str, Any]) -> None:
        """A judge gave a verdict, or none (``missing``)."""
        ...


class Enough(Protocol):
    """Says when a tournament may end before its last round."""

    @property
    def step(self) -> int:
        """After how many rounds it is asked, again and again."""
        ...

    def reached(self, meetings: Sequence[Meeting]) -> bool:
        """Whether no further round is played, after these meetings with their scores."""
        ...


@dataclass(frozen=True, slots=True)
class TournamentReport:
    """The results of a tournament.

    ``id`` is its id in the store; ``meetings`` are all that took place, byes among them, with
    ``scores`` None where there is no verdict; ``standings`` are by match points. ``rounds`` is how
    many rounds are over, of ``of``. ``run`` is the report of all runs together, one
    for each round of an adaptive format. ``verdicts`` and ``missing_verdicts`` count those of the
    judges that the tournament names. ``names`` are the entrants', in their order.
    """

    id: str
    meetings: tuple[Meeting, ...]
    standings: tuple[Standing, ...]
    rounds: int
    of: int
    run: RunReport
    verdicts: int
    missing_verdicts: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        """How far the tournament got, and who stands where by match points."""
        missing = f", {self.missing_verdicts} missing" if self.missing_verdicts else ""
        lines = [f"{self.rounds} of {self.of} rounds, {self.verdicts} verdicts{missing}"]
        for place, standing in enumerate(self.standings, 1):
            points, name = f"{standing.points:g}", self.names[standing.entrant]
            lines.append(f"  {place}. {name}: {points} of {standing.played + standing.byes} points")
        return "\n".join(lines)


@dataclass(slots=True)
class _Progress:
    """What is known of a tournament while it is run."""

    tournament: Tournament
    identities: Mapping[str, str]
    id: str
    legs: dict[str, Leg] = field(default_factory=dict)
    meetings: list[Meeting] = field(default_factory=list)
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict)


async def run_tournament(
    tournament: Tournament,
    stages: Mapping[str, Stage],
    store: Path | str,
    options: RunOptions | None = None,
    *,
    identities: Mapping[str, str] | None = None,
    watch: Watcher | None = None,
    enough: Enough | None = None,
) -> TournamentReport:
    """Run a tournament in a store, and go on where an earlier run stopped.

    ``stages`` are by identity, ``identities`` say which identity each of the tournament's stages
    has, by its model string or name (None: ``stages`` are by those names). Debates and verdicts
    that are in the store already, from this or another tournament, are neither played nor asked
    for again. A budget is for the whole tournament, earlier runs of it
    included; its minutes are for each round of an adaptive format. ``enough`` ends it before its
    last round, if the format is not adaptive.

    Raises what ``run_trials`` raises, and ``BadRequest`` if a stage is missing.

    >>> import asyncio, tempfile
    >>> from sim import open_stage
    >>> from sim.tournament import Debate, Entrant, Tournament
    >>> short = Debate(opening=40, rebuttals=0, questions=0, closing=None)
    >>> cup = Tournament(name="Cup", entrants=[Entrant(name="a"), Entrant(name="b")],
    ...                  motions=["Tea?"], debate=short, judges=["embedded:base"])
    >>> stages = {"embedded:base": open_stage("embedded:base")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = asyncio.run(run_tournament(cup, stages, f"{folder}/cup.db"))
    >>> report.rounds, report.verdicts, len(report.standings)
    (1, 4, 2)
    """
    how = options or RunOptions()
    if identities is None:
        identities = {name: stage.identity for name, stage in stages.items()}
        stages = {stage.identity: stage for stage in stages.values()}
    for name in stages_named(tournament):
        if name not in identities:
            raise BadRequest(f"stages: the tournament names {name!r}, which is not given")
    progress = _Progress(tournament, identities, tournament.identity(identities))
    adaptive, rounds = tournament.typed_format.adaptive, tournament.rounds
    on_verdict = watch.verdict if isinstance(watch, TournamentWatcher) else None
    over = 0
    report: RunReport | None = None
    step = 1 if adaptive else rounds if enough is None else enough.step
    for first in range(1, rounds + 1, step):
        last = min(first + step - 1, rounds)
        before = list(progress.legs)
        trials = _compile(progress, first, last, store)
        legs = {trial.id: progress.legs[trial.id] for trial in trials}
        _score(progress, legs, store)
        if isinstance(watch, TournamentWatcher):
            watch.round_began(last, progress.legs, progress.meetings, progress.scores)
        # Only the legs of this round are judged: pairings depend on the results of earlier ones.
        panel = Panel(tournament, legs, identities, on_verdict, how.retry_failed)
        latest = await run_trials(
            trials, stages, store, how, watch=watch, follow_up=panel, paid=before
        )
        report = latest if report is None else together(report, latest)
        _score(progress, legs, store)
        progress.meetings[:] = with_scores(
            tournament, progress.meetings, progress.legs, progress.scores
        )
        if report.interrupted or report.stopped is not None:
            break
        over = last
        if enough is not None and enough.reached(progress.meetings):
            break
    assert report is not None
    given, missing = _counted(progress, store)
    table = standings(len(tournament.entrants), progress.meetings)
    return TournamentReport(
        id=progress.id,
        meetings=tuple(progress.meetings),
        standings=tuple(table),
        rounds=over,
        of=rounds,
        run=report,
        verdicts=given,
        missing_verdicts=missing,
        names=tuple(entrant.name for entrant in tournament.entrants),
    )


async def open_and_run(
    tournament: Tournament, store: Path | str, options: RunOptions | None = None
) -> TournamentReport:
    """Run a tournament on the stages that it names: opened here, with retry and limits, and closed.

    Raises ``BadRequest`` if a person plays, whom only the command can ask, and what
    ``run_tournament`` raises.
    """
    how = options or RunOptions()
    cast = open_stages(tournament, how.asking)
    try:
        return await run_tournament(tournament, cast.stages, store, how, identities=cast.identities)
    finally:
        await close_all(cast.stages.values())


def _compile(progress: _Progress, first: int, last: int, store: Path | str) -> list[Trial]:
    """Compile rounds and store which trial is which leg; the trials."""
    tournament = progress.tournament
    trials: list[Trial] = []
    matches: list[StoredMatch] = []
    for compiled in tournament.compiled(first, last, progress.meetings):
        for leg in compiled.legs:
            trial = tournament.trial(leg, progress.identities)
            progress.legs[trial.id] = leg
            trials.append(trial)
            matches.append(_match(progress, leg, trial.id))
        for match, meeting in enumerate(compiled.meetings, 1):
            if meeting.is_bye:
                name = tournament.entrants[meeting.entrants[0]].name
                bye = [{"entrant": name, "actor": None}]
                matches.append(StoredMatch(progress.id, meeting.round, match, 0, None, "", bye))
        progress.meetings += compiled.meetings
    definition = tournament.definition(progress.identities)
    stored = StoredTournament(progress.id, tournament.name, definition, time.time())
    writer = Writer.open(store)
    try:
        writer.tournament(stored, matches, first, last)
    finally:
        writer.close()
    return trials


def _match(progress: _Progress, leg: Leg, trial: str) -> StoredMatch:
    """A leg as it is stored."""
    tournament = progress.tournament
    motion = tournament.motions[leg.motion]
    sides = [
        {
            "entrant": side.entrant.name,
            "actor": side.actor,
            "position": side.position,
            "text": motion.positions[side.position],
            "place": side.place,
            "stage": progress.identities[side.entrant.stage or tournament.stage],
        }
        for side in leg.sides
    ]
    return StoredMatch(progress.id, leg.round, leg.match, leg.leg, trial, motion.topic, sides)


def _verdicts(
    progress: _Progress, legs: Mapping[str, Leg], store: Path | str
) -> dict[str, list[dict[str, Any]]]:
    """The verdicts of the judges that the tournament names, by trial."""
    forms = progress.tournament.forms(progress.identities)
    with open_store(store) as reader:
        return stored_verdicts(reader, list(legs), forms)


def _score(progress: _Progress, legs: Mapping[str, Leg], store: Path | str) -> None:
    """Update ``progress.scores`` with those of these legs that were judged."""
    for trial, given in _verdicts(progress, legs, store).items():
        score = score_of_leg(given, legs[trial].actors)
        if score is not None:
            progress.scores[trial] = score


def _counted(progress: _Progress, store: Path | str) -> tuple[int, int]:
    """How many verdicts there are, and how many are missing with a reason."""
    by_trial = _verdicts(progress, progress.legs, store)
    every = [verdict for given in by_trial.values() for verdict in given]
    missing = sum(verdict["missing"] is not None for verdict in every)
    return len(every) - missing, missing
