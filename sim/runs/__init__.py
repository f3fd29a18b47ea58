"""Runs: playing planned trials, forking stored ones, asking actors afterwards, estimating before.

``options`` says how trials are carried out, ``executors`` where. ``session`` is what all have in
common: the open store, the stages and their accounts.
"""
