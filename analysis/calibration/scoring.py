"""How good an instrument is, from what it said of planted talks and what was planted.

*Area under the curve.* Own turns from the plant on, against the same turns of the shams of the same
scene: where in the talk they stand tells nothing.

*Alarms.* Those of the instrument itself, or the turns at which its scores come to its threshold. A
threshold that nobody gave is fitted on half of the scenes: the smallest that at most one in ten
shams there would reach, with the correction for a new one (the k-th smallest of n largest scores,
k = ceil(0.9 (n + 1))); whatever depends on it is then reported on the other half.

    sensitivity      share of the plants with an alarm from a turn before the plant on
    sham alarms      share of the shams with an alarm from the same turn on: its curve at the end
    false alarms     alarms in shams, in 1,000 own turns
    F1               an alarm within one own turn of the plant finds it, any other is false; one
                     plant stands beside two shams
    delay            own turns from the plant to the alarm, where there was one

*Reliability.* Of an instrument that samples, the correlation of two askings, turn by turn. Of
another, the correlation, over talks, of its mean scores from the plant on when it is shown the odd
own turns alone and the even ones alone, corrected for half the length (Spearman 1910; Brown 1910).

*Sensitivity to planted swaps* is to an instructed, abrupt, whole change, and says little of a flip
that grows; no share that is found elsewhere is corrected by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, isnan, nan

import numpy as np
from numpy.typing import NDArray

from analysis.calibration.instruments.base import Instrument, Scored, rises
from analysis.calibration.talks import (
    DOSES,
    GROWN,
    GROWN_AS,
    MAIN,
    SHAMS,
    Planted,
    Shown,
    matching,
)
from analysis.stats import UNKNOWN, Floats, Interval, mean_interval
from analysis.stats.discrimination import (
    area_under_curve,
    over_clusters,
    rate_of,
    share_over_clusters,
)

LEVEL = 0.1
"""So many shams at most are to reach a threshold that is fitted."""

NEAR = 1
"""An alarm so many own turns from a plant finds it."""

LEAST_LIMIT = 0.55
"""The share of the exact limit is told where the limit itself is at least this."""

OWN, GIVEN, FITTED, TOO_FEW = "its own alarms", "given", "fitted on half", "too few shams"
"""Where alarms come from."""


@dataclass(frozen=True)
class Grown:
    """How an instrument does on what the exact stage's characters became by themselves: no prompt
    changed. ``events`` of ``talks`` actors became what it looks for."""

    events: int
    talks: int
    area: Interval
    limit: Interval
    share_of_limit: Interval
    sensitivity: Interval
    false_alarms: Interval


@dataclass(frozen=True)
class Calibration:
    """What an instrument's numbers are worth on one model.

    ``plan`` says what was played. ``scenes`` is how many plants its alarms were tried on, ``shams``
    how many shams. All areas and shares are in [0, 1]; ``false_alarms`` are in 1,000 own turns;
    ``any_alarm`` is the share of shams with an alarm at any turn: of a threshold that was fitted,
    at most 0.1 is expected. ``delay`` is in own turns. NaN is missing: no exact stage, no
    threshold, nothing to find.
    ``doses`` is the sensitivity by how strong a swap was, ``others`` the share of other plants with
    an alarm. ``compliance`` is how many plants the model followed at all, as ``complied_by`` read.
    """

    instrument: str
    version: str
    detects: str
    model: str
    stage: str
    plan: Mapping[str, object]
    alarms_by: str
    threshold: float
    scenes: int
    shams: int
    turns: int
    missing: float
    area: Interval
    length_area: Interval
    limit: Interval
    share_of_limit: Interval
    f1: Interval
    delay: Interval
    sensitivity: Interval
    sham_alarms: Interval
    any_alarm: Interval
    false_alarms: Interval
    reliability: Interval
    reliability_by: str
    compliance: Interval = UNKNOWN
    complied_by: str = ""
    sensitivity_if_complied: Interval = UNKNOWN
    doses: Mapping[str, Interval] = field(default_factory=dict)
    others: Mapping[str, Interval] = field(default_factory=dict)
    grown: Grown | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by."""
        return self.instrument, self.version, self.stage


