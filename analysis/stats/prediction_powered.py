"""Few labels and many predictions: prediction-powered estimates of means, shares and rates.

*Evidence*: predictions (a judge's scores) of all units, and true values of a few that were drawn
with known probabilities.

*Estimate.* Each unit gets a pseudo-value, m + d (y - m) / p: m is what the prediction says of it,
d is 1 if it was drawn, p the probability with which it was, y its label. Whatever m is, the mean
over the draw is the unit's true value, so a judge that is biased, or worse in one arm, moves
nothing; a judge that is good makes d (y - m) small, and the interval narrow. m is a straight line
in the prediction, fitted to the labels by least squares with the weights (1 - p) / p^2, which
minimise the variance that the draw adds; its slope is the lambda of PPI++. The line for a unit is
fitted without the labels of the unit's fold, since a line that has seen y would underrate y - m. A
rate, sum of events / sum of time at risk, has pseudo-values above and below with one slope for
both, that of (event - rate x at risk); their ratio is the root of
sum (event - rate x at risk) = 0 with the rectifier.

*Interval.* Influences are summed by cluster (a scene); the limits are Student's with g - 1 degrees
of freedom, for g clusters in which something was labelled. For a share they are made on the scale
of the logit, for a rate on that of the logarithm, since estimates near 0 are skewed.

*Unequal draws.* Where lines are drawn seldom, one in which judge and label differ counts much, and
may well not be among the labels, which then show no variance. So the variance has that of half such
a line added (as Jeffreys' prior adds half an event), beyond what it would be in a simple draw:
(w^2 - v^2) / 2 N^2 for the largest and the mean of 1 / p. Without it intervals of rare shares
covered in 84% of simulated draws. A simple draw has nothing added.

*Few events.* With fewer than ``ENOUGH`` labels other than the commonest value the normal theory of
all this fails, and there is no repaired interval (``enough``). ``from_labels`` then gives the
interval of Korn and Graubard from labels alone: that of Clopper and Pearson for as many
observations as the labels are worth in spite of weights and clusters.

*Width.* Without clusters the width is sqrt(1 - r^2 (1 - n / N)) of that from n labels alone, for N
units and the correlation r of labels and predictions.

*References.* Angelopoulos et al., Science 382, 2023; Angelopoulos, Duchi and Zrnic, arXiv
2311.01453 (PPI++); Zrnic and Candes, arXiv 2403.03208 (draws by known probabilities);
Robins, Rotnitzky and Zhao, JASA 89, 1994, and Sarndal, Swensson and Wretman, Model Assisted
Survey Sampling, 1992 (the same estimate before it had this name); Korn and Graubard, Survey
Methodology 24, 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isnan, log, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval

ENOUGH = 10
"""Labels other than the commonest value, from which on a repaired interval is given."""

FOLDS = 10
"""Parts of the labels, of which one at a time is left out of the fit."""

LINE = 10
"""Labelled units from which on a line is fitted to them."""

Scale = Literal["plain", "logit", "log"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Units, of which some were drawn and labelled; arrays of shape (n).

    ``above`` are the labels, NaN where there is none; ``predicted`` is what a judge says of each
    unit instead. ``probabilities`` are those with which each was drawn, in (0, 1]; only those of
    labelled units are read. ``clusters`` names the cluster of each unit. For a rate, ``below`` is
    the time at risk that goes with each label, NaN where ``above`` is, and ``predicted_below`` what
    a judge says instead; None for means and shares.

    Raises ValueError for shapes that differ, a prediction that is missing, or a probability of a
    labelled unit outside (0, 1].
    """

    above: Floats
    predicted: Floats
    probabilities: Floats
    clusters: Sequence[object]
    below: Floats | None = None
    predicted_below: Floats | None = None

    def __post_init__(self) -> None:
        parts = [self.above, self.predicted, self.probabilities]
        if (self.below is None) != (self.predicted_below is None):
            raise ValueError("time at risk and its prediction belong together")
        if self.below is not None and self.predicted_below is not None:
            parts += [self.below, self.predicted_below]
        if any(part.shape != (len(self.clusters),) for part in parts):
            raise ValueError("labels, predictions, probabilities and clusters differ in number")
        if self.below is not None and (np.isnan(self.below) != np.isnan(self.above)).any():
            raise ValueError("time at risk is to be missing where the label is")
        if np.isnan(self.predicted).any() or (
            self.predicted_below is not None and np.isnan(self.predicted_below).any()
        ):
            raise ValueError("a prediction is missing")
        chance = self.probabilities[self.labelled]
        if not ((chance > 0) & (chance <= 1)).all():
            raise ValueError("the probability of a labelled unit is not in (0, 1]")

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which units have a label, shape (n)."""
        return np.asarray(~np.isnan(self.above))

    @property
    def events(self) -> int:
        """Labels other than the commonest value, or the events of a rate. Of labels between 0 and
        1, which several people gave, those of one half and more count as 1."""
        values = self.above[self.labelled]
        if len(values) == 0:
            return 0
        if self.below is not None:
            return int(values.sum())
        if ((values >= 0) & (values <= 1)).all():
            values = (values >= 0.5).astype(np.float64)
        _, counts = np.unique(values, return_counts=True)
        return int(len(values) - counts.max())


@dataclass(frozen=True, slots=True)
class Powered:
    """An estimate and what each cluster adds to it.

    ``influence`` are the clusters' shares in the error of the estimate, by the name of the cluster;
    they sum to 0. ``freedom`` is the number of labelled clusters less 1, ``unseen`` the variance of
    what an unequal draw may have missed.
    """

    estimate: float
    influence: dict[object, float]
    freedom: int
    unseen: float = 0.0

    @property
    def variance(self) -> float:
        """The cluster-robust variance; NaN with fewer than two labelled clusters."""
        if self.freedom < 1:
            return nan
        values = np.array(list(self.influence.values()))
        return float(values @ values) * (self.freedom + 1) / self.freedom + self.unseen

    def interval(self, scale: Scale = "plain", level: float = 0.95) -> Interval:
        """Student's limits, on the scale of the logit or the logarithm if that is wanted."""
        value, variance = self.estimate, self.variance
        if isnan(value) or isnan(variance) or variance == 0:
            return Interval(value, nan, nan)
        half = float(special.stdtrit(self.freedom, (1 + level) / 2)) * sqrt(variance)
        if scale == "logit" and 0 < value < 1:
            centre, half = log(value / (1 - value)), half / (value * (1 - value))
            return Interval(value, float(special.expit(centre - half)),
                            float(special.expit(centre + half)))  # fmt: skip
        if scale == "log" and value > 0:
            half = min(half / value, 700.0)  # Beyond it exp is infinite.
            return Interval(value, value * exp(-half), value * exp(half))
        return Interval(value, value - half, value + half)


