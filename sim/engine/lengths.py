"""How long a turn may be: what is heard of one that is too long."""

from __future__ import annotations

import re

from sim.scene.routing.base import Limit

_WORD = re.compile(r"\S+")


def limited(text: str, limit: Limit) -> tuple[str, str, int]:
    """What is heard of a text, what is not, and how many words it was too long.

    >>> limited("It is late, and dark.", Limit(3)), limited("It is late.", Limit(3))
    (('It is late,', 'and dark.', 2), ('It is late.', '', 0))
    >>> limited("It is late, and dark.", Limit(3, "noted"))
    ('It is late, and dark.', '', 2)
    """
    if limit.words is None:
        return text, "", 0
    words = list(_WORD.finditer(text))
    over = len(words) - limit.words
    if over <= 0:
        return text, "", 0
    if limit.beyond == "noted":
        return text, "", over
    if limit.beyond == "struck":
        return "", text, over
    return text[: words[limit.words - 1].end()], text[words[limit.words].start() :], over
