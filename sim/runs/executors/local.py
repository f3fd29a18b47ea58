"""Trials in this process: so many workers, each of which plays one trial after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from sim.planning import Trial
from sim.runs.executors import Job


class LocalExecutor:
    """Plays trials as tasks on the running event loop."""

    def __init__(self) -> None:
        self._workers: list[asyncio.Task[None]] = []

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Play these trials, at most ``concurrency`` at once."""
        queue = iter(trials)
        self._workers = [
            asyncio.create_task(self._work(queue, job))
            for _ in range(min(concurrency, len(trials)))
        ]
        if not self._workers:
            return
        try:
            await asyncio.wait(self._workers)
        except asyncio.CancelledError:
            # The run itself was cancelled; replies that have arrived are kept.
            job.abort()
            await asyncio.wait(self._workers)
            raise

    def cancel(self) -> None:
        """Cancel the trials that are being played."""
        for worker in self._workers:
            worker.cancel()

    async def _work(self, queue: Iterator[Trial], job: Job) -> None:
        for trial in queue:
            if job.stopping:
                return
            await job.play(trial)
