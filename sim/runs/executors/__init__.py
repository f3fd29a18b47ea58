"""Where trials are played: in this process (``local``), or elsewhere.

An executor is given trials and a job. The job knows how a trial is played, from what the store
holds of it to the commit of its end; the executor decides where and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sim.planning import Trial


class Job(Protocol):
    """Plays a trial when an executor asks for it. A run is one."""

    @property
    def stopping(self) -> bool:
        """Whether no further trial is to be begun."""
        ...

    async def play(self, trial: Trial) -> None:
        """Play a trial, or what is missing of it. Never raises: the job keeps its errors."""
        ...

    def abort(self) -> None:
        """Cancel what is under way; calls in flight stay in doubt."""
        ...


class Executor(Protocol):
    """Plays trials until all are at their end, or the job stops."""

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Play these trials, at most ``concurrency`` at once."""
        ...

    def cancel(self) -> None:
        """Cancel the trials that are being played."""
        ...
