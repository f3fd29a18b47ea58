"""Carrying out a plan: many scenes at once, resumed where they were torn off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sim.calls.budget import Budget, BudgetSpent
from sim.calls.cache import Cache
from sim.calls.journal import Journal, Player
from sim.calls.limiter import Gate, Stopped
from sim.calls.prices import Prices
from sim.engine import Observer, play
from sim.errors import BadRequest, StageClosed, StoreFailed
from sim.events import Event
from sim.planning import Trial
from sim.redaction import redact
from sim.runs.accounting import Terms
from sim.runs.billing import write_down
from sim.runs.curtain import curtain
from sim.runs.manifest import manifest
from sim.runs.report import (
    Afterwards,
    InDoubt,
    Paymaster,
    RunReport,
    TrialResult,
    Watcher,
    result_of,
)
from sim.runs.signals import two_signals
from sim.runs.stored import Stored, stored_doubts, stored_trials, stored_usage
from sim.stage.base import Reply, Stage
from sim.store import Durable, Writer, encode_sorted, transcript_of
from sim.transcript import Transcript


async def run(
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    store: Path | str,
    *,
    concurrency: int = 16,
    durable: Durable = "normal",
    in_doubt: Literal["ask", "missing"] = "ask",
    retry_failed: bool = False,
    watch: Watcher | None = None,
    cache: bool | None = None,
    budget: Budget | None = None,
    prices: Prices | None = None,
    afterwards: Afterwards | None = None,
    paid: Sequence[str] = (),
) -> RunReport:
    """Play trials and keep what happens in a store; go on where an earlier run was torn off.

    ``stages`` maps ``Trial.stage`` (and ``Trial.stages``) to the stage. A branch's parent has to be
    in the store. At most ``concurrency`` scenes are played and
    calls made at once. Trials that are at their end in the store are not played again; failed ones
    are with ``retry_failed``, and then only the calls that failed are made. ``in_doubt`` says what
    becomes of calls that were made when an earlier run was killed: they are asked again, or
    recorded as missing. A trial that is listed twice is played once.

    A request that was answered before, in whatever trial of the store, is not asked again but
    answered from the store, and ten that are made at once are one call. ``cache`` is False to ask
    every time, and True to keep the prompts of free stages (the embedded one) as well.

    ``budget`` ends the run before the call that would exceed it; the report then says ``stopped``,
    and a run with a larger budget goes on. What the store holds of ``trials`` counts, and what it
    holds of those whose ids are in ``paid``. ``prices`` are those that ship, unless they are given.

    ``afterwards`` is done with each trial that is done, before its place is free for the next, and
    with those of the store for which it is owed (judging, in a tournament). Its stages are among
    ``stages``.

    Ctrl-C (or SIGTERM) once lets the calls in flight finish and stops; twice stops at once. Then
    the report says ``interrupted``.

    Raises ``BadRequest`` and ``StoreRefused`` before anything is played, and ``StoreFailed`` if the
    store could not be written; what was committed before is safe. Raises ``StageClosed`` when no
    call can go through (a wrong key): those in flight are finished and committed, no other is made,
    and the trials stay planned, so that a later run goes on. Any other error is a defect, and is
    raised after the calls in flight are finished and committed.

    >>> import asyncio, tempfile
    >>> from sim import Actor, Persona, Scene, after, plan, ring
    >>> from sim.stage.fixed import FixedLines
    >>> def tea() -> Scene:
    ...     return Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...                  graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> stage = FixedLines(["Yes.", "No."])
    >>> trials = plan(tea, models=[("fixed", stage.identity)], trials=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = asyncio.run(run(trials, {stage.identity: stage}, f"{folder}/tea.db"))
    ...     again = asyncio.run(run(trials, {stage.identity: stage}, f"{folder}/tea.db"))
    >>> [result.status for result in first.trials], first.calls, again.calls
    (['done', 'done', 'done'], 6, 0)
    """
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise BadRequest(f"concurrency: {concurrency!r} is no number of scenes; use at least 1")
    if in_doubt not in ("ask", "missing"):
        raise BadRequest(f"in_doubt: {in_doubt!r} is unknown; use ask or missing")
    for trial in trials:
        for identity in (trial.stage, *trial.stages.values()):
            if identity not in stages:
                raise BadRequest(
                    f"stages: there is none for {identity!r}, which trial {trial.id} asks for"
                )
    also = {} if afterwards is None else afterwards.stages
    for identity in also.values():
        if identity not in stages:
            raise BadRequest(f"stages: there is none for {identity!r}, which judges")
    unique = list({trial.id: trial for trial in trials}.values())
    terms = Terms(cache, budget, prices)
    told = watch.paid if isinstance(watch, Paymaster) else None
    terms.open(unique, stages, told, also.values())
    options = {"concurrency": concurrency, "durable": durable, "in_doubt": in_doubt}
    writer = Writer.open(store, durable)
    try:
        company = _Company(
            writer, stages, terms, concurrency, in_doubt == "missing", watch, afterwards
        )
        company.prepare(unique, retry_failed, {**options, **terms.options()}, paid)
        return await company.perform(unique)
    finally:
        writer.close()


class _Company:
    """One run: who plays, and what became of each trial."""

    def __init__(
        self,
        writer: Writer,
        stages: Mapping[str, Stage],
        terms: Terms,
        concurrency: int,
        refuse_doubted: bool,
        watch: Watcher | None,
        afterwards: Afterwards | None,
    ) -> None:
        self.writer = writer
        self.afterwards = afterwards
        self.owed: set[str] = set()
        self.stages = stages
        self.terms = terms
        self.cache = Cache(writer)
        self.concurrency = concurrency
        self.refuse_doubted = refuse_doubted
        self.watch = watch
        self.gate = Gate(concurrency)
        self.workers: list[asyncio.Task[None]] = []
        self.results: dict[str, TrialResult] = {}
        self.parents: dict[str, Transcript] = {}
        self.known: dict[str, Stored] = {}
        self.doubts: dict[str, list[tuple[str, InDoubt]]] = {}
        self.error: BaseException | None = None
        self.interrupted = False
        self.aborted = False
        self.number = 0

    def prepare(
        self, trials: Sequence[Trial], retry_failed: bool, options: dict[str, Any],
        paid: Sequence[str],
    ) -> None:  # fmt: skip
        """Write down the run and its trials, and see what is there of them already."""
        connection = self.writer.connection
        ids = [trial.id for trial in trials]
        before = stored_trials(connection, ids)
        again = [key for key, known in before.items() if retry_failed and known.failed]
        new = [trial for trial in trials if trial.id not in before]
        self.number = write_down(self.writer, manifest(trials, options), new, again)
        self.known = stored_trials(connection, ids) if again else before
        self.doubts = stored_doubts(connection, ids)
        if self.afterwards is not None:
            self.owed = self.afterwards.owed(connection, ids)
        if self.terms.budget is not None:
            self.terms.budget.begin(stored_usage(connection, [*ids, *paid]))

    async def perform(self, trials: Sequence[Trial]) -> RunReport:
        """Play what is to be played, and report."""
        began = time.perf_counter()
        waiting: list[Trial] = []
        for trial in trials:
            known = self.known.get(trial.id)
            over = known is not None and known.status != "planned"
            self.results[trial.id] = _result(trial, known, skipped=over)
            if not over or (known is not None and not known.failed and trial.id in self.owed):
                waiting.append(trial)
        queue = iter(waiting)
        with two_signals(self._stop, self._abort):
            self.workers = [
                asyncio.create_task(self._work(queue))
                for _ in range(min(self.concurrency, len(waiting)))
            ]
            try:
                if self.workers:
                    await asyncio.wait(self.workers)
            except asyncio.CancelledError:
                # Somebody cancelled the run itself; what came back so far is kept by close().
                self._abort()
                await asyncio.wait(self.workers)
                raise
        return self._close(trials, time.perf_counter() - began)

    def _close(self, trials: Sequence[Trial], seconds: float) -> RunReport:
        writer = self.writer
        if isinstance(self.error, StoreFailed):
            raise self.error
        reason, stopped = self.gate.reason, None
        outcome = "done"
        if self.error is not None:
            outcome = "failed"
        elif reason is not None:
            outcome = "budget" if isinstance(reason, BudgetSpent) else "closed"
            stopped = redact(str(reason))
        elif self.interrupted:
            outcome = "aborted" if self.aborted else "interrupted"
        writer.execute(
            "UPDATE runs SET ended = ?, outcome = ?, summary = ? WHERE run = ?",
            time.time(), outcome, encode_sorted(self.terms.summary(stopped)), self.number,
        )  # fmt: skip
        writer.commit()
        if self.error is not None:
            raise self.error
        if isinstance(reason, StageClosed):
            left = sum(self.results[trial.id].status == "planned" for trial in trials)
            raise StageClosed(
                reason.reason,
                f"{reason}; stopped with {left} of {len(trials)} trials to go: mend this and run "
                "the same again",
                attempts=reason.attempts,
            )
        return RunReport(
            store=writer.path,
            run=self.number,
            trials=tuple(self.results[trial.id] for trial in trials),
            in_doubt=_flat(self.doubts),
            left_in_doubt=_flat(stored_doubts(writer.connection, [trial.id for trial in trials])),
            seconds=seconds,
            interrupted=self.interrupted,
            stopped=stopped,
            **self.terms.figures(),
        )

    # -- stopping ----------------------------------------------------------------------------

    def _stop(self) -> None:
        """The first Ctrl-C: no new scene, no new call."""
        self.interrupted = True
        self.gate.stop()

    def _abort(self) -> None:
        """The second: calls in flight are cancelled and stay in doubt."""
        self.interrupted = True
        self._cancel()

    def _cancel(self) -> None:
        self.aborted = True
        self.gate.abort()
        for worker in self.workers:
            worker.cancel()

    def _failed(self, error: BaseException) -> None:
        """A scene raised: the others are drained, or cancelled if nothing can be stored."""
        if self.error is None:
            self.error = error
        if isinstance(error, StoreFailed):
            self.error = error
            self._cancel()
        else:
            self.gate.stop()

    # -- playing -----------------------------------------------------------------------------

    async def _work(self, queue: Iterator[Trial]) -> None:
        """One of ``concurrency`` workers: plays one trial after the other."""
        for trial in queue:
            if self.gate.stopping:
                return
            try:
                await self._play(trial)
            except asyncio.CancelledError as error:
                if not self.aborted:  # nobody but _cancel() may do this
                    self._failed(error)
                return
            except Stopped as stopped:
                cause = stopped.__context__
                # While a scene that raised waited for its probes, the run was stopped as well.
                if isinstance(cause, Exception) and not isinstance(cause, Stopped):
                    self._failed(cause)
            except BaseException as error:  # noqa: BLE001 - raised by perform() when all are drained
                self._failed(error)

    async def _play(self, trial: Trial) -> None:
        """Play a trial, or what is missing of it, commit its end, and do what is owed then."""
        known, stage = self.known.get(trial.id), self.stages[trial.stage]
        resume = None
        replies: dict[str, Reply] = {}
        first_keys = False
        if known is not None:
            replies, first_keys = known.replies(self.writer.connection)
            resume = known.transcript(self.writer.connection)
        if trial.at is not None:
            resume = transcript_of(self.writer.connection, trial.id, self._parent)
        own = self._player(trial.stage)
        also = {} if self.afterwards is None else self.afterwards.stages
        cast = {**trial.stages, **also}
        journal = Journal(
            stage,
            self.writer,
            trial.id,
            gate=self.gate,
            account=own.account,
            cache=own.cache,
            budget=own.budget,
            keep=own.keep,
            cast={name: self._player(identity) for name, identity in cast.items()},
            run=self.number,
            replies=replies,
            doubted={key for key, _ in self.doubts.get(trial.id, ())},
            refuse_doubted=self.refuse_doubted,
            first_keys=first_keys,
            turn=len(resume) if resume is not None else 0,
        )
        watch = self.watch
        if known is not None and known.status == "done":
            # It was played by an earlier run, which was stopped before the rest.
            assert resume is not None
            await self._attend(trial, resume, journal)
            return
        if watch is not None:
            watch.trial_started(trial)
        observers: list[Observer] = [journal]
        if watch is not None:
            observers.append(_Relay(watch, trial))
        status = "planned"
        try:
            transcript = await play(
                trial.scene, journal, seed=trial.seed, observers=observers, resume=resume,
                branch=trial.branch,
            )  # fmt: skip
            ended = journal.ended or transcript.ended
            if ended is None:
                raise RuntimeError(f"trial {trial.id} is over but has no end")
            await curtain(self.writer, self.number, trial, stage, transcript, ended)
            status = ended.status
            if status == "done":
                await self._attend(trial, transcript, journal)
            self.results[trial.id] = result_of(
                trial,
                status,
                ended.reason,
                len(transcript),
                resumed=bool(replies) or resume is not None,
            )
        finally:
            if watch is not None:
                watch.trial_ended(trial, status)

    async def _attend(self, trial: Trial, transcript: Transcript, journal: Journal) -> None:
        if self.afterwards is not None:
            await self.afterwards.attend(trial, transcript, journal, self.writer)

    def _player(self, identity: str) -> Player:
        return self.terms.player(identity, self.stages[identity], self.cache)

    def _parent(self, trial: str) -> Transcript:
        """The transcript that branches come from, read once: branches come by the dozen."""
        if trial not in self.parents:
            self.parents[trial] = transcript_of(self.writer.connection, trial, self._parent)
        return self.parents[trial]


class _Relay:
    """Tells a watcher of the run what an observer of a scene is told."""

    __slots__ = ("_trial", "_watch")

    def __init__(self, watch: Watcher, trial: Trial) -> None:
        self._watch = watch
        self._trial = trial

    def saw(self, event: Event) -> None:
        self._watch.saw(self._trial, event)


def _result(trial: Trial, known: Stored | None, skipped: bool) -> TrialResult:
    if known is None:
        return result_of(trial)
    return result_of(trial, known.status, known.reason, known.turns, skipped=skipped)


def _flat(doubts: Mapping[str, list[tuple[str, InDoubt]]]) -> tuple[InDoubt, ...]:
    return tuple(doubt for entries in doubts.values() for _, doubt in entries)
