"""Endings: the conditions under which a scene is over.

An ending reads public text and declared gauges, never a probe. Endings are combined with ``|``
(either) and ``&`` (both at once).
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.errors import SceneError
from sim.scene.graph import PublicView
from sim.scene.probes import Probe


@dataclass(frozen=True, slots=True)
class Ending:
    """The base of all endings."""

    def reached(self, view: PublicView) -> str | None:
        """The reason why the scene is over now, or None if it is not."""
        raise NotImplementedError

    def bound(self) -> int | None:
        """The number of turns after which it is reached at the latest; None if it may never be."""
        return None

    def gauges(self) -> tuple[Probe, ...]:
        """The questions that the ending depends on."""
        return ()

    def names(self) -> tuple[str, ...]:
        """The names of actors in it."""
        return ()

    def __or__(self, other: Ending) -> Ending:
        return Either(self, other)

    def __and__(self, other: Ending) -> Ending:
        return Both(self, other)


@dataclass(frozen=True, slots=True)
class After(Ending):
    """Reached after so many turns."""

    turns: int

    def reached(self, view: PublicView) -> str | None:
        return f"after {self.turns} turns" if view.turns >= self.turns else None

    def bound(self) -> int | None:
        return self.turns


@dataclass(frozen=True, slots=True)
class Agreement(Ending):
    """Reached when the gauge's answers of all actors lie within a distance of each other.

    A missing answer is no agreement.
    """

    gauge: Probe
    within: float

    def reached(self, view: PublicView) -> str | None:
        answers = view.gauges.get(self.gauge.question.key)
        if not answers or len(answers) < 2:
            return None
        values = list(answers.values())
        if any(value is None for value in values) or max(values) - min(values) > self.within:
            return None
        return f"agreement on {self.gauge.issue or self.gauge.question.key} within {self.within:g}"

    def gauges(self) -> tuple[Probe, ...]:
        return (self.gauge,)


@dataclass(frozen=True, slots=True)
class Said(Ending):
    """Reached when the last public turn (of ``by``, if given) contains a phrase, in any case."""

    phrase: str
    by: str | None = None

    def reached(self, view: PublicView) -> str | None:
        last = view.last
        if last is None or (self.by is not None and last.speaker != self.by):
            return None
        if self.phrase.casefold() not in last.text.casefold():
            return None
        return f"{last.speaker} said {self.phrase!r}"

    def names(self) -> tuple[str, ...]:
        return () if self.by is None else (self.by,)


@dataclass(frozen=True, slots=True)
class Either(Ending):
    """Reached when at least one of two endings is reached."""

    left: Ending
    right: Ending

    def reached(self, view: PublicView) -> str | None:
        return self.left.reached(view) or self.right.reached(view)

    def bound(self) -> int | None:
        bounds = [bound for bound in (self.left.bound(), self.right.bound()) if bound is not None]
        return min(bounds, default=None)

    def gauges(self) -> tuple[Probe, ...]:
        return _distinct(self.left.gauges() + self.right.gauges())

    def names(self) -> tuple[str, ...]:
        return self.left.names() + self.right.names()


@dataclass(frozen=True, slots=True)
class Both(Ending):
    """Reached when two endings are reached at the same turn."""

    left: Ending
    right: Ending

    def reached(self, view: PublicView) -> str | None:
        first = self.left.reached(view)
        second = self.right.reached(view) if first else None
        return f"{first}, and {second}" if first and second else None

    def bound(self) -> int | None:
        # ``After`` stays reached, so the later bound holds for both; other endings need not
        # coincide.
        left, right = self.left.bound(), self.right.bound()
        return None if left is None or right is None else max(left, right)

    def gauges(self) -> tuple[Probe, ...]:
        return _distinct(self.left.gauges() + self.right.gauges())

    def names(self) -> tuple[str, ...]:
        return self.left.names() + self.right.names()


def _distinct(gauges: tuple[Probe, ...]) -> tuple[Probe, ...]:
    """The gauges without duplicates: one on which two endings depend is asked once."""
    return tuple(gauge for index, gauge in enumerate(gauges) if gauge not in gauges[:index])


def after(*, turns: int) -> Ending:
    """End after so many turns, at least 1."""
    if isinstance(turns, bool) or not isinstance(turns, int) or turns < 1:
        raise SceneError(f"after.turns: {turns!r} turns are no scene; use a whole number from 1 on")
    return After(turns)


def agreement(*, gauge: Probe, within: float = 0.2) -> Ending:
    """End when the answers of all who are asked differ by at most ``within``.

    The gauge is asked on the critical path after every ``every`` turns or, if ``every`` is not
    given, after each round (as many turns as there are actors).
    """
    if not within >= 0:
        raise SceneError(f"agreement.within: {within:g} can never be reached; use 0 or more")
    return Agreement(gauge, within)


def said(phrase: str, *, by: str | None = None) -> Ending:
    """End when somebody (or ``by``) says a phrase aloud."""
    if not phrase.strip():
        raise SceneError("said.phrase: is blank, which everybody says; give it words")
    return Said(phrase, by)
