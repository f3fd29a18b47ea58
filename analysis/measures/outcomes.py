"""What became of each actor: flip, assistant collapse and loop, side by side.

*Evidence*: T. The definitions, references and nulls are those of ``flip``, ``collapse``, ``loop``.
"""

from __future__ import annotations

import pandas as pd

from analysis.measures import collapse, flip, loop
from analysis.tables import Tables

EVIDENCE = "T"


def by_actor(tables: Tables) -> pd.DataFrame:
    """One row per trial and actor: trial, actor, flip, flip_confidence, collapse, loop.

    The onsets are indices of turns in the transcript, <NA> where it did not happen.

    >>> from analysis.tables import Record, tables_from
    >>> by_actor(tables_from([Record("t", [{"name": "A"}])])).flip.to_list()
    [<NA>]
    """
    keys = ["trial", "actor"]
    table = flip.by_actor(tables)[[*keys, "flip", "flip_confidence"]]
    table = table.merge(collapse.by_actor(tables)[[*keys, "collapse"]], on=keys)
    merged: pd.DataFrame = table.merge(loop.by_actor(tables)[[*keys, "loop"]], on=keys)
    return merged
