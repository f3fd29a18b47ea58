"""Verdicts of judges: what came of a contest, and what the judges are like."""

from __future__ import annotations

from analysis.judging.results import results as results

__all__ = ["results"]
