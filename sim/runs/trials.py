"""Playing planned trials: many scenes at once, each resumed where an earlier run stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sim.calls.budget import BudgetSpent
from sim.calls.stopping import Stopped
from sim.calls.trial_stage import Before
from sim.errors import BadRequest, StageClosed, StoreFailed
from sim.events import Ended, Event, Failure
from sim.planning import Trial
from sim.redaction import redact
from sim.runs.executors import Executor, Prepared
from sim.runs.executors.local import LocalExecutor
from sim.runs.options import RunOptions
from sim.runs.playing import Brief, Played, defect_behind
from sim.runs.report import (
    RunReport,
    StoredFollowUp,
    TrialResult,
    UsageWatcher,
    Watcher,
    result_of,
)
from sim.runs.session import Session
from sim.runs.signals import two_signals
from sim.stage.base import Stage
from sim.store import InDoubt, StoredTrial
from sim.transcript import Transcript


async def run_trials(
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    store: Path | str,
    options: RunOptions | None = None,
    *,
    watch: Watcher | None = None,
    follow_up: StoredFollowUp | None = None,
    paid: Sequence[str] = (),
    executor: Executor | None = None,
) -> RunReport:
    """Play trials and keep what happens in a store; resume those that an earlier run did not end.

    ``stages`` maps ``Trial.stage`` (and ``Trial.stages``) to the stage. A branch's parent has to be
    in the store. Trials that are at their end in the store are not played again. A trial that is
    listed twice is played once.

    A budget ends the run before the call that would exceed it; the report then says ``stopped``,
    and a run with a larger budget goes on. What the store holds of ``trials`` counts, and what it
    holds of those whose ids are in ``paid``.

    ``follow_up`` (judging, in a tournament) is carried out for each trial that ends, before the
    next one begins, and for those of the store that lack it. Its stages are among
    ``stages``. ``executor`` says where trials are played (None: where the options say, else here).

    Ctrl-C (or SIGTERM, or SIGHUP) once lets the calls in flight finish and stops, without another
    attempt of those that failed; twice stops at once. Then the report says ``interrupted``.

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
    >>> stages = {stage.identity: stage}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = asyncio.run(run_trials(trials, stages, f"{folder}/tea.db"))
    ...     again = asyncio.run(run_trials(trials, stages, f"{folder}/tea.db"))
    >>> [result.status for result in first.trials], first.calls, again.calls
    (['done', 'done', 'done'], 6, 0)
    """
    for trial in trials:
        for identity in (trial.stage, *trial.stages.values()):
            if identity not in stages:
                raise BadRequest(
                    f"stages: {identity!r}, which plays trial {trial.id}, is missing; add it"
                )
    also = () if follow_up is None else follow_up.stages.values()
    for identity in also:
        if identity not in stages:
            raise BadRequest(f"stages: {identity!r}, which judges, is missing; add it")
    how = options or RunOptions()
    where = executor or how.executor or LocalExecutor()
    if isinstance(where, Prepared):
        where.prepare(trials, stages, follow_up)
    unique = list({trial.id: trial for trial in trials}.values())
    asked = [name for trial in unique for name in (trial.stage, *trial.stages.values())]
    on_payment = watch.paid if isinstance(watch, UsageWatcher) else None
    with Session.open(store, stages, [*asked, *also], how, on_payment) as session:
        run = _Run(session, watch, follow_up, where)
        run.begin(unique, paid)
        return await run.carry_out(unique)


class _Run:
    """One run: its trials, their results, and how it stops. It is the executor's ``Job``."""

    def __init__(
        self,
        session: Session,
        watch: Watcher | None,
        follow_up: StoredFollowUp | None,
        executor: Executor,
    ) -> None:
        self.session = session
        self.watch = watch
        self.follow_up = follow_up
        self.executor = executor
        self.limiter = session.limiter
        self.results: dict[str, TrialResult] = {}
        self.parents: dict[str, Transcript] = {}
        self.known: dict[str, StoredTrial] = {}
        self.to_follow_up: set[str] = set()
        self.doubts: dict[str, list[InDoubt]] = {}
        self.untold: list[InDoubt] = []
        self.error: BaseException | None = None
        self.interrupted = False
        self.aborted = False

    def begin(self, trials: Sequence[Trial], paid: Sequence[str]) -> None:
        """Store the run and its trials, and read what the store has of them already."""
        session, store = self.session, self.session.store
        options = session.options
        ids = [trial.id for trial in trials]
        before = {trial.id: trial for trial in store.trials(ids)}
        again = [
            identity
            for identity, trial in before.items()
            if options.retry_failed and trial.status == "failed"
        ]
        facts = {
            "concurrency": session.concurrency,
            "durable": options.durable,
            "in_doubt": options.in_doubt,
            **session.accounts.manifest(),
        }
        if options.stopping is not None:
            facts["stopping"] = dict(options.stopping)
        if options.study is not None:
            facts["study"] = dict(options.study)
        new = [trial for trial in trials if trial.id not in before]
        used = store.usage([*ids, *paid]) if options.budget is not None else None
        # Read first: the manifest keeps them, for this run may be killed before it tells of them.
        self.untold = store.in_doubt_untold(ids)
        session.begin(facts, trials, new=new, again=again, used=used, doubted=self.untold)
        self.known = {trial.id: trial for trial in store.trials(ids)} if again else before
        self.doubts = store.in_doubt(ids)
        if self.follow_up is not None:
            self.to_follow_up = self.follow_up.missing(store, ids)

    async def carry_out(self, trials: Sequence[Trial]) -> RunReport:
        """Play what is to be played, and report."""
        began = time.perf_counter()
        waiting: list[Trial] = []
        for trial in trials:
            known = self.known.get(trial.id)
            over = known is not None and known.status != "planned"
            self.results[trial.id] = _result(trial, known, skipped=over)
            done = known is not None and known.status == "done"
            if not over or (done and trial.id in self.to_follow_up):
                waiting.append(trial)
        with two_signals(self._stop, self.abort):
            await self.executor.play_all(waiting, self, self.session.concurrency)
        return self._end(trials, time.perf_counter() - began)

    def _end(self, trials: Sequence[Trial], seconds: float) -> RunReport:
        session = self.session
        if isinstance(self.error, StoreFailed):
            raise self.error
        reason, stopped = self.limiter.reason, None
        outcome = "done"
        if self.error is not None:
            outcome = "failed"
        elif reason is not None:
            outcome = "budget" if isinstance(reason, BudgetSpent) else "closed"
            stopped = redact(str(reason))
        elif self.interrupted:
            outcome = "aborted" if self.aborted else "interrupted"
        session.end(outcome, stopped)
        if self.error is not None:
            raise self.error
        if isinstance(reason, StageClosed):
            left = sum(self.results[trial.id].status == "planned" for trial in trials)
            raise StageClosed(
                reason.reason,
                f"{reason}; stopped with {left} of {len(trials)} trials to go: correct this and "
                "run the same again",
                attempts=reason.attempts,
            )
        left_in_doubt = session.store.in_doubt(trial.id for trial in trials)
        figures = session.accounts.figures()
        return RunReport(
            store=session.writer.path,
            run=session.number,
            trials=tuple(self.results[trial.id] for trial in trials),
            in_doubt=tuple(self.untold),
            left_in_doubt=tuple(each for doubts in left_in_doubt.values() for each in doubts),
            seconds=seconds,
            interrupted=self.interrupted,
            stopped=stopped,
            calls=figures.calls,
            hits=figures.hits,
            failed_calls=figures.failed_calls,
            retries=figures.retries,
            usage=figures.usage,
            computed_tokens=figures.computed_tokens,
        )

    # -- stopping ----------------------------------------------------------------------------

    @property
    def stopping(self) -> bool:
        """Whether no further trial is to be begun."""
        return self.limiter.stopping

    def _stop(self) -> None:
        """The first Ctrl-C: no new scene, no new call."""
        self.interrupted = True
        self.limiter.stop()

    def abort(self) -> None:
        """The second Ctrl-C: calls in flight are cancelled and stay in doubt."""
        self.interrupted = True
        self._cancel()

    def _cancel(self) -> None:
        self.aborted = True
        self.limiter.abort()
        self.executor.cancel()

    def failed(self, error: BaseException) -> None:
        """A scene raised: the others finish their calls, or are cancelled if the store failed."""
        if self.error is None:
            self.error = error
        if isinstance(error, StoreFailed):
            self.error = error
            self._cancel()
        else:
            self.limiter.stop()

    # -- playing -----------------------------------------------------------------------------

    async def play(self, trial: Trial) -> None:
        """Play a trial, or what is missing of it. What it raises is kept."""
        try:
            await self._play(trial)
        except asyncio.CancelledError as error:
            if not self.aborted:  # somebody else than _cancel() cancelled the task
                self.failed(error)
        except Stopped as stopped:
            defect = defect_behind(stopped)
            if defect is not None:
                self.failed(defect)
        except BaseException as error:  # noqa: BLE001 - raised by _end() after all others
            self.failed(error)

    async def _play(self, trial: Trial) -> None:
        brief = self.brief(trial)
        if brief is None:
            return
        troupe = self.session.troupe(self.follow_up)
        if brief.played:
            await troupe.play(brief)
            return
        self.began(trial)
        played: Played | None = None
        watch = self.watch
        try:
            played = await troupe.play(brief, () if watch is None else [_Relay(watch, trial)])
        finally:
            self.over(trial, played)

    def began(self, trial: Trial) -> None:
        """Whoever watches is told that a trial is being played."""
        if self.watch is not None:
            self.watch.trial_started(trial)

    def saw(self, trial: Trial, event: Event) -> None:
        """Whoever watches is told of an event."""
        if self.watch is not None:
            self.watch.saw(trial, event)

    def over(self, trial: Trial, played: Played | None) -> None:
        """Keep the result of a trial; None if the run stopped before its end."""
        if played is not None:
            self.results[trial.id] = result_of(
                trial, played.status, played.reason, played.turns, resumed=played.resumed
            )
        if self.watch is not None:
            self.watch.trial_ended(trial, "planned" if played is None else played.status)

    def brief(self, trial: Trial) -> Brief | None:
        """A trial with what the store holds of it; None if nothing of it is to be played."""
        known = self.known.get(trial.id)
        done = known is not None and known.status == "done"
        if known is not None and known.status != "planned" and not done:
            return None
        if done and trial.id not in self.to_follow_up:
            return None
        return Brief(trial, self._before(trial), self._stored_transcript(trial), done)

    async def lost(self, trial: Trial) -> None:
        """What played a trial is gone. Its state is read again, and its calls that were in flight
        are counted with those that earlier runs left in doubt."""
        session = self.session
        await session.writer.barrier()
        store = session.store
        doubts = store.in_doubt([trial.id])
        mine = [doubt for doubt in doubts.get(trial.id, ()) if doubt.run == session.number]
        self.doubts[trial.id] = doubts.get(trial.id, [])
        if mine:
            self.untold += mine
            session.writer.doubted(session.number, mine)
        [known] = store.trials([trial.id])
        self.known[trial.id] = known
        if self.watch is not None and self.results[trial.id].status == "planned":
            self.watch.trial_ended(trial, known.status)
        if known.status != "planned":
            self.results[trial.id] = _result(trial, known, skipped=False)
            if self.follow_up is not None:
                self.to_follow_up |= self.follow_up.missing(store, [trial.id])

    async def give_up(self, trial: Trial, reason: str, message: str) -> None:
        """Record that a trial failed, at the turn that was to come. One that is at its end stays
        as it is: only its follow-up is missing."""
        known = self.known[trial.id]
        if known.status != "planned":
            return
        session, turns = self.session, known.turns
        failure = Failure(turns + 1, "", "turn", reason, message)
        ended = Ended(turns, reason, "failed")
        session.writer.event(trial.id, failure)
        self.saw(trial, failure)
        await session.writer.finish_trial(trial.id, session.number, ended, turns)
        self.saw(trial, ended)
        self.over(trial, Played(ended.status, ended.reason, turns, resumed=turns > 0))

    async def stopped(self) -> None:
        """Wait until the run stops."""
        with suppress(Stopped):
            async with self.limiter.halt.waiting():
                await asyncio.get_running_loop().create_future()

    def _before(self, trial: Trial) -> Before:
        """What earlier runs, or a worker that is gone, left of a trial."""
        doubted = {doubt.key for doubt in self.doubts.get(trial.id, ())}
        refuse = self.session.options.in_doubt == "missing"
        if trial.id not in self.known:
            return Before(doubted=doubted, refuse_doubted=refuse)
        replies = self.session.store.replies(trial.id)
        return Before(replies.by_key, replies.of_version_1, doubted, refuse)

    def _stored_transcript(self, trial: Trial) -> Transcript | None:
        """The stored transcript of a trial; None if it has no events and is no branch."""
        store = self.session.store
        if trial.at is not None:
            return store.transcript(trial.id, self._parent)
        if trial.id not in self.known:
            return None
        transcript = store.transcript(trial.id)
        return transcript if transcript.events else None

    def _parent(self, trial: str) -> Transcript:
        """The transcript of a branch's parent, read once for all its branches."""
        if trial not in self.parents:
            self.parents[trial] = self.session.store.transcript(trial, self._parent)
        return self.parents[trial]


class _Relay:
    """An observer of one scene that passes its events to the watcher of the run."""

    __slots__ = ("_trial", "_watch")

    def __init__(self, watch: Watcher, trial: Trial) -> None:
        self._watch = watch
        self._trial = trial

    def saw(self, event: Event) -> None:
        self._watch.saw(self._trial, event)


def _result(trial: Trial, known: StoredTrial | None, skipped: bool) -> TrialResult:
    if known is None or known.status == "planned":
        return result_of(trial)
    return result_of(trial, known.status, known.reason, known.turns, skipped=skipped)
