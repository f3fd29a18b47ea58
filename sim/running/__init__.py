"""Runs: carrying out a plan, with a store, a watcher and a report."""

from sim.running.report import InDoubt, RunReport, TrialResult, Watcher
from sim.running.run import run

__all__ = ["InDoubt", "RunReport", "TrialResult", "Watcher", "run"]
