"""The dialogue acts of the exact stage, and the grid of stances.

``repeat`` says an earlier line again. The grammar realises every other act in words.
"""

from __future__ import annotations

ACTS = (
    "assert",
    "rebut",
    "concede",
    "agree",
    "question",
    "hedge",
    "platitude",
    "insult",
    "reveal",
    "disclaim",
    "narrate",
    "repeat",
)
"""Every act, in the order in which tables list them."""

ACT_INDEX = {act: index for index, act in enumerate(ACTS)}

STANCED = frozenset({"assert", "rebut", "concede", "agree", "hedge", "reveal"})
"""Acts whose lines state the speaker's stance."""

LEVELS = 9
"""G, the number of levels of a stance on [-1, 1]: -1, -0.75, ..., 1."""

GRID = tuple(-1.0 + 2.0 * level / (LEVELS - 1) for level in range(LEVELS))
"""The stance at each level."""
