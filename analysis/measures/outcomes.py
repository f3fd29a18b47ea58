"""What became of each actor: flip, assistant collapse and loop, side by side.

*Evidence*: T. The definitions, references and nulls are those of ``flip``, ``collapse``, ``loop``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from analysis.estimates import Quantities
from analysis.measures.collapse import Collapse
from analysis.measures.flips import Flips
from analysis.measures.loops import Loops, onsets
from analysis.results import Result


class Outcomes(Result):
    """Flip, collapse and loop of every actor: the turns at which they began.

    >>> from analysis.tables import Record, tables_from
    >>> Outcomes(tables_from([Record("t", [{"name": "A"}])])).by_actor.flip.to_list()
    [<NA>]
    """

    measure = "outcomes"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        **{name: Flips.actor[name] for name in ("flip", "flip_confidence")},
        "collapse": Collapse.actor["collapse"],
        "loop": Loops.actor["loop"],
    }
    trial: ClassVar[Quantities] = {
        "flip": Flips.trial["flip"],
        "collapse": Collapse.trial["collapse"],
        "loop": Loops.trial["loop"],
    }
    arm: ClassVar[Quantities] = trial

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        keys = ["trial", "actor"]
        table = Flips(self.tables).by_actor[[*keys, "flip", "flip_confidence"]]
        table = table.merge(Collapse(self.tables).by_actor[[*keys, "collapse"]], on=keys)
        table = table.merge(onsets(self.tables), on=keys)
        yield from table.itertuples(index=False, name=None)
