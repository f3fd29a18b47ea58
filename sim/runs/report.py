"""Watchers, who are told what happens while a run goes on, and the report at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from sim.events import NO_USAGE, Event, Status, Usage
from sim.planning import Trial
from sim.runs.playing import FollowUp
from sim.store import InDoubt, Store


class Watcher(Protocol):
    """Is told what happens in a run. Its methods are called on the event loop and must be quick."""

    def trial_started(self, trial: Trial) -> None:
        """A trial is being played, from its beginning or from where an earlier run stopped."""
        ...

    def saw(self, trial: Trial, event: Event) -> None:
        """An event happened. It may not be committed yet."""
        ...

    def trial_ended(self, trial: Trial, status: Status) -> None:
        """A trial is at its end and committed (``done`` or ``failed``), or the run stops."""
        ...


@runtime_checkable
class UsageWatcher(Watcher, Protocol):
    """A watcher who is also told what each call used. Replies from the cache use nothing."""

    def paid(self, usage: Usage) -> None:
        """A call was answered."""
        ...


class StoredFollowUp(FollowUp, Protocol):
    """A follow-up whose results are in the store."""

    def missing(self, store: Store, trials: Sequence[str]) -> set[str]:
        """Those of the trials for which the store lacks some of its results."""
        ...


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The state of a trial after a run.

    ``status`` is ``done``, ``failed`` (a call went wrong for good, which ended the scene) or
    ``planned`` (not at its end, because the run was stopped).
    ``skipped`` means that it was at its end before this run, ``resumed`` that an earlier run had
    played a part of it. ``turns`` counts all its turns.
    """

    id: str
    scenario: str
    model: str
    stage: str
    seed: int
    arm: str
    focal: str | None
    status: Status
    reason: str | None
    turns: int
    skipped: bool = False
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    ``calls`` counts the calls of this run that were answered, ``failed_calls`` those that were not,
    and ``retries`` the failed attempts of both: ``calls`` and ``retries`` together are the requests
    that stages were sent. ``usage`` is what they used, failed ones included (``usd`` is None if the
    price of one is unknown). ``hits`` are replies from the cache or a recorded run; they are in
    none of the other numbers. ``computed_tokens`` are those of the prompt tokens in ``usage`` that
    a provider with an ideal prefix cache would compute; None if no stage counted any. ``in_doubt``
    are the calls that earlier runs left in doubt, all of them since a run last reported any (a call
    that was in doubt after two kills is there twice); ``left_in_doubt`` are those that this one
    leaves (a second Ctrl-C). ``interrupted`` says that a signal stopped it, and ``stopped`` why its
    budget did. ``seconds`` are of wall time.
    """

    store: Path
    run: int
    trials: tuple[TrialResult, ...]
    calls: int = 0
    failed_calls: int = 0
    in_doubt: tuple[InDoubt, ...] = ()
    left_in_doubt: tuple[InDoubt, ...] = ()
    usage: Usage = NO_USAGE
    seconds: float = 0.0
    interrupted: bool = False
    hits: int = 0
    retries: int = 0
    computed_tokens: int | None = None
    stopped: str | None = None

    def __str__(self) -> str:
        """What the run did, in one line. The store by its name: the folder is in ``store``."""
        played = ", ".join(dict.fromkeys(trial.scenario for trial in self.trials)) or "nothing"
        statuses = Counter(trial.status for trial in self.trials)
        told = ", ".join(f"{count} {status}" for status, count in statuses.items()) or "none"
        facts = [f"{len(self.trials)} trials of {played} in {Path(self.store).name}: {told}"]
        facts.append(f"{self.calls} calls")
        if self.hits:
            facts.append(f"{self.hits} answered by the store")
        if self.stopped is not None:
            facts.append(f"stopped: {self.stopped}")
        if self.interrupted:
            facts.append("interrupted")
        return "; ".join(facts)


def result_of(
    trial: Trial,
    status: Status = "planned",
    reason: str | None = None,
    turns: int = 0,
    *,
    skipped: bool = False,
    resumed: bool = False,
) -> TrialResult:
    """The result of a trial."""
    return TrialResult(
        id=trial.id,
        scenario=trial.scenario,
        model=trial.model,
        stage=trial.stage,
        seed=trial.seed,
        arm=trial.arm,
        focal=trial.focal,
        status=status,
        reason=reason,
        turns=turns,
        skipped=skipped,
        resumed=resumed,
    )


def together(before: RunReport, latest: RunReport) -> RunReport:
    """One report of two runs of different trials, with the sums of their numbers."""
    computed = (before.computed_tokens, latest.computed_tokens)
    return replace(
        latest,
        trials=before.trials + latest.trials,
        calls=before.calls + latest.calls,
        failed_calls=before.failed_calls + latest.failed_calls,
        in_doubt=before.in_doubt + latest.in_doubt,
        left_in_doubt=before.left_in_doubt + latest.left_in_doubt,
        usage=before.usage + latest.usage,
        seconds=before.seconds + latest.seconds,
        hits=before.hits + latest.hits,
        retries=before.retries + latest.retries,
        computed_tokens=None if computed == (None, None) else sum(c or 0 for c in computed),
    )
