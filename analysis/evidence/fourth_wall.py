"""Whether a line steps out of its scene: "this is a simulation", "I am an AI", "the script says".

*Evidence*: T. Six families of expressions (``tables/fourth_wall.tsv``): the speaker says that it is
a machine, that what happens is a simulation or a fiction, that it is a test; it speaks of a script
or of the scene as one, of acting a part, of a prompt. An expression has to be bound to the speaker,
to "us" or to "this": "my script fails", "we ran a simulation of the river" and "I'm no machine" are
ordinary talk.

*Error.* False alarms on talk of people and what is found of lines that were not used to write the
expressions: ``docs/validity-details.md``, "Stepping out of the scene".

*References.* Goffman, Frame Analysis, 1974 (breaking frame); for models that notice evaluation see
Needham et al., arXiv 2505.23836.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from analysis.evidence.lexicon import plain, rows

EVIDENCE = "T"

FAMILIES = ("machine", "simulation", "test", "script", "acting", "prompt")

_NAMED = {
    "machine": r"\b(?:a\.?i\.?|artificial|robots?|androids?|machine|computer|chat ?bot|assistant"
    r"|language model|program)\b",
    "simulation": r"\b(?:simulat\w+|fiction\w*|game|role-? ?play\w*|dream)\b",
    "test": r"\b(?:test\w*|experiment\w*|examin\w+|evaluat\w+|psycholog\w+)\b",
    "script": r"\b(?:scripts?|scenes?|plays?|playwright|author|writer|novelist|director|story)\b",
    "acting": r"\b(?:actors?|actress\w*|acting|player|theatre|theater|stage|roles?|director)\b",
    "prompt": r"\b(?:prompt\w*|a\.?i\.?|artificial|assistant|language model|program\w*|robots?)\b",
}
"""Of what a persona has to speak for a family to be in character."""


@cache
def _expressions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    macros: dict[str, str] = {}
    found = []
    for kind, *rest in rows("fourth_wall.tsv"):
        if kind == "macro":
            name, expression = rest
        else:
            [expression] = rest
        for known, replacement in macros.items():
            expression = expression.replace(f"<{known}>", replacement)
        if kind == "macro":
            macros[name] = expression
        else:
            found.append((kind, re.compile(expression)))
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def steps_out(text: str) -> tuple[str, ...]:
    """The families by which a line steps out of its scene; none if it stays.

    >>> steps_out("As an AI, I cannot vote. This is just a simulation.")
    ('machine', 'simulation')
    >>> steps_out("We ran a simulation of the river, and my script failed.")
    ()
    """
    lowered = plain(text)
    hits = {family for family, pattern in _expressions() if pattern.search(lowered)}
    return tuple(family for family in FAMILIES if family in hits)


@lru_cache(maxsize=1 << 12)
def in_character(description: str) -> frozenset[str]:
    """The families of which a persona may speak without stepping out, by its description.

    >>> sorted(in_character("An android who serves tea."))
    ['machine']
    """
    lowered = plain(description)
    return frozenset(family for family, words in _NAMED.items() if re.search(words, lowered))
