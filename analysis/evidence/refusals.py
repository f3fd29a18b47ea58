"""Whether a line declines: what the model is asked to write, or what somebody in the scene asks.

*Evidence*: T, expressions (``tables/refusals.tsv``), written by hand from general English.

- *task*: the words of a model that will not do its task ("I'm sorry, but I can't continue with this
  role-play", "that goes against my guidelines"). Nobody in a scene talks like that.
- *scene*: a character declines ("I refuse to sell", "I will not answer that"): it plays its part.

What declines the task is no refusal within the scene, whatever else it says.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from analysis.evidence.lexicon import plain, rows

EVIDENCE = "T"

KINDS = ("task", "scene")


@cache
def _expressions() -> dict[str, tuple[re.Pattern[str], ...]]:
    macros: dict[str, str] = {}
    found: dict[str, list[re.Pattern[str]]] = {kind: [] for kind in KINDS}
    for kind, *rest in rows("refusals.tsv"):
        if kind == "macro":
            macros[rest[0]] = rest[1]
            continue
        expression = rest[0]
        for name, replacement in macros.items():
            expression = expression.replace(f"<{name}>", replacement)
        found[kind].append(re.compile(expression))
    return {kind: tuple(patterns) for kind, patterns in found.items()}


@lru_cache(maxsize=1 << 16)
def declines(text: str) -> str | None:
    """What a line declines: "task", "scene", or None.

    >>> declines("I'm sorry, but I can't help with that.")
    'task'
    >>> declines("I refuse to sell the spring."), declines("I can't help laughing.")
    ('scene', None)
    """
    lowered = plain(text)
    for kind, patterns in _expressions().items():
        if any(pattern.search(lowered) for pattern in patterns):
            return kind
    return None
