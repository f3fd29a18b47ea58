"""What a run tells: while it goes on, to a watcher, and at its end, in a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sim.events import NO_USAGE, Event, Usage
from sim.planning import Trial


class Watcher(Protocol):
    """Somebody who is told what happens in a run, on the event loop. Must be quick."""

    def trial_started(self, trial: Trial) -> None:
        """A trial is being played, from its beginning or from where it was torn off."""
        ...

    def saw(self, trial: Trial, event: Event) -> None:
        """An event happened. It may not be committed yet."""
        ...

    def trial_ended(self, trial: Trial, status: str) -> None:
        """A trial is at its end and committed (``done`` or ``failed``), or the run stops."""
        ...


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What became of a trial.

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
    status: str
    reason: str | None
    turns: int
    skipped: bool = False
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A call of which it is not known whether it was answered (and paid for)."""

    trial: str
    turn: int
    purpose: str
    actor: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    ``calls`` counts the calls of this run that were answered, ``failed_calls`` those that were
    not, and ``usage`` what the answers used (``usd`` is None if the price of one is unknown).
    ``in_doubt`` are the calls that earlier runs left in doubt, ``left_in_doubt`` those that this
    one leaves (a second Ctrl-C). ``interrupted`` says that a signal stopped it. ``seconds`` are of
    wall time.
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


def add(total: Usage, more: Usage) -> Usage:
    """The sum of two usages; its price is unknown if one of the prices is.

    A stage that counts no tokens and names no price costs nothing.
    """
    if more == NO_USAGE:
        return total
    return Usage(
        total.prompt_tokens + more.prompt_tokens,
        total.completion_tokens + more.completion_tokens,
        total.cached_tokens + more.cached_tokens,
        None if total.usd is None or more.usd is None else total.usd + more.usd,
    )