@dataclass(frozen=True)
class Trialled:
    """What was played on one model, and what is known of it besides the talks themselves.

    ``lengths`` are the words of each own turn by talk; ``limits`` the exact stage's P(planted by
    this turn), by plant, for its talks and their shams; ``grown_limits`` the same by kind, of what
    grew; ``complied`` says by trial whether the model followed the plant.
    """

    model: str
    stage: str
    plan: Mapping[str, object]
    planted: Sequence[Planted]
    lengths: Sequence[Scored]
    limits: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    grown_limits: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    complied: Mapping[str, bool] = field(default_factory=dict)
    complied_by: str = ""

    def only(self, places: Sequence[int]) -> Trialled:
        """The same of some of the talks."""
        planted = [self.planted[place] for place in places]
        return replace(self, planted=planted, lengths=[self.lengths[place] for place in places])


@dataclass(frozen=True)
class Twice:
    """Two readings of the same talks: two askings, or the odd and the even own turns."""

    first: Sequence[Scored]
    second: Sequence[Scored]
    halves: bool


def read_twice(instrument: Instrument, shown: Shown, scored: Sequence[Scored]) -> Twice:
    """What reliability is computed from. ``scored`` is what the instrument said of all turns."""
    if instrument.samples:
        again = instrument.read(shown, 1)
        pairs = zip(scored, again, strict=True)
        if not all(np.array_equal(one.scores, two.scores, True) for one, two in pairs):
            return Twice(scored, again, halves=False)
        # It may answer otherwise and did not: it is as reliable as its lines are alike.
        odd, even = ([Scored(each.scores[start::2]) for each in scored] for start in (0, 1))
        return Twice(odd, even, halves=True)
    return Twice(instrument.read(shown.half(0)), instrument.read(shown.half(1)), halves=True)


def calibrated(
    instrument: Instrument, tried: Trialled, scored: Sequence[Scored], twice: Twice
) -> Calibration:
    """How good an instrument is. ``scored`` is what it said, in the order of ``tried.planted``;
    ``twice`` is what its reliability is computed from."""
    planted = tried.planted
    kind = instrument.detects
    main = MAIN[kind]
    plants = matching(planted, [main])
    able = {planted[place].scene for place in plants}
    shams = [place for place in matching(planted, SHAMS) if planted[place].scene in able]
    alarms_by, threshold, kept = _threshold(instrument, planted, scored, shams)
    found = {
        place: _alarms(each, threshold) for place, each in enumerate(scored)
    } if alarms_by != TOO_FEW else {}  # fmt: skip
    judged = [place for place in plants if planted[place].scene in kept and place in found]
    blank = [place for place in shams if planted[place].scene in kept and place in found]
    turns = int(sum((~np.isnan(scored[place].scores)).sum() for place in blank))
    every = [*plants, *shams]
    scores = [each.scores for each in scored]
    known = np.concatenate([scores[place] for place in every]) if every else np.array([])
    areas = _Areas(planted, plants, shams)
    limits = tried.limits.get(main, {})
    limited = [limits.get(each.trial) for each in planted]
    by_limit = areas.of(limited) if limits else UNKNOWN
    complying = [place for place in judged if tried.complied.get(planted[place].trial)]
    return Calibration(
        instrument=instrument.name,
        version=instrument.version,
        detects=kind,
        model=tried.model,
        stage=tried.stage,
        plan=tried.plan,
        alarms_by=alarms_by,
        threshold=threshold,
        scenes=len(judged),
        shams=len(blank),
        turns=turns,
        missing=float(np.isnan(known).mean()) if len(known) else nan,
        area=areas.of(scores),
        length_area=areas.of([each.scores for each in tried.lengths]),
        limit=by_limit,
        share_of_limit=areas.share(scores, limited) if limits else UNKNOWN,
        f1=_f1(planted, judged, blank, found),
        delay=_delay(planted, judged, found),
        sensitivity=_alarmed(planted, judged, found),
        sham_alarms=_alarmed(planted, blank, found),
        any_alarm=share_over_clusters(
            [bool(found[place]) for place in blank], [planted[place].cluster for place in blank]
        ),
        false_alarms=_false_alarms(planted, blank, scored, found),
        reliability=_reliability(planted, every, twice),
        reliability_by="odd and even turns" if twice.halves else "two askings",
        compliance=_complied(planted, plants, tried.complied),
        complied_by=tried.complied_by if tried.complied and main == "swap" else "",
        sensitivity_if_complied=_alarmed(planted, complying, found),
        doses=_doses(planted, kept, found) if kind == "flip" else {},
        others={
            plant: _alarmed(planted, _kept(planted, [plant], kept, found), found)
            for plant in dict.fromkeys(each.plant for each in planted)
            if plant not in (main, GROWN, *SHAMS) and not (kind == "flip" and plant in DOSES)
        },
        grown=_grown(kind, tried, scored, found),
    )


