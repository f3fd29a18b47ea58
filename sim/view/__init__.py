"""The viewer: the trials of a store in a browser, for this machine alone (``docs/viewer.md``).

``library`` reads the store, ``pages`` draw it with ``sim.html``, ``app`` has the addresses and
``guard`` what may reach them. Nothing is measured here: the command gives the measures
(``readings``), as it may import ``analysis``. Forks are played by a process of their own
(``forks``), labels and notes are kept in a file beside the store (``notes``).
"""
