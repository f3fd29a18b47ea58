"""Ratings under other weights of the clusters: how sure a rank is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.bradley_terry import Fit, solve
from analysis.stats import Floats

BLOCK = 3_200_000


def replicates(fit: Fit, count: int, seed: int) -> Iterator[Floats]:
    model = fit.model
    clusters = model.cells.clusters
    shape = (clusters - 2) / clusters
    generator = np.random.default_rng(seed)
    wide = max(len(model.cells.count), model.size**2, clusters * model.size if model.spread else 0)
    size = max(1, BLOCK // wide)
    jobs=[]
    for first in range(0, count, size):
        many = min(size, count - first)
        weights = generator.standard_gamma(shape, (many, clusters))
        weights *= clusters / weights.sum(axis=1, keepdims=True)
        jobs.append(weights)
    error=np.sqrt(np.diag(fit.covariance)); tol=float(np.median(error[error>0]))/10
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(1) as pool:
        for found in pool.map(lambda w: solve(model, w, fit.solved, tolerance=tol, refresh=0.3), jobs):
            yield found.parameters
