"""The politeness of a request or a line: log-odds by logistic regression on words and word pairs.

*Evidence*: T. *Reference.* Danescu-Niculescu-Mizil et al., "A computational approach to
politeness", ACL 2013. The table is ``tables/politeness.tsv``; ``fit_politeness.py`` fitted it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from analysis.evidence.lexicon import plain, rows

_TOKEN = re.compile(r"[a-z']+|[?!]")
_BOUND = 6.0


def features(text: str) -> frozenset[str]:
    """Words, question and exclamation marks, pairs of neighbours, and the first word.

    >>> sorted(features("Thanks a lot!"))
    ['!', '<first> thanks', 'a', 'a lot', 'lot', 'lot !', 'thanks', 'thanks a']
    """
    tokens = _TOKEN.findall(re.sub(r"<\w+>", " ", plain(text)))
    if not tokens:
        return frozenset()
    pairs = (f"{one} {two}" for one, two in pairwise(tokens))
    return frozenset((*tokens, *pairs, f"<first> {tokens[0]}"))


@cache
def fitted() -> Mapping[str, float]:
    """The weights in ``tables/politeness.tsv``."""
    return {name: float(weight) for name, weight in rows("politeness.tsv")}


def politeness(text: str, weights: Mapping[str, float] | None = None) -> float:
    """Log-odds that a text is polite rather than impolite, limited to +-6.

    >>> politeness("Thanks so much! Could you please help?") > politeness("Why did you do that?")
    True
    """
    table = fitted() if weights is None else weights
    total = table.get("<constant>", 0.0)
    total += sum(sorted(table[name] for name in features(text) if name in table))
    return max(-_BOUND, min(_BOUND, total))
