"""How well a model foretells stances in scenes that it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.opinions.fit import fit
from analysis.opinions.likelihood import Likelihood
from analysis.opinions.models import Kind, Susceptibility
from analysis.opinions.panel import Panel
from analysis.stats import Floats

FOLDS = 5


def held_out(
    panel: Panel,
    kinds: Sequence[Kind],
    susceptibility: Susceptibility = "actor",
    folds: int = FOLDS,
) -> dict[Kind, Floats]:
    """The mean squared error of each scene's answers, foretold one wave ahead, by model.

    The scenes are parted in ``folds``; a model is fitted to the others, noise included, and
    foretells each wave of the scene from the answers before it in that scene (the Kalman filter's
    prediction: Kalman 1960). The first wave is given. *stay* is a model among the others: that
    answers are noisy is in its fit as well, so that it is a harder baseline than the last answer.
    NaN for a scene whose wording of the motion the others do not have.

    >>> generator = np.random.default_rng(0)
    >>> thought = np.cumsum(generator.normal(0, 0.1, (40, 5, 2)), axis=1)
    >>> panel = Panel.of(thought + generator.normal(0, 0.1, thought.shape))
    >>> errors = held_out(panel, ["stay", "friedkin_johnsen"])
    >>> bool(errors["stay"].mean() < errors["friedkin_johnsen"].mean())
    True
    """
    places = np.arange(len(panel.scenes))
    found: dict[Kind, Floats] = {}
    for kind in kinds:
        squares = np.full(len(places), np.nan)
        whole = fit(panel, kind, susceptibility)
        for fold in range(folds):
            test, rest = places[places % folds == fold], places[places % folds != fold]
            others = panel.part(rest)
            same = np.array_equal(np.unique(others.sign), np.unique(panel.sign))
            fitted = fit(others, kind, susceptibility, start=whole.parameters if same else None)
            known = np.isin(panel.sign[test], fitted.likelihood.signs)
            if not known.any():
                continue
            likelihood = Likelihood(
                panel.part(test[known]), fitted.likelihood.plane, fitted.likelihood.signs
            )
            errors = likelihood.errors(fitted.parameters)
            squares[test[known]] = np.nanmean(errors**2, axis=(1, 2))
        found[kind] = squares
    return found
