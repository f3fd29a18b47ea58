"""How often instruments that read single lines report something where there is nothing.

Counted on talk between people (``benchmarks.validity.false_alarms``), which is written to
``tables/false_alarms.tsv``: it is what a null is made of where a store has no shams.
"""

from __future__ import annotations

from functools import cache

from analysis.evidence.lexicon import rows
from analysis.stats import Interval, clopper_pearson


@cache
def false_alarms() -> dict[str, Interval]:
    """The share of lines with a false alarm, with 95% limits, by what is reported.

    >>> false_alarms()["loop"].high < 0.005
    True
    """
    return {
        name: clopper_pearson(int(alarms), int(lines))
        for name, alarms, lines in rows("false_alarms.tsv")
    }
