"""The scenarios that ship: one file per experiment, each with its source and the known result.

A scenario is a plain function with typed, defaulted keyword parameters that returns a ``Scene``.
Its file has its name.
"""
