"""The names of the measures. None of them is loaded, and no pandas, to say what there is."""

from __future__ import annotations

import analysis
from analysis import measures
from sim import extensions


def own() -> list[str]:
    """The names of Elsinore's own measures. None of them is loaded.

    >>> "convergence" in own()
    True
    """
    return [name for name in measures.__all__ if name in analysis.__all__]


def names() -> list[str]:
    """The names of all measures: ours, then those of other packages. None of them is loaded."""
    ours = own()
    return [*ours, *extensions.names("measures", ours)]