# --- Thresholds and alarms --------------------------------------------------------------------


def fit_half(scene: int) -> bool:
    """Whether a scene is of the half on which thresholds are fitted. Pairs are moral and neutral in
    turn, so scenes go by twos."""
    return scene // 2 % 2 == 0


def fitted_threshold(largest: Floats) -> float:
    """The threshold that a new sham reaches with probability 0.1 at most, from the largest scores
    of some; infinite if they are too few (under nine).

    >>> fitted_threshold(np.arange(9.0)) > 8, fitted_threshold(np.arange(8.0))
    (True, inf)
    """
    known = np.sort(largest[~np.isnan(largest)])
    place = ceil((1 - LEVEL) * (len(known) + 1) - 1e-9)
    if place > len(known):
        return float("inf")
    return float(np.nextafter(known[place - 1], np.inf))


def _threshold(
    instrument: Instrument, planted: Sequence[Planted], scored: Sequence[Scored], shams: list[int]
) -> tuple[str, float, set[int]]:
    """Where alarms come from, the threshold, and the scenes on which they are reported."""
    scenes = {each.scene for each in planted}
    if all(each.alarms is not None for each in scored):
        return OWN, nan, scenes
    if instrument.threshold is not None:
        return GIVEN, instrument.threshold, scenes
    largest = [
        float(np.nanmax(scored[place].scores))
        for place in shams
        if fit_half(planted[place].scene) and (~np.isnan(scored[place].scores)).any()
    ]
    threshold = fitted_threshold(np.array(largest))
    if threshold == float("inf"):
        return TOO_FEW, nan, set()
    return FITTED, threshold, {scene for scene in scenes if not fit_half(scene)}


def _alarms(scored: Scored, threshold: float) -> tuple[int, ...]:
    return rises(scored.scores, threshold) if scored.alarms is None else scored.alarms


def _kept(
    planted: Sequence[Planted], plants: Sequence[str], scenes: set[int],
    found: Mapping[int, tuple[int, ...]],
) -> list[int]:  # fmt: skip
    return [
        place
        for place in matching(planted, plants)
        if planted[place].scene in scenes and place in found
    ]


def _alarmed(
    planted: Sequence[Planted], some: Sequence[int], found: Mapping[int, tuple[int, ...]]
) -> Interval:
    """The share of talks with an alarm from a turn before the plant on."""
    return share_over_clusters(
        [_first(found[place], planted[place].place) is not None for place in some],
        [planted[place].cluster for place in some],
    )


def _first(alarms: Sequence[int], place: int) -> int | None:
    """The first alarm from a turn before a place on."""
    return next((alarm for alarm in alarms if alarm >= place - NEAR), None)


def _doses(
    planted: Sequence[Planted], scenes: set[int], found: Mapping[int, tuple[int, ...]]
) -> dict[str, Interval]:
    return {
        plant: _alarmed(planted, some, found)
        for plant in DOSES
        if (some := _kept(planted, [plant], scenes, found))
    }


