"""Runs: carrying out a plan, with a store, a watcher and a report."""

from sim.runs.ask import Asked, AskReport, ask
from sim.runs.estimate import Estimate, estimate
from sim.runs.report import InDoubt, Paymaster, RunReport, TrialResult, Watcher
from sim.runs.run import run

__all__ = [
    "AskReport",
    "Asked",
    "Estimate",
    "InDoubt",
    "Paymaster",
    "RunReport",
    "TrialResult",
    "Watcher",
    "ask",
    "estimate",
    "run",
]
