"""Statistics that measures share: intervals and tests, one subject a file, each with its source.

A function returns NaN where the data do not suffice: a single scene has no interval. The names of
everyday use are here; effect sizes, agreement, incidence and models of switching are imported from
their own modules. How often each interval covers, and how often each test alarms for nothing:
``benchmarks.validity.coverage``.
"""

from analysis.stats.components import between_groups
from analysis.stats.information import entropy, entropy_interval
from analysis.stats.interval import UNKNOWN, Floats, Interval
from analysis.stats.means import (
    beyond,
    bounded_mean_interval,
    difference,
    few_and_skewed,
    mean_interval,
    paired_difference,
)
from analysis.stats.multiplicity import benjamini_hochberg, holm
from analysis.stats.permutation import least_p, max_t, permuted, sign_flip
from analysis.stats.resampling import (
    cluster_bootstrap,
    hierarchical_bootstrap,
    jackknife,
    jackknife_ratio,
)
from analysis.stats.shares import beta_interval, clopper_pearson, share_of
from analysis.stats.survival import restricted_mean_time

__all__ = [
    "UNKNOWN",
    "Floats",
    "Interval",
    "benjamini_hochberg",
    "beta_interval",
    "between_groups",
    "beyond",
    "bounded_mean_interval",
    "clopper_pearson",
    "cluster_bootstrap",
    "difference",
    "entropy",
    "entropy_interval",
    "few_and_skewed",
    "hierarchical_bootstrap",
    "holm",
    "jackknife",
    "jackknife_ratio",
    "least_p",
    "max_t",
    "mean_interval",
    "paired_difference",
    "permuted",
    "restricted_mean_time",
    "share_of",
    "sign_flip",
]
