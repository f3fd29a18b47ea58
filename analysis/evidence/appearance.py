"""Who speaks in a line: the persona, its opposite, an assistant, a partner, a stranger, nobody.

*Evidence*: T: words that only the opposite or an assistant would say, lines that are repeated,
speakers who are not in the cast. Most lines fit several characters and count for the persona.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.evidence.repetition import alike, shingles
from analysis.evidence.text import assistant, opposite, score

WHO = ("self", "opposite", "assistant", "partner", "loop", "stranger", "nobody")
"""Who can appear: the persona, its opposite, the assistant, a partner whose line is repeated, the
persona repeating itself, a speaker who is not in the cast, or nobody (a refusal)."""


def who_speaks(
    text: str,
    speaker: str,
    kindness: float,
    before: Sequence[tuple[str, str]],
    *,
    strangers: bool = False,
) -> str:
    """Who speaks in a line of ``speaker``, one of ``WHO``, judged by its words alone.

    ``kindness`` is how much kinder the speaker's persona is than its opposite
    (``evidence.text.kindness``), ``before`` the earlier lines, each with who said it, ``strangers``
    whether somebody outside the cast spoke in the reply.

    >>> who_speaks("As an AI language model, I have no opinions.", "Ada", 1.0, [])
    'assistant'
    >>> who_speaks("The spring is ours.", "Ada", 1.0, [("Ben", "The spring is ours!")])
    'partner'
    """
    if not text:
        return "nobody"
    if strangers:
        return "stranger"
    scores = score(text)
    if assistant(scores) > 0:
        return "assistant"
    if opposite(scores, kindness) > 0:
        return "opposite"
    own = shingles(text)
    for name, earlier in reversed(before):
        if alike(own, shingles(earlier)):
            return "loop" if name == speaker else "partner"
    return "self"
