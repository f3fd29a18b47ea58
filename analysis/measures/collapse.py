"""When does an actor stop being a character and become the polite assistant?

*Evidence*: T, the stock phrases of assistants (``evidence.text.assistant``). *Definition.* The
switching filter of ``switching`` on assistant talk; the onset is the first turn at which
P(assistant) is above 1/2 and the evidence above zero, the first turn of all included: an actor that
never was in character has collapsed.
*Null.* On human text the onset should never come. *Reference.* arXiv
2512.12775 defines collapse by the distance to a twin with no persona, which needs a model; this is
its cheap stand-in, and it sees only collapse that speaks in stock phrases.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import nan
from typing import Any, ClassVar

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.text import Scores, assistant
from analysis.measures.series import posterior, rates_of, series
from analysis.results import Result, by_arm_of
from analysis.stats.switching import WARY


class Collapse(Result):
    """Which actors stopped being a character and became an assistant, and when.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> mine = "I have measured that spring for thirty years."
    >>> theirs = "As an AI language model, I do not have personal opinions."
    >>> said = [Turn(t, "A", mine if t < 4 else theirs) for t in range(1, 8)]
    >>> result = Collapse(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> int(result.by_actor.iloc[0].collapse)
    4
    """

    measure = "collapse"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        "collapse": Quantity("the first turn at which it spoke as an assistant", "onset"),
        "collapse_confidence": Quantity("the highest P(assistant) from there on", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        "collapse": Quantity("share of the actors that collapsed", low=0, high=1)
    }
    arm: ClassVar[Quantities] = trial

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        arms = self.arm_of()
        members = series(self.tables, _reader)
        rates = rates_of(by_arm_of(arms, members, lambda each: each.trial), WARY)
        for each in members:
            chances = posterior(each.evidence, rates[arms[each.trial]])
            above = np.flatnonzero((chances > 0.5) & (each.evidence > 0))
            first = int(above[0]) if len(above) else None
            yield (
                each.trial,
                each.actor,
                None if first is None else each.turns[first],
                nan if first is None else float(chances[first:].max()),
            )


def _reader(scores: Scores, kindness: float) -> float:
    return assistant(scores)
