"""Endings: the conditions under which a scene is over.

An ending reads public text and declared gauges, never a probe. Endings are combined with ``|``
(either) and ``&`` (both at once).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, ClassVar

from sim.errors import SceneError
from sim.scene.answers import Choice, Explained, Number, Ranking
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

    The distance of two numbers is their difference; that of two rankings is the share of the pairs
    that stand in another order. Choices agree if they are the same (of ``Explained`` the answer
    counts, and not the reason). A missing answer is no agreement.
    """

    gauge: Probe
    within: float

    def __post_init__(self) -> None:
        answer, key = self.gauge.question.answer, self.gauge.question.key
        if not isinstance(answer, Number | Choice | Explained | Ranking):
            raise SceneError(
                f"agreement.gauge: the answers to {key!r} are of the kind {type(answer).__name__}, "
                "which cannot be compared; ask for a Number, a Choice or a Ranking"
            )
        if self.within and isinstance(answer, Choice | Explained):
            raise SceneError(
                f"agreement.within: the answers to {key!r} are choices, which are the same or not; "
                "leave it out"
            )

    def reached(self, view: PublicView) -> str | None:
        answers = view.gauges.get(self.gauge.question.key)
        if not answers or len(answers) < 2:
            return None
        values = list(answers.values())
        if any(value is None for value in values):
            return None
        about, kind = self.gauge.issue or self.gauge.question.key, self.gauge.question.answer
        if isinstance(kind, Choice | Explained):
            chosen = {value["answer"] if isinstance(value, dict) else value for value in values}
            return f"agreement on {about}: {chosen.pop()}" if len(chosen) == 1 else None
        if isinstance(kind, Ranking):
            distance = max(_other_order(one, other) for one, other in combinations(values, 2))
        else:
            distance = max(values) - min(values)
        return f"agreement on {about} within {self.within:g}" if distance <= self.within else None

    def gauges(self) -> tuple[Probe, ...]:
        return (self.gauge,)


def _other_order(one: Sequence[Any], other: Sequence[Any]) -> float:
    """The share of the pairs that two rankings have in another order (Kendall's distance).

    >>> _other_order(("a", "b", "c"), ("a", "c", "b"))
    0.3333333333333333
    """
    pairs = list(combinations(one, 2))
    return sum(other.index(a) > other.index(b) for a, b in pairs) / len(pairs)


@dataclass(frozen=True, slots=True)
class Said(Ending):
    """Reached when the last public turn (of ``by``, if given) has a word or phrase, in any case.

    "deal" is a word of "It's a deal!", and not of "ideal" or "deal-breaker". ``last`` reads only
    the last line of the turn; without ``quoted``, words between quotation marks do not count.
    """

    added: ClassVar[frozenset[str]] = frozenset({"last", "quoted"})

    phrase: str
    by: str | None = None
    last: bool = False
    quoted: bool = True

    def reached(self, view: PublicView) -> str | None:
        turn = view.last
        if turn is None or (self.by is not None and turn.speaker != self.by):
            return None
        text = turn.text
        if self.last:
            text = (text.rstrip().splitlines() or [""])[-1]
        if not self.quoted:
            text = _QUOTED.sub(" … ", text)
        if _words(self.phrase).search(_folded(text)) is None:
            return None
        return f"{turn.speaker} said {self.phrase!r}"

    def names(self) -> tuple[str, ...]:
        return () if self.by is None else (self.by,)


_QUOTED = re.compile(r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|\"[^\"]*\"|‘[^’]*’(?!\w)|(?<!\w)'[^']*'(?!\w)")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=256)
def _words(phrase: str) -> re.Pattern[str]:
    """A pattern for a phrase as words of their own, with any blanks and apostrophes."""
    words = [re.sub("['’ʼ]", "['’ʼ]", re.escape(word)) for word in _folded(phrase).split()]
    pattern = r"\s+".join(words)
    first, last = _folded(phrase).strip()[0], _folded(phrase).strip()[-1]
    # Combining marks belong to the word, and ``re`` does not know it.
    before = r"(?<![\w\u0300-\u036f])(?<!\w-)" if first.isalnum() else ""
    after_it = r"(?![\w\u0300-\u036f]|-\w)" if last.isalnum() else ""
    return re.compile(f"{before}{pattern}{after_it}")


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


def agreement(*, gauge: Probe, within: float | None = None) -> Ending:
    """End when the answers of all who are asked agree: on a number, a choice or a ranking.

    Numbers agree if they differ by at most ``within`` (0.2 if it is not given), rankings if at most
    that share of the pairs stands in another order (0), choices if they are the same.
    The gauge is asked on the critical path after every ``every`` turns or, if ``every`` is not
    given, after each round (as many turns as there are actors).
    """
    if within is None:
        within = 0.2 if isinstance(gauge.question.answer, Number) else 0.0
    if not within >= 0:
        raise SceneError(f"agreement.within: {within:g} can never be reached; use 0 or more")
    return Agreement(gauge, within)


def unanimous(gauge: Probe) -> Ending:
    """End when all who are asked give the same answer: the same number, choice or ranking.

    >>> from sim.scene.probes import who_are_you
    >>> unanimous(who_are_you(("Ada", "Ben"))).reached(PublicView(None, 2, {"who": {"Ada": "Ada",
    ...                                                                             "Ben": "Ada"}}))
    'agreement on who: Ada'
    """
    return agreement(gauge=gauge, within=0.0)


def said(phrase: str, *, by: str | None = None, last: bool = False, quoted: bool = True) -> Ending:
    """End when somebody (or ``by``) says a word or phrase aloud, as words of their own.

    ``last`` reads only the last line of a turn; with ``quoted=False``, a quotation does not count.

    >>> from sim.events import Turn
    >>> view = PublicView(Turn(1, "Ada", "An ideal solution."), 1, {})
    >>> said("deal").reached(view), said("ideal").reached(view)
    (None, "Ada said 'ideal'")
    """
    if not phrase.strip():
        raise SceneError("said.phrase: is blank, which everybody says; give it words")
    return Said(phrase, by, last, quoted)
