"""Where trials are played: in this process (``local``), or on a cluster (``ray``).

An executor is given trials and a job. The job knows what the store holds of a trial and how it is
played; the executor decides where and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from sim.events import Event
from sim.mapping import Mapper
from sim.planning import Trial
from sim.runs.playing import Brief, FollowUp, Played
from sim.runs.session import Session
from sim.stage.base import Stage


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


@runtime_checkable
class DividedJob(Job, Protocol):
    """A job whose trials can be played elsewhere: the parts of ``play``, each by itself.

    ``session`` has the store, the stages and their accounts, the budget and the limiter.
    """

    @property
    def session(self) -> Session:
        """The store, the stages, the limiter."""
        ...

    @property
    def follow_up(self) -> FollowUp | None:
        """What is done with each trial at its end."""
        ...

    def brief(self, trial: Trial) -> Brief | None:
        """A trial with what the store holds of it; None if nothing of it is to be played."""
        ...

    def began(self, trial: Trial) -> None:
        """Whoever watches is told that a trial is being played."""
        ...

    def saw(self, trial: Trial, event: Event) -> None:
        """Whoever watches is told of an event."""
        ...

    def over(self, trial: Trial, played: Played | None) -> None:
        """A trial is at its end, or (None) the run stopped before."""
        ...

    def failed(self, error: BaseException) -> None:
        """A trial raised: no other is begun, and the run raises it in the end."""
        ...

    async def lost(self, trial: Trial) -> None:
        """What played a trial is gone: its calls in flight are in doubt, which are counted."""
        ...

    async def give_up(self, trial: Trial, reason: str, message: str) -> None:
        """Record that a trial failed."""
        ...

    async def stopped(self) -> None:
        """Wait until the run stops."""
        ...


class Executor(Protocol):
    """Plays trials until all are at their end, or the job stops."""

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Play these trials, at most ``concurrency`` at once."""
        ...

    def cancel(self) -> None:
        """Cancel the trials that are being played."""
        ...


@runtime_checkable
class Prepared(Executor, Protocol):
    """An executor that checks what it is to play before anything is stored."""

    def prepare(
        self, trials: Sequence[Trial], stages: Mapping[str, Stage], follow_up: FollowUp | None
    ) -> None:
        """Get ready. Raises ``BadRequest`` for what cannot be played there."""
        ...


@runtime_checkable
class MeasuringExecutor(Executor, Protocol):
    """An executor on which what was played can be measured, too."""

    def mapper(self) -> Mapper:
        """What calls functions there. Raises ``BadRequest`` if it cannot be reached."""
        ...