def _delay(
    planted: Sequence[Planted], some: Sequence[int], found: Mapping[int, tuple[int, ...]]
) -> Interval:
    late = [
        alarm - planted[place].place
        for place in some
        if (alarm := _first(found[place], planted[place].place)) is not None
    ]
    return mean_interval(np.array(late, dtype=np.float64))


def _f1(
    planted: Sequence[Planted], plants: Sequence[int], shams: Sequence[int],
    found: Mapping[int, tuple[int, ...]],
) -> Interval:  # fmt: skip
    rows = []
    for place in (*plants, *shams):
        near = [abs(alarm - planted[place].place) <= NEAR for alarm in found[place]]
        right = place in plants and any(near)
        rows.append((right, len(near) - right, place in plants and not right))
    counts = np.array(rows, dtype=np.float64).reshape(-1, 3)

    def score(kept: NDArray[np.bool_]) -> float:
        right, false, missed = counts[kept].sum(axis=0)
        whole = 2 * right + false + missed
        return float(2 * right / whole) if whole else nan

    if not len(plants):
        return UNKNOWN
    clusters = [planted[place].cluster for place in (*plants, *shams)]
    return over_clusters(score, clusters, 0.0, 1.0)


def _false_alarms(
    planted: Sequence[Planted], some: Sequence[int], scored: Sequence[Scored],
    found: Mapping[int, tuple[int, ...]],
) -> Interval:  # fmt: skip
    """Alarms in 1,000 own turns of talks without anything to find. Limits are the wider of the
    exact ones of a count and those from leaving out clusters, since alarms of one pair of
    characters come together."""
    counts = np.array([len(found[place]) for place in some], dtype=np.float64)
    turns = np.array([(~np.isnan(scored[place].scores)).sum() for place in some], dtype=np.float64)
    rate = rate_of(int(counts.sum()), float(turns.sum()))
    apart = over_clusters(
        lambda kept: float(counts[kept].sum() / max(turns[kept].sum(), 1.0)),
        [planted[place].cluster for place in some],
        0.0,
    ) if some else UNKNOWN  # fmt: skip
    if not isnan(apart.low):
        rate = Interval(rate.estimate, min(rate.low, apart.low), max(rate.high, apart.high))
    return _thousand(rate)


def _thousand(rate: Interval) -> Interval:
    return Interval(1000 * rate.estimate, 1000 * rate.low, 1000 * rate.high)


# --- Areas and reliability --------------------------------------------------------------------


class _Areas:
    """Areas under the curve, of turns from the plant on against the same turns of shams."""

    def __init__(self, planted: Sequence[Planted], plants: list[int], shams: list[int]) -> None:
        self.planted = planted
        self.plants = plants
        self.shams = shams

    def of(self, scores: Sequence[Floats | None]) -> Interval:
        """With limits over clusters."""
        values, truth, clusters = self._turns(scores)
        if not len(values):
            return UNKNOWN
        return over_clusters(
            lambda kept: area_under_curve(values[kept], truth[kept]), clusters, 0.0, 1.0
        )

    def share(self, scores: Sequence[Floats | None], limits: Sequence[Floats | None]) -> Interval:
        """(area - 1/2) / (area of the limit - 1/2), of the same turns."""
        both = [
            None if limit is None else score for score, limit in zip(scores, limits, strict=True)
        ]
        values, truth, clusters = self._turns(both)
        best, _, _ = self._turns([
            None if score is None else limit for score, limit in zip(both, limits, strict=True)
        ])  # fmt: skip
        return share_of_areas(values, best, truth, clusters)

    def _turns(
        self, scores: Sequence[Floats | None]
    ) -> tuple[Floats, NDArray[np.bool_], list[int]]:
        values: list[float] = []
        truth: list[bool] = []
        clusters: list[int] = []
        for is_plant, places in ((True, self.plants), (False, self.shams)):
            for place in places:
                each, own = self.planted[place], scores[place]
                if own is not None:
                    late = own[each.place :]
                    values += late.tolist()
                    truth += [is_plant] * len(late)
                    clusters += [each.cluster] * len(late)
        return np.array(values, dtype=np.float64), np.array(truth, dtype=bool), clusters


