"""Audits: the verdict of a study again in equivalent worlds (``sim.planning.worlds``).

Laid out (``design``), registered and played, measured (``verdicts``), put on a page (``page``), and
kept so that the study's own verdict has its sentence (``registration``).
"""
