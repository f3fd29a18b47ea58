"""What comes out when a loop breaks: who speaks in the first line that is new again?

*Evidence*: T: loops by ``analysis.measures.loops``, speakers by ``evidence.appearance``.

*Definition.* After the line with which an actor's loop begins, the loop *breaks* at the first line
of its own that is no repetition and does not return to any earlier one of its own (likeness below
``evidence.repetition.RETURNS``). ``who`` is who speaks in that line; ``other`` is whether that is
anybody but the persona. ``lines`` are the lines of the loop. A loop that goes on to the actor's
last line is censored: it has no break.

*Null.* ``other_before``: the same of the line before the loop began, which the actor said while it
was still itself. A loop changes nobody if both are alike.

*References.* Nasr et al. 2023 (arXiv 2311.17035): a model that is made to repeat a word diverges,
and what it says then is not what it says otherwise.

*Traps.* Few actors loop, fewer break: shares of a handful. Trials without a break have no number,
and arms in which nobody loops have none at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import nan
from typing import Any, ClassVar

from analysis.estimates import Quantities, Quantity
from analysis.evidence.repetition import RETURNS, likeness
from analysis.measures.appearance import Appearance
from analysis.measures.loops import onset, repetitions, spoken
from analysis.results import Result

_SHARES: Quantities = {
    "broken": Quantity("of those that loop: whether the loop breaks", low=0, high=1),
    "other": Quantity("of loops that break: somebody else than the persona speaks then",
                      low=0, high=1),
    "other_before": Quantity("the same of the line before the loop", low=0, high=1),
}  # fmt: skip


class LoopBreaks(Result):
    """Whether loops break, and who speaks then.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = ["Good evening to you.", *["The ferry leaves at six."] * 4,
    ...          "As an AI language model, I cannot cross."]
    >>> said = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
    >>> result = LoopBreaks(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> result.by_actor[["loop", "lines", "who", "other"]].to_numpy().tolist()
    [[3, 3, 'assistant', 1.0]]
    """

    measure = "loop_breaks"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        "loop": Quantity("the first turn of a loop", "onset"),
        "lines": Quantity("lines of the loop, to its break or to the end", "count"),
        "who": Quantity("who speaks when it breaks, missing if it does not", "text"),
        **_SHARES,
    }
    trial: ClassVar[Quantities] = _SHARES
    arm: ClassVar[Quantities] = _SHARES

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        who = {
            (trial, turn): name
            for trial, turn, name in Appearance(self.tables)
            .by_turn[["trial", "turn", "who"]]
            .itertuples(index=False)
        }
        for each in spoken(self.tables):
            place = onset(each.lines)
            if place is None:
                yield each.trial, each.actor, None, None, None, nan, nan, nan
                continue
            begun = each.turns[place]
            at = _break(each.lines, place)
            before = who.get((each.trial, each.turns[place - 1])) if place else None
            told = None if at is None else who.get((each.trial, each.turns[at]))
            yield (
                each.trial,
                each.actor,
                begun,
                (len(each.lines) if at is None else at) - place,
                told,
                float(at is not None),
                nan if told is None else float(told != "self"),
                nan if before is None else float(before != "self"),
            )


def _break(lines: tuple[str, ...], place: int) -> int | None:
    """The place of the first line after ``place`` that is new; None if there is none."""
    repeated, similar = repetitions(lines), likeness(lines)
    for at in range(place + 1, len(lines)):
        if not repeated[at] and similar[at, :at].max() < RETURNS:
            return at
    return None
