"""Verdicts of judges: what came of a contest, and what the judges are like.

``results`` takes verdicts as they are, ``adjusted`` without the judges' biases and with the better
judges in front; ``panel`` says how far judges agree, and what sways each.
"""

from __future__ import annotations

from analysis.judging.adjusting import adjusted as adjusted
from analysis.judging.biases import Bias as Bias
from analysis.judging.biases import biases as biases
from analysis.judging.design import Rows as Rows
from analysis.judging.design import rows as rows
from analysis.judging.panel import Panel as Panel
from analysis.judging.panel import judgements as judgements
from analysis.judging.panel import panel as panel
from analysis.judging.results import pairs as pairs
from analysis.judging.results import results as results

__all__ = [
    "Bias", "Panel", "Rows", "adjusted", "biases", "judgements", "pairs", "panel", "results",
    "rows",
]  # fmt: skip
