"""Figures, drawn by ourselves: lines with bands, steps, heat maps, forests, graphs.

``drawing`` has the few shapes that all are made of. ``svg`` writes them for a page or a file,
``paper`` for PDF and PNG, if matplotlib is there. The rest put numbers on them; each is drawn for a
width, since a figure that is made smaller has letters that nobody reads.
"""
