"""When does an actor stop being a character and become the polite assistant?

*Evidence*: T, the stock phrases of assistants (``evidence.text.assistant``). *Definition.* The
switching filter of ``switching`` on assistant talk; the onset is the first turn at which
P(assistant) is above 1/2 and the evidence above zero, the first turn of all included: an actor that
never was in character has collapsed.
*Null.* ``flip.null`` applies; on human text the onset should never come. *Reference.* arXiv
2512.12775 defines collapse by the distance to a twin with no persona, which needs a model; this is
its cheap stand-in, and it sees only collapse that speaks in stock phrases.
"""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.evidence.text import Scores, assistant
from analysis.measures.series import posteriors, rates_by_arm, series
from analysis.stats.switching import WARY
from analysis.tables import Tables, frame

EVIDENCE = "T"
_COLUMNS = {"trial": "str", "actor": "str", "collapse": "Int64", "collapse_confidence": "float64"}


def _reader(scores: Scores, kindness: float) -> float:
    return assistant(scores)


def by_actor(tables: Tables) -> pd.DataFrame:
    """One row per trial and actor: ``collapse`` (index of the turn, or <NA>) and its posterior.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> mine = "I have measured that spring for thirty years."
    >>> theirs = "As an AI language model, I do not have personal opinions."
    >>> said = [Turn(t, "A", mine if t < 4 else theirs) for t in range(1, 8)]
    >>> int(by_actor(tables_from([Record("t", [{"name": "A"}], said)])).iloc[0].collapse)
    4
    """
    found = series(tables, _reader)
    rates = rates_by_arm(tables, found, WARY)
    rows: list[tuple[Any, ...]] = []
    for one, posterior in zip(found, posteriors(tables, found, rates), strict=True):
        above = np.flatnonzero((posterior > 0.5) & (one.evidence > 0))
        first = int(above[0]) if len(above) else None
        rows.append(
            (
                one.trial,
                one.actor,
                None if first is None else one.turns[first],
                nan if first is None else float(posterior[first:].max()),
            )
        )
    return frame(rows, _COLUMNS)
