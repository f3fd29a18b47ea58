"""Who plays next, and which trial is to blame when a worker is lost.

A trial may kill its worker: by its memory, or by a library that crashes. It would kill one worker
after the other, and the trials beside it would be lost each time. So a trial whose worker dies is
tried again, a bounded number of times, with ever less company:

- a loss after which something of the trial had been recorded says nothing: it goes on from there,
  and there is only so much to record;
- after one loss without anything recorded it is a *suspect*: it plays beside others, but never two
  suspects on one worker, and if that worker dies the suspect alone is blamed;
- after the second it plays alone;
- after the third it is given up.

A lost node is nobody's fault.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from sim.planning import Trial

TRIES = 3
"""Losses without progress after which a trial is given up."""


class Backlog:
    """Trials that wait for a worker, and what is known against them.

    ``woken`` is called when there may be something to take for somebody who found nothing.
    """

    def __init__(self, trials: Sequence[Trial], tries: int = TRIES) -> None:
        self.tries = tries
        self.blame: dict[str, int] = {}
        self.out = 0
        self.woken: Callable[[], None] = lambda: None
        self._waiting: deque[Trial] = deque(trials)
        self._suspects: deque[Trial] = deque()

    @property
    def over(self) -> bool:
        """Whether nothing waits, and nobody plays."""
        return not (self._waiting or self._suspects or self.out)

    @property
    def has_some(self) -> bool:
        """Whether there is a trial for a worker that plays none."""
        return bool(self._waiting or self._suspects)

    def take(self, beside: Collection[str], room: int) -> list[Trial]:
        """Trials for a worker that plays those of ``beside`` and has room for some more."""
        found: list[Trial] = []
        names = list(beside)
        while len(found) < room:
            trial = self._next(names)
            if trial is None:
                break
            names.append(trial.id)
            found.append(trial)
        self.out += len(found)
        return found

    def _next(self, beside: Collection[str]) -> Trial | None:
        worst = max((self.blame.get(name, 0) for name in beside), default=0)
        if worst > 1 and self.tries > 1:
            return None  # who plays alone
        if not worst:
            for place, trial in enumerate(self._suspects):
                if self.blame[trial.id] < 2 or not beside:
                    del self._suspects[place]
                    return trial
        return self._waiting.popleft() if self._waiting else None

    def ended(self, trial: str) -> None:
        """A trial came to its end, or the run stops."""
        self.blame.pop(trial, None)
        self.out -= 1
        self.woken()

    def lost(
        self, trials: Sequence[Trial], progress: Mapping[str, int], *, excused: bool
    ) -> list[Trial]:
        """The worker of these trials is gone. Those that are given up; the others wait again.

        ``progress`` says how much was recorded of each since it was given out. ``excused`` says
        that the worker was lost with its node.
        """
        suspects = [trial for trial in trials if trial.id in self.blame]
        given_up: list[Trial] = []
        for trial in trials:
            self.out -= 1
            if progress[trial.id]:
                self.blame.pop(trial.id, None)
            elif not excused and (trial in suspects or not suspects):
                self.blame[trial.id] = self.blame.get(trial.id, 0) + 1
            blame = self.blame.get(trial.id, 0)
            if blame >= self.tries:
                given_up.append(trial)
            elif blame:
                self._suspects.append(trial)
            else:
                # In front: what was begun is ended first.
                self._waiting.appendleft(trial)
        self.woken()
        return given_up
