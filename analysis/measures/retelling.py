"""How much of a message is left when it has gone from mouth to mouth?

*Evidence*: T. The message is the first line that the experimenter put into somebody's mouth.

*Definition.* Of the content words of the message (words of four letters or more that are no
function words, and numbers; by their first six letters, so that forms of a word are one) *kept* is
the share that the last line of the trial uses. *Links* are the lines after the message.

*Null.* The same of the last lines of other trials that had another message, where there are any.

*References.* Bartlett 1932; iterated retelling by language models: arXiv 2407.04503.

*Traps.* A message in other words counts as lost. The scene's own topic may hold words of the
message: these come back by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from analysis.estimates import Quantities, Quantity
from analysis.results import Result

_WORD = re.compile(r"[^\W_]+")
_EMPTY = """
    about after again also been before both could does each from have into just more most much
    must only other over said says should some such than that their them then there these they
    this those under very were what when where which while will with would your
"""
_FUNCTION_WORDS = frozenset(_EMPTY.split())
"""Function words of four letters or more."""


class Retelling(Result):
    """The share of a message's content words that the last line still uses.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "A", "Nine silver spoons lie hidden.", source="intervention"),
    ...         Turn(2, "B", "Nine spoons."), Turn(3, "C", "Somebody hid a spoon.")]
    >>> table = Retelling(tables_from([Record("t", [{"name": n} for n in "ABC"], said)]))
    >>> row = table.by_trial.iloc[0]
    >>> round(float(row.kept), 2), int(row.links)
    (0.25, 2)
    """

    measure = "retelling"
    evidence = "T"
    trial: ClassVar[Quantities] = {
        "kept": Quantity("share of the message's content words in the last line", low=0, high=1),
        "links": Quantity("lines after the message", "count"),
    }
    arm: ClassVar[Quantities] = {"kept": trial["kept"]}

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial, turns in self.tables.turns.groupby("trial", sort=False):
            lines = list(zip(turns["source"], turns["text"], strict=True))
            told = next(
                (n for n, (source, _) in enumerate(lines) if source == "intervention"), None
            )
            if told is None or told == len(lines) - 1:
                continue
            wanted = content(str(lines[told][1]))
            if wanted:
                kept = len(wanted & content(str(lines[-1][1]))) / len(wanted)
                yield trial, kept, len(lines) - 1 - told


def content(text: str) -> frozenset[str]:
    """The content words of a text, by their first six letters.

    >>> sorted(content("The miller's daughter hid 9 spoons on Tuesday."))
    ['9', 'daught', 'miller', 'spoon', 'tuesda']
    """
    return frozenset(
        _stem(word)
        for word in _WORD.findall(text.casefold())
        if word.isdigit() or (len(word) >= 4 and word not in _FUNCTION_WORDS)
    )


def _stem(word: str) -> str:
    return (word[:-1] if len(word) > 4 and word.endswith("s") else word)[:6]
