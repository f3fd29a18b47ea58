"""A report on a store: the answer in words, figures with their numbers, and the turns behind them.

``material`` measures, once; ``answer`` says what was found; each file of ``figures`` makes figures
of one subject; ``examples`` chooses the trials that stand behind sentences; ``document`` puts all
on a page. How things look is in ``sim.html``, which knows no measure.
"""