def enough(sample: Sample) -> bool:
    """Whether there are labels enough for a repaired interval."""
    return sample.events >= ENOUGH and int(sample.labelled.sum()) >= LINE


def repaired(sample: Sample, seed: int = 0) -> Powered:
    """The prediction-powered estimate; NaN with fewer than ``LINE`` labels. ``seed`` draws the
    folds.

    >>> generator = np.random.default_rng(0)
    >>> truth = (generator.random(4000) < 0.3).astype(float)
    >>> judge = np.where(generator.random(4000) < 0.9, truth, 1.0)  # sees too much
    >>> labels = np.where(generator.random(4000) < 0.1, truth, np.nan)
    >>> sample = Sample(labels, judge, np.full(4000, 0.1), list(range(4000)))
    >>> found = repaired(sample).interval("logit")
    >>> round(float(judge.mean()), 2), round(found.estimate, 2), found.low < 0.3 < found.high
    (0.37, 0.28, True)
    """
    labelled = sample.labelled
    if labelled.sum() < LINE:
        return Powered(nan, {}, -1)
    above, below = np.zeros(len(labelled)), np.ones(len(labelled))
    fold = _folds(labelled, seed)
    for each in range(int(fold.max()) + 1):
        here = fold == each
        fitted = labelled & ~here
        slope = _slope(sample, fitted)
        above[here] = _pseudo(sample, sample.above, sample.predicted, slope, (fitted, here))
        if sample.below is not None and sample.predicted_below is not None:
            below[here] = _pseudo(
                sample, sample.below, sample.predicted_below, slope, (fitted, here)
            )
    return _ratio(above, below, sample)


