"""Cluster-robust variances of a fit, honest with few clusters.

Scores of a cluster may depend on one another in any way; clusters are independent. The variance is
CR2 (Bell and McCaffrey, Survey Methodology 28, 2002), unbiased where the model's own variance is
right, with Satterthwaite's degrees of freedom for Student's quantile (Pustejovsky and Tipton,
Journal of Business and Economic Statistics 36, 2018). Everything is done in the space of the
parameters: with M the covariance, C the information and s the score of a cluster, its adjusted
influence is S (I - S C S)^(-1/2) S s, where S S = M.

Where there are many clusters the adjustment is next to nothing and dear: then CR1, with
Student's quantile of G - 1 degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.bradley_terry import Fit
from analysis.stats import Floats

MANY = 500
"""From so many clusters on, CR1."""
DEAR = 1e9
"""Or from so many clusters times cubed parameters on."""


@dataclass(frozen=True, slots=True)
class Robust:
    """Influence of each cluster on each parameter (clusters, p): the variance is the sum of its
    squares. ``freedom`` are the degrees of freedom of each parameter's variance."""

    influence: Floats
    freedom: Floats


def robust(fit: Fit) -> Robust:
    scores, information = parts(fit)
    count, size = scores.shape
    values, vectors = np.linalg.eigh(fit.covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    influence = np.empty_like(scores)
    pulls = np.empty((count, size, size))
    alone = np.empty((count, size))
    for place in range(count):
        share, axes = np.linalg.eigh(root @ information[place] @ root)
        share = np.clip(share, 0.0, 1.0)
        left = np.where(share < 1 - 1e-6, 1 - share, np.inf)
        seen = axes.T @ root
        influence[place] = seen.T @ ((seen @ scores[place]) / np.sqrt(left))
        pulls[place] = seen.T @ ((share / np.sqrt(left))[:, None] * axes.T)
        alone[place] = (share / left) @ seen**2
    freedom = np.empty(size)
    for place in range(size):
        pull = pulls[:, place]
        joint = np.diag(alone[:, place]) - pull @ pull.T
        freedom[place] = np.trace(joint) ** 2 / np.sum(joint**2)
    return Robust(influence, freedom)


def parts(fit: Fit) -> tuple[Floats, Floats]:
    """Score (clusters, p) and information (clusters, p, p) of each cluster."""
    model = fit.model
    table = model.cells
    moments = model.moments(fit.parameters[None], fit.own[None])
    order = np.argsort(table.cluster, kind="stable")
    cuts = np.searchsorted(table.cluster[order], np.arange(table.clusters + 1))
    scores = np.zeros((table.clusters, model.size))
    information = np.zeros((table.clusters, model.size, model.size))
    linear = table.entrants + table.effects.shape[1]
    rest = table.score - table.count * moments.mean[0]
    variance = table.count * moments.variance[0]
    for place in range(table.clusters):
        rows = order[cuts[place] : cuts[place + 1]]
        design = np.zeros((len(rows), linear))
        alone = np.arange(len(rows))
        design[alone, table.first[rows]] = 1
        design[alone, table.second[rows]] = -1
        design[:, table.entrants :] = table.effects[rows]
        scores[place, :linear] = rest[rows] @ design
        information[place, :linear, :linear] = (design.T * variance[rows]) @ design
        if model.davidson:
            count = table.count[rows]
            scores[place, -1] = (table.ties[rows] - count * moments.tie[0, rows]).sum()
            information[place, -1, :linear] = (count * moments.covariance[0, rows]) @ design
            information[place, :linear, -1] = information[place, -1, :linear]
            information[place, -1, -1] = count @ moments.tie_variance[0, rows]
    if model.spread:
        scaled = fit.cross / np.sqrt(fit.own_information)[:, None]
        information -= scaled[:, :, None] * scaled[:, None, :]
    return scores, information
