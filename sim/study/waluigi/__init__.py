"""The Waluigi number: does a nice character turn nasty more easily than a nasty one turns nice?

An actor's own earlier lines are replaced by lines of its opposite, a few or many, and then some
lines of its own follow. What the model then thinks likelier, the next line of the opposite or its
own, is read from log-probabilities; nothing is sampled. ``bank`` has the personas and their lines,
``grammar_lines`` those for the embedded stage, ``design`` makes prompts of them, ``asking`` asks a
stage, ``results`` is the file that comes of it, ``figure`` the phase diagram. The statistics are in
``analysis.waluigi``.
"""
