"""Studies that ship: one file each, with the hypothesis, its source, and what would refute it.

``elsinore study NAME`` plays one. Each names its measures beforehand, and has twins on the embedded
stage in which the effect is planted, or absent.
"""
