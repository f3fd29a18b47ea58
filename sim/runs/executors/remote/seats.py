"""Shares of a run's concurrency, each with a worker, and with another one if that is lost."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from sim.calls.throttle import Limits
from sim.errors import RunFailed
from sim.runs.executors import DividedJob
from sim.runs.executors.remote.cluster import Cluster, Handle, WorkerLost
from sim.runs.executors.remote.desk import Desk
from sim.runs.executors.remote.losses import Backlog
from sim.runs.executors.remote.messages import error_of
from sim.runs.playing import Brief

log = logging.getLogger(__name__)

WORKER_LOST = "worker-lost"
"""The reason with which a trial fails that is given up."""

GLANCE = 0.5
"""Seconds after which somebody who waits for a worker sees whether it is still needed."""

PATIENCE = 30.0
"""Seconds after which it is said that a worker has not begun."""

MOST_STARTS = 10
"""Workers of a share that may die one after the other while they start."""


class Seat:
    """A share of the run's concurrency, and the worker that has it at the time."""

    def __init__(
        self,
        cluster: Cluster,
        job: DividedJob,
        backlog: Backlog,
        share: int,
        setup: bytes,
        limits: tuple[Limits, ...],
    ) -> None:
        self.woken = asyncio.Event()
        self._cluster = cluster
        self._limits = limits
        self._job = job
        self._backlog = backlog
        self._share = share
        self._setup = setup
        self._worker: Handle | None = None
        self._desk: Desk | None = None
        self._failed_starts = 0
        self._abandoned = False
        self._exchanging = asyncio.Event()

    async def serve(self) -> None:
        """Play until nothing is left, on one worker after the other if they are lost."""
        while await self._something_to_do():
            desk = Desk(self._job, self._limits, self._backlog.ended, self._cluster.pickled)
            worker = self._cluster.start()
            self._desk, self._worker = desk, worker
            try:
                await self._play(worker, desk)
            except WorkerLost:
                await desk.close()
                await self._lost(worker, desk)
            except Exception as error:  # noqa: BLE001 - raised by the run in the end
                self._job.failed(error)
            finally:
                await desk.close()
                worker.end()

    async def _something_to_do(self) -> bool:
        """Wait until there are trials to play; False if there will be none."""
        while not (self._abandoned or self._job.stopping or self._backlog.over):
            if self._backlog.has_some:
                return True
            self.woken.clear()
            await self.woken.wait()
        return False

    async def _play(self, worker: Handle, desk: Desk) -> None:
        if not await self._begun(worker):
            return
        telling = asyncio.create_task(self._deliver(worker, desk))
        try:
            while True:
                self._give_out(desk)
                if desk.playing:
                    await desk.handle(await self._exchanged(worker, desk))
                elif not await self._something_to_do():
                    break
        finally:
            telling.cancel()
        await worker.close()

    async def _begun(self, worker: Handle) -> bool:
        """Wait until the worker has opened the stages, and say so if there is no room for it.

        False if nothing is left to do, or it could not begin.
        """
        asked = asyncio.ensure_future(worker.begin(self._setup))
        waited = 0.0
        while not asked.done():
            await asyncio.wait([asked], timeout=GLANCE)
            waited += GLANCE
            if self._abandoned or self._job.stopping or self._backlog.over:
                asked.cancel()
                return False
            if waited >= PATIENCE and not asked.done():
                log.warning(
                    "a worker has not begun: no node has room for it, or it takes long to start"
                )
                waited = 0.0
        fault = asked.result()
        if fault is not None:
            self._job.failed(error_of(fault))
            return False
        self._failed_starts = 0
        return True

    async def _exchanged(self, worker: Handle, desk: Desk) -> bytes:
        self._exchanging.set()
        try:
            return await worker.exchange(desk.take())
        finally:
            self._exchanging.clear()

    async def _deliver(self, worker: Handle, desk: Desk) -> None:
        """Send what comes up while the worker has nothing to tell."""
        while True:
            await self._exchanging.wait()
            await desk.something.wait()
            # An exchange that began meanwhile has taken it.
            if self._exchanging.is_set() and desk.something.is_set():
                with suppress(WorkerLost):  # which the exchange says, too
                    await worker.deliver(desk.take())

    def _give_out(self, desk: Desk) -> None:
        if self._job.stopping or self._abandoned:
            return
        briefs: list[Brief] = []
        for trial in self._backlog.take(desk.playing, self._share - len(desk.playing)):
            brief = self._job.brief(trial)
            if brief is None:
                self._backlog.ended(trial.id)
            else:
                briefs.append(brief)
        if briefs:
            desk.give_out(briefs)

    async def _lost(self, worker: Handle, desk: Desk) -> None:
        """The worker is gone: its trials wait again, or are given up."""
        trials = list(desk.playing.values())
        if self._abandoned:
            for trial in trials:
                self._job.over(trial, None)
            return
        if not trials:
            self._failed_starts += 1
            if self._failed_starts > MOST_STARTS:
                self._job.failed(RunFailed(f"a worker died {MOST_STARTS} times while it started"))
            return
        excused = await worker.lost_with_its_node()
        log.warning(
            "a worker was lost%s; its %d trials go on elsewhere",
            " with its node" if excused else "", len(trials),
        )  # fmt: skip
        for trial in trials:
            await self._job.lost(trial)
        for trial in self._backlog.lost(trials, desk.progress, excused=excused):
            await self._job.give_up(
                trial,
                WORKER_LOST,
                f"its worker died {self._backlog.tries} times at the same point (for want of "
                "memory, or in a library)",
            )

    def stop(self) -> None:
        """Have the worker finish its calls, and make no other."""
        self.woken.set()
        if self._desk is not None:
            self._desk.tell("stop")

    def abandon(self) -> None:
        """End the worker."""
        self._abandoned = True
        self.woken.set()
        if self._worker is not None:
            self._worker.end()
