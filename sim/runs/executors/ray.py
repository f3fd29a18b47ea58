"""Trials on a Ray cluster: workers play, this process alone writes the store.

Each worker is a Ray actor. It plays many trials on one event loop, and sends what they record to
its desk here (``remote``). A worker that is lost is replaced, and its trials go on from what is
committed, as after a kill.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sim.errors import BadRequest, RunFailed
from sim.planning import Trial
from sim.runs.executors import DividedJob, Job
from sim.runs.executors.remote.desk import Desk
from sim.runs.executors.remote.losses import TRIES, Backlog
from sim.runs.executors.remote.messages import Fault, error_of
from sim.runs.executors.remote.recipes import Opener, Recipes, recipes_of
from sim.runs.executors.remote.worker import Part, Setup, Worker, program
from sim.runs.playing import Brief, FollowUp, PortableFollowUp
from sim.stage.base import Stage

log = logging.getLogger(__name__)

WORKER_LOST = "worker-lost"
"""The reason with which a trial fails that is given up."""

GLANCE = 0.5
"""Seconds after which somebody who waits for a worker sees whether it is still needed."""

MOST_STARTS = 10
"""Workers of a share that may die one after the other while they start."""

PATIENCE = 30.0
"""Seconds after which it is said that no node has room for a worker."""


class RayExecutor:
    """Plays trials on a Ray cluster.

    ``address`` is that of the head (``HOST:PORT``, or ``auto`` for the cluster of this machine);
    None starts a cluster on this machine, unless the process is connected to one. There are as many
    ``workers`` as the cluster has processors, unless their number is given, each with an equal
    share of the run's concurrency and ``cpus`` processors of a node. ``stages`` open stages of
    one's own in a worker, by identity. A trial that kills its worker ``tries`` times before
    anything more of it is recorded has failed.

    Raises ``BadRequest`` if Ray is not installed or the cluster cannot be reached.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        cpus: float = 1.0,
        stages: Mapping[str, Opener] | None = None,
        tries: int = TRIES,
    ) -> None:
        if address is not None and address.startswith("ray://"):
            raise BadRequest(
                f"--address {address}: start this on a node of the cluster and write HOST:PORT or "
                "auto; turns would pass through Ray's proxy one by one"
            )
        for name, value in (("workers", workers), ("cpus", cpus), ("tries", tries)):
            if value is not None and not value > 0:
                raise BadRequest(f"{name}: {value!r} would play nothing; give more than 0")
        self.address = address
        self.workers = workers
        self.cpus = cpus
        self.stages = dict(stages or {})
        self.tries = tries
        self._ray: Any = None
        self._recipes = Recipes((), ())
        self._follow_up: FollowUp | None = None
        self._seats: list[_Seat] = []

    def prepare(
        self, trials: Sequence[Trial], stages: Mapping[str, Stage], follow_up: FollowUp | None
    ) -> None:
        """Connect, and see that workers can open all stages. Raises ``BadRequest``."""
        if follow_up is not None and not isinstance(follow_up, PortableFollowUp):
            raise BadRequest("--executor ray: what follows a trial here needs this process")
        self._recipes = recipes_of(trials, stages, follow_up, self.stages)
        self._follow_up = None if follow_up is None else follow_up.portable()
        self._ray = _connected(self.address)
        _send_scenarios_whole()

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Play these trials, at most ``concurrency`` at once over all workers."""
        if not isinstance(job, DividedJob):
            raise BadRequest("--executor ray: this is played in one process; leave it out")
        if not trials:
            return
        shares = self._shares(min(concurrency, len(trials)))
        backlog = Backlog(trials, self.tries)
        self._seats = [
            _Seat(self, job, backlog, share, self._setup(job, share)) for share in shares
        ]
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

    def _shares(self, concurrency: int) -> list[int]:
        """How many trials each worker plays at once."""
        wanted = self.workers
        if wanted is None:
            found = self._ray.cluster_resources().get("CPU", 0.0)
            wanted = max(1, int(found / self.cpus))
        workers = min(wanted, concurrency)
        each, more = divmod(concurrency, workers)
        return [each + (number < more) for number in range(workers)]

    def _setup(self, job: DividedJob, share: int) -> bytes:
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
        return self.pickled(setup)

    def pickled(self, value: Any) -> bytes:
        """A value as bytes, with functions that no module of the worker has."""
        packed: bytes = self._ray.cloudpickle.dumps(value)
        return packed

    def start(self) -> Any:
        """A new worker, which begins when a node has room."""
        remote = self._ray.remote(num_cpus=self.cpus, max_restarts=0, max_task_retries=0)
        return remote(Worker).remote()

    def end(self, worker: Any) -> None:
        """End a worker, whatever it does. One that is gone already stays so."""
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(worker)

    def lost(self, error: BaseException) -> bool:
        """Whether an error says that a worker is gone, or cannot be reached any more."""
        exceptions = self._ray.exceptions
        return isinstance(
            error,
            exceptions.RayActorError | exceptions.NodeDiedError | exceptions.OutOfMemoryError
            | exceptions.WorkerCrashedError,
        )  # fmt: skip

    def nodes(self) -> set[str]:
        """The nodes that are alive."""
        return {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}

    def desk(self, job: DividedJob, backlog: Backlog) -> Desk:
        """A desk for a new worker."""
        return Desk(job, self._recipes.limits, backlog.ended, self.pickled)

    async def begun(self, worker: Any, setup: bytes) -> tuple[Fault | None, str]:
        """Have a worker open its stages; why it cannot, and its node."""
        fault = await worker.begin.remote(setup)
        node = await worker.__ray_call__.remote(_node)
        return fault, str(node)


def _node(_: Any) -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


class _Seat:
    """A share of the run's concurrency, and the worker that has it at the time."""

    def __init__(
        self, executor: RayExecutor, job: DividedJob, backlog: Backlog, share: int, setup: bytes
    ) -> None:
        self.woken = asyncio.Event()
        self._executor = executor
        self._job = job
        self._backlog = backlog
        self._share = share
        self._setup = setup
        self._worker: Any = None
        self._desk: Desk | None = None
        self._node = ""
        self._failed_starts = 0
        self._abandoned = False
        self._exchanging = asyncio.Event()

    async def serve(self) -> None:
        """Play until nothing is left, on one worker after the other if they are lost."""
        executor = self._executor
        while await self._something_to_do():
            desk = executor.desk(self._job, self._backlog)
            worker = executor.start()
            self._desk, self._worker, self._node = desk, worker, ""
            try:
                await self._play(worker, desk)
            except Exception as error:  # noqa: BLE001 - raised by the run in the end
                await desk.close()
                if executor.lost(error):
                    await self._lost(desk)
                else:
                    self._job.failed(error)
            finally:
                await desk.close()
                executor.end(worker)

    async def _something_to_do(self) -> bool:
        """Wait until there are trials to play; False if there will be none."""
        while not (self._abandoned or self._job.stopping or self._backlog.over):
            if self._backlog.has_some:
                return True
            self.woken.clear()
            await self.woken.wait()
        return False

    async def _play(self, worker: Any, desk: Desk) -> None:
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
        await worker.close.remote()

    async def _begun(self, worker: Any) -> bool:
        """Wait until the worker has opened the stages, and say so if there is no room for it.

        False if nothing is left to do, or it could not begin.
        """
        asked = asyncio.ensure_future(self._executor.begun(worker, self._setup))
        waited = 0.0
        while not asked.done():
            await asyncio.wait([asked], timeout=GLANCE)
            waited += GLANCE
            if self._abandoned or self._job.stopping or self._backlog.over:
                asked.cancel()
                return False
            if waited >= PATIENCE and not asked.done():
                log.warning("no node of the cluster has room for a worker, which waits for one")
                waited = 0.0
        fault, self._node = asked.result()
        if fault is not None:
            self._job.failed(error_of(fault))
            return False
        self._failed_starts = 0
        return True

    async def _exchanged(self, worker: Any, desk: Desk) -> bytes:
        self._exchanging.set()
        try:
            batch: bytes = await worker.exchange.remote(desk.take())
            return batch
        finally:
            self._exchanging.clear()

    async def _deliver(self, worker: Any, desk: Desk) -> None:
        """Send what comes up while the worker has nothing to tell."""
        while True:
            await self._exchanging.wait()
            await desk.something.wait()
            if self._exchanging.is_set():
                with suppress(Exception):  # the exchange says that the worker is lost
                    await worker.deliver.remote(desk.take())

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

    async def _lost(self, desk: Desk) -> None:
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
        excused = await self._lost_with_its_node()
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

    async def _lost_with_its_node(self) -> bool:
        """Whether the node is gone, too. The cluster takes a moment to notice."""
        for _ in range(20):
            if self._node not in self._executor.nodes():
                return True
            await asyncio.sleep(0.05)
        return False

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
            self._executor.end(self._worker)


def _connected(address: str | None) -> Any:
    """Ray, connected to a cluster. Ray's own signal handlers are not kept: a run has its own."""
    try:
        import ray
    except ImportError:
        raise BadRequest(
            "--executor ray: Ray is not installed; pip install 'elsinore[ray]' on all nodes"
        ) from None
    if ray.is_initialized():
        return ray
    signals = [signal.SIGINT, signal.SIGTERM]
    before = [signal.getsignal(each) for each in signals]
    how: dict[str, Any] = {} if address is not None else {"include_dashboard": False}
    try:
        ray.init(
            address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **how
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        where = "--executor ray: no cluster of this machine's own could be started"
        if address is not None:
            where = f"--address {address}: no Ray cluster answers there"
        raise BadRequest(
            f"{where} ({reason}); start one with `ray start --head` and name its HOST:PORT"
        ) from None
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
    return ray


def _send_scenarios_whole() -> None:
    """Have the functions of a user's own file travel whole: no worker has that module."""
    from ray import cloudpickle

    for name, module in list(sys.modules.items()):
        if name.startswith("elsinore_scenario_"):
            cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
