"""The executor on a cluster of whatever kind: shares, seats, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sim.errors import BadRequest
from sim.planning import Trial
from sim.runs.executors import DividedJob, Job
from sim.runs.executors.remote.cluster import Cluster
from sim.runs.executors.remote.losses import TRIES, Backlog
from sim.runs.executors.remote.recipes import Opener, Recipes, recipes_of
from sim.runs.executors.remote.seats import Seat
from sim.runs.executors.remote.worker import Part, Setup, program
from sim.runs.playing import FollowUp, PortableFollowUp
from sim.stage.base import Stage

TRANSIT = 3.0
"""Seconds that may lie between the leave to make a call, which is given here, and its arrival: on
the way to a busy worker, which may have to open its client first. It is 5% of a minute."""


class ClusterExecutor:
    """Plays trials in the workers of a cluster.

    There are as many ``workers`` as the cluster has room for, unless their number is given, each
    with an equal share of the run's concurrency. ``stages`` open stages of one's own in a worker,
    by identity. A trial that kills its worker ``tries`` times before anything more of it is
    recorded has failed. A derived class says which cluster it is (``connect``).
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        stages: Mapping[str, Opener] | None = None,
        tries: int = TRIES,
    ) -> None:
        for name, value in (("workers", workers), ("tries", tries)):
            if value is not None and not value >= 1:
                raise BadRequest(f"{name}: {value!r} would play nothing; give at least 1")
        self.workers = workers
        self.stages = dict(stages or {})
        self.tries = tries
        self._cluster: Cluster | None = None
        self._recipes = Recipes((), ())
        self._follow_up: FollowUp | None = None
        self._seats: list[Seat] = []

    def connect(self) -> Cluster:
        """The cluster. Raises ``BadRequest`` if it cannot be reached."""
        raise NotImplementedError

    def prepare(
        self, trials: Sequence[Trial], stages: Mapping[str, Stage], follow_up: FollowUp | None
    ) -> None:
        """Connect, and see that workers can open all stages. Raises ``BadRequest``."""
        if follow_up is not None and not isinstance(follow_up, PortableFollowUp):
            raise BadRequest("executor: what follows a trial here needs this process; leave it out")
        self._recipes = recipes_of(trials, stages, follow_up, self.stages)
        self._follow_up = None if follow_up is None else follow_up.portable()
        for limits in self._recipes.limits:
            limits.allow_for(TRANSIT)
        self._cluster = self.connect()

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Play these trials, at most ``concurrency`` at once over all workers."""
        if not isinstance(job, DividedJob):
            raise BadRequest("executor: this is played in one process; leave it out")
        cluster = self._cluster
        assert cluster is not None
        if not trials:
            return
        backlog = Backlog(trials, self.tries)
        self._seats = [
            Seat(cluster, job, backlog, share, self._setup(cluster, job, share),
                 self._recipes.limits)
            for share in self._shares(cluster, min(concurrency, len(trials)))
        ]  # fmt: skip
        backlog.woken = self._wake
        stopping = asyncio.create_task(self._tell_of_the_stop(job))
        serving = [asyncio.create_task(seat.serve()) for seat in self._seats]
        try:
            await asyncio.wait(serving)
        except asyncio.CancelledError:
            job.abort()
            await asyncio.wait(serving)
            raise
        finally:
            stopping.cancel()
        for task in serving:
            task.result()

    def cancel(self) -> None:
        """End the workers; their calls in flight are in doubt."""
        for seat in self._seats:
            seat.abandon()

    def _wake(self) -> None:
        for seat in self._seats:
            seat.woken.set()

    async def _tell_of_the_stop(self, job: DividedJob) -> None:
        await job.stopped()
        for seat in self._seats:
            seat.stop()

    def _shares(self, cluster: Cluster, concurrency: int) -> list[int]:
        """How many trials each worker plays at once."""
        workers = min(self.workers or cluster.processors(), concurrency)
        each, more = divmod(concurrency, workers)
        return [each + (number < more) for number in range(workers)]

    def _setup(self, cluster: Cluster, job: DividedJob, share: int) -> bytes:
        parts = []
        for recipe in self._recipes.stages:
            player = job.session.player(recipe.identity)
            account = player.account
            parts.append(
                Part(
                    recipe,
                    account.free,
                    account.recorded,
                    account.price,
                    account.limit,
                    player.keep,
                    player.cache is not None,
                    player.budget is not None,
                )
            )
        setup = Setup(
            program(), job.session.number, share, tuple(parts), self._recipes.values,
            self._follow_up,
        )  # fmt: skip
        return cluster.pickled(setup)
