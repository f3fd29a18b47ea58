"""The frames of the worded acts: paragraphs with slots.

The slots are ``{name}`` the addressee, ``{self}`` the speaker, ``{point}`` a talking point of the
speaker, ``{heard}`` the point just heard, ``{topic}`` the motion, and ``{stance}`` a whole sentence
that states the stance (at the start or at the end of every frame of a stanced act).

In a block of frames a blank line ends a frame. Frames of an act with an even index are its *build*
half, those with an odd index its *held* half; the two frames of a pair have the same function in
different words.

>>> FRAMES["narrate"][0]
'({self} folds the map along the old creases and says nothing.)'
"""

from __future__ import annotations

from sim.stage.exact.frames.arguing import ASSERT, REBUT
from sim.stage.exact.frames.meeting import AGREE, CONCEDE, HEDGE
from sim.stage.exact.frames.outside import DISCLAIM, NARRATE
from sim.stage.exact.frames.striking import INSULT, REVEAL
from sim.stage.exact.frames.talking import PLATITUDE, QUESTION


def _paragraphs(block: str) -> tuple[str, ...]:
    return tuple(" ".join(paragraph.split()) for paragraph in block.strip().split("\n\n"))


FRAMES: dict[str, tuple[str, ...]] = {
    "assert": _paragraphs(ASSERT),
    "rebut": _paragraphs(REBUT),
    "concede": _paragraphs(CONCEDE),
    "agree": _paragraphs(AGREE),
    "question": _paragraphs(QUESTION),
    "hedge": _paragraphs(HEDGE),
    "platitude": _paragraphs(PLATITUDE),
    "insult": _paragraphs(INSULT),
    "reveal": _paragraphs(REVEAL),
    "disclaim": _paragraphs(DISCLAIM),
    "narrate": _paragraphs(NARRATE),
}
"""The frames of every worded act, in the order of ``ACTS``."""
