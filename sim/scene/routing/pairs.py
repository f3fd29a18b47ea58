"""How long two people have had the floor to themselves, and a bound on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim.errors import SceneError
from sim.events import Place
from sim.scene.routing.base import Cue, Inquiry, Next
from sim.seeds import Stream


@dataclass(frozen=True, slots=True)
class PairRun:
    """The last turns in a row that at most two people took: who they are, and how many turns.

    ``tail`` is how many of them the last speaker took at the end.

    >>> run = PairRun()
    >>> for place in (0, 1, 0, 2):
    ...     run = run.after(place)
    >>> run
    PairRun(places=(0, 2), turns=2, tail=1)
    """

    places: tuple[Place, ...] = ()
    turns: int = 0
    tail: int = 0

    def after(self, place: Place) -> PairRun:
        """The run after a turn of somebody."""
        if not self.places:
            return PairRun((place,), 1, 1)
        if place == self.places[-1]:
            return PairRun(self.places, self.turns + 1, self.tail + 1)
        if place in self.places or len(self.places) == 1:
            return PairRun((self.places[-1], place), self.turns + 1, 1)
        return PairRun((self.places[-1], place), self.tail + 1, 1)

    def allowed(self, targets: Sequence[Place], at_most: int | None) -> tuple[Place, ...]:
        """Those who may speak next if no pair has more than ``at_most`` turns in a row.

        All of them, if nobody else is there.
        """
        if at_most is None or len(self.places) < 2 or self.turns < at_most:
            return tuple(targets)
        return tuple(each for each in targets if each not in self.places) or tuple(targets)


NO_RUN = PairRun()
"""Nobody has spoken yet."""


def within_bound(
    answer: Next, run: PairRun, targets: Sequence[Place], at_most: int | None, seed: int
) -> Next:
    """The answer of a fallback, or one of the others by the seed where it exceeds the bound."""
    allowed = run.allowed(targets, at_most)
    cued = () if isinstance(answer, Inquiry) else _places(answer)
    if len(cued) != 1 or cued[0] in allowed or cued[0] not in targets:
        return answer
    chosen = (allowed[Stream(seed ^ 2).below(len(allowed))],)
    return replace(answer, places=chosen) if isinstance(answer, Cue) else chosen


def _places(answer: Cue | tuple[Place, ...]) -> tuple[Place, ...]:
    return answer.places if isinstance(answer, Cue) else answer


def check_bound(where: str, at_most: int | None) -> None:
    """Raise ``SceneError`` for a bound that two people exceed as soon as they speak."""
    if at_most is None:
        return
    if isinstance(at_most, bool) or not isinstance(at_most, int) or at_most < 2:
        raise SceneError(
            f"{where}: {at_most!r} turns in a row are no bound for two people; "
            "use a whole number from 2 on, or None"
        )
