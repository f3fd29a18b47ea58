"""Runs: carrying out a plan, with a store, a watcher and a report."""

from sim.running.asking import Asked, AskReport, ask
from sim.running.company import run
from sim.running.estimating import Estimate, estimate
from sim.running.report import InDoubt, Paymaster, RunReport, TrialResult, Watcher

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
