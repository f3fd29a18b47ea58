"""Runs: carrying out a plan, going on from a stored trial, asking afterwards, estimating before.

``options`` says how; ``session`` is what all of them have in common; ``executors`` where.
"""
