"""A few labels by people: drawn blind, read back with their agreement, and used to repair a judge.

    drawn = labels.draw(data, labels.Question("Is this line hostile?", ("yes", "no")), "labels",
                        instruments=["conflict.hostility"])
    ...                                    # people code: elsinore label code labels --coder kim
    read = labels.read("labels")
    read.agreement, read.repair().by_arm   # Krippendorff's alpha; the judge's estimates, repaired

Which lines are drawn is decided by known probabilities (``sample``); a coder sees the line, what
was said before it, and nothing that tells the arm or a judge's score (``sheet``); what is drawn
lies in a folder with the key beside it (``folder``); labels of the viewer, which are not blind,
become such a folder that repairs nothing (``marked``); estimates are repaired by prediction-powered
inference (``repair``, ``analysis.stats.prediction_powered``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from analysis.labels.coded import Labels as Labels
    from analysis.labels.coded import choose_threshold as choose_threshold
    from analysis.labels.coded import read as read
    from analysis.labels.drawing import Drawn as Drawn
    from analysis.labels.drawing import draw as draw
    from analysis.labels.folder import Answers as Answers
    from analysis.labels.folder import read_shown as read_shown
    from analysis.labels.marked import Mark as Mark
    from analysis.labels.marked import Marked as Marked
    from analysis.labels.marked import from_marks as from_marks
    from analysis.labels.repair import Repair as Repair
    from analysis.labels.sample import Plan as Plan
    from analysis.labels.sheet import Question as Question

_WHERE = {
    **dict.fromkeys(("Drawn", "draw"), "analysis.labels.drawing"),
    **dict.fromkeys(("Answers", "read_shown"), "analysis.labels.folder"),
    **dict.fromkeys(("Labels", "choose_threshold", "read"), "analysis.labels.coded"),
    **dict.fromkeys(("Mark", "Marked", "from_marks"), "analysis.labels.marked"),
    "Plan": "analysis.labels.sample",
    "Question": "analysis.labels.sheet",
    "Repair": "analysis.labels.repair",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
