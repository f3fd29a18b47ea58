"""The length limit of turns: what is heard of a turn that is too long."""

from __future__ import annotations

import re
from typing import NamedTuple

from sim.scene.routing.base import Limit

_WORD = re.compile(r"\S+")


class Limited(NamedTuple):
    """A text under a limit: what is heard, what is cut off, and by how many words it was over."""

    text: str
    cut: str
    over: int


def limited(text: str, limit: Limit) -> Limited:
    """Apply a limit to the text of a turn.

    >>> limited("It is late, and dark.", Limit(3))
    Limited(text='It is late,', cut='and dark.', over=2)
    >>> limited("It is late, and dark.", Limit(3, "noted"))
    Limited(text='It is late, and dark.', cut='', over=2)
    """
    if limit.words is None:
        return Limited(text, "", 0)
    words = list(_WORD.finditer(text))
    over = len(words) - limit.words
    if over <= 0:
        return Limited(text, "", 0)
    if limit.beyond == "noted":
        return Limited(text, "", over)
    if limit.beyond == "struck":
        return Limited("", text, over)
    heard, cut = text[: words[limit.words - 1].end()], text[words[limit.words].start() :]
    return Limited(heard, cut, over)
