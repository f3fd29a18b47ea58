"""Playing one trial: from what the store holds of it to the commit of its end.

The same in the process that writes the store and in a worker elsewhere: what differs is the ledger,
which is the store's writer here, and a line to it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from sim.calls.journal import Journal, Ledger
from sim.calls.limiter import Limiter
from sim.calls.stopping import Stopped
from sim.calls.trial_stage import NOTHING, Before, Player, TrialStage
from sim.engine import Observer, play
from sim.engine.state import Over
from sim.events import Ended, Status
from sim.planning import Trial
from sim.stage.base import Omniscient, Stage, Truth
from sim.store import VerdictKey
from sim.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Brief:
    """A trial to be played, with all that the store holds of it.

    ``resume`` is the part that was played before. ``played`` says that it is at its end, and that
    only its follow-up is missing.
    """

    trial: Trial
    before: Before = NOTHING
    resume: Transcript | None = None
    played: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """How a trial ended; ``resumed`` says that a part of it was played before."""

    status: Status
    reason: str
    turns: int
    resumed: bool


class TrialLedger(Ledger, Protocol):
    """What a trial writes to, to its end and after it. ``sim.store.Writer`` is one."""

    async def finish_trial(
        self, trial: str, run: int, ended: Ended, turns: int, truths: Sequence[Truth] = ()
    ) -> None:
        """Commit the end of a trial."""
        ...

    def verdict(self, key: VerdictKey, payload: Mapping[str, object]) -> None:
        """Queue a verdict."""
        ...

    async def verdict_keys(self, trial: str, *, also_missing: bool) -> set[VerdictKey]:
        """The keys of the stored verdicts on a trial, perhaps with those that say why there is
        none."""
        ...


class FollowUp(Protocol):
    """Further calls about a trial at its end, before the next one begins: judging it, say."""

    @property
    def stages(self) -> Mapping[str, str]:
        """The identities of the stages that are asked, by the names that requests have for them."""
        ...

    async def carry_out(
        self, trial: Trial, transcript: Transcript, stage: Stage, ledger: TrialLedger
    ) -> None:
        """Make the calls. ``stage`` is the trial's, which asks for no stored reply again."""
        ...


@runtime_checkable
class PortableFollowUp(FollowUp, Protocol):
    """A follow-up that can be carried out in another process."""

    def portable(self) -> FollowUp:
        """A copy that can be pickled, and tells nobody of anything."""
        ...

    def heard(self, key: VerdictKey, payload: Mapping[str, Any]) -> None:
        """Is told of a verdict that a copy asked for, when it is queued."""
        ...


@dataclass(frozen=True, slots=True)
class Troupe:
    """What trials are played with, in one process: stages, a limiter, a ledger.

    ``player`` finds a stage with its account by its identity; ``run`` is the number of the run.
    """

    player: Callable[[str], Player]
    limiter: Limiter
    ledger: TrialLedger
    run: int
    follow_up: FollowUp | None = None

    def stage(
        self,
        trial: str,
        identity: str,
        cast: Mapping[str, str],
        *,
        turn: int = 0,
        before: Before = NOTHING,
    ) -> TrialStage:
        """The stage of a trial. ``cast`` are identities by the names that requests have for them.

        ``turn`` is the number of turns that were stored before.
        """
        journal = Journal(self.ledger, trial, run=self.run, turn=turn)
        players = {name: self.player(other) for name, other in cast.items()}
        own = self.player(identity)
        return TrialStage(own, journal, self.limiter, before=before, cast=players)

    async def play(self, brief: Brief, observers: Sequence[Observer] = ()) -> Played | None:
        """Play what is missing of a trial, commit its end, and carry out the follow-up.

        None for a trial that was at its end already. Raises ``Stopped`` if the run stops, and
        whatever a scene or a follow-up raises.
        """
        trial, resume, before = brief.trial, brief.resume, brief.before
        also = {} if self.follow_up is None else self.follow_up.stages
        stage = self.stage(
            trial.id,
            trial.stage,
            {**trial.stages, **also},
            turn=len(resume) if resume is not None else 0,
            before=before,
        )
        if brief.played:
            assert resume is not None
            await self._follow_up(trial, resume, stage)
            return None
        transcript = await play(
            trial.scene, stage, seed=trial.seed, observers=[stage, *observers], resume=resume,
            branch=trial.branch,
        )  # fmt: skip
        ended = stage.journal.ended or transcript.ended
        if ended is None:
            raise RuntimeError(f"trial {trial.id} is over but has no end")
        await self._finish(trial, transcript, ended)
        if ended.status == "done":
            await self._follow_up(trial, transcript, stage)
        resumed = bool(before.replies) or resume is not None
        return Played(ended.status, ended.reason, len(transcript), resumed)

    async def _finish(self, trial: Trial, transcript: Transcript, ended: Ended) -> None:
        """Commit the end of a trial, with its truths if the stage gives them."""
        stage = self.player(trial.stage).stage
        truths = (
            await stage.truths(trial.scene, transcript, trial.seed)
            if isinstance(stage, Omniscient)
            else ()
        )
        await self.ledger.finish_trial(trial.id, self.run, ended, len(transcript), truths)

    async def _follow_up(self, trial: Trial, transcript: Transcript, stage: TrialStage) -> None:
        if self.follow_up is not None:
            await self.follow_up.carry_out(trial, transcript, stage, self.ledger)


def defect_behind(stopped: Stopped) -> Exception | None:
    """The error of a scene that was stopped while it waited for its probes; None if there is none.

    A scene that is over because a turn failed has recorded that.
    """
    cause = stopped.__context__
    if isinstance(cause, Exception) and not isinstance(cause, Stopped | Over):
        return cause
    return None
