"""The figures of a report: one subject a file, each a function from material to figures.

A function gives no figure where a store has nothing to draw.
"""