def labels_alone(sample: Sample) -> Powered:
    """The estimate from labels alone, each weighed by 1 / probability; NaN without labels."""
    labelled = sample.labelled
    if not labelled.any():
        return Powered(nan, {}, -1)
    weight = np.zeros(len(labelled))
    weight[labelled] = 1 / sample.probabilities[labelled]
    below = np.ones(len(weight)) if sample.below is None else np.nan_to_num(sample.below)
    return _ratio(weight * np.nan_to_num(sample.above), weight * below, sample)


def from_labels(sample: Sample, level: float = 0.95) -> Interval:
    """Korn and Graubard's interval of a share or of a rate below 1, from labels alone.

    Clopper and Pearson's for as many observations as the labels are worth: n / (design effect),
    and with few clusters fewer by (t with n - 1 / t with g - 1 degrees of freedom)^2. With no
    event, or nothing else, no design effect can be seen, and each cluster counts once. No limits
    with fewer than two labelled clusters, or for labels that are no shares.
    """
    labelled = sample.labelled
    plain = labels_alone(sample)
    share = plain.estimate
    values = sample.above[labelled]
    if plain.freedom < 1 or isnan(share):
        return Interval(share, nan, nan)
    if not 0 <= share <= 1 or (sample.below is None and not ((values >= 0) & (values <= 1)).all()):
        return Interval(share, nan, nan)
    if share in (0, 1):
        count = float(plain.freedom + 1)
    else:
        size = float(len(values) if sample.below is None else np.nansum(sample.below))
        count = min(size, share * (1 - share) / plain.variance) if plain.variance > 0 else size
        tail = (1 + level) / 2
        few = float(special.stdtrit(max(size - 1, 1), tail) / special.stdtrit(plain.freedom, tail))
        count *= few**2
    some, tail = share * count, (1 - level) / 2
    low = float(special.betaincinv(some, count - some + 1, tail)) if some > 0 else 0.0
    high = float(special.betaincinv(some + 1, count - some, 1 - tail)) if some < count else 1.0
    return Interval(share, low, high)


def difference(
    one: Powered, other: Powered, *, paired: bool = False, level: float = 0.95
) -> Interval:
    """The first estimate less the second, with Student's limits.

    ``paired``: clusters of the same name belong together (scenes of one seed), and both have the
    same names; the limits have g - 1 degrees of freedom. Else the two are independent, and the
    degrees are those of Welch and Satterthwaite. Raises ValueError if pairs have different names.
    """
    estimate = one.estimate - other.estimate
    if paired:
        if one.influence.keys() != other.influence.keys():
            raise ValueError("pairs need the same clusters on both sides")
        both = {name: value - other.influence[name] for name, value in one.influence.items()}
        least, unseen = min(one.freedom, other.freedom), one.unseen + other.unseen
        return Powered(estimate, both, least, unseen).interval(level=level)
    parts = (one.variance, other.variance)
    total = parts[0] + parts[1]
    if isnan(total) or isnan(estimate) or total == 0:
        return Interval(estimate, nan, nan) if not isnan(estimate) else UNKNOWN
    freedom = total**2 / (parts[0] ** 2 / one.freedom + parts[1] ** 2 / other.freedom)
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * sqrt(total)
    return Interval(estimate, estimate - half, estimate + half)


