"""Verdicts of judges: the results of a contest, and the properties of its judges.

``results`` uses verdicts as they are. ``adjusted`` removes the biases of judges and gives more
weight to the more reliable ones. ``panel`` measures how far judges agree, and the biases of each.
"""

from __future__ import annotations

from analysis.tournaments.judges.adjustment import adjusted as adjusted
from analysis.tournaments.judges.biases import Bias as Bias
from analysis.tournaments.judges.biases import biases as biases
from analysis.tournaments.judges.design import Rows as Rows
from analysis.tournaments.judges.design import rows as rows
from analysis.tournaments.judges.panel import Panel as Panel
from analysis.tournaments.judges.panel import judgements as judgements
from analysis.tournaments.judges.panel import panel as panel
from analysis.tournaments.results import pairs as pairs
from analysis.tournaments.results import results as results

__all__ = [
    "Bias", "Panel", "Rows", "adjusted", "biases", "judgements", "pairs", "panel", "results",
    "rows",
]  # fmt: skip