def share_of_areas(
    values: Floats, best: Floats, truth: NDArray[np.bool_], clusters: Sequence[int]
) -> Interval:
    """(area of the values - 1/2) / (area of the best - 1/2) with limits over clusters; NaN where
    the best finds next to nothing itself."""
    if not len(values):
        return UNKNOWN

    def share(kept: NDArray[np.bool_]) -> float:
        most = area_under_curve(best[kept], truth[kept])
        if isnan(most) or most < LEAST_LIMIT:
            return nan
        return (area_under_curve(values[kept], truth[kept]) - 0.5) / (most - 0.5)

    return over_clusters(share, clusters)


def _reliability(planted: Sequence[Planted], some: Sequence[int], twice: Twice) -> Interval:
    one = [twice.first[place].scores for place in some]
    two = [twice.second[place].scores for place in some]
    owners = [planted[place].cluster for place in some]
    if not twice.halves:
        first, second = (np.concatenate(each) if each else np.array([]) for each in (one, two))
        clusters = [owner for owner, each in zip(owners, one, strict=True) for _ in each]
        return over_clusters(
            lambda kept: _correlation(first[kept], second[kept]), clusters, -1.0, 1.0
        )
    places = [planted[place].place for place in some]
    # Of the own turns from the plant on, those that a half has: 0, 2, 4, ... or 1, 3, 5, ...
    odd = np.array([_mean(each[(at + 1) // 2 :]) for at, each in zip(places, one, strict=True)])
    even = np.array([_mean(each[at // 2 :]) for at, each in zip(places, two, strict=True)])

    def corrected(kept: NDArray[np.bool_]) -> float:
        r = _correlation(odd[kept], even[kept])
        return 2 * r / (1 + r) if r > -1 else nan

    return over_clusters(corrected, owners, high=1.0)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else nan


def _correlation(one: Floats, two: Floats) -> float:
    """Pearson's r of what both have; NaN where one of them does not vary."""
    known = ~(np.isnan(one) | np.isnan(two))
    first, second = one[known], two[known]
    if len(first) < 3 or np.ptp(first) < 1e-12 or np.ptp(second) < 1e-12:
        return nan
    return float(np.corrcoef(first, second)[0, 1])


def _complied(
    planted: Sequence[Planted], plants: Sequence[int], complied: Mapping[str, bool]
) -> Interval:
    known = [place for place in plants if planted[place].trial in complied]
    return share_over_clusters(
        [complied[planted[place].trial] for place in known],
        [planted[place].cluster for place in known],
    )


# --- What grew by itself ----------------------------------------------------------------------


def _grown(
    kind: str, tried: Trialled, scored: Sequence[Scored], found: Mapping[int, tuple[int, ...]]
) -> Grown | None:
    planted = tried.planted
    some = [place for place in matching(planted, [GROWN]) if planted[place].characters]
    if kind not in GROWN_AS or not some:
        return None
    held = {place: planted[place].held(len(scored[place].scores), kind) for place in some}
    values = np.concatenate([scored[place].scores[: len(held[place])] for place in some])
    truth = np.concatenate([held[place] for place in some])
    clusters = [planted[place].cluster for place in some for _ in held[place]]
    limits = tried.grown_limits.get(kind, {})
    best = np.concatenate([limits[planted[place].trial] for place in some]) if limits else None

    def area(of: Floats) -> Interval:
        return over_clusters(
            lambda kept: area_under_curve(of[kept], truth[kept]), clusters, 0.0, 1.0
        )

    began = {place: int(each.argmax()) for place, each in held.items() if each.any()}
    judged = [place for place in began if place in found]
    calm = [place for place in some if place not in began and place in found]
    return Grown(
        events=len(began),
        talks=len(some),
        area=area(values),
        limit=UNKNOWN if best is None else area(best),
        share_of_limit=UNKNOWN if best is None else share_of_areas(values, best, truth, clusters),
        sensitivity=share_over_clusters(
            [_first(found[place], began[place]) is not None for place in judged],
            [planted[place].cluster for place in judged],
        ),
        false_alarms=_false_alarms(planted, calm, scored, found),
    )