def narrower(correlation: float, labels: int, units: int) -> float:
    """The width of a repaired interval as a share of that from labels alone, in theory and without
    clusters.

    >>> round(narrower(0.8, 100, 1000), 3)
    0.651
    """
    return sqrt(max(0.0, 1 - correlation**2 * (1 - labels / units)))


def _ratio(above: Floats, below: Floats, sample: Sample) -> Powered:
    """The ratio of two sums, and what each cluster adds to its error."""
    total = float(below.sum())
    names: dict[object, int] = {}
    place = np.array([names.setdefault(name, len(names)) for name in sample.clusters])
    labelled = len(np.unique(place[sample.labelled]))
    if total <= 0:
        return Powered(nan, {}, labelled - 1)
    estimate = float(above.sum()) / total
    sums = np.bincount(place, weights=(above - estimate * below) / total, minlength=len(names))
    influence = dict(zip(names, map(float, sums), strict=True))
    return Powered(estimate, influence, labelled - 1, _unseen(sample) / total**2)


def _unseen(sample: Sample) -> float:
    """What half an event more, of those drawn most seldom, adds to the variance of the sum, beyond
    what it would in a simple draw. Nothing for means, whose labels have no unit."""
    labelled = sample.labelled
    values = sample.above[labelled]
    if sample.below is None and not ((values >= 0) & (values <= 1)).all():
        return 0.0
    weight = 1 / sample.probabilities[labelled]
    # Of weights that are all alike the mean is rounded.
    return max(0.0, float(weight.max() ** 2 - weight.mean() ** 2) / 2)


def _folds(labelled: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    """The fold of each unit. Labelled ones are dealt evenly."""
    generator = np.random.default_rng(seed)
    many = min(FOLDS, int(labelled.sum()))
    fold = generator.integers(0, many, len(labelled))
    fold[labelled] = generator.permutation(int(labelled.sum())) % many
    return np.asarray(fold, dtype=np.intp)


def _weights(sample: Sample, fitted: NDArray[np.bool_]) -> Floats:
    """Weights of the fit, which sum to 1: how much each unit adds to the variance of the draw."""
    chance = sample.probabilities[fitted]
    weight = (1 - chance) / chance**2
    # Where everything was drawn the draw adds no variance, and any line is as good.
    weight = weight if weight.any() else np.ones(len(chance))
    return np.asarray(weight / weight.sum())


def _slope(sample: Sample, fitted: NDArray[np.bool_]) -> float:
    """The slope of labels in predictions; 0 if predictions are alike."""
    weight = _weights(sample, fitted)
    values, predicted = sample.above[fitted], sample.predicted[fitted]
    if sample.below is not None and sample.predicted_below is not None:
        chance = sample.probabilities[fitted]
        rate = float((values / chance).sum() / (sample.below[fitted] / chance).sum())
        values = values - rate * sample.below[fitted]
        predicted = predicted - rate * sample.predicted_below[fitted]
    apart = predicted - weight @ predicted
    spread = float(weight @ apart**2)
    if spread <= 1e-12 * max(1.0, float(np.abs(predicted).max()) ** 2):
        return 0.0
    return float(weight @ (apart * (values - weight @ values))) / spread


def _pseudo(
    sample: Sample, values: Floats, predicted: Floats, slope: float,
    parts: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> Floats:  # fmt: skip
    """The pseudo-values of the units ``here``, with a level from the units ``fitted``."""
    fitted, here = parts
    level = float(_weights(sample, fitted) @ (values[fitted] - slope * predicted[fitted]))
    found = level + slope * predicted[here]
    known = sample.labelled[here]
    found[known] += (values[here][known] - found[known]) / sample.probabilities[here][known]
    return np.asarray(found)
